"""Keys of callers: who they are, what they may, and how they are kept.

A token is 256 random bits, so nobody finds it by guessing and a slow hash (scrypt) would only slow us down. What is
kept is its BLAKE2b hash under a secret that lies in a file beside the database: a stolen table alone tells nothing.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from brightline.core.errors import SettingsError
from brightline.core.subject import Audience
from brightline.doors.gateway.store import KeyRow, Store

PREFIX = "bl-"
SECRET_FILE = "gateway.secret"  # noqa: S105 - its name
TOKEN_LIMIT = 256  # characters of what somebody sends as a token
OPERATOR = "operator"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key.

    Attributes:
        id: public, for logs and records.
        tenant: whose it is; records and limits of tenants never mix.
        name: for people.
        roles: `caller` may ask models, `operator` may read the metrics.
        audience: who sees the answers.
        models: names that it may ask for; empty is all.
        requests_per_minute: 0 is no limit.
        tokens_per_minute: prompt and completion together; 0 is no limit.
        tokens_per_day: the budget of a day, UTC; 0 is no limit.
        money_per_day: the same in the currency of the settings' prices.
        money_per_month: of a calendar month, UTC.
        policies: packs that are laid over the house's for this key; they may only tighten.
        made: RFC 3339 time.
        revoked: RFC 3339 time, or empty.
    """

    id: str
    tenant: str
    name: str = ""
    roles: tuple[str, ...] = ("caller",)
    audience: Audience = Audience.INTERNAL
    models: tuple[str, ...] = ()
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    tokens_per_day: int = 0
    money_per_day: float = 0.0
    money_per_month: float = 0.0
    policies: tuple[str, ...] = ()
    made: str = ""
    revoked: str = ""

    def may_ask(self, model: str) -> bool:
        """Whether it may ask for a model of that name."""
        return not self.models or model in self.models


def load_secret(home: Path) -> bytes:
    """The secret under which tokens are hashed; made when there is none.

    Raises:
        SettingsError: the file cannot be read or made, or is no secret.
    """
    path = home / SECRET_FILE
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsError(f"cannot make `{path}`: {error.strerror}") from error
    try:
        secret = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read `{path}`: {error.strerror}") from error
    if len(secret) != 32:
        raise SettingsError(f"`{path}` has {len(secret)} bytes, expected 32: put it back from your backup")
    return secret


def hash_of(token: str, secret: bytes) -> bytes:
    """BLAKE2b-256 of a token under the secret, 32 bytes."""
    return hashlib.blake2b(token.encode(), digest_size=32, key=secret, person=b"brightline-key").digest()


def make_key(store: Store, secret: bytes, key: Key) -> tuple[Key, str]:
    """Keep a new key; gives it with its id, and the token, which is shown once and kept nowhere.

    Raises:
        LedgerError: the store cannot be written.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = msgspec.structs.replace(key, id=secrets.token_hex(6), made=now)
    store.add_key(KeyRow(made.id, hash_of(token, secret), msgspec.json.encode(made), ""))
    return made, token


def key_of(row: KeyRow) -> Key:
    """A key out of its row."""
    return msgspec.structs.replace(msgspec.json.decode(row.facts, type=Key), revoked=row.revoked)


class Keyring:
    """Keys in force, in memory; `load` it again to hear of new and revoked ones."""

    def __init__(self, store: Store, secret: bytes) -> None:
        self._store, self._secret = store, secret
        self._keys: Mapping[bytes, Key] = {}
        self.load()

    @property
    def policies(self) -> set[tuple[str, ...]]:
        """Combinations of packs that keys in force name."""
        return {one.policies for one in self._keys.values() if one.policies}

    def load(self) -> None:
        """Read the store.

        Raises:
            LedgerError: it cannot be read.
        """
        self._keys = {row.digest: key_of(row) for row in self._store.all_keys() if not row.revoked}

    def find(self, token: str) -> Key | None:
        """The key of a token; None where there is none in force.

        The look-up is by a keyed hash, whose time tells nothing of the tokens that there are.
        """
        if not token or len(token) > TOKEN_LIMIT:
            return None
        return self._keys.get(hash_of(token, self._secret))
