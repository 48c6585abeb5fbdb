"""Structures of sound and video that are odd, broken or hostile: found, told, and walked in linear time."""

import random
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mark_streams as streams
import marks
import recordings
from brightline.carriers import ebml, matroska, mp3, ogg
from brightline.carriers.candidate import Candidate, Oddity, Unread
from brightline.carriers.readers import READERS
from brightline.carriers.splice import Edit, spliced
from brightline.carriers.writers import WRITERS
from brightline.core.errors import CarrierError
from brightline.core.subject import Blob, GapKind, Kind

MARK = marks.bare()
NEW = (Kind.MP3, Kind.FLAC, Kind.OGG, Kind.MATROSKA, Kind.FLV)
MiB = 1024 * 1024


def found(kind: Kind, data: bytes) -> list[Candidate | Unread]:
    return list(READERS[kind](memoryview(data)))


def only(kind: Kind, data: bytes) -> Candidate:
    (candidate,) = found(kind, data)
    assert isinstance(candidate, Candidate)
    return candidate


def written(kind: Kind, data: bytes, mark: str = MARK) -> bytes:
    return b"".join(WRITERS[kind](memoryview(data), mark))


@pytest.mark.parametrize("kind", NEW)
@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"ID3", b"fLaC", b"OggS", b"FLV\x01", b"\x1aE\xdf\xa3", b"RIFF" * 9]
)
def test_bytes_of_another_format_are_refused(kind: Kind, data: bytes) -> None:
    with pytest.raises(CarrierError):
        found(kind, data)


@given(
    st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.binary(max_size=9)))
)
def test_splicing_changes_what_the_edits_say_and_nothing_else(
    data: bytes, draws: list[tuple[int, int, bytes]]
) -> None:
    edits, expected, position = [], b"", 0
    for gap, length, new in draws:
        start, end = min(position + gap, len(data)), min(position + gap + length, len(data))
        edits.append(Edit(start, end, new))
        expected += data[position:start] + new
        position = end
    assert b"".join(spliced(memoryview(data), edits)) == expected + data[position:]
    assert len(expected + data[position:]) == len(data) + sum(edit.growth for edit in edits)


# MP3


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-be", "utf-8"])
@pytest.mark.parametrize("version", [2, 3, 4])
def test_a_mark_is_read_in_every_version_and_encoding(version: int, encoding: str) -> None:
    frame = streams.txxx(MARK, version=version, encoding=encoding)
    candidate = only(Kind.MP3, streams.mp3(frame, version=version))
    assert candidate.text == MARK
    assert candidate.oddities == (() if version > 2 else (Oddity.UNUSUAL_PLACE,))
    assert (candidate.start, candidate.end) == (10, 10 + len(frame))


def test_an_unsynchronised_mark_is_read_and_its_bytes_are_found() -> None:
    frame = streams.txxx(MARK + "ÿà", version=3, encoding="latin-1")
    first = streams.id3_frame(b"PRIV", b"a\x00\xff\xff\xfe\xff", version=3)
    whole = (first + frame).replace(b"\xff", b"\xff\x00")
    data = streams.id3(whole, version=3, flags=0x80) + streams.SOUND
    candidate = only(Kind.MP3, data)
    assert candidate.text.startswith(MARK)
    assert data[candidate.start : candidate.end].replace(b"\xff\x00", b"\xff") == frame


def test_a_compressed_frame_is_undone_and_flagged() -> None:
    plain = streams.txxx(MARK, version=3)[10:]
    packed = struct.pack(">I", len(plain)) + zlib.compress(plain)
    frame = streams.id3_frame(b"TXXX", packed, version=3, flags=b"\x00\x80")
    assert only(Kind.MP3, streams.mp3(frame, version=3)).oddities == (Oddity.COMPRESSED,)
    bomb = struct.pack(">I", 1) + zlib.compress(bytes(20 * MiB))
    (item,) = found(
        Kind.MP3, streams.mp3(streams.id3_frame(b"TXXX", bomb, version=3, flags=b"\x00\x80"), version=3)
    )
    assert isinstance(item, Unread)


def test_an_encrypted_frame_is_told_and_the_rest_is_read() -> None:
    hidden = streams.id3_frame(b"TIT2", b"\x80secret", flags=b"\x00\x04")
    items = found(Kind.MP3, streams.mp3(hidden, streams.txxx(MARK)))
    assert isinstance(items[0], Unread)
    assert items[0].kind is GapKind.ENCRYPTED
    assert isinstance(items[1], Candidate)


def test_a_cover_is_a_file_of_its_own() -> None:
    cover = b"\x00image/png\x00\x03\x00" + marks.png(marks.text_chunk("AIGC", marks.wrapped()))
    assert found(Kind.MP3, streams.mp3(streams.id3_frame(b"APIC", cover))) == []
    picture = streams.flac_block(6, cover)
    assert found(Kind.FLAC, streams.flac()[:42] + picture + streams.flac()[42:]) == []


def test_a_last_frame_that_is_cut_is_told_and_does_not_keep_the_mark_out() -> None:
    data = streams.mp3(streams.txxx("x", key="a"))[:-9]
    (item,) = found(Kind.MP3, data)
    assert isinstance(item, Unread)
    marked = written(Kind.MP3, data)
    assert [type(one) for one in found(Kind.MP3, marked)] == [Candidate, Unread]


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ("fffb9064", 417), ("fffb9264", 418), ("fff39064", 261), ("ffe39064", 522), ("fffd9064", 522),
        ("ffff9064", 312), ("fffbf064", 0), ("fffb0064", 0), ("ffeb9064", 0), ("fffb9c64", 0), ("ff", 0),
    ],
)  # fmt: skip
def test_frames_have_the_length_that_the_standard_gives_them(header: str, length: int) -> None:
    assert mp3.frame_length(bytes.fromhex(header)) == length


# FLAC and Ogg


def test_a_flac_promises_its_sound() -> None:
    data = bytearray(streams.flac())
    data[8 + 13 + 4] = 9  # samples
    with pytest.raises(CarrierError, match="no sound"):
        found(Kind.FLAC, bytes(data))


def test_a_mark_in_another_block_of_a_flac_is_an_unusual_place() -> None:
    block = streams.flac_block(2, b"test" + marks.wrapped().encode())
    data = streams.flac()
    assert only(Kind.FLAC, data[:42] + block + data[42:]).oddities == (Oddity.UNUSUAL_PLACE,)


def test_an_ogg_that_was_never_closed_is_told_and_marked() -> None:
    data = streams.ogg("TITLE=Sea")
    opened = data[: data.rindex(b"OggS")]
    (item,) = found(Kind.OGG, opened)
    assert isinstance(item, Unread)
    assert "without its last page" in item.why
    assert MARK.encode() in written(Kind.OGG, opened)


def test_ogg_headers_that_share_a_page_with_sound_are_refused() -> None:
    head, _, last = data_pages(streams.ogg())
    body = b"OpusTags" + streams.comments()
    lacing = bytes([len(body), 5])
    start = b"OggS" + struct.pack("<BBqII", 0, 0, 0, 7, 1)
    page = start + bytes(4) + b"\x02" + lacing + body + b"sound"
    with pytest.raises(CarrierError, match="do not end with a page"):
        written(Kind.OGG, head + page + last)


def data_pages(data: bytes) -> list[bytes]:
    return [data[page.start : page.end] for page in ogg.pages(memoryview(data))]


def test_the_checksum_of_ogg_is_the_one_of_the_standard() -> None:
    from brightline.carriers.ogg_write import checksum

    for size in (0, 1, 27, 255, 4000):
        data = random.Random(size).randbytes(size)
        assert checksum(data) == streams.ogg_checksum(data)


# Matroska

SEEK = streams.ebml(
    "114D9B74", streams.ebml("4DBB", streams.ebml("53AB", b"\x15I\xa9f"), streams.ebml("53AC", b"\x00"))
)


def seek_entries(data: bytes) -> list[tuple[int, int]]:
    """What every `SeekHead` says: the id that it promises, and the id that stands at the place it gives."""
    view, entries = memoryview(data), []
    segment = next(one for one in _top(view) if one.id == matroska.SEGMENT)
    for head in matroska.children(view, segment):
        if head.id != matroska.SEEK_HEAD:
            continue
        for seek in ebml.elements(view, head.content, head.end):
            if seek.id != 0x4DBB:
                continue
            fields = {
                one.id: bytes(view[one.content : one.end])
                for one in ebml.elements(view, seek.content, seek.end)
            }
            at = segment.content + int.from_bytes(fields[0x53AC], "big")
            entries.append((int.from_bytes(fields[0x53AB], "big"), ebml.element_at(view, at, len(data)).id))
    return entries


def _top(view: memoryview) -> list[ebml.Element]:
    found_, position = [], 0
    while position < len(view):
        found_.append(ebml.element_at(view, position, len(view)))
        position = found_[-1].end
    return found_


def checksums_hold(data: bytes) -> int:
    """How many `CRC-32` elements there are; every one is tested."""
    view, count = memoryview(data), 0
    masters = [
        matroska.SEGMENT,
        matroska.SEEK_HEAD,
        matroska.INFO,
        matroska.TRACKS,
        matroska.TAGS,
        matroska.CUES,
        0x7373,
    ]

    def walk(element: ebml.Element) -> None:
        nonlocal count
        inside = list(ebml.elements(view, element.content, element.end))
        if inside and inside[0].id == ebml.CRC_32:
            stored = int.from_bytes(view[inside[0].content : inside[0].end], "little")
            assert zlib.crc32(view[inside[0].end : element.end]) == stored
            count += 1
        for one in inside:
            if one.id in masters:
                walk(one)

    for element in _top(view):
        if element.id == matroska.SEGMENT:
            walk(element)
    return count


@pytest.mark.parametrize("name", ["matroska"])
def test_seek_heads_point_right_and_checksums_hold_after_every_writing(name: str) -> None:
    data = recordings.movie(name, title="Sea")
    assert checksums_hold(data) >= 3
    for mark in (MARK, marks.bare(marks.fields(ReservedCode1="r" * 5000)), MARK):
        data = written(Kind.MATROSKA, data, mark)
        assert checksums_hold(data) >= 3
        entries = seek_entries(data)
        assert matroska.TAGS in {promised for promised, _ in entries}
        assert all(promised == there for promised, there in entries)


def test_a_checksum_over_the_whole_segment_is_made_right() -> None:
    inside = streams.mkv()[streams.mkv().index(bytes.fromhex("1549A966")) :]
    crc = b"\xbf\x84" + zlib.crc32(inside).to_bytes(4, "little")
    data = streams.ebml("1A45DFA3") + streams.ebml("18538067", crc, inside, width=8)
    assert checksums_hold(data) == 1
    assert checksums_hold(written(Kind.MATROSKA, data)) == 1


@given(st.integers(2, 700), st.booleans())
def test_a_void_gives_its_room_and_nothing_behind_it_moves(room: int, before: bool) -> None:
    gap = ebml.void(room)
    assert len(gap) == room
    inside = (SEEK, gap) if before else (SEEK, streams.mkv_tags(streams.simple_tag("Sea", key="TITLE")), gap)
    info = streams.ebml("1549A966", streams.ebml("4D80", "test"))
    cluster = streams.ebml("1F43B675", streams.ebml("E7", b"\x00"), streams.ebml("A3", b"a frame"))
    plain = streams.ebml("1A45DFA3") + streams.ebml("18538067", info, *inside, cluster, width=8)
    data = written(Kind.MATROSKA, plain)
    assert only(Kind.MATROSKA, data).text == MARK
    assert data.index(b"a frame") == plain.index(b"a frame")
    assert b"TITLE" in data or before
    for mark in (MARK + " " * 300, MARK):
        data = written(Kind.MATROSKA, data, mark)
        assert only(Kind.MATROSKA, data).text == mark
        assert data.index(b"a frame") == plain.index(b"a frame")


def test_a_live_recording_without_sizes_takes_the_mark_before_its_first_cluster() -> None:
    data = written(Kind.MATROSKA, streams.mkv(live=True))
    assert data.index(b"AIGC") < data.index(bytes.fromhex("1F43B675"))
    assert only(Kind.MATROSKA, data).oddities == ()


def test_a_size_of_the_segment_that_is_too_narrow_gets_wider() -> None:
    inside = streams.mkv()[streams.mkv().index(bytes.fromhex("1549A966")) :]
    narrow = streams.ebml("1A45DFA3") + streams.ebml("18538067", SEEK, inside[:-1] + b"\x00", width=2)
    huge = marks.bare(marks.fields(ReservedCode1="r" * 20_000))
    assert only(Kind.MATROSKA, written(Kind.MATROSKA, narrow, huge)).text == huge


def test_two_segments_are_both_read_and_the_mark_stays_in_its_own() -> None:
    second = streams.mkv(streams.mkv_tags(streams.simple_tag(MARK)))
    data = written(Kind.MATROSKA, streams.mkv() + second, MARK + " ")
    assert data.startswith(streams.mkv())
    assert only(Kind.MATROSKA, data).text == MARK + " "


@pytest.mark.parametrize(
    "data",
    [
        streams.mkv()[:-1],
        streams.mkv(b"\x00" * 9),
        streams.mkv(streams.ebml("1254C367", width=0)),
        streams.ebml("1A45DFA3"),
        streams.mkv(streams.mkv_tags(*[streams.simple_tag("x")[:-1]])),
        streams.mkv(live=True)[:-5],
    ],
)
def test_broken_matroska_is_refused(data: bytes) -> None:
    with pytest.raises(CarrierError):
        found(Kind.MATROSKA, data)


def test_tags_in_each_other_end_somewhere() -> None:
    tag = streams.simple_tag("x", key="a")
    for _ in range(12):
        tag = streams.simple_tag("x", tag, key="a")
    with pytest.raises(CarrierError, match="deep"):
        found(Kind.MATROSKA, streams.mkv(streams.mkv_tags(tag)))


# FLV


def test_scripts_of_every_shape_are_walked() -> None:
    nested = b"\x03" + streams.amf_members(a=b"\x05", b=b"\x01\x01", c=b"\x0b" + bytes(10), d=b"\x07\x00\x00")
    array = b"\x0a" + struct.pack(">I", 2) + b"\x06" + nested
    long = b"\x0c" + struct.pack(">I", 70_000) + b"v" * 70_000
    typed = b"\x10\x00\x01T" + streams.amf_members(z=b"\x0d")
    script = streams.flv_script(x=nested, y=array, l=long, t=typed, AIGC=streams.amf_string(MARK))
    assert only(Kind.FLV, streams.flv(script)).oddities == ()
    deep = streams.flv_script(x=b"\x03" + streams.amf_members(AIGC=streams.amf_string(MARK)))
    assert only(Kind.FLV, streams.flv(deep)).oddities == (Oddity.UNUSUAL_PLACE,)


@pytest.mark.parametrize(
    "script",
    [
        b"\x02\x00\x0aonMetaData\x08\x00\x00",
        b"\x02\x00\x0aonMetaData\x63",
        b"\x02\x00\x0aonMetaData" + b"\x0a\x00\x00\x00\x01" * 40 + b"\x05",
        b"\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x04AIGC\x02\xff\xff{",
    ],
)
def test_a_broken_script_is_told_and_the_film_is_read_on(script: bytes) -> None:
    data = streams.flv(streams.flv_tag(18, script), streams.flv_script(AIGC=streams.amf_string(MARK)))
    assert {type(item) for item in found(Kind.FLV, data)} == {Unread, Candidate}


def test_a_script_that_forgot_its_end_is_read_and_not_written() -> None:
    body = (
        streams.amf_string("onMetaData")
        + b"\x08"
        + bytes(4)
        + streams.amf_members(AIGC=streams.amf_string(MARK))
    )
    data = streams.flv(streams.flv_tag(18, body[:-3]))
    assert only(Kind.FLV, data).text == MARK
    with pytest.raises(CarrierError, match="with an end"):
        written(Kind.FLV, data)


# Cost


HOSTILE = {
    "mp3-frames": (Kind.MP3, streams.SOUND * 40_000),
    "mp3-sync": (Kind.MP3, b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb" * 4_000_000),
    "mp3-stuffing": (Kind.MP3, streams.id3(b"\xff\x00" * 4_000_000, version=3, flags=0x80)),
    "mp3-wide": (Kind.MP3, streams.id3(*[streams.id3_frame(b"TXXX", b"\x01" + b"a\x00" * 4000)] * 1000)),
    "flac-blocks": (Kind.FLAC, streams.flac()[:42] + streams.flac_block(2, b"") * 200_000),
    "flac-comments": (Kind.FLAC, streams.flac(*["AIGC={"] * 15_000)),
    "ogg-pages": (Kind.OGG, streams.ogg_page(b"OpusHead", number=0, flags=2) + streams.ogg_page(b"", number=1) * 300_000),
    "ogg-streams": (Kind.OGG, streams.ogg() * 12_000),
    "mkv-elements": (Kind.MATROSKA, streams.mkv(b"\xec\x80" * 1_500_000)),
    "mkv-blocks": (Kind.MATROSKA, streams.mkv(live=True)[:-112] + b"\xa3\x80" * 1_500_000),
    "mkv-tags": (Kind.MATROSKA, streams.mkv(streams.ebml("1254C367", bytes.fromhex("737380") * 1_000_000))),
    "flv-tags": (Kind.FLV, streams.flv(streams.flv_tag(9, b"") * 400_000)),
    "flv-values": (Kind.FLV, streams.flv(streams.flv_script(a=b"\x0a\xff\xff\xff\xff" + b"\x05" * 900_000))),
}  # fmt: skip


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_files_take_less_than_five_seconds(name: str) -> None:
    kind, data = HOSTILE[name]
    begin = time.process_time()
    for run in (lambda: [*READERS[kind](memoryview(data))], lambda: [*WRITERS[kind](memoryview(data), MARK)]):
        try:
            run()
        except CarrierError:
            continue
    assert time.process_time() - begin < 10  # the reader, and the writer that reads first


@pytest.mark.slow
def test_two_gigabytes_of_film_are_marked_in_a_megabyte(tmp_path: Path) -> None:
    """A sparse file: two clusters of one gigabyte each, an index behind them."""
    path, size = tmp_path / "film.mkv", 1 << 30
    head = (
        streams.ebml("1A45DFA3")
        + bytes.fromhex("18538067")
        + ebml.size_of(2 * (size + 12) + len(SEEK) + 20, 8)
    )
    with path.open("wb") as file:
        file.write(head + SEEK)
        for _ in range(2):
            file.write(
                bytes.fromhex("1F43B675") + ebml.size_of(size, 8) + b"\xa3" + ebml.size_of(size - 9, 8)
            )
            file.seek(size - 9, 1)
        file.write(streams.ebml("1C53BB6B", bytes(12)))
    assert path.stat().st_size == len(head) + len(SEEK) + 2 * (size + 12) + 20
    tracemalloc.start()
    length, last = 0, b""
    for piece in WRITERS[Kind.MATROSKA](Blob(path=path).view(), MARK):
        length, last = length + len(piece), bytes(piece[-1000:])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length > path.stat().st_size
    assert MARK.encode() in last
    assert peak < MiB


@pytest.mark.parametrize("kind", NEW)
def test_marks_that_ffmpeg_wrote_are_read(kind: Kind) -> None:
    names = {Kind.MATROSKA: "matroska", Kind.FLV: "flv", Kind.MP3: "mp3", Kind.FLAC: "flac", Kind.OGG: "ogg"}
    codecs = {Kind.MP3: "libmp3lame", Kind.FLAC: "flac", Kind.OGG: "libopus"}
    if kind in codecs:
        data = recordings.sound(names[kind], codecs[kind], AIGC=MARK)
    else:
        data = recordings.movie(names[kind], AIGC=MARK)
    candidate = only(kind, data)
    assert (candidate.text, candidate.oddities) == (MARK, ())


def test_the_modules_name_their_limits_in_the_refusal() -> None:
    assert "10000" in _refusal(Kind.FLAC, HOSTILE["flac-blocks"][1])
    assert "10000" in _refusal(Kind.OGG, HOSTILE["ogg-streams"][1])
    assert "10000" in _refusal(Kind.MATROSKA, HOSTILE["mkv-elements"][1])


def _refusal(kind: Kind, data: bytes) -> str:
    with pytest.raises(CarrierError) as caught:
        found(kind, data)
    return str(caught.value)
