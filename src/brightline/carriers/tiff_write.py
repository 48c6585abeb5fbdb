"""Writing into TIFF and BigTIFF: the XMP packet in tag 0x02BC of the first directory; no other byte moves.

TC260-PG-20259A; TIFF 6.0 section 2. What is new goes to the file's end: a packet that has grown, or a copy of the first
directory with one more entry, to which the header then points.
"""

from brightline.carriers.exif import TEXT_TYPES, XMP_TAG
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.tiff import read
from brightline.carriers.tiff_directory import Directory, Entry, Extent, Parts
from brightline.carriers.writing import Pieces
from brightline.carriers.xmp_edit import trimmed
from brightline.carriers.xmp_mark import PacketEdit, mark_edit
from brightline.core.errors import CarrierError

_UNDEFINED = 7  # the type that the guide prints
_CLASSIC_LIMIT_BYTES = 2**32 - 1
_ENTRIES_LIMIT = 65_535  # a classic directory counts its entries in 16 bits
_WORD_BYTES = 8  # what is appended begins at a multiple of that: classic needs 2, BigTIFF 8


def write(data: memoryview, mark: str) -> Pieces:
    """The TIFF with the mark in the XMP of its first directory.

    Raises:
        CarrierError: as `writing.Write`; also where a classic TIFF would pass 4 GiB.
    """
    standing_mark(read, data)
    return edit_xmp(data, mark_edit(mark))


def edit_xmp(data: memoryview, edit: PacketEdit) -> Pieces:
    """The TIFF with its XMP packet edited.

    Raises:
        CarrierError: the file is broken, has two XMP packets in its first directory, or would become too large.
    """
    parts = Parts(data)
    if parts.broken or not parts.directories:
        raise CarrierError(parts.broken[0] if parts.broken else "the TIFF has no directory")
    first = parts.directories[0]
    found = [entry for entry in first.entries if entry.number == XMP_TAG]
    if len(found) > 1:
        raise CarrierError(f"the TIFF has {len(found)} XMP packets, expected at most one")
    if not found:
        return spliced(data, _added(parts, first, edit(None)))
    (entry,) = found
    if entry.type not in TEXT_TYPES:
        raise CarrierError(f"the TIFF's XMP tag has type {entry.type}, expected 1 or 7")
    old = Extent(entry.value_at, entry.value_at + entry.size)
    packet = bytes(data[old.start : old.end])
    return spliced(data, _replaced(parts, entry, old, trimmed(edit(packet), entry.size)))


def _replaced(parts: Parts, entry: Entry, old: Extent, packet: bytes) -> list[Edit]:
    """The packet where it was when there is room or nothing behind it, else at the end; where it was become zeros."""
    if packet == bytes(parts.data[old.start : old.end]):
        return []
    layout, count_at = parts.layout, entry.at + 4
    inline = entry.size <= layout.word_bytes
    if not inline and not parts.is_alone(entry):
        raise CarrierError("the TIFF's XMP packet overlaps something else, and it cannot be replaced")
    is_last = old.end == len(parts.data)
    if not inline and (is_last or len(packet) <= entry.size):
        count = Edit(count_at, count_at + layout.word_bytes, layout.pack("W", len(packet)))
        _end(parts, len(packet))
        return [count, Edit(old.start, old.end, packet if is_last else packet.ljust(entry.size, b"\x00"))]
    at = _end(parts, len(packet))
    pointer = layout.pack("WW", len(packet), at)
    zeros = [] if inline else [Edit(old.start, old.end, bytes(entry.size))]
    return [
        Edit(count_at, count_at + len(pointer), pointer),
        *zeros,
        Edit(len(parts.data), len(parts.data), _gap(parts) + packet),
    ]


def _added(parts: Parts, first: Directory, packet: bytes) -> list[Edit]:
    """A copy of the first directory with one more entry, and the packet behind it."""
    layout, data = parts.layout, parts.data
    head = 8 if layout.big else 2
    (count,) = layout.unpack("Q" if layout.big else "H", data, first.start)
    if count >= _ENTRIES_LIMIT:
        raise CarrierError(f"the TIFF's first directory has {count} entries already")
    size = head + layout.entry_bytes * (count + 1) + layout.word_bytes
    start = _end(parts, size + _WORD_BYTES + len(packet))
    packet_at = start + size + -size % _WORD_BYTES
    entry = layout.pack("HHWW", XMP_TAG, _UNDEFINED, len(packet), packet_at)
    raw = bytes(data[first.start + head : first.next_at])
    at = next((one.at for one in first.entries if one.number > XMP_TAG), first.next_at) - first.start - head
    directory = (
        layout.pack("Q" if layout.big else "H", count + 1)
        + raw[:at]
        + entry
        + raw[at:]
        + bytes(data[first.next_at : first.end])
    )
    return [
        Edit(layout.first_at, layout.first_at + layout.word_bytes, layout.pack("W", start)),
        Edit(len(data), len(data), _gap(parts) + directory.ljust(packet_at - start, b"\x00") + packet),
    ]


def _gap(parts: Parts) -> bytes:
    return bytes(-len(parts.data) % _WORD_BYTES)


def _end(parts: Parts, size: int) -> int:
    """Where something of `size` bytes can be appended."""
    at = len(parts.data) + -len(parts.data) % _WORD_BYTES
    if not parts.layout.big and at + size > _CLASSIC_LIMIT_BYTES:
        raise CarrierError("the TIFF would be larger than 4 GiB, which only BigTIFF can be")
    return at
