"""Text to the signs that the AI-written lane counts: disguises undone, words of a subject hidden.

What a text is about says nothing of who wrote it, so only words (or Han characters) that stand in all kinds of texts
keep their own sign; the rest become one sign for each ending or shape. Case, width, invisible characters, look-alike
letters and spacing are levelled first, because they change freely.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from brightline.core.finding import Span
from brightline.detectors.text.ai_disguise import (
    kept_places,
    standing,
    torn,
    wedges,
    with_letters,
    without,
    without_markup,
)
from brightline.detectors.text.confusable import looks_like_table

ENDING_LETTERS = 4  # the longest ending that has a sign of its own
FOLDS_LIMIT = 32_768  # characters whose fold is remembered
CACHE_WORDS = 65_536  # shapes of rare words that are remembered
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+(?:[.,][0-9]+)*|[.]+|-+|[!?]+|[^\sa-z0-9]")
_MARKUP = frozenset("*#_|>~`\\")  # layout, not language
_LEVEL = dict.fromkeys("’‘‛ʼ＇´", "'") | dict.fromkeys("“”„‟«»「」『』＂", '"')
_LEVEL |= dict.fromkeys("—–−‒―‐‑─－", "-") | dict.fromkeys("…。｡．•", ".")
_HAN = ("\u3400", "\u9fff")


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """A text with its disguises undone.

    Attributes:
        text: lower case, narrow, without invisible characters.
        offsets: for each of its characters the offset in the original; None when they are the same.
    """

    text: str
    offsets: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> Span:
        """Where characters [start, end), end > start, stand in the original."""
        if self.offsets is None:
            return Span(start, end)
        return Span(self.offsets[start], self.offsets[end - 1] + 1)


def plain(text: str) -> Plain:
    r"""The text in lower case with look-alikes, widths, quotes and dashes levelled and tricks of letters undone.

    >>> plain("Ρаｙ\u200bＰａｌ").text
    'paypal'
    """
    text, offsets = without_markup(text)
    level = text.lower() if text.isascii() else text.translate(_FOLDS)
    if len(level) != len(text):
        offsets = standing(offsets, [i for i, letter in enumerate(text) if _FOLDS[ord(letter)] is not None])
    for tricks in (wedges, torn):
        if places := tricks(level):
            offsets = standing(offsets, kept_places(len(level), places))
            level = without(level, places)
    return Plain(text=with_letters(level), offsets=None if offsets is None else tuple(offsets))


def whole(level: Plain, characters: Mapping[str, str]) -> Plain:
    """The levelled text with characters put together that were split into their parts (拆字).

    Args:
        level: the levelled text.
        characters: two parts, to the character that they make.

    >>> whole(plain("加君羊"), {"君羊": "群"}).text
    '加群'
    """
    text, kept, parts = level.text, [], []
    place, last = 0, len(level.text) - 1
    while place <= last:
        made = characters.get(text[place : place + 2])
        kept.append(place)
        parts.append(made or text[place])
        place += 2 if made else 1
    if len(kept) == len(text):
        return level
    return Plain(text="".join(parts), offsets=tuple(standing(level.offsets, kept)))


def tokens(level: str) -> list[str]:
    """Words, numbers, signs and single Han characters of a levelled text, without layout.

    >>> tokens("it's 3.5 metres ... **wide**，宽")
    ["it's", '3.5', 'metres', '...', 'wide', '，', '宽']
    """
    return [token for token in _TOKEN.findall(level) if token not in _MARKUP]


def token_spans(level: str) -> list[Span]:
    """Where the tokens of a levelled text stand in it, one a token."""
    return [Span(*match.span()) for match in _TOKEN.finditer(level) if match.group() not in _MARKUP]


class Signs:
    """The signs of one language: each token to its number.

    Args:
        names: the signs in the order of their numbers. `<x>` stands for any other word, `<n>` for a number, `<y>` for
            any other character, `<ing>` for any other word that ends so.
        twins: pairs of characters, the first to be counted as the second (traditional and simplified Han).
    """

    def __init__(self, names: list[str], twins: str = "") -> None:
        self.names = names
        self._numbers = {name: number for number, name in enumerate(names)}
        pairs = zip(twins[::2], twins[1::2], strict=True)
        self._numbers |= {first: self._numbers[second] for first, second in pairs if second in self._numbers}
        self._shape = lru_cache(CACHE_WORDS)(self._shape_of)

    def numbers(self, words: list[str]) -> list[int]:
        """The signs of tokens, by number."""
        known = self._numbers
        return [known[word] if word in known else self._shape(word) for word in words]

    def _shape_of(self, word: str) -> int:
        known = self._numbers
        first = word[0]
        if first.isdigit():
            return known["<n>"]
        if is_han(first):
            return known["<x>"]
        if not first.isascii() or not first.isalpha():
            return known.get(first, known["<y>"])  # `!!!` counts as `!`
        for letters in range(min(ENDING_LETTERS, len(word) - 3), 0, -1):
            if (number := known.get(f"<{word[-letters:]}>")) is not None:
                return number
        return known["<x>"]


def is_han(character: str) -> bool:
    """Whether it is a Han character of the basic planes."""
    return _HAN[0] <= character <= _HAN[1]


class _Folds(dict[int, str | None]):
    """For `str.translate`: characters that were met, to what they count as."""

    def __missing__(self, code: int) -> str | None:
        if len(self) > FOLDS_LIMIT:
            self.clear()
        self[code] = _fold(chr(code)) or None
        return self[code]


_FOLDS = _Folds()


def _fold(character: str) -> str:
    """What one character counts as: one character, or none."""
    if character in _LEVEL:
        return _LEVEL[character]
    if is_han(character):
        return character
    kind = unicodedata.category(character)
    if kind in {"Cf", "Mn", "Me", "So"} or (kind == "Cc" and not character.isspace()):
        return ""  # emoji too: between letters they hide words
    narrow = unicodedata.normalize("NFKD", character)[:1] or character
    if narrow in _LEVEL:
        return _LEVEL[narrow]
    if not narrow.isascii() and narrow.isalpha():
        narrow = looks_like_table().get(ord(narrow), narrow)
    lower = narrow.lower()
    return lower if len(lower) == 1 else narrow
