"""Streams of chat completions and of plain completions."""

import re
import time
from collections.abc import Iterator

import msgspec

from brightline.core.errors import ExchangeError
from brightline.exchange.answers import tokens_of
from brightline.exchange.guard import Stop
from brightline.exchange.nouns import UNCOUNTED, Json, Protocol
from brightline.exchange.sse import Event, render
from brightline.exchange.stream import Close, Last, Say, Step, Through, decode_event

DONE = b"[DONE]"
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,256}").fullmatch


class ChatReader:
    """Reads chunks `chat.completion.chunk`, or `text_completion` of the older protocol.

    Attributes:
        usage: tokens that the upstream counted.
    """

    def __init__(self, protocol: Protocol, model: str, request: str) -> None:
        """Begin a stream.

        Args:
            protocol: `CHAT` or `COMPLETIONS`.
            model: as the caller calls it.
            request: id that chunks carry until the upstream gives one.
        """
        self._is_chat = protocol is Protocol.CHAT
        kind = "chat.completion.chunk" if self._is_chat else "text_completion"
        self._head: dict[str, Json] = {
            "id": request, "object": kind, "created": int(time.time()), "model": model,
        }  # fmt: skip
        self._tools: dict[str, dict[str, Json]] = {}
        self._open: dict[int, None] = {0: None}
        self.usage = UNCOUNTED

    def read(self, event: Event) -> Iterator[Step]:
        """What a chunk means; log-probabilities are left out, since they spell the words that are held."""
        if event.data == DONE:
            yield Last(render(DONE))
            return
        body = decode_event(event)
        for name in ("id", "created", "system_fingerprint"):
            if name in body:
                self._head[name] = body[name]
        choices = body.get("choices")
        if not isinstance(choices, list):
            raise ExchangeError("the upstream's stream holds a chunk without choices")
        for choice in choices:
            index = choice.get("index", 0) if isinstance(choice, dict) else None
            if not isinstance(choice, dict) or not isinstance(index, int):
                raise ExchangeError("the upstream's stream holds a malformed choice")
            yield from self._choice(choice, index)
        usage = body.get("usage")
        if usage is not None:
            self.usage = tokens_of(usage)
            if not choices:
                yield Through(self._chunk([], usage=usage))

    def _choice(self, choice: dict[str, Json], index: int) -> Iterator[Step]:
        self._open.setdefault(index)
        if self._is_chat:
            delta = choice.get("delta") or {}
            if not isinstance(delta, dict):
                raise ExchangeError("the upstream's stream holds a malformed delta")
            yield from self._delta(delta, index)
        else:
            yield Say(f"{index}.text", _words(choice.get("text") or ""))
        if choice.get("finish_reason") is not None:
            yield Close(f"{index}.")
            self._open.pop(index, None)
            reason = choice["finish_reason"]
            if not isinstance(reason, str) or _NAME(reason) is None:
                raise ExchangeError("the upstream's stream ends for a malformed reason")
            yield Through(self._chunk([self._piece(index, {} if self._is_chat else "", reason)]))

    def _delta(self, delta: dict[str, Json], index: int) -> Iterator[Step]:
        if delta.get("role") == "assistant":
            yield Through(self._chunk([self._piece(index, {"role": "assistant", "content": ""})]))
        for name, value in delta.items():
            if name == "role" or value is None or value == "" or value == []:
                continue
            if name == "tool_calls":
                for tool in value if isinstance(value, list) else (value,):
                    yield self._tool(tool, index)
            elif isinstance(value, str):
                yield Say(f"{index}.{name}", value)
            else:
                raise ExchangeError(f"the upstream's stream holds `{name[:80]}`, which nobody here can judge")

    def _tool(self, tool: Json, index: int) -> Say:
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or not isinstance(function, dict):
            raise ExchangeError("the upstream's stream holds a malformed tool call")
        place = tool.get("index", 0)
        if not isinstance(place, int):
            raise ExchangeError("the upstream's stream holds a malformed tool call")
        channel = f"{index}.tool.{place}"
        known = self._tools.setdefault(channel, {"index": place, "type": "function"})
        for name, value in (("id", tool.get("id")), ("name", function.get("name"))):
            if value:
                if not isinstance(value, str) or _NAME(value) is None:
                    raise ExchangeError("the upstream's stream names a tool call by what is no name")
                known[name] = value
        return Say(channel, _words(function.get("arguments") or ""), whole=True)

    def say(self, channel: str, text: str) -> bytes:
        """A chunk with these words."""
        index, _, name = channel.partition(".")
        if channel in self._tools:
            known = dict(self._tools[channel])
            function: Json = {"name": known.pop("name", ""), "arguments": text}
            delta: Json = {"tool_calls": [{**known, "function": function}]}
        else:
            delta = {name: text} if self._is_chat else text
        return self._chunk([self._piece(int(index), delta)])

    def is_speech(self, channel: str) -> bool:
        """Whether people read the words of a channel as the answer."""
        return channel.endswith((".content", ".text"))

    def stop(self, stop: Stop) -> bytes:
        """A last delta with the reason for every choice that was open, and the end."""
        pieces: list[bytes] = []
        for index in self._open or {0: None}:
            words = f"{stop.words.en} {stop.words.zh}"
            said: Json = {"refusal": words} if self._is_chat else ""
            if self._is_chat:
                pieces.append(self._chunk([self._piece(index, said)]))
            pieces.append(self._chunk([self._piece(index, {} if self._is_chat else "", "content_filter")]))
        return b"".join([*pieces, render(DONE)])

    def _piece(self, index: int, said: Json, reason: str | None = None) -> Json:
        name = "delta" if self._is_chat else "text"
        return {"index": index, name: said, "logprobs": None, "finish_reason": reason}

    def _chunk(self, choices: list[Json], usage: Json = None) -> bytes:
        body = {**self._head, "choices": choices}
        if usage is not None:
            body["usage"] = usage
        return render(msgspec.json.encode(body))


def _words(value: Json) -> str:
    if not isinstance(value, str):
        raise ExchangeError("the upstream's stream holds words that are no text")
    return value
