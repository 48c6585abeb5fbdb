"""The keyring keeps secrets: only its owner reads it, nothing prints them, retired keys still find."""

import base64
import stat
import traceback
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from brightline.core.errors import KeyringError
from brightline.doors.cli.keys import command
from brightline.doors.cli.main import outcome
from brightline.watermark.keyring import FILE_NAME, KEY_LIMIT, Key, Keyring

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / FILE_NAME


def test_a_keyring_reads_back_as_it_was_written(path):
    keyring = Keyring().with_new("one", NOW).with_new("two", NOW).with_retired("one", NOW)
    keyring.save(path)
    assert Keyring.load(path) == keyring
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [FILE_NAME]


def test_the_newest_key_in_use_marks_and_all_keys_find(path):
    keyring = Keyring().with_new("one", NOW).with_new("two", NOW)
    assert keyring.active.id == "two"
    assert keyring.with_retired("two", NOW).active.id == "one"
    assert [key.id for key in keyring.with_retired("two", NOW).all()] == ["two", "one"]
    with pytest.raises(KeyringError, match="brightline keys new"):
        _ = Keyring().with_new("one", NOW).with_retired("one", NOW).active


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_file_that_others_may_touch_is_refused(path, mode):
    Keyring().with_new("one").save(path)
    path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 600"):
        Keyring.load(path)


def test_secrets_are_in_no_text_that_people_or_logs_see(path):
    keyring = Keyring().with_new("one", NOW)
    secret = keyring.active.secret
    shown = [repr(keyring), str(keyring.active), f"{keyring.active!r}", repr(keyring.active.__rich_repr__())]
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"version":1,"keys":[{"id":"one","secret":"' + b"A" * 44 + b'","created":"never"}]}')
    path.chmod(0o600)
    try:
        Keyring.load(path)
    except KeyringError as error:
        shown.append("".join(traceback.format_exception(error)))
    assert len(shown) == 5
    for text in shown:
        assert repr(secret) not in text
        assert secret.hex() not in text
        assert "A" * 44 not in text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"version":1,"keys":[{}]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"version":1,"keys":[],"x":1}',
    ],
)
def test_what_is_no_keyring_is_refused_without_being_quoted(path, content):
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyringError, match="is no keyring that we wrote"):
        Keyring.load(path)


def test_missing_oversized_and_odd_files_are_refused(path, tmp_path):
    with pytest.raises(KeyringError, match="cannot read"):
        Keyring.load(path)
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_bytes(b" " * 300_000)
    with pytest.raises(KeyringError, match="larger than 256 KiB"):
        Keyring.load(path)
    with pytest.raises(KeyringError, match="cannot read"):
        Keyring.load(tmp_path)


def test_malformed_keys_are_refused():
    good = {"id": "one", "secret": bytes(32), "created": "2026-11-23T12:00:00Z"}
    for bad in ({"id": "../x"}, {"id": ""}, {"id": "a\nb"}, {"secret": b"short"}, {"created": "today"}):
        with pytest.raises(KeyringError):
            Key(**{**good, **bad})
    with pytest.raises(KeyringError, match="two keys are called"):
        Keyring().with_new("one").with_new("one")
    with pytest.raises(KeyringError, match="at most"):
        Keyring(tuple(Key(**{**good, "id": f"k{number}"}) for number in range(KEY_LIMIT + 1)))


def test_each_use_has_its_own_secret():
    key = Keyring().with_new("one").active
    derived = {key.secret_for(use) for use in ("image", "sound", "text")}
    assert len(derived) == 3
    assert key.secret not in derived


def test_a_failed_write_leaves_nothing_behind(path):
    path.mkdir(parents=True)  # a folder in the way: the last step fails
    with pytest.raises(KeyringError, match="cannot write"):
        Keyring().with_new("one").save(path)
    assert [file.name for file in path.parent.iterdir()] == [FILE_NAME]


def test_keys_are_made_listed_and_retired_without_being_shown(path):
    runner, home = CliRunner(), ["--home", str(path.parent)]
    assert runner.invoke(command, ["new", "first", *home], standalone_mode=False).return_value == 0
    assert runner.invoke(command, ["new", *home], standalone_mode=False).return_value == 0
    retired = runner.invoke(command, ["retire", "first", *home], standalone_mode=False)
    listed = runner.invoke(command, ["list", *home], standalone_mode=False)
    as_json = runner.invoke(command, ["list", "--json", *home], standalone_mode=False)
    keyring = Keyring.load(path)
    assert [bool(key.retired) for key in keyring.keys] == [True, False]
    assert "still finds" in retired.stdout
    assert listed.stdout.splitlines()[1].startswith("first\tcreated ")
    assert as_json.stdout.count('"id"') == 2
    for key in keyring.keys:
        for form in (key.secret.hex(), base64.b64encode(key.secret).decode()):
            assert form not in listed.stdout + as_json.stdout + retired.stdout + retired.stderr


def test_retiring_an_unknown_key_says_what_is_known(path, capsys):
    Keyring().with_new("first").save(path)
    assert outcome(["keys", "retire", "second", "--home", str(path.parent)]) == 2
    assert "no key `second`; known: first" in capsys.readouterr().err
