"""Bank files as rows: CSV, JSON lines, PDQ lists and lists of plain texts, checked line by line."""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import msgspec

from brightline.core.errors import BankError
from brightline.detectors.known.video_rows import records
from brightline.media.fingerprint import is_tlsh, text_tokens

FILE_BYTES = 1024 * 1024 * 1024  # ten million PDQ rows
LINE_BYTES = 256 * 1024  # one known text; a debunked article is under 50 kB
ROWS_LIMIT = 20_000_000
ID_CHARACTERS = 200
TEXT_TOKENS = 4  # a shorter "known text" would be a common phrase and accuse everybody

_SEAL = re.compile(rb"# brightline-bank 1 sha256=([0-9a-f]{64})\r?\n")
_HEX_256 = re.compile(r"[0-9a-fA-F]{64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COLUMNS = ("type", "value", "id", "note")


class HashType(StrEnum):
    """What a row's value is."""

    SHA256 = "sha256"
    PDQ = "pdq"
    TLSH = "tlsh"
    TEXT = "text"
    VIDEO = "video"


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One known item.

    Attributes:
        type: what `value` is.
        value: 64 hex digits (sha256, pdq), a TLSH, the known text itself, or the records of a video
            (`video_rows.py`).
        id: what findings call the item; the line number when the file gives none.
        note: for people who read the file; not kept.
    """

    type: HashType
    value: str
    id: str = ""
    note: str = ""


class BankFile(msgspec.Struct, frozen=True):
    """A bank's file as it was found: where, SHA-256 of all its bytes, and whether a seal vouches for them."""

    path: Path
    digest: str
    sealed: bool


def inspect(path: Path) -> BankFile:
    """Digest a bank's file and check its seal, if its first line is one.

    The seal `# brightline-bank 1 sha256=<64 hex digits>` states SHA-256 of all bytes after that line: a bank
    that was cut short or damaged on its way is refused. It does not say who made the bank.

    Raises:
        BankError: the file cannot be read, is over `FILE_BYTES`, or does not fit its seal.
    """
    try:
        if path.stat().st_size > FILE_BYTES:
            raise BankError(f"bank `{path}` has {path.stat().st_size} bytes, expected at most {FILE_BYTES}")
        with path.open("rb") as stream:
            first = stream.readline(LINE_BYTES)
            whole, rest = hashlib.sha256(first), hashlib.sha256()
            while chunk := stream.read(1024 * 1024):
                whole.update(chunk)
                rest.update(chunk)
    except OSError as error:
        raise BankError(f"cannot read bank `{path}`: {error.strerror}") from error
    seal = _SEAL.fullmatch(first)
    if seal is not None and seal[1].decode() != rest.hexdigest():
        raise BankError(
            f"bank `{path}` does not fit the SHA-256 in its first line: it was cut short or changed"
        )
    return BankFile(path, whole.hexdigest(), seal is not None)


def read(file: BankFile) -> Iterator[Row]:
    """Give the rows of a bank file, every one checked, ids filled in.

    The name's ending says the format: `.csv`, `.jsonl`, `.pdq` (a hash a line, `,id` optional) or `.txt`
    (a known text a line).

    Raises:
        BankError: at the first malformed row, with `file:line`.
    """
    readers = {".csv": _read_csv, ".jsonl": _read_jsonl, ".pdq": _read_pdq, ".txt": _read_texts}
    reader = readers.get(file.path.suffix.lower())
    if reader is None:
        raise BankError(f"bank `{file.path}` ends in none of {', '.join(sorted(readers))}")
    try:
        with file.path.open("rb") as stream:
            lines = _Lines(stream, file)
            for row in reader(lines):
                yield _checked(row, lines)
    except OSError as error:
        raise BankError(f"cannot read bank `{file.path}`: {error.strerror}") from error
    if lines.digest() != file.digest:
        raise BankError(f"bank `{file.path}` changed while it was read; read it again")


def write_rows(rows: Iterable[Row], path: Path) -> int:
    """Write a sealed JSON-lines bank and give the number of rows.

    Raises:
        BankError: the file cannot be written.
    """
    lines = [msgspec.json.encode(row) + b"\n" for row in rows]
    body = b"".join(lines)
    seal = f"# brightline-bank 1 sha256={hashlib.sha256(body).hexdigest()}\n".encode()
    try:
        path.write_bytes(seal + body)
    except OSError as error:
        raise BankError(f"cannot write bank `{path}`: {error.strerror}") from error
    return len(lines)


class _Lines:
    """Lines of the file as text, counted and digested on the way."""

    def __init__(self, stream: BinaryIO, file: BankFile) -> None:
        self._stream = stream
        self._file = file
        self._digest = hashlib.sha256()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(LINE_BYTES + 1):
            self.number += 1
            self._digest.update(line)
            if len(line) > LINE_BYTES:
                raise self.error(f"the line is longer than {LINE_BYTES} bytes")
            if self.number == 1 and self._file.sealed:
                continue
            try:
                yield line.decode("utf-8-sig" if self.number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise self.error(f"byte {error.start + 1} is not UTF-8") from error

    def digest(self) -> str:
        return self._digest.hexdigest()

    def error(self, words: str) -> BankError:
        return BankError(f"{self._file.path}:{self.number}: {words}")


def _read_csv(lines: _Lines) -> Iterator[Row]:
    reader = csv.reader(iter(lines), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not {"type", "value"} <= set(names) <= set(_COLUMNS) or len(set(names)) != len(names):
            raise lines.error(
                f"columns are `{','.join(names)[:80]}`, expected `type,value` and perhaps `id,note`"
            )
        for cells in reader:
            if cells and len(cells) != len(names):
                raise lines.error(f"{len(cells)} cells, expected {len(names)}")
            if cells:
                yield _row(dict(zip(names, cells, strict=True)), lines)
    except csv.Error as error:
        raise lines.error(f"not CSV: {error}") from error


def _read_jsonl(lines: _Lines) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(Row)
    for line in lines:
        if line.strip():
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise lines.error(f"{str(error)[0].lower()}{str(error)[1:]}") from error


def _read_pdq(lines: _Lines) -> Iterator[Row]:
    for line in lines:
        value, _, name = line.strip().partition(",")
        if value and not value.startswith("#"):
            yield Row(type=HashType.PDQ, value=value, id=name.strip())


def _read_texts(lines: _Lines) -> Iterator[Row]:
    for line in lines:
        if line.strip():
            yield Row(type=HashType.TEXT, value=line.strip())


def _row(cells: dict[str, str], lines: _Lines) -> Row:
    try:
        return msgspec.convert({name: cell.strip() for name, cell in cells.items()}, Row)
    except msgspec.ValidationError as error:
        raise lines.error(
            f"type is `{cells['type'][:40]}`, expected sha256, pdq, tlsh, text or video"
        ) from error


def _checked(row: Row, lines: _Lines) -> Row:
    value = row.value.strip()
    match row.type:
        case HashType.SHA256 | HashType.PDQ:
            if not _HEX_256.fullmatch(value):
                raise lines.error(f"`{value[:40]}` is no {row.type}: expected 64 hex digits")
            value = value.lower()
        case HashType.TLSH:
            value = value.upper() if value[:2].upper() == "T1" else f"T1{value.upper()}"
            if not is_tlsh(value):
                raise lines.error(f"`{row.value[:40]}` is no TLSH: expected `T1` and 70 hex digits")
        case HashType.TEXT:
            if len(text_tokens(value)) < TEXT_TOKENS:
                raise lines.error(f"the text has fewer than {TEXT_TOKENS} words and would match too much")
        case HashType.VIDEO:
            value = value.lower()
            try:
                records(value)
            except BankError as error:
                raise lines.error(str(error)) from error
    name = row.id.strip() or str(lines.number)
    if len(name) > ID_CHARACTERS or _CONTROL.search(name):
        raise lines.error(f"the id is longer than {ID_CHARACTERS} characters or holds control characters")
    return Row(type=row.type, value=value, id=name, note=row.note)
