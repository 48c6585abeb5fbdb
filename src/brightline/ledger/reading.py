"""Read entries and their evidence back, each checked against the digest that the tree holds of it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from brightline.core.decision import Decision
from brightline.core.errors import LedgerError, VerificationError
from brightline.core.finding import Examination
from brightline.core.receipt import Receipt
from brightline.core.wire import read
from brightline.ledger import store
from brightline.ledger.entry import Entry, is_digest, read_entry
from brightline.ledger.merkle import TILE_WIDTH, leaf_hash, unbundle
from brightline.ledger.tables import Find

FOUND_LIMIT = 1000  # entries that one look-up gives at most; a person asked

SOME_BYTES = 16 * 1024 * 1024  # examinations in memory at once while entries are streamed


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One entry with the evidence it rests on."""

    index: int
    entry: Entry
    decision: Decision
    examination: Examination


def leaves_at(connection: Connection, positions: Iterable[int]) -> dict[int, bytes]:
    """Entry bytes by position; every tile is read once.

    Raises:
        LedgerError: there is no entry at a position.
        VerificationError: an entry does not fit its leaf hash.
    """
    tiles: dict[int, list[int]] = {}
    for position in sorted(set(positions)):
        tiles.setdefault(position // TILE_WIDTH, []).append(position)
    found: dict[int, bytes] = {}
    for wanted in tiles.values():
        held = dict(entries_between(connection, wanted[0], wanted[-1] + 1))
        missing = next((position for position in wanted if position not in held), None)
        if missing is not None:
            raise LedgerError(f"no entry {missing} in the ledger")
        found.update((position, held[position]) for position in wanted)
    return found


def entries_between(connection: Connection, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    """Positions and entry bytes in [start, stop), as far as there are any.

    Raises:
        VerificationError: an entry does not fit its leaf hash.
    """
    for chunk in store.read_chunks(connection, start, stop):
        entries = unbundle(chunk.bundle)
        if b"".join(map(leaf_hash, entries)) != chunk.leaves or len(entries) != chunk.width:
            raise VerificationError(f"entries from {chunk.start} on were changed in the store")
        for position, data in enumerate(entries, chunk.start):
            if start <= position < stop:
                yield position, data


def decision_of(connection: Connection, entry: Entry) -> Decision:
    """The decision of an entry, whether it stands in it or beside it.

    Raises:
        VerificationError: the decision beside the entry is missing or changed.
    """
    if not entry.whole:
        return entry.decision
    data = store.read_text(connection, entry.whole)
    if data is None:
        raise VerificationError(f"decision `{entry.whole}` is missing in the store")
    return read(data, Decision)


def examination_at(connection: Connection, position: int, digest: str) -> Examination:
    """The examination behind an entry.

    Raises:
        VerificationError: it is missing, or it has another digest.
    """
    held = dict(store.read_examinations(connection, position, position + 1))
    return _examination(position, held.get(position, b""), digest)


def some_recorded(connection: Connection, start: int, stop: int) -> list[Recorded]:
    """Entries from `start` on with all their evidence: at least one, no more than memory is good for.

    Raises:
        VerificationError: an entry or its evidence was changed.
    """
    found, size_bytes = list[Recorded](), 0
    examinations = store.read_examinations(connection, start, stop)
    for position, data in entries_between(connection, start, stop):
        entry, (_, evidence) = read_entry(data), next(examinations, (position, b""))
        size_bytes += len(evidence)
        found.append(
            Recorded(
                index=position,
                entry=entry,
                decision=decision_of(connection, entry),
                examination=_examination(position, evidence, entry.examination),
            )
        )
        if size_bytes > SOME_BYTES:
            break
    return found


def receipts_of(connection: Connection, origin: str, positions: Iterable[int]) -> dict[int, Receipt]:
    """Receipts by position, each naming the checkpoint that first covered its entry.

    Raises:
        LedgerError: there is no entry at a position, or no checkpoint covers it.
    """
    receipts: dict[int, Receipt] = {}
    head: store.Head | None = None
    for position, data in leaves_at(connection, positions).items():
        if head is None or position >= head.size:
            head = store.head_covering(connection, position)
        if head is None:
            raise LedgerError(f"no checkpoint covers entry {position}")
        leaf = leaf_hash(data).hex()
        receipts[position] = Receipt(
            origin=origin, index=position, leaf=leaf, size=head.size, root=head.root.hex()
        )
    return receipts


def positions_of_jobs(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """The first entry recorded under each job key; unknown keys are left out."""
    wanted = {store.prefix_of(bytes.fromhex(key[:16])): key for key in keys if is_digest(key)}
    rows = sorted(store.find_many(connection, Find.JOB, list(wanted)))
    entries = leaves_at(connection, [row.position for row in rows])
    known = set(keys)
    found: dict[str, int] = {}
    for row in rows:
        job = read_entry(entries[row.position]).job
        if job in known:
            found.setdefault(job, row.position)
    return found


def matching(connection: Connection, digits: str) -> list[int]:
    """Positions of entries whose leaf hash or subject digest begins with these hex digits, oldest first."""
    low = bytes.fromhex(digits[:16].ljust(16, "0"))
    high = bytes.fromhex(digits[:16].ljust(16, "f"))
    found = set[int]()
    for what in (Find.LEAF, Find.SUBJECT):
        span = store.prefix_of(low), store.prefix_of(high)
        positions = store.find_positions(connection, what, *span, FOUND_LIMIT)
        for position, data in leaves_at(connection, positions).items():
            digest = leaf_hash(data).hex() if what is Find.LEAF else read_entry(data).subject
            if digest.startswith(digits):
                found.add(position)
    return sorted(found)[:FOUND_LIMIT]


def examination_of_digest(connection: Connection, digest: str) -> Examination | None:
    """The examination of that digest, or None.

    Raises:
        VerificationError: it was changed.
    """
    prefix = store.prefix_of(bytes.fromhex(digest[:16]))
    for position in store.find_positions(connection, Find.EXAMINATION, prefix, prefix, FOUND_LIMIT):
        if read_entry(leaves_at(connection, [position])[position]).examination == digest:
            return examination_at(connection, position, digest)
    return None


def _examination(position: int, data: bytes, digest: str) -> Examination:
    if hashlib.sha256(data).hexdigest() != digest:
        raise VerificationError(f"examination of entry {position} is missing or was changed in the store")
    return read(data, Examination)
