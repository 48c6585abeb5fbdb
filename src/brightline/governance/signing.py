"""OpenSSF Model Signing v1.0: sign a model's manifest, and verify a signature against the files that are there.

The signature is a Sigstore bundle (v0.3) around a DSSE envelope around an in-toto statement that lists every file with
its digest. Written by us rather than by `model-signing` 1.1.1: that brings Sigstore's client, its network code and 30
packages, forgets pyOpenSSL, and prints; the tests hold both to each other, both ways. Keyless Sigstore signatures need a
transparency log and its trust root, which are online: they are told apart and never called verified.

Sources: sigstore/model-transparency, docs/model_signing_format.md (v1.0); sigstore protobuf-specs, bundle v0.3.
"""

import base64
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from brightline.core.errors import GovernanceError
from brightline.governance.certificates import load_certificates, read_chain, verify_chain
from brightline.governance.dsse import (
    ENVELOPE_LIMIT_BYTES,
    IN_TOTO,
    Envelope,
    decoded,
    pae,
    payload_of,
    seal,
)
from brightline.governance.keys import PublicKey, Signer, hint_of, holds
from brightline.governance.manifest import GIT_PATHS, Manifest, read_manifest
from brightline.governance.signed_files import PREDICATE, STATEMENT, compare, read_listed

SIGNATURE_FILE = "model.sig"  # where the signature of a folder usually stands
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
DIFFERENCES_SHOWN = 20  # files; the rest is counted


class Verdict(StrEnum):
    """What a verification says."""

    VERIFIED = "verified"
    WRONG = "wrong"  # a byte, file, key or certificate is not what was signed
    UNDECIDED = "undecided"  # nothing can be said: no key, or a form that needs the network


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found.

    Attributes:
        verdict: see there.
        why: one line.
        signer: the key's hint, or the certificate's subject.
        differences: files that changed, are missing, or were added; at most `DIFFERENCES_SHOWN`.
        uncovered: files that are there and that the signature leaves out on purpose.
        expired: the certificate ended on that date, which without a timestamp speaks neither for nor against.
    """

    verdict: Verdict
    why: str
    signer: str = ""
    differences: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    expired: str = ""


def sign_model(
    target: Path, signer: Signer, file: Path, *, chain: Sequence[x509.Certificate] = ()
) -> Manifest:
    """Sign every file of a target and write the signature.

    Args:
        target: folder or file.
        signer: an ECDSA key; Model Signing knows no Ed25519.
        file: where the signature goes; may be in the target, and is then left out of it.
        chain: certificates, the signer's own first; without them the bundle names the key.

    Raises:
        GovernanceError: the key does not fit, the target has links, or something cannot be read or written.
    """
    if not hasattr(signer.private, "curve"):
        raise GovernanceError("OpenSSF Model Signing signs with ECDSA keys: make one with --kind p256")
    if chain and chain[0].public_key() != signer.public:
        raise GovernanceError("the first certificate of the chain is not that of the key")
    left_out = (*GIT_PATHS, *_inside(target, file))
    manifest = read_manifest(target, leave_out=left_out)
    if manifest.links:
        raise GovernanceError(f"`{manifest.links[0]}` is a link: a signature covers files, so copy it in")
    envelope = seal(msgspec.json.encode(_statement(manifest, left_out)), signer)
    bundle = {
        "mediaType": BUNDLE,
        "verificationMaterial": {**_material(signer, chain), "tlogEntries": []},
        "dsseEnvelope": _as_sigstore(envelope),
    }
    try:
        file.write_bytes(msgspec.json.encode(bundle))
    except OSError as error:
        raise GovernanceError(f"cannot write `{file}`: {(error.strerror or '').lower()}") from error
    return manifest


def verify_model(
    target: Path, file: Path, *, keys: Sequence[PublicKey] = (), roots: Sequence[x509.Certificate] = ()
) -> Verified:
    """Whether a target is, byte for byte, what somebody we trust signed.

    Args:
        target: folder or file.
        file: the signature.
        keys: public keys that are trusted.
        roots: root certificates that are trusted.

    Raises:
        GovernanceError: the target or the signature cannot be read at all.
    """
    bundle = _read_bundle(file)
    try:
        envelope = msgspec.convert(bundle.get("dsseEnvelope"), Envelope)
    except msgspec.ValidationError:
        return Verified(verdict=Verdict.WRONG, why="the signature's envelope is malformed")
    trusted = _trusted(bundle, envelope, keys, roots)
    if trusted.verdict is not Verdict.VERIFIED:
        return trusted
    try:
        listed = read_listed(payload_of(envelope))
    except GovernanceError as error:
        return Verified(verdict=Verdict.WRONG, why=str(error), signer=trusted.signer)
    if not listed.understood:
        why = f"the digests are `{listed.method}` with `{listed.algorithm}`, which we cannot compute"
        return Verified(verdict=Verdict.UNDECIDED, why=why, signer=trusted.signer)
    compared = compare(target, listed, own=_inside(target, file))
    verdict = Verdict.WRONG if compared.differences else Verdict.VERIFIED
    return msgspec.structs.replace(
        trusted,
        verdict=verdict,
        why=compared.why,
        differences=compared.differences[:DIFFERENCES_SHOWN],
        uncovered=compared.uncovered,
    )


def signature_file_of(target: Path) -> Path | None:
    """The signature that stands in a folder, or beside a file; None where there is none."""
    place = target / SIGNATURE_FILE if target.is_dir() else target.with_name(f"{target.name}.sig")
    return place if place.is_file() else None


def signing_certificates(file: Path) -> tuple[x509.Certificate, ...]:
    """The chain to sign with, the signer's own certificate first.

    Raises:
        GovernanceError: the file holds none.
    """
    return load_certificates(file)


def _statement(manifest: Manifest, left_out: Sequence[str]) -> dict[str, Any]:
    return {
        "_type": STATEMENT,
        "subject": [{"name": manifest.name, "digest": {"sha256": manifest.digest}}],
        "predicateType": PREDICATE,
        "predicate": {
            "serialization": {
                "method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": [*left_out],
            },
            "resources": [
                {"name": one.path, "algorithm": "sha256", "digest": one.digest} for one in manifest.files
            ],
        },
    }  # fmt: skip


def _material(signer: Signer, chain: Sequence[x509.Certificate]) -> dict[str, Any]:
    if not chain:
        return {"publicKey": {"hint": signer.hint}}
    raw = [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in chain]
    return {"x509CertificateChain": {"certificates": [{"rawBytes": one} for one in raw]}}


def _as_sigstore(envelope: Envelope) -> dict[str, Any]:
    """Sigstore wants the key named in the material, not in the envelope."""
    plain: dict[str, Any] = msgspec.to_builtins(envelope)
    return {**plain, "signatures": [{"sig": one.sig, "keyid": ""} for one in envelope.signatures]}


def _inside(target: Path, file: Path) -> tuple[str, ...]:
    """The signature's own path in the target, if it stands there."""
    try:
        return (file.resolve().relative_to(target.resolve()).as_posix(),) if target.is_dir() else ()
    except ValueError:
        return ()


def _read_bundle(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > ENVELOPE_LIMIT_BYTES:
            raise GovernanceError(f"the signature `{file}` is larger than {ENVELOPE_LIMIT_BYTES} bytes")
        bundle = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise GovernanceError(
            f"cannot read the signature `{file}`: {(error.strerror or '').lower()}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GovernanceError(f"`{file}` is no Sigstore bundle: {error}") from error
    if bundle.get("mediaType") != BUNDLE:
        raise GovernanceError(f"`{file}` is no Sigstore bundle of version 0.3")
    return bundle


def _trusted(
    bundle: dict[str, Any], envelope: Envelope, keys: Sequence[PublicKey], roots: Sequence[x509.Certificate]
) -> Verified:
    """Who signed, if it is somebody that we trust."""
    material = bundle.get("verificationMaterial")
    material = material if isinstance(material, dict) else {}
    if "certificate" in material:
        why = "signed without a key (Sigstore): verifying it needs the transparency log's trust root, online"
        return Verified(verdict=Verdict.UNDECIDED, why=why)
    try:
        message, value = pae(envelope.payloadType, payload_of(envelope)), decoded(envelope.signatures[0].sig)
    except (GovernanceError, IndexError):
        return Verified(verdict=Verdict.WRONG, why="the signature's envelope is malformed")
    if envelope.payloadType != IN_TOTO:
        return Verified(
            verdict=Verdict.WRONG, why=f"the payload is `{envelope.payloadType[:80]}`, expected in-toto"
        )
    if "x509CertificateChain" in material:
        return _by_certificate(material, message, value, roots)
    return _by_key(message, value, keys)


def _by_key(message: bytes, value: bytes, keys: Sequence[PublicKey]) -> Verified:
    if not keys:
        return Verified(verdict=Verdict.UNDECIDED, why="no public key was given to verify it with")
    signed = next((key for key in keys if holds(key, value, message)), None)
    if signed is None:
        return Verified(
            verdict=Verdict.WRONG, why="none of the given keys made this signature over this payload"
        )
    return Verified(verdict=Verdict.VERIFIED, why="", signer=hint_of(signed))


def _by_certificate(
    material: dict[str, Any], message: bytes, value: bytes, roots: Sequence[x509.Certificate]
) -> Verified:
    if not roots:
        return Verified(verdict=Verdict.UNDECIDED, why="no root certificate was given to verify it with")
    try:
        raw = [decoded(one["rawBytes"]) for one in material["x509CertificateChain"]["certificates"]]
        chain = verify_chain(read_chain(raw), roots)
    except (GovernanceError, KeyError, TypeError) as error:
        why = str(error) if isinstance(error, GovernanceError) else "its chain of certificates is malformed"
        return Verified(verdict=Verdict.WRONG, why=why)
    if not holds(chain.key, value, message):
        return Verified(verdict=Verdict.WRONG, why="the certificate's key did not make this signature")
    expired = chain.until if chain.expired else ""
    return Verified(verdict=Verdict.VERIFIED, why="", signer=chain.subject, expired=expired)
