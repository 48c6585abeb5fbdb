"""A document's ZIP container, as far as a carrier needs it: members, their bytes, and where each record lies.

PKWARE APPNOTE 6.3.10. Nothing is unpacked but the member asked for, in bounded steps; records are known by their
place, so that a writer can leave all others as they are.
"""

import struct
import zlib

import msgspec

from brightline.carriers.candidate import MiB
from brightline.core.errors import CarrierError

DIRECTORY_LIMIT_BYTES = 8 * MiB  # 10,000 members with long names take 4 MiB
MEMBER_LIMIT = 20_000  # a workbook of 5,000 sheets has about 10,000
END_SEARCH_BYTES = 22 + 65_535  # end record and the longest comment (4.3.16)
LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
WIDE, WIDE_COUNT = 0xFFFFFFFF, 0xFFFF
STORED, DEFLATED = 0, 8
ENCRYPTED_FLAG, STREAMED_FLAG, UTF8_FLAG = 0x1, 0x8, 0x800


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member as the directory declares it.

    Attributes:
        name: with `/` between folders, as written.
        method: 0 stored, 8 deflate.
        is_encrypted: a password is needed.
        crc: CRC-32 of its bytes.
        packed: size in the file (bytes).
        unpacked: size of its bytes.
        start: first byte of its local record, offset in the file.
        entry: first byte of its directory entry, offset in the file.
        entry_end: one past the entry's last byte.
    """

    name: str
    method: int
    is_encrypted: bool
    crc: int
    packed: int
    unpacked: int
    start: int
    entry: int
    entry_end: int


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """The container: its members in directory order and the offsets of its own records.

    Attributes:
        members: in directory order.
        prefix: bytes that stand in front of the archive.
        directory: first byte of the central directory.
        directory_end: one past its last byte.
        end64: first byte of the ZIP64 end record, -1 if there is none.
        end: first byte of the end record.
        stop: one past the archive's comment.
    """

    members: tuple[Member, ...]
    prefix: int
    directory: int
    directory_end: int
    end64: int
    end: int
    stop: int

    def named(self, name: str) -> list[Member]:
        """Members of that name; names in a package differ by more than case (OPC, ISO/IEC 29500-2 6.2.2.3)."""
        return [member for member in self.members if member.name.lower() == name.lower()]


def open_package(data: memoryview) -> Package:
    """The members that the central directory declares.

    Raises:
        CarrierError: there is no directory, or it is broken, or longer than our limits.
    """
    base = max(0, len(data) - END_SEARCH_BYTES)
    tail = bytes(data[base:])
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + END.size > len(tail):
        raise CarrierError("no ZIP end record: the document is cut off, or none")
    end = base + at
    _, _, _, _, count, length, offset, comment = END.unpack_from(data, end)
    end64, behind = -1, end
    if WIDE in {length, offset} or count == WIDE_COUNT:
        end64 = _find_end64(data, end)
        if end64 >= 0:
            *_, count, length, offset = END64.unpack_from(data, end64)
            behind = end64
    if length > DIRECTORY_LIMIT_BYTES or count > MEMBER_LIMIT:
        raise CarrierError(f"a ZIP directory of {count} members and {length} bytes is over our limit")
    start = behind - length
    if start < 0 or start < offset:
        raise CarrierError("the ZIP directory is not where the end record says")
    prefix = start - offset
    members, directory_end = _members(data, start, behind, prefix)
    if len(members) != count:
        raise CarrierError(f"the ZIP directory holds {len(members)} members, its end record says {count}")
    return Package(
        members=members,
        prefix=prefix,
        directory=start,
        directory_end=directory_end,
        end64=end64,
        end=end,
        stop=min(len(data), end + END.size + comment),
    )


def body_start(data: memoryview, member: Member) -> int:
    """Offset of a member's packed bytes, by its local record.

    Raises:
        CarrierError: there is no local record of that name, or its bytes reach beyond the file.
    """
    if member.start + LOCAL.size > len(data):
        raise CarrierError(f"`{member.name[:80]}` lies beyond the document's end")
    magic, *_, name_length, extra_length = LOCAL.unpack_from(data, member.start)
    start = member.start + LOCAL.size
    if magic != b"PK\x03\x04" or _name(bytes(data[start : start + name_length])) != member.name:
        raise CarrierError(f"`{member.name[:80]}` is not where the ZIP directory says")
    start += name_length + extra_length
    if start + member.packed > len(data):
        raise CarrierError(f"`{member.name[:80]}` reaches beyond the document's end")
    return int(start)


def unpack(data: memoryview, member: Member, limit_bytes: int) -> bytes | None:
    """A member's bytes; None when there are more than `limit_bytes`, whatever the directory says.

    Raises:
        CarrierError: it is encrypted, compressed in an unknown way, cut, or its checksum does not hold.
    """
    if member.is_encrypted:
        raise CarrierError(f"`{member.name[:80]}` is encrypted")
    start = body_start(data, member)
    packed = data[start : start + member.packed]
    match member.method:
        case 0 if len(packed) > limit_bytes:
            return None
        case 0:
            content = bytes(packed)
        case 8:
            inflated = _inflate(packed, limit_bytes, member.name)
            if inflated is None:
                return None
            content = inflated
        case method:
            raise CarrierError(f"`{member.name[:80]}` is compressed by method {method}, expected 0 or 8")
    if zlib.crc32(content) != member.crc:
        raise CarrierError(f"the checksum of `{member.name[:80]}` does not hold")
    return content


def _inflate(packed: memoryview, limit_bytes: int, name: str) -> bytes | None:
    state = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = state.decompress(packed, limit_bytes + 1)
    except zlib.error as error:
        raise CarrierError(f"`{name[:80]}` does not inflate") from error
    if len(content) > limit_bytes:
        return None
    if not state.eof:
        raise CarrierError(f"`{name[:80]}` is cut off")
    return content


def _find_end64(data: memoryview, end: int) -> int:
    """Offset of the ZIP64 end record, -1 if there is none."""
    at = end - LOCATOR64.size
    if at < 0:
        return -1
    magic, _, where, _ = LOCATOR64.unpack_from(data, at)
    if magic != b"PK\x06\x07":
        return -1
    for start in (
        where,
        at - END64.size,
    ):  # as it says; right before, when bytes stand in front of the archive
        if 0 <= start <= at - END64.size and bytes(data[start : start + 4]) == b"PK\x06\x06":
            return int(start)
    raise CarrierError("no ZIP64 end record where its locator says")


def _members(data: memoryview, start: int, stop: int, prefix: int) -> tuple[tuple[Member, ...], int]:
    """Directory entries from `start`, and where they end; a signature record may follow them (4.3.13)."""
    found: list[Member] = []
    position = start
    while position + CENTRAL.size <= stop and bytes(data[position : position + 4]) == b"PK\x01\x02":
        if len(found) >= MEMBER_LIMIT:
            raise CarrierError(f"more than {MEMBER_LIMIT} members")
        member = _member(data, position, prefix)
        if member.entry_end > stop:
            raise CarrierError("the ZIP directory is cut off")
        found.append(member)
        position = member.entry_end
    return tuple(found), position


def _member(data: memoryview, position: int, prefix: int) -> Member:
    fields = CENTRAL.unpack_from(data, position)
    flags, method, crc, packed, unpacked, offset = (*fields[3:5], *fields[7:10], fields[16])
    name_end = position + CENTRAL.size + fields[10]
    extra_end = name_end + fields[11]
    if WIDE in {packed, unpacked, offset}:
        wide = wide_fields(bytes(data[name_end:extra_end]), (unpacked, packed, offset))
        unpacked, packed, offset = wide
    return Member(
        name=_name(bytes(data[position + CENTRAL.size : name_end])),
        method=method,
        is_encrypted=bool(flags & ENCRYPTED_FLAG),
        crc=crc,
        packed=packed,
        unpacked=unpacked,
        start=offset + prefix,
        entry=position,
        entry_end=extra_end + fields[12],
    )


def wide_fields(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Unpacked size, packed size and offset, those that are all ones taken from extra field 0x0001 (4.5.3)."""
    at = wide_extra(extra)
    if at is None:
        return values
    result = []
    for value in values:
        if value == WIDE and at + 8 <= len(extra):
            value, at = int.from_bytes(extra[at : at + 8], "little"), at + 8
        result.append(value)
    return result[0], result[1], result[2]


def wide_extra(extra: bytes) -> int | None:
    """Offset of the ZIP64 values in an extra field, None if it has none."""
    position = 0
    while position + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, position)
        if tag == 1:
            return position + 4
        position += 4 + length
    return None


def _name(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")  # which APPNOTE D.1 names, and which never fails
