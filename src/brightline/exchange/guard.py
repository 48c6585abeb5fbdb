"""The seam of streams: what may be released of words as they come.

    guard = SentenceGuard(judge, window=400, hold=64)
    guard.feed("some words")   -> words that may go out now, maybe none; or Stop
    guard.close()              -> the words that are left; or Stop

One guard a channel: a choice's content, its reasoning, a tool's arguments. Any other guard takes this one's place by
the same two methods. What it must hold: the concatenation of all that it gives out is a prefix of all it was fed,
after `close` the whole; and once it gave a Stop it gives nothing but that.
"""

import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from brightline.core.words import Words

CONTEXT = 200  # characters before the new words that are judged with them, so that words keep their company
_SENTENCE = re.compile(r"[.!?][\"'”’)\]]?\s|[。！？；…][”’」』）]?|\n")


class Stop(msgspec.Struct, frozen=True):
    """Nothing more is released.

    Attributes:
        code: `content_filter` or `held_for_review`, or what else ended it.
        words: for whoever reads the answer.
    """

    code: str
    words: Words


Judge = Callable[[str], Stop | None]
"""Looks at some words; None lets them pass."""


class Guard(Protocol):
    """What stands between the words of one channel and the caller."""

    def feed(self, text: str) -> str | Stop:
        """Take the next words; give those that may go out now."""

    def close(self) -> str | Stop:
        """The channel ends: give what is left."""


class SentenceGuard:
    """Judges sentence by sentence, each with the words before it, and releases behind a margin.

    What a detector finds within `hold` characters is never released even in part: words go out only `hold` characters
    behind the end of what was judged. What is longer, or only shows in the whole, is what the caller judges in the end.
    """

    def __init__(self, judge: Judge, *, window: int, hold: int, whole: bool = False) -> None:
        """Begin a channel.

        Args:
            judge: looks at each window.
            window: characters that are held at most before they are judged without waiting for a sentence's end.
            hold: characters that stay held behind the judged end.
            whole: nothing is released before the end, as with a tool's arguments.
        """
        self._judge, self._window, self._hold, self._whole = judge, window, hold, whole
        self._text = ""  # from a little before what is held
        self._judged = 0  # offsets in it
        self._released = 0
        self._looked = 0  # up to here no sentence ends
        self._stop: Stop | None = None

    def feed(self, text: str) -> str | Stop:
        """Take the next words; give those that may go out now."""
        if self._stop is not None:
            return self._stop
        self._text += text
        cut = 0 if self._whole else self._end_of_window()
        return self._release(cut) if cut > self._judged else ""

    def close(self) -> str | Stop:
        """The channel ends: give what is left."""
        if self._stop is not None:
            return self._stop
        if len(self._text) > self._judged:
            released = self._release(len(self._text))
            if isinstance(released, Stop):
                return released
        else:
            released = ""
        released += self._text[self._released :]
        self._released = len(self._text)
        return released

    def _end_of_window(self) -> int:
        end = 0
        for match in _SENTENCE.finditer(self._text, max(self._judged, self._looked - 2)):
            end = match.end()
        self._looked = len(self._text)
        return len(self._text) if len(self._text) - self._judged >= self._window else end

    def _release(self, cut: int) -> str | Stop:
        start = 0 if self._whole else max(0, self._judged - CONTEXT)
        self._stop = self._judge(self._text[start:cut])
        if self._stop is not None:
            self._text = ""
            return self._stop
        self._judged = cut
        upto = max(self._released, cut - self._hold)
        released, self._released = self._text[self._released : upto], upto
        drop = min(self._released, max(0, self._judged - CONTEXT))
        self._text = self._text[drop:]
        self._judged -= drop
        self._released -= drop
        self._looked -= drop
        return released
