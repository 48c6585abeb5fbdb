"""What is done to the letters of a text to hide its words, undone before the AI-written lane reads it.

Tags and entities of HTML in plain text, letters set apart or wedged, words torn in two, digits for letters. Case, width, look-alikes and
invisible characters are `ai_tokens`' business. A text without such tricks comes back as it was.
"""

import html
import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

_TAG = re.compile(
    r"<(/?[a-zA-Z][a-zA-Z0-9]{0,15}|!--)[^<>]{0,300}>|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.IGNORECASE)
_BLOCKS = frozenset("br p div li ul ol tr td th table h1 h2 h3 h4 h5 h6 hr blockquote".split())  # noqa: SIM905 - a word list reads better as text
_APART = re.compile(r"(?<![^\W_])[a-z]([ .\-_|~·])[a-z](?:\1[a-z])+(?![^\W_])")  # `l i k e`, `t.h.i.s`
_WEDGE = re.compile(r"(?<=[a-z])[*_|~·^`\\+=#](?=[a-z])")  # `li*ke`
_PAIR = re.compile(r"(?<![\w'])([a-z]+) (?=([a-z]+)(?![\w']))")  # two words with one space between
_DIGIT_BY_LETTER = re.compile(r"[a-z][013457]|[013457][a-z]")
_DIGITS_FOR_LETTERS = re.compile(r"(?<!\w)(?=[a-z]*[013457])(?=[013457]*[a-z])[a-z013457]{3,24}(?!\w)")
_LETTERS = str.maketrans("013457", "oieast")
# `30th`, `15km`, `windows10`: digits that are digits.
_NUMBERED = re.compile(
    r"[0-9]+(?:[snrt][tdh]|s|k|m|g|b|x|am|pm|km|kg|mm|cm|ft|in|hz|gb|mb|min)|[a-z]*[aeiouy][a-z]*[0-9]+"
)
SHORTEST_TORN = 4  # letters of a word that is put together: of shorter ones, `i m`, too many are none
_RAREST = 1 << 16  # rank of what is no word

Offsets = list[int]


def without_markup(text: str) -> tuple[str, Offsets | None]:
    """The text without tags, what they hide, and entities; and where each character stood, None if nothing changed.

    >>> without_markup("li<b></b>k&#101; <i style='display:none'>no</i>this")[0]
    'like this'
    """
    if "<" not in text and "&" not in text:
        return text, None
    letters: list[str] = []
    offsets: Offsets = []
    done = 0
    for match in _TAG.finditer(text):
        if match.start() < done:
            continue  # it stands in what was hidden
        letters.append(text[done : match.start()])
        offsets.extend(range(done, match.start()))
        done = match.end()
        stands_for = _stands_for(match)
        letters.append(stands_for)
        offsets.extend([match.start()] * len(stands_for))
        if match[1] is not None and _HIDDEN.search(match[0]):
            closing = text.find("<", done)
            done = closing if closing >= 0 else len(text)
    if not done:
        return text, None
    letters.append(text[done:])
    offsets.extend(range(done, len(text)))
    return "".join(letters), offsets


def _stands_for(match: re.Match[str]) -> str:
    """A space for a tag that ends a line or cell, nothing for another, its character for an entity."""
    if match[1] is None:
        letter = html.unescape(match[0])
        return letter if len(letter) == 1 else " "
    return " " if match[1].lower().strip("/") in _BLOCKS else ""


def wedges(level: str) -> list[int]:
    """Where a levelled text has signs that only set the letters of a word apart, ascending.

    >>> wedges("l i k e it, li*ke")
    [1, 3, 5, 14]
    """
    found = {place for match in _APART.finditer(level) for place in range(match.start() + 1, match.end(), 2)}
    found.update(match.start() for match in _WEDGE.finditer(level))
    return sorted(found)


def torn(level: str) -> list[int]:
    """Where a levelled text has a space inside an English word, ascending.

    A pair of words is one where the whole is a word, and a half is none or is a rarer word than the whole. A letter
    that stands alone counts for nothing: `b and` is no `band`.

    >>> torn("tha t can be imp ortant in side the ir a round one b and c")
    [3, 16, 35]
    """
    found: list[int] = []
    known, end = _ranks(), 0
    for match in _PAIR.finditer(level):
        first, second = match[1], match[2]
        whole = known.get(first + second)
        if whole is None or match.start() < end or len(first + second) < SHORTEST_TORN:
            continue  # no word, or its first half belongs to the word before
        if first in {"a", "i"} and second in known:
            continue  # `a round` of it
        longer, shorter = sorted((first, second), key=len, reverse=True)
        if whole < known.get(longer, _RAREST) or (len(shorter) > 1 and whole < known.get(shorter, _RAREST)):
            found.append(match.end(1))
            end = match.end(2)
    return found


@cache
def _ranks() -> dict[str, int]:
    """Whole English words and how common each is, 0 first: the order of the vocabulary that ships for the claims.

    A letter alone is no word.
    """
    lines = (files("brightline.weights") / "wordpiece_en.txt").read_text("utf-8").split("\n")
    return {line: rank for rank, line in enumerate(lines) if line.isalpha() and len(line) > 1}


def without(level: str, places: list[int]) -> str:
    """The text without the characters at ascending places."""
    ends = [*places, len(level)]
    starts = [0, *(place + 1 for place in places)]
    return "".join(level[start:end] for start, end in zip(starts, ends, strict=True))


def with_letters(level: str) -> str:
    """The text, of the same length, with digits that stand for letters read as these.

    >>> with_letters("7h3r3 4r3 30th windows10 l3773rs")
    'there are 30th windows10 letters'
    """
    if _DIGIT_BY_LETTER.search(level) is None:
        return level
    return _DIGITS_FOR_LETTERS.sub(_letters, level)


def _letters(match: re.Match[str]) -> str:
    word = match[0]
    return word if _NUMBERED.fullmatch(word) else word.translate(_LETTERS)


def standing(offsets: Sequence[int] | None, kept: Offsets) -> Offsets:
    """Offsets of the characters that were kept, in the text that the first offsets speak of."""
    return kept if offsets is None else [offsets[place] for place in kept]


def kept_places(length: int, dropped: list[int]) -> Offsets:
    """The places from 0 to `length` that are not among the ascending ones dropped."""
    found: Offsets = []
    start = 0
    for place in dropped[: bisect_left(dropped, length)]:
        found.extend(range(start, place))
        start = place + 1
    found.extend(range(start, length))
    return found
