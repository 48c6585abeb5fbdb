"""The service's database, opened; time, ids and the two kinds of transaction that the other files use."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from brightline.core.errors import LedgerError
from brightline.ledger.engine import guard, migrate, open_engine, snapshot, writing
from brightline.review.tables import SCHEMA
from brightline.review.vault import Vault, load_master
from brightline.settings import Settings

STORE_FILE = "service.sqlite"
SEQUENCE_BITS = 16  # of an id, for what is made within one millisecond


class Store:
    """The tables and the key under which content lies; safe for threads and for several processes at once."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self.engine = engine
        self.vault = vault

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer shares on SQLite; durable at its end, or nothing of it.

        Raises:
            LedgerError: the database failed; nothing was written.
        """
        with guard(), writing(self.engine) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction whose reads all see one moment.

        Raises:
            LedgerError: the database failed.
        """
        with guard(), snapshot(self.engine) as connection:
            yield connection

    @property
    def skips_locked(self) -> bool:
        """Whether rows that others hold can be passed over; SQLite has one writer at a time and needs it not."""
        return self.engine.dialect.name == "postgresql"


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """The store that the settings name, brought to the newest tables.

    Raises:
        LedgerError: the database or the home folder cannot be used.
        SettingsError: the master key cannot be used.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LedgerError(f"cannot make `{settings.home}`: {error.strerror}; set `home` or --home") from error
    engine = open_engine(settings.database or f"sqlite:///{(settings.home / STORE_FILE).absolute()}")
    try:
        migrate(engine, SCHEMA)
        yield Store(engine, Vault(load_master(Path(settings.home))))
    finally:
        engine.dispose()


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class _Ids:
    """Ids that grow within a process, also within one millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, now_ms() << SEQUENCE_BITS)
            return f"{self._last:016x}{os.urandom(8).hex()}"


_IDS = _Ids()


def new_id() -> str:
    """32 hex digits: 48 bits of time, 16 of sequence, 64 random ones; the newest sorts last, nobody guesses one."""
    return _IDS.next()
