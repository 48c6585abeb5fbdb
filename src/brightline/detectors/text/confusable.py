"""Find words that are written with look-alike letters of another script or style.

Source: UTS 39 (confusables.txt, as `confusable-homoglyphs` ships it; restriction levels of section 5.2).
"""

import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from itertools import islice, pairwise

import msgspec
import re2

from brightline.core.finding import Span

WORDS_LIMIT = 20_000  # candidate words that are looked at
FOUND_LIMIT = 1_000  # look-alike words of one text that are counted; a count at the limit means "at least"
WORD_MIN = 4  # letters; shorter mixtures are units and formulas
WORD_LIMIT = 64  # letters of a word that are looked at

# Letters that stand beside Latin ones only to look like them, in scripts with no other reason to.
_FOREIGN = r"\p{Greek}\p{Cyrillic}\p{Armenian}\p{Cherokee}\p{Coptic}\p{Lisu}\p{Deseret}\p{Osage}"
_STYLED = r"\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{1D400}-\x{1D7FF}\x{2100}-\x{214F}"
_PHONETIC = r"\x{0251}\x{0261}"
_ASCII_LETTER = r"A-Za-z"
_OTHER = rf"[{_FOREIGN}{_STYLED}{_PHONETIC}]"
_WORD = rf"[\p{{Latin}}{_FOREIGN}{_STYLED}0-9]"

ANY = re2.compile(_OTHER)
_MIXED = re2.compile(rf"{_WORD}*(?:\p{{Latin}}[0-9]*{_OTHER}|{_OTHER}[0-9]*\p{{Latin}})(?:{_WORD}|\pM)*")
_WHOLE = re2.compile(rf"[{_FOREIGN}]{{{WORD_MIN},}}")
_FOREIGN_LETTER = re2.compile(rf"[{_FOREIGN}]")
_FOREIGN_TEXT = re2.compile(rf"(?:[{_FOREIGN}][^{_FOREIGN}]*){{9}}")  # more than one short word
_GREEK = re2.compile(r"\p{Greek}")
_GREEK_TWIN = re2.compile(
    r"[ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο]"
)  # no formula uses letters that nobody can tell from Latin ones
_PHONETIC_FRAME = "/[ˈˌ"


class Confusion(StrEnum):
    """How a word looks like another."""

    MIXED_SCRIPT = "mixed_script"  # Latin with letters of another script
    WHOLE_SCRIPT = "whole_script"  # all letters of another script, in a Latin text
    MIXED_STYLE = "mixed_style"  # ASCII with fullwidth, mathematical or phonetic letters


class Restriction(StrEnum):
    """UTS 39 restriction level of a word, as far as our words reach."""

    SINGLE_SCRIPT = "single_script"
    MINIMALLY_RESTRICTIVE = "minimally_restrictive"


class Confusable(msgspec.Struct, frozen=True, kw_only=True):
    """One word and what it looks like."""

    kind: Confusion
    span: Span
    word: str
    looks_like: str
    level: Restriction


class Confusables(msgspec.Struct, frozen=True, kw_only=True):
    """The look-alike words of a text, in the order in which they stand."""

    words: tuple[Confusable, ...]  # at most FOUND_LIMIT of mixed script or style, as many of whole script
    is_complete: bool  # False: the text has more candidates than WORDS_LIMIT, and the rest was not looked at


def find_confusable(text: str) -> Confusables:
    """Words of the text that look like other words."""
    if ANY.search(text) is None:
        return Confusables(words=(), is_complete=True)
    found: list[Confusable] = []
    is_complete = True
    for number, match in enumerate(_MIXED.finditer(text)):
        if number >= WORDS_LIMIT or len(found) >= FOUND_LIMIT:
            is_complete = bool(found)
            break
        found += _mixed(text, match.group()[:WORD_LIMIT], match.start())
    found += islice(_whole(text), FOUND_LIMIT)
    found.sort(key=lambda word: (word.span.start, word.span.end))
    return Confusables(words=tuple(found), is_complete=is_complete)


@cache
def looks_like_table() -> dict[int, str]:
    """For `str.translate`: each letter that looks like an ASCII letter or digit, to that letter."""
    from confusable_homoglyphs import confusables  # reads a megabyte of JSON, which plain ASCII never needs

    table: dict[int, str] = {}
    for char, others in confusables.confusables_data.items():
        if len(char) == 1 and ord(char) > 0x7F:
            targets = [other["c"] for other in others if other["c"].isascii() and other["c"].isalnum()]
            if targets and len(targets[0]) == 1:
                table[ord(char)] = _in_case(char, targets[0])
    return table


def skeleton(word: str) -> str:
    """The word with every look-alike replaced by the ASCII letter that it looks like, accents dropped.

    >>> skeleton("раураӏ"), skeleton("ｐａｙｐａｌ")
    ('paypal', 'paypal')
    """
    plain = word.translate(looks_like_table())
    if plain.isascii():
        return plain
    plain = unicodedata.normalize("NFKD", plain)
    return "".join(char for char in plain if not unicodedata.combining(char)).translate(looks_like_table())


def _in_case(char: str, target: str) -> str:
    """The ASCII letter that a reader takes the character for, where UTS 39 folds more than a reader does."""
    styled = unicodedata.normalize("NFKC", char)
    if len(styled) == 1 and styled.isascii():
        return styled
    if char == "\u04cf":  # palochka: UTS 39 says i, but the imitation of Apple that made it famous reads l
        return "l"
    return "I" if target == "l" and char.isupper() else target


def _mixed(text: str, word: str, start: int) -> Iterator[Confusable]:
    if len(word) < WORD_MIN or (start and text[start - 1] in _PHONETIC_FRAME):
        return
    plain = skeleton(word)
    if not plain.isascii() or not any(char.isalpha() for char in plain) or plain == word:
        return
    switches = _switches(word)
    foreign = _FOREIGN_LETTER.search(word) is not None
    if foreign and _is_borrowed(text, word, start, switches):
        return
    if not foreign and switches < 2:  # a styled initial or index is typography
        return
    yield Confusable(
        kind=Confusion.MIXED_SCRIPT if foreign else Confusion.MIXED_STYLE,
        span=Span(start, start + len(word)),
        word=word,
        looks_like=plain,
        level=Restriction.MINIMALLY_RESTRICTIVE,
    )


def _is_borrowed(text: str, word: str, start: int, switches: int) -> bool:
    """A Latin name with a Cyrillic ending (`iPhoneа`), or Greek as a symbol (`TNFα`, `μm`)."""
    if _GREEK.search(word) is not None and _GREEK_TWIN.search(word) is None:
        return switches < 2 or word.upper() == word
    if switches > 1:
        return False
    near = text[max(0, start - 40) : start] + text[start + len(word) : start + len(word) + 40]
    return _FOREIGN_TEXT.search(near) is not None


def _switches(word: str) -> int:
    """How often the word changes between ASCII and other letters."""
    ascii_run = [char.isascii() for char in word if not char.isdigit()]
    return sum(first != second for first, second in pairwise(ascii_run))


def _whole(text: str) -> Iterator[Confusable]:
    """Words all in one foreign script that read as Latin, in a text that has no other word of that script."""
    words = []
    for number, match in enumerate(_WHOLE.finditer(text)):
        plain = skeleton(match.group()[:WORD_LIMIT])
        if not plain.isascii():
            return  # a real word of that script: the text is written in it
        if number >= WORDS_LIMIT:
            break
        words.append((match, plain))
    latin = sum(char.isascii() and char.isalpha() for char in text[:4096])
    if latin < 4 * sum(len(plain) for _, plain in words):
        return
    for match, plain in words:
        if _stands_alone(text, match.start(), match.end()):
            yield Confusable(
                kind=Confusion.WHOLE_SCRIPT,
                span=Span(match.start(), match.start() + len(plain)),
                word=match.group()[:WORD_LIMIT],
                looks_like=plain,
                level=Restriction.SINGLE_SCRIPT,
            )


def _stands_alone(text: str, start: int, end: int) -> bool:
    around = text[start - 1 : start] + text[end : end + 1]
    return not any(char.isalnum() for char in around)
