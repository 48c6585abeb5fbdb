"""Server-sent events out of a stream of bytes, in bounded memory.

Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".
"""

from collections.abc import Iterator

import msgspec

from brightline.core.errors import ExchangeError

EVENT_LIMIT_BYTES = 4 * 1024 * 1024  # a finished response repeats its whole text in one event


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event.

    Attributes:
        data: its data, lines joined.
        name: its `event` field, or empty.
    """

    data: bytes
    name: bytes = b""


class EventReader:
    """Cuts bytes into events; a torn event at the end is none."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._name = b""
        self._size = 0

    @property
    def is_torn(self) -> bool:
        """Whether the stream so far ends inside an event."""
        return bool(self._rest or self._data)

    def feed(self, data: bytes) -> Iterator[Event]:
        """Events that these bytes complete.

        Raises:
            ExchangeError: an event is too large, or a line is none that an event stream may hold.
        """
        if not self._rest and not self._data and _is_one(data):
            self._check(len(data))
            yield Event(data[6:-2], self._name)
            self._name = b""
            return
        self._rest += data
        if b"\n" not in data and b"\r" not in data:
            self._check(len(self._rest))
            return
        text = self._rest.replace(b"\r\n", b"\n")
        if text.endswith(b"\r"):  # the other half may follow
            text, kept = text[:-1], b"\r"
        else:
            kept = b""
        *lines, last = text.replace(b"\r", b"\n").split(b"\n")
        self._rest = last + kept
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                yield Event(b"\n".join(self._data), self._name)
                self._data, self._name, self._size = [], b"", 0
            else:
                self._name = b""
        self._check(len(self._rest))

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"data":
                self._data.append(value)
                self._size += len(value)
                self._check(0)
            case b"event":
                self._name = value[:200]
            case b"" | b"id" | b"retry":
                pass  # comments keep the line open; nobody resumes a completion
            case _:
                raise ExchangeError("the upstream's stream holds a line that no event stream may hold")

    def _check(self, more: int) -> None:
        if self._size + more > EVENT_LIMIT_BYTES:
            raise ExchangeError(f"the upstream's event is larger than {EVENT_LIMIT_BYTES} bytes")


def _is_one(data: bytes) -> bool:
    """Whether bytes are one whole event of one line, as most chunks are."""
    is_line = data.startswith(b"data: ") and data.endswith(b"\n\n") and data.find(b"\n") == len(data) - 2
    return is_line and b"\r" not in data


def render(data: bytes, name: bytes = b"") -> bytes:
    r"""One event as bytes.

    >>> render(b"[DONE]")
    b'data: [DONE]\n\n'
    """
    head = b"event: " + name + b"\n" if name else b""
    return head + b"data: " + data + b"\n\n"
