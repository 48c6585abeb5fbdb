"""State of the gateway in SQL: keys by their hash, and what each has used today.

In its own SQLite file beside the ledger, or in the database that the settings name.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from brightline.core.errors import LedgerError
from brightline.ledger.engine import guard, open_engine, writing
from brightline.settings import Settings

STORE_FILE = "gateway.sqlite"
TABLES = MetaData()
_KEYS = Table(
    "gateway_keys",
    TABLES,
    Column("id", String(16), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("facts", LargeBinary, nullable=False),
    Column("revoked", String(20), nullable=False, default=""),
)
_USED = Table(
    "gateway_used",
    TABLES,
    Column("key", String(16), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("nano", BigInteger, nullable=False, server_default="0"),
)

_CONTENTS = Table(
    "gateway_contents",
    TABLES,
    Column("entry", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", String(256), nullable=False),
    Column("time", String(20), nullable=False),
    Column("day", String(10), nullable=False, index=True),
    Column("data", LargeBinary, nullable=False),
)


class ContentRow(msgspec.Struct, frozen=True):
    """What is kept of an entry, encrypted; `day` names its key, a day or `hold`."""

    index: int
    tenant: str
    time: str
    day: str
    data: bytes


class KeyRow(msgspec.Struct, frozen=True):
    """A key as it is stored; `facts` is JSON that `keys.py` understands, `revoked` a time or empty."""

    id: str
    digest: bytes
    facts: bytes
    revoked: str


class Used(msgspec.Struct, frozen=True):
    """What a key used on one day, UTC; `nano` is money in thousand-millionths of the prices' currency."""

    key: str
    day: str
    requests: int
    tokens: int
    nano: int = 0


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
            TABLES.create_all(self._engine)
            _add_money(self._engine)

    @property
    def engine(self) -> Engine:
        """The database, for tables of others."""
        return self._engine

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

    def add_content(self, row: ContentRow) -> None:
        """Keep a content."""
        values = {
            "entry": row.index,
            "tenant": row.tenant,
            "time": row.time,
            "day": row.day,
            "data": row.data,
        }
        with guard(), writing(self._engine) as connection:
            connection.execute(_CONTENTS.insert().values(**values))

    def content(self, index: int) -> ContentRow | None:
        """What is kept of an entry."""
        with guard(), self._engine.connect() as connection:
            row = connection.execute(select(_CONTENTS).where(_CONTENTS.c.entry == index)).first()
        return ContentRow(*row) if row is not None else None

    def contents(self) -> list[tuple[int, str, str, str]]:
        """Entry, tenant, time and day of all that is kept, oldest first."""
        asked = select(_CONTENTS.c.entry, _CONTENTS.c.tenant, _CONTENTS.c.time, _CONTENTS.c.day)
        with guard(), self._engine.connect() as connection:
            return [(*row,) for row in connection.execute(asked.order_by(_CONTENTS.c.entry))]

    def move_content(self, index: int, day: str, data: bytes) -> None:
        """Put a content under another key."""
        change = update(_CONTENTS).where(_CONTENTS.c.entry == index).values(day=day, data=data)
        with guard(), writing(self._engine) as connection:
            connection.execute(change)

    def end_content(self, index: int) -> None:
        """Keep an entry's content no longer."""
        with guard(), writing(self._engine) as connection:
            connection.execute(delete(_CONTENTS).where(_CONTENTS.c.entry == index))

    def end_day(self, day: str) -> int:
        """Keep a day's contents no longer; says how many they were."""
        with guard(), writing(self._engine) as connection:
            return connection.execute(delete(_CONTENTS).where(_CONTENTS.c.day == day)).rowcount

    def used(self, day: str) -> list[Used]:
        """What all keys used on a day."""
        with guard(), self._engine.connect() as connection:
            return [Used(*row) for row in connection.execute(select(_USED).where(_USED.c.day == day))]

    def spent(self, month: str) -> dict[str, int]:
        """Money that each key used in a month such as `2026-11`, in nanos."""
        asked = select(_USED.c.key, func.sum(_USED.c.nano)).where(_USED.c.day.like(f"{month}-__"))
        with guard(), self._engine.connect() as connection:
            return {str(key): int(nano) for key, nano in connection.execute(asked.group_by(_USED.c.key))}

    def add_used(self, more: Iterable[Used]) -> None:
        """Add to what keys used, so that several gateways may share the table."""
        rows: Sequence[dict[str, Any]] = [msgspec.structs.asdict(one) for one in more]
        make = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        with guard(), writing(self._engine) as connection:
            for row in rows:
                added = make(_USED).values(**row)
                sums = {name: _USED.c[name] + row[name] for name in ("requests", "tokens", "nano")}
                connection.execute(added.on_conflict_do_update(index_elements=["key", "day"], set_=sums))


def _add_money(engine: Engine) -> None:
    """Give a table of an earlier release its column of money."""
    if any(column["name"] == "nano" for column in inspect(engine).get_columns("gateway_used")):
        return
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE gateway_used ADD COLUMN nano BIGINT NOT NULL DEFAULT 0"))
