"""Whether a chain of certificates leads from the one that signed to a root that the operator trusts.

Answers by axes: the chain as it was when the signing certificate began, as OpenSSF Model Signing verifies it, and
whether the certificate has expired since, which without a trusted timestamp nobody can hold against the signature.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from brightline.core.errors import GovernanceError
from brightline.governance.keys import KEY_LIMIT_BYTES, PublicKey, usable

CHAIN_LIMIT = 8  # intermediate certificates; real chains have one or two


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A chain that holds.

    Attributes:
        key: of the certificate that signed.
        subject: whom that certificate names, RFC 4514.
        expired: it is no longer valid today.
        until: when it ends or ended, ISO date.
    """

    key: PublicKey
    subject: str
    expired: bool
    until: str


def load_certificates(file: Path) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM file, in order.

    Raises:
        GovernanceError: it cannot be read, is too large, or holds none.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise GovernanceError(f"cannot read `{file}`: {(error.strerror or '').lower()}") from error
    if len(data) > KEY_LIMIT_BYTES:
        raise GovernanceError(f"`{file}` is larger than {KEY_LIMIT_BYTES} bytes")
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise GovernanceError(f"`{file}` holds no certificates in PEM") from error


def read_chain(certificates: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Certificates from DER, the one that signed first.

    Raises:
        GovernanceError: there is none, there are too many, or one is malformed.
    """
    if not 1 <= len(certificates) <= CHAIN_LIMIT:
        raise GovernanceError(f"a chain of {len(certificates)} certificates, expected 1 to {CHAIN_LIMIT}")
    try:
        return tuple(x509.load_der_x509_certificate(one) for one in certificates)
    except ValueError as error:
        raise GovernanceError("a certificate in the signature is malformed") from error


def verify_chain(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime | None = None
) -> Chain:
    """The chain, once it leads to a root and its first certificate may sign.

    Args:
        chain: the certificate that signed, then those between it and a root.
        roots: what the operator trusts; nothing else counts.
        now: the time that expiry is held to, UTC.

    Raises:
        GovernanceError: it does not lead to a root, or the certificate is not for signing.
    """
    leaf = chain[0]
    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, _may_issue
    )
    builder = PolicyBuilder().store(Store(list(roots))).time(leaf.not_valid_before_utc)
    builder = builder.max_chain_depth(CHAIN_LIMIT).extension_policies(
        ca_policy=authority, ee_policy=ExtensionPolicy.permit_all()
    )
    try:
        builder.build_client_verifier().verify(leaf, list(chain[1:]))
    except (VerificationError, ValueError) as error:
        raise GovernanceError(f"the certificate leads to no trusted root: {error}") from error
    if not _may_sign(leaf):
        raise GovernanceError(
            "the certificate is not for signing: neither key usage nor extended key usage allow it"
        )
    subject = leaf.subject.rfc4514_string()
    until = leaf.not_valid_after_utc
    return Chain(
        key=usable(leaf.public_key(), subject),
        subject=subject,
        expired=until < (now or datetime.now(UTC)),
        until=until.date().isoformat(),
    )


def _may_issue(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("a certificate in the chain may not issue others")


def _may_sign(leaf: x509.Certificate) -> bool:
    """Key usage `digitalSignature`, or extended key usage `codeSigning`, as Model Signing asks."""
    try:
        if leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
            return True
    except x509.ExtensionNotFound:
        pass
    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CODE_SIGNING in usages
