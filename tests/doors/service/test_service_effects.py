"""Decisions take effect one by one: one that fails keeps none of the others waiting, is told of, and comes again."""

import hashlib

import pytest
from sqlalchemy import delete, select

from brightline.core.decision import Action
from brightline.core.subject import Context
from brightline.doors.service import resting
from brightline.doors.service.effects import take_effect
from brightline.doors.service.resting import Resting
from brightline.doors.service.serve import open_state
from brightline.review import cases, outbox, people, submissions
from brightline.review.cases import Ruling
from brightline.review.people import Role
from brightline.review.submissions import Judged, Offer
from brightline.review.tables import events
from brightline.review.tables import outbox as notices
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting

SETTING = ServiceSetting(undo_seconds=0.0, workers=False)


@pytest.fixture
def state(tmp_path):
    with open_state(Settings(home=tmp_path, jobs=1, service=SETTING)) as opened:
        yield opened


def decided_cases(state, count):
    """Cases that a person has decided, oldest first."""
    store = state.store
    context = Context(channel="api", time="2026-11-23T12:00:00Z")
    offers = [
        Offer(tenant="t", name="a.txt", data=f"{n}".encode(), asked=f"{n}", context=context)
        for n in range(count)
    ]
    submissions.accept(store, offers, SETTING)
    held = submissions.lease(store, "w", count, SETTING)
    digest = hashlib.sha256(b"x").hexdigest()
    judged = [
        Judged(
            id=one.id, entry=0, leaf=digest, digest=digest, kind="text", action=Action.REVIEW, harm="fraud_ai",
            severity="high", probability=0.9, gaps=0, seconds=0.1,
        )
        for one in held
    ]  # fmt: skip
    submissions.complete(store, "w", judged, SETTING)
    rev = people.add_person(store, "t", "rev", "Rev", (Role.REVIEWER,), "correct horse battery")
    made = []
    for one in held:
        with store.writing() as connection:
            case = cases.of_submission(connection, one.id, "t")
            cases.decide(connection, case, "t", rev.id, Ruling(action=Action.BLOCK), SETTING, lead=False)
            made.append(case)
    return made


def states_of(state, found):
    with state.store.reading() as connection:
        return [cases.get(connection, case, "t").state.value for case in found]


def test_one_that_cannot_take_effect_keeps_no_other_waiting_and_is_told_of(state, caplog, monkeypatch):
    outbox.add_hook(state.store, "t", "http://127.0.0.1:9/", ("decision.stuck",))
    found = decided_cases(state, 3)
    broken = found[0]
    with state.store.writing() as connection:  # its ruling is lost
        row = connection.execute(
            select(events).where(events.c.case_id == broken, events.c.what == "decided")
        ).one()
        connection.execute(delete(events).where(events.c.id == row.id))
    assert take_effect(state) == 2
    assert states_of(state, found) == ["decided", "closed", "closed"]
    assert any(broken in one.getMessage() for one in caplog.records)
    with state.store.reading() as connection:
        assert [one.what for one in cases.history(connection, broken)][-1] == "stuck"
        told = connection.execute(select(notices)).one()
    assert (told.event, broken.encode() in told.body) == ("decision.stuck", True)
    assert take_effect(state) == 0  # it rests, and nothing is logged
    monkeypatch.setattr(resting.time, "monotonic", lambda moment=resting.time.monotonic: moment() + 10)
    assert take_effect(state) == 0
    with state.store.writing() as connection:  # mended
        connection.execute(events.insert().values(**row._mapping))
        assert [one.what for one in cases.history(connection, broken)].count("stuck") == 1
    monkeypatch.setattr(resting.time, "monotonic", lambda moment=resting.time.monotonic: moment() + 10)
    assert take_effect(state) == 1
    assert states_of(state, found) == ["closed"] * 3
    assert state.resting.now() == []


def test_what_fails_again_rests_longer_and_no_more_than_some_are_remembered(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(resting.time, "monotonic", lambda: now[0])
    rests = Resting()
    for times, pause in ((1, 1), (2, 2), (3, 4)):
        assert rests.failed("a") == times
        now[0] += pause - 0.01
        assert rests.now() == ["a"]
        now[0] += 0.02
        assert rests.now() == []
    for _ in range(40):
        rests.failed("a")
    now[0] += resting.LONGEST_S + 1
    assert rests.now() == []
    for n in range(resting.RESTING_MOST + 5):
        rests.failed(f"b{n}")
    assert len(rests.now()) == resting.RESTING_MOST
    rests.worked("b9")
    assert "b9" not in rests.now()
