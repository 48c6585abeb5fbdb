"""The line with real workers and a real ledger: what is given out, what is not judged twice, what changes under us."""

import time

import pytest

from brightline.assembly import assemble
from brightline.core.subject import Context
from brightline.line import Job
from brightline.settings import BankSetting, Settings

CONTEXT = Context(time="2026-11-23T00:00:00Z")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with assemble(Settings(home=tmp_path_factory.mktemp("home"), jobs=1)) as house:
        yield house


def judge(house, *jobs, preview=False):
    return list(house.line.judge(jobs, preview=preview))


def test_a_judgement_is_given_out_only_when_it_is_in_the_ledger(house):
    for judgement in house.line.judge(
        Job(name=str(one), data=b"text %d" % one, context=CONTEXT) for one in range(50)
    ):
        assert house.ledger.entry(judgement.receipt.index).subject == judgement.examination.facts.digest


def test_the_same_bytes_in_the_same_context_are_judged_once(house):
    first = judge(house, *[Job(name=name, data=b"the same", context=CONTEXT) for name in "abc"])
    assert {one.receipt.index for one in first} == {first[0].receipt.index}
    assert sorted(one.recorded_before for one in first) == [False, True, True]
    later = Context(time="2026-11-24T00:00:00Z")
    assert judge(house, Job(name="d", data=b"the same", context=later))[0].recorded_before
    other = Context(time="2026-11-24T00:00:00Z", channel="mail")
    assert not judge(house, Job(name="e", data=b"the same", context=other))[0].recorded_before


def test_a_known_subject_still_gets_its_preview(house):
    job = Job(name="seen", data=b"something to look at", context=CONTEXT)
    assert judge(house, job)[0].previews == ()
    (again,) = judge(house, job, preview=True)
    assert again.recorded_before
    assert again.previews[0].preview.excerpts[0].text == "something to look at"


def test_what_cannot_be_read_is_an_error_and_not_an_entry(house, tmp_path):
    size = house.ledger.size
    (judgement,) = judge(house, Job(name="gone", path=str(tmp_path / "gone"), context=CONTEXT))
    assert judgement.decision is None
    assert judgement.receipt is None
    assert "No such file" in judgement.error
    assert house.ledger.size == size


def test_a_file_that_changes_while_it_is_judged_is_not_taken_for_its_old_self(house, tmp_path):
    file = tmp_path / "f"
    file.write_text("before")

    def jobs():
        yield Job(name="f", path=str(file), context=CONTEXT)

    tasks = house.line._pool.run

    def late(given):
        def changing():
            for task in given:
                if task is not None:
                    file.write_text("after, and longer")
                yield task

        return tasks(changing())

    house.line._pool.run = late
    try:
        (judgement,) = house.line.judge(jobs())
    finally:
        del house.line._pool.run
    assert judgement.examination.facts.characters == len("after, and longer")
    file.write_text("before")
    (again,) = judge(house, Job(name="f", path=str(file), context=CONTEXT))
    assert not again.recorded_before
    assert again.examination.facts.characters == len("before")


def test_a_thousand_known_subjects_come_back_quickly(house):
    jobs = [Job(name=str(one), data=b"note %d" % one, context=CONTEXT) for one in range(1000)]
    first = judge(house, *jobs)
    began = time.process_time()
    second = judge(house, *jobs)
    assert time.process_time() - began < 5
    assert {one.receipt.index for one in first} == {one.receipt.index for one in second}
    assert all(one.recorded_before for one in second)


def test_a_malformed_bank_is_told_before_work_begins(tmp_path):
    bank = tmp_path / "bank.csv"
    bank.write_text("type,value,id\nsha256,not-hex,one\n")
    from brightline.core.errors import BankError

    settings = Settings(
        home=tmp_path / "home", jobs=1, banks=(BankSetting(name="b", path=bank, harm="fraud_ai"),)
    )
    with pytest.raises(BankError, match=r"bank\.csv:2"), assemble(settings):
        pass
