"""Hostile settings, packs, banks, cosignatures and tiles: one line that says what is wrong, and exit 2."""

import shutil
import time
from pathlib import Path

import pytest

from brightline.doors.cli.main import outcome
from brightline.ledger.keys import new_key, vkey
from brightline.ledger.note import Algorithm, cosign, parse_note

KIB = 1024
SECONDS = 10.0


@pytest.fixture
def refused(capfd, tmp_path, monkeypatch):
    """Runs a command that has to be refused in one line; gives the line."""
    # No settings, banks or ledger but those that a test writes.
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        started = time.monotonic()
        code = outcome([str(one) for one in arguments])
        said = capfd.readouterr()
        assert time.monotonic() - started < SECONDS
        lines = said.err.splitlines()
        assert code == 2, said.err
        assert len(lines) == 1, said.err
        assert not lines[0].startswith("brightline: unexpected")
        assert len(lines[0]) < 1_000
        assert lines[0].isprintable()
        return lines[0]

    return run


SETTINGS = {
    "no TOML": b"jobs = = 1\n",
    "not UTF-8": b"origin = '\xff\xfe'\n",
    "NUL": b"origin = '\0'\n",
    "binary": bytes(range(256)) * 64,
    "too large": b"# " + b"x" * (1024 * KIB),
    "nested arrays": b"jobs = " + b"[" * 100_000,
    "nested tables": b"jobs = " + b"{a=" * 50_000,
    "dotted for ever": b"a" + b".a" * 100_000 + b" = 1",
    "unknown key": b"workers = 2\n",
    "unknown limit": b"[limits]\nbytes = 2\n",
    "unknown control characters in a key": b'"a\\u001b[31m\\n" = 2\n',
    "wrong type": b"jobs = [1]\n",
    "number for ever": b"jobs = " + b"9" * 100_000,
    "minus": b"jobs = -1\n",
    "no limit": b"[limits]\ndetector_seconds = inf\n",
    "no number": b"[limits]\ndetector_seconds = nan\n",
    "nothing": b"[limits]\npixels = 0\n",
    "no policy": b"policies = []\n",
    "a table twice": b"[limits]\n[limits]\n",
    "a bank without a path": b"[[banks]]\nname = 'x'\n",
    "banks are no list": b"banks = 1\n",
    "limits are no table": b"limits = 1\n",
    "other tongue": b"language = 'tlh'\n",
    "home is a number": b"home = 1e400\n",
    "origin with a line break": b'origin = "a\\nb"\n',
}


@pytest.mark.parametrize("name", SETTINGS)
def test_hostile_settings_are_refused_in_one_line(name, refused, tmp_path):
    file = tmp_path / "brightline.toml"
    file.write_bytes(SETTINGS[name])
    note = tmp_path / "note.txt"
    note.write_text("The ferry leaves at nine.\n")
    refused("scan", note, "--quiet", "--jobs", "1") if "origin" in name else refused(
        "policy", "explain", "#0"
    )


def test_settings_in_the_environment_are_held_to_the_same(refused, monkeypatch):
    # The command reads the environment itself: that is what is tested.
    monkeypatch.setenv("BRIGHTLINE_JOBS", "many\x1b[31m")
    assert "jobs" in refused("ledger", "key")
    monkeypatch.delenv("BRIGHTLINE_JOBS")
    monkeypatch.setenv("BRIGHTLINE_LIMITS_PIXELS", "9" * 10_000)
    refused("ledger", "key")


RULE = """
  - id: r
    when: WHEN
    action: review
    severity: low
    grounds: [{law: House rules, article: "1", standing: house}]
    message: {en: A message., zh: 一条消息。}
"""
PACK = (
    """pack: house/test
version: 1.0
title: {en: Test, zh: 测试}
jurisdiction: HOUSE
about: {en: For tests., zh: 供测试。}
rules:"""
    + RULE
)
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{two}: &{two} [{', '.join(['*' + one] * 9)}]\n" for one, two in zip("abcdefgh", "bcdefghi", strict=True)
)
LONG = "findings.exists(f, f.claim == 'x')"
PACKS = {
    "aliases": BOMB,
    "a loop": "a: &a [*a]\n",
    "merge keys": "a: &a {b: 1}\n<<: *a\n",
    "Python objects": "!!python/object/apply:os.system ['true']\n",
    "other tags": "!<tag:yaml.org,2002:binary> aaaa\n",
    "nested lists": "[" * 100_000,
    "nested maps": "{a: " * 20_000,
    "nested by indent": "".join(" " * n + "a:\n" for n in range(600)),
    "keys": "{" + ", ".join(f"k{n}: 1" for n in range(30_000)) + "}",
    "one key twice": "pack: a/b\npack: a/c\n",
    "several documents": "---\na: 1\n---\nb: 1\n",
    "NUL": "pack: a\0b\n",
    "control characters": 'pack: "a\\e[31mb\\n"\n',
    "too large": "# " + "x" * 4096 * KIB,
    "empty": "",
    "not UTF-8": "pack: \udcff\n",
    "two rules without a name": "rules:\n  - di: r\n  - di: r\n",
    "no rules": PACK.split("rules:")[0],
    "a long expression": PACK.replace("WHEN", "'" + " || ".join(["true"] * 5_000) + "'"),
    "a wide expression": PACK.replace("WHEN", " || ".join([LONG] * 100)),
    "a deep expression": PACK.replace("WHEN", "'" + "(" * 2_000 + "true" + ")" * 2_000 + "'"),
    "negations": PACK.replace("WHEN", "'" + "!" * 4_000 + "true'"),
    "a costly expression": PACK.replace(
        "WHEN",
        "findings.exists(f, findings.exists(g, findings.exists(h, f.claim == g.claim && g.claim == h.claim)))",
    ),
    "macros in macros": PACK.replace("WHEN", "findings.exists(f, " * 20 + "true" + ")" * 20),
    "a pattern for ever": PACK.replace("WHEN", "subject.name.matches('(((((a*)*)*)*)*)*$')").replace(
        "(((((a*)*)*)*)*)*$", "(?:a{1000}){1000}"
    ),
    "a back reference": PACK.replace("WHEN", r"subject.name.matches('(a)\\1')"),
    "a number for ever": PACK.replace("WHEN", "1" * 4_000 + " > 0"),
    "one that softens": PACK.replace("WHEN", "size(findings) == 0"),
    "unknown function": PACK.replace("WHEN", "__import__('os').system('true')"),
}


@pytest.mark.parametrize("name", PACKS)
def test_hostile_packs_are_refused_where_they_stand(name, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "home"))  # nobody's own
    file = tmp_path / "pack.yaml"
    file.write_bytes(PACKS[name].encode("utf-8", "surrogateescape"))
    started = time.monotonic()
    assert outcome(["policy", "test", str(file)]) == 2
    said = capfd.readouterr().err
    assert time.monotonic() - started < SECONDS
    assert said.startswith(f"brightline: {file}:")  # and then the line with its caret
    assert len(said.splitlines()) <= 100
    assert all(line.isprintable() for line in said.replace("\t", " ").splitlines())


HASH = "ab" * 32
BANKS = {
    "header.csv": b"what,ever\n",
    "cells.csv": f"type,value\nsha256,{HASH},extra\n".encode(),
    "hash.csv": b"type,value\nsha256,xyz\n",
    "kind.csv": f"type,value\nmd5,{HASH}\n".encode(),
    "quote.csv": b'type,value\n"sha256,' + b"x" * 1_000,
    "nul.csv": b"type,value\nsha256,\0\n",
    "binary.csv": bytes(range(256)) * 100,
    "empty.csv": b"",
    "field.csv": b'type,value\ntext,"' + b"word " * 40_000 + b'"\n',
    "line.txt": b"word " * 100_000,
    "binary.txt": b"a few known words here\n\xff\xfe\n",
    "short.txt": b"hello\n",
    "deep.jsonl": b"[" * 100_000 + b"\n",
    "other.jsonl": b'{"type":"sha256","value":"' + HASH.encode() + b'","more":1}\n',
    "surrogate.jsonl": b'{"type":"text","value":"\\ud800 is no word of this text"}\n',
    "id.jsonl": b'{"type":"sha256","value":"' + HASH.encode() + b'","id":"a\\nb"}\n',
    "word.pdq": b"not a hash\n",
    "seal.pdq": b"# brightline-bank 1 sha256=" + b"0" * 64 + b"\n" + HASH.encode() + b"\n",
    "unknown.xml": b"<bank/>",
}


@pytest.mark.parametrize("name", BANKS)
def test_hostile_banks_are_refused_with_their_line(name, refused, tmp_path):
    file = tmp_path / name
    file.write_bytes(BANKS[name])
    assert str(file) in refused("bank", "check", file)


def test_a_bank_that_the_settings_name_is_refused_before_any_work(refused, tmp_path):
    (tmp_path / "bad.csv").write_bytes(BANKS["hash.csv"])
    (tmp_path / "brightline.toml").write_text("[[banks]]\nname = 'b'\npath = 'bad.csv'\nharm = 'fraud_ai'\n")
    (tmp_path / "note.txt").write_text("The ferry leaves at nine.\n")
    assert "bad.csv:2" in refused("scan", "note.txt", "--jobs", "1", "--quiet")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A home with a ledger of two decisions, and its export."""
    place = tmp_path_factory.mktemp("log")
    for number in range(2):
        (place / f"{number}.txt").write_text(f"The ferry {number} leaves at nine.\n")
    home = ["--home", str(place / "home")]
    assert outcome(["scan", str(place / "0.txt"), str(place / "1.txt"), "--quiet", "--jobs", "1", *home]) == 0
    assert outcome(["ledger", "export", str(place / "tiles"), *home]) == 0
    return place


WITNESS = new_key("witness.example.com", Algorithm.COSIGNATURE)
COSIGNATURES = {
    "empty": b"",
    "not UTF-8": b"\xff\xfe",
    "NUL": b"\0" * 100,
    "a line without a key": "— \n".encode(),
    "no base64": "— witness.example.com !!!!\n".encode(),
    "lines": "— witness.example.com AAAAAAAA\n".encode() * 200,
    "too large": "— witness.example.com AAAAAAAA\n".encode() * 100_000,
    "another note": b"other\n1\nAAAA\n\n" + "— witness.example.com AAAAAAAA\n".encode(),
    "escapes": "— witness\x1b[31m AAAAAAAA\n".encode(),
    "unknown witness": "— other.example AAAAAAAAAAAA\n".encode(),
}


@pytest.mark.parametrize("name", COSIGNATURES)
def test_hostile_cosignatures_are_refused_in_one_line(name, refused, log, tmp_path):
    file = tmp_path / "cosignatures"
    file.write_bytes(COSIGNATURES[name])
    refused("ledger", "checkpoint", "--add", file, "--witness", vkey(WITNESS), "--home", log / "home")


@pytest.mark.parametrize("key", ["", "x", "a+b+c", "\udcff+00000000+AAAA", "a" * 100_000, "w\x1b[31m+1+2"])
def test_hostile_keys_of_witnesses_are_refused_in_one_line(key, refused, log, tmp_path):
    text = parse_note((log / "tiles" / "checkpoint").read_text()).text
    file = tmp_path / "cosignatures"
    file.write_text(str(cosign(text, WITNESS, 1_700_000_000)))
    refused("ledger", "checkpoint", "--add", file, "--witness", key, "--home", log / "home")
    refused("ledger", "verify", log / "tiles", "--key", key)


TILES = {
    "checkpoint": [b"", b"\xff", b"\0" * 1_000, b"a\n" * 2_000_000, b"\n\n", "\n\n— a AAAAAAAA\n".encode()],
    "tile/0/000.p/2": [b"", b"\xff" * 64, b"\xff" * 65, b"\0" * 20_000],
    "tile/entries/000.p/2": [b"", b"\xff\xff", b"\0" * 100, b"\0\x01{" * 2, b"\xff" * 20_000_000],
    "tile/0/x": [b""],
    "tile/-1/000": [b""],
    "tile/99999999999999999/000": [b"x"],
    "tile/0/x999/x999/x999/999": [b"x" * 32],
}


@pytest.mark.parametrize(("path", "number"), [(path, at) for path in TILES for at in range(len(TILES[path]))])
def test_hostile_tiles_are_told_one_line_a_fault(path, number, log, tmp_path, capfd):
    folder = Path(shutil.copytree(log / "tiles", tmp_path / "tiles"))
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(TILES[path][number])
    started = time.monotonic()
    code = outcome(["ledger", "verify", str(folder), "--home", str(log / "home")])
    said = capfd.readouterr()
    assert time.monotonic() - started < SECONDS
    lines = (said.out + said.err).splitlines()
    assert code in {1, 2}
    assert all(line.startswith(("tampered: ", "cannot tell: ", "verified: ")) for line in lines)
    assert any(line.startswith(("tampered: ", "cannot tell: ")) for line in lines)
    assert all(line.isprintable() and len(line) < 1_000 for line in lines)


def test_a_folder_where_a_tile_should_be_and_a_missing_one_cannot_pass(log, tmp_path, capfd):
    for spoil in (lambda at: (at.unlink(), at.mkdir()), lambda at: at.unlink()):
        folder = Path(shutil.copytree(log / "tiles", tmp_path / f"tiles-{id(spoil)}"))
        spoil(folder / "tile/entries/000.p/2")
        assert outcome(["ledger", "verify", str(folder), "--home", str(log / "home")]) in {1, 2}
        assert "Traceback" not in capfd.readouterr().err
