"""TIFF tags as places that hold a mark: tag 0x02BC with XMP, comments and descriptions, and what lies behind the file.

TC260-PG-20259A names tag 0x02BC of the first directory. Structure: `tiff_directory.py`.
"""

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Candidate,
    MiB,
    Oddity,
    Reading,
    Unread,
    with_oddity,
)
from brightline.carriers.exif import (
    MAKER_NOTE,
    TEXT_TYPES,
    USER_COMMENT,
    VALUES_LIMIT_BYTES,
    XMP_TAG,
    Tag,
    read_tag,
)
from brightline.carriers.loose import read_trailing
from brightline.carriers.tiff_directory import Entry, Parts
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

_PICTURE_DATA = {37724}  # Photoshop's layers: pixels, up to gigabytes


def read(data: memoryview) -> Reading:
    """Candidates in a TIFF or BigTIFF file: page by page, what hangs below a page behind it, trailing bytes last.

    Raises:
        CarrierError: there is no header, or the first directory cannot be read.
    """
    parts = Parts(data)
    if not parts.directories or parts.directories[0].name != "IFD0":
        raise CarrierError(parts.broken[0] if parts.broken else "the TIFF has no directory")
    budget = VALUES_LIMIT_BYTES
    for directory in parts.directories:
        for entry in directory.entries:
            if not _may_hold_text(entry):
                continue
            budget -= entry.size
            if budget < 0:
                why = f"the text tags of a TIFF add up to more than {VALUES_LIMIT_BYTES // MiB} MiB"
                yield _unread(f"tiff:{directory.name}", GapKind.LIMIT, why, directory.start, len(data))
                return
            yield from _read_entry(data, entry, directory.name)
    yield from _read_rest(data, parts)


def _may_hold_text(entry: Entry) -> bool:
    return entry.type in TEXT_TYPES and entry.number not in {MAKER_NOTE, *_PICTURE_DATA}


def _read_entry(data: memoryview, entry: Entry, directory: str) -> Reading:
    start, end = entry.value_at, entry.value_at + entry.size
    place = f"tiff:{directory}"
    if entry.size > METADATA_LIMIT_BYTES:
        yield _unread(
            f"{place}:0x{entry.number:04X}", GapKind.LIMIT, "a TIFF tag is larger than 16 MiB", start, end
        )
        return
    regular = directory == "IFD0" and entry.number == XMP_TAG
    if entry.number == USER_COMMENT and directory != "exif":
        place = f"{place}:0x{USER_COMMENT:04X}"
    for item in read_tag(Tag(entry.number, entry.type, bytes(data[start:end]), start), place, 0):
        odd = () if regular else (Oddity.UNUSUAL_PLACE,)
        yield with_oddity(item, *odd) if isinstance(item, Candidate) else item


def _read_rest(data: memoryview, parts: Parts) -> Reading:
    """What could not be read, and what lies behind the last byte that anything points at."""
    last = max(extent.end for extent in parts.extents())
    for why in parts.broken:
        yield _unread("tiff", GapKind.MALFORMED, why, 0, len(data))
    if last > len(data):
        why = f"the TIFF's picture ends at byte {last}, the file at byte {len(data)}"
        yield _unread("tiff", GapKind.MALFORMED, why, 0, len(data))
    yield from read_trailing(data, min(last, len(data)), "tiff:after-picture", "TIFF")


def _unread(carrier: str, kind: GapKind, why: str, start: int, end: int) -> Unread:
    return Unread(carrier=carrier, kind=kind, why=why, start=start, end=end)
