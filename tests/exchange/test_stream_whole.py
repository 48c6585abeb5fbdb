"""Streams end to end in memory: what comes out of the events is what the whole would have let out."""

import json

from hypothesis import Phase, given, settings
from test_windows import CUTS, RULES, STOP, TEXTS, applied, judge_of, pieces_of

from brightline.detectors.exchange.automaton import Automaton
from brightline.exchange.guard import WindowGuard
from brightline.exchange.nouns import Protocol
from brightline.exchange.sse import EventReader, render
from brightline.exchange.stream import GuardedStream
from brightline.exchange.stream_chat import ChatReader


def chunk(text, reason=None):
    delta = {"content": text} if text else {}
    return render(json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}).encode())


def said_in(data):
    bodies = [json.loads(event.data) for event in EventReader().feed(data) if event.data != b"[DONE]"]
    return "".join(one["delta"].get("content") or "" for body in bodies for one in body["choices"])


@settings(max_examples=150, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(RULES, TEXTS, CUTS)
def test_events_carry_what_the_whole_would_let_out(rules, text, cuts):
    machine = Automaton([pattern for pattern, _ in rules])
    judge = judge_of(rules, machine)

    def guard(whole):
        return WindowGuard(judge, window=100, hold=96, whole=whole, machine=machine)

    stream = GuardedStream(ChatReader(Protocol.CHAT, "m", "r"), guard, judge, limit_characters=100_000)
    out = b"".join(stream.feed(chunk(piece)) for piece in pieces_of(text, cuts))
    out += stream.feed(chunk("", "stop") + render(b"[DONE]"))
    whole = judge(text)
    out += stream.end()
    # Words that stand in place of others may bring two halves of something listed together: that is stopped as well.
    if whole is STOP or stream.stopped is not None:
        assert stream.stopped is not None
        assert judge(said_in(out)) in (None, ())
        assert b'"content_filter"' in out
    else:
        assert said_in(out) == applied(text, whole)
        assert "".join(turn.text for turn in stream.turns) == said_in(out)
