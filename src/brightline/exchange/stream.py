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
from brightline.exchange.vault import Restorer, Vault, mapped

TOO_LONG = Words("the answer is longer than this gateway judges", "回答过长，超出本网关的检测上限")
UNSAID = Stop(
    "content_filter",
    Words(
        "the answer as a whole may not be given, and a part of it is out",
        "回答整体不得放出，且部分内容已放出",
    ),
)
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

    def is_speech(self, channel: str) -> bool:
        """Whether people read the words of a channel as the answer."""

    def stop(self, stop: Stop) -> bytes:
        """The events that end the stream early, well-formed."""


class _Channel:
    """One choice's content, its reasoning, or a tool's arguments."""

    __slots__ = ("given", "guard", "heard", "is_speech", "out", "restorer")

    def __init__(self, guard: Guard, restorer: Restorer | None, *, is_speech: bool) -> None:
        self.guard = guard
        self.restorer = restorer
        self.is_speech = is_speech
        self.heard: list[str] = []  # what the upstream said
        self.given: list[str] = []  # what its guard let out
        self.out: list[str] = []  # what went out: the same, with values put back and additions


class GuardedStream:
    """One answer as it comes.

    Attributes:
        stopped: why nothing more is released, or None.
        is_done: the upstream has said all.
        released: characters that went out.
    """

    def __init__(
        self,
        reader: Reader,
        guard: Callable[[bool], Guard],
        judge: Judge,
        *,
        limit_characters: int,
        vault: Vault | None = None,
        first: str = "",
        last: Callable[[], str] = str,
        always: bool = False,
    ) -> None:
        """Begin a stream.

        Args:
            reader: of its protocol.
            guard: makes the guard of a channel; told whether its words are useless in parts.
            judge: looks at a channel's whole words when it ends, and at words that stand in an event of their own.
            limit_characters: of all words together.
            vault: values that are put back into what goes out.
            first: words that the gateway itself says before the first ones of each choice.
            last: gives those that it says behind the last.
            always: the whole of a channel is judged even if its guard has seen all of it in one piece.
        """
        self._reader, self._make, self._judge, self._left = reader, guard, judge, limit_characters
        self._vault = vault if vault is not None and vault.restores else None
        self._first, self._final, self._always = first, last, always
        self._events = EventReader()
        self._open: dict[str, _Channel] = {}
        self._all: list[_Channel] = []
        self._changed: dict[str, tuple[str, str]] = {}
        self._last = b""
        self.stopped: Stop | None = None
        self.is_done = False
        self.released = 0

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All words that the upstream said, without what was taken out of them; a turn for each channel."""
        return tuple(
            Turn("assistant", "".join(one.heard if one in self._open.values() else one.given))
            for one in self._all
        )

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
                for channel in [name for name in self._open if name.startswith(step.prefix)]:
                    self._close(channel, out)
            case Through():
                self._look(step.words)
                if self.stopped is None:
                    out.append(self._with_changes(step.data))
            case Last():
                for channel in [*self._open]:
                    self._close(channel, out)
                self._look(step.words)
                self._last, self.is_done = self._with_changes(step.data), True

    def _say(self, step: Say, out: list[bytes]) -> None:
        self._left -= len(step.text)
        channel = self._open.get(step.channel)
        if self._left < 0 or (channel is None and len(self._all) >= CHANNELS_LIMIT):
            self.stopped = Stop("length_limit", TOO_LONG)
            return
        if channel is None:
            restorer = Restorer(self._vault, quoted=step.whole) if self._vault is not None else None
            is_speech = self._reader.is_speech(step.channel)
            channel = self._open[step.channel] = _Channel(
                self._make(step.whole), restorer, is_speech=is_speech
            )
            self._all.append(channel)
        channel.heard.append(step.text)
        self._give(step.channel, channel, channel.guard.feed(step.text), out)

    def _close(self, name: str, out: list[bytes]) -> None:
        if self.stopped is not None:
            return
        channel = self._open[name]
        left = channel.guard.close()
        if isinstance(left, Stop):
            self.stopped = left
            return
        if self._always or not channel.guard.saw_whole:
            self._look("".join([*channel.given, left]))
        if self.stopped is None:
            self._give(name, channel, left, out, is_last=True)
            del self._open[name]
            heard, given, sent = "".join(channel.heard), "".join(channel.given), "".join(channel.out)
            if heard != sent:
                self._changed[heard] = (given, sent)

    def _look(self, words: str) -> None:
        """Judge words that go out as they are or not at all."""
        for heard, (given, _) in self._changed.items():
            words = words.replace(heard, given)
        verdict = self._judge(words) if words else None
        if verdict:
            self.stopped = verdict if isinstance(verdict, Stop) else UNSAID

    def _give(
        self, name: str, channel: _Channel, given: str | Stop, out: list[bytes], *, is_last: bool = False
    ) -> None:
        if isinstance(given, Stop):
            self.stopped = given
            return
        if not (given or is_last):
            return
        channel.given.append(given)
        self.released += len(given)
        if channel.restorer is not None:
            given = channel.restorer.feed(given) + (channel.restorer.close() if is_last else "")
        if channel.is_speech:
            given = f"{'' if channel.out else self._first}{given}{self._final() if is_last else ''}"
        if given:
            channel.out.append(given)
            out.append(self._reader.say(name, given))

    def _with_changes(self, data: bytes) -> bytes:
        """An event that repeats words of a channel, with what really went out of it."""
        head, found, body = data.partition(b"data: {")
        if not self._changed or not found:
            return data
        json = mapped(
            msgspec.json.decode(b"{" + body), lambda text, _: self._changed.get(text, ("", text))[1]
        )
        return head + b"data: " + msgspec.json.encode(json) + b"\n\n"


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
