"""A stream of events under guard: words are taken out of their events, judged, and put into events again.

Nothing of an upstream's event goes out but what a reader of its protocol understood; the event that ends the stream
is held until the caller says that the record of it stands.
"""

from collections.abc import Callable, Iterable
from typing import Protocol as Seam

import msgspec

from brightline.core.errors import ExchangeError
from brightline.core.words import Words
from brightline.exchange.guard import Guard, Judge, Stop
from brightline.exchange.nouns import Json, Tokens, Turn
from brightline.exchange.sse import Event, EventReader

TOO_LONG = Words("the answer is longer than this gateway judges", "回答过长，超出本网关的检测上限")
CHANNELS_LIMIT = 256  # choices, tools and blocks of one answer (count)


class Say(msgspec.Struct, frozen=True, gc=False):
    """Words of a channel.

    Attributes:
        channel: which.
        text: the words.
        whole: they are useless in parts, so they are held to the channel's end.
    """

    channel: str
    text: str
    whole: bool = False


class Close(msgspec.Struct, frozen=True, gc=False):
    """Channels whose names begin so have ended."""

    prefix: str


class Through(msgspec.Struct, frozen=True, gc=False):
    """An event that goes out as it is, once the words in it were judged."""

    data: bytes
    words: str = ""


class Last(msgspec.Struct, frozen=True, gc=False):
    """The event that ends the stream."""

    data: bytes
    words: str = ""


Step = Say | Close | Through | Last


class Reader(Seam):
    """What understands one protocol's events.

    Attributes:
        usage: tokens that the upstream counted so far.
    """

    usage: Tokens

    def read(self, event: Event) -> Iterable[Step]:
        """What an event means.

        Raises:
            ExchangeError: it is none of this protocol.
        """

    def say(self, channel: str, text: str) -> bytes:
        """The event that says these words in a channel."""

    def stop(self, stop: Stop) -> bytes:
        """The events that end the stream early, well-formed."""


class GuardedStream:
    """One answer as it comes.

    Attributes:
        stopped: why nothing more is released, or None.
        is_done: the upstream has said all.
        released: characters that went out.
    """

    def __init__(
        self, reader: Reader, guard: Callable[[bool], Guard], judge: Judge, *, limit_characters: int
    ) -> None:
        """Begin a stream.

        Args:
            reader: of its protocol.
            guard: makes the guard of a channel; told whether its words are useless in parts.
            judge: looks at a channel's whole words when it ends, and at words that stand in an event of their own.
            limit_characters: of all words together.
        """
        self._reader, self._make, self._judge, self._left = reader, guard, judge, limit_characters
        self._events = EventReader()
        self._guards: dict[str, Guard] = {}
        self._said: dict[str, list[str]] = {}
        self._last = b""
        self.stopped: Stop | None = None
        self.is_done = False
        self.released = 0

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All words that the upstream said, a turn for each channel."""
        return tuple(Turn("assistant", "".join(parts)) for parts in self._said.values())

    @property
    def tokens(self) -> Tokens:
        """Tokens that the upstream counted."""
        return self._reader.usage

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the upstream; give the events that may go out.

        Raises:
            ExchangeError: they are no events of the protocol.
        """
        out: list[bytes] = []
        for event in self._events.feed(data):
            if self.is_done or self.stopped is not None:
                break
            for step in self._reader.read(event):
                if self.stopped is None:
                    self._take(step, out)
        return b"".join(out)

    def end(self) -> bytes:
        """The last event, to be sent when the record stands; after a stop, the events that end the stream.

        Raises:
            ExchangeError: the upstream has not ended its stream.
        """
        if self.stopped is not None:
            return self._reader.stop(self.stopped)
        if not self.is_done:
            raise ExchangeError("the upstream ended in the middle of its answer")
        return self._last

    def stop(self, stop: Stop) -> None:
        """End it here; the first reason counts."""
        self.stopped = self.stopped or stop

    def _take(self, step: Step, out: list[bytes]) -> None:
        match step:
            case Say():
                self._say(step, out)
            case Close():
                for channel in [name for name in self._guards if name.startswith(step.prefix)]:
                    self._close(channel, out)
            case Through():
                self.stopped = self._judge(step.words) if step.words else None
                if self.stopped is None:
                    out.append(step.data)
            case Last():
                for channel in [*self._guards]:
                    self._close(channel, out)
                if self.stopped is None and step.words:
                    self.stopped = self._judge(step.words)
                self._last, self.is_done = step.data, True

    def _say(self, step: Say, out: list[bytes]) -> None:
        self._left -= len(step.text)
        guard = self._guards.get(step.channel)
        if self._left < 0 or (guard is None and len(self._said) >= CHANNELS_LIMIT):
            self.stopped = Stop("length_limit", TOO_LONG)
            return
        if guard is None:
            guard = self._guards[step.channel] = self._make(step.whole)
        self._said.setdefault(step.channel, []).append(step.text)
        self._give(step.channel, guard.feed(step.text), out)

    def _close(self, channel: str, out: list[bytes]) -> None:
        if self.stopped is not None:
            return
        guard = self._guards.pop(channel)
        self.stopped = self._judge("".join(self._said[channel]))
        if self.stopped is None:
            self._give(channel, guard.close(), out)

    def _give(self, channel: str, given: str | Stop, out: list[bytes]) -> None:
        if isinstance(given, Stop):
            self.stopped = given
        elif given:
            self.released += len(given)
            out.append(self._reader.say(channel, given))


def decode_event(event: Event) -> dict[str, Json]:
    """The JSON object in an event.

    Raises:
        ExchangeError: there is none, or the upstream reports an error in place of an answer.
    """
    try:
        body = msgspec.json.decode(event.data)
    except (RecursionError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ExchangeError("the upstream's stream holds an event that is not JSON") from error
    if not isinstance(body, dict):
        raise ExchangeError("the upstream's stream holds an event that is no JSON object")
    if body.get("error"):
        raise ExchangeError("the upstream reports an error in its stream")
    return body
