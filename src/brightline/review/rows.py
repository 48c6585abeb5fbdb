"""Rows whose `facts` are a struct in JSON: one of a tenant's is found, held until the transaction ends, and kept anew."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, Table, select, update

from brightline.core.errors import NotThereError

PAGE_LIMIT = 200  # rows of one page


def row_of(connection: Connection, table: Table, row: str, tenant: str, *, held: bool = False) -> Row[Any]:
    """A tenant's row.

    Args:
        connection: of the store.
        table: with columns `id` and `tenant`; its name is the plural of what it holds.
        row: its id.
        tenant: whose.
        held: nobody else changes it until the transaction ends.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    wanted = select(table).where(table.c.id == row, table.c.tenant == tenant)
    found = connection.execute(wanted.with_for_update() if held else wanted).first()
    if found is None:
        raise NotThereError(f"no {table.name.removesuffix('s')} `{row[:40]}`")
    return found


def keep(connection: Connection, table: Table, row: str, facts: msgspec.Struct, **values: object) -> None:
    """Put facts, and columns beside them, into a row that is there."""
    kept = {"facts": msgspec.json.encode(facts), **values}
    connection.execute(update(table).where(table.c.id == row).values(**kept))


def sliced(wanted: Select[Any], count: int, skip: int) -> Select[Any]:
    """One page of what is selected: at most `count` rows, up to `PAGE_LIMIT`, after the first `skip`."""
    return wanted.limit(min(count, PAGE_LIMIT)).offset(skip)
