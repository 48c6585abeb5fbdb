"""The implicit mark written into HEIF, HEIC and AVIF: property `TC260:AIGC` in the XMP item (TC260-PG-20259A).

An XMP item that is there gets the new packet in its place; else one is added: its entry in `iinf` and `iloc`, the
reference `cdsc` to the primary picture, and its bytes in a new `mdat` box behind the others.
"""

from struct import pack

import msgspec

from brightline.carriers.heif import MARK_PLACE, Top, read, top_boxes
from brightline.carriers.heif_items import (
    XMP_TYPE,
    Catalogue,
    Item,
    entries_start,
    read_catalogue,
    spans,
)
from brightline.carriers.isobmff_boxes import UINT32_MAX, Box, append_at, boxes, meta_start, new_box
from brightline.carriers.isobmff_items import IN_FILE, IN_IDAT, Extent, Location, Locations, holding
from brightline.carriers.isobmff_offsets import find_offsets
from brightline.carriers.isobmff_rewrite import Edit, rewritten
from brightline.carriers.splice import standing_mark
from brightline.carriers.writing import Pieces
from brightline.carriers.xmp_mark import PacketEdit, mark_edit
from brightline.core.errors import CarrierError

_NUMBER_LIMIT = 2**16  # of items in `infe` version 2 and `iloc` versions 0 and 1


class _Change(msgspec.Struct, frozen=True):
    """Edits, and the item locations that go with them."""

    edits: tuple[Edit, ...]
    located: tuple[Locations, ...]


def write(data: memoryview, mark: str) -> Pieces:
    """The file with exactly one mark, in the XMP of its primary picture; pictures and all other items stay.

    Raises:
        CarrierError: the file is broken or without items, its offsets cannot follow, or it holds a mark elsewhere,
            more than one, or one that cannot be replaced.
    """
    candidate = standing_mark(read, data)
    if candidate is not None and candidate.carrier != MARK_PLACE:
        raise CarrierError(f"the file carries a mark at `{candidate.carrier}`, which the guide does not name")
    return edit_xmp(data, mark_edit(mark), None if candidate is None else (candidate.start, candidate.end))


def edit_xmp(data: memoryview, edit: PacketEdit, where: tuple[int, int] | None = None) -> Pieces:
    """The file whose XMP packet is what `edit` makes of it.

    Args:
        data: the file.
        edit: from the packet, None where there is none, to the new one.
        where: byte range of the packet in question, None for that of the primary picture.

    Raises:
        CarrierError: as `write`.
    """
    top = top_boxes(data)
    metas = [box for box in top.boxes if box.type == b"meta"]
    if len(metas) != 1:
        raise CarrierError(f"the file has {len(metas)} `meta` boxes, expected one")
    catalogue = read_catalogue(data, metas[0])
    if catalogue.located is None or catalogue.child(b"iinf") is None:
        raise CarrierError("the file's `meta` box has no list of items")
    _refuse_broken(data, catalogue)
    item = _packet_item(data, catalogue, where)
    if item is None:
        change = _added(data, catalogue, top, edit)
    else:
        change = _replaced(data, catalogue, top, item, edit)
    return rewritten(data, change.edits, change.located, top.end)


def _refuse_broken(data: memoryview, catalogue: Catalogue) -> None:
    """A file with an item that is out of reach, or that takes in all of the file and so the new packet too."""
    for one in catalogue.places.values():
        if one.reference or one.construction not in {IN_FILE, IN_IDAT}:
            continue
        spans(data, catalogue, one.item)
        if one.construction == IN_FILE and not all(extent.length for extent in one.extents):
            raise CarrierError(f"item {one.item} takes in the whole rest of the file")


def _packet_item(data: memoryview, catalogue: Catalogue, where: tuple[int, int] | None) -> Item | None:
    """The XMP item at that place; or that describes the primary picture, or nothing in particular."""
    packets = [item for item in catalogue.items if item.is_xmp]
    if where is not None:
        for item in packets:
            parts = spans(data, catalogue, item.number)
            if parts and (parts[0][0], parts[-1][1]) == where:
                return item
        raise CarrierError("the mark's XMP item is not found again")
    for wanted in (True, False):
        for item in packets:
            described = catalogue.described.get(item.number)
            if (described is not None and catalogue.primary in described) if wanted else described is None:
                return item
    return None


# There is a packet


def _replaced(data: memoryview, catalogue: Catalogue, top: Top, item: Item, edit: PacketEdit) -> _Change:
    if item.is_protected or item.encoding not in {b"", b"identity"}:
        raise CarrierError("the XMP item is encrypted or compressed and cannot be edited")
    parts = spans(data, catalogue, item.number)
    if len(parts) != 1:
        raise CarrierError(f"the XMP item lies in {len(parts)} parts, expected one")
    start, end = parts[0]
    _refuse_shared(data, catalogue, item, start, end)
    new = edit(bytes(data[start:end]))
    around = _around(catalogue, top, start, end)
    everywhere = find_offsets(data, top.end).items  # a sequence's tracks may name the same bytes once more
    located = tuple(_resized(one, start, end, len(new)) for one in everywhere)
    return _Change((Edit(start, end, new, around),), located)


def _refuse_shared(data: memoryview, catalogue: Catalogue, item: Item, start: int, end: int) -> None:
    """No other item may use the packet's bytes."""
    for other in catalogue.located.locations if catalogue.located else ():
        if other.item == item.number or other.reference or other.construction > 1:
            continue
        if any(first < end and start < last for first, last in spans(data, catalogue, other.item)):
            raise CarrierError(f"item {other.item} shares bytes with the XMP item")


def _around(catalogue: Catalogue, top: Top, start: int, end: int) -> tuple[Box, ...]:
    """The boxes that hold the packet."""
    idat = catalogue.child(b"idat")
    if idat is not None and idat.content <= start and end <= idat.end:
        return (catalogue.meta, idat)
    holder = next((box for box in top.boxes if box.content <= start and end <= box.end), None)
    if holder is None or holder.type != b"mdat":
        raise CarrierError("the XMP item lies in no `mdat` and in no `idat` box")
    return (holder,)


def _resized(located: Locations, start: int, end: int, size: int) -> Locations:
    """The same items, those that lie at [start, end) with another length; length 0, all that there is, stays."""

    def with_length(one: Location, extent: Extent) -> Extent:
        origin = located.idat if one.construction == IN_IDAT else 0
        is_here = not one.reference and one.construction in {IN_FILE, IN_IDAT}
        if is_here and (origin + one.base + extent.offset, extent.length) == (start, end - start):
            return msgspec.structs.replace(extent, length=size, fresh=True)
        return extent

    locations = tuple(
        msgspec.structs.replace(one, extents=tuple(with_length(one, extent) for extent in one.extents))
        for one in located.locations
    )
    return msgspec.structs.replace(located, locations=locations)


def _located(catalogue: Catalogue) -> Locations:
    if catalogue.located is None:
        raise CarrierError("the file's `meta` box has no `iloc`")
    return catalogue.located


# There is none


def _added(data: memoryview, catalogue: Catalogue, top: Top, edit: PacketEdit) -> _Change:
    packet = edit(None)
    number = _free_number(data, catalogue)
    edits = [*_entry(data, catalogue, number), *_reference(data, catalogue, number)]
    edits += _closed(data, top.boxes[-1], catalogue.meta)
    edits.append(Edit(top.end, top.end, new_box(b"mdat", packet)))
    extent = Extent(offset=top.end, length=len(packet), back=len(packet), fresh=True)
    located = holding(_located(catalogue), len(packet), top.end + len(packet))
    locations = (*located.locations, Location(item=number, extents=(extent,)))
    return _Change(tuple(edits), (msgspec.structs.replace(located, locations=locations),))


def _free_number(data: memoryview, catalogue: Catalogue) -> int:
    """An id that no item, group of items or track has."""
    used = {item.number for item in catalogue.items} | {one.item for one in _located(catalogue).locations}
    used.update(_other_numbers(data, catalogue))
    highest = max((number for number in used if number < _NUMBER_LIMIT), default=0)
    number = highest + 1 if highest + 1 < _NUMBER_LIMIT else 1
    while number in used:
        number += 1
    if number >= _NUMBER_LIMIT:
        raise CarrierError("the file has no room for another item")
    return number


def _other_numbers(data: memoryview, catalogue: Catalogue) -> list[int]:
    """Ids of groups, which share one space with items (ISO/IEC 14496-12 clause 8.18.3)."""
    groups = catalogue.child(b"grpl")
    found = list(boxes(data, groups.content, groups.end)) if groups is not None else []
    return [int.from_bytes(data[box.content + 4 : box.content + 8], "big") for box in found]


def _entry(data: memoryview, catalogue: Catalogue, number: int) -> list[Edit]:
    """One more entry of `iinf`."""
    iinf = catalogue.child(b"iinf")
    if iinf is None:
        raise CarrierError("the file's `meta` box has no `iinf`")
    start = entries_start(data, iinf)
    entries = list(boxes(data, start, iinf.end))
    field = iinf.content + 4
    if start - field not in {2, 4} or int.from_bytes(data[field:start], "big") != len(entries):
        raise CarrierError(f"`iinf` counts wrong: it holds {len(entries)}")
    infe = new_box(b"infe", pack(">IHH4s", 2 << 24, number, 0, b"mime"), b"\x00", XMP_TYPE + b"\x00")
    place = append_at(data, entries, start)
    if len(entries) + 1 >= 1 << 8 * (start - field):
        raise CarrierError("`iinf` has no room for another item")
    count = Edit(field, start, (len(entries) + 1).to_bytes(start - field, "big"))
    return [count, Edit(place, place, infe, (catalogue.meta, iinf))]


def _reference(data: memoryview, catalogue: Catalogue, number: int) -> list[Edit]:
    """That the new item describes the primary picture."""
    if not catalogue.primary:
        return []
    iref = catalogue.child(b"iref")
    wide = bool(data[iref.content]) if iref is not None else catalogue.primary >= _NUMBER_LIMIT
    if catalogue.primary >= _NUMBER_LIMIT and not wide:
        raise CarrierError("`iref` has no room for the primary item's id")
    new = new_box(b"cdsc", pack(">IHI" if wide else ">HHH", number, 1, catalogue.primary))
    if iref is not None:
        first = min(iref.content + 4, iref.end)
        place = append_at(data, list(boxes(data, first, iref.end)), first)
        return [Edit(place, place, new, (catalogue.meta, iref))]
    place = append_at(data, list(catalogue.children), meta_start(data, catalogue.meta))
    return [Edit(place, place, new_box(b"iref", pack(">I", wide << 24), new), (catalogue.meta,))]


def _closed(data: memoryview, last: Box, meta: Box) -> list[Edit]:
    """A size for a last box that reaches to the file's end, so that another can follow it."""
    if any(data[last.start : last.start + 4]):
        return []
    if last == meta or last.end - last.start > UINT32_MAX:
        raise CarrierError("the last box has no size, so that no other can follow it")
    return [Edit(last.start, last.start + 4, pack(">I", last.end - last.start))]
