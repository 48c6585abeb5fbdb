"""Where the items of a `meta` box lie: the `iloc` box, read, moved and written (ISO/IEC 14496-12 clause 8.11.3)."""

import struct
from collections.abc import Callable, Iterator

import msgspec

from brightline.carriers.isobmff_boxes import UINT32_MAX, Box
from brightline.core.errors import CarrierError

IN_FILE, IN_IDAT = 0, 1  # construction methods
_ITEM_LIMIT = 65_536  # items and extents of one `meta`; a gigapixel grid has some ten thousand
_WIDTHS = {0, 4, 8}


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of an item's bytes.

    Attributes:
        offset: from the item's base, as stored.
        length: as stored; 0 is all that there is.
        index: as stored, versions 1 and 2.
        back: bytes before the place `offset` moves to, where a new item's bytes begin.
        fresh: its length was set by us, and so need not be that of the old bytes.
    """

    offset: int
    length: int
    index: int = 0
    back: int = 0
    fresh: bool = False


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where one item lies; `method` is stored with twelve reserved bits above it."""

    item: int
    method: int = IN_FILE
    reference: int = 0
    base: int = 0
    extents: tuple[Extent, ...]

    @property
    def construction(self) -> int:
        """0 offsets in the file, 1 in the `idat` box, 2 in another item."""
        return self.method & 0xF


class Locations(msgspec.Struct, frozen=True, kw_only=True):
    """One `iloc` box.

    Attributes:
        box: the box.
        inside: it and the boxes around it, which grow with it.
        version: 0, 1 or 2.
        flags: as stored.
        offset_width: bytes of an offset, 0, 4 or 8; the others likewise.
        low_bits: the fourth width as stored; version 0 reserves it.
        locations: in order.
        tail: bytes of the box behind the last entry.
        idat: where the content of `idat` begins, 0 without one.
    """

    box: Box
    inside: tuple[Box, ...]
    version: int
    flags: int
    offset_width: int
    length_width: int
    base_width: int
    low_bits: int
    locations: tuple[Location, ...]
    tail: bytes = b""
    idat: int = 0

    @property
    def index_width(self) -> int:
        """Bytes of an extent's index."""
        return self.low_bits if self.version else 0


def read_locations(data: memoryview, box: Box, inside: tuple[Box, ...], idat: Box | None) -> Locations:
    """An `iloc` box taken apart.

    Raises:
        CarrierError: it is cut off, of an unknown version, or larger than the limit.
    """
    content = data[box.content : box.end]
    try:
        return _read(content, box, inside, 0 if idat is None else idat.content)
    except struct.error as error:
        raise CarrierError(f"the `iloc` box at byte {box.start} is cut off") from error


def _read(content: memoryview, box: Box, inside: tuple[Box, ...], idat: int) -> Locations:
    version_flags, widths = struct.unpack_from(">IH", content)
    version = version_flags >> 24
    if version > 2:
        raise CarrierError(f"`iloc` has version {version}, expected 0, 1 or 2")
    sizes = (widths >> 12, widths >> 8 & 0xF, widths >> 4 & 0xF, widths & 0xF if version else 0)
    if not set(sizes) <= _WIDTHS:
        raise CarrierError("`iloc` has a field that is not 0, 4 or 8 bytes wide")
    field = _Fields(content, 6)
    locations = tuple(_locations(field, version, sizes))
    return Locations(
        box=box,
        inside=(*inside, box),
        version=version,
        flags=version_flags & 0xFFFFFF,
        offset_width=sizes[0],
        length_width=sizes[1],
        base_width=sizes[2],
        low_bits=widths & 0xF,
        locations=locations,
        tail=bytes(content[field.position :]),
        idat=idat,
    )


class _Fields:
    """Big-endian numbers, one after another."""

    def __init__(self, content: memoryview, position: int) -> None:
        self.content = content
        self.position = position

    def take(self, width: int) -> int:
        """The next number of `width` bytes; 0 where that is none."""
        end = self.position + width
        if end > len(self.content):
            raise struct.error("cut off")
        value = int.from_bytes(self.content[self.position : end], "big")
        self.position = end
        return value


def _locations(field: _Fields, version: int, widths: tuple[int, int, int, int]) -> Iterator[Location]:
    offset_width, length_width, base_width, index_width = widths
    wide = 4 if version == 2 else 2
    budget = _ITEM_LIMIT
    for _ in range(field.take(wide)):
        item = field.take(wide)
        method = field.take(2) if version else 0
        reference, base, count = field.take(2), field.take(base_width), field.take(2)
        budget -= 1 + count
        if budget < 0:
            raise CarrierError(f"`iloc` has more than {_ITEM_LIMIT} items and extents")
        extents = []
        for _ in range(count):
            index, offset = field.take(index_width), field.take(offset_width)
            extents.append(Extent(index=index, offset=offset, length=field.take(length_width)))
        yield Location(item=item, method=method, reference=reference, base=base, extents=tuple(extents))


def moved(located: Locations, place: Callable[[int], int], touches: Callable[[int, int], bool]) -> Locations:
    """The same items where their bytes go.

    Args:
        located: with offsets in the old file.
        place: from an offset in the old file to one in the new file.
        touches: whether something among the bytes [start, end) changes its length.

    Raises:
        CarrierError: an item's bytes would no longer be in one stretch.
    """
    return msgspec.structs.replace(
        located,
        locations=tuple(_moved(location, located.idat, place, touches) for location in located.locations),
    )


def _moved(
    location: Location, idat: int, place: Callable[[int], int], touches: Callable[[int, int], bool]
) -> Location:
    if location.reference or location.construction not in {IN_FILE, IN_IDAT} or not location.extents:
        return location  # in another file, or counted from another item
    origin = idat if location.construction == IN_IDAT else 0
    steps = []
    for extent in location.extents:
        start = origin + location.base + extent.offset
        if not extent.fresh and touches(start, start + extent.length):
            raise CarrierError(f"an item's bytes from {start} on overlap with what has to change")
        steps.append(place(start) - start - extent.back)
    home = place(origin) - origin
    steps = [step - home for step in steps]
    if location.base and len(set(steps)) == 1:
        return _rebased(location, steps[0])
    pairs = zip(location.extents, steps, strict=True)
    extents = tuple(
        msgspec.structs.replace(extent, offset=extent.offset + step, back=0) for extent, step in pairs
    )
    return msgspec.structs.replace(location, extents=extents)


def _rebased(location: Location, step: int) -> Location:
    extents = tuple(msgspec.structs.replace(extent, back=0) for extent in location.extents)
    return msgspec.structs.replace(location, base=location.base + step, extents=extents)


def widened(located: Locations) -> Locations:
    """The same items with fields that hold any offset and length."""
    return msgspec.structs.replace(
        located, offset_width=8, length_width=8, base_width=8 if located.base_width else 0
    )


def fits(located: Locations) -> bool:
    """Whether each number fits into its field."""

    def holds(value: int, width: int) -> bool:
        return 0 <= value < 1 << 8 * width

    return all(
        holds(location.base, located.base_width)
        and all(
            holds(extent.offset, located.offset_width) and holds(extent.length, located.length_width)
            for extent in location.extents
        )
        for location in located.locations
    )


def encoded_size(located: Locations) -> int:
    """Bytes of the box's content."""
    extent = located.index_width + located.offset_width + located.length_width
    entry = (4 if located.version == 2 else 2) + (2 if located.version else 0) + 4 + located.base_width
    extents = sum(len(location.extents) for location in located.locations)
    head = 10 if located.version == 2 else 8
    return head + entry * len(located.locations) + extent * extents + len(located.tail)


def encoded(located: Locations) -> bytes:
    """The box's content; each number fits.

    Raises:
        CarrierError: there are more items than the version counts.
    """
    wide = 4 if located.version == 2 else 2
    if any(
        value >= 1 << 8 * wide for value in (len(located.locations), *(x.item for x in located.locations))
    ):
        raise CarrierError("`iloc` has no room for another item")
    widths = located.offset_width << 12 | located.length_width << 8 | located.base_width << 4
    parts = [struct.pack(">IH", located.version << 24 | located.flags, widths | located.low_bits)]
    parts.append(len(located.locations).to_bytes(wide, "big"))
    for location in located.locations:
        parts.append(location.item.to_bytes(wide, "big"))
        if located.version:
            parts.append(location.method.to_bytes(2, "big"))
        parts.append(
            location.reference.to_bytes(2, "big") + location.base.to_bytes(located.base_width, "big")
        )
        parts.append(len(location.extents).to_bytes(2, "big"))
        for extent in location.extents:
            parts.append(extent.index.to_bytes(located.index_width, "big"))
            parts.append(extent.offset.to_bytes(located.offset_width, "big"))
            parts.append(extent.length.to_bytes(located.length_width, "big"))
    return b"".join((*parts, located.tail))


def holding(located: Locations, length: int, end: int) -> Locations:
    """The same box with fields wide enough for an offset near `end` and a length of `length` bytes."""
    offset = located.offset_width or (4 if end < UINT32_MAX else 8)
    size = located.length_width or (4 if length <= UINT32_MAX else 8)
    return msgspec.structs.replace(located, offset_width=offset, length_width=size)
