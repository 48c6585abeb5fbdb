"""The parts of a house that are kept in a database: which tables are whose, and how empty ones are made."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from brightline.core.errors import LedgerError
from brightline.ledger import tables as ledger_tables
from brightline.ledger.engine import LEDGER, Schema, guard, open_engine, revision_of, upgrade
from brightline.review import tables_quality  # noqa: F401 - its tables belong to the same metadata
from brightline.review.store import STORE_FILE
from brightline.review.tables import SCHEMA, metadata
from brightline.settings import Settings

LEDGER_FILE = "ledger.sqlite"


@dataclass(frozen=True)
class Part:
    """Tables that lie together.

    Attributes:
        name: within an archive.
        file: of the SQLite database in the home folder, where the settings name no other.
        tables: names.
        lay: makes the empty tables of a revision.
        revision: at which the tables are; empty for a part that counts none.
    """

    name: str
    file: str
    tables: frozenset[str]
    lay: Callable[[Connection, str], None]
    revision: Callable[[Connection], str]


def part_of(name: str, file: str, tables: MetaData, schema: Schema) -> Part:
    """A part whose tables Alembic makes."""

    def lay(connection: Connection, revision: str) -> None:
        if not any((schema.migrations / "versions").glob(f"{revision}_*.py")):
            raise LedgerError(
                f"the backup's `{name}` is at revision `{revision[:40]}`, expected at most `{schema.revision}`: "
                "use a newer release"
            )
        upgrade(connection, schema, revision)

    return Part(
        name=name, file=file, tables=frozenset(tables.tables), lay=lay,
        revision=lambda connection: revision_of(connection, schema),
    )  # fmt: skip


PARTS = (
    part_of("service", STORE_FILE, metadata, SCHEMA),
    part_of("ledger", LEDGER_FILE, ledger_tables.metadata, LEDGER),
)
"""In the order in which they are locked: nobody who holds the ledger waits for the service."""


def there(connection: Connection, part: Part) -> frozenset[str]:
    """Which tables of a part this database has."""
    return part.tables & {*inspect(connection).get_table_names()}


@contextmanager
def one_moment(settings: Settings, parts: tuple[Part, ...]) -> Iterator[dict[str, Connection]]:
    """Connections, by part, that all read the house as it was at one moment, while others go on writing.

    PostgreSQL has one snapshot for all. SQLite files are held for the instant in which a snapshot of each begins.

    Raises:
        LedgerError: there is no database, or it cannot be read.
    """
    with ExitStack() as stack, guard():
        if settings.database:
            engine = _opened(stack, settings.database)
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            connection = stack.enter_context(engine.connect().execution_options(**options))
            stack.enter_context(connection.begin())
            yield {part.name: connection for part in parts}
            return
        files = {part.name: settings.home / part.file for part in parts}
        engines = {name: _opened(stack, url_of(file)) for name, file in files.items() if file.is_file()}
        if not engines:
            raise LedgerError(f"nothing to back up in `{settings.home}`: set `home`, `database` or --home")
        with ExitStack() as held:
            for engine in engines.values():
                writer = held.enter_context(
                    engine.connect().execution_options(brightline_begin="BEGIN IMMEDIATE")
                )
                held.callback(writer.rollback)
                writer.begin()
            readers = {name: stack.enter_context(engine.connect()) for name, engine in engines.items()}
            for reader in readers.values():
                stack.enter_context(reader.begin())
                reader.execute(
                    text("SELECT count(*) FROM sqlite_master")
                )  # a snapshot begins with its first read
        yield readers


def url_of(file: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{file.absolute()}"


def _opened(stack: ExitStack, url: str) -> Engine:
    engine = open_engine(url)
    stack.callback(engine.dispose)
    return engine
