"""Guards and streams: whatever the pieces, what goes out is what came in, and nothing of what was forbidden."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core.errors import ExchangeError
from brightline.core.words import Words
from brightline.exchange.guard import Stop, WindowGuard
from brightline.exchange.nouns import Protocol
from brightline.exchange.sse import EventReader, render
from brightline.exchange.stream import GuardedStream
from brightline.exchange.stream_chat import ChatReader
from brightline.exchange.stream_messages import MessagesReader

STOP = Stop("content_filter", Words("stopped", "已停止"))
WORDS = st.text(st.sampled_from("ab .!?。\n，好"), max_size=300)


def forbid(word):
    return lambda text: STOP if word in text else None


def pieces_of(text, cuts):
    places = sorted({min(cut, len(text)) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def run(guard, pieces):
    out = []
    for piece in pieces:
        given_out = guard.feed(piece)
        if isinstance(given_out, Stop):
            return "".join(out), given_out
        out.append(given_out)
    last = guard.close()
    if isinstance(last, Stop):
        return "".join(out), last
    return "".join([*out, last]), None


@given(
    WORDS, st.lists(st.integers(0, 300), max_size=20), st.integers(1, 80), st.integers(1, 40), st.booleans()
)
def test_words_that_pass_go_out_whole_and_in_order(text, cuts, window, hold, whole):
    guard = WindowGuard(lambda _: None, window=window, hold=hold, whole=whole)
    assert run(guard, pieces_of(text, cuts)) == (text, None)


@given(WORDS, WORDS, st.lists(st.integers(0, 600), max_size=20), st.integers(1, 80), st.booleans())
def test_no_part_of_a_forbidden_word_goes_out_however_it_is_cut(before, after, cuts, window, whole):
    text = f"{before}FORBIDDEN{after}"
    guard = WindowGuard(forbid("FORBIDDEN"), window=window, hold=len("FORBIDDEN"), whole=whole)
    said, stop = run(guard, pieces_of(text, cuts))
    assert stop is STOP
    assert before.startswith(said)
    assert guard.feed("more") is STOP
    assert guard.close() is STOP


@given(WORDS, st.lists(st.integers(0, 300), max_size=10))
def test_nothing_of_a_whole_channel_goes_out_before_its_end(text, cuts):
    guard = WindowGuard(lambda _: None, window=5, hold=1, whole=True)
    assert all(guard.feed(piece) == "" for piece in pieces_of(text, cuts))
    assert guard.close() == text


def test_no_more_is_held_than_window_and_hold():
    guard = WindowGuard(lambda _: None, window=100, hold=20)
    fed = released = 0
    for _ in range(1000):
        released += len(guard.feed("abcdefg"))
        fed += 7
        assert fed - released <= 100 + 20 + 7


EVENTS = st.lists(st.binary(min_size=1, max_size=40).filter(lambda b: not {10, 13} & {*b}), max_size=6)


@given(EVENTS, st.lists(st.integers(0, 400), max_size=15), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_events_come_out_however_their_bytes_are_cut(parts, cuts, ending):
    stream = b"".join(render(data, b"e").replace(b"\n", ending) for data in parts)
    reader = EventReader()
    events = [event for piece in pieces_of(stream, cuts) for event in reader.feed(piece)]
    events += reader.feed(b"\n")  # a lone carriage return may yet be half of a pair
    assert [event.data for event in events] == parts


def test_endless_events_and_other_lines_are_errors():
    reader = EventReader()
    with pytest.raises(ExchangeError, match="larger"):
        [event for _ in range(5) for event in reader.feed(b"data: " + b"x" * 1_000_000 + b"\n")]
    with pytest.raises(ExchangeError, match="larger"):
        [*EventReader().feed(b"data: " + b"x" * 5_000_000)]
    with pytest.raises(ExchangeError, match="line"):
        [*EventReader().feed(b"HTTP/1.1 200 OK\r\n\r\n")]


def stream_of(judge=lambda _: None, protocol=Protocol.CHAT, limit=10_000):
    reader = MessagesReader("m", "req") if protocol is Protocol.MESSAGES else ChatReader(protocol, "m", "req")

    def guard(whole):
        return WindowGuard(judge, window=40, hold=10, whole=whole)

    return GuardedStream(reader, guard, judge, limit_characters=limit)


def chunk(index, delta, reason=None):
    return render(
        json.dumps({"choices": [{"index": index, "delta": delta, "finish_reason": reason}]}).encode()
    )


def deltas(data, name="content"):
    said = {}
    for event in EventReader().feed(data):
        if event.data != b"[DONE]":
            for choice in json.loads(event.data)["choices"]:
                said[choice["index"]] = said.get(choice["index"], "") + (choice["delta"].get(name) or "")
    return said


def test_choices_and_reasoning_are_channels_of_their_own():
    stream = stream_of()
    out = b"".join(
        stream.feed(chunk(n % 2, {"content": f"word {n}. ", "reasoning_content": f"why {n}. "}))
        for n in range(30)
    )
    out += stream.feed(chunk(0, {}, "stop") + chunk(1, {}, "stop") + render(b"[DONE]")) + stream.end()
    assert deltas(out) == {k: "".join(f"word {n}. " for n in range(k, 30, 2)) for k in (0, 1)}
    assert deltas(out, "reasoning_content")[1].startswith("why 1. why 3. ")


def test_a_field_of_words_that_nobody_knows_is_judged_too():
    stream = stream_of(forbid("EVIL"))
    out = stream.feed(chunk(0, {"a_new_field": "EVIL"}) + chunk(0, {}, "stop"))
    assert stream.stopped is STOP
    assert b"EVIL" not in out + stream.end()


def test_arguments_of_a_tool_are_never_released_in_part():
    stream = stream_of(forbid("rm -rf"))
    call = {"index": 0, "id": "c", "function": {"name": "run", "arguments": '{"cmd":"rm '}}
    out = stream.feed(chunk(0, {"tool_calls": [call]}))
    out += stream.feed(chunk(0, {"tool_calls": [{"index": 0, "function": {"arguments": '-rf /"}'}}]}))
    out += stream.feed(chunk(0, {}, "tool_calls"))
    assert stream.stopped is STOP
    assert b"rm" not in out
    assert b"content_filter" in stream.end()


@pytest.mark.parametrize(
    "event",
    [
        b"[]",
        b"{}",
        b'{"choices":[{"index":0,"delta":{"content":5}}]}',
        b'{"choices":[{"index":0,"delta":{"audio":{"data":"x"}}}]}',
        b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"a b"}}]}}]}',
        b'{"choices":[{"index":0,"delta":{"tool_calls":[7]}}]}',
        b'{"choices":[{"index":"0","delta":{}}]}',
        b'{"choices":[{"index":0,"delta":{},"finish_reason":"say anything here"}]}',
        b'{"error":{"message":"x"}}',
    ],
)
def test_events_that_nobody_can_judge_are_errors(event):
    with pytest.raises(ExchangeError):
        stream_of().feed(render(event))


def test_an_answer_without_end_is_stopped():
    stream = stream_of(limit=100)
    for _ in range(30):
        stream.feed(chunk(0, {"content": "some words. "}))
    assert stream.stopped.code == "length_limit"


def test_a_stream_that_was_torn_has_no_end():
    stream = stream_of()
    stream.feed(chunk(0, {"content": "some words. "}))
    with pytest.raises(ExchangeError, match="middle"):
        stream.end()


@pytest.mark.parametrize("event", [b'{"type":"new_thing"}', b'{"type":"content_block_delta","index":0,"delta":{"type":"x"}}',
                                   b'{"type":"content_block_start"}', b'{"type":"message_start"}'])  # fmt: skip
def test_unknown_events_of_messages_are_errors(event):
    with pytest.raises(ExchangeError):
        stream_of(protocol=Protocol.MESSAGES).feed(render(event))
