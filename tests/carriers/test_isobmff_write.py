"""MP4, MOV and M4A: the mark is written, everything else stays, and every offset still points at its bytes."""

import io
import json
import mmap
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import movie_files
import mutagen.mp4
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from writer_laws import CHANGES, changed, check_cost, check_refused_or_marked

import marks
from brightline.carriers import isobmff
from brightline.carriers.candidate import Candidate, Form
from brightline.carriers.isobmff_write import write
from brightline.core.errors import CarrierError

MARK = marks.bare()
OTHER = marks.bare(marks.fields(ProduceID="another", PropagateID="another"))
C2PA_UUID = bytes.fromhex("D8FEC3D61B0E483C92975828877EC481")
values = st.builds(
    lambda produce, producer: marks.bare(marks.fields(ProduceID=produce, ContentProducer=producer)),
    st.text(st.characters(codec="utf-8"), max_size=300),
    st.text("ABC0123", min_size=1, max_size=27),
)


def written(data: bytes, mark: str = MARK) -> bytes:
    return b"".join(write(memoryview(data), mark))


def text_of(data: bytes) -> str:
    (item,) = isobmff.read(memoryview(data))
    assert isinstance(item, Candidate)
    assert (item.form, item.oddities, item.carrier) == (Form.KEYED, (), "mp4:moov:udta:meta:AIGC")
    return item.text


def untouched(data: bytes) -> list[tuple[tuple[bytes, ...], bytes]]:
    """What no writer of marks may change: all but tables of offsets, lists of keys and free space."""
    tables = {b"stco", b"co64", b"saio", b"tfhd", b"tfra", b"free", b"skip", b"sidx"}
    kept = []
    for leaf in movie_files.leaves(data):
        is_list = leaf.path == (b"moov", b"udta", b"meta") and b"mdta" in leaf.content[:40]
        if leaf.path[-1] not in tables and not is_list and leaf.path != (b"meta",):
            kept.append((leaf.path, leaf.content))
    return kept


def assert_only_the_mark_differs(old: bytes, new: bytes, mark: str = MARK) -> None:
    assert text_of(new) == mark
    assert untouched(new) == untouched(old)
    places = list(zip(movie_files.offsets(old), movie_files.offsets(new), strict=True))
    assert all(old[before : before + 16] == new[after : after + 16] for before, after in places)
    assert written(new, mark) == new


# Real files


@pytest.mark.parametrize("form", movie_files.FORMS)
def test_a_film_keeps_every_frame_and_every_other_box(form: str) -> None:
    data = movie_files.film(form)
    new = written(data)
    assert_only_the_mark_differs(data, new)
    assert movie_files.decoded(new) == movie_files.decoded(data)
    replaced = written(new, OTHER)
    assert_only_the_mark_differs(new, replaced, OTHER)
    assert movie_files.decoded(replaced) == movie_files.decoded(data)


@pytest.mark.parametrize("form", movie_files.FORMS)
def test_pyav_shows_the_mark_beside_the_tags(form: str) -> None:
    data = movie_files.film(form)
    with av.open(io.BytesIO(data)) as before, av.open(io.BytesIO(written(data))) as after:
        assert after.metadata["AIGC"] == MARK
        assert {key: value for key, value in after.metadata.items() if key != "AIGC"} == before.metadata


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.parametrize("form", movie_files.FORMS)
def test_ffprobe_shows_the_mark_and_finds_nothing_wrong(form: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(written(movie_files.film(form)))
    command = [
        "ffprobe",
        "-v",
        "warning",
        "-count_frames",
        "-show_entries",
        "format_tags",
        "-of",
        "json",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["format"]["tags"]["AIGC"] == MARK
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_shows_the_mark_and_finds_nothing_new_wrong(tmp_path: Path) -> None:
    for form in movie_files.FORMS:
        (tmp_path / f"{form}.old").write_bytes(movie_files.film(form))
        (tmp_path / f"{form}.new").write_bytes(written(movie_files.film(form)))
    command = [
        "exiftool",
        "-j",
        "-a",
        "-AIGC",
        "-Title",
        "-Artist",
        "-Warning",
        "-Error",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "-ext", "*"], capture_output=True, text=True, check=False, timeout=60)
    shown = {Path(row.pop("SourceFile")).name: row for row in json.loads(done.stdout)}
    for form in movie_files.FORMS:
        new, old = shown[f"{form}.new"], shown[f"{form}.old"]
        mark = new.pop("AIGC")
        assert (mark if isinstance(mark, str) else json.dumps(mark, separators=(",", ":"))) == MARK
        assert new == old


@pytest.mark.parametrize("form", ["itunes", "m4a"])
def test_mutagen_still_reads_the_tags_of_itunes(form: str) -> None:
    tags = mutagen.mp4.MP4(io.BytesIO(written(movie_files.film(form)))).tags
    assert tags is not None
    assert tags["\xa9nam"] == ["Sea"]


def test_a_reserved_free_box_takes_the_mark_and_nothing_moves() -> None:
    data = movie_files.film("reserved")
    new = written(data)
    assert len(new) == len(data)
    assert new[data.index(b"mdat") :] == data[data.index(b"mdat") :]
    assert len(written(written(new, marks.bare(marks.fields(ProduceID="x" * 900))), MARK)) == len(data)


def test_a_movie_behind_its_media_moves_nothing() -> None:
    data = movie_files.film("mp4")
    assert data.index(b"mdat") < data.index(b"moov")
    assert movie_files.offsets(written(data)) == movie_files.offsets(data)


def quicktime_keys(value: str, *, key: str = "com.apple.quicktime.title") -> bytes:
    return marks.meta_box(value, key=key, full=False)


@pytest.mark.parametrize(
    "others",
    [
        [quicktime_keys("Sea")],
        [marks.box(b"udta", marks.meta_box("Sea", key=""))],
        [
            quicktime_keys("Sea"),
            marks.box(b"udta", marks.meta_box("Sea", key=""), marks.box(b"\xa9swr", b"camera")),
        ],
        [marks.box(b"udta", quicktime_keys("Sea"))],
        [marks.meta_box("", key="AIGC").replace(b"ilst", b"free"), marks.box(b"udta")],
        [marks.box(b"udta", marks.box(b"\xa9swr", b"camera"), bytes(4))],
        [marks.box(b"udta", bytes(8))],
        [marks.box(b"udta")],
        [marks.box(b"udta", marks.box(b"meta", bytes(4))), marks.box(b"udta", quicktime_keys("Sea"))],
    ],
)
def test_other_lists_of_tags_stay_beside_it(others: list[bytes]) -> None:
    data = movie_files.with_movie_boxes(movie_files.without_tags(movie_files.film("mp4")), *others)
    new = written(data)
    assert text_of(new) == MARK
    assert all(value in new for value in (b"Sea", b"camera", b"com.apple.quicktime.title") if value in data)
    assert movie_files.decoded(new) == movie_files.decoded(data)
    assert written(new) == new
    with av.open(io.BytesIO(new)) as container:
        assert container.metadata["AIGC"] == MARK
    with av.open(io.BytesIO(data)) as container:
        before = dict(container.metadata)
    with av.open(io.BytesIO(new)) as container:
        assert {key: value for key, value in container.metadata.items() if key != "AIGC"} == before


def test_uuid_boxes_and_chapters_stay_byte_for_byte() -> None:
    manifest = marks.box(b"uuid", C2PA_UUID, bytes(4), b"manifest\x00", bytes(8), bytes(range(200)))
    packet = marks.box(b"uuid", bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC"), marks.xmp_without_mark())
    chapters = marks.box(b"udta", marks.box(b"chpl", bytes(4), b"\x01" + bytes(8) + b"\x05Start"))
    data = movie_files.with_movie_boxes(movie_files.film("mp4"), chapters) + manifest + packet
    new = written(data)
    assert_only_the_mark_differs(data, new)
    assert new.endswith(manifest + packet)
    assert chapters[8:] in new


# Skeletons: any layout


def _udta(draw: Any) -> bytes:
    keys = marks.meta_box("Sea", key="title", full=draw(st.booleans()))
    choices = [
        b"",
        marks.box(b"udta"),
        marks.box(b"udta", marks.box(b"\xa9nam", b"Sea"), bytes(4)),
        marks.box(b"udta", marks.meta_box("Sea", key="")),
        marks.box(b"udta", keys),
        movie_files.big_box(b"udta", keys + marks.box(b"\xa9nam", b"Sea")),
        marks.box(b"udta", marks.meta_box(OTHER, full=draw(st.booleans()))),
        marks.box(b"udta", marks.meta_box("Sea", key=""), marks.meta_box(OTHER)),
    ]
    return draw(st.sampled_from(choices))


@st.composite
def skeletons(draw: Any) -> bytes:
    """A file with every table of offsets that there is, all pointing into one `mdat` or at a `moof`."""
    blocks = b"".join(struct.pack(">QQ", number, 0x5A5A5A5A) for number in range(8))
    user, wide_movie = _udta(draw), draw(st.booleans())
    first, free = draw(st.booleans()), draw(st.sampled_from([None, 0, 200, 420, 4000]))
    media_box: Callable[[bytes, bytes], bytes] = draw(st.sampled_from([marks.box, movie_files.big_box]))
    kinds = draw(
        st.lists(
            st.sampled_from([("stco", False), ("co64", True), ("saio", False), ("saio", True)]), max_size=4
        )
    )
    picks = draw(st.lists(st.integers(0, 7), min_size=1, max_size=5))
    more = draw(st.sets(st.sampled_from(["moof", "mfra", "meta", "uuid", "endless"])))

    def assemble(media: int, fragment: int) -> bytes:
        places = [media + 16 * pick for pick in picks]
        tables = [movie_files.table(kind.encode(), places, wide=wide) for kind, wide in kinds]
        body = marks.box(b"mvhd", bytes(100)) + movie_files.track(*tables) + user
        movie = movie_files.big_box(b"moov", body) if wide_movie else marks.box(b"moov", body)
        movie += b"" if free is None else marks.box(b"free", bytes(free))
        parts = [marks.box(b"ftyp", b"isom", bytes(4))]
        if "uuid" in more:
            parts.append(marks.box(b"uuid", C2PA_UUID, bytes(30)))
        if "meta" in more:
            item = struct.pack(">HHHHII", 1, 0, 0, 1, places[0], 16)
            parts.append(
                marks.box(
                    b"meta", bytes(4), marks.box(b"iloc", struct.pack(">IHH", 1 << 24, 0x4400, 1) + item)
                )
            )
        if "moof" in more:
            header = marks.box(b"tfhd", struct.pack(">IIQ", 1, 1, places[-1]))
            parts.append(marks.box(b"moof", marks.box(b"mfhd", bytes(8)), marks.box(b"traf", header)))
        behind = b""
        if "mfra" in more and "moof" in more:
            entry = struct.pack(">II", 7, fragment) + b"\x01\x00\x01\x00\x00\x00\x01\x01"[:6]
            behind = marks.box(
                b"mfra", marks.box(b"tfra", struct.pack(">IIII", 0, 1, 0x39, 1), entry + bytes(3))
            )
        box = movie_files.endless_box if "endless" in more and first and not behind else media_box
        parts += [movie, box(b"mdat", blocks)] if first else [media_box(b"mdat", blocks), movie]
        return b"".join(parts) + behind

    draft = assemble(0, 0)
    return assemble(draft.index(blocks), draft.find(b"moof") - 4)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=skeletons(), mark=values)
def test_in_any_layout_the_mark_reads_back_and_offsets_follow(data: bytes, mark: str) -> None:
    new = written(data, mark)
    assert_only_the_mark_differs(data, new, mark)
    assert_only_the_mark_differs(new, written(new, MARK), MARK)


def test_a_segment_index_before_the_movie_follows_its_fragments() -> None:
    movie = marks.box(b"moov", marks.box(b"mvhd", bytes(100)))
    fragment = marks.box(b"moof", marks.box(b"mfhd", bytes(8))) + marks.box(b"mdat", bytes(100))

    def assemble(first: int) -> bytes:
        index = struct.pack(">IIIIIHH", 0, 1, 1000, 0, first, 0, 1) + struct.pack(
            ">III", len(fragment), 10, 0
        )
        return marks.box(b"ftyp", b"iso6", bytes(4)) + marks.box(b"sidx", index) + movie + fragment

    new = written(assemble(len(movie)))
    growth = len(new) - len(assemble(0))
    assert new == assemble(len(movie) + growth).replace(
        movie, new[new.index(b"moov") - 4 : new.index(b"moof") - 4]
    )


def test_the_shares_of_a_free_box_that_somebody_uses_are_left_alone() -> None:
    movie = marks.box(b"moov", marks.box(b"mvhd", bytes(100)))
    used = marks.box(b"free", b"kept by somebody".ljust(900, b"."))
    data = marks.box(b"ftyp", b"isom", bytes(4)) + movie + used + marks.box(b"mdat", bytes(100))
    assert used in written(data)


# Refusals


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (marks.mp4(marks.meta_box(OTHER), in_moov=marks.meta_box(OTHER)), "more than one mark"),
        (marks.mp4(in_moov=marks.meta_box(OTHER)), "mark"),
        (marks.mp4(marks.meta_box(OTHER, key="")), "mark"),
        (marks.mp4(marks.meta_box(OTHER, key="xAIGC")), "guide"),
        (marks.mp4(behind=marks.box(b"uuid", bytes(16), marks.wrapped().encode())), "mark"),
        (marks.mp4(behind=marks.box(b"moov")), "2 `moov`"),
        (marks.mp4(in_moov=marks.box(b"cmov")), "compressed"),
        (marks.mp4()[:-1], "reaches beyond"),
        (marks.mp4()[:40], "reaches beyond"),
        (marks.mp4().replace(b"isom", b"crx ", 1), "raw"),
        (marks.mp4(marks.box(b"meta", bytes(4), b"\0\0\0\5keys")), "reaches beyond"),
        (marks.mp4(marks.meta_box("x", key="y").replace(b"keys\0\0\0\0\0\0\0\1", b"keys\0\0\0\0\0\0\0\2")), "counts"),
        (marks.mp4(in_moov=movie_files.track(movie_files.table(b"stco", [9999]))), "behind the file's end"),
        (marks.mp4(in_moov=movie_files.track(marks.box(b"stco", struct.pack(">III", 0, 99, 1)))), "cut off"),
        (marks.mp4(in_moov=movie_files.track(movie_files.table(b"stco", [300]), flags=0)), "another file"),
    ],
)  # fmt: skip
def test_what_would_break_the_file_or_a_mark_is_refused_before_the_first_piece(data: bytes, why: str) -> None:
    with pytest.raises(CarrierError, match=why):
        next(write(memoryview(data), MARK))


def test_sizes_of_zero_are_no_open_ends_where_none_can_be() -> None:
    long = struct.pack(">I4sQ", 1, b"free", 0)
    with pytest.raises(CarrierError, match="reaches beyond"):
        next(write(memoryview(marks.mp4(in_moov=long)), MARK))
    listed = marks.meta_box("Sea", key="").replace(b"mdir", b"mdta")
    keys = marks.box(b"keys", struct.pack(">II", 0, 1), bytes(8))
    meta = marks.box(b"meta", listed[8:], keys)
    with pytest.raises(CarrierError, match="`keys` has no size"):
        next(write(memoryview(marks.mp4(meta)), MARK))


def test_an_empty_or_huge_mark_is_refused() -> None:
    for mark in ("", "x" * 70_000):
        with pytest.raises(CarrierError, match="64 KiB"):
            next(write(memoryview(marks.mp4()), mark))


@pytest.mark.parametrize("form", ["faststart", "indexed", "fragments"])
def test_a_cut_film_is_refused_or_marked_whole(form: str) -> None:
    data = movie_files.film(form)
    for size in range(0, len(data), 97):
        check_refused_or_marked(data[:size], write, text_of)


@settings(max_examples=200, deadline=None)
@given(data=skeletons(), changes=CHANGES)
def test_a_mutated_file_is_refused_or_marked(data: bytes, changes: list[tuple[float, int]]) -> None:
    check_refused_or_marked(changed(data, changes), write, text_of)


@pytest.mark.parametrize(
    "data",
    [
        marks.mp4(in_moov=marks.box(b"free") * 20_000),
        marks.mp4(in_moov=movie_files.track(movie_files.table(b"stco", [1] * 1_000_000))),
        marks.mp4(in_moov=movie_files.track(movie_files.table(b"stco", [1])) * 2_000),
        marks.mp4() + marks.box(b"moof", marks.box(b"traf", marks.box(b"tfhd", struct.pack(">IIQ", 1, 1, 8)))) * 4_000,
        marks.mp4(*[marks.meta_box("Sea", key="title")] * 2_000),
        marks.mp4(marks.box(b"meta", bytes(4), marks.box(b"hdlr", bytes(8), b"mdta"), marks.box(b"keys", bytes(8), marks.box(b"mdta", b"k") * 900), marks.box(b"ilst", marks.box(b"\0\0\0\1", b"x") * 30_000))),
    ],
    ids=["boxes", "offsets", "tracks", "fragments", "lists", "items"],
)  # fmt: skip
def test_hostile_repetition_takes_little_time_and_memory(data: bytes) -> None:
    check_cost(data, write, text_of, peak_mib=64)


# Large files: sparse, so that they take no room on the disk


def _resident_kib() -> int:
    """Memory that this process has now, pages of mapped files with it."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def test_chunk_offsets_that_pass_4_gib_become_64_bit(tmp_path: Path) -> None:
    """Near the limit of 32 bits: the table is written as `co64`, and each offset still points at its bytes."""
    places = [2**32 - 20, 2**32 - 300, 5000]
    movie = marks.box(
        b"moov", marks.box(b"mvhd", bytes(100)), movie_files.track(movie_files.table(b"stco", places))
    )
    head = marks.box(b"ftyp", b"isom", bytes(4)) + movie
    size = 2**32 + 1000
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.write(head + struct.pack(">I4sQ", 1, b"mdat", size - len(head)))
        for place in places:
            file.seek(place)
            file.write(struct.pack(">QQ", place, 7))
        file.truncate(size)
    data = _mapped(path)
    new = b""
    for piece in write(data, MARK):
        new += piece
        if len(new) > 2000:
            break
    moved = movie_files.offsets(new[: new.index(b"mdat") - 4])
    growth = len(new[: new.index(b"mdat")]) - len(head) - 4
    assert b"co64" in new
    assert moved == [place + growth for place in places]
    assert sum(len(piece) for piece in write(data, MARK)) == size + growth


@pytest.mark.slow
def test_a_2_gb_video_takes_bounded_memory(tmp_path: Path) -> None:
    data, size = movie_files.film("faststart"), 2 * 10**9
    at = data.index(b"mdat") - 4
    source, target = tmp_path / "source.mp4", tmp_path / "target.mp4"
    with source.open("wb") as file:
        file.write(data[:at] + struct.pack(">I", size - at) + data[at + 4 :])
        file.truncate(size)
    mapped, before, peak, position = _mapped(source), _resident_kib(), 0, 0
    begin = time.process_time()
    with target.open("wb") as file:
        for piece in write(mapped, MARK):
            if position < 2**21:
                file.write(piece)
            else:  # a hole of the source, which is not written out, so that the test takes no 2 GB of the disk
                assert not piece[0]
                assert not piece[-1]
                file.seek(len(piece), os.SEEK_CUR)
            position += len(piece)
            peak = max(peak, _resident_kib())
        file.truncate(position)
    assert len(data) < 2**20
    assert position > size
    new = _mapped(target)
    assert text_of(new) == MARK  # type: ignore[arg-type]  # a view reads like bytes
    peak = max(peak, _resident_kib())
    assert peak - before < 64 * 1024
    assert time.process_time() - begin < 10
    with av.open(str(target)) as container:
        frames = [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
    with av.open(io.BytesIO(data)) as container:
        assert frames == [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]
