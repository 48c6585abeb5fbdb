"""Members of a ZIP as several readers may see them: by the directory, by local headers, and those that neither admits.

Loaders differ in what they believe, and attackers make header and directory disagree (APPNOTE 6.3.10, 4.3 and 4.4).
Here every reading that gives bytes is looked at, whatever flags, sizes or checksums say.
"""

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Iterator

import msgspec

from brightline.detectors.artefact.mapped import matches

MEMBERS_LIMIT = 20_000  # members of one archive; the largest checkpoints have some thousands
MEMBER_BYTES_LIMIT = 64 * 1024 * 1024  # unpacked of one compressed member; more is said to be unread
GAP_BYTES = 4  # between members, more than this is looked into
SWEPT_BYTES = 512 * 1024 * 1024  # searched for hidden headers, a fifth of a second

_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_WIDE = 0xFFFFFFFF
_LISTED = re.compile(rb"PK\x01\x02")
_HEADER = re.compile(rb"PK\x03\x04")


class Member(msgspec.Struct):
    """One reading of one member.

    Attributes:
        name: as it is written.
        start: offset of its packed bytes in the archive.
        end: offset behind them.
        method: compression method.
        crc: declared CRC-32; -1 where nobody declares one.
        unpacked: declared size (bytes).
        tricks: how the headers disagree with each other or with the bytes.
    """

    name: str
    start: int
    end: int
    method: int
    crc: int
    unpacked: int
    tricks: set[str] = msgspec.field(default_factory=set)


class Unpacking(msgspec.Struct):
    """What a member unpacks to; `is_whole` is False where it was cut at the limit or is broken."""

    data: bytes
    is_whole: bool


def members(data: bytes, size: int) -> Iterator[Member]:
    """All readings of all members; nothing is unpacked yet.

    Args:
        data: the archive, bytes or mapped file.
        size: its length (bytes).
    """
    covered: list[tuple[int, int]] = []
    seen: set[str] = set()
    for entry in _directory(data, size):
        for member in _readings(data, size, entry):
            if member.name in seen and "disagrees" not in member.tricks:
                member.tricks.add("duplicate name")
            seen.add(member.name)
            covered.append((int(entry[16]), member.end))
            yield member
    yield from _unlisted(data, size, covered)


def unpack(data: bytes, member: Member, most: int = MEMBER_BYTES_LIMIT) -> Unpacking:
    """A member's bytes, or as many as `most`; a stored one may be read in place instead."""
    packed = data[member.start : member.end if member.method else min(member.end, member.start + most)]
    if member.method == 0:
        return Unpacking(packed, member.end - member.start <= most)
    try:
        if member.method == 8:
            state = zlib.decompressobj(-zlib.MAX_WBITS)
            out = state.decompress(packed, most)
            return Unpacking(out, state.eof)
        if member.method == 12:
            decoder = bz2.BZ2Decompressor()
            return Unpacking(decoder.decompress(packed, most), decoder.eof)
        if member.method == 14:
            options = lzma._decode_filter_properties(lzma.FILTER_LZMA1, packed[4:9])  # type: ignore[attr-defined]  # noqa: SLF001 - zipfile's own way
            raw = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[options])
            return Unpacking(raw.decompress(packed[9:], most), raw.eof)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
        return Unpacking(_partly(packed, most) if member.method == 8 else b"", is_whole=False)
    return Unpacking(b"", is_whole=False)


def _partly(packed: bytes, most: int) -> bytes:
    """What a broken deflate stream gives before it breaks."""
    state, out = zlib.decompressobj(-zlib.MAX_WBITS), b""
    try:
        for start in range(0, min(len(packed), most), 256):
            out += state.decompress(packed[start : start + 256], most - len(out))
    except zlib.error:
        pass
    return out


def _directory(data: bytes, size: int) -> Iterator[tuple[bytes | int, ...]]:
    """Entries of the directory, found from the end record, or by their own magic where that lies."""
    at = data.rfind(b"PK\x05\x06", max(0, size - 65_557))
    first, shift = -1, 0
    if at >= 0 and at + _END.size <= size:
        length, declared = _END.unpack_from(data[at : at + _END.size])[5:7]
        shift = at - length - declared  # bytes in front of the archive
        wide = data.rfind(b"PK\x06\x06", max(0, at - 200), at)
        end = wide if wide >= 0 else at
        if wide >= 0 and wide + 56 <= size:
            length = int.from_bytes(data[wide + 40 : wide + 48], "little")
        first = end - length if data[max(0, end - length) : end - length + 4] == b"PK\x01\x02" else -1
    if first < 0:
        listed = next(matches(_LISTED, data, max(0, size - SWEPT_BYTES), size, longest=4), None)
        first = listed.start() if listed else -1
    position, count = first, 0
    while position >= 0 and position + _ENTRY.size <= size and count < MEMBERS_LIMIT:
        fields = _ENTRY.unpack(data[position : position + _ENTRY.size])
        if fields[0] != b"PK\x01\x02":
            return
        stop = position + _ENTRY.size + fields[10]
        extra = data[stop : stop + fields[11]]
        values = list(_widened(fields, extra))
        if 0 < shift < size and data[values[16] + shift : values[16] + shift + 4] == b"PK\x03\x04":
            values[16] += shift
        yield (*values, data[position + _ENTRY.size : stop])
        position, count = stop + fields[11] + fields[12], count + 1


def _widened(fields: tuple[int, ...], extra: bytes) -> tuple[int, ...]:
    wanted = [index for index in (9, 8, 16) if fields[index] == _WIDE]
    values, position = list(fields), 0
    while wanted and position + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, position)
        if tag == 1:
            for number, index in enumerate(wanted):
                at = position + 4 + 8 * number
                if at + 8 <= len(extra):
                    values[index] = int.from_bytes(extra[at : at + 8], "little")
            break
        position += 4 + length
    return tuple(values)


def _readings(data: bytes, size: int, entry: tuple[bytes | int, ...]) -> Iterator[Member]:
    """The member by its directory entry, and by its local header where the two disagree."""
    values = [one if isinstance(one, int) else 0 for one in entry]
    offset, name = (
        values[16],
        bytes(entry[17] if isinstance(entry[17], bytes) else b"").decode("utf-8", "replace"),
    )
    header = data[offset : offset + _LOCAL.size] if offset < size else b""
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        yield Member(
            name,
            min(offset, size),
            min(size, offset + values[8]),
            values[4],
            values[7],
            values[9],
            {"no local header"},
        )
        return
    local = _local(data, size, offset, header)
    start = local.start
    main = Member(name, start, min(size, start + values[8]), values[4], values[7], values[9])
    streamed = struct.unpack_from("<H", header, 6)[0] & 8
    if (values[3] | struct.unpack_from("<H", header, 6)[0]) & 1:
        main.tricks.add("encrypted flag")
    same = local.name == name and local.method == main.method
    is_wide = header[18:22] == b"\xff\xff\xff\xff"  # ZIP64: the sizes stand in an extra field
    same &= bool(streamed) or is_wide or (local.end - start, local.crc) == (values[8], values[7])
    if not same:
        main.tricks.add("headers disagree")
    yield main
    if not same and (local.method != main.method or local.end != main.end):
        local.tricks.add("disagrees")
        yield local


def _local(data: bytes, size: int, offset: int, header: bytes) -> Member:
    _, _, _, method, _, _, crc, packed, unpacked, names, extras = _LOCAL.unpack(header)
    start = offset + _LOCAL.size + names + extras
    name = data[offset + _LOCAL.size : offset + _LOCAL.size + names].decode("utf-8", "replace")
    end = size if packed == _WIDE else min(size, start + packed)
    return Member(name, min(start, size), max(start, end) if start <= size else size, method, crc, unpacked)


def _unlisted(data: bytes, size: int, covered: list[tuple[int, int]]) -> Iterator[Member]:
    """Members with a local header that no entry of the directory points at."""
    listed = {start for start, _ in covered}
    edges = sorted(covered)
    position, end = 0, min(size, SWEPT_BYTES)
    for start, stop in [*edges, (end, end)]:
        if start - position > GAP_BYTES:
            for match in matches(_HEADER, data, position, min(start + 4, end), longest=4):
                at = match.start()
                header = data[at : at + _LOCAL.size]
                if at in listed or len(header) < _LOCAL.size:
                    continue
                member = _local(data, size, at, header)
                if member.method in {0, 8, 12, 14}:
                    member.end = member.end if member.end > member.start else min(size, start)
                    member.tricks.add("not in the directory")
                    yield member
        position = max(position, stop)
