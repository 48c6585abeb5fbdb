"""The ledger's entry: what one line of the log says of one decision. Digests and the decision, never content."""

import hashlib
import re

import msgspec

from brightline.core.decision import Decision
from brightline.core.errors import LedgerError, VerificationError
from brightline.core.finding import Examination
from brightline.core.subject import Kind
from brightline.core.wire import canonical, read
from brightline.ledger.merkle import leaf_hash

ENTRY_VERSION = 1
ENTRY_LIMIT_BYTES = 65_535  # C2SP tlog-tiles: an entry's length is a uint16
EXAMINATION_LIMIT_BYTES = 256 * 1024 * 1024  # a quarter of what SQLite and PostgreSQL take in one value


_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the log; its canonical JSON is the Merkle leaf.

    The digests of subject, examination, policy and detectors stand in the decision.

    Attributes:
        version: of this format.
        time: when it was recorded, RFC 3339 UTC.
        kind: what the subject was.
        size_bytes: length of the subject.
        decision: the decision; without its matches when the whole would be too long for an entry.
        whole: SHA-256 of the whole decision when the matches are left out, else empty; the store keeps it beside.
        job: the caller's key for this piece of work, 64 hex digits, or empty.
    """

    version: int
    time: str
    kind: Kind
    size_bytes: int
    decision: Decision
    whole: str = ""
    job: str = ""

    @property
    def subject(self) -> str:
        """Digest of the subject."""
        return self.decision.subject

    @property
    def examination(self) -> str:
        """Digest of the examination, which the store keeps beside the log."""
        return self.decision.examination


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry made ready for the log: its bytes, its leaf hash and the evidence that goes beside it."""

    data: bytes
    leaf: bytes
    subject: str
    examination: str
    examination_data: bytes
    job: str
    whole: bytes = b""  # canonical bytes of a decision too long for an entry


def draft(examination: Examination, decision: Decision, *, time: str, job: str = "") -> Draft:
    """Make an entry of a decision and the examination it rests on.

    Args:
        examination: all that was found.
        decision: made from exactly that examination.
        time: RFC 3339 UTC.
        job: the caller's key, 64 lower-case hex digits, or empty.

    Raises:
        LedgerError: the decision is not about this examination, or the job key is malformed.
    """
    examination_data = canonical(examination)
    digest = hashlib.sha256(examination_data).hexdigest()
    _check(examination, decision, digest, len(examination_data), job)
    facts, whole = examination.facts, b""
    entry = Entry(
        version=ENTRY_VERSION,
        time=time,
        kind=facts.kind,
        size_bytes=facts.size_bytes,
        decision=decision,
        job=job,
    )
    data = canonical(entry)
    if len(data) > ENTRY_LIMIT_BYTES:
        whole = canonical(decision)
        brief = msgspec.structs.replace(decision, matches=())
        whole_digest = hashlib.sha256(whole).hexdigest()
        data = canonical(msgspec.structs.replace(entry, decision=brief, whole=whole_digest))
    return Draft(
        data=data,
        leaf=leaf_hash(data),
        subject=decision.subject,
        examination=digest,
        examination_data=examination_data,
        job=job,
        whole=whole,
    )


def read_entry(data: bytes) -> Entry:
    """Decode an entry's bytes.

    Raises:
        VerificationError: they are no entry, or of a version that this release does not know.
    """
    try:
        entry = read(data, Entry)
    except msgspec.DecodeError as error:
        raise VerificationError(f"malformed entry: {error}") from error
    if entry.version != ENTRY_VERSION:
        raise VerificationError(f"entry of version {entry.version}, expected {ENTRY_VERSION}")
    return entry


def is_digest(text: str) -> bool:
    """Whether a text is 64 lower-case hex digits."""
    return _DIGEST(text) is not None


def _check(examination: Examination, decision: Decision, digest: str, size_bytes: int, job: str) -> None:
    if decision.examination != digest:
        raise LedgerError(f"decision rests on examination `{decision.examination}`, given is `{digest}`")
    if decision.subject != examination.facts.digest or decision.detectors != examination.detectors:
        raise LedgerError(
            f"decision on `{decision.subject}` names another subject or detectors than its examination"
        )
    for name in (decision.subject, decision.policy, decision.detectors):
        if not is_digest(name):
            raise LedgerError(f"{name[:80]!r} is no digest: expected 64 lower-case hex digits")
    if job and not is_digest(job):
        raise LedgerError(f"job key {job[:80]!r} is not 64 lower-case hex digits")
    if size_bytes > EXAMINATION_LIMIT_BYTES:
        raise LedgerError(f"examination of {size_bytes} bytes, expected at most {EXAMINATION_LIMIT_BYTES}")
