"""Golden items: drawn by cases, shown as copies once each, rested, answered for the reviewer's figures alone."""

import msgspec
import pytest
from review_parts import SETTING, case_of, hand_in

from brightline.core.decision import Action
from brightline.core.errors import ConflictError, LedgerError, NotThereError, ReviewError
from brightline.review import agreement, alike, answers, cases, golden, statistics, submissions
from brightline.review.cases import Ruling


def closed(store, text, action=Action.BLOCK, person="lea"):
    case = case_of(store, text)
    with store.writing() as connection:
        cases.decide(connection, case, "t", person, Ruling(action=action), SETTING, lead=True)
        cases.close(connection, case, 5)
    return case


@pytest.fixture
def item(store):
    case = closed(store, "asks for gift cards")
    with store.writing() as connection:
        made = golden.add(connection, case, "t", "lea", Action.BLOCK, "a plain fraud")
        with pytest.raises(ConflictError):
            golden.add(connection, case, "t", "lea", Action.BLOCK, "twice")
    return made


def serve(store):
    with store.reading() as connection:
        due = golden.due(connection, 100.0)
    made = []
    for one in due:
        with store.writing() as connection:
            made.append(golden.serve(connection, one, 40 + len(made), "c" * 64, SETTING))
    return due, made


def test_only_closed_cases_become_golden_with_a_reason(store):
    case = case_of(store, "open")
    with store.writing() as connection:
        with pytest.raises(ConflictError):
            golden.add(connection, case, "t", "lea", Action.BLOCK, "why")
        with pytest.raises(ReviewError):
            golden.add(connection, case, "t", "lea", Action.BLOCK, " ")
        with pytest.raises(NotThereError):
            golden.add(connection, case, "other", "lea", Action.BLOCK, "why")


def test_a_golden_case_is_a_copy_that_looks_like_any_other_and_is_counted_nowhere(store, item):
    case_of(store, "a fresh one")
    due, made = serve(store)
    assert len(made) == 1
    assert due[0].cause != made[0]
    with store.reading() as connection:
        [shown] = [one for one in cases.queue(connection, "t") if one.id == made[0]]
        other = next(one for one in cases.queue(connection, "t") if one.id != made[0])
        assert (shown.golden, shown.second, shown.name) == ("block", False, "a.txt")
        assert {
            name for name in shown.__struct_fields__ if getattr(shown, name) and not getattr(other, name)
        } == {"golden"}
        copy = submissions.get(connection, shown.submission, "t")
        assert (copy.entry, copy.state) == (40, "done")
        assert alike.alike(connection, copy) == []
        assert copy.id not in {one.id for one in submissions.page(connection, "t", count=100)}
        assert answers.copies(connection, "t") == {40}
        told = statistics.overview(connection, "t", 30)
        assert sum(told.actions.values()) == 2


def test_a_cause_serves_once_and_an_item_rests(store, item):
    case_of(store, "a fresh one")
    due, _ = serve(store)
    with pytest.raises(LedgerError), store.writing() as connection:
        golden.serve(connection, due[0], 41, "d" * 64, SETTING)
    with store.reading() as connection:
        assert (
            len([one for one in cases.queue(connection, "t") if one.golden]) == 1
        )  # nothing of the failed one stayed
        assert golden.due(connection, 100.0) == []
    case_of(store, "another one")
    assert serve(store)[1] == []  # it was shown within the month
    with store.writing() as connection:
        golden.retire(connection, item, "t")
        with pytest.raises(NotThereError):
            golden.retire(connection, item, "t")


def test_no_share_no_golden_case_and_another_tenant_draws_none(store, item):
    case_of(store, "a fresh one")
    with store.reading() as connection:
        assert golden.due(connection, 0.0) == []
    assert {one.tenant for one in serve(store)[0]} == {"t"}


def test_erased_content_is_shown_no_more(store, item):
    from brightline.review import content

    with store.writing() as connection:
        kept = golden.listed(connection, "t")[0].submission
        content.erase(connection, submissions.get(connection, kept, "t").content, "t")
    case_of(store, "a fresh one")
    assert serve(store)[1] == []


def test_answers_count_for_reviewers_and_not_for_who_made_the_item(store, item):
    case_of(store, "a fresh one")
    _, [made] = serve(store)
    with store.writing() as connection:
        cases.decide(connection, made, "t", "ann", Ruling(action=Action.ALLOW), SETTING, lead=False)
        cases.close(connection, made, 50)
        [told] = agreement.golden_answers(connection, "t")
        [shown] = golden.listed(connection, "t")
        assert agreement.golden_answers(connection, "other") == []
    assert (told.person, told.right.count, told.right.total, told.is_enough) == ("ann", 0, 1, False)
    assert (shown.shown, shown.answered, shown.right) == (1, 1, 0)
    assert msgspec.structs.asdict(shown)["answer"] == "block"
    hand_in(store, "left alone")
