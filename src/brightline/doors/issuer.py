"""An issuer of OpenID Connect: its public keys, where its endpoints are, and whether a token is one of its own.

Keys come from a file, or are asked for at the issuer's own address where the settings allow it. Doors decide what a good
token's claims mean.

Source: OpenID Connect Core 1.0, 2 and 3.1.3.7; OpenID Connect Discovery 1.0, 4; RFC 7517 (JWK), RFC 7519 (JWT),
RFC 8725 (algorithms are ours to choose, never the token's).
"""

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jwt
import msgspec

from brightline.core.addresses import is_private

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

TOKEN_LIMIT = 16 * 1024  # characters; tokens with many groups reach 8 KiB
LEEWAY_S = 30  # by which clocks may differ
KEYS_LIMIT_BYTES = 512 * 1024  # of an issuer's keys; real ones have 2 to 20 KiB
ASK_SECONDS = 10.0  # for each question at an issuer
ASK_AGAIN_S = 60.0  # at the soonest, when tokens come whose key is unknown
CLAIM_LIMIT = 200  # characters of a tenant's or role's name
_FAMILIES = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}


class Endpoints(msgspec.Struct, frozen=True):
    """What an issuer tells of itself; empty where it does not."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""


class Issuer:
    """One issuer and its public keys."""

    def __init__(self, address: str, algorithms: Sequence[str]) -> None:
        self.address = address
        self.wants_keys = True
        self.endpoints: Endpoints | None = None
        self._algorithms = algorithms
        self._asked = 0.0
        self._keys: dict[str, jwt.PyJWK] = {}

    def take_keys(self, data: bytes) -> None:
        """Take a JWK set in place of the keys so far.

        Raises:
            ValueError: it holds no key that can be used.
        """
        self._keys = read_keys(data)

    async def ask(self) -> Endpoints:
        """Ask where its endpoints are, and for its keys.

        Raises:
            Exception: it does not answer, or with something else.
        """
        self._asked = time.monotonic()
        where = f"{self.address.rstrip('/')}/.well-known/openid-configuration"
        async with session_of() as session:
            async with session.get(where, allow_redirects=False) as answer:
                told = msgspec.json.decode(await body_of(answer), type=Endpoints)
            if told.issuer != self.address or not is_private(told.jwks_uri):
                raise ValueError("the issuer tells another name than its own, or keys at an open address")
            async with session.get(told.jwks_uri, allow_redirects=False) as answer:
                self.take_keys(await body_of(answer))
        self.wants_keys, self.endpoints = False, told
        return told

    def claims_of(self, token: str, audience: str) -> dict[str, Any] | None:
        """What a token of its says; None where its key is not known (yet).

        Raises:
            jwt.PyJWTError, ValueError: the token is not good.
        """
        name = str(jwt.get_unverified_header(token).get("kid", ""))
        signer = self._keys.get(name)
        if signer is None:
            self.wants_keys = time.monotonic() - self._asked > ASK_AGAIN_S
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            signer.key,
            algorithms=[one for one in self._algorithms if _suits(one, signer)],
            audience=audience,
            issuer=self.address,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "sub", "aud", "iss"], "strict_aud": False},
        )
        return claims


def session_of() -> "ClientSession":
    """A client for a few questions, without what the environment says of proxies."""
    import aiohttp  # late: it takes a tenth of a start, and few services ask anybody

    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_SECONDS), trust_env=False)


async def body_of(answer: "ClientResponse") -> bytes:
    """What an issuer answers, if it answers well.

    Raises:
        ValueError: the status is another than 200, or the answer is too long.
    """
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    data = b""
    while chunk := await answer.content.readany():
        data += chunk
        if len(data) > KEYS_LIMIT_BYTES:
            raise ValueError("the issuer's answer is too long")
    return data


def read_keys(data: bytes) -> dict[str, jwt.PyJWK]:
    """Public keys for signatures, by their name.

    Raises:
        ValueError: there are none.
    """
    if len(data) > KEYS_LIMIT_BYTES:
        raise ValueError("it is too long")
    try:
        rows = json.loads(data)["keys"]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is no set of keys") from error
    found: dict[str, jwt.PyJWK] = {}
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") == "oct":
            continue  # a shared secret signs nothing that we would believe
        try:
            found[str(row.get("kid", ""))] = jwt.PyJWK.from_dict(row)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
    if not found:
        raise ValueError("it has no public key for signatures")
    return found


def claim_text(value: object) -> str:
    """A claim that is a short printable text, or the empty string."""
    return value if isinstance(value, str) and len(value) <= CLAIM_LIMIT and value.isprintable() else ""


def claim_texts(value: object) -> set[str]:
    """A claim that is a list of short texts, or one of them."""
    return {claim_text(one) for one in (value if isinstance(value, list) else [value])} - {""}


def _suits(algorithm: str, signer: jwt.PyJWK) -> bool:
    """Whether an algorithm is one of a key's type; an ECDSA key's curve is checked by its own algorithm."""
    if not algorithm.startswith(_FAMILIES.get(str(signer.key_type), ())):
        return False
    return not algorithm.startswith("ES") or algorithm == signer.algorithm_name
