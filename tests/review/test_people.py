"""Accounts: strong passwords, one-time codes that count once, rests after failures, sessions and tokens that end."""

import msgspec
import pytest
from pyotp import TOTP
from review_parts import SETTING

from brightline.core.errors import ConflictError, RefusedError, ReviewError
from brightline.review import people
from brightline.review.people import FREE_FAILURES, May, Role

PASSWORD = "correct horse battery"


@pytest.fixture
def ann(store):
    return people.add_person(store, "t", "Ann", "Ann Example", (Role.REVIEWER,), PASSWORD)


def test_who_has_the_password_gets_a_session_that_ends(store, ann):
    person, cookie = people.sign_in(store, "ann ", PASSWORD, "", SETTING)
    assert person == ann
    assert people.find_session(store, cookie, SETTING) == ann
    assert people.find_session(store, cookie, msgspec.structs.replace(SETTING, session_seconds=-1.0)) is None
    people.end_session(store, cookie)
    assert people.find_session(store, cookie, SETTING) is None


@pytest.mark.parametrize(
    ("login", "password"), [("ann", "wrong password 1"), ("nobody", PASSWORD), ("ann", "")]
)
def test_what_does_not_fit_is_refused_in_the_same_words(store, ann, login, password):
    with pytest.raises(RefusedError, match="do not fit"):
        people.sign_in(store, login, password, "", SETTING)


def test_an_account_rests_after_failures_even_from_its_own_password(store, ann):
    for _ in range(FREE_FAILURES):
        with pytest.raises(RefusedError):
            people.sign_in(store, "ann", "wrong password 1", "", SETTING)
    with pytest.raises(RefusedError):
        people.sign_in(store, "ann", PASSWORD, "", SETTING)


def test_a_second_factor_is_asked_for_and_a_code_counts_once(store, ann):
    secret, address = people.new_second("ann")
    assert address.startswith("otpauth://totp/")
    with store.writing() as connection:
        with pytest.raises(ReviewError):
            people.set_second(connection, store, ann.id, secret, "000000")
        people.set_second(connection, store, ann.id, secret, TOTP(secret).now())
    with pytest.raises(RefusedError):
        people.sign_in(store, "ann", PASSWORD, "", SETTING)
    code = TOTP(secret).now()
    people.sign_in(store, "ann", PASSWORD, code, SETTING)
    with pytest.raises(RefusedError):
        people.sign_in(store, "ann", PASSWORD, code, SETTING)


def test_closing_an_account_ends_its_sessions(store, ann):
    _, cookie = people.sign_in(store, "ann", PASSWORD, "", SETTING)
    with store.writing() as connection:
        people.switch(connection, ann.id, "t", on=False)
    assert people.find_session(store, cookie, SETTING) is None
    with pytest.raises(RefusedError):
        people.sign_in(store, "ann", PASSWORD, "", SETTING)


def test_logins_are_taken_once_and_bad_ones_refused(store, ann):
    with pytest.raises(ConflictError):
        people.add_person(store, "t", "ANN", "x", (Role.ADMIN,), PASSWORD)
    for login, password in (("a b", PASSWORD), ("", PASSWORD), ("bob", "short")):
        with pytest.raises(ReviewError):
            people.add_person(store, "t", login, "x", (Role.ADMIN,), password)


def test_tokens_are_found_until_revoked(store):
    made, token = people.add_token(store, "t", "ingest", (Role.SUBMITTER,))
    program = people.find_token(store, token)
    assert program is not None
    assert program.may(May.SUBMIT)
    assert not program.may(May.SEE)
    assert people.find_token(store, token + "x") is None
    with store.writing() as connection:
        people.revoke_token(connection, made, "t")
    assert people.find_token(store, token) is None


def test_no_secret_lies_in_the_clear(store, ann, settings, tmp_path):
    _, cookie = people.sign_in(store, "ann", PASSWORD, "", SETTING)
    if not settings.database:
        store.close()
        data = b"".join(path.read_bytes() for path in tmp_path.glob("service.sqlite*"))
        assert PASSWORD.encode() not in data
        assert cookie.encode() not in data
