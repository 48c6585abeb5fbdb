"""HEIF and AVIF: the mark in the XMP item, written and read back; pictures, EXIF and everything else stay."""

import functools
import io
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import movie_files
import numpy as np
import pi_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from writer_laws import CHANGES, changed, check_cost, check_refused_or_marked

import marks
from brightline.carriers import heif
from brightline.carriers.candidate import Candidate, Form, Oddity, Unread
from brightline.carriers.heif_items import read_catalogue, spans
from brightline.carriers.heif_write import edit_xmp, write
from brightline.carriers.iptc import WRITE_IPTC
from brightline.carriers.xmp_edit import Name, property_values
from brightline.core.errors import CarrierError
from brightline.core.subject import Kind

MARK = marks.bare()
OTHER = marks.bare(marks.fields(ProduceID="another", PropagateID="another"))
C2PA = marks.box(b"uuid", bytes.fromhex("D8FEC3D61B0E483C92975828877EC481"), bytes(range(256)))
GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
values = st.builds(
    lambda text: marks.bare(marks.fields(ProduceID=text)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=300),
)


def written(data: bytes, mark: str = MARK) -> bytes:
    return b"".join(write(memoryview(data), mark))


def text_of(data: bytes) -> str:
    (item,) = heif.read(memoryview(data))
    assert isinstance(item, Candidate)
    assert (item.carrier, item.oddities) == ("heif:meta:mime:XMP", ())
    assert item.form in {Form.XMP_ELEMENT, Form.XMP_ATTRIBUTE}
    return item.text


def items_of(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Type, content type and bytes of every item but XMP."""
    view = memoryview(data)
    top = heif.top_boxes(view)
    catalogue = read_catalogue(view, next(box for box in top.boxes if box.type == b"meta"))
    found = []
    for item in catalogue.items:
        parts = spans(view, catalogue, item.number)
        found.append((item.type, item.content_type, b"".join(data[start:end] for start, end in parts)))
    return [one for one in found if one[1] != b"application/rdf+xml"]


# Real files


@functools.cache
def avif(name: str) -> bytes:
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "Sea"
    options: dict[str, dict[str, Any]] = {
        "plain": {},
        "camera": {"xmp": marks.xmp_without_mark(), "exif": exif},
        "marked": {"xmp": marks.xmp(OTHER)},
        "attribute": {"xmp": marks.xmp(OTHER, form="attribute"), "exif": exif},
        "animated": {"save_all": True, "append_images": [marks.picture().rotate(turn) for turn in (90, 180)]},
        "animated-camera": {
            "save_all": True,
            "append_images": [marks.picture().rotate(9)],
            "xmp": marks.xmp_without_mark(),
        },
        "alpha": {"exif": exif},
    }
    picture = marks.picture().convert("RGBA" if name == "alpha" else "RGB")
    picture.save(stream, "AVIF", speed=9, **options[name])
    return stream.getvalue()


AVIFS = ["plain", "camera", "marked", "attribute", "animated", "animated-camera", "alpha"]


def pictures(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(np.asarray(image).tobytes())
        return found


@pytest.mark.parametrize("name", AVIFS)
def test_an_avif_keeps_its_pictures_and_pillow_sees_the_mark(name: str) -> None:
    data = avif(name)
    new = written(data)
    assert text_of(new) == MARK
    assert pictures(new) == pictures(data)
    assert items_of(new) == items_of(data)
    assert written(new) == new
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(new)) as after:
        if name != "animated":  # Pillow reads a sequence's XMP from its track only
            assert marks.PRODUCER.encode() in after.info["xmp"]
            assert after.info["xmp"].endswith(b'<?xpacket end="w"?>')
        assert after.info.get("exif") == before.info.get("exif")
    assert text_of(written(new, OTHER)) == OTHER


@functools.cache
def heic() -> bytes:
    """An HEVC picture as libheif reads it, without metadata."""
    import av

    if "libx265" not in av.codecs_available:
        pytest.skip("FFmpeg was built without an HEVC encoder")
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("libx265", rate=1, options={"x265-params": "log-level=none:keyint=1"})
        track.width, track.height, track.pix_fmt = 320, 240, "yuv420p"
        image = np.asarray(marks.picture().resize((320, 240)))
        container.mux(track.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(track.encode(None))
    data = stream.getvalue()
    at = data.index(b"hvcC")
    configuration = data[at - 4 : at - 4 + int.from_bytes(data[at - 4 : at])]
    with av.open(io.BytesIO(data)) as container:
        frame = next(bytes(packet) for packet in container.demux() if packet.size)
    size = marks.box(b"ispe", struct.pack(">III", 0, 320, 240))
    links = marks.box(b"ipma", struct.pack(">IIHBBB", 0, 1, 1, 2, 0x81, 2))
    properties = marks.box(b"iprp", marks.box(b"ipco", configuration, size), links)
    return marks.heif(frame=frame, properties=properties)


def test_a_heic_keeps_its_picture_and_libheif_sees_the_mark() -> None:
    data = heic()
    new = written(data)
    assert text_of(new) == MARK
    before, after = pi_heif.open_heif(io.BytesIO(data)), pi_heif.open_heif(io.BytesIO(new))
    assert bytes(before.data) == bytes(after.data)
    assert MARK.encode() in after.info["xmp"].replace(b"&quot;", b'"')


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_shows_the_mark_and_finds_nothing_new_wrong(tmp_path: Path) -> None:
    files = {**{f"{name}.avif": avif(name) for name in AVIFS}, "photo.heic": heic()}
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
    for name, data in files.items():
        (tmp_path / "old" / name).write_bytes(data)
        (tmp_path / "new" / name).write_bytes(written(data))
    command = [
        "exiftool",
        "-j",
        "-validate",
        "-XMP-TC260:all",
        "-ImageDescription",
        "-CreatorTool",
        "-ImageSize",
    ]
    shown = {}
    for folder in ("old", "new"):
        done = subprocess.run(
            [*command, "-Warning", "-Error", "-a", str(tmp_path / folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        shown[folder] = {Path(row.pop("SourceFile")).name: row for row in json.loads(done.stdout)}
    for name in files:
        mark = shown["new"][name].pop("Aigc")
        shown["old"][name].pop("Aigc", None)
        assert (mark if isinstance(mark, str) else json.dumps(mark, separators=(",", ":"))) == MARK
        assert shown["new"][name] == shown["old"][name]


# Skeletons: any layout


@st.composite
def skeletons(draw: Any) -> bytes:
    packet = draw(
        st.sampled_from(
            [None, marks.xmp_without_mark(), marks.xmp(OTHER), marks.xmp(OTHER, form="attribute")]
        )
    )
    items = [] if packet is None else [marks.heif_xmp(packet)]
    extra = [
        (b"Exif", bytes(4) + marks.image_description("Sea")),
        (b"text/plain", b"notes"),
        (b"av01", b"pixels" * 9),
    ]
    items += draw(st.lists(st.sampled_from(extra), max_size=3))
    behind = b"".join(draw(st.lists(st.sampled_from([C2PA, marks.box(b"free", bytes(9))]), max_size=2)))
    return marks.heif(
        *draw(st.permutations(items)),
        brand=draw(st.sampled_from([b"heic", b"avif"])),
        iloc=(version := draw(st.integers(0, 2))),
        in_idat=version > 0 and draw(st.booleans()),
        base=draw(st.booleans()),
        behind=behind + draw(st.sampled_from([b"", b"SEFT tail without a box"])),
    )


@settings(max_examples=150, deadline=None)
@given(data=skeletons(), mark=values)
def test_in_any_layout_the_mark_reads_back_and_every_item_stays(data: bytes, mark: str) -> None:
    new = written(data, mark)
    assert text_of(new) == mark
    assert items_of(new) == items_of(data)
    assert new.count(C2PA) == data.count(C2PA)
    assert new.endswith(b"tail without a box") == data.endswith(b"tail without a box")
    assert written(new, mark) == new
    again = written(new, MARK)
    assert text_of(again) == MARK
    assert items_of(again) == items_of(data)


def test_a_sequence_with_a_movie_keeps_its_chunk_offsets() -> None:
    data = avif("animated")
    new = written(data)
    movies = [whole[whole.index(b"moov") - 4 :] for whole in (data, new)]
    pairs = list(zip(movie_files.offsets(movies[0]), movie_files.offsets(movies[1]), strict=True))
    assert pairs
    assert all(data[before : before + 16] == new[after : after + 16] for before, after in pairs)


def test_a_last_box_without_a_size_gets_one() -> None:
    data = marks.heif()
    at = data.rindex(b"mdat") - 4
    new = written(data[:at] + bytes(4) + data[at + 4 :])
    assert text_of(new) == MARK
    assert new[new.index(b"mdat") - 4 : new.index(b"mdat")] == data[at : at + 4]


def test_the_packet_of_the_primary_picture_is_the_one_that_changes() -> None:
    depth = marks.xmp_without_mark().replace(b"Camera", b"Depth!")
    data = marks.heif(marks.heif_xmp(depth), (b"av01", b"depth"), marks.heif_xmp(marks.xmp_without_mark()))
    cdsc = marks.box(b"cdsc", struct.pack(">HHH", 2, 1, 1))
    assert cdsc in data
    data = data.replace(cdsc, marks.box(b"cdsc", struct.pack(">HHH", 2, 1, 3)))
    new = written(data)
    assert text_of(new) == MARK
    assert depth in new
    assert marks.xmp_without_mark() not in new


@pytest.mark.parametrize("kind", [Kind.HEIF, Kind.AVIF])
def test_iptc_goes_into_the_same_packet(kind: Kind) -> None:
    data = written(avif("camera"))
    new = b"".join(WRITE_IPTC[kind](memoryview(data), GENERATED))
    assert text_of(new) == MARK
    packets: list[bytes] = []

    def keep(packet: bytes | None) -> bytes:
        packets.append(packet or b"")
        return packets[-1]

    assert b"".join(edit_xmp(memoryview(new), keep)) == new
    name = Name("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt", "DigitalSourceType")
    assert property_values(packets[0], name) == [GENERATED]
    assert b"Camera" in packets[0]
    assert pictures(new) == pictures(data)


# Reading: odd places


def test_marks_in_odd_places_are_read_and_called_odd() -> None:
    wrapped = marks.wrapped().encode()
    files = {
        "heif:meta:Exif:UserComment": marks.heif((b"Exif", bytes(4) + marks.user_comment(marks.wrapped()))),
        "heif:meta:mime": marks.heif((b"text/plain", wrapped)),
        "heif:after-end": marks.heif(behind=b"AIGC" + MARK.encode()),
        "heif:uuid:XMP": marks.heif(
            behind=marks.box(b"uuid", bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC"), marks.xmp(MARK))
        ),
        "heif:uuid": marks.heif(behind=marks.box(b"uuid", bytes(16), wrapped)),
        "heif:moov:udta:meta:AIGC": marks.heif(
            behind=marks.box(b"moov", marks.box(b"udta", marks.meta_box(MARK)))
        ),
    }
    for place, data in files.items():
        (item,) = heif.read(memoryview(data))
        assert isinstance(item, Candidate), place
        assert item.carrier == place
        assert {Oddity.UNUSUAL_PLACE, Oddity.AFTER_END} & set(item.oddities), place
        with pytest.raises(CarrierError):
            next(write(memoryview(data), MARK))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"rdf+xml\0", b"rdf+xml\0deflate\0", "compressed"),
        (struct.pack(">HH4s", 2, 0, b"mime"), struct.pack(">HH4s", 2, 1, b"mime"), "encrypted"),
        (struct.pack(">HHHH", 2, 0, 0, 1), struct.pack(">HHHH", 2, 2, 0, 1), "another"),
        (struct.pack(">HHHH", 2, 0, 0, 1), struct.pack(">HHHH", 2, 1, 0, 1), "missing"),
        (struct.pack(">HHHH", 2, 0, 0, 1), struct.pack(">HHHH", 9, 0, 0, 1), "does not say"),
    ],
)  # fmt: skip
def test_an_xmp_item_that_cannot_be_had_is_unread_and_never_written_over(
    old: bytes, new: bytes, why: str
) -> None:
    plain = marks.heif(marks.heif_xmp(marks.xmp(MARK)))
    assert plain.count(old) == 1
    if len(new) > len(
        old
    ):  # the entry, the list and `meta` grow with it; offsets then no longer hold, which is the point
        plain = marks.heif(marks.heif_xmp(marks.xmp(MARK)), encoding=b"deflate")
    else:
        plain = plain.replace(old, new)
    found = [item for item in heif.read(memoryview(plain)) if isinstance(item, Unread)]
    assert any(why in item.why for item in found)
    with pytest.raises(CarrierError):
        next(write(memoryview(plain), MARK))


def test_an_item_that_takes_in_the_whole_file_is_refused() -> None:
    data = marks.heif((b"text/plain", b"notes"))
    length = struct.pack(">I", len(b"notes"))
    assert data.count(length) == 1
    with pytest.raises(CarrierError, match="rest of the file"):
        next(write(memoryview(data.replace(length, bytes(4))), MARK))


def test_a_file_cut_behind_its_items_is_noticed() -> None:
    data = marks.heif(marks.heif_xmp(marks.xmp(MARK)), in_idat=True)
    (unread, candidate) = heif.read(memoryview(data[: data.rindex(b"mdat") - 4]))
    assert isinstance(unread, Unread)
    assert "cut off" in unread.why
    assert isinstance(candidate, Candidate)


@pytest.mark.parametrize(
    "data", [avif("camera"), avif("animated"), marks.heif(marks.heif_xmp(marks.xmp(OTHER)))]
)
def test_a_cut_picture_is_refused_or_marked_whole(data: bytes) -> None:
    for size in range(0, len(data), 11):
        check_refused_or_marked(data[:size], write, text_of)


@settings(max_examples=200, deadline=None)
@given(data=skeletons(), changes=CHANGES)
def test_a_mutated_file_is_refused_or_marked(data: bytes, changes: list[tuple[float, int]]) -> None:
    check_refused_or_marked(changed(data, changes), write, text_of)


@pytest.mark.parametrize(
    "data",
    [
        marks.heif(*[(b"av01", b"x")] * 5_000),
        marks.heif(*[(b"application/rdf+xml", marks.xmp_without_mark())] * 2_000),
        marks.heif(*[(b"text/plain", b"x" * 1000)] * 10_000),
        marks.heif(behind=marks.box(b"free") * 20_000),
        marks.heif(behind=b'"ContentProducer"' * 50_000),
    ],
    ids=["items", "packets", "texts", "boxes", "tail"],
)  # fmt: skip
def test_hostile_repetition_takes_little_time_and_memory(data: bytes) -> None:
    check_cost(data, write, text_of, peak_mib=96)
