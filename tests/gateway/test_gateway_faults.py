"""Upstreams that fail, in every way that we know: errors of ours, nothing of theirs, and a record."""

import json
import socket
import time

import httpx2
import pytest
from gateway_parts import SENTENCES

from brightline.settings_gateway import GatewayLimits


def last_examination(gateway):
    ledger = gateway.gateway._ledger
    return ledger.examination(ledger.entry(ledger.size - 1).examination)


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("error", 502, "upstream_error"),
        ("redirect", 502, "upstream_refused_us"),
        ("refuse", 400, "context_length_exceeded"),
        ("html", 502, "upstream_malformed"),
        ("short", 502, "upstream_broke_off"),
        ("late", 504, "upstream_timeout"),
    ],
)
def test_an_upstream_that_fails_is_an_error_of_ours_and_a_gap_in_the_ledger(
    gateway, token, model, status, code
):
    answer = gateway.chat(token, "hello", model)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "secret" not in answer.text
    assert [gap.source for gap in last_examination(gateway).gaps] == ["gateway"]
    assert "x-brightline-receipt" in answer.headers


@pytest.mark.parametrize(
    ("model", "code"),
    [("broken", "upstream_malformed"), ("torn", "upstream_malformed"), ("stall", "upstream_timeout")],
)
def test_a_stream_that_breaks_ends_in_an_error_event_and_releases_nothing_unjudged(
    gateway, token, model, code
):
    answer = gateway.chat(token, f"say:{SENTENCES}", model, stream=True)
    if answer.headers["content-type"] == "application/json":  # nothing had gone out
        assert answer.json()["error"]["code"] == code
    else:
        events = [
            line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")
        ]
        assert json.loads(events[-1])["error"]["code"] == code
        assert "[DONE]" not in answer.text
    examination = last_examination(gateway)
    assert any("broke off" in gap.why.en for gap in examination.gaps)
    assert any(finding.claim == "exchange.released" for finding in examination.findings)


def test_a_failing_upstream_gives_way_to_the_next_and_is_asked_once(upstream, another):
    gateway = another(closed_port(), upstream.port)
    token, _ = gateway.key("tenant-a")
    before = len(upstream.heard)
    for _ in range(4):
        assert gateway.chat(token, "say:Here.").json()["choices"][0]["message"]["content"] == "Here."
    assert len(upstream.heard) == before + 4


def test_an_error_before_the_first_byte_is_tried_at_the_next(upstream, another):
    gateway = another(upstream.port, upstream.port)
    token, _ = gateway.key("tenant-a")
    before = len(upstream.heard)
    upstream.error_once = 1
    assert gateway.chat(token, "say:Here.").status_code == 200
    assert len(upstream.heard) == before + 2


def test_nothing_is_asked_twice_after_the_first_byte(upstream, another):
    gateway = another(upstream.port, upstream.port)
    token, _ = gateway.key("tenant-a")
    before = len(upstream.heard)
    assert gateway.chat(token, "hello", "short").status_code == 502
    assert gateway.chat(token, "hello", "torn", stream=True).text
    assert len(upstream.heard) == before + 2


def test_an_answer_that_goes_on_for_too_long_is_ended(upstream, another):
    gateway = another(upstream.port, total_seconds=0.5)
    token, _ = gateway.key("tenant-a")
    answer = gateway.chat(token, f"say:{SENTENCES}", "slow", stream=True)
    assert "upstream_timeout" in answer.text
    assert "[DONE]" not in answer.text
    assert any("broke off" in gap.why.en for gap in last_examination(gateway).gaps)


def test_an_upstream_that_keeps_failing_rests_and_is_tried_again(upstream, another):
    gateway = another(upstream.port, limits=GatewayLimits(failures=2, rest_seconds=0.5))
    token, _ = gateway.key("tenant-a")
    for _ in range(2):
        assert gateway.chat(token, "hello", "error").status_code == 502
    before = len(upstream.heard)
    resting = gateway.chat(token, "hello")
    assert (resting.status_code, resting.json()["error"]["code"]) == (503, "upstream_unavailable")
    assert "retry-after" in resting.headers
    assert len(upstream.heard) == before
    time.sleep(0.6)
    assert gateway.chat(token, "hello").status_code == 200


def test_a_caller_that_hangs_up_ends_the_upstreams_work_and_is_recorded(gateway, token, upstream):
    before = upstream.hung_up
    body = {
        "model": "slow",
        "stream": True,
        "messages": [{"role": "user", "content": f"say:{SENTENCES * 4}"}],
    }
    headers = {"authorization": f"Bearer {token}"}
    with (
        httpx2.Client() as client,
        client.stream("POST", f"{gateway.url}/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        next(answer.iter_bytes())
    for _ in range(50):
        if upstream.hung_up > before:
            break
        time.sleep(0.1)
    assert upstream.hung_up == before + 1
    for _ in range(50):
        if any("hung up" in gap.why.en for gap in last_examination(gateway).gaps):
            return
        time.sleep(0.05)
    raise AssertionError("no record of it")


def test_a_ledger_that_cannot_be_written_lets_nothing_out(upstream, another):
    gateway = another(upstream.port)
    token, _ = gateway.key("tenant-a")
    with gateway.gateway._ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE checkpoints")
    answer = gateway.chat(token, "say:never seen")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ledger_unavailable")
    streamed = gateway.chat(token, "say:never seen", stream=True)
    assert streamed.status_code == 503
    assert "never seen" not in answer.text + streamed.text
