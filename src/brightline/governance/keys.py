"""Keys that sign models and attestations: Ed25519 or ECDSA on the NIST curves, in PEM, kept by their owner.

A key's hint is the SHA-256 of its public PEM, as OpenSSF Model Signing writes it, so that both sides name it alike.
"""

import hashlib
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from brightline.core.errors import GovernanceError

KEY_LIMIT_BYTES = 64 * 1024  # of a PEM file; a chain of ten certificates takes 20 KiB
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "secp256r1": hashes.SHA256,
    "secp384r1": hashes.SHA384,
    "secp521r1": hashes.SHA512,
}

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | ec.EllipticCurvePublicKey


class Signer(msgspec.Struct, frozen=True):
    """A private key with its hint; `repr` never shows the key."""

    private: PrivateKey
    hint: str

    def __repr__(self) -> str:
        return f"Signer(hint={self.hint!r})"

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return self.private.public_key()

    def sign(self, data: bytes) -> bytes:
        """A signature over the data: 64 bytes for Ed25519, DER for ECDSA with the curve's own hash."""
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(data)
        return self.private.sign(data, ec.ECDSA(_HASHES[self.private.curve.name]()))


def make_key(file: Path, *, kind: str = "p256") -> Signer:
    """Make a key and write it in PEM, readable by its owner alone, with its public half beside it (`.pub`).

    Args:
        file: where the private key goes; nothing that is there is overwritten.
        kind: `p256` or `p384`, which OpenSSF Model Signing takes too, or `ed25519`.

    Raises:
        GovernanceError: the kind is unknown, or a file is there already or cannot be written.
    """
    makers = {"p256": ec.SECP256R1, "p384": ec.SECP384R1}
    if kind != "ed25519" and kind not in makers:
        raise GovernanceError(f"no kind of key named `{kind}`; known: p256, p384, ed25519")
    private: PrivateKey = (
        Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(makers[kind]())
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        _write_new(file, secret, 0o600)
        _write_new(public_file(file), public_pem(private.public_key()), 0o644)
    except OSError as error:
        raise GovernanceError(f"cannot write the key `{file}`: {(error.strerror or '').lower()}") from error
    return Signer(private, hint_of(private.public_key()))


def public_file(file: Path) -> Path:
    """Where the public half of a key stands: `release.key` has `release.pub` beside it."""
    return file.with_suffix(".pub")


def load_signer(file: Path, passphrase: bytes | None = None) -> Signer:
    """The private key in a PEM file.

    Raises:
        GovernanceError: it cannot be read, others may read it too, or it is of a kind that we do not sign with.
    """
    data = _read(file)
    if file.stat().st_mode & 0o077:
        raise GovernanceError(f"the private key `{file}` may be read by others: `chmod 600` it first")
    try:
        private = serialization.load_pem_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise GovernanceError(f"`{file}` holds no private key in PEM that we can open") from error
    if not isinstance(private, Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise GovernanceError(f"the key in `{file}` is neither Ed25519 nor on a NIST curve")
    return Signer(private, hint_of(usable(private.public_key(), str(file))))


def load_public(file: Path) -> PublicKey:
    """The public key in a PEM file.

    Raises:
        GovernanceError: it cannot be read, or it is of a kind that we do not verify.
    """
    return read_public(_read(file), str(file))


def read_public(data: bytes, name: str) -> PublicKey:
    """The public key in PEM bytes; `name` is how errors call them.

    Raises:
        GovernanceError: they hold none, or one of a kind that we do not verify.
    """
    try:
        public = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise GovernanceError(f"`{name}` holds no public key in PEM") from error
    return usable(public, name)


def holds(public: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether a signature over the data is by that key."""
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(signature, data)
        else:
            public.verify(signature, data, ec.ECDSA(_HASHES[public.curve.name]()))
    except InvalidSignature:
        return False
    return True


def public_pem(public: PublicKey) -> bytes:
    """The public key in PEM."""
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def hint_of(public: PublicKey) -> str:
    """SHA-256 of the public PEM, 64 hex digits."""
    return hashlib.sha256(public_pem(public)).hexdigest()


def usable(public: PublicKeyTypes, name: str) -> PublicKey:
    """The key, if it is of a kind that we verify.

    Raises:
        GovernanceError: it is not.
    """
    if isinstance(public, Ed25519PublicKey):
        return public
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _HASHES:
        return public
    raise GovernanceError(f"the key in `{name}` is neither Ed25519 nor on a NIST curve")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(KEY_LIMIT_BYTES + 1)
    except OSError as error:
        raise GovernanceError(f"cannot read the key `{file}`: {(error.strerror or '').lower()}") from error
    if len(data) > KEY_LIMIT_BYTES:
        raise GovernanceError(f"the key `{file}` is larger than {KEY_LIMIT_BYTES} bytes")
    return data


def _write_new(file: Path, data: bytes, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
