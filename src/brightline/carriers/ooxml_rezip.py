"""A ZIP with some members' bytes exchanged or added, every other record copied as it stands (APPNOTE 6.3.10).

Records keep their order, so that `[Content_Types].xml` stays first where it was. What changes besides: the offsets in
the directory, and the directory's own place, size and count in the end records, ZIP64's too.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import NamedTuple

from brightline.carriers.ooxml_zip import (
    CENTRAL,
    DEFLATED,
    END,
    END64,
    LOCAL,
    LOCATOR64,
    STREAMED_FLAG,
    UTF8_FLAG,
    WIDE,
    WIDE_COUNT,
    Member,
    Package,
    body_start,
    wide_extra,
)
from brightline.carriers.writing import Piece, Pieces, sliced
from brightline.core.errors import CarrierError

_VERSION = 20  # 2.0: deflate (4.4.3.2)
_EPOCH = 0x21  # 1 January 1980, which Office writes too; no time of ours leaks into the file


class _Packed(NamedTuple):
    """New bytes of a member, deflated."""

    data: bytes
    crc: int
    size: int


class _Edit(NamedTuple):
    """Bytes [start, end) of the old file become `new`."""

    start: int
    end: int
    new: bytes


def rezip(
    data: memoryview, package: Package, changed: Mapping[Member, bytes], added: Mapping[str, bytes]
) -> Pieces:
    """The archive with new bytes for `changed` members and with `added` ones behind the last.

    Raises:
        CarrierError: records overlap or are broken, or the archive would outgrow its own fields.
    """
    if not changed and not added:
        return sliced(data, 0, len(data))
    _refuse_overlaps(data, package)
    packed = {member.entry: _pack(content) for member, content in changed.items()}
    edits = [
        _Edit(member.start, _record_end(data, member), _local(data, member, packed[member.entry]))
        for member in sorted(changed, key=lambda member: member.start)
    ]
    new = {name: _pack(content) for name, content in added.items()}
    records = {name: _new_local(name, content) for name, content in new.items()}
    edits.append(_Edit(package.directory, package.directory, b"".join(records.values())))
    directory = _directory(data, package, packed, edits)
    position = package.directory + _moved(edits, package.directory)
    for name, record in records.items():
        directory += _new_entry(name, new[name], position - len(b"".join(records.values())))
        position += len(record)
    return _pieces(data, package, edits, directory, len(added))


def _pieces(data: memoryview, package: Package, edits: list[_Edit], directory: bytes, added: int) -> Pieces:
    """Old records up to the directory, the new directory, and the old end with its numbers put right."""
    growth = _moved(edits, package.directory)
    tail: list[Piece] = [directory, *_ends(data, package, growth, len(directory), added)]
    return _given(data, edits, tail, package.stop)


def _given(data: memoryview, edits: list[_Edit], tail: list[Piece], stop: int) -> Pieces:
    position = 0
    for edit in edits:
        yield from sliced(data, position, edit.start)
        yield edit.new
        position = edit.end
    yield from tail
    yield from sliced(data, stop, len(data))


def _refuse_overlaps(data: memoryview, package: Package) -> None:
    """Members that share bytes could not be told apart after one of them grew."""
    end = 0
    for member in sorted(package.members, key=lambda member: member.start):
        if member.start < end:
            raise CarrierError(f"`{member.name[:80]}` overlaps another member")
        end = body_start(data, member) + member.packed
    if end > package.directory:
        raise CarrierError("the last member overlaps the ZIP directory")


def _record_end(data: memoryview, member: Member) -> int:
    """One past a member's record, its data descriptor included (4.3.9)."""
    end = body_start(data, member) + member.packed
    (flags,) = struct.unpack_from("<H", data, member.start + 6)
    if not flags & STREAMED_FLAG:
        return end
    for form in ("<4sLLL", "<4sLQQ", "<LLL", "<LQQ"):
        size = struct.calcsize(form)
        if end + size > len(data):
            continue
        fields = struct.unpack_from(form, data, end)
        if fields[-3:] == (member.crc, member.packed, member.unpacked) and (
            len(fields) == 3 or fields[0] == b"PK\x07\x08"
        ):
            return end + size
    raise CarrierError(f"`{member.name[:80]}` has no data descriptor where one should be")


def _pack(content: bytes) -> _Packed:
    state = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _Packed(state.compress(content) + state.flush(), zlib.crc32(content), len(content))


def _local(data: memoryview, member: Member, packed: _Packed) -> bytes:
    """A local record with its old name, flags and time, and new bytes."""
    fields = LOCAL.unpack_from(data, member.start)
    flags = fields[2] & ~STREAMED_FLAG
    name = bytes(data[member.start + LOCAL.size : member.start + LOCAL.size + fields[9]])
    sizes = (packed.crc, len(packed.data), packed.size)
    head = LOCAL.pack(
        fields[0], max(fields[1], _VERSION), flags, DEFLATED, *fields[4:6], *sizes, len(name), 0
    )
    return head + name + packed.data


def _new_local(name: str, packed: _Packed) -> bytes:
    raw = name.encode()
    flags = 0 if name.isascii() else UTF8_FLAG
    sizes = (packed.crc, len(packed.data), packed.size)
    return (
        LOCAL.pack(b"PK\x03\x04", _VERSION, flags, DEFLATED, 0, _EPOCH, *sizes, len(raw), 0)
        + raw
        + packed.data
    )


def _new_entry(name: str, packed: _Packed, offset: int) -> bytes:
    raw = name.encode()
    flags = 0 if name.isascii() else UTF8_FLAG
    sizes = (packed.crc, len(packed.data), packed.size, len(raw))
    versions = (_VERSION, _VERSION, flags, DEFLATED, 0, _EPOCH)
    return CENTRAL.pack(b"PK\x01\x02", *versions, *sizes, 0, 0, 0, 0, 0, _narrow(offset)) + raw


def _directory(
    data: memoryview, package: Package, packed: Mapping[int, _Packed], edits: list[_Edit]
) -> bytes:
    """The old entries with new offsets, and new sizes for members that were exchanged."""
    entries = bytearray()
    for member in package.members:
        entry = bytearray(data[member.entry : member.entry_end])
        offset = member.start + _moved(edits, member.start)
        content = packed.get(member.entry)
        entries += _moved_entry(entry, offset) if content is None else _new_sizes(entry, content, offset)
    return bytes(entries)


def _moved_entry(entry: bytearray, offset: int) -> bytearray:
    """An entry whose offset, 32 or 64 bits wide, is put right."""
    fields = CENTRAL.unpack_from(entry)
    if fields[16] != WIDE:
        struct.pack_into("<L", entry, CENTRAL.size - 4, _narrow(offset))
        return entry
    extra = CENTRAL.size + fields[10]
    at = wide_extra(bytes(entry[extra : extra + fields[11]]))
    place = extra + (at or 0) + 8 * ((fields[9] == WIDE) + (fields[8] == WIDE))
    if at is None or place + 8 > extra + fields[11]:
        raise CarrierError("a ZIP64 entry has no room for its offset")
    struct.pack_into("<Q", entry, place, offset)
    return entry


def _new_sizes(entry: bytearray, packed: _Packed, offset: int) -> bytes:
    """An entry with its old name, attributes and comment; its extra fields spoke of the old bytes."""
    fields = list(CENTRAL.unpack_from(entry))
    name = entry[CENTRAL.size : CENTRAL.size + fields[10]]
    comment = entry[CENTRAL.size + fields[10] + fields[11] :]
    fields[2] = max(fields[2], _VERSION)
    fields[3] &= ~STREAMED_FLAG
    fields[4] = DEFLATED
    fields[7:10] = [packed.crc, len(packed.data), packed.size]
    fields[11] = 0
    fields[16] = _narrow(offset)
    return CENTRAL.pack(*fields) + bytes(name) + bytes(comment)


def _ends(data: memoryview, package: Package, growth: int, length: int, added: int) -> list[Piece]:
    """What follows the directory's entries: ZIP64's records and the end record, with new numbers."""
    end = bytearray(data[package.end : package.stop])
    fields = END.unpack_from(end)
    start = package.directory + growth
    between = bytearray(data[package.directory_end : package.end])  # a signature record, ZIP64's, or nothing
    length += (package.end64 if package.end64 >= 0 else package.end) - package.directory_end
    wide = package.end64 >= 0
    if wide:
        at = package.end64 - package.directory_end
        old = END64.unpack_from(between, at)
        struct.pack_into("<4Q", between, at + 24, old[6] + added, old[7] + added, length, start)
        locator = len(between) - LOCATOR64.size
        struct.pack_into("<Q", between, locator + 8, package.end64 + growth + length - _old_length(package))
    counts = [_count(value, added, wide=wide) for value in fields[3:5]]
    places = [
        WIDE if wide and old == WIDE else _narrow(new)
        for old, new in zip(fields[5:7], (length, start), strict=True)
    ]
    struct.pack_into("<2H2L", end, 8, *counts, *places)
    return [bytes(between), bytes(end)]


def _old_length(package: Package) -> int:
    return (package.end64 if package.end64 >= 0 else package.end) - package.directory


def _count(old: int, added: int, *, wide: bool) -> int:
    if old == WIDE_COUNT and wide:
        return old
    if old + added >= WIDE_COUNT:
        raise CarrierError("the archive has no room for one member more")
    return old + added


def _moved(edits: list[_Edit], position: int) -> int:
    """By how many bytes what stood at `position` moves."""
    return sum(len(edit.new) - (edit.end - edit.start) for edit in edits if edit.end <= position)


def _narrow(offset: int) -> int:
    if offset >= WIDE:
        raise CarrierError("the archive would outgrow 4 GiB, which needs ZIP64; it has none")
    return offset
