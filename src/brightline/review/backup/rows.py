"""Rows of tables as batches of MessagePack and back, the same bytes whichever database they lie in."""

import hashlib
from collections.abc import Iterator, Sequence
from types import GenericAlias
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, MetaData, Table, insert, select

from brightline.core.errors import VerificationError

BATCH_BYTES = 4 * 1024 * 1024  # of one batch: small enough to hold, large enough that its head costs nothing
BATCH_LIMIT_BYTES = (
    512 * 1024 * 1024
)  # of one batch that is read: one row may be the evidence of a whole batch
ROWS_FETCHED = 2_000  # rows of numbers and words fetched at once
ROWS_FETCHED_WIDE = (
    16  # rows with bytes in them: a piece of content has 1 MiB, a chunk of the ledger up to 17
)
MODULUS = 1 << 256

Row = tuple[Any, ...]
"""Values of the columns in the order of their names: None, bool, int, float, str or bytes."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of one table.

    Attributes:
        columns: sorted.
        rows: each with one value a column.
    """

    columns: tuple[str, ...]
    rows: list[msgspec.Raw]


class Sum(msgspec.Struct, kw_only=True):
    """What a table holds, whatever the order of its rows.

    Attributes:
        rows: how many.
        total: sum of the SHA-256 of each row's MessagePack, modulo 2^256.
    """

    rows: int = 0
    total: int = 0

    def add(self, row: bytes) -> None:
        """Count one row, as it is encoded."""
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(row).digest())) % MODULUS


def tables_of(connection: Connection, names: frozenset[str]) -> list[Table]:
    """Tables as they are in this database, those that others point to first."""
    found = MetaData()
    found.reflect(connection, only=sorted(names))
    return [table for table in found.sorted_tables if table.name in names]


def columns_of(table: Table) -> tuple[str, ...]:
    """Names of a table's columns, sorted: PostgreSQL and SQLite may give them in different orders after an upgrade."""
    return tuple(sorted(str(column.name) for column in table.columns))


def rows_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """Every row of a table, encoded, streamed."""
    wide = any(isinstance(column.type, LargeBinary) for column in table.columns)
    encoder = msgspec.msgpack.Encoder()
    asked = select(*[table.c[name] for name in columns_of(table)])
    options = {"yield_per": ROWS_FETCHED_WIDE if wide else ROWS_FETCHED}
    for row in connection.execute(asked, execution_options=options):
        yield encoder.encode(tuple(row))


def batches_of(connection: Connection, table: Table, total: Sum) -> Iterator[bytes]:
    """A table's rows in encoded batches, counted into `total`."""
    columns, held, size_bytes = columns_of(table), list[msgspec.Raw](), 0
    for row in rows_of(connection, table):
        total.add(row)
        held.append(msgspec.Raw(row))
        size_bytes += len(row)
        if size_bytes >= BATCH_BYTES:
            yield msgspec.msgpack.encode(Batch(columns=columns, rows=held))
            held, size_bytes = [], 0
    if held:
        yield msgspec.msgpack.encode(Batch(columns=columns, rows=held))


def put_batch(connection: Connection, table: Table, data: bytes, total: Sum) -> None:
    """Put the rows of an encoded batch into an empty table of this database, counted into `total`.

    Raises:
        VerificationError: the batch is malformed, or of other columns.
    """
    columns = columns_of(table)
    kind: Any = GenericAlias(tuple, tuple(_value_of(table.c[name]) for name in columns))
    try:
        batch = msgspec.msgpack.decode(data, type=Batch)
        if batch.columns != columns:
            raise VerificationError(
                f"the backup's table `{table.name}` has columns {batch.columns!r:.200}, not ours"
            )
        decoder = msgspec.msgpack.Decoder(kind)
        rows = [decoder.decode(row) for row in batch.rows]
    except msgspec.DecodeError as error:
        raise VerificationError(f"the backup's table `{table.name}` is malformed: {error}") from error
    for row in batch.rows:
        total.add(bytes(row))
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, rows)
    elif rows:
        connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])


def _value_of(column: Any) -> Any:
    kind = column.type.python_type
    return kind | None if column.nullable else kind


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """COPY, which takes rows ten times as fast as INSERT does."""
    from psycopg import sql  # late: only those who have a PostgreSQL have the extra

    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(row)
