"""What one subject may cost, shared by all its parts: parts, bytes, characters, nesting and time."""

import time
from collections.abc import Callable

from brightline.core.errors import IntakeError
from brightline.core.subject import GapKind
from brightline.core.words import Words
from brightline.settings import Limits

MiB = 1024 * 1024
TEXT_MEMORY_BYTES = (
    128 * MiB
)  # all texts of one subject together; keeps a zip of novels under the worker's memory
TIME_SHARE = 0.5  # of limits.subject_seconds: opening leaves the other half to the detectors


class StopReadingError(IntakeError):
    """Reading stops here: a limit was hit, or the bytes are broken; becomes a Gap and never leaves the room."""

    def __init__(self, words: Words, kind: GapKind = GapKind.LIMIT) -> None:
        super().__init__(words.en)
        self.words = words
        self.kind = kind


class Budget:
    """Counts down while a subject and its parts are opened; every `take_` raises when nothing is left."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._parts = 0
        self._bytes = 0
        self._text_bytes = 0
        self._seconds = limits.subject_seconds * TIME_SHARE
        self._end = clock() + self._seconds

    @property
    def bytes_left(self) -> int:
        """Bytes that may still be unpacked."""
        return max(0, self.limits.unpacked_bytes - self._bytes)

    def check_time(self) -> None:
        """Refuse to go on once the time for opening is over."""
        if self._clock() > self._end:
            raise StopReadingError(
                Words(
                    en=f"opening took longer than {self._seconds:g} seconds; the rest was not read",
                    zh=f"打开过程超过 {self._seconds:g} 秒，其余部分未读取",
                ),
                GapKind.TIMEOUT,
            )

    def take_part(self) -> None:
        """Count one more part of the tree."""
        self.check_time()
        if self._parts >= self.limits.parts:
            raise StopReadingError(
                Words(
                    en=f"more than {self.limits.parts} parts; the rest was not opened",
                    zh=f"组成部分超过 {self.limits.parts} 个，其余未打开",
                )
            )
        self._parts += 1

    def take_bytes(self, count: int) -> None:
        """Count bytes that were unpacked and are held."""
        if self._bytes + count > self.limits.unpacked_bytes:
            raise StopReadingError(
                Words(
                    en=f"unpacks to more than {size_words(self.limits.unpacked_bytes)}; the rest was not opened",
                    zh=f"解包后超过 {size_words(self.limits.unpacked_bytes)}，其余未打开",
                )
            )
        self._bytes += count

    def take_text(self, text: str) -> None:
        """Count a text that is held."""
        self._text_bytes += len(text) * _width(text)
        if self._text_bytes > TEXT_MEMORY_BYTES:
            raise StopReadingError(
                Words(
                    en=f"the texts of all parts take more than {size_words(TEXT_MEMORY_BYTES)} of memory; the rest was not read",
                    zh=f"各部分文本合计占用内存超过 {size_words(TEXT_MEMORY_BYTES)}，其余未读取",
                )
            )


def size_words(size_bytes: int) -> str:
    """A size as people write it.

    >>> size_words(512 * 1024 * 1024), size_words(100)
    ('512 MiB', '100 bytes')
    """
    for unit, size in (("GiB", 1024 * MiB), ("MiB", MiB), ("KiB", 1024)):
        if size_bytes >= size and size_bytes % size == 0:
            return f"{size_bytes // size} {unit}"
    return f"{size_bytes} bytes"


def _width(text: str) -> int:
    """Bytes that CPython holds for each character (PEP 393)."""
    if text.isascii():
        return 1
    highest = max(text)
    return 1 if highest < "\u0100" else 2 if highest < "\U00010000" else 4
