"""An organisation's signer: a checked certificate chain and a function that signs; the key itself is never kept here.

The function may stand for a key in a file, in a hardware token, or in a service; every signature is verified with the
certificate before it goes into a file, so a wrong key is found at once and by name.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from brightline.core.errors import MarkingError
from brightline.marking.c2pa.certificates import Algorithm, algorithm_of, check_chain, read_chain
from brightline.marking.c2pa.passphrase import Passphrase, read_passphrase

KEY_LIMIT_BYTES = 64 * 1024  # PEM of one key; RSA of 16384 bits has 13 KB
SHARED_BITS = 0o077  # a key file that group or others can touch is no secret

Sign = Callable[[bytes], bytes]
_HASHES = {
    Algorithm.ES256: hashes.SHA256(),
    Algorithm.ES384: hashes.SHA384(),
    Algorithm.ES512: hashes.SHA512(),
}
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)  # RFC 8230, 2


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """A time-stamping authority (RFC 3161): the only host that signing may speak to, and only where one is set.

    Attributes:
        url: `http` or `https` address.
        is_required: fail where it does not answer, in place of signing without.
    """

    url: str
    is_required: bool = True

    def __post_init__(self) -> None:
        """Refuse an address without a host, or with a password in it."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise MarkingError("the time-stamping authority needs an address like https://clock.example.com/")

    @property
    def host(self) -> str:
        """Host of the address."""
        return urlsplit(self.url).hostname or ""


class OrganisationSigner(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs: a chain, what its key signs with, and the function that does it.

    Attributes:
        algorithm: of the key.
        chain: the signer's certificate first.
        sign: signature over the given bytes, which it hashes itself; ECDSA as DER or as r and s side by side.
        clock: where timestamps come from; None asks for none.
    """

    algorithm: Algorithm
    chain: tuple[x509.Certificate, ...]
    sign: Sign
    clock: Clock | None = None


def signer_from_callback(
    sign: Sign, chain_pem: bytes, *, clock: Clock | None = None, at: dt.datetime | None = None
) -> OrganisationSigner:
    """A signer whose key is reached through a function: a service, a token, a quorum.

    Args:
        sign: see `OrganisationSigner`.
        chain_pem: certificates, the signer's own first.
        clock: time-stamping authority.
        at: judge the certificates at this time in place of now.

    Raises:
        MarkingError: the chain is not fit for C2PA.
    """
    chain = read_chain(chain_pem)
    algorithm = check_chain(chain, at or dt.datetime.now(dt.UTC))
    return OrganisationSigner(algorithm=algorithm, chain=chain, sign=sign, clock=clock)


def signer_from_files(
    key: Path,
    chain: Path,
    *,
    passphrase: Passphrase | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> OrganisationSigner:
    """A signer whose key lies in a PEM file that only its owner can read.

    Args:
        key: PKCS #8, SEC 1 or PKCS #1, encrypted or not.
        chain: PEM certificates, the signer's own first.
        passphrase: where an encrypted key's passphrase is.
        environ: usually `os.environ`, if the passphrase is in a variable.
        clock: time-stamping authority.

    Raises:
        MarkingError: a file cannot be read, the key is open to others, the passphrase is wrong or missing, the
            certificate is of another key, or the chain is not fit for C2PA. No message quotes a secret.
    """
    private = _read_key(key, read_passphrase(passphrase, environ or {}))
    try:
        signer = signer_from_callback(partial(_sign_with, private), chain.read_bytes(), clock=clock)
    except OSError as error:
        raise MarkingError(f"cannot read the certificate chain `{chain}`: {error.strerror}") from error
    if private.public_key() != signer.chain[0].public_key():
        raise MarkingError(f"the key `{key}` is not the key of the first certificate in `{chain}`")
    return signer


def signature_of(signer: OrganisationSigner, data: bytes) -> bytes:
    """A signature that the certificate verifies: DER for ECDSA, raw for the others.

    Raises:
        MarkingError: the certificate does not verify what the function gave.
    """
    signature = _as_der(signer.sign(data), signer.algorithm)
    try:
        _verify(signer.chain[0].public_key(), signature, data)
    except InvalidSignature as error:
        raise MarkingError(
            "the certificate does not verify the signature: key and certificate do not belong together"
        ) from error
    return signature


def _read_key(path: Path, passphrase: bytes | None) -> PrivateKeyTypes:
    try:
        status = path.stat()
        pem = path.read_bytes() if status.st_size <= KEY_LIMIT_BYTES else b""
    except OSError as error:
        raise MarkingError(f"cannot read the key `{path}`: {error.strerror}") from error
    if status.st_mode & SHARED_BITS:
        raise MarkingError(
            f"the key `{path}` can be used by others (mode {status.st_mode & 0o777:04o}); run chmod 600"
        )
    try:
        return load_pem_private_key(pem, passphrase)
    except TypeError as error:  # the library's word for: encrypted and no passphrase, or the other way round
        wanted = "is encrypted: give its passphrase by file or variable"
        unwanted = "is not encrypted, yet a passphrase was given"
        raise MarkingError(f"the key `{path}` {wanted if passphrase is None else unwanted}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = "is no PEM private key" if passphrase is None else "does not open with that passphrase"
        # Without `from None` a traceback could show what the library was given.
        raise MarkingError(f"the key `{path}` {reason}") from (error if passphrase is None else None)


def _sign_with(key: PrivateKeyTypes, data: bytes) -> bytes:
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(data, ec.ECDSA(_HASHES[algorithm_of(key.public_key())]))
        case rsa.RSAPrivateKey():
            return key.sign(data, _PSS, hashes.SHA256())
        case ed25519.Ed25519PrivateKey():
            return key.sign(data)
        case _:
            raise MarkingError("C2PA does not allow this kind of key")


def _as_der(signature: bytes, algorithm: Algorithm) -> bytes:
    """ECDSA as DER: of the two forms the library takes, the one that cannot be mistaken for the other."""
    sizes = {Algorithm.ES256: 32, Algorithm.ES384: 48, Algorithm.ES512: 66}
    size = sizes.get(algorithm)
    if size is None:
        return signature
    try:
        decode_dss_signature(signature)
    except ValueError:
        if len(signature) != 2 * size:
            raise MarkingError(
                f"an ECDSA signature of {len(signature)} bytes is neither DER nor {2 * size} bytes of r and s"
            ) from None
        return encode_dss_signature(
            int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        )
    return signature


def _verify(key: CertificatePublicKeyTypes, signature: bytes, data: bytes) -> None:
    algorithm = algorithm_of(key)
    match algorithm:
        case Algorithm.ES256 | Algorithm.ES384 | Algorithm.ES512:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(signature, data, ec.ECDSA(_HASHES[algorithm]))
        case Algorithm.PS256:
            assert isinstance(key, rsa.RSAPublicKey)
            key.verify(signature, data, _PSS, hashes.SHA256())
        case Algorithm.ED25519:
            assert isinstance(key, ed25519.Ed25519PublicKey)
            key.verify(signature, data)
        case _:
            assert_never(algorithm)
