"""Accounts of people who sign in elsewhere, and values that count once."""

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"


def upgrade() -> None:
    """Add what `review/tables.py` says of `people` and `spent`."""
    op.add_column("people", sa.Column("issuer", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("subject", sa.Text(), nullable=True))
    op.create_index("people_subject", "people", ["issuer", "subject"], unique=True)
    op.create_table(
        "spent",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
