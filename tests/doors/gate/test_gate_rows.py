"""Data sets at the gate: audited as rows, a sample judged on the line, and nothing passes by its name."""

import json
import random

import pytest

from brightline.core.errors import DetectorError
from brightline.detectors.dataset import audit as auditing
from brightline.doors.cli.main import outcome
from brightline.governance.report import read_report

THINGS = [
    "bread",
    "garden",
    "train",
    "weather",
    "chess",
    "history",
    "painting",
    "music",
    "football",
    "coffee",
    "river",
    "library",
    "school",
    "market",
    "bicycle",
    "camera",
    "island",
    "doctor",
    "winter",
    "museum",
]
SOURCES = """
[[source]]
name = "wiki"
licence = "CC-BY-SA-4.0"
collected = "2026-10-01"
by = "data team"
"""
LURE = (
    "Dear customer {0}, your bank account has been suspended. Verify your password within 24 hours at"
    " http://secure-bank-login{0}.top/verify or lose access."
)


def rows(count, bad_every=0):
    chance = random.Random(7)
    for number in range(count):
        one, two, three = chance.sample(THINGS, 3)
        if bad_every and number % bad_every == 0:
            yield {"prompt": "mail", "response": LURE.format(number), "source": "crawl"}
            continue
        yield {
            "prompt": f"What does a {one} near the {two} tell about {three}, case {number}?",
            "response": f"The {one} of town {chance.randrange(999)} is close to its {three}.",
            "source": "wiki",
        }


@pytest.fixture
def place(tmp_path):
    (tmp_path / "sources.toml").write_text(SOURCES)
    return tmp_path


def written(place, made, name="train.jsonl"):
    folder = place / "set"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(one) + "\n" for one in made))
    return folder


def gated(place, folder, *words):
    code = outcome(
        [
            "gate",
            str(folder),
            "--sources",
            str(place / "sources.toml"),
            "--output",
            f"json={place / 'r.json'}",
            "--home",
            str(place / "home"),
            *words,
        ]
    )
    report = read_report((place / "r.json").read_bytes())
    return code, {one.rule: one for one in report.targets[0].results}, report


def test_a_set_of_honest_rows_passes_and_says_its_numbers(place):
    code, results, report = gated(place, written(place, rows(300)), "--threshold", "dataset.rows>=300")
    assert code == 0, {rule: one.why.en for rule, one in results.items() if one.status != "pass"}
    share = results["dataset#source.unlawful:wiki"].measurements[0]
    assert (share.value, share.size) == (0.0, 300)
    assert report.targets[0].receipt


def test_a_source_of_lures_fails(place):
    code, results, _ = gated(place, written(place, rows(200, bad_every=5)))
    assert code == 1
    assert results["dataset#source.unlawful:crawl"].status == "fail"
    assert results["dataset#source.unlawful:wiki"].status == "pass"


def test_too_few_rows_fail_a_threshold(place):
    assert gated(place, written(place, rows(60)), "--threshold", "dataset.rows>=4000")[0] == 1


def test_more_rows_than_a_scan_opens_are_still_decided(place):
    code, results, _ = gated(place, written(place, rows(12_000)), "--sample", "200")
    assert code == 0, {rule: one.why.en for rule, one in results.items() if one.status != "pass"}
    assert results["dataset#read"].measurements[0].value == 12_000


def test_a_pickle_with_the_name_of_a_table_is_no_table(place):
    folder = place / "set"
    folder.mkdir()
    (folder / "rows.csv").write_bytes(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.")
    code, results, _ = gated(place, folder)
    assert code == 1
    assert results["house/default#model-runs-code"].path == "rows.csv"
    assert results["dataset#unread"].status == "undecided"


def test_lines_that_are_no_rows_leave_it_undecided(place):
    folder = written(place, rows(100))
    with (folder / "train.jsonl").open("a") as stream:
        stream.write("{broken\n")
    code, results, _ = gated(place, folder)
    assert code == 3
    assert results["dataset#gap"].status == "undecided"


def test_an_audit_that_fails_is_undecided(place, monkeypatch):
    def broken(*_):
        raise DetectorError("out of order")

    monkeypatch.setattr(auditing, "suspicions_of", broken)
    code, results, _ = gated(place, written(place, rows(50)))
    assert code == 3
    assert "out of order" in results["dataset#unread"].why.en


def test_a_manifest_that_is_none_is_a_usage_error(place):
    folder = written(place, rows(10))
    (place / "sources.toml").write_text("nonsense = [")
    assert (
        outcome(
            ["gate", str(folder), "--sources", str(place / "sources.toml"), "--home", str(place / "home")]
        )
        == 4
    )
