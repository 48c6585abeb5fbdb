"""The register keeps what it must, sealed; forgets whom it must, for good; and tells of every change."""

import stat
import threading
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core.errors import BankError, KeyringError
from brightline.detectors.person.files import FILE_NAME, KEYS_NAME
from brightline.detectors.person.register import (
    CONSENT_DAYS,
    PERSONS_LIMIT,
    Person,
    Register,
    digest_of,
    draft,
)
from brightline.detectors.person.template import MODEL_SHA256
from brightline.watermark.keyring import Keyring

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LAST = date(2027, 11, 23)
ONE = np.linspace(-1, 1, 128, dtype=np.float32)
OTHER = ONE[::-1].copy()


def saved(register, home, day=None):
    made = draft(register, home, day or NOW.date())
    made.save(home)
    return made


@pytest.fixture
def two(tmp_path):
    register = Register().with_person("p-1", "file 17", LAST, [ONE], NOW)
    register = register.with_person("p-2", "file 18", LAST + timedelta(30), [OTHER, ONE], NOW)
    saved(register, tmp_path)
    return tmp_path


def test_what_was_put_in_comes_out(two):
    persons = Register.load(two).persons
    assert [person.name for person in persons] == ["p-1", "p-2"]
    assert persons[0].consent == "file 17"
    np.testing.assert_array_equal(persons[1].arrays()[0], OTHER)
    assert Register.load(two).digest == digest_of(two)


def test_a_home_without_a_register_has_nobody_in_it(tmp_path):
    assert Register.load(tmp_path) == Register()
    assert digest_of(tmp_path) == ""


def test_the_file_shows_neither_name_nor_consent_nor_template(two):
    data = (two / FILE_NAME).read_bytes()
    for secret in (b"p-1", b"file 17", b"2027", ONE.tobytes()[:16], MODEL_SHA256.encode()):
        assert secret not in data


def test_files_are_for_their_owner_alone(two):
    for name in (FILE_NAME, KEYS_NAME):
        assert stat.S_IMODE((two / name).stat().st_mode) == 0o600
    (two / FILE_NAME).chmod(0o644)
    with pytest.raises(BankError, match="open to others"):
        Register.load(two)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    saved(Register().with_person("p-1", "file 17", LAST, [ONE], NOW), home)
    return home, (home / FILE_NAME).read_bytes()


@given(st.sampled_from(["nonce", "data", "record"]), st.integers(0, 10_000))
def test_any_changed_letter_of_a_record_is_noticed(sealed, field, at):
    home, data = sealed
    file = msgspec.json.decode(data)
    text = file["persons"][0][field]
    at %= len(text) - 3  # the last letters of base64 may hold unused bits
    file["persons"][0][field] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    (home / FILE_NAME).write_bytes(msgspec.json.encode(file))
    with pytest.raises(BankError, match="was changed or is damaged"):
        Register.load(home)


def test_one_record_cannot_take_the_place_of_another(two):
    file = msgspec.json.decode((two / FILE_NAME).read_bytes())
    one, other = file["persons"]
    one["record"], other["record"] = other["record"], one["record"]
    (two / FILE_NAME).write_bytes(msgspec.json.encode(file))
    with pytest.raises(BankError, match="was changed or is damaged"):
        Register.load(two)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"version":1,"key":"k","persons":[{}]}'])
def test_what_is_no_register_is_refused_without_quoting_it(tmp_path, data):
    (tmp_path / FILE_NAME).write_bytes(data)
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(BankError, match="is no register that we wrote"):
        Register.load(tmp_path)


def test_without_its_key_it_opens_no_more(two):
    Keyring().with_new("another").save(two / KEYS_NAME)
    with pytest.raises(BankError, match="not in its keyring"):
        Register.load(two)
    (two / KEYS_NAME).unlink()
    with pytest.raises(KeyringError):
        Register.load(two)


def test_who_is_removed_cannot_be_read_from_an_old_copy_either(two):
    old = (two / FILE_NAME).read_bytes()
    saved(Register.load(two).without("p-1"), two)
    assert [person.name for person in Register.load(two).persons] == ["p-2"]
    assert len(Keyring.load(two / KEYS_NAME).keys) == 1
    (two / FILE_NAME).write_bytes(old)
    with pytest.raises(BankError, match="not in its keyring"):
        Register.load(two)


def test_a_crash_between_the_steps_of_saving_leaves_a_register_that_opens(two):
    made = draft(Register.load(two).without("p-1"), two, NOW.date())
    Keyring((*made.before.keys, *made.keyring.keys)).save(two / KEYS_NAME)
    assert len(Register.load(two).persons) == 2
    (two / FILE_NAME).write_bytes(made.data)
    assert len(Register.load(two).persons) == 1
    saved(Register.load(two), two)
    assert len(Keyring.load(two / KEYS_NAME).keys) == 1


def test_a_consent_holds_to_the_end_of_its_last_day_and_is_left_out_when_the_register_is_written(two):
    register = Register.load(two)
    assert len(register.in_force(LAST)) == 2
    assert [person.name for person in register.in_force(LAST + timedelta(1))] == ["p-2"]
    saved(register, two, LAST + timedelta(1))
    assert [person.name for person in Register.load(two).persons] == ["p-2"]


def test_templates_of_another_network_are_not_compared(two):
    person = msgspec.structs.replace(Register.load(two).persons[0], model="0" * 64)
    assert Register((person,)).in_force(NOW.date()) == ()


@pytest.mark.parametrize("days", [-1, CONSENT_DAYS + 1])
def test_a_consent_that_has_run_out_or_runs_too_long_is_refused(days):
    with pytest.raises(BankError, match="expected a day from today on"):
        Register().with_person("p", "file", NOW.date() + timedelta(days), [ONE], NOW)


@pytest.mark.parametrize(("name", "consent", "count"), [("", "f", 1), ("a b", "f", 1), ("p", " ", 1), ("p", "f", 0), ("p", "f", 17)])  # fmt: skip
def test_a_person_without_name_consent_or_picture_is_refused(name, consent, count):
    with pytest.raises(BankError):
        Register().with_person(name, consent, LAST, [ONE] * count, NOW)


def test_a_name_stands_for_one_person(two):
    register = Register.load(two)
    with pytest.raises(BankError, match="already"):
        register.with_person("p-1", "file 20", LAST, [ONE], NOW)
    with pytest.raises(BankError, match="no `p-9`"):
        register.without("p-9")


def test_there_is_a_limit_to_persons():
    person = Register().with_person("p", "file", LAST, [ONE], NOW).persons[0]
    with pytest.raises(BankError, match=f"more than {PERSONS_LIMIT}"):
        Register((person,) * PERSONS_LIMIT).with_person("q", "file", LAST, [ONE], NOW)


def test_a_traceback_shows_nothing_of_a_person(two):
    shown = repr(Register.load(two))
    assert "p-1" not in shown
    assert "file 17" not in shown
    assert "templates=" in shown


def test_a_record_says_nothing_of_its_person():
    records = {Register().with_person("p", "f", LAST, [ONE], NOW).persons[0].record for _ in range(5)}
    assert len(records) == 5


def test_a_person_with_a_damaged_template_is_refused():
    with pytest.raises(BankError, match="damaged"):
        Person(record="0", name="p", consent="f", added="", expires="2027-01-01", model="", templates=(b"x",))


def test_reading_while_it_changes_gives_one_state_or_the_other(two):
    stop = threading.Event()

    def change():
        while not stop.is_set():
            saved(Register.load(two), two)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for _ in range(40):
            assert [person.name for person in Register.load(two).persons] == ["p-1", "p-2"]
    finally:
        stop.set()
        writer.join()
