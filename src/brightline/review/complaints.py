"""Complaints: somebody outside says that something should not be there; a person enters it, and another answers it.

    open ──answer──> answered

DSA Art. 16 asks for a way to do so and for an answer; the TAKE IT DOWN Act gives 48 hours for intimate images. Who complains may
leave a way to be answered: that lies encrypted, and whoever opens it is in the ledger first (the door does that).
"""

from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from brightline.core.errors import ConflictError, NotThereError, ReviewError
from brightline.review import submissions
from brightline.review.rows import PAGE_LIMIT, keep, row_of, sliced
from brightline.review.store import new_id, now_ms
from brightline.review.tables import complaints
from brightline.review.vault import Vault

HOUR_MS = 3_600_000
WORDS_LIMIT = 4000  # characters of what is complained of, and of an answer
CONTACT_LIMIT = 400  # characters of a way to answer


class Ground(StrEnum):
    """What is complained of."""

    INTIMATE = "intimate"  # an intimate picture without consent, made or taken
    MINOR = "minor"
    IMPERSONATION = "impersonation"
    PERSONAL = "personal"  # personal information
    FALSE = "false"
    UNLABELLED = "unlabelled"  # made by AI and not marked
    ILLEGAL = "illegal"
    OTHER = "other"


# Hours in which it is to be answered. TAKE IT DOWN Act: 48 (known from memory); the others are house promises.
HOURS: dict[Ground, int] = {Ground.INTIMATE: 48, Ground.MINOR: 24} | {
    ground: 7 * 24 for ground in Ground if ground not in {Ground.INTIMATE, Ground.MINOR}
}


class Outcome(StrEnum):
    """What became of it."""

    ACTED = "acted"
    REJECTED = "rejected"


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint as it stands.

    Attributes:
        id: of the row.
        tenant: whose.
        state: `open` or `answered`.
        what: is complained of.
        place: where it is, such as an address.
        said: in the words of whoever complains.
        entered_by: who wrote it down.
        has_contact: whether there is a way to answer.
        submission: that holds it, where it was handed in.
        made_ms: when it came.
        due_ms: until when it is to be answered.
        outcome: what became of it, or empty.
        answer: what was answered, or empty.
        decided_by: who answered.
        decided_ms: when.
    """

    id: str
    tenant: str
    state: str
    what: Ground
    place: str
    said: str
    entered_by: str
    has_contact: bool
    submission: str | None
    made_ms: int
    due_ms: int
    outcome: str
    answer: str
    decided_by: str | None
    decided_ms: int | None


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    said: str
    entered_by: str
    answer: str = ""


def enter(
    connection: Connection,
    vault: Vault,
    tenant: str,
    person: str,
    *,
    what: Ground,
    said: str,
    place: str = "",
    contact: str = "",
    submission: str | None = None,
) -> Complaint:
    """Write a complaint down; its time runs from now.

    Raises:
        ReviewError: it says nothing.
        NotThereError: this tenant has no such submission.
    """
    if not said.strip():
        raise ReviewError("a complaint says what is wrong")
    if submission is not None:
        submissions.get(connection, submission, tenant)
    complaint, now = new_id(), now_ms()
    facts = _Facts(place=place[:WORDS_LIMIT], said=said[:WORDS_LIMIT], entered_by=person)
    way = contact.strip()[:CONTACT_LIMIT]
    connection.execute(
        insert(complaints).values(
            id=complaint, tenant=tenant, state="open", what=what.value, facts=msgspec.json.encode(facts),
            contact=vault.seal(way.encode(), _whose(complaint)) if way else None, submission=submission,
            made_ms=now, due_ms=now + HOURS[what] * HOUR_MS,
        )
    )  # fmt: skip
    return get(connection, complaint, tenant)


def get(connection: Connection, complaint: str, tenant: str) -> Complaint:
    """One complaint.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    return _complaint(row_of(connection, complaints, complaint, tenant))


def contact_of(connection: Connection, vault: Vault, complaint: str, tenant: str) -> str:
    """The way to answer that was left.

    Raises:
        NotThereError: there is no such complaint, or nothing was left.
    """
    row = row_of(connection, complaints, complaint, tenant)
    if row.contact is None:
        raise NotThereError(f"complaint `{complaint}` says no way to answer it")
    return vault.open(row.contact, _whose(complaint)).decode()


def about(connection: Connection, submission: str, tenant: str) -> bool:
    """Whether somebody complained of a submission."""
    wanted = select(complaints.c.id).where(
        complaints.c.submission == submission, complaints.c.tenant == tenant
    )
    return connection.execute(wanted.limit(1)).first() is not None


def listed(
    connection: Connection, tenant: str, state: str = "open", count: int = PAGE_LIMIT, skip: int = 0
) -> list[Complaint]:
    """Complaints of a state: open ones by when they are due, answered ones the newest first."""
    wanted = select(complaints).where(complaints.c.tenant == tenant, complaints.c.state == state)
    ordered = wanted.order_by(complaints.c.due_ms if state == "open" else complaints.c.id.desc())
    return [_complaint(row) for row in connection.execute(sliced(ordered, count, skip))]


def answer(
    connection: Connection, complaint: str, tenant: str, person: str, outcome: Outcome, said: str
) -> Complaint:
    """Answer a complaint.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it was answered.
        ReviewError: the answer says nothing.
    """
    row = row_of(connection, complaints, complaint, tenant, held=True)
    if row.state != "open":
        raise ConflictError(f"complaint `{complaint}` was answered already")
    if not said.strip():
        raise ReviewError("an answer says what was done, or why nothing was")
    facts = msgspec.json.decode(row.facts, type=_Facts)
    keep(
        connection, complaints, complaint, msgspec.structs.replace(facts, answer=said[:WORDS_LIMIT]),
        state="answered", outcome=outcome.value, decided_by=person, decided_ms=now_ms(),
    )  # fmt: skip
    return get(connection, complaint, tenant)


def _whose(complaint: str) -> str:
    return f"complaint/{complaint}"


def _complaint(row: Row[Any]) -> Complaint:
    facts = msgspec.json.decode(row.facts, type=_Facts)
    return Complaint(
        id=row.id, tenant=row.tenant, state=row.state, what=Ground(row.what), place=facts.place, said=facts.said,
        entered_by=facts.entered_by, has_contact=row.contact is not None, submission=row.submission,
        made_ms=row.made_ms, due_ms=row.due_ms, outcome=row.outcome, answer=facts.answer, decided_by=row.decided_by,
        decided_ms=row.decided_ms,
    )  # fmt: skip
