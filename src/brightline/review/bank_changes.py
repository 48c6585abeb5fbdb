"""Items that are added to banks of known items, or taken out of use: one person proposes, another agrees.

An operator's own bank files are never written: what is in force is the file and all changes that were agreed to, in their
order. Fingerprints of texts may hold the words themselves, so all rows lie here under the master key.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from brightline.core.errors import ConflictError, NotThereError, RefusedError, ReviewError
from brightline.review.store import Store, new_id, now_ms
from brightline.review.tables_quality import bank_changes

REASON_LIMIT = 2_000  # characters of why
NAME_MOST = 200  # characters of an item's name
ADD, RETIRE = "add", "retire"
PROPOSED, AGREED, REFUSED = "proposed", "agreed", "refused"
CHANGES_LISTED = 200


class Print(msgspec.Struct, frozen=True):
    """One fingerprint of an item: sha256, pdq, tlsh, text or video, as rows of bank files have it."""

    type: str
    value: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a bank as it stands."""

    id: str
    tenant: str
    bank: str
    deed: str
    item: str
    reason: str
    submission: str | None
    state: str
    made_by: str
    made_ms: int
    decided_by: str | None
    decided_ms: int | None


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """A change in force."""

    id: str
    bank: str
    deed: str
    item: str
    prints: tuple[Print, ...]


def propose(
    connection: Connection,
    store: Store,
    tenant: str,
    person: str,
    *,
    bank: str,
    deed: str,
    item: str,
    reason: str,
    prints: tuple[Print, ...] = (),
    submission: str | None = None,
) -> Change:
    """Propose a change.

    Raises:
        ReviewError: no reason or no name is given, or nothing of the item could be taken down.
        ConflictError: the same is proposed already.
    """
    if not reason.strip() or not item.strip():
        raise ReviewError("a change of a bank names its item and says why")
    if deed == ADD and not prints:
        raise ReviewError("nothing of this content can be known again: it has no bytes")
    same = (bank_changes.c.bank == bank, bank_changes.c.item == item, bank_changes.c.state == PROPOSED)
    if connection.execute(select(bank_changes.c.id).where(*same)).first() is not None:
        raise ConflictError(f"a change of item `{item[:60]}` waits already")
    change = new_id()
    row = {
        "id": change, "tenant": tenant, "bank": bank, "deed": deed, "item": item[:NAME_MOST],
        "sealed": store.vault.seal(msgspec.json.encode(prints), f"bank/{change}"), "reason": reason[:REASON_LIMIT],
        "submission": submission, "state": PROPOSED, "made_by": person, "made_ms": now_ms(),
    }  # fmt: skip
    connection.execute(insert(bank_changes).values(**row))
    return get(connection, change, tenant)


def get(connection: Connection, change: str, tenant: str) -> Change:
    """One change.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    mine = (bank_changes.c.id == change, bank_changes.c.tenant == tenant)
    row = connection.execute(select(bank_changes).where(*mine)).first()
    if row is None:
        raise NotThereError(f"no change of a bank `{change[:40]}`")
    return _change(row)


def listed(connection: Connection, tenant: str) -> list[Change]:
    """Changes, those that wait first, then the newest."""
    wanted = select(bank_changes).where(bank_changes.c.tenant == tenant)
    ordered = wanted.order_by(bank_changes.c.state.desc(), bank_changes.c.id.desc()).limit(CHANGES_LISTED)
    found = [_change(row) for row in connection.execute(ordered)]
    return sorted(found, key=lambda one: one.state != PROPOSED)


def check_decide(connection: Connection, change: str, tenant: str, person: str) -> Change:
    """The change, if this person may agree to it now.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided.
        RefusedError: the person proposed it.
    """
    found = get(connection, change, tenant)
    if found.state != PROPOSED:
        raise ConflictError(f"this change is {found.state} already")
    if found.made_by == person:
        raise RefusedError("you proposed this: another person agrees to it")
    return found


def decide(connection: Connection, change: str, person: str, state: str) -> None:
    """Agree to it or refuse it.

    Raises:
        ConflictError: it is decided.
    """
    mine = (bank_changes.c.id == change, bank_changes.c.state == PROPOSED)
    values = {"state": state, "decided_by": person, "decided_ms": now_ms()}
    if connection.execute(update(bank_changes).where(*mine).values(**values)).rowcount != 1:
        raise ConflictError("this change is decided already")


def agreed_ids(connection: Connection) -> tuple[str, ...]:
    """Ids of all changes in force, in the order in which they were agreed to."""
    wanted = select(bank_changes.c.id).where(bank_changes.c.state == AGREED)
    return tuple(connection.execute(wanted.order_by(bank_changes.c.decided_ms, bank_changes.c.id)).scalars())


def agreed(connection: Connection, store: Store) -> list[Agreed]:
    """All changes in force, in that order.

    Raises:
        LedgerError: a row was changed, or belongs to another master key.
    """
    wanted = select(bank_changes).where(bank_changes.c.state == AGREED)
    rows = connection.execute(wanted.order_by(bank_changes.c.decided_ms, bank_changes.c.id))
    return [
        Agreed(
            id=row.id, bank=row.bank, deed=row.deed, item=row.item,
            prints=msgspec.json.decode(store.vault.open(row.sealed, f"bank/{row.id}"), type=tuple[Print, ...]),
        )
        for row in rows
    ]  # fmt: skip


def _change(row: Row[Any]) -> Change:
    return Change(**{name: getattr(row, name) for name in Change.__struct_fields__})
