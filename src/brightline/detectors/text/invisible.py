"""Find characters that a reader cannot see and that have no work to do where they stand.

Honest uses are left alone: emoji sequences and flags, joiners of Arabic and Indic scripts, a byte-order mark at the
start, line-break chances at word ends, hyphenation by soft hyphens, old Hangul, Braille.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Any  # re2 has no types

import msgspec
import re2

from brightline.core.finding import Span
from brightline.detectors.text.payload import (
    SYMBOLS_LIMIT,
    tag_payload,
    variation_payload,
    zero_width_payload,
)

SPANS_LIMIT = 100  # places that one finding lists
MATCHES_LIMIT = 20_000  # places of one kind that are counted; a count at the limit means "at least"
RUN_MIN = 16  # zero-width characters in a row: two letters in the shortest code
SELECTORS_MIN = 4  # variation selectors in a row; sloppy editors double U+FE0F
SPLITS_MIN = 2  # words broken by invisible characters; one can be left over from a web page
SHREDS_MIN = 3  # breaks in one word that is taken apart letter by letter; hyphenation leaves longer pieces
STACK_MIN = 5  # combining marks on one letter: UTS 39, 5.4 forbids more than four
SPREAD_MIN = 6  # letters of a message that is spread over a text

_ZERO_WIDTH = r"\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FEFF}\x{180E}\x{034F}\x{202A}-\x{202E}\x{2066}-\x{2069}"
_SELECTORS = r"\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}"
_FILLERS = r"\x{3164}\x{FFA0}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{1D173}-\x{1D17A}\x{FFF9}-\x{FFFB}"
_LETTER = r"\p{Latin}\p{Greek}\p{Cyrillic}0-9"

_SUBDIVISION = r"\x{1F3F4}[\x{E0061}-\x{E007A}]{2}[\x{E0030}-\x{E0039}\x{E0061}-\x{E007A}]{1,3}\x{E007F}"  # a flag, UTS 51
_TAGS = re2.compile(rf"{_SUBDIVISION}|\x{{1F3F4}}?[\x{{E0000}}-\x{{E007F}}]+")
_FLAG = re2.compile(_SUBDIVISION)
_VARIATION_RUN = re2.compile(rf"[{_SELECTORS}]{{{SELECTORS_MIN},}}")
_ZERO_WIDTH_RUN = re2.compile(rf"[{_ZERO_WIDTH}]{{{RUN_MIN},}}")
_ZERO_WIDTH_ONE = re2.compile(r"[\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FEFF}\x{180E}\x{202C}]")
_SPLIT = re2.compile(rf"[{_LETTER}](?:[{_ZERO_WIDTH}\x{{E0100}}-\x{{E01EF}}]+[{_LETTER}])+")
_SHREDDED = re2.compile(
    rf"[{_LETTER}](?:[{_ZERO_WIDTH}]+[{_LETTER}]){{{SHREDS_MIN},}}|\p{{Han}}(?:[{_ZERO_WIDTH}]+\p{{Han}}){{2,}}"
)
# Only marks that go on Latin, Greek and Cyrillic letters: other scripts have their own, and stack them by rule.
_COMBINING = (
    r"\x{0300}-\x{034E}\x{0350}-\x{036F}\x{1AB0}-\x{1AFF}\x{1DC0}-\x{1DFF}\x{20D0}-\x{20FF}\x{FE20}-\x{FE2F}"
)
_STACK = re2.compile(rf"[{_COMBINING}]{{{STACK_MIN},}}")
ANY = re2.compile(
    rf"[{_ZERO_WIDTH}{_SELECTORS}{_FILLERS}\x{{00AD}}\x{{2800}}\x{{E0000}}-\x{{E007F}}]|[{_COMBINING}]{{{STACK_MIN}}}"
)
_PADDING = re2.compile(
    rf"(?:[{_ZERO_WIDTH}\x{{00AD}}\x{{2800}}]+[ \x{{00A0}}\x{{2007}}\n]+){{8,}}|\x{{2800}}{{8,}}"
)
_OLD_HANGUL = r"\x{1100}-\x{11FF}"  # jamo, which fillers complete
_FILLER = re2.compile(rf"(?:^|[^{_OLD_HANGUL}{_FILLERS}])[{_FILLERS}]+(?:$|[^{_OLD_HANGUL}{_FILLERS}])")
# A piece of one letter between two soft hyphens: no language hyphenates so.
_SOFT = re2.compile(r"\pL*\x{00AD}\pL\x{00AD}[\pL\x{00AD}]*")
_JOINED = re2.compile(
    r"[\p{Arabic}\p{Hebrew}\p{Syriac}\p{Thaana}\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}"
    r"\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Mongolian}]"
)


class Hiding(StrEnum):
    """How characters hide in a text."""

    TAGS = "tags"  # tag characters that repeat ASCII
    VARIATION_CODE = "variation_code"  # variation selectors that spell bytes
    VARIATION_RUN = "variation_run"  # the same, but they spell nothing
    ZERO_WIDTH_CODE = "zero_width_code"  # zero-width characters that spell words
    ZERO_WIDTH_RUN = "zero_width_run"
    WORD_SPLIT = "word_split"  # words broken so that filters miss them
    WORD_SHREDDED = "word_shredded"  # one word or phrase, every letter apart
    STACKED_MARKS = "stacked_marks"  # letters under piles of combining marks
    SOFT_HYPHEN = "soft_hyphen"  # the same by soft hyphens where no hyphenation would put them
    FILLER = "filler"  # letters that are blank
    PADDING = "padding"  # blank filling, usual behind the preview line of newsletters


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of hiding in one text: where, how often, and what it spells."""

    kind: Hiding
    spans: tuple[Span, ...]  # sorted, at most SPANS_LIMIT
    count: int
    payload: str = ""


def find_hidden(text: str) -> Iterator[Hidden]:
    """Every kind of hiding in the text, each once, with all its places."""
    if ANY.search(text) is None:
        return
    yield from _tags(text)
    yield from _coded(text, _VARIATION_RUN, Hiding.VARIATION_CODE, Hiding.VARIATION_RUN)
    yield from _zero_width(text)
    yield from _kind(Hiding.WORD_SPLIT, _places(_SPLIT, text), SPLITS_MIN)
    yield from _kind(Hiding.WORD_SHREDDED, _places(_SHREDDED, text), 1)
    yield from _kind(Hiding.STACKED_MARKS, _places(_STACK, text), 1)
    yield from _kind(Hiding.SOFT_HYPHEN, _places(_SOFT, text), 1)
    yield from _kind(Hiding.FILLER, _places(_FILLER, text), 1)
    yield from _kind(Hiding.PADDING, _places(_PADDING, text), 1)


def _places(pattern: Any, text: str) -> Iterator[Span]:
    return (Span(*match.span()) for match in islice(pattern.finditer(text), MATCHES_LIMIT))


def _kind(kind: Hiding, spans: Iterator[Span], least: int, payload: str = "") -> Iterator[Hidden]:
    places = list(spans)
    if len(places) >= least:
        yield Hidden(kind=kind, spans=tuple(places[:SPANS_LIMIT]), count=len(places), payload=payload)


def _tags(text: str) -> Iterator[Hidden]:
    """Tag characters outside the flags of subdivisions (UTS 51, emoji tag sequences)."""
    spans, words = [], []
    for match in _TAGS.finditer(text):  # every one: a flood of flags must not shield a payload
        if _FLAG.fullmatch(match.group()) is None:
            spans.append(Span(*match.span()))
            words.append(tag_payload(match.group().lstrip("\U0001f3f4")))
    yield from _kind(Hiding.TAGS, iter(spans), 1, "".join(words))


def _zero_width(text: str) -> Iterator[Hidden]:
    """Codes in one run, and codes that are spread over a text one character a gap."""
    found = list(_coded(text, _ZERO_WIDTH_RUN, Hiding.ZERO_WIDTH_CODE, Hiding.ZERO_WIDTH_RUN))
    yield from found
    if any(hidden.kind is Hiding.ZERO_WIDTH_CODE for hidden in found):
        return
    start = 1 if text.startswith("\ufeff") else 0
    spread = list(islice(_ZERO_WIDTH_ONE.finditer(text[start:]), SYMBOLS_LIMIT))
    if len(spread) < RUN_MIN:
        return
    payload = zero_width_payload("".join(match.group() for match in spread))
    # Two symbols spread over a text spell something short by chance; a sentence they don't.
    if len(payload) >= SPREAD_MIN and not _is_joined(text):
        spans = (Span(match.start() + start, match.end() + start) for match in spread)
        yield from _kind(Hiding.ZERO_WIDTH_CODE, spans, RUN_MIN, payload)


def _coded(text: str, run: Any, code: Hiding, noise: Hiding) -> Iterator[Hidden]:
    """Split runs into those that spell something and those that don't."""
    spelt: list[Span] = []
    blank: list[Span] = []
    words: list[str] = []
    decode = variation_payload if code is Hiding.VARIATION_CODE else zero_width_payload
    for match in run.finditer(text):
        if len(set(match.group())) == 1:
            continue  # one repeated character carries no message
        payload = decode(match.group())
        if payload:
            words.append(payload)
        (spelt if payload else blank).append(Span(*match.span()))
    yield from _kind(code, iter(spelt), 1, " ".join(words))
    yield from _kind(noise, iter(blank), 1)


def _is_joined(text: str) -> bool:
    """Whether the text is in a script that writes with joiners or direction marks."""
    return _JOINED.search(text) is not None
