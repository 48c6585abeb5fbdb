"""Numbers that people look at first: volumes, actions, harms, latency, agreement of reviewers."""

from collections import Counter, defaultdict
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, func, select

from brightline.review.store import now_ms
from brightline.review.tables import cases, events, submissions

Conditions = tuple[ColumnElement[bool], ...]
DAY_MS = 86_400_000
SAMPLE = 5_000  # of the newest submissions, for latency


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided on one day, UTC."""

    day: str
    actions: dict[str, int]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The last days at a glance.

    Attributes:
        days: oldest first, those with nothing left out.
        actions: of all of them together.
        harms: what decisions above `allow` warned of, most first.
        kinds: of subjects, most first.
        waiting: submissions that no worker has judged yet.
        dead: that could not be judged.
        gaps: decisions with something that was not looked at.
        latency_ms: from handing in to the decision, `p50` and `p95` of the newest.
        kappa: Cohen's, of first and second blind reviews; None for fewer than two pairs or where chance explains all.
        pairs: how many pairs of reviews that rests on.
    """

    days: tuple[Day, ...]
    actions: dict[str, int]
    harms: dict[str, int]
    kinds: dict[str, int]
    waiting: int
    dead: int
    gaps: int
    latency_ms: dict[str, int]
    kappa: float | None
    pairs: int


def overview(connection: Connection, tenant: str, days: int) -> Overview:
    """Numbers of a tenant."""
    since = now_ms() - days * DAY_MS
    mine = (submissions.c.tenant == tenant, submissions.c.made_ms >= since, submissions.c.copy_of.is_(None))
    bucket = submissions.c.made_ms / DAY_MS
    by_day: dict[int, Counter[str]] = defaultdict(Counter)
    day = func.floor(bucket) if connection.dialect.name == "postgresql" else submissions.c.made_ms // DAY_MS
    grouped = select(day.label("day"), submissions.c.action, func.count()).where(
        *mine, submissions.c.action != ""
    )
    for row in connection.execute(grouped.group_by("day", submissions.c.action)):
        by_day[int(row[0])][row[1]] += int(row[2])
    actions: Counter[str] = Counter()
    for counted in by_day.values():
        actions.update(counted)
    pairs = _pairs(connection, tenant, since)
    return Overview(
        days=tuple(Day(day=_day(number), actions=dict(by_day[number])) for number in sorted(by_day)),
        actions=dict(actions),
        harms=_counted(
            connection, submissions.c.harm, (*mine, submissions.c.harm != "", submissions.c.action != "allow")
        ),
        kinds=_counted(connection, submissions.c.kind, (*mine, submissions.c.kind != "")),
        waiting=_count(connection, (*mine, submissions.c.state.in_(("waiting", "leased")))),
        dead=_count(connection, (*mine, submissions.c.state == "dead")),
        gaps=_count(connection, (*mine, submissions.c.gaps > 0)),
        latency_ms=_latency(connection, mine),
        kappa=kappa(pairs),
        pairs=len(pairs),
    )


def kappa(pairs: list[tuple[str, str]]) -> float | None:
    """Cohen's kappa of pairs of answers, -1 to 1; None for fewer than two, or where chance alone explains all.

    Source: Cohen, A coefficient of agreement for nominal scales, 1960.

    >>> kappa([("block", "block"), ("allow", "allow"), ("block", "allow"), ("allow", "allow")])
    0.5
    """
    if len(pairs) < 2:
        return None
    agreed = sum(one == two for one, two in pairs) / len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(two for _, two in pairs)
    chance = sum(first[name] * second[name] for name in first) / len(pairs) ** 2
    return None if chance >= 1 else round((agreed - chance) / (1 - chance), 3)


def _pairs(connection: Connection, tenant: str, since: int) -> list[tuple[str, str]]:
    """First and second answers of blind reviews."""
    wanted = (
        select(events.c.case_id, events.c.data)
        .join(cases, cases.c.id == events.c.case_id)
        .where(
            cases.c.tenant == tenant,
            cases.c.second.is_(True),
            events.c.what == "decided",
            events.c.at_ms >= since,
        )
        .order_by(events.c.id)
    )
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    for case, data in connection.execute(wanted):
        told = msgspec.json.decode(data)
        if told["before"] in {"open", "second"}:
            answers[case][told["before"]] = told["action"]
    return [(one["open"], one["second"]) for one in answers.values() if len(one) == 2]


def _counted(connection: Connection, column: Column[str], mine: Conditions) -> dict[str, int]:
    wanted = select(column, func.count()).where(*mine).group_by(column).order_by(func.count().desc())
    return {row[0]: int(row[1]) for row in connection.execute(wanted)}


def _count(connection: Connection, mine: Conditions) -> int:
    wanted = select(func.count()).select_from(submissions).where(*mine)
    return int(connection.execute(wanted).scalar_one())


def _latency(connection: Connection, mine: Conditions) -> dict[str, int]:
    taken = (submissions.c.done_ms - submissions.c.made_ms).label("taken")
    newest = (
        select(taken)
        .where(*mine, submissions.c.state == "done")
        .order_by(submissions.c.id.desc())
        .limit(SAMPLE)
    )
    found = sorted(int(row[0]) for row in connection.execute(newest))
    if not found:
        return {}
    return {"p50": found[len(found) // 2], "p95": found[min(len(found) - 1, len(found) * 95 // 100)]}


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY_MS / 1000, UTC).strftime("%Y-%m-%d")
