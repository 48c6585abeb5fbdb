"""Cases: claimed by one, decided once, taken back within the window, reviewed blindly by a second."""

import msgspec
import pytest
from review_parts import SETTING, case_of

from brightline.core.decision import Action
from brightline.core.errors import ConflictError, NotThereError, RefusedError
from brightline.review import cases
from brightline.review.cases import Ruling, State

SLOW = msgspec.structs.replace(SETTING, undo_seconds=60.0)
BLIND = msgspec.structs.replace(SETTING, second_percent=100.0)
BLOCK = Ruling(action=Action.BLOCK, reason="fraud_ai", note="asks for gift cards")
ALLOW = Ruling(action=Action.ALLOW, note="a newsletter")


def test_a_decision_takes_effect_when_its_window_closes(store):
    case = case_of(store)
    with store.writing() as connection:
        cases.claim(connection, case, "t", "ann", SETTING)
        decided = cases.decide(connection, case, "t", "ann", BLOCK, SETTING, lead=False)
        assert decided.state is State.DECIDED
        assert [c.id for c in cases.due_for_effect(connection, 10)] == [case]
        assert cases.ruling_of(connection, case) == BLOCK
        assert cases.close(connection, case, 12)
        assert not cases.close(connection, case, 13)
        found = cases.get(connection, case, "t")
    assert (found.state, found.entry) == (State.CLOSED, 12)


def test_a_held_case_is_nobody_elses(store):
    case = case_of(store)
    with store.writing() as connection:
        cases.claim(connection, case, "t", "ann", SETTING)
        for deed in (
            lambda: cases.claim(connection, case, "t", "bob", SETTING),
            lambda: cases.decide(connection, case, "t", "bob", ALLOW, SETTING, lead=True),
            lambda: cases.escalate(connection, case, "t", "bob", ""),
        ):
            with pytest.raises(ConflictError):
                deed()
        cases.release(connection, case, "t", "ann")
        cases.claim(connection, case, "t", "bob", SETTING)


def test_a_claim_runs_out(store):
    case = case_of(store)
    short = msgspec.structs.replace(SETTING, claim_seconds=0.001)
    with store.writing() as connection:
        cases.claim(connection, case, "t", "ann", short)
    import time

    time.sleep(0.01)
    with store.writing() as connection:
        cases.claim(connection, case, "t", "bob", SETTING)


def test_a_decision_is_taken_back_by_its_own_person_alone_and_in_time(store):
    case = case_of(store)
    with store.writing() as connection:
        cases.decide(connection, case, "t", "ann", BLOCK, SLOW, lead=False)
        assert cases.due_for_effect(connection, 10) == []
        with pytest.raises(RefusedError):
            cases.undo(connection, case, "t", "bob", SLOW)
        back = cases.undo(connection, case, "t", "ann", SLOW)
        assert (back.state, back.claimed_by, back.decided) == (State.OPEN, "ann", "")
        cases.decide(connection, case, "t", "ann", ALLOW, SETTING, lead=False)
    with store.writing() as connection, pytest.raises(ConflictError):
        cases.undo(connection, case, "t", "ann", SETTING)


def test_two_who_agree_decide_and_two_who_do_not_ask_a_lead(store):
    first, other = case_of(store, "one", setting=BLIND), case_of(store, "two", setting=BLIND)
    with store.writing() as connection:
        for case in (first, other):
            assert (
                cases.decide(connection, case, "t", "ann", BLOCK, SETTING, lead=False).state is State.SECOND
            )
            with pytest.raises(RefusedError):
                cases.decide(connection, case, "t", "ann", BLOCK, SETTING, lead=True)
        agreed = cases.decide(connection, first, "t", "bob", BLOCK, SETTING, lead=False)
        assert agreed.state is State.DECIDED
        assert (
            cases.decide(connection, other, "t", "bob", ALLOW, SETTING, lead=False).state is State.ESCALATED
        )
        with pytest.raises(RefusedError):
            cases.decide(connection, other, "t", "cat", ALLOW, SETTING, lead=False)
        assert cases.decide(connection, other, "t", "dan", ALLOW, SETTING, lead=True).state is State.DECIDED


def test_undoing_a_second_review_leaves_the_first_standing(store):
    case = case_of(store, setting=BLIND)
    with store.writing() as connection:
        cases.decide(connection, case, "t", "ann", BLOCK, SLOW, lead=False)
        cases.decide(connection, case, "t", "bob", BLOCK, SLOW, lead=False)
        back = cases.undo(connection, case, "t", "bob", SLOW)
        assert back.state is State.SECOND
        assert (back.decided, back.decided_by) == ("block", "ann")


def test_the_queue_shows_the_worst_first_and_only_ones_own_tenants(store):
    low = case_of(store, "one", severity="low")
    critical = case_of(store, "two", severity="critical")
    with store.reading() as connection:
        assert [case.id for case in cases.queue(connection, "t")] == [critical, low]
        assert cases.queue(connection, "other") == []
        assert cases.counts(connection, "t")["open"] == 2
        with pytest.raises(NotThereError):
            cases.get(connection, low, "other")


def test_history_tells_who_did_what(store):
    case = case_of(store)
    with store.writing() as connection:
        cases.claim(connection, case, "t", "ann", SETTING)
        cases.comment(connection, case, "t", "ann", "seen before")
        cases.assign(connection, case, "t", "lea", "bob")
        cases.escalate(connection, case, "t", "ann", "unsure")
        told = [(event.person, event.what) for event in cases.history(connection, case)]
    assert told == [
        (None, "opened"),
        ("ann", "claimed"),
        ("ann", "comment"),
        ("lea", "assigned"),
        ("ann", "escalated"),
    ]
