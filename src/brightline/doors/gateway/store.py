"""State of the gateway in SQL: keys by their hash, and what each has used today.

In its own SQLite file beside the ledger, or in the database that the settings name.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Engine, LargeBinary, MetaData, String, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from brightline.core.errors import LedgerError
from brightline.ledger.engine import guard, open_engine, writing
from brightline.settings import Settings

STORE_FILE = "gateway.sqlite"
_METADATA = MetaData()
_KEYS = Table(
    "gateway_keys",
    _METADATA,
    Column("id", String(16), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("facts", LargeBinary, nullable=False),
    Column("revoked", String(20), nullable=False, default=""),
)
_USED = Table(
    "gateway_used",
    _METADATA,
    Column("key", String(16), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)


class KeyRow(msgspec.Struct, frozen=True):
    """A key as it is stored; `facts` is JSON that `keys.py` understands, `revoked` a time or empty."""

    id: str
    digest: bytes
    facts: bytes
    revoked: str


class Used(msgspec.Struct, frozen=True):
    """What a key used on one day, UTC."""

    key: str
    day: str
    requests: int
    tokens: int


class Store:
    """The tables, opened.

    Raises:
        LedgerError: the database cannot be used; also from every method.
    """

    def __init__(self, settings: Settings) -> None:
        try:
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise LedgerError(
                f"cannot make `{settings.home}`: {error.strerror}; set `home` or --home"
            ) from error
        url = settings.database or f"sqlite:///{(settings.home / STORE_FILE).absolute()}"
        self._engine: Engine = open_engine(url)
        with guard():
            _METADATA.create_all(self._engine)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def all_keys(self) -> list[KeyRow]:
        """All keys, revoked ones too."""
        with guard(), self._engine.connect() as connection:
            return [KeyRow(*row) for row in connection.execute(select(_KEYS).order_by(_KEYS.c.id))]

    def add_key(self, row: KeyRow) -> None:
        """Keep a new key."""
        with guard(), writing(self._engine) as connection:
            connection.execute(_KEYS.insert().values(**msgspec.structs.asdict(row)))

    def revoke(self, key: str, time: str) -> bool:
        """End a key; says whether there was one in force."""
        change = update(_KEYS).where(_KEYS.c.id == key, _KEYS.c.revoked == "").values(revoked=time)
        with guard(), writing(self._engine) as connection:
            return connection.execute(change).rowcount == 1

    def used(self, day: str) -> list[Used]:
        """What all keys used on a day."""
        with guard(), self._engine.connect() as connection:
            return [Used(*row) for row in connection.execute(select(_USED).where(_USED.c.day == day))]

    def add_used(self, more: Iterable[Used]) -> None:
        """Add to what keys used, so that several gateways may share the table."""
        rows: Sequence[dict[str, Any]] = [msgspec.structs.asdict(one) for one in more]
        make = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        with guard(), writing(self._engine) as connection:
            for row in rows:
                added = make(_USED).values(**row)
                sums = {name: _USED.c[name] + row[name] for name in ("requests", "tokens")}
                connection.execute(added.on_conflict_do_update(index_elements=["key", "day"], set_=sums))
