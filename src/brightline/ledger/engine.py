"""Open the database behind a ledger: SQLite made durable, or PostgreSQL by URL; migrated to the newest tables."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from brightline.core.errors import LedgerError
from brightline.ledger.tables import REVISION, log

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

BUSY_TIMEOUT_S = 60  # a writer waits this long for others; a batch holds the lock for well under a second
CACHE_KIB = 64 * 1024  # page cache of one SQLite connection
PAGE_BYTES = 16 * 1024  # a quarter faster than 4 KiB for batches, and single appends lose nothing
MIGRATION_LOCK = (
    0x6272696768  # "brigh": PostgreSQL advisory lock, so that two first openers do not both create
)
MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(url: str) -> Engine:
    """Connect to the store at an SQLAlchemy URL; an SQLite file is created, readable by its owner only.

    Raises:
        LedgerError: the URL is malformed, not durable, or not SQLite or PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerError(
            "database URL is malformed: expected `sqlite:///FILE` or `postgresql://...`"
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        case other:
            raise LedgerError(f"no ledger on `{other}`: expected `sqlite:///FILE` or `postgresql://...`")


@dataclass(frozen=True)
class Schema:
    """Tables that grow together.

    Attributes:
        revision: the newest; a store at it opens without loading Alembic.
        migrations: folder of Alembic's scripts; a revision's file name begins with its name.
        table: where the store keeps its revision.
    """

    revision: str
    migrations: Path
    table: str


LEDGER = Schema(REVISION, MIGRATIONS, "alembic_version")


def migrate(engine: Engine, schema: Schema = LEDGER) -> None:
    """Bring the tables to the newest revision, in one transaction.

    Raises:
        LedgerError: the store cannot be reached, or was written by a newer release.
    """
    with guard(), engine.connect() as connection:
        current = revision_of(connection, schema)
    if current == schema.revision:
        return
    if current and not any((schema.migrations / "versions").glob(f"{current}_*.py")):
        raise LedgerError(
            f"store is at revision `{current}`, expected at most `{schema.revision}`: use a newer release"
        )
    with guard(), writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        upgrade(connection, schema)


def upgrade(connection: Connection, schema: Schema, revision: str = "head") -> None:
    """Bring the tables to a revision within the caller's transaction; a restore begins with the revision of its backup."""
    _alembic("upgrade", connection, schema, revision)


def downgrade(connection: Connection, schema: Schema, revision: str) -> None:
    """Take the tables back to an earlier revision within the caller's transaction; what only newer ones keep is lost."""
    _alembic("downgrade", connection, schema, revision)


def _alembic(verb: str, connection: Connection, schema: Schema, revision: str) -> None:
    from alembic import command  # slow to load and rarely needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    getattr(command, verb)(config, revision)


def revision_of(connection: Connection, schema: Schema) -> str:
    """The revision that the tables are at; empty where there are none."""
    if not inspect(connection).has_table(schema.table):
        return ""
    found = connection.execute(text(f"SELECT version_num FROM {schema.table}"))  # noqa: S608 - a constant of ours
    return str(found.scalar() or "")


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other writer shares; commits at the end, durably, or leaves nothing."""
    connection = engine.connect().execution_options(brightline_begin="BEGIN IMMEDIATE")
    with connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL synchronous_commit TO on"))
        yield connection


@contextlib.contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction whose reads all see the store as it was at one moment, while others go on writing."""
    level = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**level) as connection, connection.begin():
        yield connection


def lock_log(connection: Connection) -> None:
    """Wait until we alone may append. SQLite has locked already, with BEGIN IMMEDIATE."""
    connection.execute(select(log.c.id).with_for_update())


def insert_new(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that can pass over rows that are there already, in the words of this database."""
    # late: the other database's dialect brings its drivers along, a tenth of the time that a start takes
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)
    from sqlalchemy.dialects.postgresql import insert as insert_postgresql

    return insert_postgresql(table)


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Turn whatever the database or the file system raises into a LedgerError of one line."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise LedgerError(f"ledger store: {_line(cause)}") from error
    except OSError as error:
        raise LedgerError(f"ledger store: {_line(error)}") from error


def _line(error: BaseException) -> str:
    words = (str(error).strip() or type(error).__name__).splitlines()[0]
    return words[0].lower() + words[1:]


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:" or "mode=memory" in str(url):
        raise LedgerError("a ledger in memory is not durable: expected `sqlite:///FILE`")
    path = Path(url.database)
    with guard():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(url.set(drivername="sqlite+pysqlite"), connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins; the driver must not
    for pragma in (
        f"page_size={PAGE_BYTES}",
        "journal_mode=WAL",
        "synchronous=FULL",  # a commit returns only after fsync
        "foreign_keys=ON",
        f"cache_size=-{CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("brightline_begin", "BEGIN"))
