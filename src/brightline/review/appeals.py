"""Appeals: whom a decision concerns contests it, with a code alone, and another person looks again.

    open ──decide, by somebody who had no part in it──> decided

The notice of a decision carries a code (`code_for`). Whoever holds it appeals once, and asks with the same code what became of
it; its last sign is a check on the others, so that a slip of the pen is told apart without saying which codes there are.

DSA Art. 20: free, electronic, within at least six months, not decided by automated means alone.
"""

import hashlib
import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from brightline.core.errors import ConflictError, NotThereError, RefusedError, ReviewError
from brightline.review import outbox, submissions
from brightline.review.rows import row_of, sliced
from brightline.review.store import new_id, now_ms
from brightline.review.tables import appeals, contests, events
from brightline.review.tables import cases as case_rows
from brightline.review.vault import Vault
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
    notice_zh: str
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
    code = new_code()
    return _opened(connection, found, reason, code), code


def open_by_code(connection: Connection, code: str, reason: str, setting: ServiceSetting) -> Appeal | None:
    """Take an appeal in from whoever holds the code of a decision's notice.

    Returns:
        The appeal; None where the code belongs to no decision that can be contested now. Callers tell the two apart to nobody.
    """
    known = connection.execute(select(contests).where(contests.c.digest == _hash(_plain(code)))).first()
    if known is None or not reason.strip():
        return None
    found = submissions.get(connection, known.submission, known.tenant)
    earlier = select(appeals.c.id).where(appeals.c.submission == found.id)
    late = (found.done_ms or 0) + setting.appeal_days * DAY_MS < now_ms()
    if late or found.action in {"", "allow"} or connection.execute(earlier).first() is not None:
        return None
    return _opened(connection, found, reason, _plain(code))


def code_for(connection: Connection, vault: Vault, submission: str, tenant: str) -> str:
    """The code with which a decision is contested, made at the first call and the same ever after.

    Raises:
        NotThereError: this tenant has no such submission.
    """
    found = submissions.get(connection, submission, tenant)
    whose = f"contest/{found.id}"
    known = connection.execute(select(contests.c.sealed).where(contests.c.submission == found.id)).scalar()
    if known is not None:
        return vault.open(known, whose).decode()
    code = new_code()
    connection.execute(
        insert(contests).values(
            submission=found.id, tenant=tenant, digest=_hash(code), sealed=vault.seal(code.encode(), whose),
            made_ms=now_ms(),
        )
    )  # fmt: skip
    return code


def of_code(connection: Connection, code: str) -> Appeal:
    """The appeal that a code belongs to; signs that nobody writes, such as spaces and dashes, are passed over.

    Raises:
        NotThereError: it belongs to none.
    """
    hashed = _hash(_plain(code))
    about = select(contests.c.submission).where(contests.c.digest == hashed).scalar_subquery()
    wanted = select(appeals).where((appeals.c.code == hashed) | (appeals.c.submission == about))
    row = connection.execute(wanted.order_by(appeals.c.id.desc())).first()
    if row is None:
        raise NotThereError("no appeal has that code")
    return _appeal(row)


def new_code() -> str:
    """A code of `CODE_LENGTH` signs, the last one a check on the others."""
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH - 1))
    return code + _check_of(code)


def is_well_formed(code: str) -> bool:
    """Whether a code is as long as codes are and its last sign fits: says nothing of whether it is known.

    >>> is_well_formed("AAAAA-AAAAA-AAAAA-AAAAA"), is_well_formed("AAAAA-AAAAA-AAAAA-AAAAB"), is_well_formed("A")
    (True, False, False)
    """
    plain = _plain(code)
    return len(plain) == CODE_LENGTH and plain[-1] == _check_of(plain[:-1])


def grouped(code: str) -> str:
    """A code in fives, as people copy it.

    >>> grouped("ABCDEFGHJKLMNPQRSTUV")
    'ABCDE-FGHJK-LMNPQ-RSTUV'
    """
    return "-".join(code[at : at + 5] for at in range(0, len(code), 5))


def get(connection: Connection, appeal: str, tenant: str) -> Appeal:
    """One appeal.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    return _appeal(row_of(connection, appeals, appeal, tenant))


def listed(
    connection: Connection, tenant: str, state: str = "open", count: int = 100, skip: int = 0
) -> list[Appeal]:
    """Appeals of a state: open ones by when they are due, decided ones the newest first."""
    wanted = select(appeals).where(appeals.c.tenant == tenant, appeals.c.state == state)
    ordered = wanted.order_by(appeals.c.due_ms if state == "open" else appeals.c.id.desc())
    return [_appeal(row) for row in connection.execute(sliced(ordered, count, skip))]


def decide(
    connection: Connection,
    appeal: str,
    tenant: str,
    person: str,
    outcome: Outcome,
    notice: str,
    notice_zh: str = "",
) -> Appeal:
    """Decide an appeal, with a notice to its author, in one language or two.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided.
        RefusedError: the person decided the case that is contested.
        ReviewError: the notice says nothing.
    """
    found = get(connection, appeal, tenant)
    if found.state != "open":
        raise ConflictError(f"appeal `{appeal}` is decided already")
    if not notice.strip() and not notice_zh.strip():
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
            notice_zh=notice_zh[:REASON_LIMIT],
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


def unrecorded(connection: Connection, count: int, but: Sequence[str] = ()) -> list[Appeal]:
    """Decided appeals that the ledger does not hold yet, of all tenants; but for those that rest."""
    wanted = select(appeals).where(
        appeals.c.state == "decided", appeals.c.entry.is_(None), appeals.c.id.not_in(but)
    )
    return [_appeal(row) for row in connection.execute(wanted.limit(count))]


def judges_of(connection: Connection, submission: str) -> set[str]:
    """Who had a part in deciding the case of a submission."""
    wanted = (
        select(events.c.person)
        .join(case_rows, case_rows.c.id == events.c.case_id)
        .where(case_rows.c.submission == submission, events.c.what == "decided", events.c.person.is_not(None))
    )
    return {str(person) for person in connection.execute(wanted).scalars()}


def _opened(connection: Connection, about: submissions.Submission, reason: str, code: str) -> Appeal:
    appeal, now = new_id(), now_ms()
    connection.execute(
        insert(appeals).values(
            id=appeal,
            tenant=about.tenant,
            submission=about.id,
            code=_hash(code),
            state="open",
            reason=reason[:REASON_LIMIT],
            made_ms=now,
            due_ms=now + ANSWER_DAYS * DAY_MS,
        )
    )
    outbox.announce(connection, about.tenant, "appeal.opened", {"appeal": appeal, "submission": about.id})
    return get(connection, appeal, about.tenant)


def _plain(code: str) -> str:
    return "".join(sign for sign in code.upper()[:60] if sign in CODE_SIGNS)


def _check_of(code: str) -> str:
    """A sign by which one wrong sign, or two that changed places, are seen: 31 is prime, and places weigh 1 to 19."""
    return CODE_SIGNS[sum(place * CODE_SIGNS.index(sign) for place, sign in enumerate(code, 1)) % 31]


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _appeal(row: Row[Any]) -> Appeal:
    return Appeal(**{name: getattr(row, name) for name in Appeal.__struct_fields__})
