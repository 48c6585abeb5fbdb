"""Sign-in at an OpenID Connect provider: the authorization code flow with PKCE, state and nonce.

    begin  -> where the browser goes, and a sealed transaction that it keeps meanwhile
    finish -> the code, with that transaction, becomes claims that the provider has signed

Source: OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE, S256); RFC 9207 (`iss` of the answer); RFC 9700, 2.1 and 4.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import urllib.parse
from pathlib import Path
from typing import Any

import jwt
import msgspec

from brightline.core.addresses import is_private
from brightline.core.errors import BrightlineError, RefusedError, SettingsError
from brightline.doors.issuer import TOKEN_LIMIT, Issuer, body_of, claim_text, claim_texts, session_of
from brightline.review.elsewhere import Guest
from brightline.review.people import Role
from brightline.review.store import now_ms
from brightline.review.vault import Vault
from brightline.settings_service import OidcSetting

TRANSACTION_S = 600  # that a sign-in elsewhere may take
SEALED_LIMIT = 4_096  # characters of the cookie that holds it
SUBJECT_LIMIT = 255  # characters of a subject (OpenID Connect Core, 2)
CODE_LIMIT = 4_096  # characters of a code; providers send some hundred
FAILED = "the sign-in at your organisation did not work: begin again"
_WHOSE = "oidc/transaction"


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer must fit: kept by the browser, sealed so that it can neither read nor make one."""

    state: str
    nonce: str
    verifier: str
    back: str
    asked: str
    ends_ms: int


class Departure(msgspec.Struct, frozen=True):
    """Where the browser goes, and the cookie that it takes along."""

    url: str
    cookie: str


class _Tokens(msgspec.Struct):
    id_token: str


class Oidc:
    """One provider."""

    def __init__(self, setting: OidcSetting, vault: Vault) -> None:
        """Read the client's secret.

        Raises:
            SettingsError: its file cannot be read, or is empty.
        """
        self.setting = setting
        self._vault = vault
        self._issuer = Issuer(setting.issuer, setting.algorithms)
        self._lock = asyncio.Lock()
        self._secret = _read_secret(setting.client_secret_file)

    async def begin(self, back: str, asked: str) -> Departure:
        """Begin a sign-in.

        Args:
            back: address of ours to which the provider sends the browser.
            asked: the page that the person wanted.

        Raises:
            RefusedError: the provider does not answer.
        """
        where = await self._endpoint("authorization_endpoint")
        verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        ends_ms = now_ms() + TRANSACTION_S * 1000
        made = Transaction(
            state=state, nonce=nonce, verifier=verifier, back=back, asked=asked, ends_ms=ends_ms
        )
        fields = {
            "response_type": "code", "client_id": self.setting.client_id, "redirect_uri": back,
            "scope": " ".join(self.setting.scopes), "state": state, "nonce": nonce,
            "code_challenge": _url64(hashlib.sha256(verifier.encode()).digest()), "code_challenge_method": "S256",
        }  # fmt: skip
        joint = "&" if urllib.parse.urlsplit(where).query else "?"
        sealed = _url64(self._vault.seal(msgspec.json.encode(made), _WHOSE))
        return Departure(f"{where}{joint}{urllib.parse.urlencode(fields)}", sealed)

    def transaction_of(self, cookie: str, state: str) -> Transaction:
        """The sign-in that an answer belongs to.

        Raises:
            RefusedError: there is none, it is over, or the answer is another's.
        """
        try:
            data = base64.urlsafe_b64decode(cookie[:SEALED_LIMIT].encode() + b"==")
            found = msgspec.json.decode(self._vault.open(data, _WHOSE), type=Transaction)
        except (binascii.Error, ValueError, BrightlineError) as error:
            raise RefusedError(FAILED) from error
        if found.ends_ms < now_ms() or not hmac.compare_digest(found.state.encode(), state.encode()):
            raise RefusedError(FAILED)
        return found

    async def finish(self, transaction: Transaction, code: str, issuer: str) -> Guest:
        """Whom the provider vouches for.

        Args:
            transaction: of this sign-in.
            code: that the browser brought.
            issuer: that the browser brought; empty where the provider sends none.

        Raises:
            RefusedError: the provider does not answer, or its answer is not good.
        """
        if not code or len(code) > CODE_LIMIT or issuer not in {"", self.setting.issuer}:
            raise RefusedError(FAILED)
        where = await self._endpoint("token_endpoint")
        try:
            claims = await self._claims(await self._exchange(where, transaction, code))
            return self._guest(claims, transaction)
        except (jwt.PyJWTError, ValueError, RecursionError, OSError, TimeoutError) as error:
            # aiohttp's errors of connections are OSErrors; msgspec's of answers are ValueErrors
            raise RefusedError(FAILED) from error

    async def _exchange(self, where: str, transaction: Transaction, code: str) -> str:
        """The ID token for a code."""
        from aiohttp import ClientError

        setting = self.setting
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": transaction.back,
            "code_verifier": transaction.verifier, "client_id": setting.client_id,
        }  # fmt: skip
        # RFC 6749, 2.3.1: both are encoded like a form's values first
        quoted = (urllib.parse.quote_plus(one) for one in (setting.client_id, self._secret))
        named = base64.b64encode(":".join(quoted).encode()).decode()
        head = {"authorization": f"Basic {named}"} if self._secret else {}
        try:
            async with (
                session_of() as session,
                session.post(where, data=form, headers=head, allow_redirects=False) as answer,
            ):
                return msgspec.json.decode(await body_of(answer), type=_Tokens).id_token
        except ClientError as error:
            raise ValueError("the provider does not answer") from error

    async def _claims(self, token: str) -> dict[str, Any]:
        """What the ID token says; its keys are asked for again where it names an unknown one."""
        if len(token) > TOKEN_LIMIT:
            raise ValueError("the token is too long")
        claims = self._issuer.claims_of(token, self.setting.client_id)
        if claims is None and self._issuer.wants_keys:
            await self._ask()
            claims = self._issuer.claims_of(token, self.setting.client_id)
        if claims is None:
            raise ValueError("no key of that name")
        return claims

    def _guest(self, claims: dict[str, Any], transaction: Transaction) -> Guest:
        """Core 3.1.3.7, 3 to 5 and 11: it is for us alone, and of this sign-in."""
        setting, subject = self.setting, claims["sub"]
        nonce, parties = str(claims.get("nonce", "")), claims["aud"]
        many = isinstance(parties, list) and len(parties) > 1
        if claims.get("azp", None if many else setting.client_id) != setting.client_id:
            raise ValueError("the token is another client's")
        if not hmac.compare_digest(nonce.encode(), transaction.nonce.encode()):
            raise ValueError("the token is of another sign-in")
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LIMIT:
            raise ValueError("the token names nobody")
        groups = claim_texts(claims.get(setting.groups_claim))
        mine = {Role(role) for group in groups for role in setting.roles.get(group, ())}
        return Guest(
            issuer=setting.issuer,
            subject=subject,
            login=claim_text(claims.get("preferred_username")) or claim_text(claims.get("email")),
            shown=claim_text(claims.get("name")),
            roles=tuple(role for role in Role if role in mine),
        )

    async def _endpoint(self, name: str) -> str:
        known = self._issuer.endpoints or await self._ask()
        where: str = getattr(known, name)
        if not is_private(where):
            raise RefusedError(FAILED)
        return where

    async def _ask(self) -> Any:
        async with self._lock:
            try:
                return await self._issuer.ask()
            except Exception as error:
                # Whatever a provider answers, or does not: nobody signs in by it, and the page says so.
                raise RefusedError(FAILED) from error


def _read_secret(name: str) -> str:
    if not name:
        return ""
    path = Path(name).expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            secret = file.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read `{path}`: {type(error).__name__}") from error
    if not secret:
        raise SettingsError(f"`{path}` holds no secret in its first line")
    return secret


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
