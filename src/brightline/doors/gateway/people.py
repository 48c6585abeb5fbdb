"""People who come with a token of their organisation's sign-in (OpenID Connect), in place of a key.

A token is a signed JWT. It is checked here, against the issuer's public keys: from a file, or, where the settings allow
it, asked for at the issuer's own address at start-up and again when a key is unknown. Nobody is asked per request.

Source: OpenID Connect Core 1.0, 2 and 3.1.3.7; OpenID Connect Discovery 1.0, 4; RFC 7517 (JWK), RFC 7519 (JWT),
RFC 8725 (algorithms are ours to choose, never the token's).
"""

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import jwt
import msgspec

from brightline.core.errors import SettingsError
from brightline.doors.gateway.keys import OPERATOR, Key
from brightline.doors.gateway.logs import LOGGER
from brightline.exchange.nouns import Json
from brightline.settings_gateway import IssuerSetting, is_private

TOKEN_LIMIT = 16 * 1024  # characters; tokens with many groups reach 8 KiB
REMEMBERED = 4_096  # tokens whose signature was checked, until they expire (count)
LEEWAY_S = 30  # by which clocks may differ
KEYS_LIMIT_BYTES = 512 * 1024  # of an issuer's keys; real ones have 2 to 20 KiB
ASK_SECONDS = 10.0  # for each of the two questions at an issuer
ASK_AGAIN_S = 60.0  # at the soonest, when tokens come whose key is unknown
CLAIM_LIMIT = 200  # characters of a tenant's or role's name


class People:
    """Who comes with tokens of which issuers."""

    def __init__(self, settings: Sequence[IssuerSetting]) -> None:
        """Read the files of keys.

        Raises:
            SettingsError: one cannot be read, or holds no key.
        """
        self._issuers = {one.issuer: _Issuer(one) for one in settings}
        self._seen: OrderedDict[bytes, tuple[Key, float]] = OrderedDict()

    async def ask(self) -> None:
        """Ask issuers for their keys where the settings allow it; one that does not answer is told and asked again.

        Tokens of an issuer without keys are refused.
        """
        asked = [one for one in self._issuers.values() if one.setting.discover and one.wants_keys]
        for issuer, failure in zip(
            asked, await asyncio.gather(*(one.ask() for one in asked), return_exceptions=True), strict=True
        ):
            if isinstance(failure, BaseException):
                LOGGER.getChild("errors").error(
                    "keys of `%s`: %s", issuer.setting.issuer, type(failure).__name__
                )

    def find(self, token: str) -> Key | None:
        """What the bearer of a token may; None where it is none of ours, expired, or not signed by its issuer."""
        if not self._issuers or token.count(".") != 2 or len(token) > TOKEN_LIMIT:
            return None
        mark = hashlib.blake2b(token.encode(), digest_size=16).digest()
        known = self._seen.get(mark)
        if known is not None:
            if known[1] > time.time():
                return known[0]
            del self._seen[mark]
            return None
        key, until = self._checked(token)
        if key is not None:
            self._seen[mark] = (key, until)
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return key

    def _checked(self, token: str) -> tuple[Key | None, float]:
        try:
            claims = jwt.decode(
                token, options={"verify_signature": False}
            )  # only to learn whose keys to take
            issuer = self._issuers.get(str(claims.get("iss")))
            if issuer is None:
                return None, 0.0
            return issuer.key_of(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None, 0.0


class _Issuer:
    """One issuer and its public keys."""

    def __init__(self, setting: IssuerSetting) -> None:
        self.setting = setting
        self.wants_keys = True
        self._asked = 0.0
        self._keys: dict[str, jwt.PyJWK] = {}
        if setting.jwks_file:
            path = Path(setting.jwks_file).expanduser()
            try:
                self._keys = _keys(path.read_bytes()[: KEYS_LIMIT_BYTES + 1])
            except OSError as error:
                raise SettingsError(f"cannot read `{path}`: {error.strerror}") from error
            except ValueError as error:
                raise SettingsError(f"`{path}` holds no key that can be used: {error}") from error

    async def ask(self) -> None:
        """Ask for its keys.

        Raises:
            Exception: it does not answer, or with something else.
        """
        self._asked = time.monotonic()
        where = f"{self.setting.issuer.rstrip('/')}/.well-known/openid-configuration"
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            told = msgspec.json.decode(await _get(session, where), type=_Discovered)
            if told.issuer != self.setting.issuer or not is_private(told.jwks_uri):
                raise ValueError("the issuer tells another name than its own, or keys at an open address")
            self._keys = _keys(await _get(session, told.jwks_uri))
        self.wants_keys = False

    def key_of(self, token: str) -> tuple[Key | None, float]:
        """The key that stands for a token, and when it ends.

        Raises:
            jwt.PyJWTError, ValueError: the token is not good.
        """
        name = str(jwt.get_unverified_header(token).get("kid", ""))
        signer = self._keys.get(name)
        if signer is None:
            self.wants_keys = time.monotonic() - self._asked > ASK_AGAIN_S
            return None, 0.0
        setting = self.setting
        claims = jwt.decode(
            token,
            signer.key,
            algorithms=[one for one in setting.algorithms if _suits(one, signer)],
            audience=setting.audience,
            issuer=setting.issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "sub", "aud", "iss"], "strict_aud": False},
        )
        tenant = setting.tenant or _text(claims.get(setting.tenant_claim))
        if not tenant:
            return None, 0.0
        return self._key(claims, tenant), float(claims["exp"]) + LEEWAY_S

    def _key(self, claims: dict[str, Json], tenant: str) -> Key:
        setting = self.setting
        # A person is known by a digest: records and logs need no name, and two issuers' people never meet.
        who = hashlib.blake2b(
            f"{setting.issuer}\n{claims['sub']}".encode(), digest_size=6, person=b"brightline-sub"
        )
        said = claims.get(setting.roles_claim)
        roles = {_text(one) for one in (said if isinstance(said, list) else [said])}
        return Key(
            id=f"p-{who.hexdigest()}",
            tenant=tenant,
            name="",
            roles=("caller", OPERATOR)
            if setting.operator_role and setting.operator_role in roles
            else ("caller",),
            audience=setting.answers_for,
            models=setting.models,
            policies=setting.policies,
            requests_per_minute=setting.requests_per_minute,
            tokens_per_minute=setting.tokens_per_minute,
            tokens_per_day=setting.tokens_per_day,
            money_per_day=setting.money_per_day,
            money_per_month=setting.money_per_month,
        )


class _Discovered(msgspec.Struct):
    issuer: str
    jwks_uri: str


async def _get(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url, allow_redirects=False) as response:
        if response.status != 200:
            raise ValueError(f"status {response.status}")
        data = b""
        while chunk := await response.content.readany():
            data += chunk
            if len(data) > KEYS_LIMIT_BYTES:
                raise ValueError("the issuer's answer is too long")
        return data


def _keys(data: bytes) -> dict[str, jwt.PyJWK]:
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


_FAMILIES = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}


def _suits(algorithm: str, signer: jwt.PyJWK) -> bool:
    """Whether an algorithm is one of a key's type; an ECDSA key's curve is checked by its own algorithm."""
    if not algorithm.startswith(_FAMILIES.get(str(signer.key_type), ())):
        return False
    return not algorithm.startswith("ES") or algorithm == signer.algorithm_name


def _text(value: Json) -> str:
    return value if isinstance(value, str) and len(value) <= CLAIM_LIMIT and value.isprintable() else ""
