r"""Patterns of listed words: a small language of regular expressions, read into a machine of states.

    literal  .  [a-z_]  [^x]  \d \w \s \b  (a|b)  (?:a|b)  x?  x{3}  x{2,40}

White space means one space, case counts for nothing, and everything is compared in the fold of `shadow.py`. There is
no `*` nor `+`: every match has a longest length, so that a stream knows how much it must hold.
"""

import re
from collections.abc import Callable

import msgspec

from brightline.core.errors import DetectorError
from brightline.detectors.exchange.shadow import fold

MATCH_LIMIT = 4_096  # characters of one match: a private key has 3,300
NODES_LIMIT = 50_000  # of all patterns of a machine together
PATTERN_LIMIT = 2_000  # characters of one pattern
DEPTH_LIMIT = 20  # groups within groups

_QUANTITY = re.compile(r"\{(\d{1,5})(?:,(\d{1,5}))?\}")
_WORD = re.compile(r"[a-z0-9_]").fullmatch
_CLASSES = {"d": "0-9", "w": "a-z0-9_", "s": " "}


class Chars(msgspec.Struct, frozen=True):
    """A set of characters: some ranges, or all but these."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def has(self, char: str) -> bool:
        """Whether a folded character is in it."""
        return any(low <= char <= high for low, high in self.ranges) is not self.negated


class Node(msgspec.Struct):
    """One state: takes a character, or goes on without one.

    Attributes:
        chars: what it takes; None takes nothing.
        next: states behind it.
        edge: it goes on only at the edge of a word.
        accepts: number of the pattern that is complete here, or -1.
    """

    chars: Chars | None = None
    next: tuple[int, ...] = ()
    edge: bool = False
    accepts: int = -1


def is_word(char: str) -> bool:
    r"""Whether a folded character counts as part of a word at `\b`; letters of other scripts have no edges."""
    return _WORD(char) is not None


def literal(words: str) -> str:
    r"""The pattern of some words, whole where they begin and end in ASCII letters or digits.

    >>> literal("Example Co.")
    '\\bexample {1,8}co\\.'
    """
    folded = " ".join(fold(words).split())
    body = re.sub(r"([^\w ])", r"\\\1", folded).replace(" ", " {1,8}")
    before = r"\b" if folded and is_word(folded[0]) else ""
    after = r"\b" if folded and is_word(folded[-1]) else ""
    return f"{before}{body}{after}"


class Builder:
    """Builds the states of many patterns into one table."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.starts: list[int] = []

    def add(self, pattern: str) -> int:
        """Add a pattern; gives its number.

        Raises:
            DetectorError: it is none of this language, too long, or matches nothing at all.
        """
        if len(pattern) > PATTERN_LIMIT:
            raise DetectorError(f"a pattern has {len(pattern)} characters, at most {PATTERN_LIMIT}")
        number = len(self.starts)
        reader = _Reader(pattern, self)
        build, shortest, longest = reader.alternatives(0)
        if reader.at < len(pattern):
            raise reader.wrong("an unexpected `)`")
        if shortest < 1 or longest > MATCH_LIMIT:
            raise DetectorError(
                f"pattern `{pattern[:60]}` matches {shortest} to {longest} characters, expected 1 to {MATCH_LIMIT}"
            )
        self.starts.append(build(self.node(Node(accepts=number))))
        return number

    def node(self, node: Node) -> int:
        """Keep a state; gives its number.

        Raises:
            DetectorError: there are too many.
        """
        if len(self.nodes) >= NODES_LIMIT:
            raise DetectorError(f"the patterns need more than {NODES_LIMIT} states; write them shorter")
        self.nodes.append(node)
        return len(self.nodes) - 1


Build = Callable[[int], int]
"""Makes the states of a piece, given the state behind it; gives its first state."""
_Piece = tuple[Build, int, int]  # with the fewest and the most characters that it takes


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str, builder: Builder) -> None:
        self._text, self._builder = pattern, builder
        self.at = 0

    def wrong(self, what: str) -> DetectorError:
        return DetectorError(f"pattern `{self._text[:60]}`: {what} at character {self.at + 1}")

    def alternatives(self, depth: int) -> _Piece:
        if depth > DEPTH_LIMIT:
            raise self.wrong("too many groups within groups")
        pieces = [self._sequence(depth)]
        while self._text[self.at : self.at + 1] == "|":
            self.at += 1
            pieces.append(self._sequence(depth))
        if len(pieces) == 1:
            return pieces[0]

        def build(after: int) -> int:
            return self._builder.node(Node(next=tuple(one(after) for one, _, _ in pieces)))

        return build, min(least for _, least, _ in pieces), max(most for _, _, most in pieces)

    def _sequence(self, depth: int) -> _Piece:
        pieces: list[_Piece] = []
        while self.at < len(self._text) and self._text[self.at] not in "|)":
            pieces.append(self._quantified(self._atom(depth)))
        return _in_row(pieces)

    def _quantified(self, piece: _Piece) -> _Piece:
        sign = self._text[self.at : self.at + 1]
        if sign in {"*", "+"}:
            raise self.wrong(f"`{sign}` has no end; give a number of times, such as `{{1,40}}`,")
        if sign == "?":
            self.at += 1
            return _times(piece, 0, 1, self._builder)
        found = _QUANTITY.match(self._text, self.at)
        if found is None:
            return piece
        low, high = int(found[1]), int(found[2] or found[1])
        if high > MATCH_LIMIT or low > high or not high:
            raise self.wrong(f"{found[0]} is no number of times up to {MATCH_LIMIT}")
        self.at = found.end()
        return _times(piece, low, high, self._builder)

    def _atom(self, depth: int) -> _Piece:
        char = self._text[self.at]
        self.at += 1
        match char:
            case "(":
                return self._group(depth)
            case "[":
                return self._one(self._set())
            case ".":
                return self._one(Chars((), negated=True))
            case "\\":
                return self._escaped()
            case "{" | "}" | "]" | "^" | "$" | "?" | "*" | "+":
                self.at -= 1
                raise self.wrong(f"`{char}` means nothing here; write `\\{char}`,")
            case _:
                return self._literal(char)

    def _group(self, depth: int) -> _Piece:
        if self._text.startswith("?:", self.at):
            self.at += 2
        piece = self.alternatives(depth + 1)
        if self._text[self.at : self.at + 1] != ")":
            raise self.wrong("a group without its `)`")
        self.at += 1
        return piece

    def _escaped(self) -> _Piece:
        char = self._text[self.at : self.at + 1]
        self.at += 1
        if char == "b":
            return lambda after: self._builder.node(Node(next=(after,), edge=True)), 0, 0
        if char in _CLASSES:
            return self._one(Chars(tuple(_ranges(_CLASSES[char]))))
        if not char or char.isalnum():
            raise self.wrong(f"`\\{char}` means nothing here")
        return self._literal(char)

    def _literal(self, char: str) -> _Piece:
        return _in_row([self._one(Chars(((one, one),))) for one in fold(char)])

    def _one(self, chars: Chars) -> _Piece:
        return lambda after: self._builder.node(Node(chars=chars, next=(after,))), 1, 1

    def _set(self) -> Chars:
        negated = self._text[self.at : self.at + 1] == "^"
        self.at += negated
        ranges: list[tuple[str, str]] = []
        while (char := self._text[self.at : self.at + 1]) != "]":
            if not char:
                raise self.wrong("a set without its `]`")
            self.at += 1
            if char == "\\":
                char = self._text[self.at : self.at + 1]
                self.at += 1
                if char in _CLASSES:
                    ranges += _ranges(_CLASSES[char])
                    continue
            high = char
            if self._text[self.at : self.at + 1] == "-" and self._text[self.at + 1 : self.at + 2] not in {
                "]",
                "",
            }:
                high = self._text[self.at + 1]
                self.at += 2
            if char == high:
                ranges += [(one, one) for one in fold(char)]
            elif len(fold(char)) == len(fold(high)) == 1 and fold(char) <= fold(high):
                ranges.append((fold(char), fold(high)))
            else:
                raise self.wrong(f"`{char}-{high}` is no range")
        self.at += 1
        return Chars(tuple(ranges), negated)


def _ranges(text: str) -> list[tuple[str, str]]:
    found = re.findall(r"(.)-(.)|(.)", text)
    return [(low or one, high or one) for low, high, one in found]


def _in_row(pieces: list[_Piece]) -> _Piece:
    def build(after: int) -> int:
        for one, _, _ in reversed(pieces):
            after = one(after)
        return after

    return build, sum(least for _, least, _ in pieces), sum(most for _, _, most in pieces)


def _times(piece: _Piece, low: int, high: int, builder: Builder) -> _Piece:
    one, least, most = piece

    def build(after: int) -> int:
        start = after
        for _ in range(high - low):  # (x(x)?)?: each further one only behind the one before
            start = builder.node(Node(next=(one(start), after)))
        for _ in range(low):
            start = one(start)
        return start

    return build, least * low, most * high
