"""Where an ISO base media file holds offsets from its own start, which have to move with what they point at.

ISO/IEC 14496-12: chunk offsets 8.7.5, auxiliary offsets 8.7.9, track fragments 8.8.7, random access 8.8.10, items
8.11.3, segment index 8.16.3. All others (data offsets in `trun`, `saio` in a fragment) count from such a place.
"""

import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.isobmff_boxes import Box, boxes, in_meta, inner
from brightline.carriers.isobmff_items import Locations, read_locations
from brightline.core.errors import CarrierError

MEDIA = {b"mdat", b"moof", b"imda"}  # what offsets point at


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Offsets side by side: `count` big-endian ones of `width` bytes, one every `stride` bytes.

    Attributes:
        start: first byte of the first stretch.
        count: how many.
        width: 4 or 8 bytes as stored.
        stride: bytes from one to the next.
        at: bytes of a stretch before the offset.
        inside: for chunk offsets of 32 bits the box and those around it, as it can be written with 64 bits;
            empty where it cannot.
        foreign: may point into another file.
    """

    start: int
    count: int
    width: int
    stride: int
    at: int = 0
    inside: tuple[Box, ...] = ()
    foreign: bool = False

    @property
    def end(self) -> int:
        """One past the last byte."""
        return self.start + self.count * self.stride


class Index(msgspec.Struct, frozen=True):
    """A segment index: where its field `first_offset` stands, how wide it is, and what it refers to."""

    field: int
    width: int
    anchor: int  # first byte behind the index, from which it counts
    first: int  # the field's value
    total: int  # bytes referred to


class Offsets(msgspec.Struct, frozen=True):
    """All offsets of one file."""

    runs: tuple[Run, ...]
    indexes: tuple[Index, ...]
    items: tuple[Locations, ...]


def find_offsets(data: memoryview, stop: int) -> Offsets:
    """Every offset in the file that counts from its start, or across what may change; its boxes end at `stop`.

    Raises:
        CarrierError: a box that would hold some cannot be read.
    """
    runs: list[Run] = []
    indexes: list[Index] = []
    items: list[Locations] = []
    try:
        for box in boxes(data, 0, stop):
            match box.type:
                case b"moov":
                    runs.extend(_in_movie(data, box))
                    items.extend(_items_in_movie(data, box))
                case b"moof":
                    runs.extend(_in_fragment(data, box))
                case b"mfra":
                    runs.extend(_in_random_access(data, box))
                case b"sidx":
                    indexes.append(_index(data, box))
                case b"meta":
                    items.extend(_items(data, box, ()))
                case b"meco":
                    items.extend(
                        found for meta in inner(data, box, b"meta") for found in _items(data, meta, (box,))
                    )
                case _:
                    pass
    except struct.error as error:
        raise CarrierError("a table of offsets is cut off") from error
    return Offsets(tuple(runs), tuple(indexes), tuple(items))


def _in_movie(data: memoryview, movie: Box) -> Iterator[Run]:
    for box in inner(data, movie):
        if box.type == b"cmov":
            raise CarrierError("the movie's header is compressed (`cmov`)")
        if box.type != b"trak":
            continue
        for media in inner(data, box, b"mdia"):
            for information in inner(data, media, b"minf"):
                foreign = _is_foreign(data, information)
                for table in inner(data, information, b"stbl"):
                    around = (movie, box, media, information, table)
                    yield from _in_table(data, table, around, foreign=foreign)


def _is_foreign(data: memoryview, information: Box) -> bool:
    """Whether a track may have samples in another file: a data reference that is not marked as this file."""
    for dinf in inner(data, information, b"dinf"):
        for dref in inner(data, dinf, b"dref"):
            for entry in boxes(data, dref.content + 8, dref.end):
                if entry.content + 4 > entry.end or not data[entry.content + 3] & 1:
                    return True
    return False


def _in_table(data: memoryview, table: Box, around: tuple[Box, ...], *, foreign: bool) -> Iterator[Run]:
    for box in inner(data, table):
        if box.type in {b"stco", b"co64"}:
            width = 4 if box.type == b"stco" else 8
            inside = (*around, box) if width == 4 else ()
            (count,) = struct.unpack_from(">I", data, box.content + 4)
            yield _run(box, box.content + 8, count, width, inside=inside, foreign=foreign)
        elif box.type == b"saio":
            (version_flags,) = struct.unpack_from(">I", data, box.content)
            at = box.content + 4 + (8 if version_flags & 1 else 0)
            (count,) = struct.unpack_from(">I", data, at)
            yield _run(box, at + 4, count, 8 if version_flags >> 24 else 4, foreign=foreign)


def _run(
    box: Box, start: int, count: int, width: int, *, inside: tuple[Box, ...] = (), foreign: bool = False
) -> Run:
    if start + count * width > box.end:
        raise CarrierError(f"the table of offsets at byte {box.start} is cut off")
    return Run(start=start, count=count, width=width, stride=width, inside=inside, foreign=foreign)


def _in_fragment(data: memoryview, fragment: Box) -> Iterator[Run]:
    for track in inner(data, fragment, b"traf"):
        for header in inner(data, track, b"tfhd"):
            (version_flags,) = struct.unpack_from(">I", data, header.content)
            if version_flags & 1:
                yield _run(header, header.content + 8, 1, 8)


def _in_random_access(data: memoryview, access: Box) -> Iterator[Run]:
    for box in inner(data, access, b"tfra"):
        version_flags, _, lengths, count = struct.unpack_from(">IIII", data, box.content)
        width = 8 if version_flags >> 24 else 4
        stride = 2 * width + (lengths & 3) + (lengths >> 2 & 3) + (lengths >> 4 & 3) + 3
        run = Run(start=box.content + 16, count=count, width=width, stride=stride, at=width)
        if run.end > box.end:
            raise CarrierError(f"the table of offsets at byte {box.start} is cut off")
        yield run


def _index(data: memoryview, box: Box) -> Index:
    (version_flags,) = struct.unpack_from(">I", data, box.content)
    width = 8 if version_flags >> 24 else 4
    field = box.content + 12 + width
    count = struct.unpack_from(">H", data, field + width + 2)[0]
    start = field + width + 4
    if start + 12 * count > box.end:
        raise CarrierError(f"the segment index at byte {box.start} is cut off")
    sizes = (struct.unpack_from(">I", data, start + 12 * at)[0] & 0x7FFFFFFF for at in range(count))
    first = int.from_bytes(data[field : field + width], "big")
    return Index(field, width, box.end, first, sum(sizes))


def _items_in_movie(data: memoryview, movie: Box) -> Iterator[Locations]:
    for box in inner(data, movie):
        if box.type == b"meta":
            yield from _items(data, box, (movie,))
        elif box.type in {b"udta", b"trak"}:
            for child in inner(data, box):
                if child.type == b"meta":
                    yield from _items(data, child, (movie, box))


def _items(data: memoryview, meta: Box, around: tuple[Box, ...]) -> Iterator[Locations]:
    children = list(in_meta(data, meta))
    idat = next((box for box in children if box.type == b"idat"), None)
    for box in children:
        if box.type == b"iloc":
            yield read_locations(data, box, (*around, meta), idat)
