"""Finds patterns in a text as it comes, in its fold and in what base64 and hexadecimal digits in it spell.

Places are those of the text itself. Whatever the chunks: the same hits, and nothing that a later chunk may
complete begins before `live`.
"""

import binascii
import codecs
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from brightline.detectors.exchange.automaton import Automaton, Match, Scanner
from brightline.detectors.exchange.shadow import cased, fold, starts_of

RUN_MIN = 16  # characters of one word that may be a code: twelve letters; shorter ones are words
RUN_LIMIT = 64 * 1024  # characters of one code that are decoded; the rest of it is a file and no words
_RUN = re.compile(r"[A-Za-z0-9+/_-]+")
_NOT_HEX = re.compile(r"[^0-9A-Fa-f]").search
_URL_SAFE = str.maketrans("-_", "+/")


class Hit(msgspec.Struct, frozen=True, gc=False, order=True):
    """A pattern by its number, and the characters [start, end) of the text in which it stands."""

    start: int
    end: int
    pattern: int


class Scan:
    """One text.

    Attributes:
        live: from here on something may have begun that is not complete; everything before is settled.
        size: characters so far.
    """

    def __init__(self, machine: Automaton) -> None:
        self._machine = machine
        self._plain = _Layer(machine)
        self._run: _Run | None = None
        self.live = 0
        self.size = 0

    def feed(self, text: str) -> list[Hit]:
        """Take the next words; gives hits that are complete, some of them more than once."""
        if self._machine.is_empty or not text:
            self.size += len(text)
            self.live = self.size if self._machine.is_empty else self.live
            return []
        base, folded = self.size, fold(text)
        self.size += len(text)
        even = len(folded) == len(text) and text.isascii()
        places: Sequence[int] = range(base, self.size) if even else [base + at for at in starts_of(text)]
        found = self._plain.feed(
            folded, places, range(base + 1, self.size + 1) if even else [one + 1 for one in places]
        )
        found += self._codes(text, base, even=even)
        self.live = min(self._plain.live(self.size), self._run.live if self._run is not None else self.size)
        return found

    def whole_until(self, place: int) -> int:
        """The last place up to there at which the text can be cut and its first part still holds the same hits."""
        place = min(place, self.live)
        run = self._run
        # A code that is cut too short would not be read as one any more.
        return run.start if run is not None and run.start < place < run.start + RUN_MIN else place

    def close(self) -> list[Hit]:
        """The text ends: gives hits that only its end completes."""
        found = self._plain.close()
        if self._run is not None:
            found += self._run.close()
            self._run = None
        self.live = self.size
        return found

    def _codes(self, text: str, base: int, *, even: bool) -> Iterator[Hit]:
        whole = text if even else cased(text)
        places: Sequence[int] = (
            range(base, base + len(text)) if even else [base + at for at in starts_of(text)]
        )
        at = 0
        for match in _RUN.finditer(whole):
            start, end = match.span()
            if start > at and self._run is not None:
                yield from self._run.close()
                self._run = None
            if self._run is None:
                self._run = _Run(self._machine, places[start])
            yield from self._run.feed(whole[start:end], places[start:end])
            at = end
        if at < len(whole) and self._run is not None:
            yield from self._run.close()
            self._run = None


class _Layer:
    """A scanner whose characters stand for places in the text."""

    def __init__(self, machine: Automaton) -> None:
        self._scanner = Scanner(machine)
        self._starts: list[int] = []  # place behind each of the scanner's characters from `_base` on
        self._ends: list[int] = []
        self._base = 0

    def feed(self, folded: str, starts: Sequence[int], ends: Sequence[int]) -> list[Hit]:
        """Take characters, and for each the stretch [start, end) of the text behind it."""
        self._starts += starts
        self._ends += ends
        found = [self._hit(match) for match in self._scanner.feed(folded)]
        if drop := self._scanner.live - self._base:
            self._starts, self._ends = self._starts[drop:], self._ends[drop:]
            self._base += drop
        return found

    def close(self) -> list[Hit]:
        """The text ends."""
        return [self._hit(match) for match in self._scanner.close()]

    def live(self, end: int) -> int:
        """The place from which a match may go on; `end` where there is none."""
        return self._starts[0] if self._starts else end

    def _hit(self, match: Match) -> Hit:
        start, last = match.start - self._base, match.end - 1 - self._base
        return Hit(self._starts[start], self._ends[last], match.pattern)


class _Run:
    """One word that may be a code: nothing is made of it before it is long enough."""

    def __init__(self, machine: Automaton, start: int) -> None:
        self._machine = machine
        self._text = ""
        self._places: list[int] = []
        self._lanes: list[_Lane] | None = None
        self._size = 0
        self.start = start
        self.live = start

    def feed(self, text: str, places: Sequence[int]) -> Iterator[Hit]:
        text, places = text[: RUN_LIMIT - self._size], places[: RUN_LIMIT - self._size]
        self._size += len(text)
        if not text:
            yield from self.close()
            self._lanes, self.live = [], _NOWHERE
            return
        if self._lanes is None:
            self._text += text
            self._places += places
            if self._size < RUN_MIN:
                return
            self._lanes = [_Lane(self._machine, 4, shift, _base64) for shift in range(4)]
            self._lanes += [_Lane(self._machine, 2, shift, _hex) for shift in range(2)]
            text, places = self._text, self._places
        for lane in self._lanes:
            yield from lane.feed(text, places)
        self._lanes = [lane for lane in self._lanes if not lane.is_dead]
        self.live = min((lane.live for lane in self._lanes), default=_NOWHERE)

    def close(self) -> Iterator[Hit]:
        for lane in self._lanes or ():
            yield from lane.close()


_NOWHERE = 1 << 60
_Decode = Callable[[str], bytes | None]


class _Lane:
    """One way to read a code: groups of so many characters, begun behind so many.

    Attributes:
        is_dead: it cannot be read so.
        live: place from which a match may go on.
    """

    def __init__(self, machine: Automaton, group: int, shift: int, decode: _Decode) -> None:
        self._layer = _Layer(machine)
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._group, self._shift, self._decode = group, shift, decode
        self._rest = ""
        self._places: list[int] = []
        self._begun = -1  # place of the group in which a letter began that is not complete
        self.is_dead = False
        self.live = 0

    def feed(self, text: str, places: Sequence[int]) -> list[Hit]:
        """Take the next characters of the code, and their places."""
        skip = min(self._shift, len(text))
        self._shift -= skip
        self._rest += text[skip:]
        self._places += places[skip:]
        whole = len(self._rest) - len(self._rest) % self._group
        found = self._read([self._group] * (whole // self._group))
        left = self._begun if self._begun >= 0 else self._places[0] if self._places else places[-1] + 1
        self.live = self._layer.live(left)
        return found + (self._layer.close() if self.is_dead else [])

    def close(self) -> list[Hit]:
        """The code ends, maybe within a group."""
        if self.is_dead:
            return []
        return self._read([len(self._rest)] if len(self._rest) > 1 else []) + self._layer.close()

    def _read(self, sizes: Sequence[int]) -> list[Hit]:
        """Decode groups of these sizes."""
        folded: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for size in sizes:
            data = self._decode(self._rest[at : at + size])
            if data is None:
                self.is_dead = True
                break
            start, end = self._places[at], self._places[at + size - 1] + 1
            letters = self._utf8.decode(data)
            for char in letters:
                one = fold(char)
                folded.append(one)
                starts += [self._begun if self._begun >= 0 else start] * len(one)
                ends += [end] * len(one)
            if not self._utf8.getstate()[0]:
                self._begun = -1
            elif letters or self._begun < 0:
                self._begun = start
            at += size
        self._rest, self._places = self._rest[at:], self._places[at:]
        return self._layer.feed("".join(folded), starts, ends)


def _base64(group: str) -> bytes | None:
    try:
        return binascii.a2b_base64(group.translate(_URL_SAFE) + "=" * (-len(group) % 4))
    except binascii.Error:
        return None


def _hex(group: str) -> bytes | None:
    return None if len(group) % 2 or _NOT_HEX(group) else bytes.fromhex(group)
