"""Where TIFF and GIF files hold marks, and that hostile structures are told apart, bounded and quick."""

import struct
import time

import pytest

import marks
from brightline.carriers import gif, tiff
from brightline.carriers.candidate import Candidate, Form, Oddity, Read, Unread
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

ELEMENT = marks.xmp(marks.bare())


def candidates(read: Read, data: bytes) -> list[Candidate]:
    items = list(read(memoryview(data)))
    assert all(isinstance(item, Candidate) for item in items), items
    return [item for item in items if isinstance(item, Candidate)]


def unread(data: bytes) -> list[Unread]:
    return [item for item in tiff.read(memoryview(data)) if isinstance(item, Unread)]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_tiff_tags_are_read_in_every_layout(order: str, big: bool) -> None:
    comment = b"ASCII\x00\x00\x00" + marks.wrapped().encode()
    data = marks.tiff(
        {700: (1, ELEMENT), 270: (2, marks.wrapped().encode())}, comment=comment, order=order, big=big
    )
    found = {one.carrier: one for one in candidates(tiff.read, data)}
    assert list(found) == ["tiff:IFD0:ImageDescription", "tiff:IFD0:XMP", "tiff:exif:UserComment"]
    assert found["tiff:IFD0:XMP"].oddities == ()
    assert found["tiff:IFD0:XMP"].form is Form.XMP_ELEMENT
    assert data[found["tiff:IFD0:XMP"].start : found["tiff:IFD0:XMP"].end] == ELEMENT
    assert found["tiff:IFD0:ImageDescription"].oddities == (Oddity.UNUSUAL_PLACE,)
    assert found["tiff:exif:UserComment"].oddities == (Oddity.UNUSUAL_PLACE,)


def test_xmp_of_a_later_page_is_in_an_unusual_place() -> None:
    data = bytearray(marks.tiff({700: (7, ELEMENT)}))
    first = struct.unpack_from("<I", data, 4)[0]
    struct.pack_into("<I", data, 4, len(data))  # a plain directory comes first, the marked one second
    plain = marks.tiff()
    start = struct.unpack_from("<I", plain, 4)[0]
    directory = bytearray(plain[start:])
    struct.pack_into("<I", directory, len(directory) - 4, first)
    (mark,) = candidates(tiff.read, bytes(data + directory))
    assert mark.carrier == "tiff:IFD1:XMP"
    assert mark.oddities == (Oddity.UNUSUAL_PLACE,)


def test_directories_that_form_a_loop_are_said_and_end() -> None:
    data = bytearray(marks.tiff(pages=2))
    first = struct.unpack_from("<I", data, 4)[0]
    struct.pack_into("<I", data, len(data) - 4, first)
    (gap,) = unread(bytes(data))
    assert gap.why == "the TIFF's directories form a loop"


def test_a_tiff_whose_first_directory_cannot_be_read_is_refused() -> None:
    plain = marks.tiff()
    for broken in (
        plain[:4],
        plain[:20],
        b"II*\x00\x00\x00\x00\x00",
        plain[:4] + b"\xff\xff\xff\x7f" + plain[8:],
        marks.tiff(big=True)[:4] + b"\x04\x00" + marks.tiff(big=True)[6:],
    ):
        with pytest.raises(CarrierError):
            list(tiff.read(memoryview(broken)))


def test_a_tiff_cut_behind_its_directories_is_not_whole() -> None:
    head = marks.tiff()
    moved = bytearray(head)
    at = head.index(struct.pack("<HHII", 273, 4, 1, 8)) + 8
    struct.pack_into("<I", moved, at, len(head) - 4)
    (gap,) = unread(bytes(moved))
    assert "the file at byte" in gap.why


def test_overlapping_directories_and_values_cost_little() -> None:
    chain = bytearray(b"II*\x00\x08\x00\x00\x00")
    for index in range(12_000):  # each points at the next, which begins inside it
        chain += struct.pack("<HHHII", 1, 700, 7, 0, 0) + struct.pack("<I", 8 + 18 * (index + 1))
    block = struct.pack("<H", 4000) + struct.pack("<HHII", 65000, 7, 4_000_000, 8) * 4000 + bytes(4)
    wide = b"II*\x00\x08\x00\x00\x00" + block + b"{" * 4_000_000
    nested = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHII", 1, 330, 4, 250, 26) + bytes(4)
    nested += struct.pack("<250I", *range(27, 277)) + bytes(5000)
    for data in (bytes(chain), wide, nested):
        begin = time.process_time()
        assert unread(data)
        assert time.process_time() - begin < 5


def test_a_tag_over_the_limit_and_strips_beyond_counting_are_said() -> None:
    large = marks.tiff({65000: (7, b"{" * (16 * 2**20 + 1))})
    assert [gap.kind for gap in unread(large)] == [GapKind.LIMIT]
    layers = marks.tiff({37724: (7, b"{" * (16 * 2**20 + 1))})  # Photoshop's layers are pixels
    assert unread(layers) == []


def test_gif_blocks_that_hold_marks_are_told_apart() -> None:
    wrapped = marks.wrapped().encode()
    cases = {
        "gif:XMP": (marks.gif_xmp(ELEMENT), ()),
        "gif:comment": (marks.gif_extension(0xFE, wrapped), (Oddity.UNUSUAL_PLACE,)),
        "gif:text": (marks.gif_extension(0x01, wrapped), (Oddity.UNUSUAL_PLACE, Oddity.GLUED)),
        "gif:AIGCDataXMP": (
            marks.gif_extension(0xFF, wrapped, application=b"AIGCDataXMP"),
            (Oddity.UNUSUAL_PLACE,),
        ),
        "gif:EXAMPLE 1.0": (
            marks.gif_extension(0xFF, wrapped, application=b"EXAMPLE 1.0"),
            (Oddity.UNUSUAL_PLACE, Oddity.GLUED),
        ),
        "gif:0xCC": (marks.gif_extension(0xCC, ELEMENT), (Oddity.UNUSUAL_PLACE,)),
    }
    for place, (block, oddities) in cases.items():
        data = marks.gif(block)
        (mark,) = candidates(gif.read, data)
        assert (mark.carrier, mark.oddities) == (place, oddities)
        assert data[mark.start : mark.end] == block


def test_xmp_of_a_gif_without_its_trailer_is_read_all_the_same() -> None:
    cut_up = marks.gif_extension(0xFF, ELEMENT, application=b"XMP DataXMP")
    damaged = marks.gif_xmp(ELEMENT).replace(bytes([1, 255, 254, 253]), bytes([1, 255, 254, 254]))
    for block in (cut_up, damaged):
        (mark,) = [one for one in gif.read(memoryview(marks.gif(block))) if isinstance(one, Candidate)]
        assert Oddity.GLUED in mark.oddities
        assert "98ae6b12-23e2-49af-b98a-780706f8e584" in mark.text


def test_a_gif_that_never_ends_is_refused() -> None:
    for broken in (
        b"GIF89a",
        marks.plain_gif()[:-1],
        marks.plain_gif()[:20],
        marks.gif(b"\x21"),
        marks.gif(b"\x99"),
    ):
        with pytest.raises(CarrierError):
            list(gif.read(memoryview(broken)))


def test_sub_blocks_of_one_byte_are_counted() -> None:
    data = marks.gif(b"\x21\xfe" + b"\x01x" * 8_000_001 + b"\x00")
    begin = time.process_time()
    with pytest.raises(CarrierError, match="sub-blocks"):
        list(gif.read(memoryview(data)))
    assert time.process_time() - begin < 15
