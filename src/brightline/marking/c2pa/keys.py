"""Make a key and certificates for trials: nobody trusts them, and their names say so.

For a signature that others believe, an authority on the C2PA trust list issues the certificate.
"""

import datetime as dt
import os
from pathlib import Path
from typing import assert_never

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from brightline.core.errors import MarkingError
from brightline.marking.c2pa.certificates import CLAIM_SIGNING, Algorithm

UNTRUSTED = "UNTRUSTED TRIAL"
TRIAL_DAYS = 30  # long enough to try, too short to forget in production
NAME_LIMIT = 64 - len(UNTRUSTED) - 10  # X.520: organisation and common name have at most 64 characters
AUTHORITY_FILE = "trial-authority.pem"

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class TrialKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Files that were written.

    Attributes:
        key: private key, PKCS #8 PEM, mode 0600.
        chain: the signer's certificate, PEM.
        authority: certificate of the made-up authority, PEM: an anchor for a trust list of one's own.
    """

    key: Path
    chain: Path
    authority: Path


def make_trial_keys(
    folder: Path,
    organisation: str,
    algorithm: Algorithm = Algorithm.ES256,
    *,
    passphrase: bytes | None = None,
) -> TrialKeys:
    """Write a key, its certificate and the certificate of an authority whose key is thrown away.

    Args:
        folder: where; it is made if need be.
        organisation: name of the organisation, 1 to 39 characters; the certificates add that they are untrusted.
        algorithm: of the key.
        passphrase: encrypts the key.

    Raises:
        MarkingError: a file is already there, or the name does not fit.
    """
    if not 0 < len(organisation) <= NAME_LIMIT:
        raise MarkingError(
            f"the organisation's name has {len(organisation)} characters, expected 1 to {NAME_LIMIT}"
        )
    authority_key, key = _new_key(algorithm), _new_key(algorithm)
    authority_name = _name(organisation, f"{UNTRUSTED} authority")
    authority = _issue(authority_name, authority_name, authority_key, authority_key, is_authority=True)
    leaf = _issue(_name(organisation, UNTRUSTED), authority_name, key, authority_key, is_authority=False)
    encryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=encryption
    )
    made = TrialKeys(
        key=folder / "trial-key.pem", chain=folder / "trial-chain.pem", authority=folder / AUTHORITY_FILE
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write_new(made.key, private)
    _write_new(made.chain, leaf.public_bytes(serialization.Encoding.PEM))
    _write_new(made.authority, authority.public_bytes(serialization.Encoding.PEM))
    return made


def _new_key(algorithm: Algorithm) -> _Key:
    match algorithm:
        case Algorithm.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case Algorithm.ES384:
            return ec.generate_private_key(ec.SECP384R1())
        case Algorithm.ES512:
            return ec.generate_private_key(ec.SECP521R1())
        case Algorithm.PS256:
            return rsa.generate_private_key(public_exponent=65537, key_size=3072)
        case Algorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            assert_never(algorithm)


def _issue(
    subject: x509.Name, issuer: x509.Name, key: _Key, issuer_key: _Key, *, is_authority: bool
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))  # clocks differ
        .not_valid_after(now + dt.timedelta(days=TRIAL_DAYS))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(_usage(is_authority=is_authority), critical=True)
    )
    if not is_authority:
        uses = x509.ExtendedKeyUsage([CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(uses, critical=False)
    return builder.sign(issuer_key, _hash_of(issuer_key))


def _hash_of(key: _Key) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    bits = key.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 256
    return hashes.SHA256() if bits == 256 else hashes.SHA384() if bits == 384 else hashes.SHA512()


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(organisation: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{organisation} {role}"),
        ]
    )


def _write_new(path: Path, data: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise MarkingError(f"`{path}` is already there, and a key is never overwritten") from error
    with os.fdopen(handle, "wb") as file:
        file.write(data)
