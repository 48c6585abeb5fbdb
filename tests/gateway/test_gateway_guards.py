"""Guard models behind real servers on loopback: verdicts become estimates, failures gaps."""

import contextlib
import http.server
import json
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.doors.gateway.guards import Verdict, verdict_of
from brightline.settings_gateway import Fail, GuardKind, GuardSetting, RoutesSetting

SAID = {
    GuardKind.LLAMA_GUARD: ("safe", "unsafe\nS2"),
    GuardKind.QWEN3GUARD: (
        "Safety: Safe\nCategories: None",
        "Safety: Unsafe\nCategories: Violent\nRefusal: No",
    ),
    GuardKind.SHIELDGEMMA: ("No, it is fine.", "Yes, it asks for harm."),
}


class GuardServer:
    """Answers as a guard model of one kind: unsafe where it hears the word `poison`."""

    def __init__(self, kind):
        self.heard, self.say, self.status, self.wait, self.logprobs = [], None, 200, 0.0, None
        guard = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                guard.heard.append((body, self.headers.get("authorization")))
                time.sleep(guard.wait)
                said = (
                    guard.say
                    if guard.say is not None
                    else SAID[kind]["poison" in json.dumps(body["messages"])]
                )
                choice = {"message": {"role": "assistant", "content": said}}
                if guard.logprobs is not None:
                    rows = [{"token": token, "logprob": value} for token, value in guard.logprobs.items()]
                    choice["logprobs"] = {"content": [{"top_logprobs": rows}]}
                data = json.dumps({"choices": [choice]}).encode()
                self.send_response(guard.status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def guard_of():
    made = []

    def make(kind, **more):
        made.append(GuardServer(kind))
        made[-1].setting = GuardSetting(
            name="own", base_url=made[-1].url, kind=kind, model="guard-model", **more
        )
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def recorded(gateway, index):
    ledger = gateway.gateway._ledger
    return ledger.examination(ledger.entry(index).examination)


@pytest.mark.parametrize("kind", [*GuardKind])
def test_an_unsafe_prompt_is_held_and_a_safe_one_passes(kind, guard_of, upstream, another, tmp_path):
    (tmp_path / "guard.key").write_text("sk-guard\n")
    guard = guard_of(kind, key_file=str(tmp_path / "guard.key"))
    gateway = another(upstream.port, gateway={"guard_models": (guard.setting,)})
    token, _ = gateway.key("tenant-g")
    assert gateway.chat(token, "say:Good morning.").status_code == 200
    before = len(upstream.heard)
    refused = gateway.chat(token, "How do I make poison?")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "held_for_review")
    assert len(upstream.heard) == before
    found = [one for one in recorded(gateway, 2).findings if one.claim == "guard.unsafe"]
    assert [(one.detector, one.basis.value, one.probability) for one in found] == [
        ("guard.own", "estimate", 0.9)
    ]
    assert all(key == "Bearer sk-guard" for _, key in guard.heard)
    assert guard.heard[0][0]["model"] == "guard-model"


def test_an_unsafe_answer_is_refused_whole_and_in_a_stream(guard_of, upstream, another):
    guard = guard_of(GuardKind.QWEN3GUARD, prompts=False, answers=True)
    gateway = another(upstream.port, gateway={"guard_models": (guard.setting,)})
    token, _ = gateway.key("tenant-g")
    whole = gateway.chat(token, "say:Take the poison.").json()["choices"][0]
    assert whole["finish_reason"] == "content_filter"
    assert "poison" not in json.dumps(whole)
    stream = gateway.chat(token, "say:One. Two. Three. Take the poison. Four.", stream=True).text
    assert "content_filter" in stream
    assert "Two" not in stream
    assert "poison" not in stream
    good = gateway.chat(token, "say:One. Two. Three.", stream=True).text
    assert "Two" in good
    assert good.rstrip().endswith("[DONE]")


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [({"say": "I cannot answer that."}, "failed"), ({"status": 500}, "failed"), ({"wait": 1.0}, "timeout"),
     ({"say": 7}, "failed"), ({"say": "x" * 100_000}, "failed")],
)  # fmt: skip
def test_a_guard_that_fails_is_a_gap_which_holds(spoil, kind, guard_of, upstream, another):
    guard = guard_of(GuardKind.LLAMA_GUARD, seconds=0.4)
    for name, value in spoil.items():
        setattr(guard, name, value)
    gateway = another(upstream.port, gateway={"guard_models": (guard.setting,)})
    token, _ = gateway.key("tenant-g")
    assert gateway.chat(token, "say:Good morning.").json()["error"]["code"] == "held_for_review"
    assert [(one.source, one.kind.value) for one in recorded(gateway, 0).gaps] == [("guard.own", kind)]


def test_a_guard_that_nobody_hears_passes_on_an_open_route_and_is_recorded(upstream, another):
    setting = GuardSetting(
        name="own", base_url="http://127.0.0.1:9/v1", kind=GuardKind.LLAMA_GUARD, model="m"
    )
    gateway = another(
        upstream.port, routes=RoutesSetting(chat=Fail.OPEN), gateway={"guard_models": (setting,)}
    )
    token, _ = gateway.key("tenant-g")
    assert gateway.chat(token, "say:Good morning.").status_code == 200
    assert [one.source for one in recorded(gateway, 0).gaps] == ["guard.own"]


def test_log_probabilities_become_the_estimate(guard_of, upstream, another):
    guard = guard_of(GuardKind.LLAMA_GUARD)
    guard.logprobs = {"unsafe": -1.2039728, "safe": -0.3566749}  # 0.3 and 0.7
    guard.say = "safe"
    gateway = another(upstream.port, gateway={"guard_models": (guard.setting,)})
    token, _ = gateway.key("tenant-g")
    assert gateway.chat(token, "say:Good morning.").status_code == 200
    (found,) = [one for one in recorded(gateway, 0).findings if one.claim == "guard.unsafe"]
    assert found.probability == pytest.approx(0.3, abs=0.01)


def test_a_prompt_too_long_for_the_guard_leaves_a_gap_and_its_end_is_seen(guard_of, upstream, another):
    guard = guard_of(GuardKind.LLAMA_GUARD, characters=100)
    gateway = another(upstream.port, gateway={"guard_models": (guard.setting,)})
    token, _ = gateway.key("tenant-g")
    assert gateway.chat(token, "a" * 500 + " the end").status_code == 400
    assert guard.heard[0][0]["messages"][0]["content"].endswith("the end")
    assert [one.kind.value for one in recorded(gateway, 0).gaps] == ["limit"]


@pytest.mark.parametrize(
    ("kind", "said", "verdict"),
    [
        (GuardKind.LLAMA_GUARD, "\n\nsafe", Verdict(False, "safe")),
        (GuardKind.LLAMA_GUARD, "unsafe\nS1,S10", Verdict(True, "unsafe", "S1, S10")),
        (
            GuardKind.QWEN3GUARD,
            "Safety: Controversial\nCategories: PII",
            Verdict(True, "controversial", "PII"),
        ),
        (GuardKind.SHIELDGEMMA, "Yes", Verdict(True, "yes")),
    ],
)
def test_verdicts_are_read_in_their_own_forms(kind, said, verdict):
    assert verdict_of(kind, said) == verdict


@given(st.sampled_from([*GuardKind]), st.text(max_size=200))
def test_any_words_are_a_verdict_or_a_value_error(kind, said):
    with contextlib.suppress(ValueError):
        assert verdict_of(kind, said).word in said.lower()
