"""A PDF's objects, as far as the guard needs them: dictionaries, sizes of unpacked streams, and which forms they draw.

Objects are found by their `n g obj` and never through the cross-reference table, which hostile files forge; where one
number occurs several times, all versions count.
"""

import mmap
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from brightline.intake.budget import size_words
from brightline.intake.draft import Draft
from brightline.intake.inflate import GROWN_BYTES

Bytes = bytes | mmap.mmap
"""A file in memory, or mapped: both can be searched and sliced."""

OBJECTS = 500_000  # a 5,000-page book has about 100,000
HEAD_BYTES = 256 * 1024  # of one object's dictionary or array
ALL_BYTES = 128 * 1024 * 1024  # unpacked from all streams but pictures
STREAM_BYTES = 32 * 1024 * 1024  # unpacked from one
PICTURE_RATIO = 200  # pictures are not unpacked for words; only one that grows like a bomb is refused

# What PDFium holds for one operator of a page's content, measured on 4 MiB of each (bytes): text shown 660, picture 1,100,
# painted path 320, saved state 170; letters inside words are counted too, which honest pages don't notice.
TEXT_COST, PICTURE_COST, PAINT_COST = 700, 1_200, 350
_PAINT = re.compile(rb"[\s\0)\]>{}][SsfFBbqn]")
_OBJECT = re.compile(rb"(?<!\d)(\d{1,9})[ \t\r\n]{1,4}\d{1,5}[ \t\r\n]{1,4}obj\b")
_STREAM = re.compile(rb"stream\r?\n")
_DO = re.compile(rb"/([^\s/<>\[\](){}%]{1,127})\s{1,20}Do\b")
_REFERENCE = re.compile(rb"(\d{1,9})\s{1,4}\d{1,5}\s{1,4}R\b")
_NAMED = re.compile(rb"/([^\s/<>\[\](){}%]{1,127})\s{0,4}(\d{1,9})\s{1,4}\d{1,5}\s{1,4}R\b")
_XOBJECT = re.compile(rb"/XObject\s{0,4}(?:<<([^>]{0,100000})>>|(\d{1,9})\s{1,4}\d{1,5}\s{1,4}R)")
_RESOURCES = re.compile(rb"/Resources\s{1,4}(\d{1,9})\s{1,4}\d{1,5}\s{1,4}R")
_CONTENTS = re.compile(rb"/Contents\s{0,4}(?:\[([^\]]{0,200000})\]|(\d{1,9})\s{1,4}\d{1,5}\s{1,4}R)")
_FIRST = re.compile(rb"/First\s{1,4}(\d{1,9})")
_PICTURE = re.compile(rb"/Subtype\s{0,4}/Image\b")


class PdfObject(msgspec.Struct):
    """One object, or several versions of it together."""

    head: bytes = b""
    size: int = 0  # of its stream, unpacked (bytes)
    cost: int = 0  # that PDFium will hold for its operators, without the forms it draws (bytes)
    is_image: bool = False
    draws: Counter[bytes] = msgspec.field(default_factory=Counter)


class PdfObjects(dict[int, PdfObject]):
    """Objects by number, with the few questions that the guard asks."""

    def size(self, number: int) -> int:
        """Unpacked size of a stream (bytes), 0 for an unknown one."""
        return self[number].size if number in self else 0

    def contents_of(self, page: PdfObject) -> list[int]:
        """Streams that make up a page's content, in order, repeated where the page repeats them."""
        found: list[int] = []
        for match in _CONTENTS.finditer(page.head):
            if match.group(1) is not None:
                found += _references(match.group(1))
                continue
            target = self.get(int(match.group(2)))
            is_array = target is not None and target.head.lstrip()[:1] == b"["
            found += _references(target.head) if target is not None and is_array else [int(match.group(2))]
        return found

    def calls(self, stream: PdfObject, owner: PdfObject) -> Iterator[tuple[int, int]]:
        """Forms that a stream draws, and how often; names are resolved by the owner's resources, or anybody's."""
        if not stream.draws:
            return
        names = self._names(owner)
        for name, count in stream.draws.items():
            for target in names.get(name) or self._anybody().get(name) or set():
                yield target, count

    def _names(self, owner: PdfObject) -> dict[bytes, set[int]]:
        heads = [owner.head, *(self[int(n)].head for n in _RESOURCES.findall(owner.head) if int(n) in self)]
        return _gather(self._xobjects(heads))

    def _xobjects(self, heads: Iterable[bytes]) -> Iterator[bytes]:
        for head in heads:
            for match in _XOBJECT.finditer(head):
                if match.group(1) is not None:
                    yield match.group(1)
                elif int(match.group(2)) in self:
                    yield self[int(match.group(2))].head

    def _anybody(self) -> dict[bytes, set[int]]:
        if not hasattr(self, "_all"):
            self._all = _gather(self._xobjects([found.head for found in self.values()]))
        return self._all


def read_objects(data: Bytes, draft: Draft) -> PdfObjects:
    """The objects of a file, those packed into object streams (ISO 32000-1 7.5.7) included.

    Raises:
        StopReadingError: there are too many, or their streams unpack to too much.
    """
    objects = PdfObjects()
    total = 0
    starts = list(_starts(data, draft))
    for (number, start), end in zip(starts, [*(start for _, start in starts[1:]), len(data)], strict=False):
        draft.budget.check_time()
        match = _STREAM.search(data, start, min(end, start + HEAD_BYTES))
        head = data[start : match.start() if match else min(end, start + HEAD_BYTES)]
        found = objects.setdefault(number, PdfObject())
        found.head += head
        if match is None:
            continue
        found.is_image = _PICTURE.search(head) is not None
        size, packed = _unpack(data, match.end(), end, found, draft)
        found.size += size
        total += 0 if found.is_image else size
        if total > ALL_BYTES:
            raise _too_much(ALL_BYTES, draft)
        if b"/ObjStm" in head:
            _add_packed(head, packed, objects)
    return objects


def _starts(data: Bytes, draft: Draft) -> Iterator[tuple[int, int]]:
    for count, match in enumerate(_OBJECT.finditer(data)):
        if count >= OBJECTS:
            raise draft.limit(f"more than {OBJECTS} objects; not read", f"PDF 对象超过 {OBJECTS} 个，未读取")
        yield int(match.group(1)), match.end()


def _unpack(data: Bytes, start: int, end: int, found: PdfObject, draft: Draft) -> tuple[int, bytes]:
    """Unpacked size of a stream, and the bytes of one that may hold objects; counts the forms it draws."""
    size, kept = 0, []
    for piece, used in _grow(data, start, end):
        size += len(piece)
        if size > STREAM_BYTES:
            raise _too_much(STREAM_BYTES, draft)
        if found.is_image:
            if size > PICTURE_RATIO * max(used, 1) or size < GROWN_BYTES:
                continue
            break
        found.draws.update(_DO.findall(piece))
        found.cost += _cost(piece)
        if b"/ObjStm" in found.head:
            kept.append(piece)
    return size, b"".join(kept)


def _cost(content: bytes) -> int:
    shown = sum(content.count(operator) for operator in (b"Tj", b"TJ", b"'", b'"'))
    pictures = content.count(b"EI") + content.count(b"sh")
    return (
        TEXT_COST * shown + PICTURE_COST * pictures + PAINT_COST * len(_PAINT.findall(content)) + len(content)
    )


def _grow(data: Bytes, start: int, end: int) -> Iterator[tuple[bytes, int]]:
    """What a stream unpacks to, through as many layers of deflate as there are; as it stands where it is none."""
    stop = data.find(b"endstream", start, end)
    raw = memoryview(data)[start : stop if stop >= 0 else end]
    state = zlib.decompressobj()
    inner = zlib.decompressobj()
    is_double = False
    position, is_first = 0, True
    try:
        while position < len(raw) and not state.eof:
            feed: bytes | memoryview = raw[position : position + 65536]
            position += len(feed)
            while piece := state.decompress(feed, GROWN_BYTES):
                if is_first:
                    is_double = (
                        piece[:1] == b"\x78" and len(piece) > 2 and int.from_bytes(piece[:2], "big") % 31 == 0
                    )
                is_first = False
                yield from (
                    ((out, position) for out in _layer(inner, piece)) if is_double else ((piece, position),)
                )
                feed = state.unconsumed_tail
    except zlib.error:
        if is_first:
            yield bytes(raw[: 4 * GROWN_BYTES]), len(raw)


def _layer(state: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while piece := state.decompress(data, GROWN_BYTES):
        yield piece
        data = state.unconsumed_tail


def _add_packed(head: bytes, packed: bytes, objects: PdfObjects) -> None:
    first = _FIRST.search(head)
    if first is None:
        return
    start = int(first.group(1))
    numbers = [int(word) for word in packed[:start].split() if word.isdigit() and len(word) < 10]
    offsets = [start + offset for offset in numbers[1::2]]
    for number, begin, end in zip(numbers[::2], offsets, [*offsets[1:], len(packed)], strict=False):
        objects.setdefault(number, PdfObject()).head += packed[begin : min(end, begin + HEAD_BYTES)]


def _gather(dictionaries: Iterable[bytes]) -> dict[bytes, set[int]]:
    names: dict[bytes, set[int]] = {}
    for words in dictionaries:
        for name, number in _NAMED.findall(words):
            names.setdefault(name, set()).add(int(number))
    return names


def _references(words: bytes) -> list[int]:
    return [int(number) for number in _REFERENCE.findall(words)]


def _too_much(limit: int, draft: Draft) -> Exception:
    return draft.limit(
        f"streams unpack to more than {size_words(limit)}; not read",
        f"数据流解包后超过 {size_words(limit)}，未读取",
    )
