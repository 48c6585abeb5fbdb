"""Which of several findings says best why a rule held: what people read first."""

from collections.abc import Iterable

from brightline.core.decision import Decision
from brightline.core.finding import Examination, Finding

ABSENCES = frozenset({("verdict", "not_found"), ("present", "no"), ("found", "no")})


def leading(findings: Iterable[Finding]) -> Finding:
    """The finding that explains most: a harm before a fact, a presence before an absence, the surer before the less.

    Raises:
        ValueError: there is none.
    """
    return max(findings, key=lambda one: (one.harm is not None, not _is_absence(one), one.probability))


def leading_of(decision: Decision, examination: Examination) -> Finding | None:
    """The leading finding of the strictest rule that rests on findings; None when no rule does."""
    for match in decision.matches:
        if match.findings:
            return leading(examination.findings[index] for index in match.findings)
    return None


def _is_absence(finding: Finding) -> bool:
    return any((detail.name, detail.value) in ABSENCES for detail in finding.details)
