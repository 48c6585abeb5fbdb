"""A PDF's skeleton: where it starts and ends, its sections, and single objects by number.

ISO 32000-2 7.5. Only what is asked for is read: sections are walked from the newest to the oldest, pages are never
touched, a stream is inflated in bounded steps. PDFium and pypdf read more than a carrier needs, and neither can be
held to a bound: PDFium inflates any stream up to 1 GiB, pypdf holds every object of the file.
"""

import re

from brightline.carriers.candidate import MiB
from brightline.carriers.pdf_object import (
    OBJECT_HEAD,
    OBJECT_LIMIT_BYTES,
    Loaded,
    object_at,
    stream_data,
)
from brightline.carriers.pdf_sections import TABLE_HEAD, Entry, entry_at, read_sections
from brightline.carriers.pdf_values import Dictionary, Reference, Value, parse
from brightline.core.errors import CarrierError

HEADER_LIMIT_BYTES = 1024  # in which `%PDF-` stands (ISO 32000-1 Annex H.3.4.1)
_PACKED_INDEX_LIMIT = 100_000  # of an object in its stream; writers pack 100 to 1,000
_END_SEARCH_BYTES = MiB  # in which the last `startxref` is looked for
_START = re.compile(rb"startxref[\0\t\n\f\r ]{1,16}([0-9]{1,19})")
_END = re.compile(rb"%%EOF[ \t]*(?:\r\n|\r|\n)?")


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
        self.sections = read_sections(data, self.start, self.origin)

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
            return object_at(self.data, entry.offset + self.origin, reference.number)
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
                    entry = entry_at(self.data, rows, number - rows.first)
                    if entry is not None or section.trailer.get("XRefStm") is None:
                        return entry
        return None

    def stream(self, loaded: Loaded) -> bytes | None:
        """A stream's data with its filter undone; None when it has a filter that we do not undo, or is too large.

        Raises:
            CarrierError: it is cut or does not inflate.
        """
        return stream_data(self.data, loaded, self.resolve)

    def _find_origin(self, header: int) -> int:
        for origin in dict.fromkeys((header, 0)):
            window = bytes(self.data[self.start + origin : self.start + origin + 64])
            if TABLE_HEAD.match(window) or OBJECT_HEAD.match(window):
                return origin
        raise CarrierError(
            f"no cross-reference section at byte {self.start}, where the last `startxref` leads"
        )

    def _packed(self, entry: Entry) -> Loaded:
        """An object in an object stream (7.5.7)."""
        holder = self.locate(entry.packed_in)
        if holder is None or holder.offset < 0:
            raise CarrierError(f"object stream {entry.packed_in} is missing")
        loaded = object_at(self.data, holder.offset + self.origin, entry.packed_in)
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
