"""The tables of the service, in SQLite or PostgreSQL, in one database with the ledger where that is PostgreSQL.

Times are whole milliseconds since 1970, UTC, in columns that end in `_ms`; ids are 32 hex digits that begin with the
time, so that the newest sort last and a page ends where the next one begins. Every row of a tenant's carries `tenant`.
"""

from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from brightline.ledger.engine import Schema

SCHEMA = Schema("r0004", Path(__file__).parent / "migrations", "review_version")

metadata = MetaData()

ID = String(32)
TENANT = String(64)
NAME = String(200)
HASH = String(64)

# Bytes under examination, encrypted under a key of their own; without that key they are noise (see `content.py`).
contents = Table(
    "contents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("digest", HASH, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),  # the key, under the master key; NULL once erased
    Column("held", Boolean, nullable=False, default=False),  # a legal hold: nobody erases it
    Column("made_ms", BigInteger, nullable=False),
    Column("erase_ms", BigInteger, nullable=True),  # when retention ends
    Column("erased_ms", BigInteger, nullable=True),
    Index("contents_due", "erase_ms"),
)
pieces = Table(
    "pieces",
    metadata,
    Column("content", ID, ForeignKey("contents.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

# What was handed in to be judged, and the queue that workers lease it from.
submissions = Table(
    "submissions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("key", String(200), nullable=True),  # the caller's idempotency key
    Column(
        "asked", HASH, nullable=False
    ),  # digest of the whole request, to tell a repeat from another request
    Column("name", NAME, nullable=False),
    Column("content", ID, ForeignKey("contents.id"), nullable=False),
    Column("context", LargeBinary, nullable=False),  # JSON of core.subject.Context
    Column("priority", Integer, nullable=False, default=0),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("leased_by", String(64), nullable=False, default=""),
    Column("leased_ms", BigInteger, nullable=False, default=0),  # until when
    Column("made_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger, nullable=True),
    Column("fault", Text, nullable=False, default=""),
    # of the decision, once there is one; the ledger holds the rest
    Column("entry", BigInteger, nullable=True),
    Column("leaf", HASH, nullable=False, default=""),
    Column("digest", HASH, nullable=False, default=""),
    Column("kind", String(16), nullable=False, default=""),
    Column("action", String(8), nullable=False, default=""),
    Column("harm", String(32), nullable=False, default=""),
    Column("severity", String(8), nullable=False, default=""),
    Column("probability", Float, nullable=False, default=0.0),
    Column("gaps", Integer, nullable=False, default=0),
    Column("seconds", Float, nullable=False, default=0.0),
    Column("copy_of", ID, nullable=True),  # what a golden case shows is a copy, and counted nowhere
    UniqueConstraint("tenant", "key", name="submissions_key"),
    Index("submissions_queue", "state", "priority", "made_ms"),
    Index("submissions_digest", "digest"),
    Index("submissions_done", "tenant", "done_ms"),
)

# Decisions that wait for a person.
cases = Table(
    "cases",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("submission", ID, ForeignKey("submissions.id"), nullable=False, unique=True),
    Column("state", String(10), nullable=False),  # see cases.State
    Column("harm", String(32), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("probability", Float, nullable=False),
    Column("rank", Float, nullable=False),  # severity x probability; age is added when the queue is read
    Column("asked", String(8), nullable=False),  # the action that the policy asked for
    Column("made_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("claimed_by", ID, nullable=True),
    Column("claimed_ms", BigInteger, nullable=False, default=0),  # until when
    Column("assigned_to", ID, nullable=True),
    Column("second", Boolean, nullable=False, default=False),  # a blind second review is asked for
    Column("golden", String(8), nullable=False, default=""),  # the known answer of a golden item
    Column("decided", String(8), nullable=False, default=""),
    Column("decided_by", ID, nullable=True),
    Column("decided_ms", BigInteger, nullable=True),
    Column("effect_ms", BigInteger, nullable=True),  # when the undo window closes
    Column("entry", BigInteger, nullable=True),  # of the person's decision in the ledger
    Index("cases_open", "tenant", "state", "due_ms"),
    Index("cases_effect", "state", "effect_ms"),
)
events = Table(
    "events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("person", ID, nullable=True),  # NULL: the service itself
    Column("at_ms", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),
    Column("data", LargeBinary, nullable=False),  # JSON
    Index("events_case", "case_id", "id"),
)

appeals = Table(
    "appeals",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("submission", ID, ForeignKey("submissions.id"), nullable=False),
    Column("code", HASH, nullable=False, unique=True),  # hash of the code that its author holds
    Column("state", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("reviewer", ID, nullable=True),
    Column("outcome", String(8), nullable=False, default=""),
    Column("notice", Text, nullable=False, default=""),
    Column("notice_zh", Text, nullable=False, default="", server_default=""),
    Column("decided_ms", BigInteger, nullable=True),
    Column("entry", BigInteger, nullable=True),
    Index("appeals_open", "tenant", "state", "due_ms"),
)
# The codes with which those whom a decision concerns contest it without an account.
contests = Table(
    "contests",
    metadata,
    Column("submission", ID, ForeignKey("submissions.id"), primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("digest", HASH, nullable=False, unique=True),  # of the code
    Column("sealed", LargeBinary, nullable=False),  # the code under the master key, to be told again
    Column("made_ms", BigInteger, nullable=False),
)

# What others complain of, and what was taken down or disposed of.
complaints = Table(
    "complaints",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("state", String(10), nullable=False),
    Column("what", String(16), nullable=False),  # see complaints.Ground
    Column("facts", LargeBinary, nullable=False),  # JSON, see complaints.Complaint
    Column("contact", LargeBinary, nullable=True),  # under the master key
    Column("submission", ID, ForeignKey("submissions.id"), nullable=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("outcome", String(8), nullable=False, default=""),
    Column("decided_by", ID, nullable=True),
    Column("decided_ms", BigInteger, nullable=True),
    Index("complaints_open", "tenant", "state", "due_ms"),
)
measures = Table(
    "measures",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("kind", String(8), nullable=False),  # see measures.Disposed
    Column("deed", String(12), nullable=False),  # see measures.Deed
    Column("harm", String(32), nullable=False),
    Column("facts", LargeBinary, nullable=False),  # JSON, see measures.Measure
    Column("submission", ID, ForeignKey("submissions.id"), nullable=True),
    Column("complaint", ID, ForeignKey("complaints.id"), nullable=True),
    Column("person", ID, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("measures_time", "tenant", "at_ms"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("title", NAME, nullable=False),
    Column("facts", LargeBinary, nullable=False),  # JSON, see incidents.Incident
    Column("state", String(10), nullable=False),
    Column("found_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger, nullable=True),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("facts", LargeBinary, nullable=False),  # JSON, see campaigns.Campaign
    Column("from_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
)

# Who may sign in, and programs with tokens.
people = Table(
    "people",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("login", String(80), nullable=False, unique=True),
    Column("shown", NAME, nullable=False),
    Column("roles", String(200), nullable=False),  # with commas
    Column("password", Text, nullable=False),  # Argon2id; empty for those who come through OIDC alone
    Column("second", LargeBinary, nullable=True),  # the secret of one-time codes, under the master key
    Column(
        "second_used", BigInteger, nullable=False, default=0
    ),  # the newest code's time step: none counts twice
    Column("settings", LargeBinary, nullable=False),  # JSON
    Column("state", String(8), nullable=False),
    Column("failed", Integer, nullable=False, default=0),
    Column("locked_ms", BigInteger, nullable=False, default=0),
    Column("made_ms", BigInteger, nullable=False),
    Column("issuer", Text, nullable=True),  # who come through OIDC are known by issuer and subject alone
    Column("subject", Text, nullable=True),
    Index("people_subject", "issuer", "subject", unique=True),
)
# Values that count once, such as the state of a sign-in, by digest.
spent = Table(
    "spent",
    metadata,
    Column("digest", HASH, primary_key=True),
    Column("ends_ms", BigInteger, nullable=False),  # when it would not count any more anyhow
)
sessions = Table(
    "sessions",
    metadata,
    Column("digest", HASH, primary_key=True),  # SHA-256 of the cookie: a stolen table opens nothing
    Column("person", ID, ForeignKey("people.id"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
)
tokens = Table(
    "tokens",
    metadata,
    Column("id", ID, primary_key=True),
    Column("digest", HASH, nullable=False, unique=True),
    Column("tenant", TENANT, nullable=False),
    Column("name", NAME, nullable=False),
    Column("roles", String(200), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger, nullable=True),
)

# Notices to other systems, written in the transaction of what they tell of.
hooks = Table(
    "hooks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", String(400), nullable=False),  # with commas
    Column("secret", LargeBinary, nullable=False),  # under the master key
    Column("state", String(8), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", ID, primary_key=True),
    Column("hook", ID, ForeignKey("hooks.id"), nullable=False),
    Column("event", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_ms", BigInteger, nullable=False),
    Column("leased_ms", BigInteger, nullable=False, default=0),
    Column("answer", Text, nullable=False, default=""),
    Column("made_ms", BigInteger, nullable=False),
    Index("outbox_due", "state", "next_ms"),
)

# Policies that were proposed for force, and who agreed.
promotions = Table(
    "promotions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("tenant", TENANT, nullable=False),
    Column("policy", HASH, nullable=False),
    Column("facts", LargeBinary, nullable=False),  # JSON
    Column("state", String(10), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("made_by", ID, nullable=False),
    Column("agreed_by", ID, nullable=True),
    Column("agreed_ms", BigInteger, nullable=True),
)
