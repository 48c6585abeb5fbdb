"""ZIP members: unpacked in small steps, counted while they grow, compared with what the directory declared."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from brightline.core.subject import Blob, GapKind, Role
from brightline.core.words import Words
from brightline.intake.budget import StopReadingError
from brightline.intake.draft import Draft, Part, clean_name
from brightline.intake.guard import EncryptedError
from brightline.intake.inflate import bunzip, chunks, inflate
from brightline.intake.zip_directory import ZipDirectory, ZipEntry, ZipError, read_body, read_directory

SMALL_BYTES = 1024 * 1024  # a member smaller than this is no bomb, whatever its ratio
STORED, DEFLATED, BZIP2 = 0, 8, 12  # APPNOTE 4.4.5; LZMA's own dictionary could take 4 GiB


class RatioError(StopReadingError):
    """One member grows like a bomb; the others may still be opened."""


class Unpacked(msgspec.Struct, frozen=True):
    """A member's bytes; `is_whole` is False when it ended early or its checksum does not fit."""

    data: bytes
    is_whole: bool


def read_zip(blob: Blob, draft: Draft) -> None:
    """Open the members of a ZIP as parts; overlapping, lying, encrypted and oversized ones leave gaps."""
    directory = open_directory(blob, draft)
    overlapping = overlaps(directory)
    with blob.open() as stream:
        for entry in directory.entries:
            if entry.is_folder:
                continue
            if entry.offset in overlapping:
                draft.gap_once(
                    GapKind.MALFORMED,
                    "members of the archive overlap, as in a bomb; those were not unpacked",
                    "压缩包成员相互重叠（压缩炸弹特征），相关成员未解包",
                )
                continue
            _read_member(stream, entry, draft)


def open_directory(blob: Blob, draft: Draft) -> ZipDirectory:
    """The members that a ZIP declares; a directory that is cut at the limit on parts leaves a gap."""
    limit = draft.budget.limits.parts
    try:
        directory = read_directory(blob, most=limit)
    except ZipError as error:
        raise draft.malformed(f"broken archive: {error}", "压缩包目录损坏或不完整，成员未能读取") from error
    if directory.is_cut:
        draft.gap(
            GapKind.LIMIT,
            f"more than {limit} members; the rest was not opened",
            f"压缩包成员超过 {limit} 个，其余未打开",
        )
    elif directory.declared != len(directory.entries):
        draft.header(
            "archive.mismatch",
            f"end record says {directory.declared} members, directory has {len(directory.entries)}",
        )
    return directory


def overlaps(directory: ZipDirectory) -> frozenset[int]:
    """Offsets of members whose packed bytes run into the next member's."""
    ordered = sorted((entry.offset, entry.packed) for entry in directory.entries)
    bad: set[int] = set()
    end, last = 0, -1
    for offset, packed in ordered:
        if offset < end:
            bad |= {offset, last}
        if offset + 30 + packed > end:
            end, last = offset + 30 + packed, offset  # 30: the shortest local header
    return frozenset(bad)


def unpack(stream: BinaryIO, entry: ZipEntry, draft: Draft) -> Unpacked:
    """One member's bytes, counted against the budget while they grow.

    Raises:
        EncryptedError: it needs a password.
        ZipError: its local header is not where the directory says, or its method is not known.
        StopReadingError: its ratio or the budget is exceeded.
    """
    if entry.is_encrypted:
        raise EncryptedError
    body = read_body(stream, entry)
    if not body.agrees:
        draft.header(
            "archive.mismatch",
            f"`{clean_name(entry.name)}` is `{clean_name(body.name)}` in its own header, or differs there",
        )
    stream.seek(body.start)
    pieces: list[bytes] = []
    size, crc = 0, 0
    whole = True
    try:
        for piece in _grow(stream, entry):
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            draft.budget.take_bytes(len(piece))
            draft.budget.check_time()
            _check_ratio(size, entry.packed, draft)
            pieces.append(piece)
    except (zlib.error, OSError, EOFError):
        whole = False
    return Unpacked(b"".join(pieces), whole and crc == entry.crc and size == entry.unpacked)


def _read_member(stream: BinaryIO, entry: ZipEntry, draft: Draft) -> None:
    name = clean_name(entry.name)
    note_name(entry.name, draft)
    if entry.is_link:
        draft.header("archive.link", name)
    try:
        unpacked = unpack(stream, entry, draft)
    except EncryptedError:
        draft.gap_once(
            GapKind.ENCRYPTED,
            "members are encrypted: a password is needed to read them",
            "压缩包成员已加密，需要密码才能读取",
        )
        return
    except RatioError as error:
        draft.gap_once(error.kind, error.words.en, error.words.zh)
        return
    except ZipError as error:
        draft.gap(GapKind.MALFORMED, f"member `{name[:80]}`: {error}", f"成员“{name[:80]}”损坏，未能读取")
        return
    if not unpacked.is_whole:
        draft.gap(
            GapKind.MALFORMED,
            f"member `{name[:80]}` is cut short or its checksum does not fit",
            f"成员“{name[:80]}”不完整或校验和不符",
        )
    draft.part(Part(data=unpacked.data, name=entry.name, role=Role.MEMBER), charged=True)


def note_name(name: str, draft: Draft) -> None:
    """Note a member name that would climb out of its folder if somebody unpacked it."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or name[1:3] in {":\\", ":/"}:
        draft.header("archive.path", clean_name(name))


def _check_ratio(size: int, packed: int, draft: Draft) -> None:
    limit = draft.budget.limits.ratio
    if size > SMALL_BYTES and size > limit * max(1, packed):
        raise RatioError(
            Words(
                en=f"a member of {packed} bytes unpacks to more than {limit} times its size; it was not opened",
                zh=f"有成员压缩后仅 {packed} 字节，解包后超过其 {limit} 倍，未打开",
            )
        )


def _grow(stream: BinaryIO, entry: ZipEntry) -> Iterator[bytes]:
    packed = chunks(stream, entry.packed)
    if entry.method == STORED:
        return packed
    if entry.method == DEFLATED:
        return inflate(packed)
    if entry.method == BZIP2:
        return bunzip(packed)
    raise ZipError(f"compression method {entry.method} is not supported")
