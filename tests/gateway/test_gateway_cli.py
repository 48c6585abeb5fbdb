"""`brightline gateway`: keys are made, listed and revoked; its usage stands in 中文 too."""

import json
import logging
import re

import click
import pytest

from brightline.doors.cli.gateway import command
from brightline.doors.cli.main import outcome
from brightline.doors.cli.usage import _table

ENGLISH = re.compile(r"\b(?:the|is|are|not|cannot|would|which|with|has)\b")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def loggers():
    """The command sends logs to standard error for the whole process, which is ours."""
    held = [logging.getLogger(name) for name in ("brightline.gateway", "uvicorn.error", "asyncio")]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in held]
    yield
    for one, handlers, level, propagate in before:
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


def commands(found, path):
    yield path, found
    if isinstance(found, click.Group):
        for name, inner in found.commands.items():
            yield from commands(inner, f"{path} {name}")


ALL = [*commands(command, "gateway")]


@pytest.mark.parametrize(("path", "found"), ALL, ids=[path for path, _ in ALL])
def test_every_command_and_option_has_its_usage_in_chinese(path, found, capfd, monkeypatch):
    monkeypatch.setenv("BRIGHTLINE_LANGUAGE", "zh")
    table = _table()
    assert path in table["commands"]
    named = [one.name for one in found.params if isinstance(one, click.Option)]
    assert [name for name in named if name not in table["options"]] == []
    assert outcome([*path.split(), "--help"]) == 0
    said = capfd.readouterr().out
    assert said.startswith("用法：")
    assert not ENGLISH.search(re.sub(r"\s+", " ", said))


def test_a_key_is_shown_once_listed_without_its_token_and_revoked(capfd, home):
    assert outcome(["gateway", "key", "new", "tenant-a", "--model", "m", "--tokens-per-day", "1000"]) == 0
    token = capfd.readouterr().out.strip()
    assert re.fullmatch(r"bl-[A-Za-z0-9_-]{43}", token)
    assert outcome(["gateway", "key", "list", "--json"]) == 0
    listed = capfd.readouterr().out
    told = json.loads(listed)
    assert (told["tenant"], told["models"], told["tokens_per_day"], told["revoked"]) == (
        "tenant-a",
        ["m"],
        1000,
        "",
    )
    assert token not in listed
    assert all(token.encode() not in file.read_bytes() for file in home.iterdir())
    assert outcome(["gateway", "key", "revoke", told["id"]]) == 0
    assert outcome(["gateway", "key", "revoke", told["id"]]) == 2
    capfd.readouterr()
    assert outcome(["gateway", "key", "list"]) == 0
    assert "revoked" in capfd.readouterr().out


def test_files_with_secrets_are_for_their_owner_alone(home):
    outcome(["gateway", "key", "new", "tenant-a"])
    for name in ("gateway.sqlite", "gateway.secret"):
        assert (home / name).stat().st_mode & 0o077 == 0


def test_a_gateway_without_upstreams_says_so(capfd):
    assert outcome(["gateway"]) == 2
    assert "gateway.upstreams" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[gateway]\nport = 70000", "gateway.port"),
        ("[gateway.limits]\nrequests = 0", "gateway.limits.requests"),
        ("[[gateway.upstreams]]\nname = 'a'\nbase_url = 'ftp://x'", "base_url"),
        ("[[gateway.upstreams]]\nname = 'a'\nbase_url = 'http://x'\nkey_file = 'nothing-here'", "nothing-here"),
        ("[gateway]\nprompt_detectors = ['text.nothing']\n[[gateway.upstreams]]\nname='a'\nbase_url='http://x'",
         "text.nothing"),
        ("[gateway.routes]\nchat = 'ajar'", "ajar"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_by_name(table, said, capfd, tmp_path):
    (tmp_path / "brightline.toml").write_text(table, "utf-8")
    assert outcome(["gateway"]) == 2
    assert said in capfd.readouterr().err
