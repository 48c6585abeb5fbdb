"""Workers: whatever a detector does, findings made before are kept, the failure is a gap, the others still look."""

import os
import signal
import time

import msgspec
import pytest

from brightline.core.errors import DetectorError
from brightline.core.subject import Context, GapKind
from brightline.examine.catalogue import Entry
from brightline.examine.messages import Task
from brightline.examine.pool import Pool
from brightline.settings import Limits, Settings

CONTEXT = Context(time="2026-11-23T00:00:00Z")
ENTRIES = (
    Entry("a.evil", "bad.evil", text=True),
    Entry("b.absent", "bad.absent", kinds=("png",)),
    Entry("z.good", "bad.good", text=True),
)
LIMITS = Limits(detector_seconds=1.0, subject_seconds=4.0)


@pytest.fixture(scope="module")
def pool():
    with Pool(Settings(jobs=2, limits=LIMITS), ENTRIES) as pool:
        yield pool


def judge(pool, *texts):
    tasks = [
        Task(number=index, data=text.encode(), name=str(index), context=CONTEXT)
        for index, text in enumerate(texts)
    ]
    done = {one.number: one for batch in pool.run(tasks) for one in batch}
    assert sorted(done) == list(range(len(texts)))
    return [done[index].examination for index in range(len(texts))]


def claims(examination, detector):
    return [finding.claim for finding in examination.findings if finding.detector == detector]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("CRASH", GapKind.CRASH),
        ("EXIT", GapKind.CRASH),
        ("NATIVE-HANG", GapKind.TIMEOUT),
        ("HANG", GapKind.TIMEOUT),
        ("RAISE", GapKind.FAILED),
        ("REFUSE", GapKind.FAILED),
        ("MEMORY", GapKind.LIMIT),
    ],
)
def test_a_failure_is_a_gap_and_what_was_found_before_is_kept(pool, word, kind):
    began = time.monotonic()
    (examination,) = judge(pool, f"FRAUD then {word}")
    assert time.monotonic() - began < 10
    assert [(gap.source, gap.kind) for gap in examination.gaps] == [("a.evil", kind)]
    # one by the detector that failed, before it failed, and one by the detector after it
    assert len(examination.findings) == 2
    assert examination.gaps[0].why.zh != examination.gaps[0].why.en


def test_each_of_two_crashes_on_one_subject_leaves_its_gap(pool):
    """A worker dies, the next one dies on a later part: nothing of the first death is forgotten."""
    mail = (
        "From: a@b.test\nTo: c@d.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\nFRAUD CRASH\n--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nFRAUD EXIT\n--x--\n"
    )
    (examination,) = judge(pool, mail)
    crashed = {gap.part for gap in examination.gaps if gap.kind is GapKind.CRASH}
    assert len(crashed) == 2
    assert crashed <= {finding.part for finding in examination.findings}


def test_a_flood_of_findings_is_cut_and_said(pool):
    (examination,) = judge(pool, "FRAUD FLOOD")
    assert 100 < len(examination.findings) < 1000
    assert [gap.kind for gap in examination.gaps] == [GapKind.LIMIT]


def test_neighbours_of_a_crash_are_judged_as_if_nothing_had_been(pool):
    words = ["FRAUD", "CRASH", "fine", "FRAUD EXIT", "FRAUD"] * 4
    for word, examination in zip(words, judge(pool, *words), strict=True):
        assert bool(examination.gaps) == ("CRASH" in word or "EXIT" in word)
        assert bool(examination.findings) == ("FRAUD" in word)


def test_the_same_subject_gives_the_same_bytes(pool):
    first, second = judge(pool, "FRAUD RAISE", "FRAUD RAISE")
    renamed = msgspec.structs.replace(second, facts=msgspec.structs.replace(second.facts, name="0"))
    assert msgspec.json.encode(first) == msgspec.json.encode(renamed)


def test_a_detector_that_cannot_be_imported_leaves_a_gap_where_it_fits(tmp_path, pool):
    from PIL import Image

    file = tmp_path / "a"
    Image.new("RGB", (8, 8)).save(file, "PNG")
    (done,) = [
        one for batch in pool.run([Task(number=0, path=bytes(file), context=CONTEXT)]) for one in batch
    ]
    assert ("b.absent", GapKind.MISSING) in [(gap.source, gap.kind) for gap in done.examination.gaps]


def test_a_file_nobody_can_look_into_is_a_gap(pool):
    (examination,) = judge(pool, "\x00\x01\x02\xff\xfe" * 50)
    assert [gap.kind for gap in examination.gaps] == [GapKind.MISSING]


def test_a_file_that_cannot_be_read_is_an_error_and_no_examination(pool):
    (done,) = [
        one
        for batch in pool.run([Task(number=0, path=b"/nonexistent/x", name="x", context=CONTEXT)])
        for one in batch
    ]
    assert done.examination is None
    assert done.error


def test_a_worker_killed_from_outside_is_replaced(pool):
    def tasks():
        for index in range(40):
            if index in {10, 20}:
                os.kill(pool._workers[0].process.pid, signal.SIGKILL)
            yield Task(number=index, data=b"FRAUD %d" % index, context=CONTEXT)

    done = [one for batch in pool.run(tasks()) for one in batch]
    assert sorted(one.number for one in done) == list(range(40))


def test_workers_cannot_reach_the_network():
    entry = Entry("net", "bad.net", text=True)
    with Pool(Settings(jobs=1, limits=LIMITS), (entry,)) as pool:
        (examination,) = judge(pool, "any text")
    assert [finding.details[0].value for finding in examination.findings] == ["PermissionError"]


def test_workers_that_die_at_once_are_an_error_and_not_a_loop():
    entry = Entry("stillborn", "bad.stillborn", text=True)
    with (
        Pool(Settings(jobs=1, limits=LIMITS), (entry,)) as pool,
        pytest.raises(DetectorError, match="died before"),
    ):
        judge(pool, "any text")


def test_large_data_must_come_as_a_file():
    with pytest.raises(ValueError, match="give a path"):
        Task(number=0, data=b"x" * 40_000, context=CONTEXT)
