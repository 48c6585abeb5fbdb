"""Take a backup while the house goes on working."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection

from brightline.core.errors import LedgerError
from brightline.ledger import store as ledger_rows
from brightline.ledger.engine import guard
from brightline.ledger.keys import load_or_create_key
from brightline.ledger.merkle import EMPTY_ROOT
from brightline.ledger.note import SignerKey
from brightline.review.backup import archive
from brightline.review.backup.manifest import FORMAT, Begin, End, Held, check_of, held, signed, written
from brightline.review.backup.parts import Part, one_moment, there
from brightline.review.backup.rows import Sum, batches_of, tables_of
from brightline.settings import Settings

LEDGER_KEY = "ledger.key"
FILE_LIMIT_BYTES = 64 * 1024 * 1024  # of one file of the home folder: a register of 10,000 persons has 20 MB


@dataclass(frozen=True)
class Made:
    """A backup that is on disk.

    Attributes:
        begin: what it is of.
        end: what it holds.
        size_bytes: of the file.
    """

    begin: Begin
    end: End
    size_bytes: int


@dataclass(frozen=True)
class Files:
    """Files of the home folder, by name.

    Attributes:
        secrets: keys; in a backup only where it is encrypted and its maker asks for them.
        others: always in it.
    """

    secrets: tuple[str, ...]
    others: tuple[str, ...]


def create(
    settings: Settings,
    path: Path,
    parts: Sequence[Part],
    files: Files,
    *,
    recipients: Sequence[str],
    keys: bool,
) -> Made:
    """Write everything that a house keeps into one archive, as it was at one moment.

    Args:
        settings: of the house.
        path: of the archive; nothing is replaced.
        parts: of its database.
        files: of its home folder.
        recipients: age public keys; none leaves the archive readable.
        keys: whether the keys go with it.

    Raises:
        LedgerError: something cannot be read or written, or keys would lie in a readable file.
    """
    if keys and not recipients:
        raise LedgerError("keys are never written into a readable file: name whom to encrypt to with --to")
    with guard():
        key = _ledger_key(settings)
        secrets = _read(settings.home, files.secrets)
        kept = _read(settings.home, files.others) | (secrets if keys else {})
        with one_moment(settings, tuple(parts)) as at, archive.written(path, recipients) as writer:
            found = {part: at[part.name] for part in parts if part.name in at and there(at[part.name], part)}
            begin = Begin(
                format=FORMAT,
                release=version("brightline"),
                made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                vkey=str(key.verifier),
                parts={part.name: part.revision(connection) for part, connection in found.items()},
                checks={name: check_of(data) for name, data in secrets.items()},
                keys=tuple(secrets) if keys else (),
            )
            writer.add("begin.json", written(begin))
            tables = {
                name: one
                for part, connection in found.items()
                for name, one in _rows(writer, part, connection)
            }
            for name, data in sorted(kept.items()):
                writer.add(f"files/{name}", data)
            head = next((_head(at[part.name]) for part in found if part.name == "ledger"), None)
            size, root = head or (0, EMPTY_ROOT)
            end = End(
                tables=tables, files=tuple(sorted(kept)), size=size, root=root.hex(), content=writer.digest
            )
            _finish(writer, end, key)
    return Made(begin, end, path.stat().st_size)


def _rows(writer: archive.Writer, part: Part, connection: Connection) -> list[tuple[str, Held]]:
    done = []
    for table in tables_of(connection, there(connection, part)):
        total, name = Sum(), f"{part.name}/{table.name}"
        for number, data in enumerate(batches_of(connection, table, total)):
            writer.add(f"rows/{name}/{number}", data)
        done.append((name, held(total)))
    return done


def _finish(writer: archive.Writer, end: End, key: SignerKey) -> None:
    last = written(end)
    writer.add("end.json", last)
    writer.add("end.note", signed(last, key))


def _head(connection: Connection) -> tuple[int, bytes] | None:
    head = ledger_rows.last_head(connection)
    return (head.size, head.root) if head is not None else None


def _ledger_key(settings: Settings) -> SignerKey:
    path = settings.home / LEDGER_KEY
    if not path.is_file():
        raise LedgerError(
            f"no ledger key `{path}`: set `home` or --home to a house that has judged something"
        )
    return load_or_create_key(path, settings.origin)


def _read(home: Path, names: Sequence[str]) -> dict[str, bytes]:
    found = {}
    for name in names:
        path = home / name
        if not path.is_file():
            continue
        with path.open("rb") as file:
            found[name] = file.read(FILE_LIMIT_BYTES + 1)
        if len(found[name]) > FILE_LIMIT_BYTES:
            raise LedgerError(f"`{path}` is larger than {FILE_LIMIT_BYTES // 1024 // 1024} MiB")
    return found
