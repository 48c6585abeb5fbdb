"""Data sets read in batches, one at a time in memory: JSON lines, JSON, CSV, TSV, plain lines, Parquet, Arrow; gzip and xz.

The form is told from the bytes. A row that cannot be read is counted and never passed over in silence.
"""

import csv
import gzip
import io
import itertools
import lzma
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import msgspec

from brightline.core.errors import DetectorError
from brightline.core.subject import Gap, GapKind
from brightline.core.words import Words
from brightline.detectors.dataset.columns import Record, columns_of, row_of
from brightline.detectors.dataset.nouns import Columns, Row

MiB = 1024 * 1024
BATCH_ROWS = 4_000
BATCH_CHARACTERS = 4_000_000  # a batch of long documents is cut earlier: a worker holds a few of them
LINE_LIMIT_BYTES = 16 * MiB  # one row: a whole book; a longer line is no row
ARRAY_LIMIT_BYTES = 256 * MiB  # one JSON array is decoded whole; larger sets come as lines
UNPACKED_LIMIT_BYTES = 256 * 1024 * MiB  # of one packed file, which is read as a stream: ten bombs in one
GUESS_ROWS = 200  # rows from which the columns are told
_HEAD = 64 * 1024
_ANY = Columns()


class Batch(msgspec.Struct, frozen=True):
    """Some rows, and the number of the first."""

    first: int
    rows: list[Row]


class Table:
    """One file of rows."""

    def __init__(self, path: Path, wished: Columns = _ANY) -> None:
        """Tell the form and the columns.

        Raises:
            DetectorError: it cannot be read, its form is none of ours, or it holds no text.
        """
        self.path, self.unread = path, 0
        try:
            self.form, self._open = _form_of(path)
            head = list(itertools.islice(self._records(), GUESS_ROWS))
        except OSError as error:
            raise DetectorError(f"cannot read `{path.name}`: {error.strerror or error}") from error
        if not head:
            raise DetectorError(f"`{path.name}` holds no rows")
        self.columns = columns_of(head, wished)

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """All rows; `unread` then says how many lines were none.

        Raises:
            DetectorError: the file breaks off or is damaged in a way that leaves no further rows to be found.
        """
        self.unread, rows, size = 0, list[Row](), 0
        for record in self._records():
            row = row_of(record, self.columns)
            rows.append(row)
            size += len(row.text) + len(row.response)
            if len(rows) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
                yield Batch(first, rows)
                first, rows, size = first + len(rows), [], 0
        if rows:
            yield Batch(first, rows)

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read of it, after a pass over all rows."""
        if not self.unread:
            return ()
        name, count = self.path.name, self.unread
        why = Words(
            f"{count} lines of `{name}` are no rows and were not looked at",
            f"`{name}` 有 {count} 行不是数据行，未能检查",
        )
        return (Gap(source="dataset", kind=GapKind.MALFORMED, why=why),)

    def _records(self) -> Iterator[Record]:
        try:
            match self.form:
                case "parquet" | "arrow" | "arrow stream":
                    yield from _columnar(self.path, self.form)
                case "json":
                    yield from self._array()
                case "csv":
                    yield from self._separated()
                case "jsonl":
                    yield from self._json_lines()
                case _:
                    yield from (
                        {"text": line.decode("utf-8", "replace").rstrip("\r\n")}
                        for line in self._lines()
                        if line.strip()
                    )
        except (EOFError, lzma.LZMAError, zlib.error, csv.Error, gzip.BadGzipFile) as error:
            raise DetectorError(f"`{self.path.name}` is damaged: {error}") from error

    def _lines(self) -> Iterator[bytes]:
        """Lines under the limit; a longer one is counted as unread and passed over piece by piece."""
        with self._open() as stream:
            total, is_rest = 0, False
            while piece := stream.readline(LINE_LIMIT_BYTES):
                total += len(piece)
                if total > UNPACKED_LIMIT_BYTES:
                    raise DetectorError(
                        f"`{self.path.name}` unpacks to more than {UNPACKED_LIMIT_BYTES // MiB} MiB"
                    )
                is_whole = piece.endswith(b"\n") or len(piece) < LINE_LIMIT_BYTES
                if is_whole and not is_rest:
                    yield piece
                elif not is_rest:
                    self.unread += 1
                is_rest = not is_whole

    def _json_lines(self) -> Iterator[Record]:
        decode = msgspec.json.Decoder().decode
        for number, line in enumerate(self._lines()):
            shown = line.strip().removeprefix(b"\xef\xbb\xbf") if not number else line
            if not shown or shown.isspace():
                continue
            try:
                record = decode(shown)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.unread += 1
                continue
            if isinstance(record, dict):
                yield record
            elif isinstance(record, str):
                yield {"text": record}
            else:
                self.unread += 1

    def _array(self) -> Iterator[Record]:
        with self._open() as stream:
            data = stream.read(ARRAY_LIMIT_BYTES + 1)
        if len(data) > ARRAY_LIMIT_BYTES:
            raise DetectorError(f"`{self.path.name}` is one JSON array above 256 MiB; write it as JSON lines")
        try:
            found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DetectorError(f"`{self.path.name}` is damaged: {error}") from error
        if isinstance(found, dict):  # {"data": [...]}, as many exports have it
            found = next((value for value in found.values() if isinstance(value, list)), [found])
        for record in found:
            if isinstance(record, dict):
                yield record
            elif isinstance(record, str):
                yield {"text": record}
            else:
                self.unread += 1

    def _separated(self) -> Iterator[Record]:
        csv.field_size_limit(LINE_LIMIT_BYTES)
        lines = (line.decode("utf-8", "replace").replace("\0", "") for line in self._lines())
        first = next(lines, "").removeprefix("\ufeff")
        sign = max("\t,;|", key=first.count)
        reader = csv.reader(itertools.chain([first], lines), delimiter=sign)
        names = next(reader, [])
        for values in reader:
            if len(values) == len(names):
                yield dict(zip(names, values, strict=True))
            elif values:
                self.unread += 1


def _form_of(path: Path) -> tuple[str, "_Opener"]:
    """What the bytes are, and how they are opened.

    Raises:
        DetectorError: they are none of the forms.
    """
    with path.open("rb") as stream:
        magic = stream.read(8)
    packed = "gzip" if magic.startswith(b"\x1f\x8b") else "xz" if magic.startswith(b"\xfd7zXZ\x00") else ""
    if magic.startswith(b"PAR1"):
        return "parquet", _Opener(path, "")
    if magic.startswith(b"ARROW1"):
        return "arrow", _Opener(path, "")
    if magic.startswith(b"\xff\xff\xff\xff"):
        return "arrow stream", _Opener(path, "")
    opener = _Opener(path, packed)
    try:
        with opener() as stream:
            head = stream.read(_HEAD)
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise DetectorError(f"`{path.name}` is damaged: {error}") from error
    if b"\0" in head:
        raise DetectorError(
            f"`{path.name}` is no data set that we read: JSON lines, JSON, CSV, TSV, text, Parquet or Arrow"
        )
    return _form_of_text(head), opener


def _form_of_text(head: bytes) -> str:
    shown = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    first = shown.split(b"\n", 1)[0]
    if shown.startswith(b"["):
        return "json"
    if shown.startswith((b"{", b'"')):
        try:
            if isinstance(msgspec.json.decode(first), (dict, str)):
                return "jsonl"
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return "json" if shown.startswith(b"{") and len(first) < 3 else _separated_or_text(shown)
    return _separated_or_text(shown)


def _separated_or_text(head: bytes) -> str:
    """Columns need a header of short names, and the same number of signs on most of the first lines."""
    lines = head.decode("utf-8", "replace").splitlines()[:20]
    if len(lines) < 2:
        return "text"
    for sign in "\t,;|":
        names = next(csv.reader([lines[0]], delimiter=sign), [])
        is_header = len(names) > 1 and all(0 < len(name.strip()) <= 40 for name in names)
        if is_header and len({*names}) == len(names) and any(sign in line for line in lines[1:]):
            return "csv"
    return "text"


class _Opener:
    """Opens a file, unpacking it as it is read."""

    def __init__(self, path: Path, packed: str) -> None:
        self._path, self._packed = path, packed

    def __call__(self) -> IO[bytes]:
        if self._packed == "gzip":
            return cast("BinaryIO", io.BufferedReader(cast("Any", gzip.open(self._path))))
        if self._packed == "xz":
            return cast("BinaryIO", io.BufferedReader(cast("Any", lzma.open(self._path))))
        return self._path.open("rb")


def _columnar(path: Path, form: str) -> Iterator[Record]:
    """Rows of Parquet and Arrow, a few thousand at a time.

    Raises:
        DetectorError: pyarrow is not installed, or the file is damaged.
    """
    try:
        import pyarrow as pa
        from pyarrow import ipc, parquet
    except ImportError as error:
        raise DetectorError(f"`{path.name}` is {form}: install the extra `datasets` (pyarrow)") from error
    try:
        with pa.memory_map(str(path)) as source:
            yield from _rows_of(_arrow_batches(source, form, ipc, parquet))
    except (pa.ArrowInvalid, pa.ArrowException) as error:
        said = " ".join(str(error).split())[:200]
        raise DetectorError(f"`{path.name}` is damaged: {said}") from error


def _arrow_batches(source: Any, form: str, ipc: Any, parquet: Any) -> Iterator[Any]:
    if form == "parquet":
        yield from parquet.ParquetFile(source).iter_batches(batch_size=BATCH_ROWS)
    elif form == "arrow":
        reader = ipc.open_file(source)
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from ipc.open_stream(source)


def _rows_of(batches: Iterable[Any]) -> Iterator[Record]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield from batch.slice(start, BATCH_ROWS).to_pylist()
