"""An examination as the rows that compiled conditions read; columns are those of `language/types.py`."""

from typing import Any

import msgspec

from brightline.core.finding import Basis, Examination
from brightline.policy.language.cost import Sizes
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.limits import MAX_MACROS
from brightline.policy.language.shapes import Environment
from brightline.policy.language.values import timestamp

Row = tuple[Any, ...]
_LOCALS = [None] * MAX_MACROS


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
    """The rows of an examination."""
    time = _time(examination.context.time)
    subject, context = _subject(examination), _context(examination, time)
    findings = [
        (
            index,
            finding.detector,
            finding.claim,
            finding.harm or "",
            finding.basis,
            finding.probability,
            finding.part,
            {detail.name: detail.value for detail in finding.details},
        )
        for index, finding in enumerate(examination.findings)
    ]
    firm = [row for row in findings if row[4] is not Basis.ESTIMATE]
    gaps = [(index, gap.source, gap.kind, gap.part) for index, gap in enumerate(examination.gaps)]
    details = max((len(row[7]) for row in findings), default=0)
    return View(
        everything=[subject, context, findings, gaps, *_LOCALS],
        firm=[subject, context, firm, gaps, *_LOCALS],
        time=time,
        sizes=Sizes(len(findings), len(gaps), details),
    )


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


def _context(examination: Examination, time: int | None) -> Row:
    context = examination.context
    return (
        0,
        context.channel,
        context.actor,
        context.tenant,
        context.audience,
        context.declared,
        time,
        context.parent,
    )


def _time(text: str) -> int | None:
    try:
        return timestamp(text)
    except EvaluationError:
        return None
