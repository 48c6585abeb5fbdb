"""Tables of rules and of quality: drafts, shadows, scores, golden items, changes of banks; copies for golden cases."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"

ID = sa.String(length=32)
TENANT = sa.String(length=64)
NAME = sa.String(length=200)


def upgrade() -> None:
    """Create the tables (what each is for stands in `review/tables_quality.py`)."""
    op.add_column("submissions", sa.Column("copy_of", ID, nullable=True))
    op.create_table(
        "drafts",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("pack", sa.String(length=110), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("note", NAME, nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("drafts_pack", "drafts", ["tenant", "pack"], unique=False)
    op.create_table(
        "shadows",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("draft", ID, nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["draft"], ["drafts.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("shadows_on", "shadows", ["state"], unique=False)
    op.create_table(
        "shadow_decisions",
        sa.Column("shadow", ID, nullable=False),
        sa.Column("submission", ID, nullable=False),
        sa.Column("before", sa.String(length=8), nullable=False),
        sa.Column("after", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["shadow"], ["shadows.id"]),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"]),
        sa.PrimaryKeyConstraint("shadow", "submission"),
    )
    op.create_table(
        "scores",
        sa.Column("submission", ID, nullable=False),
        sa.Column("detector", sa.String(length=100), nullable=False),
        sa.Column("harm", sa.String(length=32), nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"]),
        sa.PrimaryKeyConstraint("submission", "detector", "harm"),
    )
    op.create_index("scores_time", "scores", ["tenant", "at_ms"], unique=False)
    _golden()
    op.create_table(
        "bank_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("bank", NAME, nullable=False),
        sa.Column("deed", sa.String(length=8), nullable=False),
        sa.Column("item", NAME, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("submission", ID, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("bank_changes_state", "bank_changes", ["bank", "state"], unique=False)


def _golden() -> None:
    op.create_table(
        "golden",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("submission", ID, nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("golden_on", "golden", ["tenant", "state"], unique=False)
    op.create_table(
        "servings",
        sa.Column("cause", ID, nullable=False),
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("golden", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["golden"], ["golden.id"]),
        sa.PrimaryKeyConstraint("cause"),
        sa.UniqueConstraint("case_id"),
    )
    op.create_index("servings_golden", "servings", ["golden", "made_ms"], unique=False)
