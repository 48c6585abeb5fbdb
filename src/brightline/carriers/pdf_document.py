"""A PDF's skeleton: trailers, cross-reference sections of every revision, and single objects by number.

ISO 32000-2 7.5. Only what is asked for is read: sections are walked from the newest to the oldest, pages are never
touched, a stream is inflated in bounded steps. PDFium and pypdf read more than a carrier needs, and neither can be
held to a bound: PDFium inflates any stream up to 1 GiB, pypdf holds every object of the file.
"""

import re
import zlib

import msgspec

from brightline.carriers.candidate import MiB
from brightline.carriers.pdf_predictor import unpredict
from brightline.carriers.pdf_values import Dictionary, Name, Reference, Value, parse, skip_space
from brightline.core.errors import CarrierError

HEADER_LIMIT_BYTES = 1024  # in which `%PDF-` stands (ISO 32000-1 Annex H.3.4.1)
SECTION_LIMIT = 1_000  # revisions; each save of an annotation may be one
OBJECT_LIMIT_BYTES = MiB  # of one object that is not a stream's data
STREAM_LIMIT_BYTES = 16 * MiB  # unpacked, of one stream that is read; a million objects' section takes 6 MiB
SECTIONS_LIMIT_BYTES = 32 * MiB  # unpacked, of all cross-reference streams together
TRAILERS_LIMIT_BYTES = 2 * MiB  # all trailers together; one has some hundred bytes
SUBSECTION_LIMIT = 100_000  # runs of object numbers in all sections together
_PACKED_INDEX_LIMIT = 100_000  # of an object in its stream; writers pack 100 to 1,000
_END_SEARCH_BYTES = MiB  # in which the last `startxref` is looked for
_START = re.compile(rb"startxref[\0\t\n\f\r ]{1,16}([0-9]{1,19})")
_OBJECT = re.compile(
    rb"[\0\t\n\f\r ]{0,16}([0-9]{1,10})[\0\t\n\f\r ]{1,16}([0-9]{1,5})[\0\t\n\f\r ]{1,16}obj"
)
_TABLE = re.compile(rb"[\0\t\n\f\r ]{0,16}xref[\0\t\n\f\r ]{1,16}")
_SUBSECTION = re.compile(rb"([0-9]{1,10})[ \t]{1,16}([0-9]{1,10})[\0\t\n\f\r ]{1,16}")
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")
_END = re.compile(rb"%%EOF[ \t]*(?:\r\n|\r|\n)?")
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


class Entry(msgspec.Struct, frozen=True):
    """Where an object lies: at an offset, or as number `index` in an object stream."""

    offset: int = -1
    packed_in: int = -1
    index: int = -1


class Loaded(msgspec.Struct, frozen=True):
    """An object: its value, the window that its byte ranges refer to, and its byte range in the file."""

    value: Value
    window: bytes
    start: int
    end: int
    generation: int = 0
    stream_start: int = -1  # of a stream's data, offset in the file


class Document:
    """A PDF with its sections, newest first.

    Attributes:
        data: the file.
        origin: what offsets count from: the header, or the file's start.
        sections: newest first.
        start: what the last `startxref` says.
        stop: one past the last `%%EOF`.
    """

    def __init__(self, data: memoryview) -> None:
        """Walk the sections.

        Raises:
            CarrierError: there is no header, or a cross-reference section is missing or broken.
        """
        self.data = data
        header = bytes(data[:HEADER_LIMIT_BYTES]).find(b"%PDF-")
        if header < 0:
            raise CarrierError(f"no `%PDF-` in the first {HEADER_LIMIT_BYTES} bytes")
        self.start, self.stop = _find_start(data)
        self.origin = self._find_origin(header)
        self._streams_left = SECTIONS_LIMIT_BYTES
        self._trailers_left = TRAILERS_LIMIT_BYTES
        self._subsections_left = SUBSECTION_LIMIT
        self.sections = self._sections()

    @property
    def trailer(self) -> Dictionary:
        """The newest trailer."""
        return self.sections[0].trailer

    def newest(self, name: str) -> Value:
        """An entry of the newest trailer that has it."""
        found = (section.trailer.get(name) for section in self.sections)
        return next((value for value in found if value is not None), None)

    def size(self) -> int:
        """One more than the highest object number that any trailer declares."""
        sizes = [section.trailer.get("Size") for section in self.sections]
        return max((size for size in sizes if isinstance(size, int) and 0 <= size < 2**31), default=0)

    def load(self, reference: Reference) -> Loaded | None:
        """An object by its number, None if it is free or was never written.

        Raises:
            CarrierError: the section that names it is wrong, or the object is broken.
        """
        entry = self.locate(reference.number)
        if entry is None:
            return None
        if entry.offset >= 0:
            return self._object_at(entry.offset + self.origin, reference.number)
        return self._packed(entry)

    def resolve(self, value: Value) -> Value:
        """What a reference leads to, through at most three of them; any other value as it is."""
        for _ in range(3):
            if not isinstance(value, Reference):
                return value
            loaded = self.load(value)
            value = None if loaded is None else loaded.value
        return None

    def locate(self, number: int) -> Entry | None:
        """Where the newest section that knows the object puts it; None if it is free or unknown."""
        for section in self.sections:
            for rows in section.rows:
                if rows.first <= number < rows.first + rows.count:
                    entry = self._entry(rows, number - rows.first)
                    if entry is not None or section.trailer.get("XRefStm") is None:
                        return entry
        return None

    def stream(self, loaded: Loaded) -> bytes | None:
        """A stream's data with its filter undone; None when it has a filter that we do not undo, or is too large.

        Raises:
            CarrierError: it is cut or does not inflate.
        """
        words = loaded.value
        if not isinstance(words, Dictionary) or loaded.stream_start < 0:
            raise CarrierError("a PDF object is no stream")
        length = self.resolve(words.get("Length"))
        if not isinstance(length, int) or not 0 <= length <= len(self.data) - loaded.stream_start:
            raise CarrierError("a PDF stream has no length, or reaches beyond the file's end")
        raw = self.data[loaded.stream_start : loaded.stream_start + length]
        filters = self.resolve(words.get("Filter"))
        names = filters if isinstance(filters, list) else [filters]
        if names in ([None], []):
            return bytes(raw) if length <= STREAM_LIMIT_BYTES else None
        if names not in ([Name("FlateDecode")], [Name("Fl")]):
            return None
        inflated = _inflate(raw)
        return None if inflated is None else self._unpredicted(inflated, words)

    def _unpredicted(self, data: bytes, words: Dictionary) -> bytes:
        found = self.resolve(words.get("DecodeParms"))
        if isinstance(found, list):
            found = self.resolve(found[0]) if found else None
        if not isinstance(found, Dictionary):
            return data
        predictor, columns = found.get("Predictor"), found.get("Columns")
        if predictor in (None, 1):
            return data
        if not isinstance(predictor, int) or predictor < 10:
            raise CarrierError("a PDF stream has a predictor other than 1 and 10 to 15")
        return unpredict(data, columns if isinstance(columns, int) else 1)

    def _find_origin(self, header: int) -> int:
        for origin in dict.fromkeys((header, 0)):
            window = bytes(self.data[self.start + origin : self.start + origin + 64])
            if _TABLE.match(window) or _OBJECT.match(window):
                return origin
        raise CarrierError(
            f"no cross-reference section at byte {self.start}, where the last `startxref` leads"
        )

    def _sections(self) -> tuple[Section, ...]:
        found: list[Section] = []
        waiting, seen = [self.start], set[int]()
        while waiting:
            offset = waiting.pop(0)
            if offset in seen:
                continue
            if len(seen) >= SECTION_LIMIT:
                raise CarrierError(f"more than {SECTION_LIMIT} cross-reference sections")
            seen.add(offset)
            section = self._section(offset + self.origin)
            self._count(section)
            found.append(section)
            # A hybrid file's stream (7.5.8.4) comes right behind its table, then the older revision.
            links = (section.trailer.get("XRefStm"), section.trailer.get("Prev"))
            waiting += [
                int(link) for link in links if isinstance(link, int | float) and 0 <= link < len(self.data)
            ]
        return tuple(found)

    def _count(self, section: Section) -> None:
        self._trailers_left -= len(section.window)
        self._subsections_left -= len(section.rows)
        if self._trailers_left < 0 or self._subsections_left < 0:
            raise CarrierError("the PDF's cross-reference sections are larger than honest ones get")

    def _section(self, position: int) -> Section:
        match = _TABLE.match(bytes(self.data[position : position + 64]))
        if match is None:
            return self._stream_section(position)
        rows: list[Rows] = []
        position += match.end()
        while head := _SUBSECTION.match(bytes(self.data[position : position + 64])):
            if len(rows) >= SUBSECTION_LIMIT:
                raise CarrierError("a cross-reference table has too many subsections")
            first, count = int(head[1]), int(head[2])
            position += head.end()
            width = self._width(position, count)
            rows.append(Rows(first, count, position, width, None))
            position += count * width
            position = self._behind_space(position)
        window = self._window(position)
        if not window.startswith(b"trailer"):
            raise CarrierError(f"no trailer behind the cross-reference table at byte {position}")
        trailer = parse(window, len(b"trailer")).value
        if not isinstance(trailer, Dictionary):
            raise CarrierError("a PDF trailer is no dictionary")
        return Section(trailer, window[: trailer.end], tuple(rows), is_stream=False)

    def _behind_space(self, position: int) -> int:
        near = bytes(self.data[position : position + 16])
        return position + len(near) - len(near.lstrip(b"\0\t\n\f\r "))

    def _width(self, position: int, count: int) -> int:
        """Bytes of one row: 20 as the standard has it, 19 or 21 as some writers do."""
        if count == 0:
            return 20
        for width in (20, 19, 21):
            last = position + (count - 1) * width
            if _ENTRY.match(bytes(self.data[last : last + 18])) and last + 18 <= len(self.data):
                return width
        raise CarrierError(f"the cross-reference table at byte {position} is broken")

    def _stream_section(self, position: int) -> Section:
        loaded = self._object_at(position, None)
        words = loaded.value
        if not isinstance(words, Dictionary) or words.get("Type") != Name("XRef"):
            raise CarrierError(f"no cross-reference section at byte {position}")
        data = self.stream(loaded)
        if data is None or len(data) > self._streams_left:
            raise CarrierError("a cross-reference stream is too large, or has a filter that we do not undo")
        self._streams_left -= len(data)
        widths = words.get("W")
        if not isinstance(widths, list) or len(widths) != 3:
            raise CarrierError("a cross-reference stream does not say how wide its fields are")
        fields = [width for width in widths if isinstance(width, int) and 0 <= width <= 8]
        if len(fields) != 3 or not sum(fields):
            raise CarrierError("a cross-reference stream has fields of impossible width")
        size = words.get("Size")
        index = words.get("Index") if words.get("Index") is not None else [0, size]
        return Section(
            words, loaded.window[: words.end], tuple(_stream_rows(index, fields, data)), is_stream=True
        )

    def _entry(self, rows: Rows, index: int) -> Entry | None:
        start = rows.start + index * rows.width
        if rows.fields is None:
            match = _ENTRY.match(bytes(self.data[start : start + 18]))
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

    def _object_at(self, position: int, number: int | None) -> Loaded:
        window = self._window(position)
        match = _OBJECT.match(window)
        if match is None or number not in (None, int(match[1])):
            raise CarrierError(
                f"no object {number} at byte {position}, where the cross-reference section puts it"
            )
        found = parse(window, match.end())
        behind = skip_space(window, found.end)
        stream = _STREAM.match(window, behind)
        return Loaded(
            value=found.value,
            window=window,
            start=position,
            end=position + found.end,
            generation=int(match[2]),
            stream_start=position + stream.end() if stream else -1,
        )

    def _packed(self, entry: Entry) -> Loaded:
        """An object in an object stream (7.5.7)."""
        holder = self.locate(entry.packed_in)
        if holder is None or holder.offset < 0:
            raise CarrierError(f"object stream {entry.packed_in} is missing")
        loaded = self._object_at(holder.offset + self.origin, entry.packed_in)
        data = self.stream(loaded)
        words = loaded.value
        if data is None or not isinstance(words, Dictionary):
            raise CarrierError("an object stream is too large, or has a filter that we do not undo")
        first = words.get("First")
        if not isinstance(first, int) or not 0 <= first <= len(data):
            raise CarrierError("an object stream does not say where its objects start")
        if entry.index > _PACKED_INDEX_LIMIT:
            raise CarrierError(f"object {entry.index} of an object stream")
        numbers = data[:first].split(maxsplit=2 * entry.index + 2)
        if len(numbers) < 2 * entry.index + 2 or not numbers[2 * entry.index + 1].isdigit():
            raise CarrierError(f"an object stream has no object {entry.index}")
        position = first + int(numbers[2 * entry.index + 1][:10])
        window = data[position : position + OBJECT_LIMIT_BYTES]
        return Loaded(value=parse(window).value, window=window, start=loaded.start, end=loaded.end)

    def _window(self, position: int) -> bytes:
        return bytes(self.data[position : position + OBJECT_LIMIT_BYTES])


def _find_start(data: memoryview) -> tuple[int, int]:
    """What the last `startxref` says, and one past the `%%EOF` behind it."""
    base = max(0, len(data) - _END_SEARCH_BYTES)
    tail = bytes(data[base:])
    at = tail.rfind(b"startxref")
    match = _START.match(tail, at) if at >= 0 else None
    if match is None:
        raise CarrierError("no `startxref` near the end: the PDF is cut off")
    end = _END.search(tail, match.end(), match.end() + HEADER_LIMIT_BYTES)
    if end is None:
        raise CarrierError("no `%%EOF` behind the last `startxref`: the PDF is cut off")
    return int(match[1]), base + end.end()


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


def _inflate(raw: memoryview) -> bytes | None:
    state = zlib.decompressobj()
    try:
        data = state.decompress(raw, STREAM_LIMIT_BYTES + 1)
    except zlib.error as error:
        raise CarrierError("a PDF stream does not inflate") from error
    return data if len(data) <= STREAM_LIMIT_BYTES else None
