"""How far reviewers agree: Cohen's kappa from second, blind reviews, and their answers to golden items.

Percent agreement alone flatters whoever always says the same: kappa takes off what chance would give. It is told with its
95 % interval, and not at all where the reviews are too few.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from brightline.core.share import Share, Z, share_of
from brightline.review.tables import cases, events
from brightline.review.tables_quality import golden, servings

ENOUGH_PAIRS = 20  # of reviews, below which kappa is not told
ENOUGH_GOLDEN = 10  # answers to golden items, below which no accuracy is told


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two reviews of one case, the second without sight of the first."""

    case: str
    first_by: str
    first: str
    second_by: str
    second: str


class Kappa(msgspec.Struct, frozen=True, kw_only=True):
    """Agreement beyond chance.

    Attributes:
        count: pairs.
        agreed: how many of them agreed, as a share; None of none.
        kappa: -1 to 1; None for fewer than two pairs, or where chance alone explains all.
        low: begin of the 95 % interval; None likewise.
        high: its end.
        is_enough: whether the pairs are enough to say anything.
    """

    count: int
    agreed: Share | None
    kappa: float | None
    low: float | None
    high: float | None
    is_enough: bool


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """How two reviewers agree, whoever was first."""

    one: str
    two: str
    kappa: Kappa


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """One reviewer's first answers to golden items; `right` is a share, None of none."""

    person: str
    right: Share | None
    is_enough: bool


def cohen(pairs: Sequence[tuple[str, str]]) -> Kappa:
    """Cohen's kappa of pairs of answers, with its large-sample interval.

    Source: Cohen, A coefficient of agreement for nominal scales, 1960; Fleiss, Cohen and Everitt, Large sample standard
    errors of kappa and weighted kappa, 1969, eq. 13.

    >>> told = cohen([("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15)
    >>> round(told.kappa, 3), round(told.low, 3), round(told.high, 3)
    (0.4, 0.15, 0.65)
    """
    count = len(pairs)
    agreed = sum(one == two for one, two in pairs)
    share, is_enough = share_of(agreed, count), count >= ENOUGH_PAIRS
    cells = {pair: number / count for pair, number in Counter(pairs).items()} if count else {}
    rows, columns = Counter[str](), Counter[str]()
    for (one, two), part in cells.items():
        rows[one] += part  # type: ignore[assignment]  # a Counter of shares
        columns[two] += part  # type: ignore[assignment]
    chance = sum(rows[name] * columns[name] for name in rows)
    if count < 2 or chance >= 1 - 1e-12:
        return Kappa(count=count, agreed=share, kappa=None, low=None, high=None, is_enough=is_enough)
    seen = agreed / count
    kappa = (seen - chance) / (1 - chance)
    inside = sum(
        part * ((1 - chance) - (rows[one] + columns[two]) * (1 - seen)) ** 2
        for (one, two), part in cells.items()
        if one == two
    )
    outside = sum(part * (columns[one] + rows[two]) ** 2 for (one, two), part in cells.items() if one != two)
    spread = inside + (1 - seen) ** 2 * outside - (seen * chance - 2 * chance + seen) ** 2
    error = math.sqrt(max(spread, 0.0) / count) / (1 - chance) ** 2
    return Kappa(
        count=count, agreed=share, kappa=kappa, low=max(-1.0, kappa - Z * error), high=min(1.0, kappa + Z * error),
        is_enough=is_enough,
    )  # fmt: skip


def pairs_since(connection: Connection, tenant: str, from_ms: int) -> list[Pair]:
    """First and second reviews of cases that had both since a moment; what was taken back does not count."""
    wanted = (
        select(events.c.case_id, events.c.person, events.c.what, events.c.data)
        .join(cases, cases.c.id == events.c.case_id)
        .where(
            cases.c.tenant == tenant,
            cases.c.second.is_(True),
            events.c.what.in_(("decided", "undone")),
            events.c.at_ms >= from_ms,
        )
        .order_by(events.c.id)
    )
    given: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for case, person, what, data in connection.execute(wanted):
        if what == "undone":
            given[case][-1:] = []
            continue
        told = msgspec.json.decode(data)
        given[case].append((told["before"], person, told["action"]))
    found = []
    for case, answers in given.items():
        by_state = {before: (person, action) for before, person, action in answers}
        if "open" in by_state and "second" in by_state:
            (one, first), (two, second) = by_state["open"], by_state["second"]
            found.append(Pair(case=case, first_by=one, first=first, second_by=two, second=second))
    return found


def between_people(pairs: Sequence[Pair]) -> list[Between]:
    """Agreement of each two reviewers, those with most pairs first."""
    shared: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for pair in pairs:
        if pair.first_by <= pair.second_by:
            shared[pair.first_by, pair.second_by].append((pair.first, pair.second))
        else:
            shared[pair.second_by, pair.first_by].append((pair.second, pair.first))
    found = [Between(one=one, two=two, kappa=cohen(given)) for (one, two), given in shared.items()]
    return sorted(found, key=lambda one: (-one.kappa.count, one.one, one.two))


def golden_answers(connection: Connection, tenant: str) -> list[Answers]:
    """Reviewers' answers to golden items, those with most answers first.

    Only the first answer of a person to an item counts, and none of who made it golden: that person knew it.
    """
    wanted = (
        select(
            servings.c.golden,
            cases.c.decided_by,
            cases.c.decided,
            cases.c.golden.label("known"),
            golden.c.made_by,
        )
        .join(cases, cases.c.id == servings.c.case_id)
        .join(golden, golden.c.id == servings.c.golden)
        .where(servings.c.tenant == tenant, cases.c.state == "closed")
        .order_by(cases.c.decided_ms)
    )
    first: dict[tuple[str, str], bool] = {}
    for row in connection.execute(wanted):
        if row.decided_by and row.decided_by != row.made_by:
            first.setdefault((row.decided_by, row.golden), row.decided == row.known)
    totals, right = Counter[str](), Counter[str]()
    for (person, _), is_right in first.items():
        totals[person] += 1
        right[person] += is_right
    return [
        Answers(person=person, right=share_of(right[person], total), is_enough=total >= ENOUGH_GOLDEN)
        for person, total in totals.most_common()
    ]
