"""Drafts of packs, and the way of a policy into force: one person proposes, another agrees, the ledger holds both.

proposed ──another person agrees──> in_force ──the next one comes──> past
    └──────refused or withdrawn
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from brightline.core.errors import ConflictError, NotThereError, RefusedError, ReviewError
from brightline.review.store import new_id, now_ms
from brightline.review.tables import promotions
from brightline.review.tables_quality import drafts

REASON_LIMIT = 2_000  # characters of why a policy is proposed or refused
VERSIONS_LISTED = 100  # of one pack
PROPOSED, IN_FORCE, PAST, REFUSED = "proposed", "in_force", "past", "refused"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a pack as an author wrote it; it never changes.

    Attributes:
        id: of the version.
        tenant: whose.
        pack: the pack's id as its text has it, or what it was called where the text is no pack yet.
        source: YAML.
        note: what this version is about.
        made_by: who wrote it.
        made_ms: when.
    """

    id: str
    tenant: str
    pack: str
    source: str
    note: str
    made_by: str
    made_ms: int


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to be in force.

    Attributes:
        pack: the pack that changes; empty where a whole earlier policy comes back.
        version: of it.
        base: digest of the policy that was in force then; another one since makes the proposal stale.
        own: digest of the settings' own policy then.
        drafts: every draft that the policy is made of, so that its sources are found again.
        authors: who wrote the draft that is new: they do not agree to it.
        reason: why.
        answer: of who refused it.
    """

    pack: str
    version: str
    base: str
    own: str
    drafts: tuple[str, ...]
    authors: tuple[str, ...]
    reason: str
    answer: str = ""


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal and what became of it."""

    id: str
    tenant: str
    policy: str
    state: str
    made_ms: int
    made_by: str
    agreed_by: str | None
    agreed_ms: int | None
    proposal: Proposal


def save_draft(connection: Connection, tenant: str, person: str, pack: str, source: str, note: str) -> Draft:
    """Keep a version of a pack."""
    draft = new_id()
    row = {
        "id": draft, "tenant": tenant, "pack": pack[:110], "source": source.encode(), "note": note[:200],
        "made_by": person, "made_ms": now_ms(),
    }  # fmt: skip
    connection.execute(insert(drafts).values(**row))
    return get_draft(connection, draft, tenant)


def get_draft(connection: Connection, draft: str, tenant: str) -> Draft:
    """One version.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    row = connection.execute(select(drafts).where(drafts.c.id == draft, drafts.c.tenant == tenant)).first()
    if row is None:
        raise NotThereError(f"no draft `{draft[:40]}`")
    return _draft(row)


def newest_drafts(connection: Connection, tenant: str) -> list[Draft]:
    """The newest version of each pack, the newest first."""
    newest = select(func.max(drafts.c.id)).where(drafts.c.tenant == tenant).group_by(drafts.c.pack)
    rows = connection.execute(select(drafts).where(drafts.c.id.in_(newest)).order_by(drafts.c.id.desc()))
    return [_draft(row) for row in rows]


def versions(connection: Connection, tenant: str, pack: str) -> list[Draft]:
    """All versions of a pack, the newest first."""
    wanted = select(drafts).where(drafts.c.tenant == tenant, drafts.c.pack == pack)
    return [
        _draft(row) for row in connection.execute(wanted.order_by(drafts.c.id.desc()).limit(VERSIONS_LISTED))
    ]


def propose(connection: Connection, tenant: str, person: str, policy: str, proposal: Proposal) -> Promotion:
    """Propose a policy.

    Raises:
        ReviewError: no reason is given.
        ConflictError: it is in force, or proposed already.
    """
    if not proposal.reason.strip():
        raise ReviewError("a proposal says why: the second person reads it, and so does an auditor")
    if policy == proposal.base:
        raise ConflictError("this policy is in force already")
    waiting = select(promotions.c.id).where(
        promotions.c.tenant == tenant, promotions.c.policy == policy, promotions.c.state == PROPOSED
    )
    if connection.execute(waiting).first() is not None:
        raise ConflictError("this policy is proposed already")
    promotion = new_id()
    facts = msgspec.json.encode(msgspec.structs.replace(proposal, reason=proposal.reason[:REASON_LIMIT]))
    connection.execute(
        insert(promotions).values(
            id=promotion, tenant=tenant, policy=policy, facts=facts, state=PROPOSED, made_ms=now_ms(), made_by=person
        )
    )  # fmt: skip
    return get(connection, promotion, tenant)


def get(connection: Connection, promotion: str, tenant: str) -> Promotion:
    """One promotion.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    mine = (promotions.c.id == promotion, promotions.c.tenant == tenant)
    row = connection.execute(select(promotions).where(*mine)).first()
    if row is None:
        raise NotThereError(f"no promotion `{promotion[:40]}`")
    return _promotion(row)


def listed(
    connection: Connection, tenant: str, states: Sequence[str] = (), count: int = 100
) -> list[Promotion]:
    """Promotions, the newest first; of these states alone where some are given."""
    wanted = select(promotions).where(promotions.c.tenant == tenant)
    if states:
        wanted = wanted.where(promotions.c.state.in_(states))
    return [
        _promotion(row) for row in connection.execute(wanted.order_by(promotions.c.id.desc()).limit(count))
    ]


def in_force(connection: Connection) -> dict[str, Promotion]:
    """What each tenant has put into force."""
    rows = connection.execute(select(promotions).where(promotions.c.state == IN_FORCE))
    return {row.tenant: _promotion(row) for row in rows}


def may_agree(promotion: Promotion, person: str) -> bool:
    """Whether this would be a second pair of eyes."""
    return person != promotion.made_by and person not in promotion.proposal.authors


def check_agree(connection: Connection, promotion: str, tenant: str, person: str, base: str) -> Promotion:
    """The promotion, whose row nobody else changes until the transaction ends, if this person may agree to it now.

    Args:
        connection: of `store.writing()`.
        promotion: its id.
        tenant: whose.
        person: who would agree.
        base: digest of the policy in force now.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided, or another policy came into force since it was proposed.
        RefusedError: the person proposed or wrote it.
    """
    connection.execute(select(promotions.c.id).where(promotions.c.tenant == tenant).with_for_update()).all()
    found = get(connection, promotion, tenant)
    if found.state != PROPOSED:
        raise ConflictError(f"promotion `{promotion}` is {found.state} already")
    if not may_agree(found, person):
        raise RefusedError("you proposed or wrote this: another person agrees to it")
    if found.proposal.base != base:
        raise ConflictError("another policy came into force since this was proposed: propose it again")
    return found


def put_in_force(connection: Connection, promotion: Promotion, person: str) -> None:
    """The ledger holds that the person agreed: the policy is in force from now on."""
    mine = (promotions.c.tenant == promotion.tenant, promotions.c.state == IN_FORCE)
    connection.execute(update(promotions).where(*mine).values(state=PAST))
    connection.execute(
        update(promotions)
        .where(promotions.c.id == promotion.id)
        .values(state=IN_FORCE, agreed_by=person, agreed_ms=now_ms())
    )


def refuse(connection: Connection, promotion: str, tenant: str, person: str, answer: str) -> Promotion:
    """Refuse a proposal, or withdraw one's own.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided.
        ReviewError: no reason is given.
    """
    if not answer.strip():
        raise ReviewError("say why, so that its author can mend it")
    found = get(connection, promotion, tenant)
    facts = msgspec.json.encode(msgspec.structs.replace(found.proposal, answer=answer[:REASON_LIMIT]))
    done = connection.execute(
        update(promotions)
        .where(promotions.c.id == promotion, promotions.c.state == PROPOSED)
        .values(state=REFUSED, facts=facts, agreed_by=person, agreed_ms=now_ms())
    )
    if done.rowcount != 1:
        raise ConflictError(f"promotion `{promotion}` is {found.state} already")
    return get(connection, promotion, tenant)


def _draft(row: Row[Any]) -> Draft:
    fields = {name: getattr(row, name) for name in Draft.__struct_fields__ if name != "source"}
    return Draft(**fields, source=bytes(row.source).decode())


def _promotion(row: Row[Any]) -> Promotion:
    fields = {name: getattr(row, name) for name in Promotion.__struct_fields__ if name != "proposal"}
    return Promotion(**fields, proposal=msgspec.json.decode(row.facts, type=Proposal))
