"""An examination as the rows that compiled conditions read; columns are those of `language/types.py`."""

from functools import lru_cache
from typing import Any

import msgspec

from brightline.core.finding import Basis, Examination
from brightline.policy.language.cost import Sizes
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.limits import MAX_MACROS
from brightline.policy.language.shapes import Environment
from brightline.policy.language.values import timestamp

Row = tuple[Any, ...]
TIMES_KEPT = 256  # times that were read last: the subjects of one scan share theirs
_LOCALS = (None,) * MAX_MACROS


class View(msgspec.Struct, frozen=True, eq=False):
    """An examination, ready for conditions.

    Attributes:
        everything: environment with all findings.
        firm: environment without findings that are only an ESTIMATE.
        time: the context's time in nanoseconds since 1970, None when it is no RFC 3339 time.
        sizes: how much there is to walk over.
    """

    everything: Environment
    firm: Environment
    time: int | None
    sizes: Sizes


def view(examination: Examination) -> View:
    """Both environments of an examination."""
    everything = environment(examination)
    firm = everything
    if any(finding.basis is Basis.ESTIMATE for finding in examination.findings):
        rows = [row for row in everything[2] if row[4] is not Basis.ESTIMATE]
        firm = [*everything[:2], rows, everything[3], _by_claim(rows), *_LOCALS]
    details = max((len(finding.details) for finding in examination.findings), default=0)
    return View(
        everything=everything,
        firm=firm,
        time=_time(examination.context.time),
        sizes=Sizes(len(examination.findings), len(examination.gaps), details),
    )


def environment(examination: Examination) -> Environment:
    """What a condition reads: subject, context, findings, gaps, findings by claim, and a slot a macro variable."""
    rows = [
        (
            index,
            finding.detector,
            finding.claim,
            finding.harm or "",
            finding.basis,
            finding.probability,
            finding.part,
            finding.details,
        )
        for index, finding in enumerate(examination.findings)
    ]
    gaps = [(index, gap.source, gap.kind, gap.part) for index, gap in enumerate(examination.gaps)]
    return [_subject(examination), _context(examination), rows, gaps, _by_claim(rows), *_LOCALS]


def _by_claim(rows: list[Row]) -> dict[str, list[Row]]:
    claims: dict[str, list[Row]] = {}
    for row in rows:
        claims.setdefault(row[2], []).append(row)
    return claims


def _subject(examination: Examination) -> Row:
    facts = examination.facts
    return (
        0,
        facts.digest,
        facts.kind,
        facts.kind.media,
        facts.size_bytes,
        facts.name,
        facts.role,
        facts.characters,
        len(facts.parts),
    )


def _context(examination: Examination) -> Row:
    context = examination.context
    return (
        0,
        context.channel,
        context.actor,
        context.tenant,
        context.audience,
        context.declared,
        _time(context.time),
        context.parent,
    )


@lru_cache(maxsize=TIMES_KEPT)
def _time(text: str) -> int | None:
    try:
        return timestamp(text)
    except EvaluationError:
        return None
