"""Cross-reference sections of a PDF: every revision's table or stream, with its trailer, newest first.

ISO 32000-2 7.5.4 (tables), 7.5.5 (trailers), 7.5.8 (streams, hybrid files). Rows stay where they lie and are read
one at a time.
"""

import re

import msgspec

from brightline.carriers.candidate import MiB
from brightline.carriers.pdf_object import object_at, stream_data, window_at
from brightline.carriers.pdf_values import Dictionary, Name, Reference, Value, parse
from brightline.core.errors import CarrierError

SECTION_LIMIT = 1_000  # revisions; each save of an annotation may be one
SECTIONS_LIMIT_BYTES = 32 * MiB  # unpacked, of all cross-reference streams together
TRAILERS_LIMIT_BYTES = 2 * MiB  # all trailers together; one has some hundred bytes
SUBSECTION_LIMIT = 100_000  # runs of object numbers in all sections together
TABLE_HEAD = re.compile(rb"[\0\t\n\f\r ]{0,16}xref[\0\t\n\f\r ]{1,16}")
_SUBSECTION = re.compile(rb"([0-9]{1,10})[ \t]{1,16}([0-9]{1,10})[\0\t\n\f\r ]{1,16}")
_ENTRY = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])")


class Rows(msgspec.Struct, frozen=True):
    """Entries for `count` objects from number `first`; a row is `width` bytes, fields as in /W, or text."""

    first: int
    count: int
    start: int
    width: int
    fields: tuple[int, int, int] | None  # None for the text rows of a table
    data: bytes = b""  # rows of a stream; those of a table lie in the file


class Section(msgspec.Struct, frozen=True):
    """One cross-reference section and its trailer."""

    trailer: Dictionary
    window: bytes  # in which the trailer's byte ranges lie
    rows: tuple[Rows, ...]
    is_stream: bool
    unpacked_bytes: int = 0  # of a stream


class Entry(msgspec.Struct, frozen=True):
    """Where an object lies: at an offset, or as number `index` in an object stream."""

    offset: int = -1
    packed_in: int = -1
    index: int = -1


def read_sections(data: memoryview, start: int, origin: int) -> tuple[Section, ...]:
    """All sections from the one at `start`, newest first.

    Args:
        data: the file.
        start: what the last `startxref` says.
        origin: what offsets count from.

    Raises:
        CarrierError: a section is missing, broken or larger than honest ones get.
    """
    found: list[Section] = []
    waiting, seen = [start], set[int]()
    streams_left, trailers_left = SECTIONS_LIMIT_BYTES, TRAILERS_LIMIT_BYTES
    subsections_left = SUBSECTION_LIMIT
    while waiting:
        offset = waiting.pop(0)
        if offset in seen:
            continue
        if len(seen) >= SECTION_LIMIT:
            raise CarrierError(f"more than {SECTION_LIMIT} cross-reference sections")
        seen.add(offset)
        section = _section(data, offset + origin, streams_left)
        streams_left -= section.unpacked_bytes
        trailers_left -= len(section.window)
        subsections_left -= len(section.rows)
        if trailers_left < 0 or subsections_left < 0:
            raise CarrierError("the PDF's cross-reference sections are larger than honest ones get")
        found.append(section)
        # A hybrid file's stream (7.5.8.4) comes right behind its table, then the older revision.
        links = (section.trailer.get("XRefStm"), section.trailer.get("Prev"))
        waiting += [int(link) for link in links if isinstance(link, int | float) and 0 <= link < len(data)]
    return tuple(found)


def entry_at(data: memoryview, rows: Rows, index: int) -> Entry | None:
    """Row `index`; None where it says that the object is free.

    Raises:
        CarrierError: the row of a table is broken.
    """
    start = rows.start + index * rows.width
    if rows.fields is None:
        match = _ENTRY.match(bytes(data[start : start + 18]))
        if match is None:
            raise CarrierError(f"the cross-reference table is broken at byte {start}")
        return Entry(offset=int(match[1])) if match[3] == b"n" else None
    row = rows.data[start : start + rows.width]
    first, second, _ = rows.fields
    kind = int.from_bytes(row[:first], "big") if first else 1
    middle = int.from_bytes(row[first : first + second], "big")
    last = int.from_bytes(row[first + second :], "big")
    match kind:
        case 1:
            return Entry(offset=middle)
        case 2:
            return Entry(packed_in=middle, index=last)
        case _:
            return None


def _section(data: memoryview, position: int, streams_left: int) -> Section:
    match = TABLE_HEAD.match(bytes(data[position : position + 64]))
    if match is None:
        return _stream_section(data, position, streams_left)
    return _table_section(data, position + match.end())


def _table_section(data: memoryview, position: int) -> Section:
    rows: list[Rows] = []
    while head := _SUBSECTION.match(bytes(data[position : position + 64])):
        if len(rows) >= SUBSECTION_LIMIT:
            raise CarrierError("a cross-reference table has too many subsections")
        first, count = int(head[1]), int(head[2])
        position += head.end()
        width = _width(data, position, count)
        rows.append(Rows(first, count, position, width, None))
        position = _behind_space(data, position + count * width)
    window = window_at(data, position)
    if not window.startswith(b"trailer"):
        raise CarrierError(f"no trailer behind the cross-reference table at byte {position}")
    trailer = parse(window, len(b"trailer")).value
    if not isinstance(trailer, Dictionary):
        raise CarrierError("a PDF trailer is no dictionary")
    return Section(trailer, window[: trailer.end], tuple(rows), is_stream=False)


def _behind_space(data: memoryview, position: int) -> int:
    near = bytes(data[position : position + 16])
    return position + len(near) - len(near.lstrip(b"\0\t\n\f\r "))


def _width(data: memoryview, position: int, count: int) -> int:
    """Bytes of one row: 20 as the standard has it, 19 or 21 as some writers do."""
    if count == 0:
        return 20
    for width in (20, 19, 21):
        last = position + (count - 1) * width
        if _ENTRY.match(bytes(data[last : last + 18])) and last + 18 <= len(data):
            return width
    raise CarrierError(f"the cross-reference table at byte {position} is broken")


def _stream_section(data: memoryview, position: int, streams_left: int) -> Section:
    loaded = object_at(data, position, None)
    words = loaded.value
    if not isinstance(words, Dictionary) or words.get("Type") != Name("XRef"):
        raise CarrierError(f"no cross-reference section at byte {position}")
    unpacked = stream_data(data, loaded, _direct)
    if unpacked is None or len(unpacked) > streams_left:
        raise CarrierError("a cross-reference stream is too large, or has a filter that we do not undo")
    widths = words.get("W")
    if not isinstance(widths, list) or len(widths) != 3:
        raise CarrierError("a cross-reference stream does not say how wide its fields are")
    fields = [width for width in widths if isinstance(width, int) and 0 <= width <= 8]
    if len(fields) != 3 or not sum(fields):
        raise CarrierError("a cross-reference stream has fields of impossible width")
    index = words.get("Index") if words.get("Index") is not None else [0, words.get("Size")]
    rows = tuple(_stream_rows(index, fields, unpacked))
    return Section(words, loaded.window[: words.end], rows, is_stream=True, unpacked_bytes=len(unpacked))


def _direct(value: Value) -> Value:
    """The value; 7.5.8.2 forbids references in a cross-reference stream, which nothing could resolve yet."""
    if isinstance(value, Reference):
        raise CarrierError("a cross-reference stream refers to an object that only it could locate")
    return value


def _stream_rows(index: Value, fields: list[int], data: bytes) -> list[Rows]:
    """The subsections of a cross-reference stream, as far as there is data for them."""
    width, position, rows = sum(fields), 0, list[Rows]()
    numbers = index if isinstance(index, list) else []
    for first, count in zip(numbers[::2], numbers[1::2], strict=False):
        if not isinstance(first, int) or not isinstance(count, int) or first < 0 or count < 0:
            raise CarrierError("a cross-reference stream has an impossible index")
        there = min(count, (len(data) - position) // width)
        rows.append(Rows(first, there, position, width, (fields[0], fields[1], fields[2]), data))
        position += there * width
    return rows
