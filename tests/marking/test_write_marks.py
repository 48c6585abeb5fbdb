"""Marking file to file: round trips over every carrier, and what happens to files that cannot be had or replaced."""

import hashlib
import os
import stat
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from marking_parts import (
    LAWS,
    PRODUCER,
    PROPAGATOR,
    inventory,
    marked_file,
    order,
    picture_bytes,
    plain_file,
    settings_in,
)
from PIL import Image

import marks
from brightline.carriers.writers import WRITERS
from brightline.core.errors import IntakeError, MarkingError
from brightline.core.subject import Kind
from brightline.marking import steps
from brightline.marking.compare import Fate
from brightline.marking.draft import PREFIX
from brightline.marking.found import Layer
from brightline.marking.order import Numbering
from brightline.marking.plan import Regime, Statement
from brightline.marking.samples import SUFFIXES, sample_kinds
from brightline.marking.write import Result, mark_file
from brightline.media.rewrite_image import rewrite_image
from brightline.settings import MarkSetting, Settings
from brightline.watermark.sound import PAYLOAD_BITS

PLATFORM = (
    Statement.SUSPECTED
)  # writes the implicit mark alone, so that these tests need no letters and no sound


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", jobs=1)


@pytest.fixture(scope="module")
def equipped(tmp_path_factory):
    return settings_in(tmp_path_factory.mktemp("equipped"))


def test_there_is_a_sample_of_every_kind_that_is_marked_but_heif():
    assert {*WRITERS} - {*sample_kinds()} == {Kind.HEIF}


@pytest.mark.parametrize("kind", sample_kinds())
def test_every_carrier_takes_a_mark_keeps_its_content_and_a_second_run_changes_nothing(
    kind, tmp_path, settings
):
    source = plain_file(tmp_path, kind)
    plain = source.read_bytes()
    marked, spread = tmp_path / f"marked{source.suffix}", tmp_path / f"spread{source.suffix}"
    first = mark_file(source, marked, order(PLATFORM), settings)
    assert [one.step.layer for one in first.written] == [Layer.IMPLICIT]
    assert first.content
    assert source.read_bytes() == plain
    found = first.after.of(Layer.IMPLICIT)
    assert [mark.fact("ContentPropagator") for mark in found] == [PROPAGATOR]
    assert not any(mark.fact("defects") for mark in found)
    again = mark_file(marked, spread, order(PLATFORM), settings)
    assert again.result is Result.UNCHANGED
    assert spread.read_bytes() == marked.read_bytes()


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.MARKDOWN, Kind.PDF, Kind.DOCX])
def test_all_layers_that_a_kind_can_hold_read_back_in_one_file(kind, tmp_path, equipped):
    target = marked_file(tmp_path, kind, equipped)
    held = {mark.layer for mark in inventory(target, equipped).marks}
    wanted = {
        Kind.PNG: {Layer.EXPLICIT, Layer.WATERMARK, Layer.IMPLICIT, Layer.IPTC, Layer.C2PA},
        Kind.MARKDOWN: {Layer.EXPLICIT, Layer.IMPLICIT},
        Kind.PDF: {Layer.IMPLICIT, Layer.C2PA},
        Kind.DOCX: {Layer.IMPLICIT},
    }[kind]
    assert held == wanted


def test_a_platform_adds_itself_and_touches_nothing_of_the_producer(tmp_path, settings):
    source = tmp_path / "theirs.wav"
    source.write_bytes(marks.wav(marks.riff_chunk(b"AIGC", marks.bare().encode())))
    done = mark_file(source, tmp_path / "spread.wav", order(Statement.CONFIRMED, number="p-1"), settings)
    change = done.comparison.changes[0]
    assert (change.fate, change.differs) == (Fate.EXTENDED, ("ContentPropagator", "PropagateID"))
    after = done.after.of(Layer.IMPLICIT)[0]
    for name in ("Label", "ContentProducer", "ProduceID"):
        assert after.fact(name) == marks.fields()[name]
    assert (after.fact("ContentPropagator"), after.fact("PropagateID")) == (PROPAGATOR, "p-1")


@pytest.mark.parametrize("statement", [Statement.GENERATED, Statement.POSSIBLE, Statement.SUSPECTED])
def test_the_mark_of_another_producer_is_never_written_over(statement, tmp_path, settings):
    source = tmp_path / "theirs.wav"
    source.write_bytes(marks.wav(marks.riff_chunk(b"AIGC", marks.bare().encode())))
    with pytest.raises(MarkingError):
        mark_file(source, tmp_path / "x.wav", order(statement, producer="Somebody-Else"), settings)
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize("file", [one for one in marks.defective_files() if one.code in {"duplicate", "contradiction"}],
                         ids=lambda one: one.name)  # fmt: skip
def test_of_two_marks_none_is_removed(file, tmp_path, settings):
    source = tmp_path / f"two.{file.kind}"
    source.write_bytes(file.data)
    with pytest.raises(MarkingError):
        mark_file(source, tmp_path / f"x.{file.kind}", order(Statement.CONFIRMED), settings)
    assert source.read_bytes() == file.data


def test_in_place_replaces_the_file_keeps_its_mode_and_a_second_run_changes_nothing(tmp_path, settings):
    source = plain_file(tmp_path, Kind.WAV)
    source.chmod(0o640)
    first = mark_file(source, source, order(PLATFORM, in_place=True), settings)
    assert first.result is Result.MARKED
    assert stat.S_IMODE(source.stat().st_mode) == 0o640
    marked = source.read_bytes()
    second = mark_file(source, source, order(PLATFORM, in_place=True), settings)
    assert second.result is Result.UNCHANGED
    assert source.read_bytes() == marked
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(PREFIX)] == []


def test_extended_attributes_come_along(tmp_path, settings):
    source = plain_file(tmp_path, Kind.PNG)
    try:
        os.setxattr(source, "user.camera", b"seven")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    mark_file(source, source, order(PLATFORM, in_place=True), settings)
    assert os.getxattr(source, "user.camera") == b"seven"


def test_the_same_source_gets_the_same_number_and_a_second_run_finds_its_work_done(tmp_path, settings):
    source, target = plain_file(tmp_path, Kind.FLAC), tmp_path / "out.flac"
    first = mark_file(source, target, order(PLATFORM), settings)
    inode = target.stat().st_ino
    second = mark_file(source, target, order(PLATFORM), settings)
    assert second.result is Result.UNCHANGED
    assert second.after.of(Layer.IMPLICIT) == first.after.of(Layer.IMPLICIT)
    assert target.stat().st_ino == inode


def test_a_second_run_finds_its_work_done_where_the_first_had_to_leave_a_layer_out(tmp_path, equipped):
    source = tmp_path / "small.png"
    source.write_bytes(picture_bytes(Image.new("RGB", (200, 150), (40, 90, 160)), "PNG"))
    wanted = order(regimes=(Regime.CN, Regime.EU))
    first = mark_file(source, tmp_path / "marked.png", wanted, equipped)
    assert [left.layer for left in first.left_out] == [Layer.WATERMARK]
    again = mark_file(source, tmp_path / "marked.png", wanted, equipped)
    assert again.result is Result.UNCHANGED
    assert [left.layer for left in again.left_out] == [Layer.WATERMARK]
    assert not again.is_complete


def test_without_an_implicit_mark_a_second_run_finds_its_work_and_still_overwrites_no_other(
    tmp_path, equipped
):
    """The watermark's payload, equal pixels, the same steps again: each shows that a file comes from this source."""
    bare = msgspec.structs.replace(equipped, home=tmp_path / "no keys", mark=MarkSetting())
    other = tmp_path / "other.png"
    other.write_bytes(picture_bytes(Image.effect_noise((640, 480), 70).convert("RGB"), "PNG"))
    for name, wanted, settings in (
        ("payload", order(regimes=(Regime.EU,)), equipped),
        ("pixels", order(regimes=(Regime.EU,), system=""), bare),
        ("again", order(regimes=(Regime.EU,), system="", explicit=True), bare),
    ):
        source, target = plain_file(tmp_path / name, Kind.PNG), tmp_path / name / "out.png"
        mark_file(source, target, wanted, settings)
        data = target.read_bytes()
        again = mark_file(source, target, wanted, settings)
        assert again.result is Result.UNCHANGED, name
        assert again.kept, name
        with pytest.raises(MarkingError, match="exists already"):
            mark_file(other, target, wanted, settings)
        assert target.read_bytes() == data, name


def test_a_signed_file_stays_as_it_is_where_what_it_lacks_cannot_be_written(tmp_path, equipped):
    path = tmp_path / "small.png"
    path.write_bytes(picture_bytes(Image.new("RGB", (200, 150), (40, 90, 160)), "PNG"))
    wanted = order(regimes=(Regime.CN, Regime.EU), in_place=True)
    assert Layer.C2PA in [one.step.layer for one in mark_file(path, path, wanted, equipped).written]
    data = path.read_bytes()
    for one in (wanted, msgspec.structs.replace(wanted, resign=True)):
        again = mark_file(path, path, one, equipped)
        assert again.result is Result.UNCHANGED
        assert [left.layer for left in again.left_out] == [Layer.WATERMARK]
        assert "pixels" in again.left_out[0].why.en
        assert path.read_bytes() == data
    assert sorted(one.name for one in tmp_path.iterdir()) == ["small.png"]


def test_a_layer_that_became_possible_is_told_with_what_to_do(tmp_path, equipped):
    source, target = plain_file(tmp_path, Kind.PNG), tmp_path / "out.png"
    bare = msgspec.structs.replace(equipped, home=tmp_path / "no keys", mark=MarkSetting())
    wanted = order(regimes=(Regime.CN, Regime.EU))
    mark_file(source, target, wanted, bare)
    data = target.read_bytes()
    again = mark_file(source, target, wanted, equipped)
    assert target.read_bytes() == data
    told = {left.layer: left.why.en for left in again.left_out}
    assert {*told} == {Layer.WATERMARK, Layer.C2PA}
    assert all("can be written now" in why and "another place" in why for why in told.values())
    full = mark_file(source, tmp_path / "full.png", wanted, equipped)
    assert not full.left_out


def test_metadata_alone_are_written_without_a_search_of_pixels_and_pixels_are_compared(
    tmp_path, equipped, monkeypatch
):
    marked = marked_file(tmp_path, Kind.PNG, equipped, regimes=[Regime.CN])
    done = mark_file(marked, tmp_path / "spread.png", order(Statement.CONFIRMED), equipped)
    assert {*done.before.unsearched} == {Layer.EXPLICIT, Layer.WATERMARK} == {*done.after.unsearched}
    assert done.content == "pixels"
    assert done.before.traits.content == done.after.traits.content
    found = inventory(tmp_path / "spread.png", equipped)
    assert found.of(Layer.EXPLICIT)
    assert found.of(Layer.WATERMARK)
    honest = steps.WRITERS[Kind.PNG]
    brighter = {Kind.PNG: lambda view, mark: iter([_brighter(b"".join(map(bytes, honest(view, mark))))])}
    monkeypatch.setattr(steps, "WRITERS", brighter)  # none of ours touches a pixel
    with pytest.raises(MarkingError, match="pixels"):
        mark_file(marked, tmp_path / "x.png", order(Statement.CONFIRMED), equipped)
    assert not (tmp_path / "x.png").exists()


def _brighter(data):
    """The same file with all its metadata, and every pixel a little brighter."""
    return rewrite_image(data, Kind.PNG, [lambda pixels: np.minimum(pixels, 254) + np.uint8(1)])


def test_the_bits_of_a_number_are_those_of_the_watermarks():
    assert steps.SOUND_BITS == PAYLOAD_BITS
    assert steps.IMAGE_BITS == 48


def test_a_file_that_the_c2pa_library_would_break_gets_all_marks_but_the_manifest(tmp_path, equipped):
    source = tmp_path / "pages.tif"
    pages = [Image.effect_noise((300, 200), 60).convert("RGB") for _ in range(3)]
    source.write_bytes(
        picture_bytes(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    )
    done = mark_file(source, tmp_path / "marked.tif", order(regimes=(Regime.CN, Regime.EU)), equipped)
    assert {mark.layer for mark in done.after.marks} >= {Layer.IMPLICIT, Layer.IPTC}
    assert Layer.C2PA in [left.layer for left in done.left_out if left.asked]
    assert done.content == "pixels"
    assert not done.is_complete


def test_numbers_by_time_differ(tmp_path, settings):
    source = plain_file(tmp_path, Kind.PNG)
    done = [
        mark_file(source, tmp_path / f"{index}.png", order(PLATFORM, numbering=Numbering.TIME), settings)
        for index in range(2)
    ]
    assert len({one.after.of(Layer.IMPLICIT)[0].name for one in done}) == 2


def test_another_file_is_never_overwritten(tmp_path, settings):
    source, target = plain_file(tmp_path, Kind.PNG), tmp_path / "out.png"
    target.write_bytes(marks.plain_png())
    with pytest.raises(MarkingError, match="exists already"):
        mark_file(source, target, order(PLATFORM), settings)
    assert target.read_bytes() == marks.plain_png()


def test_a_link_is_followed_said_and_left_as_it_is(tmp_path, settings):
    source = plain_file(tmp_path / "real", Kind.PNG)
    link = tmp_path / "link.png"
    link.symlink_to(source)
    done = mark_file(link, link, order(PLATFORM, in_place=True), settings)
    assert link.is_symlink()
    assert done.notes
    assert inventory(source, settings).of(Layer.IMPLICIT)


def test_a_file_with_two_names_is_not_replaced(tmp_path, settings):
    source = plain_file(tmp_path, Kind.PNG)
    os.link(source, tmp_path / "other.png")
    with pytest.raises(MarkingError, match="hard links"):
        mark_file(source, source, order(PLATFORM, in_place=True), settings)
    assert mark_file(source, tmp_path / "out.png", order(PLATFORM), settings).result is Result.MARKED


def test_a_read_only_file_is_not_replaced(tmp_path, settings):
    source = plain_file(tmp_path, Kind.PNG)
    source.chmod(0o444)
    before = source.read_bytes()
    with pytest.raises(MarkingError, match="read-only"):
        mark_file(source, source, order(PLATFORM, in_place=True), settings)
    assert source.read_bytes() == before


def test_the_source_itself_is_no_target(tmp_path, settings):
    source = plain_file(tmp_path, Kind.PNG)
    with pytest.raises(MarkingError, match="in-place"):
        mark_file(source, source, order(PLATFORM), settings)


def test_a_broken_file_is_not_marked(tmp_path, settings):
    source = tmp_path / "cut.png"
    source.write_bytes(marks.plain_png()[:-20])
    with pytest.raises(MarkingError, match="read to its end"):
        mark_file(source, tmp_path / "out.png", order(PLATFORM), settings)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.png"]


def test_a_file_of_no_format_and_a_missing_one_are_told(tmp_path, settings):
    source = tmp_path / "x.bin"
    source.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(MarkingError, match="no format"):
        mark_file(source, tmp_path / "y.bin", order(PLATFORM), settings)
    with pytest.raises((MarkingError, IntakeError), match="gone"):
        mark_file(tmp_path / "gone", tmp_path / "y", order(PLATFORM), settings)


FULL_DISK = """
import resource, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from marking_parts import order
from brightline.core.errors import MarkingError
from brightline.marking.plan import Statement
from brightline.marking.write import mark_file
from brightline.settings import Settings
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for in_place in (True, False):
    target = folder / "plain.wav" if in_place else folder / "out.wav"
    try:
        mark_file(folder / "plain.wav", target, order(Statement.SUSPECTED, in_place=in_place), Settings(home=folder))
    except MarkingError as error:
        print(error)
"""


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path):
    source = plain_file(tmp_path, Kind.WAV)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), *[one for one in sys.path if "tests" in one]],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.lower().count("file too large") == 2
    assert hashlib.sha256(source.read_bytes()).hexdigest() == digest
    assert [path.name for path in tmp_path.iterdir()] == ["plain.wav"]


def test_a_signed_file_is_refused_and_with_resign_its_manifest_becomes_the_parent(tmp_path, equipped):
    signed = marked_file(tmp_path, Kind.PDF, equipped, regimes=[Regime.EU])
    with pytest.raises(MarkingError, match="--resign"):
        mark_file(signed, tmp_path / "x.pdf", order(), equipped)
    done = mark_file(signed, tmp_path / "anew.pdf", order(resign=True), equipped)
    manifest = done.after.of(Layer.C2PA)[0]
    assert manifest.fact("integrity") == "intact"
    assert manifest.fact("ingredients") == "1"
    assert done.after.of(Layer.IMPLICIT)


def test_a_platforms_guess_is_not_signed(tmp_path, equipped):
    signed = marked_file(tmp_path, Kind.PDF, equipped, regimes=[Regime.EU])
    with pytest.raises(MarkingError, match="source type"):
        mark_file(signed, tmp_path / "x.pdf", order(Statement.POSSIBLE, resign=True), equipped)


def test_california_wants_the_system_named(tmp_path, equipped):
    source = plain_file(tmp_path, Kind.PNG)
    with pytest.raises(MarkingError, match="--system"):
        mark_file(source, tmp_path / "x.png", order(regimes=LAWS, system=""), equipped)


def test_an_order_without_a_name_is_refused(tmp_path, settings):
    source = plain_file(tmp_path, Kind.PNG)
    with pytest.raises(MarkingError, match="--producer"):
        mark_file(source, tmp_path / "x.png", order(producer=""), settings)


def test_progress_is_told_to_its_end(tmp_path, settings):
    told = []
    source = plain_file(tmp_path, Kind.WAV)
    mark_file(
        source,
        tmp_path / f"out{SUFFIXES[Kind.WAV]}",
        order(PLATFORM),
        settings,
        lambda *now: told.append(now),
    )
    assert told[-1][0] == (tmp_path / "out.wav").stat().st_size
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_reads_back_otherwise_is_not_put_into_place(tmp_path, settings, monkeypatch):
    """A writer that forgets a field, or touches the sound, is caught by the readers."""
    source = plain_file(tmp_path, Kind.WAV)
    honest = steps.WRITERS[Kind.WAV]
    forgetful = {Kind.WAV: lambda view, mark: honest(view, mark.replace(PROPAGATOR, PRODUCER))}
    careless = {
        Kind.WAV: lambda view, mark: iter(
            [b"".join(map(bytes, honest(view, mark))).replace(view[2000:2064], bytes(64))]
        )
    }
    silent = {Kind.WAV: lambda view, _mark: iter([view])}
    for writers, said in ((forgetful, "another"), (careless, "packets"), (silent, "read back")):
        monkeypatch.setattr(steps, "WRITERS", writers)  # none of ours fails so
        with pytest.raises(MarkingError, match=said):
            mark_file(source, tmp_path / "x.wav", order(PLATFORM), settings)
        assert not (tmp_path / "x.wav").exists()
