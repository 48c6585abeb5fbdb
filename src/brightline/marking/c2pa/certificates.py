"""Check a signer's certificate chain before anything is signed, by the certificate profile of C2PA 2.4, 14.5.

A verifier would reject the same chain later, with a code and no advice; here the sentence says what to ask the
certificate authority for.
"""

import datetime as dt
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from brightline.core.errors import MarkingError

CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")  # c2pa-kp-claimSigning
ALLOWED_USES = (
    CLAIM_SIGNING,
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.4"),  # emailProtection
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning
)
_ANY_USE = x509.ObjectIdentifier("2.5.29.37.0")
_OTHER_DUTIES = {
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.8"): "time stamping",
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.9"): "OCSP signing",
}
RSA_LEAST_BITS = 2048  # C2PA 2.4, 13.2.1
CHAIN_LIMIT = 10  # certificates; public chains have two to four
PEM_LIMIT_BYTES = 256 * 1024


class Algorithm(StrEnum):
    """Signature algorithms that C2PA 2.4, 13.2.1 allows."""

    ES256 = "es256"
    ES384 = "es384"
    ES512 = "es512"
    PS256 = "ps256"
    ED25519 = "ed25519"


_E = TypeVar("_E", bound=x509.ExtensionType)
_CURVES = {"secp256r1": Algorithm.ES256, "secp384r1": Algorithm.ES384, "secp521r1": Algorithm.ES512}


def read_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Certificates of a PEM file: the signer's own first, each followed by its issuer.

    Raises:
        MarkingError: not PEM, empty or too long.
    """
    if len(pem) > PEM_LIMIT_BYTES:
        raise MarkingError(f"the certificate chain has {len(pem)} bytes, the limit is {PEM_LIMIT_BYTES}")
    try:
        chain = tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise MarkingError("the certificate chain is not PEM, expected `BEGIN CERTIFICATE` blocks") from error
    if len(chain) > CHAIN_LIMIT:
        raise MarkingError(f"the chain has {len(chain)} certificates, the limit is {CHAIN_LIMIT}")
    return chain


def check_chain(chain: tuple[x509.Certificate, ...], at: dt.datetime) -> Algorithm:
    """The algorithm that the chain's key signs with, once the chain is found fit.

    Args:
        chain: the signer's certificate first; the root may be left out.
        at: the time of signing, with its offset.

    Raises:
        MarkingError: what a verifier would reject, and what to ask for.
    """
    leaf = chain[0]
    for number, certificate in enumerate(chain):
        _check_validity(certificate, at, "the signer's" if number == 0 else f"the chain's {number + 1}.")
    if leaf.issuer == leaf.subject:
        raise MarkingError(
            "the signer's certificate is self-signed, which C2PA forbids; have an authority issue it"
        )
    _check_uses(leaf)
    for lower, upper in pairwise(chain):
        _check_issued(lower, upper)
    return algorithm_of(leaf.public_key())


def algorithm_of(key: CertificatePublicKeyTypes) -> Algorithm:
    """The C2PA algorithm of a public key.

    Raises:
        MarkingError: C2PA allows no algorithm for that key.
    """
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_LEAST_BITS:
            raise MarkingError(f"the RSA key has {key.key_size} bits, C2PA asks for {RSA_LEAST_BITS} or more")
        return Algorithm.PS256
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Algorithm.ED25519
    raise MarkingError(
        "C2PA does not allow this kind of key; use P-256, P-384, P-521, RSA of 2048 bits or Ed25519"
    )


def _check_validity(certificate: x509.Certificate, at: dt.datetime, whose: str) -> None:
    if at > certificate.not_valid_after_utc:
        raise MarkingError(
            f"{whose} certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}; renew it first"
        )
    if at < certificate.not_valid_before_utc:
        raise MarkingError(
            f"{whose} certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d}; it is {at:%Y-%m-%d}"
        )


def _check_uses(leaf: x509.Certificate) -> None:
    basic = _extension(leaf, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise MarkingError(
            "the signer's certificate is one of an authority (CA); use one issued for signing claims"
        )
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise MarkingError("the signer's certificate lacks the key usage `digitalSignature`")
    uses = set(_extension(leaf, x509.ExtendedKeyUsage) or ())
    if _ANY_USE in uses or not uses.intersection(ALLOWED_USES):
        raise MarkingError(
            "the signer's certificate lacks an extended key usage for C2PA; ask for c2pa-kp-claimSigning "
            f"({CLAIM_SIGNING.dotted_string}), or emailProtection or documentSigning, and never anyExtendedKeyUsage"
        )
    for use, name in _OTHER_DUTIES.items():
        if use in uses:
            raise MarkingError(
                f"the signer's certificate is for {name} too, which C2PA forbids beside signing claims"
            )
    if _extension(leaf, x509.AuthorityKeyIdentifier) is None:
        raise MarkingError(
            "the signer's certificate has no authority key identifier, which C2PA 2.4, 14.5.1 asks for"
        )


def _check_issued(lower: x509.Certificate, upper: x509.Certificate) -> None:
    try:
        lower.verify_directly_issued_by(upper)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise MarkingError(
            f"`{lower.subject.rfc4514_string()[:80]}` was not issued by the certificate that follows it; "
            "put the signer's first and each issuer after it"
        ) from error


def _extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
