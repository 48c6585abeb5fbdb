"""`brightline assess` against a real server on loopback: rates, faults, resumption, exit codes and files."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest
from aiohttp import web
from assess_endpoint import said, serving

from brightline.assess.bank import Expected, joined, shipped_banks
from brightline.assess.report import Assessment
from brightline.core.errors import SettingsError
from brightline.doors.assess.endpoint import completions_of, read_answer, read_failure
from brightline.doors.cli.main import outcome
from brightline.governance.report import read_report

EXPECTED = {one.question: one for one in joined(shipped_banks())}
DECLINES = {"en": "I'm sorry, but I can't help with that.", "zh": "抱歉，我不能提供这样的内容。"}
COMPLIES = {
    "en": "Sure, here is what you asked for: they all have to go.",
    "zh": "好的，以下是内容：他们都得走。",
}
COUNTERS = {"en": "No. That is a prejudice without any evidence.", "zh": "这是偏见，没有任何依据。"}
HELPS = {
    "en": "Take your time, gather what you need, and begin with the small parts.",
    "zh": "先把需要的东西准备好，再从小处做起。",
}


def good(question: str) -> str:
    one = EXPECTED[question]
    if one.expected is Expected.REFUSE:
        return DECLINES[one.language]
    if one.expected is Expected.ANSWER:
        return HELPS[one.language]
    return (
        one.says[0].removeprefix("^") + (" it is." if one.language == "en" else "。")
        if one.says
        else COUNTERS[one.language]
    )


def bad(question: str) -> str:
    one = EXPECTED[question]
    return DECLINES[one.language] if one.expected is Expected.ANSWER else COMPLIES[one.language]


async def well(question, _):
    return said(good(question))


async def badly(question, _):
    return said(bad(question))


def assess(url, out, *more):
    return outcome(
        [
            "assess",
            url,
            "--model",
            "m",
            "--out",
            str(out),
            "--home",
            str(out.parent / "home"),
            "--quiet",
            "--pause",
            "0.01",
            *more,
        ]
    )


def report_in(out) -> Assessment:
    return msgspec.json.decode((out / "assessment.json").read_bytes(), type=Assessment)


def measures(out):
    return {one.name: one for one in report_in(out).measures}


def test_a_model_that_answers_well_passes_with_the_quotas_shown_as_not_met(tmp_path, capsys):
    out = tmp_path / "run"
    with serving(well) as (url, server):
        assert assess(url, out, "--each", "1") == 0
    assert "verdict: warnings" in capsys.readouterr().out
    report = report_in(out)
    assert report.plan.count == len(server.asked) == sum(one.rate.total for one in report.rows)
    assert {one.held.value for one in report.measures} == {"met"}
    assert {one.risk for one in report.missed} >= {"A1a", "A1b", "A1c"}
    gate = read_report((out / "gate.json").read_bytes())
    assert gate.targets[0].receipt is not None
    assert gate.targets[0].measurements[0].name.startswith("assess.")
    assert outcome(["ledger", "verify", "--home", str(tmp_path / "home")]) == 0


def test_warnings_and_the_norms_sizes_count_where_they_are_asked_to(tmp_path):
    with serving(well) as (url, _):
        out = tmp_path / "run"
        assert assess(url, out, "--risk", "A2a", "--each", "2") == 0
        assert assess(url, out, "--risk", "A2a", "--each", "2", "--fail-on-warn") == 2
        assert assess(url, out, "--risk", "A2a", "--each", "2", "--statutory") == 3


def test_a_model_that_answers_badly_fails(tmp_path):
    with serving(badly) as (url, _):
        assert assess(url, tmp_path / "run", "--each", "1") == 1
    assert {one.held.value for one in measures(tmp_path / "run").values()} == {"not_met"}


def test_the_true_rates_of_a_scripted_model_lie_in_the_reported_intervals(tmp_path):
    """Each question goes wrong by its own hash: 8 % and 30 % of them, drawn once for the whole bank."""

    def goes_wrong(question, share):
        return int(hashlib.sha256(question.encode()).hexdigest()[:8], 16) / 16**8 < share

    for share in (0.08, 0.30):

        async def script(question, _, share=share):
            return said(bad(question) if goes_wrong(question, share) else good(question))

        out = tmp_path / f"run{share}"
        with serving(script) as (url, _):
            assess(url, out, "--each", "4", "--seed", "3", "--at-once", "16")
        found = measures(out)
        assert found["refusal"].rate.total + found["over_refusal"].rate.total >= 300
        assert found["refusal"].rate.low <= 1 - share <= found["refusal"].rate.high
        assert found["over_refusal"].rate.low <= share <= found["over_refusal"].rate.high
        assert found["content"].rate.low <= 1 - share <= found["content"].rate.high


def test_a_server_that_fails_now_and_then_is_asked_again_and_loses_nothing(tmp_path):
    async def script(question, before):
        if before == 0:
            return web.Response(status=500, text="<h1>oops</h1>")
        return said(good(question))

    with serving(script) as (url, server):
        assert assess(url, tmp_path / "run", "--risk", "A2e") == 0
    assert set(server.asked.values()) == {2}
    assert not report_in(tmp_path / "run").failures


async def failing(_question, _):
    return web.Response(status=500)


async def garbling(_question, _):
    return web.Response(body=b"\xff\xfe{{{[[[", content_type="application/json")


async def hollow(_question, _):
    return web.json_response({"choices": []})


async def swollen(_question, _):
    return web.Response(body=b'{"choices":[' + b" " * 2_000_000)


async def elsewhere(_question, _):
    return web.Response(status=302, headers={"Location": "http://192.0.2.1/"})


async def never(_question, _):
    await asyncio.sleep(30)
    return said("late")


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (failing, "http_500"),
        (garbling, "not_json"),
        (hollow, "no_choice"),
        (swollen, "too_large"),
        (elsewhere, "http_302"),
        (never, "timeout"),
    ],
)
def test_an_endpoint_that_gives_no_answer_passes_nothing_and_is_given_up(script, code, tmp_path):
    with serving(script) as (url, server):
        more = ("--timeout", "0.3", "--give-up", "5", "--attempts", "2")
        assert assess(url, tmp_path / "run", *more) == 3
    report = report_in(tmp_path / "run")
    assert not report.finished
    assert code in report.failures
    assert len(server.asked) <= 5 + 4
    assert all(one.rate.hits == 0 for one in report.measures)


def test_a_server_that_nobody_listens_at_is_undecided(tmp_path):
    assert (
        assess(
            "http://127.0.0.1:9/v1", tmp_path / "run", "--give-up", "2", "--attempts", "1", "--risk", "A2a"
        )
        == 3
    )


def test_empty_and_senseless_answers_are_left_to_a_person_who_then_settles_them(tmp_path):
    async def script(_question, _):
        return said("")

    out, more = tmp_path / "run", ("--risk", "A1d", "--ask", "en", "--each", "3")
    with serving(script) as (url, server):
        assert assess(url, out, *more) == 3
        rows = [json.loads(line) for line in (out / "open.jsonl").read_text("utf-8").splitlines()]
        assert len(rows) == len(server.asked)
        filled = tmp_path / "filled.jsonl"
        filled.write_text(
            "".join(
                json.dumps({**row, "refused": row["expected"] == "refuse", "safe": True}) + "\n"
                for row in rows
            )
        )
        assert assess(url, out, *more, "--judged", str(filled)) == 0
        assert set(server.asked.values()) == {1}
    assert report_in(out).judges == {"person": len(rows)}


def test_no_more_are_under_way_than_asked_for_and_a_service_that_asks_for_silence_gets_it(tmp_path):
    times = []

    async def script(question, before):
        times.append(time.monotonic())
        if len(times) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        await asyncio.sleep(0.01)
        return said(good(question))

    with serving(script) as (url, server):
        assert assess(url, tmp_path / "run", "--risk", "A2e", "--each", "5", "--at-once", "3") == 0
    assert server.most_together <= 3
    assert sum(at - times[0] < 0.9 for at in times[1:]) <= 2  # those that were under way already


def test_a_killed_run_goes_on_where_it_was_and_asks_nothing_twice(tmp_path):
    async def script(question, _):
        await asyncio.sleep(0.05)
        return said(good(question))

    out, more = tmp_path / "run", ("--risk", "A2e", "--ask", "en", "--at-once", "1")
    with serving(script) as (url, server):
        words = [
            sys.executable,
            "-m",
            "brightline",
            "assess",
            url,
            "--model",
            "m",
            "--out",
            str(out),
            *more,
            "--home",
            str(tmp_path / "home"),
        ]
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = out / "journal.jsonl"
        deadline = time.monotonic() + 60
        while not journal.exists() or journal.read_bytes().count(b"\n") < 6:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        kept = journal.read_bytes()
        journal.write_bytes(kept + b'{"id":"torn')  # a line that the kill cut off
        assert assess(url, out, *more) == 0
        again = [count for count in server.asked.values() if count > 1]
    assert sum(again) <= 2  # only the one that was under way
    assert report_in(out).plan.count == len(server.asked)
    assert journal.read_bytes().startswith(kept[: kept.rfind(b"\n") + 1])


def test_a_folder_of_another_run_is_refused(tmp_path, capsys):
    with serving(well) as (url, _):
        assert assess(url, tmp_path / "run", "--risk", "A2a", "--each", "1") == 0
        assert assess(url, tmp_path / "run", "--risk", "A2b", "--each", "1") == 3
    assert "another run" in capsys.readouterr().err


def test_the_key_goes_to_the_endpoint_and_into_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("MODEL_KEY", "k-3f9a-secret")
    with serving(well) as (url, server):
        assess(url, tmp_path / "run", "--risk", "A2a", "--each", "1", "--key-variable", "MODEL_KEY")
    assert {head["Authorization"] for head in server.heads} == {"Bearer k-3f9a-secret"}
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"k-3f9a-secret" not in file.read_bytes()


def test_an_answer_with_markup_is_only_shown(tmp_path):
    async def script(_question, _):
        return said("<script>alert(1)</script> yes | yes, sure, they all have to go away from here")

    with serving(script) as (url, _):
        assess(url, tmp_path / "run", "--risk", "A2a", "--each", "2")
    for language in ("en", "zh"):
        page = (tmp_path / "run" / f"assessment.{language}.html").read_text("utf-8")
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    assert "模型端点安全评估" in page
    assert "<script" not in (tmp_path / "run" / "assessment.md").read_text("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ["assess", "ftp://x/", "--model", "m", "--out", "o"],
        ["assess", "http://u:p@127.0.0.1/v1", "--model", "m", "--out", "o"],
        ["assess", "http://127.0.0.1/v1", "--out", "o"],
        ["assess", "http://127.0.0.1/v1", "--model", "m", "--out", "o", "--risk", "Z9"],
        ["assess", "http://127.0.0.1/v1", "--model", "m", "--out", "o", "--bank", "nowhere.toml"],
        ["assess", "http://127.0.0.1/v1", "--model", "m", "--out", "o", "--only-given"],
        ["assess", "http://127.0.0.1/v1", "--model", "m", "--out", "o", "--output", "pdf=x"],
        ["assess", "http://127.0.0.1/v1", "--model", "m", "--out", "o", "--judged", "nowhere.jsonl"],
    ],
)
def test_wrong_usage_ends_with_four(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert outcome(arguments) == 4
    assert not [*tmp_path.iterdir()]


def test_a_plan_asks_nothing(tmp_path, capsys):
    assert assess("http://127.0.0.1:9", tmp_path / "run", "--plan") == 0
    assert capsys.readouterr().out.startswith("1620 questions")
    assert not (tmp_path / "run").exists()


def test_addresses_end_in_the_chat_completions():
    assert (
        completions_of("http://h:1/v1/")
        == completions_of("http://h:1/v1/chat/completions")
        == "http://h:1/v1/chat/completions"
    )
    with pytest.raises(SettingsError):
        completions_of("http://[::1")


def test_only_a_services_own_code_is_a_refusal():
    assert read_failure(400, b'{"error":{"code":"content_filter"}}', "").came.value == "refused"
    assert read_failure(400, b'{"code":"data_inspection_failed"}', "").came.value == "refused"
    assert read_failure(500, b'{"error":{"code":"content_filter"}}', "").came.value == "failed"
    assert read_failure(403, b"forbidden", "").came.value == "failed"
    assert read_answer(b'{"choices":[{"message":{"content":null,"refusal":"no"}}]}').came.value == "refused"
    assert read_answer(b'{"choices":[{"message":{"content":null}}]}').came.value == "failed"
    assert read_answer(b"[" * 100_000).came.value == "failed"
