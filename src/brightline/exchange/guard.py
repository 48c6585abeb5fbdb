"""The seam of streams: what may be released of words as they come.

    guard = WindowGuard(judge, window=400, hold=96, machine=machine)
    guard.feed("some words")   -> words that may go out now, maybe none; or Stop
    guard.close()              -> the words that are left; or Stop

One guard a channel: a choice's content, its reasoning, a tool's arguments. Two lanes share it. What is listed runs
through a machine of states that survives the borders of chunks: nothing behind the place from which a match may still
go on is released. Everything else is judged by windows that end with sentences and overlap: nothing of the next
window's new part or of the last `hold` characters is released. What any window asks to take out is taken out as it
goes by. So the words that go out are what the whole, judged at once, would have let out, for all that shows within
`hold` characters or on a list; once a Stop is given nothing else is.
"""

import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from brightline.core.words import Words
from brightline.detectors.exchange.automaton import Automaton
from brightline.detectors.exchange.scan import Hit, Scan

CONTEXT = 200  # characters before the new words that are judged with them, so that words keep their company
STEPS = 5  # windows are at least this share of the longest, but for the first one, for which somebody waits
CONTEXT_MOST = 1_200  # and as many at most, until a place where no word is cut is found
_SENTENCE = re.compile(r"[.!?][\"'”’)\]]?\s|[。！？；…][”’」』）]?|\n")
_BORDER = re.compile(r"[\s.,;:!?)\]}，。！？；：、\u3400-\u9fff]")


class Stop(msgspec.Struct, frozen=True):
    """Nothing more is released.

    Attributes:
        code: `content_filter` or `held_for_review`, or what else ended it.
        words: for whoever reads the answer.
    """

    code: str
    words: Words


class Cut(msgspec.Struct, frozen=True, order=True):
    """Characters [start, end) that may not go out, and the words in their place."""

    start: int
    end: int
    words: str


Verdict = Stop | tuple[Cut, ...] | None
Judge = Callable[[str], Verdict]
"""Looks at some words; None lets them pass, cuts let them pass without what they name."""


class Guard(Protocol):
    """What stands between the words of one channel and the caller."""

    def feed(self, text: str) -> str | Stop:
        """Take the next words; give those that may go out now."""

    def close(self) -> str | Stop:
        """The channel ends: give what is left."""

    @property
    def saw_whole(self) -> bool:
        """Whether the channel was judged in one piece, so that nothing is left that only the whole could show."""


class WindowGuard:
    """Judges windows that end with sentences, and releases behind a margin and before what may be a listed match.

    All places are offsets in the channel.
    """

    def __init__(
        self, judge: Judge, *, window: int, hold: int, whole: bool = False, machine: Automaton | None = None
    ) -> None:
        """Begin a channel.

        Args:
            judge: looks at each window.
            window: characters that are held at most before they are judged without waiting for a sentence's end.
            hold: characters that stay held behind the judged end.
            whole: nothing is released before the end, as with a tool's arguments.
            machine: what is listed; the judge finds it as well, this tells when and what to hold.
        """
        self._judge, self._window, self._hold, self._whole = judge, window, hold, whole
        self._scan = Scan(machine) if machine is not None and not machine.is_empty and not whole else None
        self._text = ""  # from `_base` on, a little before what is held
        self._base = 0
        self._end = 0
        self._judged = 0
        self._given = 0
        self._looked = 0  # up to here all ends of sentences are known
        self._sentence = 0  # the last of them
        self._hits: list[Hit] = []  # that no window has shown to the judge
        self._windows = 0
        self._cut_out = 0
        self._stop: Stop | None = None

    @property
    def saw_whole(self) -> bool:
        """Whether all of it was judged in one piece and nothing was taken out."""
        return self._windows == 1 and not self._cut_out

    def feed(self, text: str) -> str | Stop:
        """Take the next words; give those that may go out now."""
        if self._stop is not None:
            return self._stop
        self._text += text
        self._end += len(text)
        if self._whole:
            return ""
        cut = self._end_of_window()
        return self._release(cut) if cut > self._judged else ""

    def close(self) -> str | Stop:
        """The channel ends: give what is left."""
        if self._stop is not None:
            return self._stop
        return self._release(self._end, is_last=True) if self._given < self._end else ""

    def _end_of_window(self) -> int:
        """Where the words that are to be judged now end; not beyond what is judged where it is not time yet."""
        end = 0
        for match in _SENTENCE.finditer(self._text, max(self._judged, self._looked - 2) - self._base):
            end = self._base + match.end()
        self._looked = self._end
        self._sentence = max(self._sentence, end)
        if self._end - self._judged >= self._window:
            end = self._end_of_words()
        elif self._sentence - self._judged >= (self._window // STEPS if self._judged else 1):
            end = self._sentence
        else:
            return self._judged
        if self._scan is None:
            return end
        # Nothing goes out between two windows, so that the machine need not run before one is due.
        self._hits += self._scan.feed(self._text[self._scan.size - self._base :])
        # A match that is not complete would show itself in part, and a part may look like another match.
        return max(self._scan.whole_until(self._end if self._hits else end), self._judged)

    def _end_of_words(self) -> int:
        """Behind the last place where no word is cut; where there is none, the end."""
        for at in range(len(self._text), max(0, len(self._text) - self._window // 2), -1):
            if _BORDER.match(self._text[at - 1]):
                return self._base + at
        return self._end

    def _start_of_window(self) -> int:
        """Some characters before what was judged or is held, at a place where no word is cut."""
        if self._whole:
            return self._base
        latest = max(0, min(self._judged, self._given) - CONTEXT - self._base)
        for at in range(latest, max(0, latest - CONTEXT_MOST), -1):
            if _BORDER.match(self._text[at - 1]):
                return self._base + at
        return self._base + max(0, latest - CONTEXT_MOST)

    def _release(self, cut: int, *, is_last: bool = False) -> str | Stop:
        start = self._start_of_window()
        verdict = self._judge(self._text[start - self._base : cut - self._base])
        self._windows += 1 if start == 0 and cut == self._end and is_last else 2
        if isinstance(verdict, Stop):
            self._stop, self._text = verdict, ""
            return verdict
        self._judged = cut
        upto = cut if is_last else max(self._given, cut - self._hold)
        if self._scan is not None and not is_last:
            self._hits = [hit for hit in self._hits if hit.end > cut]
            upto = max(self._given, min([upto, self._scan.live, *(hit.start for hit in self._hits)]))
        released = self._without(verdict or (), start, upto)
        self._forget()
        return released

    def _without(self, cuts: tuple[Cut, ...], start: int, upto: int) -> str:
        """Words up to a place, without what is cut; a cut that goes on beyond it waits as a whole."""
        out: list[str] = []
        for cut in sorted(cuts):
            first, last = max(start + cut.start, self._given), start + cut.end
            if last <= self._given:
                continue
            if last > upto:
                upto = min(upto, first)
                break
            out += [self._text[self._given - self._base : first - self._base], cut.words]
            self._given = last
            self._cut_out += 1
        out.append(self._text[self._given - self._base : upto - self._base])
        self._given = max(upto, self._given)
        return "".join(out)

    def _forget(self) -> None:
        drop = min(self._given, self._judged) - CONTEXT - CONTEXT_MOST - self._base
        if drop > CONTEXT:
            self._text = self._text[drop:]
            self._base += drop
