"""Rows of the ledger's store: what a batch writes in its transaction, and how everything is read back."""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, Row, Table, insert, select, text, tuple_

from brightline.core.errors import VerificationError
from brightline.ledger.engine import insert_new
from brightline.ledger.entry import Draft
from brightline.ledger.merkle import HASH_BYTES, TILE_WIDTH, Node, bundle
from brightline.ledger.tables import (
    Find,
    checkpoints,
    chunks,
    cosignatures,
    examinations,
    lookups,
    nodes,
    texts,
)

EXAMINATIONS_BYTES = (
    4 * 1024 * 1024
)  # a row of examinations is closed above this, so that reading stays small
SCAN_ROWS = 64  # rows held at once while streaming; a chunk is at most 17 MB, mostly 200 kB
QUERY_VALUES = 500  # values in one IN list; SQLite takes at most 32,766


class Chunk(msgspec.Struct, frozen=True):
    """Consecutive entries, as one row keeps them."""

    start: int
    width: int
    leaves: bytes
    bundle: bytes


class Head(msgspec.Struct, frozen=True):
    """A signed tree head, as one row keeps it."""

    size: int
    root: bytes
    note: str


class Lookup(msgspec.Struct, frozen=True, order=True):
    """One row of the look-ups: the entry at `position` has a digest that begins with `prefix`."""

    what: int
    prefix: int
    position: int


class LookupColumn(msgspec.Struct, frozen=True):
    """Look-ups of one kind: prefixes, and the entries' positions beside them."""

    what: Find
    prefixes: Sequence[int]
    positions: Sequence[int]


class Findable(Protocol):
    """What an entry is found by."""

    @property
    def subject(self) -> str:
        """Digest of the subject, hex."""

    @property
    def examination(self) -> str:
        """Digest of the examination, hex."""

    @property
    def leaf(self) -> bytes:
        """Leaf hash, 32 bytes."""

    @property
    def job(self) -> str:
        """The caller's key, hex, or empty."""


class Cosignature(msgspec.Struct, frozen=True):
    """A witness's signature line on the checkpoint of `size`."""

    size: int
    vkey: str
    line: str


def prefix_of(digest: bytes) -> int:
    """The first 64 bits of a digest, signed, as databases want their integers."""
    return int.from_bytes(digest[:8], "big", signed=True)


def write_entries(connection: Connection, start: int, drafts: Sequence[Draft]) -> None:
    """Insert entries from position `start` on, with their evidence and look-ups."""
    connection.execute(insert(chunks), [msgspec.structs.asdict(chunk) for chunk in _chunks(start, drafts)])
    connection.execute(insert(examinations), list(_examination_rows(start, drafts)))
    for draft in drafts:
        if draft.whole:
            write_text(connection, draft.whole)
    for column in lookup_columns(start, drafts):
        _write_lookups(connection, column)


def lookup_columns(start: int, found: Sequence[Findable]) -> Iterator[LookupColumn]:
    """The look-up rows of consecutive entries, a column of each kind: whole columns, as this runs for every entry."""
    places = range(start, start + len(found))
    yield LookupColumn(Find.SUBJECT, _prefixes([one.subject for one in found]), places)
    yield LookupColumn(Find.EXAMINATION, _prefixes([one.examination for one in found]), places)
    leaves = struct.unpack(f">{len(found)}q", b"".join([one.leaf[:8] for one in found]))
    yield LookupColumn(Find.LEAF, leaves, places)
    jobs = [(one.job, place) for one, place in zip(found, places, strict=True) if one.job]
    if jobs:
        yield LookupColumn(Find.JOB, _prefixes([job for job, _ in jobs]), [place for _, place in jobs])


def write_nodes(connection: Connection, new: Sequence[Node]) -> None:
    """Insert the hashes of tiles that a batch filled."""
    if new:
        connection.execute(insert(nodes), [msgspec.structs.asdict(node) for node in new])


def write_text(connection: Connection, data: bytes) -> None:
    """Keep bytes under their SHA-256, once."""
    row = {"digest": hashlib.sha256(data).digest(), "data": data}
    connection.execute(insert_new(connection, texts).values(row).on_conflict_do_nothing())


def read_text(connection: Connection, digest: str) -> bytes | None:
    """The bytes kept under a digest, or None.

    Raises:
        VerificationError: what is kept there has another digest.
    """
    query = select(texts.c.data).where(texts.c.digest == bytes.fromhex(digest))
    data = connection.execute(query).scalar()
    if data is not None and hashlib.sha256(data).hexdigest() != digest:
        raise VerificationError(f"text `{digest}` was changed in the store")
    return data


def last_head(connection: Connection) -> Head | None:
    """The newest checkpoint, or None in a log that has none yet."""
    row = connection.execute(select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1)).first()
    return Head(row.size, row.root, row.note) if row is not None else None


def head_covering(connection: Connection, position: int) -> Head | None:
    """The first checkpoint whose tree holds the entry at `position`."""
    query = select(checkpoints).where(checkpoints.c.size > position).order_by(checkpoints.c.size).limit(1)
    row = connection.execute(query).first()
    return Head(row.size, row.root, row.note) if row is not None else None


def head_at(connection: Connection, size: int) -> Head | None:
    """The checkpoint of exactly that size."""
    row = connection.execute(select(checkpoints).where(checkpoints.c.size == size)).first()
    return Head(row.size, row.root, row.note) if row is not None else None


def stored_size(connection: Connection) -> int:
    """How many entries the rows hold, whatever the checkpoints say."""
    row = connection.execute(
        select(chunks.c.start, chunks.c.width).order_by(chunks.c.start.desc()).limit(1)
    ).first()
    return row.start + row.width if row is not None else 0


def read_hashes(connection: Connection, level: int, first: int, count: int) -> bytes:
    """Consecutive hashes of one tile level; a `merkle.HashReader` over the store.

    Raises:
        VerificationError: hashes are missing.
    """
    if level == 0:
        data = _leaf_hashes(connection, first, count)
    else:
        query = (
            select(nodes.c.hash)
            .where(nodes.c.level == level, nodes.c.number >= first, nodes.c.number < first + count)
            .order_by(nodes.c.number)
        )
        data = b"".join(connection.execute(query).scalars())
    if len(data) != count * HASH_BYTES:
        raise VerificationError(f"store lacks hashes {first} to {first + count - 1} of tile level {level}")
    return data


def read_chunks(connection: Connection, start: int, stop: int) -> Iterator[Chunk]:
    """Chunks that hold any of the entries [start, stop), in order, a few at a time."""
    at = start - start % TILE_WIDTH
    while at < stop:
        end = at + TILE_WIDTH
        query = select(chunks).where(chunks.c.start >= at, chunks.c.start < end).order_by(chunks.c.start)
        for row in connection.execute(query).all():
            chunk = Chunk(row.start, row.width, row.leaves, row.bundle)
            if chunk.start < stop and chunk.start + chunk.width > start:
                yield chunk
        at = end


def read_examinations(connection: Connection, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    """Positions and canonical JSON of examinations in [start, stop), a row at a time; a missing or torn row ends it."""
    at = start
    while at < stop:
        query = (
            select(examinations)
            .where(examinations.c.start <= at)
            .order_by(examinations.c.start.desc())
            .limit(1)
        )
        row = connection.execute(query).first()
        parts = unpack(row.data) if row is not None else []
        if row is None or len(parts) != row.width or at >= row.start + row.width:
            return
        yield from enumerate(parts[at - row.start : stop - row.start], at)
        at = row.start + row.width


def find_positions(connection: Connection, what: Find, low: int, high: int, limit: int) -> list[int]:
    """Positions of entries whose prefix lies in [low, high], newest last."""
    query = (
        select(lookups.c.position)
        .where(lookups.c.what == int(what), lookups.c.prefix >= low, lookups.c.prefix <= high)
        .order_by(lookups.c.prefix, lookups.c.position)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def find_many(connection: Connection, what: Find, prefixes: Sequence[int]) -> Iterator[Lookup]:
    """Look-ups of one kind for many prefixes."""
    unique = sorted(set(prefixes))
    for at in range(0, len(unique), QUERY_VALUES):
        some = unique[at : at + QUERY_VALUES]
        query = select(lookups).where(lookups.c.what == int(what), lookups.c.prefix.in_(some))
        for row in connection.execute(query).all():
            yield Lookup(row.what, row.prefix, row.position)


def read_cosignatures(connection: Connection, size: int) -> list[Cosignature]:
    """Cosignatures on the checkpoint of that size."""
    query = select(cosignatures).where(cosignatures.c.size == size).order_by(cosignatures.c.vkey)
    return [Cosignature(row.size, row.vkey, row.line) for row in connection.execute(query)]


def scan(connection: Connection, table: Table, rows: int = SCAN_ROWS) -> Iterator[Row[tuple[Any, ...]]]:
    """All rows of a table in the order of its key, `rows` at a time, so that memory does not grow with the log."""
    key = list(table.primary_key.columns)
    query = select(table).order_by(*key).limit(rows)
    page = connection.execute(query).all()
    while page:
        yield from page
        last = [page[-1]._mapping[column] for column in key]  # noqa: SLF001 - public, named so as not to be a column
        page = connection.execute(query.where(tuple_(*key) > tuple_(*last))).all()


def unpack(data: bytes) -> list[bytes]:
    """Cut uint32 length-prefixed texts apart; what is torn is left out, so that the count no longer fits."""
    parts, at = list[bytes](), 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if at + 4 > len(data) or end > len(data):
            break
        parts.append(data[at + 4 : end])
        at = end
    return parts


def _chunks(start: int, drafts: Sequence[Draft]) -> Iterator[Chunk]:
    at = 0
    while at < len(drafts):
        part = drafts[at : at + TILE_WIDTH - (start + at) % TILE_WIDTH]
        leaves = b"".join([draft.leaf for draft in part])
        yield Chunk(start + at, len(part), leaves, bundle([draft.data for draft in part]))
        at += len(part)


def _examination_rows(start: int, drafts: Sequence[Draft]) -> Iterator[dict[str, object]]:
    held, size_bytes, first = list[bytes](), 0, start
    for position, draft in enumerate(drafts, start):
        data = draft.examination_data
        if held and (len(held) == TILE_WIDTH or size_bytes + len(data) > EXAMINATIONS_BYTES):
            yield {"start": first, "width": len(held), "data": _pack(held)}
            held, size_bytes, first = [], 0, position
        held.append(data)
        size_bytes += len(data)
    yield {"start": first, "width": len(held), "data": _pack(held)}


def _pack(parts: Iterable[bytes]) -> bytes:
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def _leaf_hashes(connection: Connection, first: int, count: int) -> bytes:
    data, at = list[bytes](), first
    for chunk in read_chunks(connection, first, first + count):
        if chunk.start > at or len(chunk.leaves) != chunk.width * HASH_BYTES:
            return b""
        end = min(chunk.start + chunk.width, first + count)
        data.append(chunk.leaves[(at - chunk.start) * HASH_BYTES : (end - chunk.start) * HASH_BYTES])
        at = end
    return b"".join(data)


def _prefixes(digests: Sequence[str]) -> Sequence[int]:
    return struct.unpack(f">{len(digests)}q", bytes.fromhex("".join([one[:16] for one in digests])))


def _write_lookups(connection: Connection, column: LookupColumn) -> None:
    # In order, so that neighbours in the index are written together; and past SQLAlchemy's own executemany, which
    # costs more than the insert itself.
    rows = sorted(zip(column.prefixes, column.positions, strict=True))
    if connection.dialect.name == "sqlite":
        query = f"INSERT INTO lookups (what, prefix, position) VALUES ({int(column.what)}, ?, ?)"  # noqa: S608 - our own number
        connection.exec_driver_sql(query, rows)
        return
    prefixes, positions = (list(values) for values in zip(*rows, strict=True))
    connection.execute(
        text(
            "INSERT INTO lookups (what, prefix, position) SELECT :what, * FROM unnest("
            "CAST(:prefixes AS bigint[]), CAST(:positions AS bigint[]))"
        ),
        {"what": int(column.what), "prefixes": prefixes, "positions": positions},
    )
