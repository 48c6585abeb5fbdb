"""HEIF, HEIC and AVIF items as places that hold a mark: XMP in a `mime` item, EXIF, and what lies elsewhere.

TC260-PG-20259A names the `mime` item of ISO/IEC 23008-12 Annex A.3 with content type `application/rdf+xml`.
"""

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
from brightline.carriers.heif_items import Catalogue, Item, UnreachableError, read_catalogue, spans
from brightline.carriers.isobmff import NO_METADATA, XMP_UUID, read_loose, read_movie, read_xmp_box
from brightline.carriers.isobmff_boxes import Box, boxes, inner
from brightline.carriers.isobmff_items import IN_FILE
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

MARK_PLACE = "heif:meta:mime:XMP"
_KNOWN = NO_METADATA | {b"meta", b"moov", b"meco", b"uuid", b"imda", b"jumb", b"mpvd"}  # at the top of a file
_NO_TEXT = {b"hdlr", b"pitm", b"iinf", b"iloc", b"iref", b"idat"}  # of a `meta`; `idat` is read item by item
_READ_LIMIT_BYTES = 64 * MiB  # items of one file together: they may all point at the same bytes
_READ_LIMIT = 256  # of such items in one file; a picture with depth and gain maps has a dozen
_EXIF_HEADER = b"Exif\x00\x00"


class Top(msgspec.Struct, frozen=True):
    """The boxes at the top of the file, and where they end: bytes of no format may follow."""

    boxes: tuple[Box, ...]
    end: int


def read(data: memoryview) -> Reading:
    """Candidates in a HEIF, HEIC or AVIF file, still or moving: items first, then the rest in file order.

    Raises:
        CarrierError: the boxes cannot be walked, or there is neither `meta` nor `moov`.
    """
    top = top_boxes(data)
    seen: set[tuple[int, int]] = set()
    for box in top.boxes:
        if box.type == b"meta":
            yield from _read_meta(data, box, seen)
    for box in top.boxes:
        if box.type == b"meta":
            continue
        if box.type == b"moov":
            yield from _renamed(read_movie(data, box))
            yield from _read_tracks(data, box, seen)
        elif box.type == b"uuid" and bytes(data[box.content : box.content + 16]) == XMP_UUID:
            yield from _renamed(read_xmp_box(data, box))
        elif box.type not in NO_METADATA | {b"imda"}:
            yield from _renamed(read_loose(data, box, f"heif:{box.type.decode('latin-1')}"))
    yield from read_trailing(data, top.end, "heif:after-end", "HEIF")


def top_boxes(data: memoryview) -> Top:
    """The boxes at the top of the file.

    What follows them and is no box that is known at that place is behind the end; a known one that reaches beyond
    the file was cut.

    Raises:
        CarrierError: this is no HEIF or AVIF file, or it is cut off.
    """
    if bytes(data[4:8]) != b"ftyp":
        raise CarrierError("no `ftyp` box at the file's start")
    found: list[Box] = []
    try:
        found.extend(boxes(data, 0, len(data)))
    except CarrierError:
        found = _whole(data)
        end = found[-1].end if found else 0
        if len(data) - end < 8 or bytes(data[end + 4 : end + 8]) in _KNOWN:
            raise
    if not {b"meta", b"moov"} & {box.type for box in found}:
        raise CarrierError("neither a `meta` nor a `moov` box: the file is cut off or of another format")
    return Top(tuple(found), found[-1].end)


def _whole(data: memoryview) -> list[Box]:
    """The boxes before the first one that is broken."""
    found: list[Box] = []
    walk = boxes(data, 0, len(data))
    while True:
        try:
            found.append(next(walk))
        except (CarrierError, StopIteration):
            return found


def _renamed(reading: Reading) -> Reading:
    """What the boxes that MP4 knows as well hold: places that the guide for pictures does not name."""
    for item in reading:
        place = item.carrier.replace("mp4:", "heif:", 1)
        if isinstance(item, Candidate):
            yield msgspec.structs.replace(with_oddity(item, Oddity.UNUSUAL_PLACE), carrier=place)
        else:
            yield msgspec.structs.replace(item, carrier=place)


def _read_tracks(data: memoryview, movie: Box, seen: set[tuple[int, int]]) -> Reading:
    """Items of a sequence's tracks; most share their bytes with the file's own, and then say nothing new."""
    for track in inner(data, movie, b"trak"):
        for meta in inner(data, track, b"meta"):
            for item in _read_meta(data, meta, seen):
                place = item.carrier.replace("heif:", "heif:moov:trak:", 1)
                if isinstance(item, Candidate):
                    yield msgspec.structs.replace(with_oddity(item, Oddity.UNUSUAL_PLACE), carrier=place)
                else:
                    yield msgspec.structs.replace(item, carrier=place)


def _read_meta(data: memoryview, meta: Box, seen: set[tuple[int, int]]) -> Reading:
    catalogue = read_catalogue(data, meta)
    for box in catalogue.children:
        if box.type not in _NO_TEXT:
            yield from read_loose(data, box, f"heif:meta:{box.type.decode('latin-1')}")
    yield from _beyond(data, catalogue)
    budget = _READ_LIMIT_BYTES
    items = [item for item in catalogue.items if item.type in {b"mime", b"Exif", b"uri "}]
    if len(items) > _READ_LIMIT:
        why = f"the file has more than {_READ_LIMIT} items of metadata"
        yield Unread(carrier="heif:meta", kind=GapKind.LIMIT, why=why, start=meta.start, end=meta.end)
    for item in items[:_READ_LIMIT]:
        place = MARK_PLACE if item.is_xmp else f"heif:meta:{item.type.decode('latin-1').strip()}"
        try:
            parts = _readable(data, catalogue, item, budget)
        except UnreachableError as error:
            yield Unread(carrier=place, kind=error.kind, why=str(error), start=meta.start, end=meta.end)
            continue
        budget -= sum(end - start for start, end in parts)
        if parts and (parts[0][0], parts[-1][1]) not in seen:
            seen.add((parts[0][0], parts[-1][1]))
            yield from _read_item(data, item, parts, place)


def _beyond(data: memoryview, catalogue: Catalogue) -> Reading:
    """A file whose items lie behind its end was cut, if only between two boxes."""
    for number, location in catalogue.places.items():
        if location.reference or location.construction != IN_FILE:
            continue
        if any(location.base + extent.offset + extent.length > len(data) for extent in location.extents):
            why = f"item {number} lies behind the file's end: the file is cut off"
            meta = catalogue.meta
            yield Unread(
                carrier="heif:meta:iloc", kind=GapKind.MALFORMED, why=why, start=meta.start, end=meta.end
            )
            return


def _readable(data: memoryview, catalogue: Catalogue, item: Item, budget: int) -> list[tuple[int, int]]:
    if item.is_protected:
        raise UnreachableError(GapKind.ENCRYPTED, f"item {item.number} is encrypted")
    if item.encoding not in {b"", b"identity"}:
        raise UnreachableError(GapKind.UNSUPPORTED, f"item {item.number} is compressed")
    parts = spans(data, catalogue, item.number)
    size = sum(end - start for start, end in parts)
    if size > METADATA_LIMIT_BYTES:
        raise UnreachableError(GapKind.LIMIT, f"item {item.number} is larger than 16 MiB")
    if size > budget:
        raise UnreachableError(GapKind.LIMIT, "the file's items add up to more than 64 MiB")
    return parts


def _read_item(data: memoryview, item: Item, parts: list[tuple[int, int]], place: str) -> Reading:
    value = b"".join(data[start:end] for start, end in parts)
    first, last = parts[0][0], parts[-1][1]
    if item.is_xmp:
        yield from read_xmp(value, place, first, last)
    elif item.type == b"Exif":
        yield from _read_exif(value, place, first)
    else:
        for loose in find_loose(value):
            odd = (Oddity.UNUSUAL_PLACE,) if loose.keyed else (Oddity.UNUSUAL_PLACE, Oddity.KEYWORD)
            yield Candidate(
                carrier=place, form=Form.LOOSE, start=first, end=last, text=loose.text, oddities=odd
            )


def _read_exif(value: bytes, place: str, start: int) -> Reading:
    """An `Exif` item (ISO/IEC 23008-12 Annex A.2.1): four bytes say how far behind them the TIFF header lies."""
    skipped = 4 + int.from_bytes(value[:4], "big")
    if skipped >= len(value):
        skipped = 4
    if value[skipped : skipped + 6] == _EXIF_HEADER:
        skipped += 6
    for item in read_exif(value[skipped:], place, start + skipped):
        yield with_oddity(item, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item
