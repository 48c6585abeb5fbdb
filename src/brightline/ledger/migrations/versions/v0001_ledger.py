"""The first store: entries, tile hashes, checkpoints, evidence and look-ups."""

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision = None


def upgrade() -> None:
    """Create the tables (what each is for stands in `ledger/tables.py`)."""
    _create_log()
    _create_evidence()


def _create_log() -> None:
    op.create_table(
        "log",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("vkey", sa.Text, nullable=False),
    )
    op.create_table(
        "chunks",
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False),
        sa.Column("bundle", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "nodes",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "cosignatures",
        sa.Column(
            "size", sa.BigInteger, sa.ForeignKey("checkpoints.size"), primary_key=True, autoincrement=False
        ),
        sa.Column("vkey", sa.Text, primary_key=True),
        sa.Column("line", sa.Text, nullable=False),
    )


def _create_evidence() -> None:
    op.create_table(
        "examinations",
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "texts",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "lookups",
        sa.Column("what", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("prefix", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
