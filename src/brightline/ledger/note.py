"""C2SP signed notes, checkpoints and witness cosignatures, with keys in the text formats of Go's `note` package.

Sources: c2sp.org/signed-note@v1.0.0, c2sp.org/tlog-checkpoint@v1.0.0, c2sp.org/tlog-cosignature (Ed25519).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from enum import IntEnum

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from brightline.core.errors import LedgerError, VerificationError

NOTE_LIMIT_BYTES = (
    1 << 20
)  # C2SP asks for a limit; a checkpoint with a hundred cosignatures stays under 20 kB
SIGNATURES_LIMIT = 100  # the same limit as Go's note.Open
KEY_BYTES = 32
SIGNATURE_BYTES = 64
TIMESTAMP_BYTES = 8
TIMESTAMP_LIMIT = 1 << 63  # tlog-cosignature: a timestamp must not exceed 2^63 - 1
DASH = "— "


class Algorithm(IntEnum):
    """Signature type bytes of signed notes that we know."""

    ED25519 = 0x01
    COSIGNATURE = 0x04  # Ed25519 with a timestamp, by a witness


class VerifierKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key that may verify notes; its text form is a Go `vkey`."""

    name: str
    public: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def id(self) -> bytes:
        """SHA-256(name || 0x0A || algorithm || public key)[:4]."""
        material = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(material).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encode(bytes([self.algorithm]) + self.public)}"


class SignerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A private key that signs notes; its text form is a Go `skey`. `repr` never shows the seed."""

    name: str
    seed: bytes  # 32 bytes, RFC 8032
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def private(self) -> Ed25519PrivateKey:
        """The key to sign with."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = self.private.public_key().public_bytes_raw()
        return VerifierKey(name=self.name, public=public, algorithm=self.algorithm)

    @property
    def skey(self) -> str:
        """The secret text: `PRIVATE+KEY+name+id+base64(algorithm || seed)`."""
        return (
            f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{_encode(bytes([self.algorithm]) + self.seed)}"
        )

    def __repr__(self) -> str:
        return f"SignerKey(name={self.name!r}, id={self.verifier.id.hex()})"


class Signature(msgspec.Struct, frozen=True):
    """One signature line of a note, not yet verified."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"{DASH}{self.name} {_encode(self.key_id + self.value)}\n"


class Note(msgspec.Struct, frozen=True):
    """A note taken apart: its text (with the final newline) and its signature lines, none verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A tree head: what a log commits to. Extension lines are neither written nor accepted."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"


def check_name(name: str) -> str:
    """Give back a name that may stand in keys and checkpoints.

    Raises:
        LedgerError: it is empty or holds a space, a plus sign or a control character.
    """
    if not name or "+" in name or any(char.isspace() or not char.isprintable() for char in name):
        raise LedgerError(
            f"key name {name!r} is not usable: expected no spaces, no `+`, such as `example.com/log`"
        )
    return name


def parse_vkey(text: str) -> VerifierKey:
    """Read a Go `vkey`: `name+id+base64(algorithm || public key)`.

    Raises:
        LedgerError: it is malformed, of an algorithm that we do not know, or its id is not its key's.
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    algorithm, public = _key_material(encoded, text)
    key = VerifierKey(name=check_name(name), public=public, algorithm=algorithm)
    if key.id.hex() != key_id:
        raise LedgerError(f"verifier key of `{name}` has id `{key_id}`, expected `{key.id.hex()}`")
    return key


def parse_skey(text: str) -> SignerKey:
    """Read a Go `skey`: `PRIVATE+KEY+name+id+base64(algorithm || seed)`.

    Raises:
        LedgerError: it is malformed; the message never quotes it.
    """
    parts = text.strip().split("+", 4)
    if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
        raise LedgerError("no signer key: expected one line `PRIVATE+KEY+name+id+key`")
    algorithm, seed = _key_material(parts[4], "signer key")
    key = SignerKey(name=check_name(parts[2]), seed=seed, algorithm=algorithm)
    if key.verifier.id.hex() != parts[3]:
        raise LedgerError(f"signer key of `{key.name}` has id `{parts[3]}`, which is not its key's")
    return key


def sign(text: str, key: SignerKey) -> Signature:
    """Sign a note's text, which must end in a newline, as the log itself (type 0x01)."""
    return Signature(key.name, key.verifier.id, key.private.sign(text.encode()))


def cosign(text: str, key: SignerKey, timestamp: int) -> Signature:
    """Sign a checkpoint's text as a witness (type 0x04) that saw it at `timestamp`, seconds since the epoch."""
    value = key.private.sign(_cosigned(text, timestamp))
    return Signature(key.name, key.verifier.id, timestamp.to_bytes(TIMESTAMP_BYTES, "big") + value)


def holds(text: str, signature: Signature, key: VerifierKey) -> bool:
    """Whether a signature line is by that key, and good."""
    if (signature.name, signature.key_id) != (key.name, key.id):
        return False
    value, message = signature.value, text.encode()
    if key.algorithm is Algorithm.COSIGNATURE:
        timestamp, value = int.from_bytes(value[:TIMESTAMP_BYTES], "big"), value[TIMESTAMP_BYTES:]
        if timestamp >= TIMESTAMP_LIMIT:
            return False
        message = _cosigned(text, timestamp)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def timestamp_of(signature: Signature) -> int:
    """When a witness cosigned, seconds since the epoch; only for signatures of type 0x04."""
    return int.from_bytes(signature.value[:TIMESTAMP_BYTES], "big")


def parse_note(text: str) -> Note:
    """Take a signed note apart, strictly; verifies nothing.

    Raises:
        VerificationError: it is no signed note, or it is over a limit.
    """
    if len(text) > NOTE_LIMIT_BYTES:
        raise VerificationError(f"note of {len(text)} characters, expected at most {NOTE_LIMIT_BYTES}")
    if any(char < " " and char != "\n" for char in text):
        raise VerificationError("note holds control characters")
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise VerificationError("note has no signatures: expected text, a blank line and signature lines")
    return Note(body + "\n", parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, such as a witness answers with.

    Raises:
        VerificationError: a line is malformed, or there are more than a hundred.
    """
    signatures = tuple(_signature(line) for line in lines.removesuffix("\n").split("\n"))
    if len(signatures) > SIGNATURES_LIMIT:
        raise VerificationError(f"note has {len(signatures)} signatures, expected at most {SIGNATURES_LIMIT}")
    return signatures


def verified_by(note: Note, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """Keys whose signature on the note holds; signatures of unknown keys do not count.

    Raises:
        VerificationError: a signature carries a given key's name and id but is not good.
    """
    good = []
    for key in keys:
        mine = [line for line in note.signatures if (line.name, line.key_id) == (key.name, key.id)]
        if not all(holds(note.text, line, key) for line in mine):
            raise VerificationError(f"signature of `{key.name}` does not hold")
        if mine:
            good.append(key)
    return good


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint note (without signatures), strictly.

    Raises:
        VerificationError: it is not origin, size and root, one a line.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise VerificationError("checkpoint is not three lines of origin, size and root")
    if not is_number(lines[1]):
        raise VerificationError(f"checkpoint size {lines[1][:20]!r} is no number")
    root = _decode(lines[2])
    if root is None or len(root) != KEY_BYTES:
        raise VerificationError("checkpoint root is not 32 bytes of base64")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def open_checkpoint(text: str, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Checkpoint:
    """The checkpoint that a note carries, once the log and every given witness are seen to have signed it.

    Raises:
        VerificationError: a signature is missing or bad, or the note is not the log's checkpoint.
    """
    note = parse_note(text)
    missing = [key.name for key in (log, *witnesses) if key not in verified_by(note, [key])]
    if missing:
        raise VerificationError(f"checkpoint is not signed by `{missing[0]}`")
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != log.name:
        raise VerificationError(f"checkpoint is of `{checkpoint.origin}`, expected `{log.name}`")
    return checkpoint


def is_number(text: str) -> bool:
    """Whether a text is an ASCII decimal below 10^18 without leading zeros."""
    return len(text) <= 18 and text.isascii() and text.isdecimal() and str(int(text)) == text


def _cosigned(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    data = _decode(encoded)
    if not line.startswith(DASH) or not name or data is None or len(data) < 5:
        raise VerificationError(f"malformed signature line {line[:40]!r}")
    return Signature(name, data[:4], data[4:])


def _key_material(encoded: str, shown: str) -> tuple[Algorithm, bytes]:
    data = _decode(encoded)
    if data is None or len(data) != 1 + KEY_BYTES or data[0] not in set(Algorithm):
        raise LedgerError(f"{shown[:80]!r} is no Ed25519 key: expected `name+id+key`")
    return Algorithm(data[0]), data[1:]


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Without this, spare bits at the end could be changed without anybody noticing.
    return data if _encode(data) == text else None
