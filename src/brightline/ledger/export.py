"""Export a ledger as a static C2SP tlog-tiles folder, which any web server can serve and any client can read.

Incremental: what a folder holds already stays, after its old checkpoint is seen to be a prefix of the log. The
checkpoint is written last, so that a reader never sees one whose tiles are missing.
"""

import os
import shutil
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from brightline.core.errors import VerificationError
from brightline.ledger import store
from brightline.ledger.engine import guard
from brightline.ledger.keys import sync_folder
from brightline.ledger.ledger import Ledger
from brightline.ledger.merkle import TILE_HEIGHT, TILE_WIDTH, bundle, load_frontier, root, tile_path
from brightline.ledger.note import open_checkpoint, parse_vkey
from brightline.ledger.reading import entries_between


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What an export did.

    Attributes:
        size: entries that the folder now holds.
        before: entries that it held.
        files: tiles and bundles written.
    """

    size: int
    before: int
    files: int


def export(ledger: Ledger, folder: Path) -> Exported:
    """Write what is new in the log to a folder of tiles.

    Raises:
        LedgerError: the folder cannot be written or the store not be read.
        VerificationError: the folder holds another log, or another history of this one; nothing is written.
    """
    note = ledger.checkpoint()
    size = open_checkpoint(note, parse_vkey(ledger.vkey)).size
    writer = _Writer(folder)
    with guard(), ledger.engine.connect() as connection:
        folder.mkdir(parents=True, exist_ok=True)
        before = _exported_size(ledger, connection, folder, size)
        for number in range(before // TILE_WIDTH, -(-size // TILE_WIDTH)):
            _write_bundle(connection, writer, number, size)
        for level in range(-(-size.bit_length() // TILE_HEIGHT)):
            _write_level(connection, writer, level, before, size)
        writer.sync()
        tiles = writer.files
        writer.write(folder / "checkpoint", note.encode())
        writer.sync()
    return Exported(size=size, before=before, files=tiles)


class _Writer:
    """Writes files so that they are there wholly or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = 0
        self._folders = {folder}

    def tile(self, level: int | str, number: int, width: int, data: bytes) -> None:
        path = self.folder / tile_path(level, number, width)
        if path.exists() and path.read_bytes() == data:
            return
        self.write(path, data)
        if width == TILE_WIDTH:  # older partial tiles are no longer needed once the full one is there
            shutil.rmtree(path.with_name(f"{path.name}.p"), ignore_errors=True)

    def write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self.files += 1
        self._folders.update(path.parents[: len(path.parts) - len(self.folder.parts)])

    def sync(self) -> None:
        """Make the new names durable."""
        for folder in self._folders:
            sync_folder(folder)


def _exported_size(ledger: Ledger, connection: Connection, folder: Path, size: int) -> int:
    place = folder / "checkpoint"
    if not place.exists():
        return 0
    try:
        head = open_checkpoint(place.read_text("utf-8"), parse_vkey(ledger.vkey))
    except (VerificationError, UnicodeDecodeError) as error:
        raise VerificationError(f"`{place}` is not a checkpoint of this log: {error}") from error
    if head.size > size:
        raise VerificationError(f"`{folder}` holds {head.size} entries, the ledger only {size}")
    if root(load_frontier(head.size, partial(store.read_hashes, connection))) != head.root:
        raise VerificationError(f"`{folder}` holds another history of this log at size {head.size}")
    return head.size


def _write_bundle(connection: Connection, writer: _Writer, number: int, size: int) -> None:
    start = number * TILE_WIDTH
    width = min(TILE_WIDTH, size - start)
    entries = [data for _, data in entries_between(connection, start, start + width)]
    if len(entries) != width:
        raise VerificationError(f"store holds {len(entries)} of the {width} entries from {start} on")
    writer.tile("entries", number, width, bundle(entries))


def _write_level(connection: Connection, writer: _Writer, level: int, before: int, size: int) -> None:
    shift = TILE_HEIGHT * level
    for number in range((before >> shift) // TILE_WIDTH, -(-(size >> shift) // TILE_WIDTH)):
        first = number * TILE_WIDTH
        width = min(TILE_WIDTH, (size >> shift) - first)
        writer.tile(level, number, width, store.read_hashes(connection, level, first, width))
