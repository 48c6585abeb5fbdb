"""People who come with a token of their organisation's sign-in (OpenID Connect), in place of a key.

A token is a signed JWT. It is checked (`doors/issuer.py`) against the issuer's public keys: from a file, or, where the
settings allow it, asked for at the issuer's own address at start-up and again when a key is unknown. Nobody is asked per
request.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import jwt

from brightline.core.errors import SettingsError
from brightline.doors.gateway.keys import OPERATOR, Key
from brightline.doors.gateway.logs import LOGGER
from brightline.doors.issuer import KEYS_LIMIT_BYTES, LEEWAY_S, TOKEN_LIMIT, Issuer, claim_text, claim_texts
from brightline.exchange.nouns import Json
from brightline.settings_gateway import IssuerSetting

REMEMBERED = 4_096  # tokens whose signature was checked, until they expire (count)


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
    """One issuer, and what its people may do."""

    def __init__(self, setting: IssuerSetting) -> None:
        self.setting = setting
        self._issuer = Issuer(setting.issuer, setting.algorithms)
        if setting.jwks_file:
            path = Path(setting.jwks_file).expanduser()
            try:
                with path.open("rb") as file:
                    self._issuer.take_keys(file.read(KEYS_LIMIT_BYTES + 1))
            except OSError as error:
                raise SettingsError(f"cannot read `{path}`: {error.strerror}") from error
            except ValueError as error:
                raise SettingsError(f"`{path}` holds no key that can be used: {error}") from error

    @property
    def wants_keys(self) -> bool:
        """Whether it has none, or a token named one that is unknown."""
        return self._issuer.wants_keys

    async def ask(self) -> None:
        """Ask for its keys.

        Raises:
            Exception: it does not answer, or with something else.
        """
        await self._issuer.ask()

    def key_of(self, token: str) -> tuple[Key | None, float]:
        """The key that stands for a token, and when it ends.

        Raises:
            jwt.PyJWTError, ValueError: the token is not good.
        """
        setting = self.setting
        claims = self._issuer.claims_of(token, setting.audience)
        tenant = setting.tenant or claim_text((claims or {}).get(setting.tenant_claim))
        if claims is None or not tenant:
            return None, 0.0
        return self._key(claims, tenant), float(claims["exp"]) + LEEWAY_S

    def _key(self, claims: dict[str, Json], tenant: str) -> Key:
        setting = self.setting
        # A person is known by a digest: records and logs need no name, and two issuers' people never meet.
        who = hashlib.blake2b(
            f"{setting.issuer}\n{claims['sub']}".encode(), digest_size=6, person=b"brightline-sub"
        )
        roles = claim_texts(claims.get(setting.roles_claim))
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
