"""Begin a log, or take one up again: whose it is, and whether its rows fit its last signed checkpoint."""

from functools import partial

from sqlalchemy import Connection, Engine, select

from brightline.core.errors import LedgerError, VerificationError
from brightline.ledger import store
from brightline.ledger.engine import insert_new, snapshot, writing
from brightline.ledger.merkle import Frontier, load_frontier, root
from brightline.ledger.note import SignerKey, VerifierKey, open_checkpoint
from brightline.ledger.tables import log


def begin(engine: Engine, key: SignerKey, *, check: bool) -> Frontier:
    """Write down whose log this is, if it is new; otherwise check that it is ours and whole.

    Args:
        engine: a migrated store.
        key: the log's key.
        check: False skips the look at the tree, for an audit of a torn store.

    Raises:
        LedgerError: the store holds another log.
        VerificationError: the rows do not fit the last signed checkpoint.
    """
    with engine.connect() as connection:
        is_new = connection.execute(select(log)).first() is None
    if is_new:
        with writing(engine) as connection:
            row = {"id": 1, "origin": key.name, "vkey": str(key.verifier)}
            connection.execute(insert_new(connection, log).values(row).on_conflict_do_nothing())
    with engine.connect() as connection:
        check_owner(connection, key.verifier)
    if not check:
        return Frontier()
    with snapshot(engine) as connection:  # another process may append between our reads
        return load_head(connection, key, Frontier())


def check_owner(connection: Connection, key: VerifierKey) -> None:
    """See that the store is of the log that signs with this key.

    Raises:
        LedgerError: it is another's.
    """
    owners = connection.execute(select(log)).all()
    if [(row.id, row.origin) for row in owners] != [(1, key.name)]:
        raise LedgerError(f"store holds another log than `{key.name}`: {[row.origin for row in owners]}")
    if owners[0].vkey != str(key):
        raise LedgerError(f"store was signed by `{owners[0].vkey}`, the key file holds `{key}`")


def load_head(connection: Connection, key: SignerKey, cached: Frontier) -> Frontier:
    """The tree's right edge, from the cache when nobody else has appended.

    Raises:
        VerificationError: the last checkpoint is not ours, or the rows do not fit it.
    """
    head = store.last_head(connection)
    size = head.size if head is not None else 0
    if cached.size == size and size > 0 and head is not None and root(cached) == head.root:
        return cached
    stored = store.stored_size(connection)
    if stored != size:
        raise VerificationError(f"store is torn: {stored} entries, its last checkpoint covers {size}")
    if head is None:
        return Frontier()
    signed = open_checkpoint(head.note, key.verifier)
    frontier = load_frontier(size, partial(store.read_hashes, connection))
    if (signed.size, signed.root) != (size, root(frontier)) or head.root != signed.root:
        raise VerificationError(f"store is torn: its rows do not give the root signed for size {size}")
    return frontier
