"""Which clauses of a message made the model suspect it: what the score loses when each is taken out."""

import re

import msgspec

from brightline.core.finding import Span
from brightline.detectors.message.fraud_model import judge
from brightline.detectors.message.fraud_normal import plain

CLAUSES_LIMIT = (
    40  # clauses that are taken out, one after the other; longer texts are cut into as many pieces
)
REASONS_LIMIT = 5  # clauses that are shown
_CLAUSE = re.compile(r"[^\n。！？!?；;]+[\n。！？!?；;]*")
_SHORTER = re.compile(r"[^\n。！？!?；;，,、.]+[\n。！？!?；;，,、.]*")


class Reason(msgspec.Struct, frozen=True):
    """A clause, and what it adds to the log-odds of the whole."""

    span: Span
    weight: float


def reasons(text: str, title: str = "") -> tuple[Reason, ...]:
    """The clauses that add most, heaviest first; none that speaks against fraud.

    The weight is the model's own: the score of the text less the score of the text without the clause.
    """
    before = f"{title}\n" if title else ""
    whole = judge(plain(before + text)).score
    found = []
    for start, end in _clauses(text):
        rest = judge(plain(f"{before}{text[:start]} {text[end:]}")).score
        if whole - rest > 0.01:  # less is noise of rounding
            found.append(Reason(Span(start, end), round(whole - rest, 3)))
    found.sort(key=lambda reason: (-reason.weight, reason.span.start))
    return tuple(found[:REASONS_LIMIT])


def _clauses(text: str) -> list[tuple[int, int]]:
    """Spans of clauses without white space at their ends; neighbours are joined where there are too many."""
    spans = [_trimmed(match) for match in _SHORTER.finditer(text)]
    if len(spans) > CLAUSES_LIMIT:
        spans = [_trimmed(match) for match in _CLAUSE.finditer(text)]
    step = -(-len(spans) // CLAUSES_LIMIT) or 1
    groups = [spans[first : first + step] for first in range(0, len(spans), step)]
    return [(group[0][0], group[-1][1]) for group in groups if group[0][0] < group[-1][1]]


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    words = match[0]
    start = match.start() + len(words) - len(words.lstrip())
    return start, max(start, match.start() + len(words.rstrip()))
