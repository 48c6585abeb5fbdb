"""Streams of OpenAI's responses: deltas are words, and every other event waits until those before it are judged."""

import time
from collections.abc import Iterator

import msgspec

from brightline.core.errors import ExchangeError
from brightline.exchange.answers import REPEATED, refused_response, tokens_of
from brightline.exchange.guard import Stop
from brightline.exchange.nouns import UNCOUNTED, Json
from brightline.exchange.sse import Event, render
from brightline.exchange.stream import Close, Last, Say, Step, Through, decode_event
from brightline.exchange.words import words_in

_WORDS = frozenset({
    "response.output_text.delta", "response.refusal.delta", "response.reasoning_text.delta",
    "response.reasoning_summary_text.delta",
})  # fmt: skip
_WHOLE = frozenset({
    "response.function_call_arguments.delta", "response.custom_tool_call_input.delta",
    "response.mcp_call_arguments.delta",
})  # fmt: skip
_LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})
_OTHERS = frozenset({
    "response.created", "response.in_progress", "response.queued", "response.output_item.added",
    "response.output_item.done", "response.content_part.added", "response.content_part.done",
    "response.output_text.done", "response.output_text.annotation.added", "response.refusal.done",
    "response.reasoning_text.done", "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.added", "response.reasoning_summary_part.done",
    "response.function_call_arguments.done", "response.custom_tool_call_input.done",
    "response.mcp_call_arguments.done",
})  # fmt: skip


class ResponsesReader:
    """Reads `response.*` events, numbers them anew, and names the model as the caller does.

    Attributes:
        usage: tokens that the upstream counted.
    """

    def __init__(self, model: str, request: str) -> None:
        """Begin a stream: the model as the caller calls it, and the id that stands in for the upstream's."""
        self._model, self._request = model, request
        self._templates: dict[str, dict[str, Json]] = {}
        self._number = 0
        self.usage = UNCOUNTED

    def read(self, event: Event) -> Iterator[Step]:
        """What an event means."""
        if event.data == b"[DONE]":  # some servers end so as well
            return
        body = decode_event(event)
        kind = body.get("type")
        if kind in _WORDS or kind in _WHOLE:
            words = body.get("delta")
            if not isinstance(words, str):
                raise ExchangeError("the upstream's stream holds a malformed delta")
            channel = (
                f"{body.get('output_index')}.{body.get('content_index')}.{body.get('summary_index')}.{kind}"
            )
            self._templates[channel] = {**body, "logprobs": []} if "logprobs" in body else body
            yield Say(channel, words, whole=kind in _WHOLE)
        elif kind in _LAST:
            said = self._known(body)
            yield Last(self._render(said), "\n".join(_words(said)))
        elif kind in _OTHERS:
            yield Close("")
            said = self._known(body)
            yield Through(self._render(said), "\n".join(_words(said)))
        else:
            raise ExchangeError(
                f"the upstream's stream holds an event `{str(kind)[:80]}`, which is unknown here"
            )

    def _known(self, body: dict[str, Json]) -> dict[str, Json]:
        response = body.get("response")
        if not isinstance(response, dict):
            return body
        self.usage = tokens_of(response.get("usage"))
        return {**body, "response": {**response, "model": self._model}}

    def say(self, channel: str, text: str) -> bytes:
        """A delta with these words."""
        return self._render({**self._templates[channel], "delta": text})

    def is_speech(self, channel: str) -> bool:
        """Whether people read the words of a channel as the answer."""
        return channel.endswith(".response.output_text.delta")

    def stop(self, stop: Stop) -> bytes:
        """A `response.incomplete` whose reason is the content filter."""
        words = f"{stop.words.en} {stop.words.zh}"
        response: Json = refused_response(self._model, self._request, words, int(time.time()))
        return self._render({"type": "response.incomplete", "response": response})

    def _render(self, body: dict[str, Json]) -> bytes:
        numbered = {**body, "sequence_number": self._number}
        self._number += 1
        return render(msgspec.json.encode(numbered), str(body["type"]).encode())


def _words(body: dict[str, Json]) -> Iterator[str]:
    """Words of an event; what a response only repeats of its request was judged with the request."""
    for name, value in body.items():
        if name == "response" and isinstance(value, dict):
            yield from words_in({key: one for key, one in value.items() if key not in REPEATED}, REPEATED)
        elif name not in {"type", "item_id", "sequence_number", "obfuscation", "logprobs"}:
            yield from words_in(value, REPEATED)
