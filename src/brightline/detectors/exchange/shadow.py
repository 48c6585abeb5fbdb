"""Words as a filter must see them, with the way back: each character folds by itself, so chunks fold as the whole does.

A character becomes its compatibility decomposition (NFKD) without combining and invisible marks, look-alikes become
the ASCII letters that they imitate, digits of all scripts ASCII digits, white space one space. Texts that are equal
under NFKC have equal shadows, since all that NFKC adds is the composing and ordering of marks that fall away here.

Source: UAX 15 (normalisation forms), UTS 39 (confusables, as `confusable-homoglyphs` ships them).
"""

import json
import unicodedata
from functools import cache
from importlib import resources

import msgspec

_INVISIBLE = frozenset({"Mn", "Me", "Cf", "Cc", "Cn", "Co", "Cs"})
# Cyrillic small letters in the shape of Latin capitals: no twins by the table, and used as such all the same.
_STYLE = dict(zip("вкмнт", "bkmht", strict=True))
_BLANK = frozenset("\u3164\uffa0\u115f\u1160\u2800")  # letters that show nothing


class Shadow(msgspec.Struct, frozen=True):
    """A text folded.

    Attributes:
        text: the fold.
        starts: for each of its characters the index of the character that it came from, and at the end the length of
            the whole; empty where the two lie one on one.
        size: characters of the original.
    """

    text: str
    starts: tuple[int, ...]
    size: int

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original behind a stretch [start, end) of the fold, without invisible ones at its ends."""
        if not self.starts:
            return start, end
        return self.starts[start], self.starts[end - 1] + 1


class _Folds(dict[int, str]):
    """Code point to its fold, worked out when first met."""

    def __init__(self, *, lower: bool) -> None:
        super().__init__()
        self._lower = lower

    def __missing__(self, point: int) -> str:
        folded = _fold(chr(point))
        found = self[point] = folded.lower() if self._lower else folded
        return found


_LOWER = _Folds(lower=True)
_CASED = _Folds(lower=False)


def fold(text: str) -> str:
    """The fold in lower case.

    >>> fold("Ｂo\u200bмb \N{MATHEMATICAL BOLD SMALL X}\u0301")
    'bomb x'
    """
    return text.translate(_LOWER)


def cased(text: str) -> str:
    """The fold with upper and lower case as they are."""
    return text.translate(_CASED)


def shadow(text: str, *, lower: bool = True) -> Shadow:
    """The fold with the way back."""
    folds = _LOWER if lower else _CASED
    folded = text.translate(folds)
    if len(folded) == len(text) and all(len(folds[ord(char)]) == 1 for char in {*text}):
        return Shadow(folded, (), len(text))
    starts = [index for index, char in enumerate(text) for _ in folds[ord(char)]]
    return Shadow(folded, (*starts, len(text)), len(text))


def starts_of(text: str) -> list[int]:
    """For each character of the lower fold, the index of the character that it came from."""
    return [index for index, char in enumerate(text) for _ in _LOWER[ord(char)]]


def _fold(char: str) -> str:
    if char.isspace():
        return " "
    if char in _BLANK or char.isascii():
        return "" if char in _BLANK or unicodedata.category(char) in _INVISIBLE else char
    digit = unicodedata.decimal(char, -1)
    if digit >= 0:
        return str(digit)
    return "".join(_one(piece) for piece in unicodedata.normalize("NFKD", char))


def _one(piece: str) -> str:
    if piece.isspace():
        return " "
    if unicodedata.category(piece) in _INVISIBLE or piece in _BLANK:
        return ""
    digit = unicodedata.decimal(piece, -1)
    return str(digit) if digit >= 0 else _look_alikes().get(piece, piece)


@cache
def _look_alikes() -> dict[str, str]:
    """Characters that stand for one ASCII letter or digit to the eye, and that letter."""
    table = json.loads(
        resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8")
    )
    found: dict[str, str] = {}
    for char, twins in table.items():
        if len(char) == 1 and not char.isascii():
            letters = [
                twin["c"]
                for twin in twins
                if len(twin["c"]) == 1 and twin["c"].isascii() and twin["c"].isalnum()
            ]
            if letters:
                found[char] = "I" if char.isupper() and letters[0] == "l" else letters[0]
    return found | _STYLE
