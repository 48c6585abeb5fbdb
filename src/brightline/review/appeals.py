"""Appeals: who wrote something contests what became of it, with a code alone, and another person looks again.

    open ──decide, by somebody who had no part in it──> decided

DSA Art. 20: free, electronic, within at least six months, not decided by automated means alone.
"""

import hashlib
import secrets
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from brightline.core.errors import ConflictError, NotThereError, RefusedError, ReviewError
from brightline.review import outbox, submissions
from brightline.review.store import new_id, now_ms
from brightline.review.tables import appeals, events
from brightline.review.tables import cases as case_rows
from brightline.settings_service import ServiceSetting

DAY_MS = 86_400_000
ANSWER_DAYS = 15  # in which an appeal should be decided; a house promise, no law names one
REASON_LIMIT = 4000  # characters
CODE_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike
CODE_LENGTH = 20  # signs, 100 bits: nobody guesses one


class Outcome(StrEnum):
    """What becomes of an appeal."""

    UPHELD = "upheld"  # the author was right: the decision is reversed
    REJECTED = "rejected"


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal as it stands."""

    id: str
    tenant: str
    submission: str
    state: str
    reason: str
    made_ms: int
    due_ms: int
    reviewer: str | None
    outcome: str
    notice: str
    decided_ms: int | None
    entry: int | None


def open_appeal(
    connection: Connection, submission: str, tenant: str, reason: str, setting: ServiceSetting
) -> tuple[Appeal, str]:
    """Take an appeal in; gives it with the code by which its author asks about it, shown this once.

    Raises:
        NotThereError: this tenant has no such submission.
        ConflictError: nothing was decided yet, it was allowed, the time is over, or an appeal is open.
        ReviewError: no reason is given.
    """
    if not reason.strip():
        raise ReviewError("an appeal says why the decision is wrong")
    found = submissions.get(connection, submission, tenant)
    if found.done_ms is None or found.action in {"", "allow"}:
        raise ConflictError(
            f"submission `{submission}` was not held, labelled or blocked: there is nothing to contest"
        )
    if found.done_ms + setting.appeal_days * DAY_MS < now_ms():
        raise ConflictError(
            f"submission `{submission}` was decided more than {setting.appeal_days:g} days ago"
        )
    already = select(appeals.c.id).where(appeals.c.submission == submission, appeals.c.state == "open")
    if connection.execute(already).first() is not None:
        raise ConflictError(f"an appeal about submission `{submission}` is open already")
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
    appeal, now = new_id(), now_ms()
    connection.execute(
        insert(appeals).values(
            id=appeal,
            tenant=tenant,
            submission=submission,
            code=_hash(code),
            state="open",
            reason=reason[:REASON_LIMIT],
            made_ms=now,
            due_ms=now + ANSWER_DAYS * DAY_MS,
        )
    )
    outbox.announce(connection, tenant, "appeal.opened", {"appeal": appeal, "submission": submission})
    return get(connection, appeal, tenant), code


def of_code(connection: Connection, code: str) -> Appeal:
    """The appeal that a code belongs to; signs that nobody writes, such as spaces and dashes, are passed over.

    Raises:
        NotThereError: it belongs to none.
    """
    plain = "".join(sign for sign in code.upper()[:60] if sign in CODE_SIGNS)
    row = connection.execute(select(appeals).where(appeals.c.code == _hash(plain))).first()
    if row is None:
        raise NotThereError("no appeal has that code")
    return _appeal(row)


def get(connection: Connection, appeal: str, tenant: str) -> Appeal:
    """One appeal.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    row = connection.execute(
        select(appeals).where(appeals.c.id == appeal, appeals.c.tenant == tenant)
    ).first()
    if row is None:
        raise NotThereError(f"no appeal `{appeal[:40]}`")
    return _appeal(row)


def listed(connection: Connection, tenant: str, state: str = "open", count: int = 100) -> list[Appeal]:
    """Appeals of a state, those due first."""
    wanted = select(appeals).where(appeals.c.tenant == tenant, appeals.c.state == state)
    return [_appeal(row) for row in connection.execute(wanted.order_by(appeals.c.due_ms).limit(count))]


def decide(
    connection: Connection, appeal: str, tenant: str, person: str, outcome: Outcome, notice: str
) -> Appeal:
    """Decide an appeal, with a notice to its author.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided.
        RefusedError: the person decided the case that is contested.
        ReviewError: the notice says nothing.
    """
    found = get(connection, appeal, tenant)
    if found.state != "open":
        raise ConflictError(f"appeal `{appeal}` is decided already")
    if not notice.strip():
        raise ReviewError("a notice tells the author why")
    if person in judges_of(connection, found.submission):
        raise RefusedError(
            "you had a part in the decision that is contested: another person decides the appeal"
        )
    now = now_ms()
    done = connection.execute(
        update(appeals)
        .where(appeals.c.id == appeal, appeals.c.state == "open")
        .values(
            state="decided",
            reviewer=person,
            outcome=outcome.value,
            notice=notice[:REASON_LIMIT],
            decided_ms=now,
        )
    )
    if done.rowcount != 1:
        raise ConflictError(f"appeal `{appeal}` is decided already")
    outbox.announce(
        connection, tenant, "appeal.decided",
        {"appeal": appeal, "submission": found.submission, "outcome": outcome.value},
    )  # fmt: skip
    return get(connection, appeal, tenant)


def recorded(connection: Connection, appeal: str, entry: int) -> None:
    """The outcome is in the ledger at `entry`."""
    connection.execute(update(appeals).where(appeals.c.id == appeal).values(entry=entry))


def unrecorded(connection: Connection, count: int) -> list[Appeal]:
    """Decided appeals that the ledger does not hold yet, of all tenants."""
    wanted = select(appeals).where(appeals.c.state == "decided", appeals.c.entry.is_(None)).limit(count)
    return [_appeal(row) for row in connection.execute(wanted)]


def judges_of(connection: Connection, submission: str) -> set[str]:
    """Who had a part in deciding the case of a submission."""
    wanted = (
        select(events.c.person)
        .join(case_rows, case_rows.c.id == events.c.case_id)
        .where(case_rows.c.submission == submission, events.c.what == "decided", events.c.person.is_not(None))
    )
    return {str(person) for person in connection.execute(wanted).scalars()}


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _appeal(row: Row[Any]) -> Appeal:
    return Appeal(**{name: getattr(row, name) for name in Appeal.__struct_fields__})
