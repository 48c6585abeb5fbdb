"""What stands first and last in a backup: what it holds, and by which its reader knows that nothing is missing.

`begin.json`, rows and files, `end.json`, and `end.note`: the digest of `end.json` signed with the ledger's key, so that a
backup of somebody else's, or one that was changed, is refused.
"""

import hashlib
import hmac
from typing import TypeVar

import msgspec

from brightline.core.errors import VerificationError
from brightline.core.wire import canonical, read
from brightline.ledger.note import Note, SignerKey, VerifierKey, parse_note, sign, verified_by
from brightline.review.backup.rows import Sum

FORMAT = 1
MANIFEST_LIMIT_BYTES = 1024 * 1024  # some dozen tables and files
NOTE_HEAD = "brightline/backup/v1"  # no checkpoint begins so: a log's name is the operator's host

T = TypeVar("T")


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of.

    Attributes:
        format: of the archive, 1.
        release: of Brightline.
        made: RFC 3339, UTC: the moment of its rows.
        vkey: the ledger's public key.
        parts: revision of the tables by part, empty for one that counts none.
        checks: by a key file's name, a digest by which the right file is known without holding it.
        keys: names of the key files that the backup holds.
    """

    format: int
    release: str
    made: str
    vkey: str
    parts: dict[str, str]
    checks: dict[str, str]
    keys: tuple[str, ...]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a table holds: rows, and the sum of their digests in hex."""

    rows: int
    total: str


class End(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole backup holds.

    Attributes:
        tables: by `part/table`.
        files: names.
        size: entries of the ledger.
        root: its head, 64 hex digits.
        content: SHA-256 of all members before this one.
    """

    tables: dict[str, Held]
    files: tuple[str, ...]
    size: int
    root: str
    content: str


def held(total: Sum) -> Held:
    """A sum as it is written down."""
    return Held(rows=total.rows, total=f"{total.total:064x}")


def signed(end: bytes, key: SignerKey) -> bytes:
    """The note over `end.json`."""
    text = _text(end)
    return str(Note(text, (sign(text, key),))).encode()


def check_signed(end: bytes, note: bytes, key: VerifierKey) -> None:
    """See that the ledger's key signed this end.

    Raises:
        VerificationError: it did not.
    """
    try:
        found = parse_note(note.decode())
    except UnicodeDecodeError as error:
        raise VerificationError("the backup's signature is no note") from error
    if found.text != _text(end) or not verified_by(found, [key]):
        raise VerificationError(f"the backup was not signed by `{key}`")


def check_of(secret: bytes) -> str:
    """A digest that tells a key file from others and gives nothing of it away: HMAC-SHA-256 under the file itself."""
    return hmac.digest(secret, NOTE_HEAD.encode(), "sha256").hex()


def written(value: Begin | End) -> bytes:
    """Canonical JSON."""
    return canonical(value)


def understood(data: bytes, kind: type[T]) -> T:
    """What `begin.json` or `end.json` says.

    Raises:
        VerificationError: it is malformed.
    """
    if len(data) > MANIFEST_LIMIT_BYTES:
        raise VerificationError("the backup's list of contents is larger than we write")
    try:
        return read(data, kind)
    except msgspec.DecodeError as error:
        raise VerificationError(f"the backup's list of contents is malformed: {error}") from error


def _text(end: bytes) -> str:
    return f"{NOTE_HEAD}\n{hashlib.sha256(end).hexdigest()}\n"
