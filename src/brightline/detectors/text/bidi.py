"""Find bidirectional controls that change the order in which a reader sees a text (Trojan Source).

Source: UAX 9 (directional formatting characters); Boucher and Anderson, "Trojan Source" (2021), CVE-2021-42574.
"""

from enum import StrEnum
from itertools import islice

import msgspec
import re2

from brightline.core.finding import Span

SPANS_LIMIT = 100  # places that one finding lists
MATCHES_LIMIT = 20_000  # overrides that are counted; a count at the limit means "at least"
QUOTE_LIMIT = 40  # characters

_PARAGRAPH = re2.compile(r"[\x{202A}-\x{202E}\x{2066}-\x{2069}][^\n\r\x{2029}]*")  # from its first control on
_ANY = re2.compile(r"[\x{202A}-\x{202E}\x{2066}-\x{2069}]")
_RIGHT_TO_LEFT = re2.compile(r"[\p{Hebrew}\p{Arabic}\p{Syriac}\p{Thaana}\p{Nko}\p{Adlam}]")
_OVERRIDDEN = re2.compile(r"\x{202E}[^\x{202C}\n\r]*\p{Latin}{2}")
_EMBEDDINGS = "\u202a\u202b\u202d\u202e"
_ISOLATES = "\u2066\u2067\u2068"
_POP_EMBEDDING, _POP_ISOLATE = "\u202c", "\u2069"


class Reordering(StrEnum):
    """How direction controls mislead."""

    OVERRIDE = "override"  # Latin letters are shown backwards
    UNBALANCED = "unbalanced"  # a control is still open where its paragraph ends


class Reordered(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of reordering in one text, with its places."""

    kind: Reordering
    spans: tuple[Span, ...]  # sorted, at most SPANS_LIMIT
    count: int
    shown: str = ""  # what a reader sees of the first override


def find_reordered(text: str) -> list[Reordered]:
    """Both kinds of reordering in the text; none where no control is used."""
    if _ANY.search(text) is None:
        return []
    found = []
    overrides = [Span(*match.span()) for match in islice(_OVERRIDDEN.finditer(text), MATCHES_LIMIT)]
    # In a right-to-left text an override can be the typist's own repair.
    if overrides and _RIGHT_TO_LEFT.search(text) is None:
        found.append(_reordered(Reordering.OVERRIDE, overrides, _shown(text, overrides[0].start)))
    unclosed = _unclosed(text)
    if unclosed:
        found.append(_reordered(Reordering.UNBALANCED, unclosed))
    return found


def _reordered(kind: Reordering, spans: list[Span], shown: str = "") -> Reordered:
    return Reordered(kind=kind, spans=tuple(spans[:SPANS_LIMIT]), count=len(spans), shown=shown)


def _shown(text: str, start: int) -> str:
    first = text[start + 1 : start + 1 + QUOTE_LIMIT].split("\u202c")[0].splitlines()[0]
    return "".join(char for char in first[::-1] if char.isprintable()).strip()


def _unclosed(text: str) -> list[Span]:
    """Controls that nothing closes before their paragraph ends (UAX 9, rules BD8-BD13 and P1)."""
    return [
        Span(start, start + 1)
        for paragraph in _PARAGRAPH.finditer(text)
        for start in _open_at_end(paragraph.group(), paragraph.start())
    ]


def _open_at_end(paragraph: str, offset: int) -> list[int]:
    embeddings: list[int] = []
    isolates: list[int] = []
    for place, char in enumerate(paragraph, offset):
        if char in _EMBEDDINGS:
            embeddings.append(place)
        elif char in _ISOLATES:
            isolates.append(place)
        elif char == _POP_EMBEDDING:
            embeddings[-1:] = []
        elif char == _POP_ISOLATE:
            isolates[-1:] = []
    return sorted(embeddings + isolates)
