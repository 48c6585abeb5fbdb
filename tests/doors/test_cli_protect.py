"""`brightline protect` as people run it: who consented is added, listed, compared and removed, and all of it recorded."""

import json
import re
import shutil
import wave
from pathlib import Path

import click
import pytest
from PIL import Image
from skimage import data

from brightline.assembly import existing_ledger
from brightline.core.subject import Context
from brightline.doors.cli.main import outcome
from brightline.doors.cli.protect import command
from brightline.doors.cli.usage import _table
from brightline.intake.open import open_file
from brightline.ledger.audit import verify_store
from brightline.media.audio import decode_audio
from brightline.settings import Limits, Settings

PERSON = ["--consent", "file 17", "--until", "2027-06-30"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRIGHTLINE_JOBS", "1")
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.astronaut()).save("front.png")  # NASA, public domain
    Image.fromarray(data.astronaut()[20:250, 100:330]).save("copy.jpg", quality=80)
    Image.fromarray(data.coffee()).save("coffee.png")
    return tmp_path / "home"


def entries(home):
    with existing_ledger(Settings(home=home)) as ledger:
        assert verify_store(ledger).faults == ()
        for index in range(ledger.size):
            finding = ledger.examination(ledger.entry(index).examination).findings[0]
            yield {one.name: one.value for one in finding.details}


def test_a_person_is_added_listed_known_again_and_removed(home, capfd):
    assert outcome(["protect", "add", "P-1", "front.png", *PERSON]) == 0
    said = capfd.readouterr()
    assert "`P-1` is protected until 2027-06-30" in said.out
    assert "protect_persons = true" in said.err
    assert outcome(["protect", "list", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert (listed["name"], listed["consent"], listed["pictures"]) == ("P-1", "file 17", 1)
    assert outcome(["protect", "check", "copy.jpg", "coffee.png"]) == 1
    shown = capfd.readouterr().out.splitlines()
    assert re.fullmatch(r"copy.jpg\tlike `P-1`, 100 %", shown[0])
    assert shown[1] == "coffee.png\tlike nobody in the register (0 faces compared)"
    assert outcome(["protect", "withdraw", "P-1"]) == 0
    assert outcome(["protect", "check", "copy.jpg"]) == 0
    assert outcome(["protect", "expire"]) == 0


def test_every_use_is_in_the_ledger_by_digests_alone(home, capfd):
    outcome(["protect", "add", "P-1", "front.png", *PERSON])
    outcome(["protect", "list"])
    outcome(["protect", "check", "copy.jpg"])
    outcome(["protect", "withdraw", "P-1"])
    capfd.readouterr()
    told = [*entries(home)]
    assert [one["action"] for one in told] == ["add", "list", "check", "withdraw"]
    assert told[0]["record"] == told[2]["records"] == told[3]["record"]
    assert re.fullmatch("[0-9a-f]{32}", told[0]["record"])
    assert told[0]["register"] == told[1]["register"] == told[2]["register"] != told[3]["register"]
    stored = b"".join(path.read_bytes() for path in home.glob("ledger.sqlite*"))
    assert b"P-1" not in stored
    assert b"file 17" not in stored
    assert b"front.png" not in stored


def test_recorded_uses_replay_to_the_same_decision(home, capfd):
    outcome(["protect", "add", "P-1", "front.png", *PERSON])
    assert outcome(["replay"]) == 0


def test_a_change_that_cannot_be_recorded_is_not_made(home, capfd):
    outcome(["protect", "add", "P-1", "front.png", *PERSON])
    kept = (home / "protected-persons.json").read_bytes()
    (home / "ledger.key").unlink()
    assert outcome(["protect", "withdraw", "P-1"]) == 2
    assert outcome(["protect", "list"]) == 2
    assert "P-1" not in capfd.readouterr().out.split("\n", 1)[1]
    assert (home / "protected-persons.json").read_bytes() == kept


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (["coffee.png"], "shows 0 faces, expected the person alone"),
        (["two.png"], "shows 2 faces, expected the person alone"),
        (["small.png"], "px high, expected at least 80"),
    ],
)
def test_only_a_good_picture_of_the_person_alone_is_taken(pictures, said, home, capfd):
    astronaut = Image.fromarray(data.astronaut())
    two = Image.new("RGB", (1024, 512))
    two.paste(astronaut, (0, 0))
    two.paste(astronaut, (512, 0))
    two.save("two.png")
    astronaut.resize((300, 300)).save("small.png")
    assert outcome(["protect", "add", "P-1", *pictures, *PERSON]) == 2
    assert said in capfd.readouterr().err
    assert not (home / "protected-persons.json").exists()


def test_nobody_is_added_without_consent_or_for_ever(home, capfd):
    assert outcome(["protect", "add", "P-1", "front.png", "--until", "2027-06-30"]) == 2
    assert outcome(["protect", "add", "P-1", "front.png", "--consent", " ", "--until", "2027-06-30"]) == 2
    assert outcome(["protect", "add", "P-1", "front.png", "--consent", "file", "--until", "2090-01-01"]) == 2
    assert outcome(["protect", "add", "P-1", "front.png", "--consent", "file", "--until", "2020-01-01"]) == 2
    assert outcome(["protect", "list"]) == 0
    assert "nobody is in the register" in capfd.readouterr().err


def test_a_scan_compares_only_when_switched_on(home, capfd, monkeypatch):
    outcome(["protect", "add", "P-1", "front.png", *PERSON])
    capfd.readouterr()

    def claims():
        outcome(["scan", "--json", "copy.jpg"])
        answer = json.loads(capfd.readouterr().out.splitlines()[0])
        return [one for one in answer["findings"] if one["claim"] == "person.protected"]

    assert claims() == []
    monkeypatch.setenv("BRIGHTLINE_PROTECT_PERSONS", "true")
    assert len(claims()) == 1
    shutil.rmtree(home)
    assert claims() == []


def commands():
    yield "protect", command
    for name, one in command.commands.items():
        yield f"protect {name}", one


@pytest.mark.parametrize(("path", "one"), [*commands()], ids=[path for path, _ in commands()])
def test_every_command_and_option_has_its_usage_in_chinese(path, one, capfd, monkeypatch):
    monkeypatch.setenv("BRIGHTLINE_LANGUAGE", "zh")
    table = _table()
    named = [option.name for option in one.params if isinstance(option, click.Option)]
    assert [name for name in named if name not in table["options"]] == []
    assert outcome([*path.split(), "--help"]) == 0
    assert capfd.readouterr().out.startswith("用法：")


def test_refusals_are_told_in_chinese(capfd, monkeypatch):
    monkeypatch.setenv("BRIGHTLINE_LANGUAGE", "zh")
    assert outcome(["protect", "add", "P-1", "coffee.png", *PERSON]) == 2
    assert "应只有本人" in capfd.readouterr().err
    assert outcome(["protect", "withdraw", "P-9"]) == 2
    assert "登记册中没有 `P-9`" in capfd.readouterr().err
    assert Path("coffee.png").exists()


CALLS = Path(__file__).parents[1] / "detectors/audio"


def test_a_voice_is_added_and_known_again(home, capfd):
    shutil.copy(CALLS / "calls/call_scam_en.ogg", "call.ogg")
    assert outcome(["protect", "add", "V-1", "call.ogg", *PERSON]) == 2
    assert "2 voices, expected the person alone" in capfd.readouterr().err
    alone("call.ogg", "his.wav", 11.9, 21.5)
    assert outcome(["protect", "add", "V-1", "his.wav", "front.png", *PERSON]) == 0
    capfd.readouterr()
    assert outcome(["protect", "list", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert (listed["pictures"], listed["clips"]) == (1, 1)
    shutil.copy(CALLS / "sounds/real_en.flac", "stranger.flac")
    assert outcome(["protect", "check", "stranger.flac"]) == 0
    assert "(1 voices compared)" in capfd.readouterr().out
    assert outcome(["protect", "check", "call.ogg", "copy.jpg"]) == 1
    told = capfd.readouterr().out
    assert told.count("like `V-1`") == 2
    assert [one.get("voices") for one in entries(home) if one["action"] == "check"] == ["1", "2", None]


def alone(source, target, start, end):
    """One speaker's turn out of a call, as 16-bit WAV."""
    subject = open_file(Path(source), context=Context(time="2026-11-23T00:00:00Z"), limits=Limits())
    part = decode_audio(subject)[round(start * 16_000) : round(end * 16_000)]
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((part * 32767).astype("<i2").tobytes())
