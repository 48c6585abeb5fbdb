"""A worker's journal gives back what was found, however its process ended."""

from brightline.core.finding import Basis, Finding
from brightline.core.subject import Gap, GapKind
from brightline.core.words import Words
from brightline.examine.journal import Journal, read_journal

WORDS = Words(en="seen", zh="见到")
FINDING = Finding(detector="a.b", claim="a.claim", basis=Basis.PROOF, probability=1.0, why=WORDS)
GAP = Gap(source="a.b", kind=GapKind.FAILED, why=WORDS)


def test_what_was_kept_is_read_and_what_death_cut_off_is_not(tmp_path):
    path = tmp_path / "journal"
    path.touch()
    journal = Journal(str(path))
    journal.begin(7)
    journal.keep(FINDING)
    whole_until = path.stat().st_size
    journal.keep(GAP)
    data = path.read_bytes()
    assert read_journal(path, 7) == ((FINDING,), (GAP,))
    for size in range(len(data)):
        path.write_bytes(data[:size])
        assert read_journal(path, 7) == ((FINDING,) if size >= whole_until else (), ())


def test_another_task_is_not_taken_for_this_one(tmp_path):
    path = tmp_path / "journal"
    path.touch()
    journal = Journal(str(path))
    journal.begin(1)
    journal.keep(FINDING)
    assert read_journal(path, 2) == ((), ())  # killed between two tasks, before it started over
    journal.begin(2)
    journal.keep(GAP)
    assert read_journal(path, 2) == ((), (GAP,))
    assert read_journal(path, 1) == ((), ())
