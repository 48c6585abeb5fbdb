"""Streams of Anthropic's messages."""

from collections.abc import Iterator

import msgspec

from brightline.core.errors import ExchangeError
from brightline.exchange.answers import tokens_of
from brightline.exchange.guard import Stop
from brightline.exchange.nouns import UNCOUNTED, Json
from brightline.exchange.sse import Event, render
from brightline.exchange.stream import Close, Last, Say, Step, Through, decode_event
from brightline.exchange.words import BUILD, words_in

# Kind of a delta to the field with its words.
_FIELDS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_SKIP = BUILD | {"signature", "data", "model", "usage"}


class MessagesReader:
    """Reads `message_start`, `content_block_*`, `message_delta` and `message_stop`.

    Attributes:
        usage: tokens that the upstream counted.
    """

    def __init__(self, model: str, request: str) -> None:
        """Begin a stream: the model as the caller calls it, and the id that stands in for the upstream's."""
        self._model, self._request = model, request
        self._kinds: dict[str, str] = {}
        self._open: dict[int, None] = {}
        self._next = 0
        self._is_started = False
        self._counts: dict[str, Json] = {}
        self.usage = UNCOUNTED

    def read(self, event: Event) -> Iterator[Step]:
        """What an event means."""
        body = decode_event(event)
        match body.get("type"):
            case "message_start":
                yield self._start(body)
            case "content_block_start":
                index = _index(body)
                self._open[index] = None
                self._next = max(self._next, index + 1)
                yield self._through(body, words="\n".join(_of_block(body.get("content_block"))))
            case "content_block_delta":
                yield from self._delta(body, _index(body))
            case "content_block_stop":
                index = _index(body)
                yield Close(f"{index}.")
                self._open.pop(index, None)
                yield self._through(body)
            case "message_delta":
                self._count(body.get("usage"))
                yield self._through(body)
            case "message_stop":
                yield Last(_render({"type": "message_stop"}))
            case "ping":
                yield self._through({"type": "ping"})
            case other:
                raise ExchangeError(
                    f"the upstream's stream holds an event `{str(other)[:80]}`, which is unknown here"
                )

    def _start(self, body: dict[str, Json]) -> Through:
        message = body.get("message")
        if not isinstance(message, dict) or message.get("content"):
            raise ExchangeError("the upstream's stream starts with a malformed message")
        self._is_started = True
        self._count(message.get("usage"))
        return self._through({"type": "message_start", "message": {**message, "model": self._model}})

    def _delta(self, body: dict[str, Json], index: int) -> Iterator[Step]:
        delta = body.get("delta")
        kind = delta.get("type") if isinstance(delta, dict) else None
        if not isinstance(delta, dict) or not isinstance(kind, str):
            raise ExchangeError("the upstream's stream holds a malformed delta")
        if kind == "signature_delta":
            yield Close(f"{index}.")
            yield self._through(body)
        elif kind == "citations_delta":
            yield self._through(body, words="\n".join(words_in(delta.get("citation"), _SKIP)))
        elif kind in _FIELDS and isinstance(words := delta.get(_FIELDS[kind]), str):
            channel = f"{index}.{kind}"
            self._kinds[channel] = kind
            yield Say(channel, words, whole=kind == "input_json_delta")
        else:
            raise ExchangeError(
                f"the upstream's stream holds a delta `{kind[:80]}`, which nobody here can judge"
            )

    def say(self, channel: str, text: str) -> bytes:
        """A delta with these words."""
        kind = self._kinds[channel]
        delta: Json = {"type": kind, _FIELDS[kind]: text}
        return _render(
            {"type": "content_block_delta", "index": int(channel.partition(".")[0]), "delta": delta}
        )

    def is_speech(self, channel: str) -> bool:
        """Whether people read the words of a channel as the answer."""
        return channel.endswith(".text_delta")

    def stop(self, stop: Stop) -> bytes:
        """The open blocks' ends, a block with the reason, and the end with `stop_reason` `refusal`."""
        block: Json = {"type": "text", "text": ""}
        delta: Json = {"type": "text_delta", "text": f"{stop.words.en} {stop.words.zh}"}
        ending: Json = {"stop_reason": "refusal", "stop_sequence": None}
        usage: Json = {"input_tokens": 0, "output_tokens": 0}
        message: Json = {
            "id": self._request, "type": "message", "role": "assistant", "model": self._model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": usage,
        }  # fmt: skip
        first: list[dict[str, Json]] = (
            [] if self._is_started else [{"type": "message_start", "message": message}]
        )
        open_ones: list[dict[str, Json]] = [
            {"type": "content_block_stop", "index": index} for index in self._open
        ]
        events: list[dict[str, Json]] = [
            *first,
            *open_ones,
            {"type": "content_block_start", "index": self._next, "content_block": block},
            {"type": "content_block_delta", "index": self._next, "delta": delta},
            {"type": "content_block_stop", "index": self._next},
            {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 0}},
            {"type": "message_stop"},
        ]
        return b"".join(_render(event) for event in events)

    def _count(self, usage: Json) -> None:
        if isinstance(usage, dict):
            self._counts.update(usage)  # the last count of the output is the whole one
            self.usage = tokens_of(self._counts)

    def _through(self, body: dict[str, Json], words: str = "") -> Through:
        return Through(_render(body), words)


def _of_block(block: Json) -> Iterator[str]:
    if not isinstance(block, dict):
        raise ExchangeError("the upstream's stream holds a malformed block")
    for name, value in block.items():
        if name not in _SKIP:
            yield from words_in(value, _SKIP)


def _index(body: dict[str, Json]) -> int:
    index = body.get("index")
    if not isinstance(index, int) or not 0 <= index < 10_000:
        raise ExchangeError("the upstream's stream holds a block without a number")
    return index


def _render(body: dict[str, Json]) -> bytes:
    return render(msgspec.json.encode(body), str(body["type"]).encode())
