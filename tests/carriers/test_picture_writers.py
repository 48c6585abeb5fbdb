"""Marks written into pictures: they read back, and pixels, other metadata and all other bytes stay as they were."""

import io
import json
import re
import shutil
import struct
import subprocess
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence, PngImagePlugin, TiffImagePlugin

import marks
from brightline.carriers.candidate import Candidate
from brightline.carriers.readers import READERS
from brightline.carriers.writers import WRITERS
from brightline.core.errors import CarrierError
from brightline.core.subject import Kind
from marks import Marked

KINDS = (Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.TIFF, Kind.GIF)
SUFFIXES = {Kind.JPEG: "jpg", Kind.TIFF: "tif"}
PADDED = marks.xmp_without_mark().replace(b"<?xpacket end", b" " * 2000 + b"\n<?xpacket end")
ICC = bytes.fromhex("0000000c") + b"invented"
PROPAGATED = marks.bare(marks.fields(ContentPropagator=marks.PROPAGATOR, PropagateID="p-" + "7" * 90))
VALUES = st.builds(
    lambda names: marks.bare(
        marks.fields(ContentProducer=names[0], ProduceID=names[1], ReservedCode1=names[2])
    ),
    st.tuples(
        *[st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))] * 3
    ),
)


def frames() -> list[Image.Image]:
    return [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]


def saved(form: str, picture: Image.Image | None = None, **options: object) -> bytes:
    stream = io.BytesIO()
    (picture or marks.picture()).save(stream, form, **options)  # type: ignore[arg-type]  # options differ by format
    return stream.getvalue()


def camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Example Camera", 6
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\x00\x00\x00a day at sea"
    return exif


def animated(form: str, **options: object) -> bytes:
    first, *others = frames()
    return saved(form, first, save_all=True, append_images=others, duration=100, **options)


def translucent() -> Image.Image:
    picture = marks.picture().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


@cache
def pictures() -> dict[str, Marked]:
    """Files without a mark, with and without everything else that a file may hold."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "sea")
    notes.add_itxt("Title", "海", "zh", "题")
    rich = {"exif": camera_exif(), "icc_profile": ICC}
    camera = marks.riff_chunk(b"XMP ", marks.xmp_without_mark())
    files = [
        *[file for file in marks.plain_files() if file.kind in KINDS],
        Marked("png-rich", Kind.PNG, saved("PNG", pnginfo=notes, **rich)),
        Marked("png-animated", Kind.PNG, animated("PNG")),
        Marked("png-compressed-xmp", Kind.PNG, marks.png(marks.xmp_chunk(PADDED, compressed=True))),
        Marked("png-late-xmp", Kind.PNG, marks.png(marks.xmp_chunk(PADDED), where="pixels")),
        Marked("png-trailing", Kind.PNG, marks.plain_png() + b"trailing"),
        Marked("jpeg-rich", Kind.JPEG, saved("JPEG", comment=b"sea", progressive=True, **rich)),
        Marked("jpeg-xmp", Kind.JPEG, saved("JPEG", xmp=PADDED, **rich)),
        Marked("jpeg-several", Kind.JPEG, animated("MPO")),
        Marked("jpeg-extended", Kind.JPEG, marks.jpeg(marks.extended_xmp_segments(marks.xmp_without_mark()))),
        Marked("jpeg-trailing", Kind.JPEG, marks.plain_jpeg() + b"\x00trailing"),
        Marked("webp-lossless", Kind.WEBP, saved("WEBP", lossless=True)),
        Marked("webp-translucent", Kind.WEBP, saved("WEBP", translucent())),
        Marked("webp-clear", Kind.WEBP, saved("WEBP", translucent(), lossless=True)),
        Marked("webp-rich", Kind.WEBP, saved("WEBP", xmp=PADDED, **rich)),
        Marked("webp-animated", Kind.WEBP, animated("WEBP", lossless=True)),
        Marked("webp-flagless", Kind.WEBP, marks.webp(camera, behind=b"trailing")),
        Marked("tiff-rich", Kind.TIFF, saved("TIFF", compression="tiff_lzw", description="sea", **rich)),
        Marked("tiff-several", Kind.TIFF, animated("TIFF", compression="jpeg")),
        Marked("tiff-several-big", Kind.TIFF, animated("TIFF", big_tiff=True)),
        Marked("tiff-xmp", Kind.TIFF, marks.tiff({700: (1, PADDED)}, order=">", behind=b"trailing")),
        Marked("tiff-xmp-tight", Kind.TIFF, marks.tiff({700: (7, marks.xmp_without_mark())}, pages=2)),
        Marked("tiff-big-motorola", Kind.TIFF, marks.tiff({270: (2, b"a day at sea")}, order=">", big=True)),
        Marked("tiff-comment", Kind.TIFF, marks.tiff(comment=b"ASCII\x00\x00\x00at sea", order=">")),
        Marked("gif-animated", Kind.GIF, animated("GIF", loop=0, comment=b"sea")),
        Marked(
            "gif-late-xmp", Kind.GIF, marks.gif(marks.gif_xmp(PADDED), where="pixels", behind=b"trailing")
        ),
    ]
    return {file.name: file for file in files}


@cache
def marked_pictures() -> dict[str, Marked]:
    """Files with one mark in a place that the guides name."""
    return {file.name: file for file in marks.compliant_files() if file.kind in KINDS}


def written(file: Marked, mark: str) -> bytes:
    return b"".join(WRITERS[file.kind](memoryview(file.data), mark))


def only(kind: Kind, data: bytes) -> Candidate:
    (candidate,) = READERS[kind](memoryview(data))
    assert isinstance(candidate, Candidate)
    assert candidate.oddities == ()
    return candidate


def mark_in(kind: Kind, data: bytes) -> object:
    value = json.loads(only(kind, data).text)
    return value.get("AIGC", value)


def decoded(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as picture:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(picture)]


def metadata(data: bytes) -> object:
    """All that Pillow knows about a picture, XMP and what depends on the file's size aside."""
    own = {"xmp", "XML:com.adobe.xmp", "mp", "mpoffset", "version", "background", "extension"}
    with Image.open(io.BytesIO(data)) as picture:
        info = {key: value for key, value in picture.info.items() if key not in own}
        tags = picture.tag_v2 if isinstance(picture, TiffImagePlugin.TiffImageFile) else picture.getexif()
        exif = {key: value for key, value in tags.items() if key not in {700, 0x8769}}
        inner = dict(picture.getexif().get_ifd(0x8769))
        texts = {key: value for key, value in getattr(picture, "text", {}).items() if key not in own}
        return picture.size, picture.mode, info, exif, inner, texts, getattr(picture, "n_frames", 1)


# Write, read, equal


@pytest.mark.parametrize("name", pictures())
@settings(deadline=None, max_examples=40)
@given(mark=VALUES)
def test_a_mark_reads_back_as_it_was_written(name: str, mark: str) -> None:
    file = pictures()[name]
    new = written(file, mark)
    assert mark_in(file.kind, new) == json.loads(mark)
    assert only(file.kind, new).text == mark


@pytest.mark.parametrize("name", pictures())
def test_the_picture_and_everything_else_about_it_stay(name: str) -> None:
    file = pictures()[name]
    if file.data.startswith(b"MM\x00+"):
        pytest.skip(
            "Pillow does not open a BigTIFF of this byte order; that no byte of it moves is tested below"
        )
    for mark in (marks.bare(), PROPAGATED):
        new = written(file, mark)
        assert decoded(new) == decoded(file.data)
        assert metadata(new) == metadata(file.data)


@pytest.mark.parametrize("name", pictures() | marked_pictures())
def test_writing_the_same_mark_again_changes_nothing(name: str) -> None:
    file = (pictures() | marked_pictures())[name]
    if name == "jpeg-extended-xmp":
        return
    for mark in (marks.bare(), PROPAGATED):
        new = written(file, mark)
        assert written(file._replace(data=new), mark) == new


@pytest.mark.parametrize("name", marked_pictures())
def test_a_standing_mark_gets_its_new_value_where_it_stands(name: str) -> None:
    file = marked_pictures()[name]
    if name == "jpeg-extended-xmp":
        with pytest.raises(CarrierError, match="cannot be replaced there"):
            written(file, PROPAGATED)
        return
    new = written(file, PROPAGATED)
    assert mark_in(file.kind, new) == json.loads(PROPAGATED)
    before, after = only(file.kind, file.data), only(file.kind, new)
    assert (after.carrier, after.form) == (before.carrier, before.form)
    assert decoded(new) == decoded(file.data)
    back = written(file._replace(data=new), marks.bare())
    assert mark_in(file.kind, back) == json.loads(marks.bare())


@pytest.mark.parametrize("name", pictures())
def test_the_xmp_that_was_there_is_still_there_byte_for_byte(name: str) -> None:
    file = pictures()[name]
    old = next((packet for packet in (PADDED, marks.xmp_without_mark()) if packet in file.data), b"")
    body, end, _ = old.partition(b"</rdf:RDF>")
    new = written(file, marks.bare())
    assert body in new
    assert not end or re.search(rb"</rdf:RDF></x:xmpmeta>\s*<\?xpacket end=\"w\"\?>", new)


# Every other byte


def png_chunks(data: bytes) -> list[bytes]:
    found, at = [data[:8]], 8
    while at < len(data):
        size = 12 + int.from_bytes(data[at : at + 4]) if b"IEND" not in found[-1][4:8] else len(data)
        found.append(data[at : at + size])
        at += size
    return found


def riff_chunks(data: bytes) -> list[bytes]:
    found, at, stop = [], 12, 8 + int.from_bytes(data[4:8], "little")
    while at < stop:
        size = 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        found.append(data[at : at + size])
        at += size + (size & 1)
    return [*found, data[stop:]]


def jpeg_head(data: bytes) -> list[bytes]:
    found, at = [], 2
    while data[at + 1] != 0xDA:
        size = 2 + int.from_bytes(data[at + 2 : at + 4])
        found.append(data[at : at + size])
        at += size
    return [*found, data[at:]]


def test_all_other_chunks_of_a_png_stay_in_their_order() -> None:
    for file in pictures().values():
        if file.kind is Kind.PNG:
            chunks = [png_chunks(data) for data in (file.data, written(file, marks.bare()))]
            kept = [[chunk for chunk in some if b"XML:com.adobe" not in chunk[:32]] for some in chunks]
            assert kept[0] == kept[1]


def test_all_other_segments_of_a_jpeg_stay_in_their_order() -> None:
    for file in pictures().values():
        if file.kind is Kind.JPEG and file.name != "jpeg-several":
            segments = [jpeg_head(data) for data in (file.data, written(file, marks.bare()))]
            kept = [[one for one in some if b"ns.adobe.com/xap/1.0" not in one[:40]] for some in segments]
            assert kept[0] == kept[1]
            added = next(at for at, one in enumerate(segments[1]) if one not in segments[0])
            assert all(one[4:8] in {b"JFIF", b"Exif"} or b"xap" in one[:40] for one in segments[1][:added])


def test_all_other_chunks_of_a_webp_stay_in_their_order() -> None:
    for file in pictures().values():
        if file.kind is Kind.WEBP:
            chunks = [riff_chunks(data) for data in (file.data, written(file, marks.bare()))]
            kept = [[one for one in some if one[:4] not in {b"XMP ", b"VP8X"}] for some in chunks]
            assert kept[0] == kept[1]
            old, new = ([one[8:] for one in some if one[:4] == b"VP8X"] for some in chunks)
            assert len(new) == 1
            assert not old or bytes([old[0][0] | 4]) + old[0][1:] == new[0]


def test_no_byte_of_a_tiff_moves() -> None:
    for file in pictures().values():
        if file.kind is Kind.TIFF:
            new = written(file, marks.bare())
            changed = {at for at in range(len(file.data)) if file.data[at] != new[at]}
            start = file.data.find(b"<?xpacket begin")
            packet = range(start, file.data.find(b'end="w"?>') + 9) if start >= 0 else range(0)
            outside = changed - set(packet)
            assert len(outside) <= 16, file.name  # the header's pointer, or one entry's count and offset


def test_all_other_bytes_of_a_gif_stay() -> None:
    for file in pictures().values():
        if file.kind is Kind.GIF:
            new = written(file, marks.bare())
            assert new.startswith(b"GIF89a")
            at = new.index(b"\x21\xff\x0bXMP DataXMP")
            rest = new[6:at] + new[new.index(bytes([2, 1, 0, 0]), at) + 4 :]
            old = file.data[6:]
            if b"XMP DataXMP" in old:
                at = old.index(b"\x21\xff\x0bXMP DataXMP")
                old = old[:at] + old[old.index(bytes([2, 1, 0, 0]), at) + 4 :]
            assert rest == old


def test_several_pictures_in_one_jpeg_are_still_found() -> None:
    """Whether the index lies behind the new segment (as here) or before it (as in some phones' files)."""
    late = pictures()["jpeg-several"]
    index = next(one for one in jpeg_head(late.data) if one[4:8] == b"MPF\x00")
    rest = late.data[2:].replace(index, b"", 1)
    body = index[8:]  # its offsets count from here; in front of JFIF it lies 18 bytes further from them
    early = b"\xff\xd8" + index[:8] + _moved(body, late.data.index(body) - 10) + rest
    for file in (late, late._replace(data=early)):
        assert len(decoded(file.data)) == 3
        new = written(file, PROPAGATED)
        assert decoded(new) == decoded(file.data)
        first = new.index(b"\xff\xd9") + 2
        assert _index_of(new)[0] == (first, 0)


def _index_of(data: bytes) -> list[tuple[int, int]]:
    """Size and offset of each picture, from where Pillow's index of three keeps them."""
    at = data.index(b"MPF\x00") + 4
    order = "<" if data[at : at + 2] == b"II" else ">"
    body = data[at:]
    (count,) = struct.unpack_from(order + "H", body, 8)
    entries = [struct.unpack_from(order + "HHII", body, 10 + 12 * one) for one in range(count)]
    (where,) = (value for number, _, _, value in entries if number == 0xB002)
    return [struct.unpack_from(order + "II", body, where + 16 * one + 4) for one in range(3)]


def _moved(body: bytes, distance: int) -> bytes:
    """An index whose other pictures lie `distance` bytes further away."""
    order = "<" if body[:2] == b"II" else ">"
    changed = bytearray(body)
    for size, offset in _index_of(b"MPF\x00" + body)[1:]:
        at = changed.index(struct.pack(order + "II", size, offset))
        struct.pack_into(order + "II", changed, at, size, offset + distance)
    return bytes(changed)


def test_a_gif_of_the_older_version_becomes_one_that_has_extensions() -> None:
    file = pictures()["gif"]
    assert file.data.startswith(b"GIF87a")
    assert written(file, marks.bare()).startswith(b"GIF89a")


def test_a_simple_webp_becomes_an_extended_one_that_says_so() -> None:
    for name, alpha in (("webp", 0), ("webp-lossless", 0), ("webp-clear", 0x10)):
        file = pictures()[name]
        assert file.data[12:16] in {b"VP8 ", b"VP8L"}
        new = written(file, marks.bare())
        assert new[12:16] == b"VP8X"
        assert new[20] == 4 | alpha
        assert int.from_bytes(new[24:27], "little") + 1 == 48
        assert int.from_bytes(new[27:30], "little") + 1 == 32
        assert int.from_bytes(new[4:8], "little") == len(new) - 8


def test_a_comment_with_room_keeps_its_size_and_one_without_goes_to_the_end() -> None:
    roomy = marks.user_comment(marks.wrapped() + " " * 400)
    new = written(Marked("j", Kind.JPEG, marks.jpeg(marks.exif_segment(roomy))), PROPAGATED)
    assert len(new) == len(marks.jpeg(marks.exif_segment(roomy)))
    tight = marks.jpeg(marks.exif_segment(marks.user_comment(marks.wrapped(), order="<")))
    grown = written(Marked("j", Kind.JPEG, tight), PROPAGATED)
    assert grown.count(b"ContentProducer") == 1  # where the old value lay are zeros
    assert len(grown) > len(tight)


def test_a_second_edit_of_a_tiff_does_not_leave_a_second_packet() -> None:
    for name in ("tiff", "tiff-xmp-tight", "tiff-big", "tiff-several"):
        file = pictures()[name]
        once = written(file, marks.bare())
        twice = written(file._replace(data=once), PROPAGATED)
        assert twice.count(b"ContentProducer") == 1
        assert len(twice) == len(once) + len(PROPAGATED) - len(marks.bare())


# Bounded


@pytest.mark.parametrize("name", pictures())
def test_nearly_all_pieces_are_slices_of_the_old_file(name: str) -> None:
    file = pictures()[name]
    pieces = list(WRITERS[file.kind](memoryview(file.data), marks.bare()))
    assert sum(len(piece) for piece in pieces if isinstance(piece, bytes)) < 2 * len(PADDED) + 1500


def test_large_files_are_written_in_linear_time() -> None:
    chunk, loop = marks.png_chunk(b"tEXt", b"k\x00v"), marks.gif_extension(0xFE, b"x" * 20_000)
    files = [
        Marked("png", Kind.PNG, marks.png(chunk * 50_000)),
        Marked("jpeg", Kind.JPEG, marks.jpeg(marks.segment(0xFE, b"x" * 500) * 10_000)),
        Marked("webp", Kind.WEBP, marks.webp(marks.riff_chunk(b"ZZZZ", b"x") * 50_000)),
        Marked("tiff", Kind.TIFF, marks.tiff(pages=3_000)),
        Marked("gif", Kind.GIF, marks.gif(loop * 300)),
    ]
    for file in files:
        begun = time.perf_counter()
        assert mark_in(file.kind, written(file, marks.bare())) == marks.fields()
        assert time.perf_counter() - begun < 5, file.name


# Refused


def refused() -> list[tuple[str, Kind, bytes, str]]:
    packet, mark = marks.xmp_without_mark(), marks.xmp(marks.bare())
    filler = b"<!--" + b"x" * 65_000 + b"-->"
    full = packet.replace(b"<rdf:Description", filler + b"<rdf:Description", 1)
    anim = marks.riff_chunk(b"ANIM", bytes(6))
    exif = marks.user_comment("a day at sea " + marks.wrapped())
    shared = bytearray(marks.tiff({700: (7, packet), 65000: (7, packet)}))
    entries = [struct.unpack_from("<HHII", shared, at) for at in range(34, 34 + 11 * 12, 12)]
    offsets = {number: value for number, _, _, value in entries if number in {700, 65000}}
    at = shared.index(struct.pack("<I", offsets[65000]))
    shared[at : at + 4] = struct.pack("<I", offsets[700])
    return [
        ("two xmp", Kind.PNG, marks.png(marks.xmp_chunk(packet), marks.xmp_chunk(packet)), "2 XMP packets"),
        ("two xmp", Kind.JPEG, marks.jpeg(marks.xmp_segment(packet) * 2), "2 XMP packets"),
        ("two xmp", Kind.WEBP, marks.webp(marks.riff_chunk(b"XMP ", packet) * 2), "2 XMP packets"),
        ("two xmp", Kind.GIF, marks.gif(marks.gif_xmp(packet) * 2), "2 XMP packets"),
        ("no room", Kind.JPEG, marks.jpeg(marks.xmp_segment(full)), "a segment holds 65,502"),
        ("broken", Kind.PNG, marks.png(marks.xmp_chunk(packet[:-60])), "not well-formed"),
        ("wide", Kind.GIF, marks.gif(marks.gif_xmp(packet.decode().encode("utf-16"))), "could hold a mark"),
        (
            "no trailer",
            Kind.GIF,
            marks.gif(marks.gif_extension(0xFF, packet, application=b"XMP DataXMP")),
            "trailer",
        ),
        ("headless", Kind.WEBP, marks.webp(anim), "without its header"),
        ("shared", Kind.TIFF, bytes(shared), "overlaps"),
        ("also words", Kind.JPEG, marks.jpeg(marks.exif_segment(exif)), "more than a mark"),
        (
            "marked twice",
            Kind.JPEG,
            marks.jpeg(marks.xmp_segment(mark), marks.segment(0xFE, mark)),
            "more than one mark",
        ),
        (
            "checksum",
            Kind.PNG,
            marks.png(marks.png_chunk(b"tEXt", b"a\x00b", wrong_checksum=True)),
            "checksum",
        ),
        ("loop", Kind.TIFF, b"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00", "loop"),
    ]


@pytest.mark.parametrize(("name", "kind", "data", "why"), refused(), ids=lambda value: str(value)[:20])
def test_what_cannot_be_marked_safely_is_refused_with_the_reason(
    name: str, kind: Kind, data: bytes, why: str
) -> None:
    with pytest.raises(CarrierError, match=why):
        WRITERS[kind](memoryview(data), PROPAGATED)  # before the first piece


@pytest.mark.parametrize(
    "file", [file for file in marks.defective_files() if file.kind in KINDS], ids=lambda file: file.name
)
def test_a_defective_mark_is_replaced_or_refused_but_never_doubled_or_lost(file: Marked) -> None:
    try:
        new = written(file, marks.bare())
    except CarrierError:
        return
    assert mark_in(file.kind, new) == marks.fields()


@pytest.mark.parametrize("name", pictures() | marked_pictures())
def test_a_truncated_file_is_refused_or_marked_but_never_a_crash(name: str) -> None:
    file = (pictures() | marked_pictures())[name]
    for part in range(50):
        cut = file._replace(data=file.data[: len(file.data) * part // 50])
        try:
            new = written(cut, marks.bare())
        except CarrierError:
            continue
        assert mark_in(file.kind, new) == marks.fields()


@settings(deadline=None)  # a shared machine stalls
@given(data=st.data(), name=st.sampled_from(sorted(pictures() | marked_pictures())))
def test_a_damaged_file_is_refused_or_marked_but_never_a_crash(data: st.DataObject, name: str) -> None:
    file = (pictures() | marked_pictures())[name]
    body = bytearray(file.data)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(len(body) - 1, 4000)))
        body[at] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF]) | st.integers(0, 255))
    try:
        new = written(file._replace(data=bytes(body)), marks.bare())
    except CarrierError:
        return
    assert mark_in(file.kind, new) == marks.fields()


# Another program


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_shows_the_mark_and_finds_nothing_wrong(tmp_path: Path) -> None:
    for file in pictures().values():
        suffix = "btf" if file.data[2:4] in {b"+\x00", b"\x00+"} else SUFFIXES.get(file.kind, file.kind.value)
        for state, data in (("old", file.data), ("new", written(file, PROPAGATED))):
            (tmp_path / f"{file.name}-{state}.{suffix}").write_bytes(data)
    command = ["exiftool", "-j", "-a", "-G1", "-validate", "-warning", "-error", "-xmp:all", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, check=False, timeout=60).stdout
    told = {Path(one["SourceFile"]).stem: one for one in json.loads(answer)}
    for name, file in pictures().items():
        if name == "jpeg-extended":
            continue  # exiftool passes over extended XMP that no main packet names
        new = told[f"{name}-new"]
        assert new["XMP-TC260:Aigc"] == PROPAGATED, name
        assert _complaints(new) <= _complaints(told[f"{name}-old"]) | {_TYPE_7}, name
        assert ("XMP-xmp:CreatorTool" in new) == (b"CreatorTool" in file.data or "compressed" in name)


_TYPE_7 = "Non-standard format (undef) for IFD0 0x02bc ApplicationNotes"  # the type that the guide prints


def _complaints(told: dict[str, object]) -> set[str]:
    found: set[str] = set()
    for key, value in told.items():
        if key.endswith(("Warning", "Error")):
            found |= set(value) if isinstance(value, list) else {str(value)}
    return found
