"""Give a backup back, or rehearse it: rows into empty tables, each counted and compared, the ledger audited anew.

Nothing is put into place before all of it is seen to be right: SQLite files and keys are written beside their places,
PostgreSQL gets one transaction.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Table

from brightline.core.errors import LedgerError, VerificationError
from brightline.ledger.audit import audit_rows
from brightline.ledger.engine import guard, open_engine
from brightline.ledger.keys import sync_folder
from brightline.ledger.note import VerifierKey, parse_vkey
from brightline.review.backup import archive
from brightline.review.backup.create import LEDGER_KEY, Files
from brightline.review.backup.manifest import (
    FORMAT,
    Begin,
    End,
    Held,
    check_of,
    check_signed,
    held,
    understood,
)
from brightline.review.backup.parts import Part, there, url_of
from brightline.review.backup.rows import Sum, put_batch, rows_of, tables_of
from brightline.review.vault import MASTER_FILE
from brightline.settings import Settings

NEEDED = (LEDGER_KEY, MASTER_FILE)
"""Keys without which nothing restored could be read or gone on with."""


@dataclass(frozen=True)
class Restored:
    """A backup that was given back, or rehearsed.

    Attributes:
        begin: what it is of.
        end: what it holds.
        missing: key files that the house had and that are neither in the backup nor in the home folder.
    """

    begin: Begin
    end: End
    missing: tuple[str, ...] = ()


@dataclass
class _Taken:
    """What was read so far."""

    begin: Begin
    tables: dict[str, tuple[Connection, Table]] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


Lay = Callable[[Begin], dict[Part, Connection]]
"""Makes empty tables as a backup had them, and gives a connection to each part."""


def rehearse(
    path: Path,
    parts: Sequence[Part],
    files: Files,
    *,
    identities: Path | None,
    key: str,
    scratch: Path | None,
) -> Restored:
    """Restore into a folder that is thrown away, with every check; the answer to whether a backup is one.

    Args:
        path: of the archive.
        parts: that a house may have.
        files: that a home folder may have.
        identities: file of the age identities that open it.
        key: the ledger's public key as it is known from elsewhere; empty takes the backup's word for it.
        scratch: where to make that folder; it needs as much room as the database.

    Raises:
        LedgerError: it cannot be read or opened.
        VerificationError: something is missing, was changed, or is another ledger's.
    """
    with guard(), tempfile.TemporaryDirectory(dir=scratch) as folder, ExitStack() as stack:
        taken, end = _take(path, files, identities, key, partial(_lay_files, stack, Path(folder), parts))
        return Restored(taken.begin, end)


def restore(
    settings: Settings, path: Path, parts: Sequence[Part], files: Files, *, identities: Path | None, key: str
) -> Restored:
    """Give a backup back into the house that the settings name, which must be empty.

    Args:
        settings: of the house: `home`, and `database` where it is PostgreSQL; it need not be what the backup was made on.
        path: of the archive.
        parts: that a house may have.
        files: that a home folder may have.
        identities: file of the age identities that open it.
        key: the ledger's public key as it is known from elsewhere; empty takes the backup's word for it.

    Raises:
        LedgerError: the house is not empty, a key is missing, or something cannot be read or written.
        VerificationError: something is missing, was changed, or is another ledger's; nothing was put into place.
    """
    home = settings.home
    with guard(), ExitStack() as cleared:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        drafts = Path(tempfile.mkdtemp(prefix=".restore-", dir=home))
        cleared.callback(shutil.rmtree, drafts, ignore_errors=True)
        with ExitStack() as stack:
            if not settings.database:
                _refuse_files(home, parts)

            def lay(begin: Begin) -> dict[Part, Connection]:
                _check_keys(home, begin)
                if settings.database:
                    return _lay_postgres(stack, settings.database, parts, begin)
                return _lay_files(stack, drafts, parts, begin)

            taken, end = _take(path, files, identities, key, lay)
            _put_files(drafts, home, taken.files)
            for connection in {id(one): one for one, _ in taken.tables.values()}.values():
                connection.commit()
        if not settings.database:
            _put_stores(drafts, home, parts)
    missing = (name for name in taken.begin.checks if not (home / name).exists())
    return Restored(taken.begin, end, tuple(missing))


def _take(path: Path, files: Files, identities: Path | None, key: str, lay: Lay) -> tuple[_Taken, End]:
    """Read an archive into the tables that `lay` makes, and check all of it."""
    with archive.opened(path, identities) as members:
        running = archive.Running()
        begin = _begin(members, running, key)
        connections = lay(begin)
        taken = _Taken(begin)
        for part, connection in connections.items():
            for table in tables_of(connection, there(connection, part)):
                taken.tables[f"{part.name}/{table.name}"] = (connection, table)
                taken.sums[f"{part.name}/{table.name}"] = Sum()
        end, note = b"", b""
        for name, data in members:
            if name == "end.json":
                end = data
            elif end:
                note = data
                break
            else:
                running.add(name, data)
                _put(taken, files, name, data)
        if not note:
            raise VerificationError("the backup is cut off: it has no end")
    vkey = parse_vkey(begin.vkey)
    check_signed(end, note, vkey)
    told = understood(end, End)
    _compare(taken, told, running.hex)
    _audit(taken, told, vkey)
    return taken, told


def _begin(members: Iterator[tuple[str, bytes]], running: archive.Running, key: str) -> Begin:
    name, data = next(members, ("", b""))
    if name != "begin.json":
        raise VerificationError("this is no backup of ours: it does not begin with `begin.json`")
    running.add(name, data)
    begin = understood(data, Begin)
    if begin.format != FORMAT:
        raise VerificationError(
            f"the backup has format {begin.format}, expected {FORMAT}: use a newer release"
        )
    if key and str(parse_vkey(key)) != begin.vkey:
        raise VerificationError(f"the backup is of the ledger `{begin.vkey}`, expected `{key}`")
    return begin


def _put(taken: _Taken, files: Files, name: str, data: bytes) -> None:
    kind, _, rest = name.partition("/")
    place = rest.rpartition("/")[0]
    if kind == "rows" and place in taken.tables:
        connection, table = taken.tables[place]
        put_batch(connection, table, data, taken.sums[place])
    elif kind == "files" and rest in {*files.secrets, *files.others}:
        taken.files[rest] = data
    else:
        raise VerificationError(
            f"the backup's member `{name[:80]}` is none that we know: use a newer release"
        )


def _compare(taken: _Taken, end: End, content: str) -> None:
    """What was read, and what now lies in the tables, against what the backup says that it holds."""
    if end.content != content:
        raise VerificationError("the backup was changed: its members do not give the digest that was signed")
    none = held(Sum())  # of a table that the house had not made yet
    told = {name: end.tables.get(name, none) for name in taken.tables}
    if not set(end.tables) <= set(told) or end.files != tuple(sorted(taken.files)):
        raise VerificationError("the backup does not hold the tables and files that it says")
    for name, (connection, table) in taken.tables.items():
        if held(taken.sums[name]) != told[name]:
            raise VerificationError(f"the backup does not hold the rows of `{name}` that it says")
        if _held_now(connection, table) != told[name]:
            raise VerificationError(f"the rows of `{name}` do not read back from this database as they were")


def _held_now(connection: Connection, table: Table) -> Held:
    total = Sum()
    for row in rows_of(connection, table):
        total.add(row)
    return held(total)


def _audit(taken: _Taken, end: End, vkey: VerifierKey) -> None:
    connection = next((one for name, (one, _) in taken.tables.items() if name.startswith("ledger/")), None)
    if connection is None:
        raise VerificationError("the backup holds no ledger")
    audit = audit_rows(connection, vkey)
    if audit.faults:
        raise VerificationError(f"the backup's ledger does not verify: {audit.faults[0]}")
    if (audit.size, audit.root) != (end.size, end.root):
        raise VerificationError(
            f"the backup's ledger has {audit.size} entries, expected {end.size} of root {end.root}"
        )


# Where the rows go


def _lay_files(stack: ExitStack, folder: Path, parts: Sequence[Part], begin: Begin) -> dict[Part, Connection]:
    laid = {}
    for part in _known(parts, begin):
        engine = open_engine(url_of(folder / part.file))
        stack.callback(engine.dispose)
        laid[part] = stack.enter_context(engine.connect())
        part.lay(laid[part], begin.parts[part.name])
    return laid


def _lay_postgres(stack: ExitStack, url: str, parts: Sequence[Part], begin: Begin) -> dict[Part, Connection]:
    engine = open_engine(url)
    stack.callback(engine.dispose)
    connection = stack.enter_context(engine.connect())
    for part in parts:
        if found := there(connection, part):
            raise LedgerError(
                f"the database has a table `{min(found)}` already: restore into an empty one, nothing is replaced"
            )
    known = _known(parts, begin)
    for part in known:
        part.lay(connection, begin.parts[part.name])
    return dict.fromkeys(known, connection)


def _known(parts: Sequence[Part], begin: Begin) -> list[Part]:
    if strange := set(begin.parts) - {part.name for part in parts}:
        raise VerificationError(
            f"the backup has a part `{min(strange)[:80]}` that we do not know: use a newer release"
        )
    return [part for part in parts if part.name in begin.parts]


# The home folder


def _refuse_files(home: Path, parts: Sequence[Part]) -> None:
    for part in parts:
        if (home / part.file).exists():
            raise LedgerError(
                f"`{home / part.file}` is there already: restore into another --home, nothing is replaced"
            )


def _check_keys(home: Path, begin: Begin) -> None:
    """See at once that those keys will be there without which what is restored could not be read."""
    for name in NEEDED:
        path, check = home / name, begin.checks.get(name)
        if check is None or name in begin.keys:
            continue
        if not path.is_file():
            raise LedgerError(f"the backup holds no keys: put `{name}` into `{home}` first")
        if check_of(path.read_bytes()) != check:
            raise LedgerError(f"`{path}` is not the key with which the backup was made")


def _put_files(drafts: Path, home: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if (home / name).exists() and (home / name).read_bytes() != data:
            raise LedgerError(f"`{home / name}` is there already and differs: nothing is replaced")
    for name, data in files.items():
        draft = drafts / name
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # the same bytes, as was seen above
            os.link(draft, home / name)
    sync_folder(home)


def _put_stores(drafts: Path, home: Path, parts: Sequence[Part]) -> None:
    """Give the databases their names, the ledger's last: a house is one with its ledger."""
    for part in parts:
        draft = drafts / part.file
        if draft.exists():
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            os.link(draft, home / part.file)
    sync_folder(home)
