"""Sound and video get a mark: it reads back, everything else stays, and independent programs agree."""

import hashlib
import io
import json
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
import mutagen
import mutagen.id3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mark_streams as streams
import marks
from brightline.carriers.candidate import Candidate
from brightline.carriers.readers import READERS
from brightline.carriers.writers import WRITERS
from brightline.core.errors import CarrierError
from brightline.core.subject import Kind

MARK = marks.bare()
LONGER = marks.bare(marks.fields(ContentPropagator=marks.PROPAGATOR, ReservedCode2="r" * 3000))
HUGE = marks.bare(marks.fields(ReservedCode1="r" * 60_000))
KINDS = (Kind.WAV, Kind.AVI, Kind.MP3, Kind.FLAC, Kind.OGG, Kind.MATROSKA, Kind.FLV)
FILES = [file for file in marks.compliant_files() + marks.plain_files() if file.kind in KINDS]
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
values = st.builds(
    lambda code, text: marks.bare(marks.fields(ReservedCode1=code, ReservedCode2=text)), texts, texts
)


def written(kind: Kind, data: bytes, mark: str = MARK) -> bytes:
    return b"".join(WRITERS[kind](memoryview(data), mark))


def read_back(kind: Kind, data: bytes) -> str:
    (found,) = READERS[kind](memoryview(data))
    assert isinstance(found, Candidate)
    assert found.oddities == ()
    return found.text


def refusal(kind: Kind, data: bytes) -> str:
    with pytest.raises(CarrierError) as caught:
        next(iter(WRITERS[kind](memoryview(data), MARK)))
    return str(caught.value)


# Whole recordings, from FFmpeg's encoders


def recording(
    container: str, video: str = "", audio: str = "", seconds: float = 1.0, **options: str
) -> bytes:
    """Moving colours and a tone, with two tags."""
    folder = tempfile.TemporaryDirectory()  # FFmpeg writes the index of an FLV only into a file
    out = Path(folder.name) / "recording"
    with folder, av.open(out, "w", format=container, options=options) as output:
        output.metadata.update({"title": "Sea", "comment": "about AIGC, 关于"})
        if video:
            stream = output.add_stream(video, rate=10)
            stream.width, stream.height, stream.pix_fmt, stream.gop_size = 48, 32, "yuv420p", 4
        if audio:
            sound = output.add_stream(audio, rate=48000, layout="mono")
        for index in range(int(seconds * 10)):
            if video:
                pixels = np.full((32, 48, 3), index * 5 % 256, np.uint8)
                pixels[:, index % 48] = 200
                output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            if audio:
                wave = (8000 * np.sin(np.arange(4800) * 0.05 + index)).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
                frame.sample_rate, frame.pts = 48000, index * 4800
                output.mux(sound.encode(frame))
        for one in output.streams:
            output.mux(one.encode())
        output.close()
        return out.read_bytes()


def by_program(*options: str) -> bytes:
    """An Ogg from Debian's ffmpeg, which has encoders that PyAV's lacks."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    inputs = ["-f", "lavfi", "-i", "sine=440:duration=1"]
    inputs += ["-f", "lavfi", "-i", "testsrc=duration=1:size=48x32:rate=10"] if "-c:v" in options else []
    command = ["ffmpeg", "-v", "error", *inputs, "-metadata", "title=Sea", *options, "-f", "ogg", "-"]
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout


def decoded(data: bytes) -> list[tuple[int, int | None, str]]:
    """Every frame of every stream: its stream, its time, the digest of its pixels or samples."""
    with av.open(io.BytesIO(data)) as container:
        return [
            (index, frame.pts, hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest())
            for index in range(len(container.streams))
            for frame in _frames(data, index)
        ]


def _frames(data: bytes, index: int):  # type: ignore[no-untyped-def]
    with av.open(io.BytesIO(data)) as container:
        yield from container.decode(container.streams[index])


def sought(data: bytes) -> list[int | None]:
    """The time of the first frame after seeking to several places."""
    times = []
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0] if container.streams.video else container.streams.audio[0]
        for tenth in (0, 3, 6, 9):
            container.seek(int(tenth * 0.1 / stream.time_base), stream=stream)
            times.append(next(container.decode(stream)).pts)
    return times


def tags(data: bytes) -> dict[str, str]:
    with av.open(io.BytesIO(data)) as container:
        found = dict(container.metadata)
        for stream in container.streams:
            found.update(stream.metadata)
        return {**found, "duration": str(container.duration)}


RECORDINGS: dict[str, tuple[Kind, Callable[[], bytes]]] = {
    "wav": (Kind.WAV, lambda: recording("wav", audio="pcm_s16le")),
    "rf64": (Kind.WAV, lambda: recording("wav", audio="pcm_s16le", rf64="always")),
    "mp3": (Kind.MP3, lambda: recording("mp3", audio="libmp3lame")),
    "mp3-2.3": (Kind.MP3, lambda: recording("mp3", audio="libmp3lame", id3v2_version="3")),
    "mp3-untagged": (Kind.MP3, lambda: recording("mp3", audio="libmp3lame", id3v2_version="0", write_id3v1="1")),
    "flac": (Kind.FLAC, lambda: recording("flac", audio="flac")),
    "vorbis": (Kind.OGG, lambda: by_program("-c:a", "libvorbis")),
    "opus": (Kind.OGG, lambda: recording("ogg", audio="libopus")),
    "ogg-flac": (Kind.OGG, lambda: recording("ogg", audio="flac")),
    "ogg-film": (Kind.OGG, lambda: by_program("-c:v", "libtheora", "-c:a", "libvorbis")),
    "avi": (Kind.AVI, lambda: recording("avi", "mpeg4", "libmp3lame")),
    "avi-tight": (Kind.AVI, lambda: recording("avi", "mpeg4", reserve_index_space="0").replace(b"JUNK", b"none")),
    "mkv": (Kind.MATROSKA, lambda: recording("matroska", "mpeg4", "libopus")),
    "mkv-cues-first": (Kind.MATROSKA, lambda: recording("matroska", "mpeg4", reserve_index_space="2000")),
    "webm": (Kind.MATROSKA, lambda: recording("webm", "libvpx", "libopus")),
    "webm-live": (Kind.MATROSKA, lambda: recording("webm", "libvpx", live="1")),
    "flv": (Kind.FLV, lambda: recording("flv", "flv")),
    "flv-index": (Kind.FLV, lambda: recording("flv", "flv", flvflags="add_keyframe_index")),
    "flv-untold": (Kind.FLV, lambda: recording("flv", "flv", flvflags="no_metadata")),
}  # fmt: skip
SHOWN_BY_FFMPEG = set(RECORDINGS) - {"wav", "rf64"}


@pytest.fixture(scope="module", params=list(RECORDINGS))
def recorded(request: pytest.FixtureRequest) -> tuple[str, Kind, bytes]:
    kind, make = RECORDINGS[request.param]
    return request.param, kind, make()


def test_a_recording_keeps_its_frames_its_times_and_its_tags(recorded: tuple[str, Kind, bytes]) -> None:
    name, kind, data = recorded
    before, found, times = decoded(data), tags(data), sought(data)
    assert before
    marked = data
    for mark in (MARK, LONGER, HUGE, MARK):
        marked = written(kind, marked, mark)
        assert read_back(kind, marked) == mark
        assert written(kind, marked, mark) == marked
        assert decoded(marked) == before
        assert sought(marked) == times
        told = tags(marked)
        shown = told.pop("AIGC", "")
        if name in SHOWN_BY_FFMPEG and mark is MARK:
            assert shown == mark
        if kind is Kind.FLV and mark is not MARK:
            continue  # FFmpeg gives up a script at the first string above 1 KiB
        for moved in ("lastkeyframelocation", "filesize"):
            assert (told.pop(moved, "") == "") is (found.get(moved, "") == "")
        if (
            name != "mp3-untagged"
        ):  # FFmpeg looks at ID3v1 only where there is no ID3v2; it is there, byte by byte
            assert told == {
                key: value for key, value in found.items() if key not in {"lastkeyframelocation", "filesize"}
            }


@pytest.mark.parametrize("program", ["ffprobe", "exiftool"])
def test_other_programs_show_the_mark(
    program: str, recorded: tuple[str, Kind, bytes], tmp_path: Path
) -> None:
    name, kind, data = recorded
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    hidden = {
        "exiftool": {"avi", "avi-tight", "mkv", "mkv-cues-first", "webm", "webm-live"},
        "ffprobe": set(),
    }
    if name not in SHOWN_BY_FFMPEG - hidden[program]:
        pytest.skip(f"{program} does not show unknown names in this format")
    file = tmp_path / f"marked.{'mkv' if kind is Kind.MATROSKA else kind.value}"
    file.write_bytes(written(kind, data))
    options = {"ffprobe": ["-v", "error", "-show_format", "-show_streams", "-of", "json"], "exiftool": ["-j"]}
    done = subprocess.run([program, *options[program], file], capture_output=True, timeout=60, check=True)
    assert done.stderr == b""
    assert any(MARK in text for text in _strings(json.loads(done.stdout)))


def _strings(node: object) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _strings(value)]
    if isinstance(node, list):
        return [text for value in node for text in _strings(value)]
    return [str(node)]


def test_mutagen_reads_the_mark_and_every_other_tag(recorded: tuple[str, Kind, bytes]) -> None:
    name, kind, data = recorded
    if kind not in {Kind.MP3, Kind.FLAC, Kind.OGG} or name == "ogg-film":
        pytest.skip("no format of mutagen's")
    before, after = (mutagen.File(io.BytesIO(one)) for one in (data, written(kind, data)))
    told = dict(after.tags.items())
    value = next(told.pop(key) for key in list(told) if key.upper() in {"TXXX:AIGC", "AIGC"})
    assert str(value[0] if isinstance(value, list) else value) == MARK
    assert {k: str(v) for k, v in told.items()} == {k: str(v) for k, v in dict(before.tags or {}).items()}
    assert after.info.length == before.info.length


# The laws, over files made byte by byte


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(FILES), values, values)
def test_what_is_written_is_read_and_writing_again_changes_nothing(
    file: marks.Marked, first: str, second: str
) -> None:
    once = written(file.kind, file.data, first)
    assert read_back(file.kind, once) == first
    assert written(file.kind, once, first) == once
    twice = written(file.kind, once, second)
    assert read_back(file.kind, twice) == second


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_broken_files_are_refused_with_a_carrier_error_or_marked(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    broken = bytearray(file.data)
    for _ in range(data.draw(st.integers(0, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)) | st.just(len(broken)))
    try:
        result = written(file.kind, bytes(broken[:cut]))
    except CarrierError:
        return
    found = [item.text for item in READERS[file.kind](memoryview(result)) if isinstance(item, Candidate)]
    assert found == [MARK]


@pytest.mark.parametrize(
    "file", [file for file in marks.defective_files() if file.kind in KINDS], ids=lambda f: f.name
)
def test_a_defective_mark_is_replaced_in_its_place_or_the_file_refused(file: marks.Marked) -> None:
    (first, *others) = READERS[file.kind](memoryview(file.data))
    if others or not isinstance(first, Candidate) or first.oddities:
        assert "mark" in refusal(file.kind, file.data)
    else:
        assert read_back(file.kind, written(file.kind, file.data)) == MARK


def test_a_file_with_several_marks_is_refused_and_the_sentence_names_both() -> None:
    for file in marks.defective_files():
        if file.kind in KINDS and file.code in {"duplicate", "contradiction"}:
            assert "more than one mark" in refusal(file.kind, file.data)


# WAV and AVI


def test_a_mark_in_a_wav_stands_before_the_sound_and_padding_is_even() -> None:
    odd = MARK + (" " if len(MARK) % 2 == 0 else "")
    data = written(Kind.WAV, marks.plain_wav(), odd)
    at = data.index(b"AIGC")
    assert at < data.index(b"data")
    assert data[at + 8 + len(odd) :][:1] == b"\x00"
    assert data[at + 9 + len(odd) :][:4] == b"data"
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", bytes(4)])
def test_a_wav_written_to_a_pipe_keeps_its_open_sizes(size: bytes) -> None:
    plain = b"RIFF" + size + marks.plain_wav()[8:36] + b"data" + size + bytes(1001)
    data = written(Kind.WAV, plain)
    assert data[4:8] == size
    assert data.endswith(b"data" + size + bytes(1001))


@pytest.mark.parametrize("name", [b"RF64", b"BW64"])
def test_the_wide_size_of_a_large_wav_counts_the_mark(name: bytes) -> None:
    sizes = marks.riff_chunk(b"ds64", struct.pack("<QQQI", 2000, 1000, 500, 0))
    plain = (
        name
        + b"\xff\xff\xff\xffWAVE"
        + sizes
        + marks.plain_wav()[12:36]
        + b"data\xff\xff\xff\xff"
        + bytes(1000)
    )
    data = written(Kind.WAV, plain)
    assert struct.unpack_from("<Q", data, 20)[0] == 2000 + len(data) - len(plain)
    assert struct.unpack_from("<Q", data, 28)[0] == 1000
    assert read_back(Kind.WAV, data) == MARK


def test_a_wav_without_sound_and_one_of_four_gigabytes_are_refused() -> None:
    assert "no `data` chunk" in refusal(Kind.WAV, marks.riff(b"WAVE", marks.plain_wav()[12:36]))


def avi_of_two(*, junk: int) -> bytes:
    """AVI 2.0: two containers, and an index of offsets in the file."""
    head = marks.riff_chunk(b"LIST", b"hdrl" + marks.riff_chunk(b"avih", bytes(56)))
    gap = marks.riff_chunk(b"JUNK", bytes(junk)) if junk else b""
    movi = marks.riff_chunk(b"LIST", b"movi" + marks.riff_chunk(b"00dc", b"first"))
    return marks.riff(b"AVI ", head, gap, movi) + marks.riff(
        b"AVIX", marks.riff_chunk(b"LIST", b"movi" + marks.riff_chunk(b"00dc", b"second"))
    )


@given(st.integers(0, 800))
def test_no_frame_of_an_avi_moves_whatever_the_room(junk: int) -> None:
    plain = avi_of_two(junk=junk)
    data = plain
    for mark in (MARK, LONGER, MARK):
        data = written(Kind.AVI, data, mark)
        assert read_back(Kind.AVI, data) == mark
        assert [data.index(frame) for frame in (b"first", b"second")] == [
            plain.index(frame) for frame in (b"first", b"second")
        ]


# MP3


@settings(deadline=None)
@given(
    st.sampled_from([(3, 0), (3, 0x80), (4, 0), (4, 0x10), (4, 0x80)]),
    st.integers(0, 600),
    st.binary(max_size=60),
    values,
    values,
)
def test_every_kind_of_id3_tag_takes_a_mark_and_keeps_its_frames(
    kind: tuple[int, int], padding: int, private: bytes, first: str, second: str
) -> None:
    version, flags = kind
    frames = [
        streams.id3_frame(b"TIT2", b"\x00Sea", version=version),
        streams.id3_frame(b"PRIV", b"a\x00" + private.replace(b"\xff", b"\xfe"), version=version),
        streams.id3_frame(b"TALB", b"\x01" + "海".encode("utf-16"), version=version),
    ]
    if flags & 0x80:
        frames = [frame.replace(b"\xff", b"\xff\x00") for frame in frames] if version == 3 else frames[:2]
    plain = (
        streams.id3(*frames, version=version, flags=flags, padding=0 if flags & 0x10 else padding)
        + streams.SOUND
    )
    for mark in (first, second):
        data = written(Kind.MP3, plain, mark)
        assert read_back(Kind.MP3, data) == mark
        for frame in frames:
            assert frame in data
        assert data.endswith(streams.SOUND)
        if not flags:
            tag = mutagen.id3.ID3(io.BytesIO(data), translate=False)
            assert tag["TXXX:AIGC"].text == [mark]
            assert tag["TIT2"].text == ["Sea"]
        plain = data


def test_padding_of_a_tag_is_used_and_nothing_moves() -> None:
    plain = streams.id3(streams.id3_frame(b"TIT2", b"\x00Sea"), padding=1000) + streams.SOUND
    data = written(Kind.MP3, plain)
    assert len(data) == len(plain)
    assert len(written(Kind.MP3, data, HUGE)) > len(plain)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("version", [3, 4])
def test_a_frame_that_eats_the_padding_leaves_some_and_exiftool_has_nothing_to_warn_of(version: int) -> None:
    frame = streams.id3_frame(b"TIT2", b"\x00Sea", version=version)
    added = len(written(Kind.MP3, streams.id3(frame, version=version) + streams.SOUND)) - len(
        streams.id3(frame, version=version) + streams.SOUND
    )
    plain = [streams.id3(frame, version=version, padding=left) + streams.SOUND for left in range(added + 12)]
    for data in (written(Kind.MP3, one) for one in (*plain[:12], *plain[-24:], streams.SOUND)):
        tag = int("".join(f"{byte:07b}" for byte in data[6:10]), 2)
        assert data[10 + tag - 10 : 10 + tag] == bytes(10)
        with tempfile.NamedTemporaryFile(suffix=".mp3") as file:
            file.write(data)
            file.flush()
            words = ["exiftool", "-s3", "-warning", file.name]
            said = subprocess.run(words, check=False, capture_output=True, timeout=60).stdout
        assert b"ID3" not in said


def test_an_extended_header_keeps_its_checksum_and_its_padding_right() -> None:
    import zlib

    frame = streams.id3_frame(b"TIT2", b"\x00Sea", version=3)
    extended = struct.pack(">IHII", 10, 0x8000, 500, zlib.crc32(frame))
    data = written(
        Kind.MP3, streams.id3(frame, version=3, flags=0x40, padding=500, extended=extended) + streams.SOUND
    )
    size, flags, padding, crc = struct.unpack_from(">IHII", data, 10)
    body = data[24 : -len(streams.SOUND)]
    assert (size, flags, crc) == (10, 0x8000, zlib.crc32(body[: len(body) - padding]))
    assert body[len(body) - padding :] == bytes(padding)
    late = bytes([0, 0, 0, 12, 1, 0x20, 5]) + streams.synchsafe(
        zlib.crc32(streams.id3_frame(b"TIT2", b"\x00Sea")), 5
    )
    four = streams.id3(streams.id3_frame(b"TIT2", b"\x00Sea"), flags=0x40, extended=late) + streams.SOUND
    data = written(Kind.MP3, four)
    assert data[17:22] == streams.synchsafe(zlib.crc32(data[22 : -len(streams.SOUND)]), 5)


def test_tags_at_the_end_of_an_mp3_stay() -> None:
    end = streams.ape(("Title", b"Sea")) + b"TAG" + bytes(125)
    data = written(Kind.MP3, streams.mp3(behind=end))
    assert data.endswith(streams.SOUND + end)
    assert data.startswith(b"ID3\x03")


def test_of_two_tags_the_first_takes_the_mark_and_the_second_keeps_one() -> None:
    title = streams.id3_frame(b"TIT2", b"\x00Sea")
    data = written(Kind.MP3, streams.id3(title) + streams.id3(title) + streams.SOUND)
    assert data.index(b"TXXX") < data.rindex(b"ID3")
    second = streams.id3(title) + streams.id3(streams.txxx(MARK)) + streams.SOUND
    again = written(Kind.MP3, second, LONGER)
    assert again.index(b"TXXX") > again.rindex(b"ID3")


def test_sizes_that_itunes_wrote_wrongly_are_read_as_it_meant_them() -> None:
    long = b"TIT2" + struct.pack(">I", 301) + b"\x00\x00" + b"\x00" + b"a" * 300
    data = written(Kind.MP3, streams.id3(long, streams.id3_frame(b"TPE1", b"\x00B")) + streams.SOUND)
    assert long in data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (streams.mp3(streams.id3_frame(b"TT2\x00", b"\x00Sea", version=2), version=2), "ID3v2.2"),
        (streams.mp3(streams.txxx(MARK, version=2), version=2), "unusual_place"),
        (streams.mp3(behind=streams.ape(("AIGC", MARK.encode()))), "unusual_place"),
        (streams.mp3(streams.id3_frame(b"TIT2", b"\x00S", flags=b"\x00\x04")), "encrypted"),
        (streams.id3(streams.txxx("a", key="b"))[:-1], "cut off"),
        (streams.id3(streams.txxx("a", key="b")), "no MPEG frame"),
        (streams.id3(bytes(4) + b"x", padding=20) + streams.SOUND, "no padding"),
    ],
)  # fmt: skip
def test_an_mp3_that_cannot_take_the_mark_is_refused(data: bytes, why: str) -> None:
    assert why in refusal(Kind.MP3, data)


# FLAC and Ogg


@given(st.integers(-1, 700), values)
def test_flac_padding_is_used_where_it_reaches(padding: int, mark: str) -> None:
    plain = streams.flac(
        "TITLE=海", padding=padding, front=streams.id3(streams.id3_frame(b"TIT2", b"\x00Sea"))
    )
    data = written(Kind.FLAC, plain, mark)
    growth = 4 + len(b"AIGC=" + mark.encode())
    assert len(data) == len(plain) + (0 if padding >= growth else growth)
    assert read_back(Kind.FLAC, data) == mark
    assert data.count("TITLE=海".encode()) == 1


def test_a_flac_without_comments_gets_a_block_behind_streaminfo() -> None:
    with_comments = streams.flac()
    info = with_comments[8:42]
    plain = b"fLaC" + streams.flac_block(0, info, last=True)
    data = written(Kind.FLAC, plain)
    assert (data[4], data[42]) == (0, 0x84)
    assert read_back(Kind.FLAC, data) == MARK


def test_comments_that_would_pass_twenty_four_bits_are_refused() -> None:
    plain = streams.flac("A=" + "b" * ((1 << 24) - 200))
    assert "16 MiB" in refusal(Kind.FLAC, plain)


def pages_of(data: bytes) -> list[tuple[int, int, bytes]]:
    """Serial, number and bytes of each page; every checksum is tested bit by bit."""
    found, position = [], 0
    while position < len(data):
        lacing = data[position + 27 : position + 27 + data[position + 26]]
        end = position + 27 + len(lacing) + sum(lacing)
        page = data[position:end]
        serial, number, crc = struct.unpack_from("<III", page, 14)
        assert streams.ogg_checksum(page[:22] + bytes(4) + page[26:]) == crc
        found.append((serial, number, page))
        position = end
    return found


def test_more_header_pages_shift_the_numbers_of_that_stream_only() -> None:
    first, second = streams.ogg("TITLE=Sea", serial=1), streams.ogg("TITLE=Land", serial=2)
    one, two = pages_of(first), pages_of(second)
    mixed = b"".join(a[2] + b[2] for a, b in zip(one, two, strict=True)) + streams.ogg(serial=1)
    huge = marks.bare(marks.fields(ReservedCode1="r" * 64_500, ReservedCode2="s" * 500))
    data = written(Kind.OGG, mixed, huge)
    assert read_back(Kind.OGG, data) == huge
    after = pages_of(data)
    assert [page for serial, _, page in after if serial == 2] == [page for _, _, page in two]
    assert [number for serial, number, _ in after if serial == 1] == [0, 1, 2, 3, 0, 1, 2]
    assert [serial for serial, _, _ in after] == [1, 2, 1, 1, 2, 1, 2, 1, 1, 1]


def test_a_mark_in_a_later_link_of_a_chain_is_replaced_there() -> None:
    chain = streams.ogg("TITLE=Sea", serial=1) + streams.ogg(f"AIGC={MARK}", serial=1)
    data = written(Kind.OGG, chain, LONGER)
    assert data.startswith(streams.ogg("TITLE=Sea", serial=1))
    assert read_back(Kind.OGG, data) == LONGER


def test_padding_behind_opus_comments_is_used() -> None:
    plain = streams.ogg("TITLE=Sea\x00").replace(b"TITLE=Sea\x00", b"TITLE=Sea")
    head, _, last = (page for _, _, page in pages_of(streams.ogg()))
    padded = streams.ogg_page(b"OpusTags" + streams.comments("TITLE=Sea") + bytes(512), number=1)
    data = written(Kind.OGG, head + padded + last)
    assert len(data) == len(head + padded + last)
    assert read_back(Kind.OGG, data) == MARK
    assert plain


def test_an_ogg_with_an_index_of_offsets_is_refused_where_it_would_grow() -> None:
    skeleton = streams.ogg_page(b"fishead\x00\x04\x00" + bytes(70), number=0, flags=2, serial=9)
    assert "Skeleton" in refusal(Kind.OGG, skeleton + streams.ogg())


# FLV


def test_places_of_key_frames_move_with_them() -> None:
    def number(value: float) -> bytes:
        return b"\x00" + struct.pack(">d", value)

    def film(places: list[float], size: float) -> bytes:
        array = b"\x0a" + struct.pack(">I", len(places)) + b"".join(map(number, places))
        frames = b"\x03" + streams.amf_members(filepositions=array, times=array)
        script = streams.flv_script(
            filesize=number(size), keyframes=frames, lastkeyframelocation=number(places[-1])
        )
        return streams.flv(script, streams.flv_tag(9, b"\x17first"), streams.flv_tag(9, b"\x17second"))

    draft = film([0, 0, 0], 0)
    first, second = (draft.index(word) - 12 for word in (b"first", b"second"))
    plain = film([9, first, second], len(draft))
    data = written(Kind.FLV, plain)
    moved = len(data) - len(plain)
    for value in (first, second):
        assert data[value + moved] == 9
        assert data.count(number(value + moved)) == 1 + (value == second)  # and the last one's place
    assert data.count(number(9)) == 2  # `times` are no places, and byte 9 has not moved
    assert number(len(data)) in data
    assert written(Kind.FLV, data, LONGER).count(number(second + moved + len(LONGER) - len(MARK))) == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (streams.flv(streams.flv_tag(18, streams.amf_string("onMetaData") + streams.amf_string("x"))), "no object"),
        (streams.flv(streams.flv_tag(18, b"\x02\x00")), "no name"),
        (streams.flv(streams.flv_tag(18 | 32, b"x")), "encrypted"),
        (streams.flv(streams.flv_script(**{f"k{n}": streams.amf_string("v" * 65_019) for n in range(258)})), "16 MiB"),
    ],
)  # fmt: skip
def test_an_flv_that_cannot_take_the_mark_is_refused(data: bytes, why: str) -> None:
    assert why in refusal(Kind.FLV, data)
