"""Whatever `brightline mark` is asked to do, in whatever combination, every mark from before is there afterwards.

Files of every kind carry all that their format holds; others carry marks that are defective, doubled, at odd places or by
foreign producers. Each is put through orders of every statement, law, producer and option, to another place and in place,
through `watch` and through `pipeline`. What a fresh inventory finds afterwards holds every mark from before: the same, with
propagation fields added, or, of a manifest, as the parent inside a new one. Or it was refused, and not one byte differs.
"""

import itertools
import shutil
import sys
from pathlib import Path

import msgspec
import pytest
from marking_parts import PRODUCER, PROPAGATOR, inventory, order, picture_bytes, plain_file, settings_in
from PIL import Image

import marks
from brightline.core.errors import BrightlineError
from brightline.core.subject import Kind, Media
from brightline.doors.cli.main import outcome
from brightline.marking.compare import Fate, compare
from brightline.marking.found import Layer
from brightline.marking.plan import Regime, Statement
from brightline.marking.samples import SUFFIXES
from brightline.marking.write import mark_file

KINDS = [
    Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF, Kind.TIFF, Kind.PDF, Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.MARKDOWN,
    Kind.WAV, Kind.FLAC, Kind.MP3, Kind.MP4,
]  # fmt: skip
EVERY = {
    Kind.MARKDOWN: 3,
    Kind.DOCX: 10,
    Kind.PDF: 20,
}  # each how manieth order; the quicker to read, the more
SELDOM = 60  # for kinds whose content takes long to search: all of them together still meet every order
PRODUCERS = (PRODUCER, "Somebody-Else")
LAWS = ((Regime.CN,), (Regime.EU,), (Regime.CN, Regime.EU, Regime.US))
ORDERS = [
    order(statement, regimes=regimes, producer=producer, resign=resign, explicit=explicit)
    for statement, regimes, producer, resign, explicit in itertools.product(
        Statement, LAWS, PRODUCERS, (False, True), (False, True)
    )
]
FOREIGN = [*marks.defective_files(), *marks.compliant_files()]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return settings_in(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def known(tmp_path_factory, settings):
    """For each kind, a file with every mark that it can hold, and its inventory; made once."""
    made = {}

    def give(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            target = folder / f"marked{SUFFIXES[kind]}"
            done = mark_file(plain_file(folder, kind), target, order(regimes=LAWS[-1]), settings)
            assert done.after.of(Layer.IMPLICIT), kind
            made[kind] = (target, inventory(target, settings))
        return made[kind]

    return give


def check_walked(path, before, one, settings, folder):
    """Carry out one order, to another place or in place; nothing from before may be gone. Whether it was carried out."""
    target = folder / f"again{path.suffix}"
    source = target if one.in_place else path
    shutil.copyfile(path, target) if one.in_place else target.unlink(missing_ok=True)
    data = path.read_bytes()
    try:
        done = mark_file(source, target, one, settings)
    except BrightlineError:
        assert path.read_bytes() == data
        assert target.read_bytes() == data if one.in_place else not target.exists()
        return False
    assert path.read_bytes() == data
    if target.read_bytes() != data:
        after = inventory(target, settings)
        check_kept(before, after)
        assert done.after.digest == after.digest
    return True


def check_kept(before, after):
    """Every mark is there, with no more changed than propagation fields and a manifest's place."""
    gone = compare(before, after).of(Fate.LOST, Fate.CHANGED, Fate.UNREAD)
    assert [(one.layer, one.fate, one.differs) for one in gone] == []
    for layer in Layer:
        assert len(after.of(layer)) >= len(before.of(layer)), layer
    for old, new in zip(before.of(Layer.C2PA), after.of(Layer.C2PA), strict=False):
        assert old.name == new.name or int(new.fact("ingredients")) >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_order_and_no_option_takes_a_mark_away(kind, tmp_path, settings, known):
    path, before = known(kind)
    assert check_walked(path, before, order(Statement.CONFIRMED, resign=True), settings, tmp_path)
    step = EVERY.get(kind, SELDOM)
    for number, one in enumerate(ORDERS[KINDS.index(kind) * 7 % step :: step]):
        again = msgspec.structs.replace(one, in_place=number % 2 == 1)
        check_walked(path, before, again, settings, tmp_path)


@pytest.mark.parametrize("file", FOREIGN, ids=lambda file: f"{file.kind}-{file.name}")
def test_defective_doubled_odd_and_foreign_marks_stay_too(file, tmp_path, settings):
    """What no writer of ours would write, and no writer of ours may mend by leaving something out."""
    path = tmp_path / f"theirs{SUFFIXES.get(file.kind, '.heic')}"
    path.write_bytes(file.data)
    before = inventory(path, settings)
    for number, statement in enumerate((Statement.CONFIRMED, Statement.SUSPECTED, Statement.GENERATED)):
        # One policy that writes metadata alone: what draws and embeds is walked above.
        regimes = (Regime.CN,) if not statement.is_of_producer else (Regime.US,)
        one = order(statement, regimes=regimes, resign=True, in_place=number == 1)
        check_walked(path, before, one, settings, tmp_path)


def test_watching_and_a_pipeline_of_copies_take_no_mark_away(tmp_path, settings, known, monkeypatch):
    # The commands read their settings here, as on a machine of their own.
    monkeypatch.setenv("BRIGHTLINE_HOME", str(settings.home))
    monkeypatch.setenv("BRIGHTLINE_JOBS", "1")
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for kind in (Kind.MARKDOWN, Kind.DOCX, Kind.PNG):
        shutil.copyfile(known(kind)[0], Path("in") / f"{kind}{SUFFIXES[kind]}")
    platform = ["--as", "confirmed", "--propagator", PROPAGATOR]
    assert outcome(
        ["mark", "watch", "in", "-o", "out", *platform, "--settle", "0.1", "--once", "--quiet"]
    ) in {0, 1}
    copying = [sys.executable, "-c", "import shutil, sys; shutil.copyfile(*sys.argv[1:])", "{in}", "{out}"]
    assert outcome(["mark", "pipeline", "in", "--quiet", "--", *copying]) == 0
    for kind in (Kind.MARKDOWN, Kind.DOCX, Kind.PNG):
        path, before = known(kind)
        assert (Path("in") / f"{kind}{SUFFIXES[kind]}").read_bytes() == path.read_bytes()
        spread = Path("out") / f"{kind}{SUFFIXES[kind]}"
        if spread.exists():  # a file with a manifest is refused without --resign
            check_kept(before, inventory(spread, settings))


def test_the_check_notices_what_it_is_for(tmp_path, settings, known):
    """A picture saved anew has lost its marks; a doubled mark of which one is left has lost one."""
    path, before = known(Kind.PNG)
    with Image.open(path) as image:
        (tmp_path / "anew.png").write_bytes(picture_bytes(image, "PNG"))
    with pytest.raises(AssertionError):
        check_kept(before, inventory(tmp_path / "anew.png", settings))


def test_at_least_a_dozen_kinds_of_all_media_and_every_sort_of_mark_are_walked(known):
    assert len(KINDS) >= 12
    assert {kind.media for kind in KINDS} == {
        Media.IMAGE, Media.DOCUMENT, Media.TEXT, Media.AUDIO, Media.VIDEO}  # fmt: skip
    found = {mark.layer for kind in (Kind.PNG, Kind.MARKDOWN) for mark in known(kind)[1].marks}
    assert found >= {Layer.EXPLICIT, Layer.WATERMARK, Layer.IMPLICIT, Layer.IPTC, Layer.C2PA}
