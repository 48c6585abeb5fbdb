"""The tables of rules and of quality: drafts of packs, shadows, scores of detectors, golden items, changes of banks.

They lie in the same database and grow with the same revisions as those in `tables.py`.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, LargeBinary, String, Table, Text

from brightline.review.tables import HASH, ID, NAME, TENANT, metadata

DETECTOR = String(100)
PACK = String(110)

# Versions of packs that authors write; a row is never changed.
drafts = Table(
    "drafts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("pack", PACK, nullable=False),
    Column("source", LargeBinary, nullable=False),  # YAML, as it was written
    Column("note", NAME, nullable=False),
    Column("made_by", ID, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Index("drafts_pack", "tenant", "pack"),
)

# Policies that run beside the one in force, and what they would have decided.
shadows = Table(
    "shadows",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("draft", ID, ForeignKey("drafts.id"), nullable=False),
    Column("policy", HASH, nullable=False),
    Column("state", String(8), nullable=False),  # on, off
    Column("made_by", ID, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=True),
    Index("shadows_on", "state"),
)
shadow_decisions = Table(
    "shadow_decisions",
    metadata,
    Column("shadow", ID, ForeignKey("shadows.id"), primary_key=True),
    Column("submission", ID, ForeignKey("submissions.id"), primary_key=True),
    Column("before", String(8), nullable=False),
    Column("after", String(8), nullable=False),
)

# The highest estimate of each detector for each harm, to be compared with what people decide, and over time.
scores = Table(
    "scores",
    metadata,
    Column("submission", ID, ForeignKey("submissions.id"), primary_key=True),
    Column("detector", DETECTOR, primary_key=True),
    Column("harm", String(32), primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("probability", Float, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column(
        "held", Boolean, nullable=True
    ),  # what a person said of it; NULL: nothing yet, or nothing of this harm
    Column("answered_ms", BigInteger, nullable=True),
    Index("scores_time", "tenant", "at_ms"),
)

# Subjects whose right answer is known, and the cases that show them to reviewers.
golden = Table(
    "golden",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("submission", ID, ForeignKey("submissions.id"), nullable=False),
    Column("answer", String(8), nullable=False),
    Column("note", Text, nullable=False),
    Column("state", String(8), nullable=False),  # on, off
    Column("made_by", ID, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Index("golden_on", "tenant", "state"),
)
servings = Table(
    "servings",
    metadata,
    Column("cause", ID, primary_key=True),  # the case that drew it: one that draws twice serves once
    Column("tenant", TENANT, nullable=False),
    Column("golden", ID, ForeignKey("golden.id"), nullable=False),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False, unique=True),
    Column("made_ms", BigInteger, nullable=False),
    Index("servings_golden", "golden", "made_ms"),
)

# What is added to banks of known items, and taken out of use; in force once a second person has agreed.
bank_changes = Table(
    "bank_changes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("bank", NAME, nullable=False),
    Column("deed", String(8), nullable=False),  # add, retire
    Column("item", NAME, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # its rows, JSON, under the master key
    Column("reason", Text, nullable=False),
    Column("submission", ID, ForeignKey("submissions.id"), nullable=True),
    Column("state", String(10), nullable=False),
    Column("made_by", ID, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("decided_by", ID, nullable=True),
    Column("decided_ms", BigInteger, nullable=True),
    Index("bank_changes_state", "bank", "state"),
)
