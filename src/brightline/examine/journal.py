"""What a worker has found of the subject it is on: a file that outlives its process, read only when it died.

A message for each finding would wake the parent thousands of times for a mailbox; an appended frame costs microseconds
and is as safe against a crash of the process. It needs not outlive the machine, so nothing is flushed to disk.
"""

import os
from pathlib import Path

import msgspec

from brightline.core.finding import Finding
from brightline.core.subject import Gap

_LENGTH_BYTES = 4
_encoder = msgspec.msgpack.Encoder()


class Entry(msgspec.Struct, frozen=True):
    """One finding or gap, and the number of the task that it belongs to."""

    number: int
    finding: Finding | None = None
    gap: Gap | None = None


_decoder = msgspec.msgpack.Decoder(Entry)


class Journal:
    """The worker's side: appends, and starts over with each task.

    Args:
        path: a file that the parent made and removes.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._number = -1
        self._is_empty = True

    def begin(self, number: int) -> None:
        """Start over for a task."""
        self._number = number
        if not self._is_empty:
            os.ftruncate(self._file, 0)
            self._is_empty = True

    def keep(self, item: Finding | Gap) -> None:
        """Append one item.

        Raises:
            OSError: the file cannot be written.
        """
        entry = Entry(self._number, item) if isinstance(item, Finding) else Entry(self._number, gap=item)
        data = _encoder.encode(entry)
        self._is_empty = False
        os.write(self._file, len(data).to_bytes(_LENGTH_BYTES, "big") + data)


def read_journal(path: Path, number: int) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """What a dead worker had found of a task; a frame that its death cut off counts as not found.

    Args:
        path: the worker's journal.
        number: of the task; entries of others are from before.

    Raises:
        OSError: the file cannot be read.
    """
    data, position = path.read_bytes(), 0
    findings: list[Finding] = []
    gaps: list[Gap] = []
    while position + _LENGTH_BYTES <= len(data):
        start = position + _LENGTH_BYTES
        position = start + int.from_bytes(data[position:start], "big")
        try:
            entry = _decoder.decode(data[start:position])
        except msgspec.DecodeError:
            break  # cut off; nothing comes after it
        if entry.number == number:
            findings += [entry.finding] if entry.finding is not None else []
            gaps += [entry.gap] if entry.gap is not None else []
    return tuple(findings), tuple(gaps)
