"""Notices: written with what they tell of, delivered until taken, given up in the end, replayed on demand."""

import hashlib
import hmac

import msgspec
import pytest
from review_parts import SETTING, case_of

from brightline.core.errors import NotThereError, ReviewError
from brightline.review import outbox


@pytest.fixture
def hook(store):
    return outbox.add_hook(store, "t", "http://127.0.0.1:9/hook", ("submission.decided",))


def test_a_decision_is_announced_once_and_signed(store, hook):
    made, secret = hook
    case_of(store)
    [notice] = outbox.lease_notices(store, 10, 60)
    assert notice.url == made.url
    assert outbox.lease_notices(store, 10, 60) == []
    told = msgspec.json.decode(notice.body)
    assert (told["event"], told["id"]) == ("submission.decided", notice.id)
    assert told["data"]["action"] == "review"
    mac = hmac.new(secret.encode(), b"5." + notice.body, hashlib.sha256).hexdigest()
    assert outbox.signature(notice.secret, 5, notice.body) == f"t=5,v1={mac}"
    outbox.delivered(store, notice.id, "204")
    assert outbox.lease_notices(store, 10, 60) == []


def test_a_receiver_that_fails_is_asked_again_later_and_then_given_up(store, hook):
    case_of(store)
    [notice] = outbox.lease_notices(store, 10, 60)
    last = msgspec.structs.replace(SETTING, hook_attempts=1)
    outbox.refused(store, notice, "500", SETTING)
    assert outbox.lease_notices(store, 10, 60) == []  # not yet
    outbox.refused(store, notice, "500", last)
    with store.writing() as connection:
        outbox.replay(connection, "t", notice.id)
        with pytest.raises(NotThereError):
            outbox.replay(connection, "other", notice.id)
    [again] = outbox.lease_notices(store, 10, 60)
    assert again.id == notice.id


def test_an_ended_hook_hears_nothing(store, hook):
    made, _ = hook
    case_of(store)
    with store.writing() as connection:
        outbox.end_hook(connection, made.id, "t")
    assert outbox.lease_notices(store, 10, 60) == []


def test_unknown_events_and_odd_addresses_are_refused(store):
    with pytest.raises(ReviewError):
        outbox.add_hook(store, "t", "http://127.0.0.1/", ("nothing",))
    with pytest.raises(ReviewError):
        outbox.add_hook(store, "t", "file:///etc/passwd", ())
