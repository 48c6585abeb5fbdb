"""A key that stays in a hardware token: PKCS #11 (OASIS, 3.0), through the optional package `python-pkcs11`."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, assert_never, cast

import msgspec

from brightline.core.errors import MarkingError
from brightline.marking.c2pa.certificates import Algorithm
from brightline.marking.c2pa.passphrase import Passphrase, read_passphrase
from brightline.marking.c2pa.signer import Clock, OrganisationSigner, signer_from_callback


class _SigningKey(Protocol):
    """A private key object in a token, as far as we use it."""

    def sign(self, data: bytes, *, mechanism: Any, mechanism_param: Any = None) -> bytes:
        """A signature by that mechanism."""


class TokenKey(msgspec.Struct, frozen=True, kw_only=True):
    """Where the key is.

    Attributes:
        library: the vendor's PKCS #11 module, a shared library.
        token: label of the token.
        key: label of the private key.
        pin: where the PIN is.
    """

    library: Path
    token: str
    key: str
    pin: Passphrase


@contextmanager
def token_signer(
    place: TokenKey, chain_pem: bytes, *, environ: Mapping[str, str], clock: Clock | None = None
) -> Iterator[OrganisationSigner]:
    """A signer that works while the session with the token is open.

    Args:
        place: module, token and key.
        chain_pem: certificates, the signer's own first.
        environ: usually `os.environ`, if the PIN is in a variable.
        clock: time-stamping authority.

    Raises:
        MarkingError: the package is not installed, the module cannot be loaded, there is no such token or key, or the
            PIN is wrong. No message quotes the PIN.
    """
    try:
        import pkcs11
        from pkcs11.exceptions import PKCS11Error
    except (
        ImportError
    ) as error:  # an optional package: most organisations have their key in a file or a service
        raise MarkingError(
            "keys in tokens need the package python-pkcs11: install brightline[pkcs11]"
        ) from error
    pin = (read_passphrase(place.pin, environ) or b"").decode("utf-8", "replace")
    try:
        token = pkcs11.lib(str(place.library)).get_token(token_label=place.token)
        session = token.open(user_pin=pin)
    except (PKCS11Error, RuntimeError) as error:
        raise MarkingError(
            f"cannot open the token `{place.token}` with `{place.library}`: {type(error).__name__}"
        ) from None  # the frames of the original hold the PIN
    with session:
        try:
            key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=place.key)
        except PKCS11Error as error:
            raise MarkingError(
                f"no private key `{place.key}` in the token `{place.token}`: {type(error).__name__}"
            ) from error
        bare = signer_from_callback(_unset, chain_pem, clock=clock)
        yield msgspec.structs.replace(
            bare, sign=partial(_sign_in_token, cast("_SigningKey", key), bare.algorithm)
        )


def _unset(_: bytes) -> bytes:
    raise MarkingError("the session with the token is not open")


def _sign_in_token(key: _SigningKey, algorithm: Algorithm, data: bytes) -> bytes:
    from pkcs11.exceptions import PKCS11Error

    try:
        return bytes(_mechanised(key, algorithm, data))
    except PKCS11Error as error:
        raise MarkingError(f"the token did not sign: {type(error).__name__}") from error


def _mechanised(key: _SigningKey, algorithm: Algorithm, data: bytes) -> bytes:
    from pkcs11 import MGF, Mechanism

    match algorithm:
        # Tokens with ECDSA over a ready hash are many, those that hash themselves are few.
        case Algorithm.ES256:
            return key.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA)
        case Algorithm.ES384:
            return key.sign(hashlib.sha384(data).digest(), mechanism=Mechanism.ECDSA)
        case Algorithm.ES512:
            return key.sign(hashlib.sha512(data).digest(), mechanism=Mechanism.ECDSA)
        case Algorithm.PS256:
            salted = (Mechanism.SHA256, MGF.SHA256, hashlib.sha256().digest_size)
            return key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS_PSS, mechanism_param=salted)
        case Algorithm.ED25519:
            return key.sign(data, mechanism=Mechanism.EDDSA)
        case _:
            assert_never(algorithm)
