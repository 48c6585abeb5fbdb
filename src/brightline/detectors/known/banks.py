"""Banks of known items: compiled once from an operator's file, then mapped by every worker.

Compiled files lie in `<home>/banks/<digest>/` and are keyed by the digest of the bank's file, so an edited bank is
compiled anew and an old one can be deleted at any time. No pickles: .npy arrays and one JSON.
"""

import logging
import shutil
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core import wire
from brightline.core.errors import BankError, DetectorError
from brightline.core.harm import Harm
from brightline.core.subject import Media, Subject
from brightline.detectors.known import index as hashes_by_distance
from brightline.detectors.known import rows as bank_rows
from brightline.detectors.known import text_index as texts_by_shingle
from brightline.detectors.known import video_index as videos_by_still
from brightline.detectors.known.index import HammingIndex, mapped
from brightline.detectors.known.rows import HashType, Row
from brightline.detectors.known.text_index import TextIndex
from brightline.detectors.known.video_index import VideoIndex
from brightline.detectors.known.video_rows import Records, known_video, records
from brightline.media.fingerprint import (
    PDQ_SIDE,
    TLSH_BYTES,
    TextPrint,
    pdq,
    text_print,
    text_tokens,
    tlsh_of,
)
from brightline.media.image import thumbnail
from brightline.settings import BankSetting

COMPILED_FORMAT = 2  # raise it when fingerprints or arrays change: old compiled banks are then left aside
TLSH_LIMIT = 200_000  # compared one by one, 0.3 microseconds each: 60 ms a look-up
TEXT_LIMIT = 200_000  # 0.9 kB each
VIDEO_LIMIT = 100_000  # of up to 130 kB each; all their stills together are bounded by the index
PDQ_MINIMUM_QUALITY = 50  # below it, flat pictures of any content lie close together

_ITEMS = ("sha256", "pdq", "tlsh", "text", "video")
_log = logging.getLogger(__name__)


class Ids(msgspec.Struct, frozen=True):
    """Names of items: one UTF-8 string after the other, and where each ends."""

    letters: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.uint64]

    def name(self, item: int) -> str:
        """The id of one item."""
        begin = int(self.ends[item - 1]) if item else 0
        return bytes(self.letters[begin : int(self.ends[item])]).decode()


class Compiled(msgspec.Struct, frozen=True):
    """A bank's items, ready to be searched.

    Attributes:
        ids: names of items, in the order of the file.
        sha256: (n, 32) uint8, sorted.
        pdq: index of PDQ hashes.
        tlsh: (n,) bytes of 72 letters.
        text: index of texts.
        video: index of the stills of videos.
        items: for each of the five, the item that each row (of video: each video) is.
    """

    ids: Ids
    sha256: npt.NDArray[np.uint8]
    pdq: HammingIndex
    tlsh: npt.NDArray[np.bytes_]
    text: TextIndex
    video: VideoIndex
    items: tuple[npt.NDArray[np.uint32], ...]

    def name(self, kind: HashType, row: int) -> str:
        """The id of the item behind a row of one of the five tables."""
        return self.ids.name(int(self.items[_ITEMS.index(kind)][row]))

    def sha256_row(self, digest: bytes) -> int:
        """The row of a SHA-256 digest (32 bytes), or -1."""
        if len(digest) != 32 or len(self.sha256) == 0:
            return -1
        keys = self.sha256.view("S32")[:, 0]
        row = int(np.searchsorted(keys, np.frombuffer(digest, dtype="S32")[0]))
        return row if row < len(keys) and bytes(self.sha256[row]) == digest else -1


class Bank(msgspec.Struct, frozen=True):
    """A bank in use: its setting, the digest of its file, and its items."""

    name: str
    allow: bool
    harm: Harm | None
    digest: str
    known: Compiled


class _Meta(msgspec.Struct, frozen=True):
    format: int
    digest: str


def open_bank(setting: BankSetting, home: Path | None) -> Bank:
    """Open a bank: map what was compiled before, or compile it now.

    Args:
        setting: as the operator wrote it.
        home: where compiled banks are kept; None keeps them in memory.

    Raises:
        BankError: the file is malformed, too large or unreadable, or the setting names no known harm.
    """
    harm = _harm(setting)
    file = bank_rows.inspect(setting.path)
    known = _open_compiled(home, file.digest) if home is not None else None
    if known is None:
        known = compile_rows(bank_rows.read(file))
        if home is not None:
            known = _keep(known, home, file.digest)
    return Bank(setting.name, setting.allow, harm, file.digest, known)


def compile_rows(rows: Iterable[Row]) -> Compiled:
    """Compile checked rows. Rows with the same hash are kept once, under the first id.

    Raises:
        BankError: there are more rows than a bank may have.
    """
    columns = _Columns()
    for row in rows:
        columns.add(row)
    return columns.compiled()


def bank_from_subjects(subjects: Iterable[Subject]) -> Iterator[Row]:
    """Give the rows that know these subjects again: SHA-256 of each, PDQ of pictures and videos, TLSH and words of texts.

    Pictures without detail (quality under 50) and texts of fewer than four words are known by SHA-256 only.
    `rows.write_rows` writes them to a file.
    """
    for subject in subjects:
        name = subject.name[-bank_rows.ID_CHARACTERS :]
        yield Row(type=HashType.SHA256, value=subject.digest, id=name)
        if subject.kind.media is Media.IMAGE:
            yield from _picture_rows(subject, name)
        if subject.kind.media is Media.VIDEO:
            yield from _video_rows(subject, name)
        if has_tlsh(subject) and (fuzzy := tlsh_of([subject.blob.view()])):
            yield Row(type=HashType.TLSH, value=fuzzy, id=name)
        if len(text_tokens(subject.text)) >= bank_rows.TEXT_TOKENS:
            yield Row(type=HashType.TEXT, value=subject.text, id=name)


def has_tlsh(subject: Subject) -> bool:
    """Whether bytes of this kind say something to TLSH: text does, compressed media and containers do not."""
    return subject.kind.media in {Media.TEXT, Media.MESSAGE} and subject.size_bytes <= TLSH_BYTES


def _picture_rows(subject: Subject, name: str) -> Iterator[Row]:
    try:
        one = pdq(thumbnail(subject, PDQ_SIDE))
    except DetectorError as error:
        _log.warning("event=picture_not_hashed digest=%s reason=%s", subject.digest, error)
        return
    if one.quality >= PDQ_MINIMUM_QUALITY:
        yield Row(type=HashType.PDQ, value=one.bits.hex(), id=name)


def _video_rows(subject: Subject, name: str) -> Iterator[Row]:
    try:
        value = known_video(subject)
    except DetectorError as error:
        _log.warning("event=video_not_hashed digest=%s reason=%s", subject.digest, error)
        return
    if value:
        yield Row(type=HashType.VIDEO, value=value, id=name)


def _harm(setting: BankSetting) -> Harm | None:
    if setting.allow:
        return None
    try:
        return Harm(setting.harm)
    except ValueError as error:
        known = ", ".join(Harm)
        raise BankError(
            f"bank `{setting.name}` warns of `{setting.harm}`; set `harm` to one of {known}, or `allow = true`"
        ) from error


class _Columns:
    """Rows as they come, packed: a million take 100 MB rather than a gigabyte of objects."""

    def __init__(self) -> None:
        self._letters = bytearray()
        self._ends = array("Q")
        self._values = {kind: bytearray() for kind in HashType}
        self._items = {kind: array("I") for kind in HashType}
        self._texts: list[TextPrint] = []
        self._videos: list[Records] = []

    def add(self, row: Row) -> None:
        item = len(self._ends)
        if item >= bank_rows.ROWS_LIMIT:
            raise BankError(f"more than {bank_rows.ROWS_LIMIT} rows in one bank")
        match row.type:
            case HashType.SHA256 | HashType.PDQ:
                self._values[row.type] += bytes.fromhex(row.value)
            case HashType.TLSH:
                self._limit(row.type, TLSH_LIMIT)
                self._values[row.type] += row.value.encode()
            case HashType.TEXT:
                self._limit(row.type, TEXT_LIMIT)
                self._texts.append(text_print(row.value))
            case HashType.VIDEO:
                self._limit(row.type, VIDEO_LIMIT)
                self._videos.append(records(row.value))
        self._items[row.type].append(item)
        self._letters += row.id.encode()
        self._ends.append(len(self._letters))

    def compiled(self) -> Compiled:
        digests, digest_items = _distinct(self._matrix(HashType.SHA256), self._numbers(HashType.SHA256))
        hashes, hash_items = _distinct(self._matrix(HashType.PDQ), self._numbers(HashType.PDQ))
        return Compiled(
            ids=Ids(np.frombuffer(bytes(self._letters), np.uint8), np.array(self._ends, dtype=np.uint64)),
            sha256=digests,
            pdq=hashes_by_distance.build(hashes),
            tlsh=np.frombuffer(bytes(self._values[HashType.TLSH]), dtype="S72"),
            text=texts_by_shingle.build(self._texts),
            video=videos_by_still.build(self._videos),
            items=(
                digest_items,
                hash_items,
                *(self._numbers(kind) for kind in (HashType.TLSH, HashType.TEXT, HashType.VIDEO)),
            ),
        )

    def _limit(self, kind: HashType, most: int) -> None:
        if len(self._items[kind]) >= most:
            raise BankError(f"more than {most} rows of type {kind} in one bank; split it")

    def _matrix(self, kind: HashType) -> npt.NDArray[np.uint8]:
        return np.frombuffer(bytes(self._values[kind]), dtype=np.uint8).reshape(-1, 32)

    def _numbers(self, kind: HashType) -> npt.NDArray[np.uint32]:
        return np.array(self._items[kind], dtype=np.uint32)


def _distinct(
    values: npt.NDArray[np.uint8], items: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
    """Sort (n, 32) values as bytes and keep the first item of each: a repeated hash must not fill a bucket."""
    if len(values) == 0:
        return values, items
    words = values.view(">u8")
    order = np.lexsort(words.T[::-1])  # stable, most significant word first
    ordered = values[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return np.ascontiguousarray(ordered[first]), items[order][first]


def _folder(home: Path, digest: str) -> Path:
    return home / "banks" / f"{digest}.{COMPILED_FORMAT}"


def _keep(known: Compiled, home: Path, digest: str) -> Compiled:
    """Publish atomically: a folder of that name is always complete, whoever was first."""
    folder = _folder(home, digest)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".compiling-", dir=folder.parent) as name:
            inner = Path(name) / "bank"
            inner.mkdir()
            _write(known, inner, digest)
            if (published := _open_compiled(home, digest)) is not None:  # another worker was faster
                return published
            shutil.rmtree(folder, ignore_errors=True)  # what a broken disk left there cannot be opened
            inner.rename(folder)
    except OSError as error:
        _log.warning("event=bank_kept_in_memory digest=%s reason=%s", digest, error.strerror)
    return _open_compiled(home, digest) or known


def _write(known: Compiled, folder: Path, digest: str) -> None:
    np.save(folder / "letters.npy", known.ids.letters, allow_pickle=False)
    np.save(folder / "ends.npy", known.ids.ends, allow_pickle=False)
    np.save(folder / "sha256.npy", known.sha256, allow_pickle=False)
    np.save(folder / "tlsh.npy", known.tlsh, allow_pickle=False)
    hashes_by_distance.save(known.pdq, folder)
    texts_by_shingle.save(known.text, folder)
    videos_by_still.save(known.video, folder)
    for kind, items in zip(_ITEMS, known.items, strict=True):
        np.save(folder / f"items_{kind}.npy", items, allow_pickle=False)
    (folder / "bank.json").write_bytes(wire.canonical(_Meta(COMPILED_FORMAT, digest)))


def _open_compiled(home: Path, digest: str) -> Compiled | None:
    """Map a compiled bank, or None where there is none that can be used."""
    folder = _folder(home, digest)
    try:
        if wire.read((folder / "bank.json").read_bytes(), _Meta) != _Meta(COMPILED_FORMAT, digest):
            return None
        return Compiled(
            ids=Ids(mapped(folder / "letters.npy", np.uint8), mapped(folder / "ends.npy", np.uint64)),
            sha256=mapped(folder / "sha256.npy", np.uint8),
            pdq=hashes_by_distance.load(folder),
            tlsh=np.load(folder / "tlsh.npy", allow_pickle=False),
            text=texts_by_shingle.load(folder),
            video=videos_by_still.load(folder),
            items=tuple(mapped(folder / f"items_{kind}.npy", np.uint32) for kind in _ITEMS),
        )
    except (OSError, ValueError, EOFError, msgspec.MsgspecError):  # missing, cut short: compile again
        return None
