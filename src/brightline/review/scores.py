"""Detectors' estimates, kept of every submission, so that they can be held against what people decide, and over time.

Only the highest estimate of each detector for each harm is kept; facts and matches are not estimates and need no calibration.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, insert, select, update

from brightline.core.decision import Action
from brightline.core.finding import Basis, Finding
from brightline.core.harm import Harm
from brightline.review.calibration import Judged
from brightline.review.store import now_ms
from brightline.review.tables_quality import scores

ANSWERS_READ = 20_000  # newest answers of people, over all detectors


class Score(msgspec.Struct, frozen=True):
    """The highest estimate of one detector for one harm."""

    detector: str
    harm: Harm
    probability: float


class Scored(msgspec.Struct, frozen=True):
    """One estimate and when it was made."""

    detector: str
    harm: str
    probability: float
    at_ms: int


def scores_of(findings: Iterable[Finding]) -> list[Score]:
    """The estimates among findings that warn of something."""
    best: dict[tuple[str, Harm], float] = {}
    for finding in findings:
        if finding.basis is Basis.ESTIMATE and finding.harm is not None:
            key = finding.detector[:100], finding.harm
            best[key] = max(best.get(key, 0.0), finding.probability)
    return [Score(detector, harm, probability) for (detector, harm), probability in sorted(best.items())]


def write_down(connection: Connection, submission: str, tenant: str, found: Iterable[Score]) -> None:
    """Keep the estimates of a submission, in the transaction that completes it."""
    rows = [
        {
            "submission": submission, "detector": one.detector, "harm": one.harm.value, "tenant": tenant,
            "probability": one.probability, "at_ms": now_ms(),
        }
        for one in found
    ]  # fmt: skip
    if rows:
        connection.execute(insert(scores), rows)


def answer(connection: Connection, submission: str, action: Action, harm: str) -> None:
    """A person has decided, for good: keep what that says of the estimates.

    Who allowed it said no to every one of them. Who did not said yes to the harm that the ruling names; of other harms the
    ruling says nothing.

    Args:
        connection: of `store.writing()`.
        submission: which.
        action: what the person decided.
        harm: the reason that the person gave, or the case's where none was given.
    """
    mine = scores.c.submission == submission
    if action is not Action.ALLOW:
        mine &= scores.c.harm == harm
    values = {"held": action is not Action.ALLOW, "answered_ms": now_ms()}
    connection.execute(update(scores).where(mine).values(**values))


def answered(connection: Connection, tenant: str) -> dict[tuple[str, str], list[Judged]]:
    """Estimates that people have answered, by detector and harm: the newest `ANSWERS_READ` of all together."""
    wanted = (
        select(scores.c.detector, scores.c.harm, scores.c.probability, scores.c.held)
        .where(scores.c.tenant == tenant, scores.c.held.is_not(None))
        .order_by(scores.c.answered_ms.desc())
        .limit(ANSWERS_READ)
    )
    found: dict[tuple[str, str], list[Judged]] = {}
    for row in connection.execute(wanted):
        judged = Judged(probability=row.probability, held=bool(row.held))
        found.setdefault((row.detector, row.harm), []).append(judged)
    return found


def since(connection: Connection, tenant: str, from_ms: int) -> list[Scored]:
    """All estimates made since a moment."""
    wanted = select(scores.c.detector, scores.c.harm, scores.c.probability, scores.c.at_ms).where(
        scores.c.tenant == tenant, scores.c.at_ms >= from_ms
    )
    return [Scored(*row) for row in connection.execute(wanted)]
