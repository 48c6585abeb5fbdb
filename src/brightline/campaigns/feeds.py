"""Feeds from files: JSON Lines, CSV and Parquet, each by what it begins with, record after record."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from brightline.campaigns.gather import COLUMNS, Gatherer
from brightline.campaigns.posts import Posts
from brightline.core.errors import FeedError

LINE_BYTES_LIMIT = 1 << 20  # of one record
BAD_SHARE = 0.5  # of a file's records: when more cannot be read, it is no feed
FIRST_RECORDS = 1_000  # after which that is looked at, so that a wrong file ends early
_BATCH = 20_000  # rows of Parquet at a time

csv.field_size_limit(LINE_BYTES_LIMIT)


def read_feeds(files: Sequence[Path]) -> Posts:
    """All posts of some feeds as one.

    Args:
        files: JSON Lines, CSV with a line of names, or Parquet.

    Raises:
        FeedError: a file cannot be opened, is of no known form, or has nothing that reads as a post.
    """
    gatherer = Gatherer()
    for file in files:
        _read(file, gatherer)
    posts = gatherer.posts()
    if not len(posts.time):
        raise FeedError("no post in these feeds: each needs an account and a time")
    return posts


def _read(file: Path, gatherer: Gatherer) -> None:
    try:
        with file.open("rb") as stream:
            begin = stream.read(4_096)
    except OSError as error:
        raise FeedError(f"`{file}` cannot be opened: {(error.strerror or str(error)).lower()}") from None
    if not begin.strip():
        raise FeedError(f"`{file}` is empty")
    if begin.startswith(b"PAR1"):
        records = _parquet(file)
    elif begin.lstrip().startswith(b"{"):
        records = _lines(file)
    else:
        records = _table(file, begin)
    good = bad = 0
    for number, record in enumerate(records, 1):
        if isinstance(record, str):
            bad += 1
            gatherer.could_not_read(f"{file.name} record {number}", record)
        else:
            good += 1
            gatherer.add(record, f"{file.name} record {number}")
        if number == FIRST_RECORDS and bad > BAD_SHARE * number:
            break
    if bad > BAD_SHARE * (good + bad):
        raise FeedError(f"`{file}` is no feed: {bad} of its first {good + bad} records cannot be read")


def _lines(file: Path) -> Iterator[dict[str, object] | str]:
    decoder = msgspec.json.Decoder(dict[str, object])
    with file.open("rb") as stream:
        while line := stream.readline(LINE_BYTES_LIMIT + 1):
            if len(line) > LINE_BYTES_LIMIT:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(LINE_BYTES_LIMIT + 1)
                yield f"longer than {LINE_BYTES_LIMIT} bytes"
                continue
            if not line.strip():
                continue
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield "no JSON object"


def _table(file: Path, begin: bytes) -> Iterator[dict[str, object] | str]:
    first = begin.decode("utf-8-sig", "replace").splitlines()[0]
    separator = max(",;\t", key=first.count)
    names = [one.strip().strip('"') for one in first.split(separator)]
    if not set(names) & set(COLUMNS["account"]):
        raise FeedError(
            f"`{file}` is neither JSON Lines nor Parquet, nor CSV whose first line names an `account` and a `time`"
        )
    with file.open("r", encoding="utf-8-sig", errors="replace", newline="") as stream:
        rows = csv.DictReader((line.replace("\0", "") for line in stream), delimiter=separator)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield str(error)[:80]
            else:
                yield dict(row)


def _parquet(file: Path) -> Iterator[dict[str, object] | str]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError:
        raise FeedError(
            f"`{file}` is Parquet, which needs the extra `campaigns`: pip install 'brightline[campaigns]'"
        ) from None
    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(_BATCH):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise FeedError(
            f"`{file}` is no Parquet that can be read: {str(error).splitlines()[0][:200]}"
        ) from None
