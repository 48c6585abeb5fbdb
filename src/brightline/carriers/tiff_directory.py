"""TIFF directories and their entries, classic and BigTIFF, in both byte orders: what lies where, nothing of what it means.

Source: TIFF Revision 6.0 section 2; BigTIFF (Adobe and AWare Systems 2007). EXIF blocks are classic TIFF.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from brightline.core.errors import CarrierError

SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
    129: 1,
}
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_POINTERS = {0x8769: "exif", 0x8825: "gps", 0xA005: "interop", 0x014A: "sub"}
_PICTURE_TAGS = ((273, 279), (324, 325), (513, 514), (288, 289))  # strips, tiles, JPEG stream, free space
_HEADERS = {
    b"II*\x00": ("<", False),
    b"MM\x00*": (">", False),
    b"II+\x00": ("<", True),
    b"MM\x00+": (">", True),
}
_DIRECTORY_LIMIT = 10_000  # pages and what hangs below them; a scanned archive box has some thousand
_ENTRY_LIMIT = 4_096  # in one directory; DNG, the largest in use, has about 100
_ENTRIES_LIMIT = 400_000  # of all directories, which may overlap in a hostile file
_BROKEN_LIMIT = 32  # sentences about what is wrong; more tell nobody more
_SUB_LIMIT = 256  # directories below one entry; a pyramid has about 10
_PIECES_LIMIT = (
    2_000_000  # strips and tiles of all pages; a 100,000 x 100,000 picture in tiles of 256 has 150,000
)


class Layout(msgspec.Struct, frozen=True):
    """Byte order and word size of one file."""

    order: str
    big: bool

    @property
    def word(self) -> str:
        """`struct` code of an offset."""
        return "Q" if self.big else "I"

    @property
    def word_bytes(self) -> int:
        """Size of an offset; a value up to that size lies in its entry."""
        return 8 if self.big else 4

    @property
    def entry_bytes(self) -> int:
        """Size of one entry."""
        return 20 if self.big else 12

    @property
    def first_at(self) -> int:
        """Where the header keeps the offset of the first directory."""
        return 8 if self.big else 4

    def pack(self, code: str, *values: int) -> bytes:
        """Numbers in this byte order; `W` stands for an offset."""
        return struct.pack(self.order + code.replace("W", self.word), *values)

    def unpack(self, code: str, data: memoryview, at: int) -> tuple[int, ...]:
        """Numbers at byte `at`; the caller has checked that they lie in the file."""
        return struct.unpack_from(self.order + code.replace("W", self.word), data, at)


class Entry(msgspec.Struct, frozen=True):
    """One entry: `at` and `value_at` are offsets in the file, `size` is the value's, in bytes."""

    number: int
    type: int
    count: int
    at: int
    value_at: int
    size: int


class Directory(msgspec.Struct, frozen=True):
    """One directory: `IFD0`, `IFD1`, ..., `exif`, `gps`, `interop`, `sub`; `next_at` is where its link lies."""

    name: str
    start: int
    next_at: int
    end: int
    entries: tuple[Entry, ...]


class Extent(NamedTuple):
    """Bytes [start, end) that something in the file points at."""

    start: int
    end: int


class Parts:
    """Everything that a TIFF file's directories say about where things lie.

    Attributes:
        layout: byte order and word size.
        directories: those that could be read, the chain of pages first come first.
        pieces: strips, tiles and embedded JPEG streams.
        broken: what could not be read, one sentence each.
    """

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.layout = _layout_of(data)
        self.directories: list[Directory] = []
        self.broken: list[str] = []
        self._room = _ENTRIES_LIMIT
        self._walk()
        self.pieces = self._pieces()

    def number(self, entry: Entry) -> list[int]:
        """The entry's numbers (offsets or sizes); empty when the type is no whole number."""
        code = _NUMBERS.get(entry.type)
        return (
            []
            if code is None
            else list(self.layout.unpack(f"{entry.count}{code}", self.data, entry.value_at))
        )

    def _complain(self, why: str) -> None:
        if len(self.broken) < _BROKEN_LIMIT:
            self.broken.append(why)

    def _walk(self) -> None:
        (first,) = self.layout.unpack("W", self.data, self.layout.first_at)
        chain, seen = first, set[int]()
        for page in range(_DIRECTORY_LIMIT):
            if chain == 0:
                return
            if chain in seen:
                self._complain("the TIFF's directories form a loop")
                return
            directory = self._read(chain, f"IFD{page}", seen)
            if directory is None:
                return
            self._descend(directory, seen)
            (chain,) = self.layout.unpack("W", self.data, directory.next_at)
        self._complain(f"the TIFF has more than {_DIRECTORY_LIMIT} pages")

    def _descend(self, directory: Directory, seen: set[int]) -> None:
        """Directories below one page, at most `_DIRECTORY_LIMIT` in the file."""
        todo = self._pointers(directory)
        while todo:
            if len(self.directories) > _DIRECTORY_LIMIT:
                self._complain(f"the TIFF has more than {_DIRECTORY_LIMIT} directories")
                return
            name, offset = todo.pop()
            del todo[_DIRECTORY_LIMIT:]
            if offset and offset not in seen:
                below = self._read(offset, name, seen)
                todo += [] if below is None else self._pointers(below)

    def _pointers(self, directory: Directory) -> list[tuple[str, int]]:
        found = []
        for entry in directory.entries:
            if entry.number in _POINTERS:
                if entry.count > _SUB_LIMIT:
                    self._complain(f"a TIFF entry points at more than {_SUB_LIMIT} directories")
                    continue
                found += [(_POINTERS[entry.number], offset) for offset in self.number(entry)]
        return found

    def _read(self, at: int, name: str, seen: set[int]) -> Directory | None:
        """The directory at `at`, None when it cannot be read; entries whose value lies outside are left out."""
        seen.add(at)
        layout, size = self.layout, len(self.data)
        head = 8 if layout.big else 2
        if at + head > size:
            self._complain(f"TIFF directory {name} lies outside the file")
            return None
        (count,) = layout.unpack("Q" if layout.big else "H", self.data, at)
        next_at = at + head + layout.entry_bytes * count
        self._room -= count
        if self._room < 0 or count > _ENTRY_LIMIT or next_at + layout.word_bytes > size:
            self._complain(f"TIFF directory {name} is longer than the file or has too many entries")
            return None
        entries = []
        for index in range(count):
            entry = self._entry(at + head + layout.entry_bytes * index)
            if entry.value_at + entry.size > size:
                self._complain(f"TIFF tag 0x{entry.number:04X} in {name} lies outside the file")
            else:
                entries.append(entry)
        directory = Directory(name, at, next_at, next_at + layout.word_bytes, tuple(entries))
        self.directories.append(directory)
        return directory

    def _entry(self, at: int) -> Entry:
        number, kind, count = self.layout.unpack("HHW", self.data, at)
        value_at = at + 4 + self.layout.word_bytes
        size = SIZES.get(kind, 0) * count
        if size > self.layout.word_bytes:
            (value_at,) = self.layout.unpack("W", self.data, value_at)
        return Entry(number, kind, count, at, value_at, size)

    def _pieces(self) -> list[Extent]:
        found: list[Extent] = []
        for directory in self.directories:
            by_number = {entry.number: entry for entry in directory.entries}
            for offsets, sizes in _PICTURE_TAGS:
                if offsets in by_number and sizes in by_number:
                    found += self._pairs(by_number[offsets], by_number[sizes], _PIECES_LIMIT - len(found))
        return found

    def _pairs(self, offsets: Entry, sizes: Entry, room: int) -> list[Extent]:
        if max(offsets.count, sizes.count) > room:
            self._complain(f"the TIFF has more than {_PIECES_LIMIT} strips or tiles")
            return []
        pairs = zip(self.number(offsets), self.number(sizes), strict=False)
        return [Extent(start, start + size) for start, size in pairs if start and size]

    def extents(self) -> Iterator[Extent]:
        """Everything that is pointed at: header, directories, values, pictures."""
        yield Extent(0, self.layout.first_at + self.layout.word_bytes)
        for directory in self.directories:
            yield Extent(directory.start, directory.end)
            for entry in directory.entries:
                if entry.size > self.layout.word_bytes:
                    yield Extent(entry.value_at, entry.value_at + entry.size)
        yield from self.pieces

    def is_alone(self, entry: Entry) -> bool:
        """Nothing else points into the bytes of the entry's value, which lies outside the entry."""
        start, end = entry.value_at, entry.value_at + entry.size
        return sum(one.start < end and one.end > start for one in self.extents()) == 1


def _layout_of(data: memoryview) -> Layout:
    header = _HEADERS.get(bytes(data[:4]))
    if header is None:
        raise CarrierError("no TIFF header, expected II or MM and 42 or 43")
    layout = Layout(*header)
    if len(data) < layout.first_at + layout.word_bytes:
        raise CarrierError(f"TIFF ends at byte {len(data)} inside its header")
    if layout.big and layout.unpack("HH", data, 4) != (8, 0):
        raise CarrierError("a BigTIFF header says that offsets have other than 8 bytes")
    return layout
