"""The register of measures: what was taken down, restricted, suspended or restored, of whom, why, and by whom.

It only grows: what was wrong is entered as restored. Whoever enters a measure says so in the ledger too (the door does), with the
digest of what it was taken against, since addresses and accounts name people.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from brightline.core.errors import ReviewError
from brightline.core.harm import Harm
from brightline.review import submissions
from brightline.review.rows import PAGE_LIMIT, row_of, sliced
from brightline.review.store import new_id, now_ms
from brightline.review.tables import complaints, measures

TARGET_LIMIT = 500  # characters of an address or account
COUNT_LIMIT = 10**9  # things of one entry


class Disposed(StrEnum):
    """What kind of thing was disposed of."""

    PRODUCT = "product"
    ACCOUNT = "account"
    SITE = "site"
    DATASET = "dataset"
    ITEM = "item"


class Deed(StrEnum):
    """What was done to it."""

    REMOVED = "removed"
    DISABLED = "disabled"
    RESTRICTED = "restricted"
    LABELLED = "labelled"
    SUSPENDED = "suspended"
    REPORTED = "reported"  # to an authority or another platform
    RESTORED = "restored"


UNCOUNTED = (Deed.RESTORED,)  # in a campaign's numbers


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One entry.

    Attributes:
        id: of the row.
        tenant: whose.
        kind: of thing.
        deed: what was done.
        count: of how many things.
        target: which, such as an address or an account.
        harm: code of the misuse that it answers, or empty.
        ground: the rule or article of law.
        note: for colleagues.
        submission: that showed it, where one did.
        complaint: that asked for it, where one did.
        person: who entered it.
        at_ms: when.
    """

    id: str
    tenant: str
    kind: Disposed
    deed: Deed
    count: int
    target: str
    harm: str
    ground: str
    note: str
    submission: str | None
    complaint: str | None
    person: str
    at_ms: int


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """What a person enters."""

    kind: Disposed
    deed: Deed
    target: str
    count: int = 1
    harm: str = ""
    ground: str = ""
    note: str = ""
    submission: str | None = None
    complaint: str | None = None


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    target: str
    ground: str
    note: str


def enter(connection: Connection, tenant: str, person: str, entered: Entered) -> Measure:
    """Put a measure into the register.

    Raises:
        ReviewError: it says not what it was taken against, or names a harm that there is not.
        NotThereError: this tenant has no such submission or complaint.
    """
    if not entered.target.strip():
        raise ReviewError("a measure says against what it was taken")
    if entered.harm and entered.harm not in {harm.value for harm in Harm}:
        raise ReviewError(f"no harm `{entered.harm[:40]}`")
    if entered.submission is not None:
        submissions.get(connection, entered.submission, tenant)
    if entered.complaint is not None:
        row_of(connection, complaints, entered.complaint, tenant)
    facts = _Facts(
        count=max(1, min(entered.count, COUNT_LIMIT)), target=entered.target[:TARGET_LIMIT],
        ground=entered.ground[:TARGET_LIMIT], note=entered.note[:4000],
    )  # fmt: skip
    measure = new_id()
    connection.execute(
        insert(measures).values(
            id=measure, tenant=tenant, kind=entered.kind.value, deed=entered.deed.value, harm=entered.harm,
            facts=msgspec.json.encode(facts), submission=entered.submission, complaint=entered.complaint,
            person=person, at_ms=now_ms(),
        )
    )  # fmt: skip
    return _measure(row_of(connection, measures, measure, tenant))


def listed(
    connection: Connection,
    tenant: str,
    *,
    submission: str = "",
    complaint: str = "",
    count: int = PAGE_LIMIT,
    skip: int = 0,
) -> list[Measure]:
    """The newest entries, of one submission or complaint where one is given."""
    wanted = select(measures).where(measures.c.tenant == tenant)
    if submission:
        wanted = wanted.where(measures.c.submission == submission)
    if complaint:
        wanted = wanted.where(measures.c.complaint == complaint)
    ordered = wanted.order_by(measures.c.id.desc())
    return [_measure(row) for row in connection.execute(sliced(ordered, count, skip))]


def between(connection: Connection, tenant: str, from_ms: int, until_ms: int) -> Iterator[Measure]:
    """Entries of a span of time, without those that took something back."""
    wanted = select(measures).where(
        measures.c.tenant == tenant,
        measures.c.at_ms >= from_ms,
        measures.c.at_ms < until_ms,
        measures.c.deed.not_in([deed.value for deed in UNCOUNTED]),
    )
    yield from (_measure(row) for row in connection.execute(wanted.order_by(measures.c.id)))


def _measure(row: Row[Any]) -> Measure:
    facts = msgspec.json.decode(row.facts, type=_Facts)
    return Measure(
        id=row.id, tenant=row.tenant, kind=Disposed(row.kind), deed=Deed(row.deed), harm=row.harm, count=facts.count,
        target=facts.target, ground=facts.ground, note=facts.note, submission=row.submission, complaint=row.complaint,
        person=row.person, at_ms=row.at_ms,
    )  # fmt: skip
