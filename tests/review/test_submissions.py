"""Submissions: durable, leased once, completed once, on both databases."""

import threading

import msgspec
import pytest
from review_parts import SETTING, hand_in, judged, offer

from brightline.core.decision import Action
from brightline.core.errors import ConflictError, NotThereError
from brightline.review import cases, content, submissions
from brightline.review.store import now_ms
from brightline.review.submissions import Accepted


def test_what_was_handed_in_is_read_back(store):
    [one] = hand_in(store, "hello")
    with store.reading() as connection:
        found = submissions.get(connection, one, "t")
    assert found.state == "waiting"
    assert b"".join(content.read(store, found.content, "t")) == b"hello"


def test_another_tenant_sees_nothing(store):
    [one] = hand_in(store, "hello")
    with store.reading() as connection, pytest.raises(NotThereError):
        submissions.get(connection, one, "other")


def test_a_repeated_key_gives_the_same_submission_and_another_request_a_conflict(store):
    first, again, other, elsewhere = submissions.accept(
        store,
        [
            offer("a", key="k"),
            offer("a", key="k"),
            offer("b", key="k"),
            offer("b", key="k", tenant="u"),
        ],
        SETTING,
    )
    assert isinstance(first, Accepted)
    assert again == Accepted(first.id, repeated=True)
    assert isinstance(other, ConflictError)
    assert isinstance(elsewhere, Accepted)
    assert elsewhere.id != first.id


def test_keys_raced_by_many_give_one_submission(store):
    found = []

    def take():
        found.extend(submissions.accept(store, [offer("a", key="k")], SETTING))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {one.id for one in found if isinstance(one, Accepted)}
    assert len(ids) == 1
    with store.reading() as connection:
        assert len(submissions.page(connection, "t")) == 1


def test_a_lease_holds_and_priorities_go_first(store):
    submissions.accept(store, [offer("low"), offer("high", priority=5)], SETTING)
    [first] = submissions.lease(store, "w1", 1, SETTING)
    assert b"".join(content.read(store, first.content, "t")) == b"high"
    [second] = submissions.lease(store, "w2", 10, SETTING)
    assert first.id != second.id
    assert submissions.lease(store, "w3", 10, SETTING) == []


def test_many_workers_never_share_a_submission(store):
    wanted = set(hand_in(store, *[f"text {n}" for n in range(60)]))
    found: list[str] = []

    def work(name):
        while held := submissions.lease(store, name, 7, SETTING):
            found.extend(one.id for one in held)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(wanted)


def test_an_ended_lease_goes_to_another_and_the_first_completes_nothing(store):
    hand_in(store, "hello")
    short = msgspec.structs.replace(SETTING, lease_seconds=0.001)
    [first] = submissions.lease(store, "w1", 1, short)
    threading.Event().wait(0.01)
    [second] = submissions.lease(store, "w2", 1, SETTING)
    assert second.id == first.id
    assert second.attempts == 2
    assert submissions.complete(store, "w1", [judged(first.id)], SETTING) == []
    assert submissions.complete(store, "w2", [judged(first.id)], SETTING) == [first.id]
    assert submissions.complete(store, "w2", [judged(first.id)], SETTING) == []


def test_what_kills_each_worker_is_dead_and_gets_a_case(store):
    [one] = hand_in(store, "bomb")
    short = msgspec.structs.replace(SETTING, lease_seconds=0.001)
    for _ in range(short.attempts):
        assert submissions.lease(store, "w", 1, short)
        threading.Event().wait(0.01)
    assert submissions.lease(store, "w", 1, short) == []
    with store.reading() as connection:
        assert submissions.get(connection, one, "t").state == "dead"
        [case] = cases.queue(connection, "t")
    assert case.submission == one
    assert case.asked == "review"


def test_only_what_asks_for_a_person_opens_a_case(store):
    hand_in(store, "a", "b", "c")
    held = submissions.lease(store, "w", 3, SETTING)
    actions = (Action.ALLOW, Action.LABEL, Action.BLOCK)
    submissions.complete(
        store, "w", [judged(one.id, action) for one, action in zip(held, actions, strict=True)], SETTING
    )
    with store.reading() as connection:
        assert [case.asked for case in cases.queue(connection, "t")] == ["block"]


def test_leases_given_back_count_as_no_attempt(store):
    hand_in(store, "a")
    [one] = submissions.lease(store, "w", 1, SETTING)
    submissions.give_back(store, "w", [one.id])
    [again] = submissions.lease(store, "w", 1, SETTING)
    assert again.attempts == 1


def test_erased_content_is_gone_and_a_legal_hold_keeps_it(store):
    one, two = hand_in(store, "a", "b")
    with store.writing() as connection:
        held = submissions.get(connection, one, "t").content
        content.hold(connection, held, "t", held=True)
        with pytest.raises(ConflictError):
            content.erase(connection, held, "t")
    assert content.erase_due(store, now_ms() + 200 * 86_400_000) == 1
    with store.reading() as connection:
        gone = submissions.get(connection, two, "t").content
        assert content.facts_of(connection, gone, "t").erased
    with pytest.raises(NotThereError):
        list(content.read(store, gone, "t"))
    assert b"".join(content.read(store, held, "t")) == b"a"


def test_large_content_comes_back_piece_by_piece_and_lies_encrypted(store, settings):
    text = "secret words " * 200_000
    [one] = hand_in(store, text)
    with store.reading() as connection:
        found = submissions.get(connection, one, "t").content
        from sqlalchemy import select

        from brightline.review.tables import pieces

        rows = connection.execute(select(pieces.c.data)).scalars().all()
    assert len(rows) == 3
    assert not any(b"secret" in row for row in rows)
    assert b"".join(content.read(store, found, "t")) == text.encode()


def test_pages_go_from_new_to_old_without_gaps(store):
    made = [hand_in(store, f"text {n}")[0] for n in range(7)]
    with store.reading() as connection:
        found, before = [], ""
        while some := submissions.page(connection, "t", before=before, count=3):
            found += [one.id for one in some]
            before = found[-1]
    assert sorted(found) == sorted(made)
    assert found == sorted(found, reverse=True)
