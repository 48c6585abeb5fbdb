"""A ZIP's central directory and the local headers it points at (PKWARE APPNOTE 6.3.10), read within limits.

The standard library's `zipfile` reads a directory of any length into objects and believes it; here the length is
bounded first, and every entry is compared with its local header, since attackers make the two disagree.
"""

import struct
from typing import BinaryIO

import msgspec

from brightline.core.subject import Blob

DIRECTORY_LIMIT_BYTES = 8 * 1024 * 1024  # 10,000 members with names of 200 characters and extras take 4 MiB
END_SEARCH_BYTES = 22 + 65_535  # end record and the longest comment (4.3.16)

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_UTF8_FLAG, _ENCRYPTED_FLAG, _STREAMED_FLAG = 0x800, 0x1, 0x8
_WIDE = 0xFFFFFFFF


class ZipError(Exception):
    """The directory cannot be found or read."""


class ZipEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One member as the directory declares it; nothing here is to be trusted.

    Attributes:
        name: as written, slashes and all.
        method: compression method, 0 stored, 8 deflate.
        packed: declared size in the file (bytes).
        unpacked: declared size when unpacked (bytes).
        crc: declared CRC-32.
        offset: where its local header should be.
        is_encrypted: a password is needed.
        is_folder: it has no content.
        is_link: Unix mode says symbolic link.
    """

    name: str
    method: int
    packed: int
    unpacked: int
    crc: int
    offset: int
    is_encrypted: bool
    is_folder: bool
    is_link: bool


class ZipDirectory(msgspec.Struct, frozen=True, kw_only=True):
    """The members a ZIP declares.

    Attributes:
        entries: members in directory order, at most as many as asked for.
        declared: how many the end record says there are.
        is_cut: there are more than were asked for.
    """

    entries: tuple[ZipEntry, ...]
    declared: int
    is_cut: bool


class ZipBody(msgspec.Struct, frozen=True):
    """Where a member's packed bytes start, and whether its local header says the same as the directory."""

    start: int
    name: str
    agrees: bool


def read_directory(blob: Blob, *, most: int) -> ZipDirectory:
    """The first `most` members that the central directory declares.

    Raises:
        ZipError: there is no directory, it is broken, or longer than 8 MiB.
        OSError: the file behind the blob cannot be read.
    """
    with blob.open() as stream:
        start, length, declared, shift = _find_end(stream, blob.size)
        if length > DIRECTORY_LIMIT_BYTES:
            raise ZipError(f"the directory takes {length} bytes, more than {DIRECTORY_LIMIT_BYTES}")
        stream.seek(start)
        data = stream.read(length)
    entries: list[ZipEntry] = []
    position = 0
    while position + _ENTRY.size <= len(data) and len(entries) < most:
        entry, position = _entry(data, position, shift)
        entries.append(entry)
    if not entries and declared:
        raise ZipError("the directory holds no entry where the end record says it does")
    return ZipDirectory(entries=tuple(entries), declared=declared, is_cut=position + _ENTRY.size <= len(data))


def read_body(stream: BinaryIO, entry: ZipEntry) -> ZipBody:
    """Find a member's packed bytes by its local header.

    Raises:
        ZipError: there is no local header where the directory says.
    """
    stream.seek(entry.offset)
    header = stream.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise ZipError("no local header where the directory says")
    _, _, flags, method, _, _, crc, packed, unpacked, name_length, extra_length = _LOCAL.unpack(header)
    name = _name(stream.read(name_length), flags)
    agrees = (
        name == entry.name and method == entry.method and bool(flags & _ENCRYPTED_FLAG) == entry.is_encrypted
    )
    if not flags & _STREAMED_FLAG and _WIDE not in {packed, unpacked}:
        agrees = agrees and (crc, packed, unpacked) == (entry.crc, entry.packed, entry.unpacked)
    return ZipBody(entry.offset + _LOCAL.size + name_length + extra_length, name, agrees)


def _find_end(stream: BinaryIO, size: int) -> tuple[int, int, int, int]:
    """Start, length and count of the directory, and bytes in front of the archive proper."""
    base = max(0, size - END_SEARCH_BYTES)
    stream.seek(base)
    tail = stream.read(END_SEARCH_BYTES)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise ZipError("no end record: truncated, or no ZIP")
    _, _, _, _, count, length, offset, _ = _END.unpack_from(tail, at)
    end = base + at
    if _WIDE in {length, offset} or count == 0xFFFF:
        wide = _find_end64(stream, end)
        if wide is not None:
            count, length, offset, end = wide
    start = end - length
    if start < 0:
        raise ZipError("the directory would start before the file")
    return start, length, count, start - offset


def _find_end64(stream: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    if end < _LOCATOR64.size:
        return None
    stream.seek(end - _LOCATOR64.size)
    magic, _, where, _ = _LOCATOR64.unpack(stream.read(_LOCATOR64.size))
    if magic != b"PK\x06\x07" or where >= 2**63:
        return None
    stream.seek(where)
    record = stream.read(_END64.size)
    if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
        raise ZipError("no ZIP64 end record where its locator says")
    fields = _END64.unpack(record)
    return fields[7], fields[8], fields[9], where


def _entry(data: bytes, position: int, shift: int) -> tuple[ZipEntry, int]:
    fields = _ENTRY.unpack_from(data, position)
    if fields[0] != b"PK\x01\x02":
        raise ZipError("the directory is broken")
    flags, method, crc = fields[3], fields[4], fields[7]
    packed, unpacked, offset = fields[8], fields[9], fields[16]
    name_end = position + _ENTRY.size + fields[10]
    name = _name(data[position + _ENTRY.size : name_end], flags)
    if _WIDE in {packed, unpacked, offset}:
        packed, unpacked, offset = _wide(data[name_end : name_end + fields[11]], packed, unpacked, offset)
    mode = fields[15] >> 16
    entry = ZipEntry(
        name=name,
        method=method,
        packed=packed,
        unpacked=unpacked,
        crc=crc,
        offset=max(0, min(offset + shift, 2**62)),
        is_encrypted=bool(flags & _ENCRYPTED_FLAG),
        is_folder=name.endswith("/") and unpacked == 0,
        is_link=mode & 0o170000 == 0o120000,
    )
    return entry, name_end + fields[11] + fields[12]


def _wide(extra: bytes, packed: int, unpacked: int, offset: int) -> tuple[int, int, int]:
    """ZIP64 sizes from the extra field 0x0001 (4.5.3), for those that are all ones."""
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, position)
        if tag == 1:
            values = [
                int.from_bytes(extra[i : i + 8], "little")
                for i in range(position + 4, min(position + 4 + length, len(extra)) - 7, 8)
            ]
            found = iter(values)
            unpacked = next(found, unpacked) if unpacked == _WIDE else unpacked
            packed = next(found, packed) if packed == _WIDE else packed
            offset = next(found, offset) if offset == _WIDE else offset
            break
        position += 4 + length
    return packed, unpacked, offset


def _name(raw: bytes, flags: int) -> str:
    if flags & _UTF8_FLAG:
        return raw.decode("utf-8", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")  # what Chinese Windows writes without saying so
