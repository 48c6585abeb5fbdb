"""Which clauses made the linear voice suspect a window: what its log-odds lose when each is taken out."""

import re

import msgspec

from brightline.core.finding import Span
from brightline.detectors.exchange.model import HEADS, linear_score

CLAUSES_LIMIT = (
    24  # of one window that are taken out, one after the other, 0.2 ms each; longer ones as many pieces
)
REASONS_LIMIT = 3  # clauses that are shown
QUOTE_LIMIT = 80  # characters of content that a reason quotes
LEAST = 0.05  # log-odds; less is noise
_CLAUSE = re.compile(r"[^\n。！？!?；;，,.]+[\n。！？!?；;，,.]*")


class Reason(msgspec.Struct, frozen=True):
    """A clause, and what it adds to the log-odds of its window."""

    span: Span
    weight: float


def reasons(text: str, window: Span, *, head: str) -> tuple[Reason, ...]:
    """The clauses of a window that add most, heaviest first, as spans of the whole text."""
    place = HEADS.index(head)
    words = text[window.start : window.end]
    whole = float(linear_score(words)[place])
    found = []
    for start, end in _clauses(words):
        weight = whole - float(linear_score(f"{words[:start]} {words[end:]}")[place])
        if weight > LEAST:
            found.append(Reason(Span(window.start + start, window.start + end), round(weight, 3)))
    found.sort(key=lambda reason: (-reason.weight, reason.span.start))
    return tuple(found[:REASONS_LIMIT])


def quote(text: str, why: tuple[Reason, ...]) -> str:
    """At most 80 characters of the heaviest clause."""
    return " ".join(text[why[0].span.start : why[0].span.end].split())[:QUOTE_LIMIT] if why else ""


def _clauses(words: str) -> list[tuple[int, int]]:
    spans = [(match.start(), match.end()) for match in _CLAUSE.finditer(words) if not match[0].isspace()]
    step = -(-len(spans) // CLAUSES_LIMIT) or 1
    return [
        (group[0][0], group[-1][1]) for group in (spans[at : at + step] for at in range(0, len(spans), step))
    ]
