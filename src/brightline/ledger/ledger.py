"""The ledger: record decisions so that nobody, we included, can change them unseen; find them and prove them.

    with Ledger.open(url="sqlite:///ledger.sqlite", key_file=Path("ledger.key"), origin="example.com/log") as ledger:
        receipts = ledger.record([(examination, decision)])

A batch is one transaction: its entries, the tile hashes they complete, the evidence beside them and one signed
checkpoint become durable together, or none of them do. Writers queue for one lock, so the tree never forks.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from sqlalchemy import Connection, Engine, insert

from brightline.core.decision import Decision
from brightline.core.errors import LedgerError, VerificationError
from brightline.core.finding import Examination
from brightline.core.receipt import Receipt
from brightline.ledger import merkle, reading, store, witness
from brightline.ledger.begin import begin, load_head
from brightline.ledger.engine import guard, lock_log, migrate, open_engine, writing
from brightline.ledger.entry import Draft, Entry, draft, is_digest, read_entry
from brightline.ledger.keys import load_or_create_key, vkey
from brightline.ledger.note import Checkpoint, Note, SignerKey, open_checkpoint, sign
from brightline.ledger.proof import Proof, format_proof
from brightline.ledger.reading import Recorded
from brightline.ledger.tables import checkpoints

INDEX_DIGITS = 19  # the store's integers end there
PREFIX_DIGITS = 8  # fewer hex digits would match by chance in a log of millions


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that was recorded earlier under a job key."""

    receipt: Receipt
    decision: Decision
    examination: Examination


class Ledger:
    """A durable Merkle log of decisions over a database; safe for threads and for several processes at once.

    Attributes:
        origin: name of the log.
        vkey: the public key that verifies its checkpoints, in Go's `note` format.
        engine: the database, for `audit` and `export`.
    """

    def __init__(self, engine: Engine, key: SignerKey, frontier: merkle.Frontier) -> None:
        self.engine = engine
        self.origin = key.name
        self.vkey = vkey(key)
        self._key = key
        self._lock = threading.Lock()
        self._frontier = frontier

    @classmethod
    def open(cls, *, url: str, key_file: Path, origin: str, check: bool = True) -> Self:
        """Open the log, or begin it, and see that its last checkpoint fits its rows.

        Args:
            url: SQLAlchemy URL, `sqlite:////folder/ledger.sqlite` or `postgresql://user@host/name`.
            key_file: the private key; created with mode 0600 if there is none.
            origin: name of the log, first line of its checkpoints, e.g. `example.com/decisions`.
            check: False opens a torn store too, for `audit.verify_store` to say what is wrong with it.

        Raises:
            LedgerError: the store or the key cannot be used, or they belong to another log.
            VerificationError: the rows do not fit the last signed checkpoint.
        """
        key = load_or_create_key(key_file, origin)
        engine = open_engine(url)
        try:
            migrate(engine)
            with guard():
                frontier = begin(engine, key, check=check)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, key, frontier)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def record(
        self, batch: Sequence[tuple[Examination, Decision]], keys: Sequence[str] | None = None
    ) -> list[Receipt]:
        """Append decisions; returns only when all of them are on disk.

        Args:
            batch: examinations with the decisions made from them.
            keys: for each item a job key of 64 hex digits, or empty. An item whose key is in the log already is not
                appended again: its receipt is the first one's, and `known` gives the decision that counts.

        Returns:
            One receipt an item, in order.

        Raises:
            LedgerError: nothing of the batch was acknowledged (full disk, lost database, malformed item).
            VerificationError: somebody changed the store under us; nothing was written.
        """
        jobs = keys if keys is not None else [""] * len(batch)
        if len(jobs) != len(batch):
            raise LedgerError(f"{len(jobs)} keys for {len(batch)} decisions, expected one each")
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        drafts = [draft(one, two, time=time, job=job) for (one, two), job in zip(batch, jobs, strict=True)]
        if not drafts:
            return []
        with self._lock, guard():
            with writing(self.engine) as connection:
                lock_log(connection)
                appended = self._append(connection, drafts)
            self._frontier = appended.frontier  # only now is it durable
        return appended.receipts

    def known(self, keys: Sequence[str]) -> dict[str, Known]:
        """Decisions recorded earlier under these job keys; keys that were never recorded are left out.

        Raises:
            LedgerError: the store cannot be read.
            VerificationError: an entry was changed.
        """
        with guard(), self.engine.connect() as connection:
            places = reading.positions_of_jobs(connection, keys)
            receipts = reading.receipts_of(connection, self.origin, places.values())
            data = reading.leaves_at(connection, places.values())
            known = {}
            for key, place in places.items():
                entry = read_entry(data[place])
                known[key] = Known(
                    receipt=receipts[place],
                    decision=reading.decision_of(connection, entry),
                    examination=reading.examination_at(connection, place, entry.examination),
                )
            return known

    @property
    def size(self) -> int:
        """How many entries the newest checkpoint covers."""
        return self.head().size

    def head(self) -> Checkpoint:
        """The newest tree head."""
        with guard(), self.engine.connect() as connection:
            head = store.last_head(connection)
        if head is None:
            return Checkpoint(origin=self.origin, size=0, root=merkle.EMPTY_ROOT)
        return Checkpoint(origin=self.origin, size=head.size, root=head.root)

    def checkpoint(self, size: int | None = None) -> str:
        """The signed note of the newest checkpoint, or of the one at `size`, with all cosignatures on it.

        Raises:
            LedgerError: there is no checkpoint of that size.
        """
        with guard(), self.engine.connect() as connection:
            head = store.last_head(connection) if size is None else store.head_at(connection, size)
            if head is None:
                if size:
                    raise LedgerError(f"no checkpoint of size {size}")
                return self._sign(Checkpoint(origin=self.origin, size=0, root=merkle.EMPTY_ROOT))
            return head.note + "".join(row.line for row in store.read_cosignatures(connection, head.size))

    def entry(self, index: int) -> Entry:
        """The entry at a position, checked against its leaf hash.

        Raises:
            LedgerError: there is none.
            VerificationError: it was changed.
        """
        with guard(), self.engine.connect() as connection:
            return read_entry(reading.leaves_at(connection, [index])[index])

    def decision(self, index: int) -> Decision:
        """The decision at a position, whether it stands in the entry or beside it.

        Raises:
            LedgerError: there is none.
            VerificationError: it was changed.
        """
        with guard(), self.engine.connect() as connection:
            return reading.decision_of(connection, read_entry(reading.leaves_at(connection, [index])[index]))

    def receipt(self, index: int) -> Receipt:
        """The receipt of the entry at a position.

        Raises:
            LedgerError: there is none.
        """
        with guard(), self.engine.connect() as connection:
            return reading.receipts_of(connection, self.origin, [index])[index]

    def find(self, text: str) -> list[int]:
        """Positions of entries by index, or by the first hex digits of a receipt's leaf or a subject's digest.

        Args:
            text: `12` or `#12`, or 8 to 64 hex digits.

        Returns:
            Positions, oldest first, at most 1000; none when nothing fits.

        Raises:
            LedgerError: the text is neither.
        """
        wanted = text.strip().lower()
        number = wanted.removeprefix("#")  # a shell takes a bare `#12` for a comment
        if number.isdecimal() and len(number) < (INDEX_DIGITS if number != wanted else PREFIX_DIGITS):
            return [int(number)] if int(number) < self.size else []
        if not PREFIX_DIGITS <= len(wanted) <= 64 or wanted.strip("0123456789abcdef"):
            raise LedgerError(
                f"`{text[:80]}` finds nothing: expected an index such as `12`, or 8 to 64 hex digits"
            )
        with guard(), self.engine.connect() as connection:
            return reading.matching(connection, wanted)

    def examination(self, digest: str) -> Examination:
        """The examination of that digest.

        Raises:
            LedgerError: there is none in the store.
            VerificationError: it was changed.
        """
        with guard(), self.engine.connect() as connection:
            found = reading.examination_of_digest(connection, digest) if is_digest(digest) else None
        if found is None:
            raise LedgerError(f"no examination `{digest[:80]}` in the ledger")
        return found

    def save_policy(self, digest: str, data: bytes) -> None:
        """Keep the bytes of a policy, so that decisions made under it can be replayed. Saving twice is harmless.

        Raises:
            LedgerError: the digest is not the SHA-256 of the bytes, or the store cannot be written.
        """
        if hashlib.sha256(data).hexdigest() != digest:
            raise LedgerError(f"policy `{digest[:80]}` is not the SHA-256 of the bytes given")
        with guard(), writing(self.engine) as connection:
            store.write_text(connection, data)

    def policy(self, digest: str) -> bytes:
        """The bytes of the policy of that digest.

        Raises:
            LedgerError: it was never saved.
            VerificationError: it was changed.
        """
        with guard(), self.engine.connect() as connection:
            data = store.read_text(connection, digest) if is_digest(digest) else None
        if data is None:
            raise LedgerError(f"no policy `{digest[:80]}` in the ledger: save it before deciding under it")
        return data

    def prove(self, index: int, size: int | None = None) -> str:
        """A C2SP `.tlog-proof` that the entry is in the log; it carries the entry itself and a checkpoint.

        Args:
            index: position of the entry.
            size: size of the checkpoint to prove against, e.g. a cosigned one; the newest if None.

        Raises:
            LedgerError: there is no such entry or checkpoint.
        """
        note = self.checkpoint(size)
        with guard(), self.engine.connect() as connection:
            data = reading.leaves_at(connection, [index])[index]
            width = _size_of(note)
            hashes = merkle.inclusion_proof(index, width, partial(store.read_hashes, connection))
        return format_proof(Proof(index=index, hashes=tuple(hashes), checkpoint=note, entry=data))

    def consistency(self, old_size: int, size: int | None = None) -> list[bytes]:
        """RFC 6962 hashes that show the tree of `old_size` to be a prefix of the tree of `size` (the newest if None).

        Raises:
            VerificationError: the sizes are not 0 <= old_size <= size <= entries.
        """
        newest = self.size
        if size is not None and not 0 <= size <= newest:
            raise VerificationError(f"no tree of {size} inside a tree of {newest}")
        with guard(), self.engine.connect() as connection:
            reader = partial(store.read_hashes, connection)
            return merkle.consistency_proof(old_size, newest if size is None else size, reader)

    def root(self, size: int) -> bytes:
        """Root hash of the tree of the first `size` entries.

        Raises:
            VerificationError: there are fewer entries.
        """
        with guard(), self.engine.connect() as connection:
            return merkle.root(merkle.load_frontier(size, partial(store.read_hashes, connection)))

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Recorded]:
        """Entries [start, stop) with decision and examination, in order, streamed; for back-tests and audits.

        Raises:
            LedgerError: the store cannot be read.
            VerificationError: an entry or its evidence was changed.
        """
        end = self.size if stop is None else min(stop, self.size)
        position = start
        while position < end:
            upto = min(position - position % merkle.TILE_WIDTH + merkle.TILE_WIDTH, end)
            # One tile a connection: a slow reader must not hold a snapshot open and let the WAL grow.
            with guard(), self.engine.connect() as connection:
                some = reading.some_recorded(connection, position, upto)
            if not some:
                raise VerificationError(f"entry {position} is missing in the store")
            yield from some
            position += len(some)

    def add_cosignatures(self, text: str, witnesses: Sequence[str], size: int | None = None) -> int:
        """Keep cosignatures that witnesses gave, once they verify.

        Args:
            text: a cosigned checkpoint note, or only the signature lines that a witness answered with.
            witnesses: vkeys (type 0x04) of the witnesses that we know.
            size: which checkpoint bare signature lines are on; the newest if None. A note says so itself.

        Returns:
            How many new cosignatures were kept.

        Raises:
            LedgerError: none of the witnesses signed, or there is no such checkpoint.
            VerificationError: a signature of a known witness does not hold, or the note is not our checkpoint.
        """
        text, at = text.strip("\n") + "\n", size
        if not witness.is_bare(text):
            at = open_checkpoint(text, self._key.verifier).size
        note = self.checkpoint(at)
        width = _size_of(note)
        good = witness.good_cosignatures(text, note, width, witnesses)
        with guard(), writing(self.engine) as connection:
            return witness.save_cosignatures(connection, good)

    def _append(self, connection: Connection, drafts: Sequence[Draft]) -> "_Appended":
        frontier = load_head(connection, self._key, self._frontier)
        known = reading.positions_of_jobs(connection, [one.job for one in drafts if one.job])
        fresh, places = list[Draft](), list[int]()
        for one in drafts:
            place = known.get(one.job, frontier.size + len(fresh))
            if place == frontier.size + len(fresh):
                fresh.append(one)
                if one.job:
                    known[one.job] = place
            places.append(place)
        receipts = reading.receipts_of(
            connection, self.origin, [place for place in places if place < frontier.size]
        )
        if fresh:
            frontier = self._write(connection, frontier, fresh)
            receipts.update(self._fresh_receipts(frontier, fresh))
        return _Appended([receipts[place] for place in places], frontier)

    def _write(
        self, connection: Connection, frontier: merkle.Frontier, fresh: Sequence[Draft]
    ) -> merkle.Frontier:
        growth = merkle.extend(frontier, [one.leaf for one in fresh])
        head = Checkpoint(origin=self.origin, size=growth.frontier.size, root=merkle.root(growth.frontier))
        store.write_entries(connection, frontier.size, fresh)
        store.write_nodes(connection, growth.nodes)
        row = {"size": head.size, "root": head.root, "note": self._sign(head)}
        connection.execute(insert(checkpoints), row)
        return growth.frontier

    def _fresh_receipts(self, frontier: merkle.Frontier, fresh: Sequence[Draft]) -> dict[int, Receipt]:
        size, root, start = frontier.size, merkle.root(frontier).hex(), frontier.size - len(fresh)
        return {
            place: Receipt(origin=self.origin, index=place, leaf=one.leaf.hex(), size=size, root=root)
            for place, one in enumerate(fresh, start)
        }

    def _sign(self, head: Checkpoint) -> str:
        text = str(head)
        return str(Note(text, (sign(text, self._key),)))


class _Appended(msgspec.Struct, frozen=True):
    receipts: list[Receipt]
    frontier: merkle.Frontier


def _size_of(note: str) -> int:
    return int(note.split("\n", 2)[1])
