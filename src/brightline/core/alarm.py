"""Time limits that interrupt Python code, and stretches of native code in which they must wait.

A signal's handler runs wherever the interpreter happens to be, also inside a function that a native library called.
No exception can cross that library: the interpreter drops it and hands back whatever lay in memory, as a count of
bytes for example. So a limit that runs out inside `uninterrupted()` is noted, ends the reading of an `Abortable`
stream, and is raised at the end of the stretch.
"""

import io
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, BinaryIO

RING_AGAIN_S = 0.05  # between two rings of a timeout that was not heard


class StepTimeout(BaseException):
    """A step ran out of time. Not an Exception, so that no detector's own `except` swallows it."""


class _State:
    depth = 0  # of uninterrupted stretches
    rung = False  # the limit ran out inside one


class time_limit:  # noqa: N801 - reads as a statement: `with time_limit(5):`
    """Interrupt Python code after some seconds; native code that holds on is left to the pool's watchdog.

    Works in the main thread only; elsewhere it does nothing and the pool's watchdog alone counts.

    Raises:
        StepTimeout: inside the block, when the time is up.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False

    def __enter__(self) -> None:
        """Arm the timer."""
        try:
            self._before = signal.signal(signal.SIGALRM, _ring)
        except ValueError:  # not the main thread
            return
        self._armed = True
        _State.rung = False
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        """Disarm the timer and give back the handler that was there."""
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A stretch of native code that calls back into Python: a limit that runs out in it is raised after it.

    Raises:
        StepTimeout: at the end of the stretch; in place of whatever the stretch itself raised, which then only
            says that it was cut short.
    """
    _State.depth += 1
    try:
        yield
    finally:
        _State.depth -= 1
        if _State.rung and _State.depth == 0:
            _State.rung = False
            raise StepTimeout


class Abortable(io.RawIOBase):
    """A stream for native readers: fails, by an error that they can pass on, once the limit has run out.

    Args:
        stream: what is read; stays open.
    """

    def __init__(self, stream: io.BufferedIOBase | io.RawIOBase | BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def readinto(self, target: Any, /) -> int:
        """Read into a buffer.

        Raises:
            TimeoutError: the limit has run out.
        """
        if _State.rung:
            raise TimeoutError
        data = self._stream.read(len(target)) or b""
        target[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place.

        Raises:
            TimeoutError: the limit has run out.
        """
        if _State.rung:
            raise TimeoutError
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._stream.tell()

    def write(self, _data: object, /) -> int:
        """Never: native readers ask whether a stream could.

        Raises:
            io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("the stream is only read")


def seconds_left() -> float:
    """Wall-clock seconds until the limit in force runs out; infinite where none is armed."""
    return signal.getitimer(signal.ITIMER_REAL)[0] or math.inf


def ring_again(lost: "sys.UnraisableHookArgs") -> None:
    """Hook for exceptions that go nowhere: a timeout that native code swallowed in a callback rings once more."""
    if lost.exc_type is StepTimeout:
        signal.setitimer(signal.ITIMER_REAL, RING_AGAIN_S)
    else:
        sys.__unraisablehook__(lost)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    if _State.depth == 0:
        raise StepTimeout
    _State.rung = True
