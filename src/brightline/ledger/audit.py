"""Audit a ledger's store: recompute everything from the entries and tell every row that does not fit.

For an outsider's check of an exported folder there is `verify.py`, which shares no code with this.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection, func, select

from brightline.core.decision import Decision
from brightline.core.errors import LedgerError, VerificationError
from brightline.core.wire import read
from brightline.ledger import store
from brightline.ledger.begin import check_owner
from brightline.ledger.engine import guard, snapshot
from brightline.ledger.entry import Entry, read_entry
from brightline.ledger.ledger import Ledger
from brightline.ledger.merkle import Frontier, Node, extend, leaf_hash, root, split_hashes, unbundle
from brightline.ledger.note import (
    VerifierKey,
    holds,
    open_checkpoint,
    parse_note,
    parse_signatures,
    parse_vkey,
)
from brightline.ledger.tables import (
    checkpoints,
    chunks,
    cosignatures,
    examinations,
    lookups,
    nodes,
    texts,
)

FAULTS_LIMIT = 1000  # lines; a store that is broken throughout needs no more
LOOKUP_ROWS = 10_000  # rows of three numbers held at once
ROW = struct.Struct(">hqq")
MODULUS = 1 << 256


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found.

    Attributes:
        origin: name of the log.
        size: entries that were recomputed.
        root: the root they give, 64 hex digits.
        faults: one line for each row that does not fit; empty when all is well.
    """

    origin: str
    size: int
    root: str
    faults: tuple[str, ...]


class _Stop(Exception):  # noqa: N818 - ends the walk, no error
    """Nothing behind this can be checked."""


class _Keys(msgspec.Struct, frozen=True):
    subject: str
    examination: str
    leaf: bytes
    job: str


def verify_store(ledger: Ledger) -> Audit:
    """Recompute the whole log from its entries and compare every row of the store with it.

    Streams: memory does not grow with the log. Others may append meanwhile; the audit sees one moment.

    Raises:
        LedgerError: the store cannot be read.
    """
    with guard(), snapshot(ledger.engine) as connection:
        return audit_rows(connection, parse_vkey(ledger.vkey))


def audit_rows(connection: Connection, key: VerifierKey) -> Audit:
    """The same within the caller's transaction, for rows that are not yet a ledger's, such as those of a restore."""
    walk = _Walk(connection, key)
    try:
        walk.run()
    except _Stop as stop:
        walk.faults.append(str(stop))
    return Audit(
        origin=key.name,
        size=walk.frontier.size,
        root=root(walk.frontier).hex(),
        faults=tuple(walk.faults),
    )


class _Walk:
    """One pass over the entries with everything that hangs on them."""

    def __init__(self, connection: Connection, key: VerifierKey) -> None:
        self.connection = connection
        self.key = key
        self.faults: list[str] = []
        self.frontier = Frontier()
        self.nodes = 0
        self.lookups = 0  # sum of the digests of all look-up rows that there should be
        self.heads = _heads(connection)
        self.head = next(self.heads, None)
        self.covered = 0  # entries under a checkpoint
        self.evidence = _examinations(connection)

    def run(self) -> None:
        """Check every table."""
        self._owner()
        for row in store.scan(self.connection, chunks):
            self._chunk(store.Chunk(row.start, row.width, row.leaves, row.bundle))
        self._ends()
        self._texts()
        self._cosignatures()
        self._lookups()

    def fault(self, line: str) -> None:
        self.faults.append(line)
        if len(self.faults) >= FAULTS_LIMIT:
            raise _Stop(f"more than {FAULTS_LIMIT} faults")

    def _owner(self) -> None:
        try:
            check_owner(self.connection, self.key)
        except LedgerError as error:
            self.fault(str(error))

    def _chunk(self, chunk: store.Chunk) -> None:
        if chunk.start != self.frontier.size:
            raise _Stop(f"entries {self.frontier.size} to {chunk.start - 1} are missing or out of place")
        entries = self._entries(chunk)
        leaves = list(map(leaf_hash, entries))
        self._leaves(chunk, leaves)
        decoded = [self._entry(place, data) for place, data in enumerate(entries, chunk.start)]
        keys = [
            _Keys(entry.subject, entry.examination, leaf, entry.job)
            for entry, leaf in zip(decoded, leaves, strict=True)
        ]
        self.lookups += sum(
            _row_digest(column.what, prefix, place)
            for column in store.lookup_columns(chunk.start, keys)
            for prefix, place in zip(column.prefixes, column.positions, strict=True)
        )
        growth = extend(self.frontier, leaves)
        self.frontier = growth.frontier
        self._nodes(growth.nodes)
        self._head()

    def _entries(self, chunk: store.Chunk) -> Sequence[bytes]:
        try:
            entries = unbundle(chunk.bundle)
        except VerificationError as error:
            raise _Stop(f"entries from {chunk.start} on: {error}") from error
        if len(entries) != chunk.width:
            self.fault(f"{len(entries)} entries from {chunk.start} on, the row says {chunk.width}")
        return entries

    def _leaves(self, chunk: store.Chunk, leaves: Sequence[bytes]) -> None:
        try:
            stored = split_hashes(chunk.leaves)
        except VerificationError:
            stored = []
        if len(stored) != len(leaves):
            self.fault(f"leaf hashes from {chunk.start} on are missing")
        for place, (one, two) in enumerate(zip(stored, leaves, strict=False), chunk.start):
            if one != two:
                self.fault(f"entry {place} does not fit its leaf hash")

    def _entry(self, place: int, data: bytes) -> Entry:
        try:
            entry = read_entry(data)
        except VerificationError as error:
            raise _Stop(f"entry {place}: {error}") from error
        examination = next(self.evidence, b"")
        if hashlib.sha256(examination).hexdigest() != entry.examination:
            self.fault(f"examination of entry {place} is missing or was changed")
        if entry.whole and not _is_whole(self.connection, entry):
            self.fault(f"decision of entry {place} is missing or was changed")
        return entry

    def _nodes(self, expected: Sequence[Node]) -> None:
        self.nodes += len(expected)
        for node in expected:
            query = select(nodes.c.hash).where(nodes.c.level == node.level, nodes.c.number == node.number)
            if self.connection.execute(query).scalar() != node.hash:
                self.fault(f"hash {node.number} of tile level {node.level} is missing or was changed")

    def _head(self) -> None:
        """Check the checkpoints that end here; a batch of several chunks has one only after its last."""
        while self.head is not None and self.head.size <= self.frontier.size:
            if self.head.size < self.frontier.size:
                self.fault(f"checkpoint of size {self.head.size} ends inside a batch")
            else:
                self._check_head(self.head)
                self.covered = self.head.size
            self.head = next(self.heads, None)

    def _check_head(self, head: store.Head) -> None:
        try:
            signed = open_checkpoint(head.note, self.key)
        except VerificationError as error:
            self.fault(f"checkpoint of size {head.size}: {error}")
            return
        value = root(self.frontier)
        if (signed.size, signed.root, head.root) != (head.size, value, value):
            self.fault(f"checkpoint of size {head.size} is not the root of its entries")

    def _ends(self) -> None:
        if self.head is not None:
            self.fault(f"checkpoint of size {self.head.size} goes beyond the {self.frontier.size} entries")
        if self.covered != self.frontier.size:
            self.fault(f"entries from {self.covered} on are under no checkpoint")
        if next(self.evidence, None) is not None:
            self.fault("there are more examinations than entries")
        stored = self.connection.execute(select(func.count()).select_from(nodes)).scalar()
        if stored != self.nodes:
            self.fault(f"{stored} tile hashes, expected {self.nodes}")

    def _texts(self) -> None:
        for row in store.scan(self.connection, texts):
            if hashlib.sha256(row.data).digest() != row.digest:
                self.fault(f"text `{row.digest.hex()}` was changed")

    def _cosignatures(self) -> None:
        for row in store.scan(self.connection, cosignatures):
            if not self._is_cosigned(store.Cosignature(row.size, row.vkey, row.line)):
                self.fault(f"cosignature on the checkpoint of size {row.size} was changed: {row.vkey[:80]!r}")

    def _is_cosigned(self, row: store.Cosignature) -> bool:
        head = store.head_at(self.connection, row.size)
        try:
            lines = parse_signatures(row.line)
            key, text = parse_vkey(row.vkey), parse_note(head.note).text if head is not None else ""
        except LedgerError:
            return False
        return len(lines) == 1 and str(lines[0]) == row.line and holds(text, lines[0], key)

    def _lookups(self) -> None:
        stored = sum(
            _row_digest(row.what, row.prefix, row.position)
            for row in store.scan(self.connection, lookups, LOOKUP_ROWS)
        )
        if stored % MODULUS != self.lookups % MODULUS:
            self.fault("look-ups do not fit the entries: some rows are missing, added or changed")


def _heads(connection: Connection) -> Iterator[store.Head]:
    for row in store.scan(connection, checkpoints):
        yield store.Head(row.size, row.root, row.note)


def _examinations(connection: Connection) -> Iterator[bytes]:
    """Examinations in the order of their entries; a torn row ends them."""
    position = 0
    for row in store.scan(connection, examinations):
        parts = store.unpack(row.data)
        if row.start != position or len(parts) != row.width:
            return
        yield from parts
        position += row.width


def _is_whole(connection: Connection, entry: Entry) -> bool:
    try:
        data = store.read_text(connection, entry.whole)
        whole = read(data or b"", Decision)
    except (VerificationError, msgspec.DecodeError):
        return False
    return msgspec.structs.replace(whole, matches=()) == entry.decision


def _row_digest(what: int, prefix: int, position: int) -> int:
    return int.from_bytes(hashlib.sha256(ROW.pack(what, prefix, position)).digest(), "big")
