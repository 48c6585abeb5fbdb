"""JPEG segments as places that hold a mark: XMP and EXIF in APP1, blobs in other segments, and what lies behind EOI.

TC260-PG-20259A names APP1 XMP and, in Annex B, EXIF UserComment. Structure: ITU-T T.81 Annex B; extended XMP: XMP
specification part 3, 1.1.3.1.
"""

import re
import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Candidate,
    Form,
    MiB,
    Oddity,
    Reading,
    Unread,
    with_oddity,
)
from brightline.carriers.exif import read_exif
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENDED_HEADER = b"http://ns.adobe.com/xmp/extension/\x00"
EXIF_HEADER = b"Exif\x00\x00"
_SOI, _EOI, _SOS, APP1, _COM = 0xD8, 0xD9, 0xDA, 0xE1, 0xFE
_STANDALONE = {0x01, *range(0xD0, 0xD9)}  # TEM, RST0-7, SOI: no length follows
_APPLICATION = range(0xE0, 0xF0)
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SEGMENT_LIMIT = 20_000  # a 300 MiB picture split over APP2 segments has 5,000
_PIXELS_LIMIT_BYTES = 512 * MiB  # scanned for the next marker at about 300 MiB/s


class Segment(msgspec.Struct, frozen=True):
    """One marker segment: its marker's second byte, its payload, and the byte range of the payload."""

    marker: int
    data: bytes
    start: int
    end: int
    behind_pixels: bool

    @property
    def place(self) -> str:
        """`jpeg:APP1`, `jpeg:COM`."""
        return "jpeg:COM" if self.marker == _COM else f"jpeg:APP{self.marker - 0xE0}"


class _Part(msgspec.Struct, frozen=True):
    """One part of an extended XMP packet."""

    offset: int
    size: int  # of the whole packet
    data: bytes
    start: int
    end: int


def read(data: memoryview) -> Reading:
    """Candidates in a JPEG file, in file order; extended XMP last.

    Raises:
        CarrierError: the segments cannot be walked to EOI.
    """
    if bytes(data[:2]) != b"\xff\xd8":
        raise CarrierError("no JPEG signature, expected FF D8")
    extended: dict[bytes, list[_Part]] = {}
    end = len(data)
    for segment in segments(data):
        if isinstance(segment, int):
            end = segment
        elif segment.marker == APP1 and segment.data.startswith(EXTENDED_HEADER):
            yield from _collect(segment, extended)
        else:
            yield from _read_segment(segment)
    for parts in extended.values():
        yield from _read_extended(parts)
    yield from read_trailing(data, end, "jpeg:after-EOI", "JPEG")


def segments(data: memoryview) -> Iterator[Segment | int]:
    """Application and comment segments; the last item is the offset behind EOI."""
    position, behind_pixels = 2, False
    for _ in range(_SEGMENT_LIMIT):
        marker, position = _marker_at(data, position)
        if marker == _EOI:
            yield position
            return
        if marker in _STANDALONE:
            continue
        start, end = _payload(data, position)
        if marker in _APPLICATION or marker == _COM:
            yield Segment(marker, bytes(data[start:end]), start, end, behind_pixels)
        position = end
        if marker == _SOS:
            behind_pixels = True
            position = _behind_pixels(data, end)
    raise CarrierError(f"more than {_SEGMENT_LIMIT} JPEG segments")


def _marker_at(data: memoryview, position: int) -> tuple[int, int]:
    """The marker at or just behind `position`, and the offset behind it; fill bytes are skipped."""
    if position < len(data) and data[position] != 0xFF:
        raise CarrierError(f"no JPEG marker at byte {position}")
    while position < len(data) and data[position] == 0xFF:
        position += 1
    if position >= len(data):
        raise CarrierError(f"JPEG ends at byte {len(data)} without EOI")
    return data[position], position + 1


def _payload(data: memoryview, position: int) -> tuple[int, int]:
    if position + 2 > len(data):
        raise CarrierError(f"JPEG ends at byte {len(data)} inside a segment")
    (size,) = struct.unpack_from(">H", data, position)
    if size < 2 or position + size > len(data):
        raise CarrierError(f"JPEG segment at byte {position} reaches beyond the file's end")
    return position + 2, position + size


def _behind_pixels(data: memoryview, position: int) -> int:
    """Offset of the marker that ends the entropy-coded data."""
    stop = min(len(data), position + _PIXELS_LIMIT_BYTES)
    match = _NEXT_MARKER.search(data, position, stop)
    if match is not None:
        return match.start()
    if stop < len(data):
        raise CarrierError("more than 512 MiB of JPEG pixels without a marker")
    raise CarrierError(f"JPEG ends at byte {len(data)} without EOI")


def _read_segment(segment: Segment) -> Reading:
    odd = (Oddity.AFTER_PIXELS,) if segment.behind_pixels else ()
    for item in _read_payload(segment):
        yield with_oddity(item, *odd) if isinstance(item, Candidate) else item


def _read_payload(segment: Segment) -> Reading:
    data, start, end = segment.data, segment.start, segment.end
    if segment.marker == APP1 and data.startswith(XMP_HEADER):
        yield from read_xmp(data[len(XMP_HEADER) :], f"{segment.place}:XMP", start, end)
    elif segment.marker == APP1 and data.startswith(EXIF_HEADER):
        yield from read_exif(data[len(EXIF_HEADER) :], f"{segment.place}:EXIF", start + len(EXIF_HEADER))
    elif b"<x:xmpmeta" in data and b"AIGC" in data:
        packet = data[data.index(b"<x:xmpmeta") :]
        for item in read_xmp(packet, f"{segment.place}:XMP", start, end):
            yield with_oddity(item, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item
    else:
        odd = Oddity.UNUSUAL_PLACE if segment.marker == _COM else Oddity.GLUED
        for loose in find_loose(data):
            yield Candidate(
                carrier=segment.place,
                form=Form.LOOSE,
                start=start + loose.start,
                end=start + loose.end,
                text=loose.text,
                oddities=(odd,) if loose.keyed else (odd, Oddity.KEYWORD),
            )


def _collect(segment: Segment, extended: dict[bytes, list[_Part]]) -> Reading:
    """Put one part of an extended XMP packet with its siblings."""
    head = len(EXTENDED_HEADER)
    if len(segment.data) < head + 40:
        yield _unread(GapKind.MALFORMED, "an extended XMP segment is cut", segment.start, segment.end)
        return
    guid = segment.data[head : head + 32]
    size, offset = struct.unpack_from(">II", segment.data, head + 32)
    part = _Part(offset, size, segment.data[head + 40 :], segment.start, segment.end)
    extended.setdefault(guid, []).append(part)


def _read_extended(parts: list[_Part]) -> Reading:
    """The packet that the parts make together, if they fill it without a hole."""
    start, end = min(part.start for part in parts), max(part.end for part in parts)
    size = parts[0].size
    if size > METADATA_LIMIT_BYTES:
        yield _unread(GapKind.LIMIT, "the extended XMP is larger than 16 MiB", start, end)
        return
    packet = bytearray()
    for part in sorted(parts, key=lambda part: part.offset):
        if part.offset != len(packet) or part.size != size:
            break
        packet += part.data
    if len(packet) != size:
        yield _unread(GapKind.MALFORMED, "the parts of an extended XMP do not fill it", start, end)
        return
    yield from read_xmp(bytes(packet), "jpeg:APP1:XMP-extended", start, end)


def _unread(kind: GapKind, why: str, start: int, end: int) -> Unread:
    return Unread(carrier="jpeg:APP1:XMP-extended", kind=kind, why=why, start=start, end=end)
