"""The tables of the ledger's store. Rows are only ever inserted, never changed: a torn or edited store shows.

In the tree: `chunks` and `nodes`. Signed: `checkpoints`, `cosignatures`. Evidence beside the tree, whose digests are
in the tree: `examinations`, `texts`. Derived from the entries, to find them: `lookups`.
"""

from enum import IntEnum

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

REVISION = "v0001"  # the newest migration; a store at this revision opens without loading Alembic

metadata = MetaData()


class Find(IntEnum):
    """What a row of `lookups` finds an entry by."""

    SUBJECT = 1  # digest of the subject
    EXAMINATION = 2  # digest of the examination
    LEAF = 3  # leaf hash, as in a receipt
    JOB = 4  # the caller's key


# One row, id 1: which log this is, and the row that a PostgreSQL writer locks.
log = Table(
    "log",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False),
    Column("vkey", Text, nullable=False),
)

# Consecutive entries, written together; never across a multiple of 256, so that chunks add up to entry bundles.
chunks = Table(
    "chunks",
    metadata,
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("width", Integer, nullable=False),
    Column("leaves", LargeBinary, nullable=False),  # width x 32 bytes of leaf hashes
    Column("bundle", LargeBinary, nullable=False),  # C2SP entry bundle
)

# Hashes of full tiles, level 1 and up.
nodes = Table(
    "nodes",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),  # signed by the log, without cosignatures
)

cosignatures = Table(
    "cosignatures",
    metadata,
    Column("size", BigInteger, ForeignKey("checkpoints.size"), primary_key=True, autoincrement=False),
    Column("vkey", Text, primary_key=True),
    Column("line", Text, nullable=False),
)

# Canonical JSON of consecutive examinations, each after its length as a big-endian uint32.
examinations = Table(
    "examinations",
    metadata,
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("width", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Policy packs, and decisions too long for an entry, by SHA-256.
texts = Table(
    "texts",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

# Entries by the first 64 bits of a digest; whoever looks up compares the whole digest with the entry.
lookups = Table(
    "lookups",
    metadata,
    Column("what", SmallInteger, primary_key=True, autoincrement=False),
    Column("prefix", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
