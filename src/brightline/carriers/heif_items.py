"""The items of a HEIF or AVIF file's `meta` box (ISO/IEC 14496-12 clauses 8.11.4 and 8.11.6; ISO/IEC 23008-12)."""

import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.isobmff_boxes import Box, boxes, in_meta
from brightline.carriers.isobmff_items import IN_FILE, IN_IDAT, Location, Locations, read_locations
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

XMP_TYPE = b"application/rdf+xml"
_ITEM_LIMIT = 65_536  # items of one `meta`; a gigapixel grid has some ten thousand
_NAME_LIMIT_BYTES = 1024  # of an item's name and types together


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `iinf`.

    Attributes:
        number: the item's id.
        type: four characters; `mime` for entries of versions 0 and 1, which know only content types.
        content_type: of a `mime` item, lower case, without parameters.
        encoding: of its content; empty is none.
        is_protected: it is encrypted.
    """

    number: int
    type: bytes
    content_type: bytes = b""
    encoding: bytes = b""
    is_protected: bool = False

    @property
    def is_xmp(self) -> bool:
        """Whether it holds an XMP packet."""
        return self.type == b"mime" and self.content_type == XMP_TYPE


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """A `meta` box and what it says of its items.

    Attributes:
        meta: the box.
        children: what lies directly inside.
        items: in order.
        located: `iloc`, None without one.
        places: where each item lies, by its id.
        primary: id of the primary item, 0 without one.
        described: ids of items by the id of the item that describes them (`cdsc`).
    """

    meta: Box
    children: tuple[Box, ...]
    items: tuple[Item, ...]
    located: Locations | None
    places: dict[int, Location]
    primary: int
    described: dict[int, tuple[int, ...]]

    def child(self, kind: bytes) -> Box | None:
        """The child of that type; there is at most one."""
        return next((box for box in self.children if box.type == kind), None)


class UnreachableError(CarrierError):
    """Why an item's bytes cannot be had."""

    def __init__(self, kind: GapKind, why: str) -> None:
        super().__init__(why)
        self.kind = kind


_ONCE = {b"pitm", b"iinf", b"iloc", b"iref", b"idat"}


def read_catalogue(data: memoryview, meta: Box) -> Catalogue:
    """What a `meta` box says of its items.

    Raises:
        CarrierError: one of its boxes is cut off, comes twice, or is larger than the limits.
    """
    children = tuple(in_meta(data, meta))
    by_type: dict[bytes, Box] = {}
    for box in children:
        if box.type in _ONCE and box.type in by_type:
            raise CarrierError(f"a `meta` box holds two `{box.type.decode()}` boxes")
        by_type[box.type] = box
    try:
        iloc = by_type.get(b"iloc")
        located = None if iloc is None else read_locations(data, iloc, (meta,), by_type.get(b"idat"))
        return Catalogue(
            meta=meta,
            children=children,
            items=tuple(_items(data, by_type.get(b"iinf"))),
            located=located,
            places={one.item: one for one in reversed(located.locations if located is not None else ())},
            primary=_primary(data, by_type.get(b"pitm")),
            described=dict(_descriptions(data, by_type.get(b"iref"))),
        )
    except struct.error as error:
        raise CarrierError(f"a box in `meta` at byte {meta.start} is cut off") from error


def _primary(data: memoryview, box: Box | None) -> int:
    if box is None:
        return 0
    return int(struct.unpack_from(">I" if data[box.content] else ">H", _content(data, box), 4)[0])


def _content(data: memoryview, box: Box) -> memoryview:
    return data[box.content : box.end]


def entries_start(data: memoryview, box: Box) -> int:
    """Where the first entry of `iinf` begins: behind a count of two bytes, in later versions of four."""
    if box.content == box.end:
        raise CarrierError(f"the `iinf` box at byte {box.start} is cut off")
    return min(box.content + (8 if data[box.content] else 6), box.end)


def _items(data: memoryview, box: Box | None) -> Iterator[Item]:
    if box is None:
        return
    for count, entry in enumerate(boxes(data, entries_start(data, box), box.end)):
        if count >= _ITEM_LIMIT:
            raise CarrierError(f"`iinf` has more than {_ITEM_LIMIT} items")
        if entry.type == b"infe":
            yield _item(data, entry)


def _item(data: memoryview, entry: Box) -> Item:
    content = bytes(data[entry.content : min(entry.end, entry.content + _NAME_LIMIT_BYTES)])
    (version,) = struct.unpack_from(">B", content)
    if version < 2:
        number, protection = struct.unpack_from(">HH", content, 4)
        kind, rest = b"mime", content[8:]
    else:
        layout = ">HH4s" if version == 2 else ">IH4s"
        number, protection, kind = struct.unpack_from(layout, content, 4)
        rest = content[4 + struct.calcsize(layout) :]
    _, content_type, encoding = (*rest.split(b"\x00", 3), b"", b"", b"")[:3]
    return Item(
        number=number,
        type=kind,
        content_type=content_type.partition(b";")[0].strip().lower(),
        encoding=encoding,
        is_protected=protection != 0,
    )


def _descriptions(data: memoryview, box: Box | None) -> Iterator[tuple[int, tuple[int, ...]]]:
    if box is None:
        return
    (version,) = struct.unpack_from(">B", _content(data, box))
    width = 4 if version else 2
    for reference in boxes(data, min(box.content + 4, box.end), box.end):
        if reference.type != b"cdsc":
            continue
        content = _content(data, reference)
        (count,) = struct.unpack_from(">H", content, width)
        numbers = struct.unpack_from(f">{count}{'I' if version else 'H'}", content, width + 2)
        yield int.from_bytes(content[:width], "big"), numbers


def spans(data: memoryview, catalogue: Catalogue, number: int) -> list[tuple[int, int]]:
    """Byte ranges of the file that make up an item, in order.

    Raises:
        UnreachableError: they lie in another file or item, or outside the file.
    """
    location = catalogue.places.get(number)
    if location is None:
        raise UnreachableError(GapKind.MALFORMED, f"`iloc` does not say where item {number} lies")
    idat = catalogue.child(b"idat")
    if location.reference or location.construction not in {IN_FILE, IN_IDAT}:
        raise UnreachableError(GapKind.UNSUPPORTED, f"item {number} lies in another file or item")
    if location.construction == IN_IDAT and idat is None:
        raise UnreachableError(GapKind.MALFORMED, f"item {number} lies in an `idat` box that is missing")
    in_idat = location.construction == IN_IDAT and idat is not None
    origin, stop = (idat.content, idat.end) if in_idat and idat is not None else (0, len(data))
    found = []
    for extent in location.extents:
        start = origin + location.base + extent.offset
        end = start + extent.length if extent.length else stop
        if not start <= end <= stop:
            raise UnreachableError(GapKind.MALFORMED, f"item {number} reaches beyond what holds it")
        found.append((start, end))
    return found
