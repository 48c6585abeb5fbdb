"""WAV and AVI (RIFF) chunks as places that hold a mark.

TC260-PG-202510A puts it into chunk `AIGC` of a WAV, TC260-PG-20257A into sub-chunk `AIGC` of an AVI's `LIST INFO`,
each as the bare object. Structure: Microsoft RIFF 1991; RF64: EBU Tech 3306; AVI 2.0: further `RIFF AVIX` chunks.
"""

import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Candidate,
    Oddity,
    Reading,
    Unread,
    decode,
    keyed,
    with_oddity,
)
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

CONTAINERS = {b"RIFF", b"RIFX", b"RF64", b"BW64"}
_FORMS = {b"WAVE": "wav", b"AVI ": "avi"}
_SOUND_AND_FRAMES = {b"data", b"idx1", b"fmt ", b"ds64", b"JUNK", b"PAD ", b"fact", b"avih"}
_XMP_CHUNK = b"_PMX"  # where XMP specification part 3 puts it
OPEN_SIZES = {0, 0xFFFFFFFF}  # written to a pipe: the size was not known
_CHUNK_LIMIT = 100_000  # frames lie inside `LIST movi`, which is one
_CONTAINER_LIMIT = 1_000  # an AVI 2.0 begins a new one each gigabyte
_DATA_SIZE_AT = 8  # of the 64-bit size of `data` in `ds64`


class Chunk(msgspec.Struct, frozen=True):
    """One chunk: its id, its data, and the byte range with its header."""

    id: bytes
    data: memoryview
    start: int
    end: int


def read(data: memoryview) -> Reading:
    """Candidates in a WAV or AVI file, in file order.

    Raises:
        CarrierError: the chunks cannot be walked to the container's end.
    """
    form = _FORMS.get(bytes(data[8:12]))
    if bytes(data[:4]) not in CONTAINERS or form is None:
        raise CarrierError("no RIFF header of a WAV or AVI file")
    order = ">" if bytes(data[:4]) == b"RIFX" else "<"
    position, count = 0, 0
    while bytes(data[position : position + 4]) in CONTAINERS:
        count += 1
        if count > _CONTAINER_LIMIT:
            raise CarrierError(f"more than {_CONTAINER_LIMIT} RIFF containers")
        stop = container_end(data, position, order)
        for chunk in chunks(data, position + 12, stop, order, len(data)):
            yield from _read_chunk(chunk, form, order)
            stop = max(stop, chunk.end)
        position = stop + (stop & 1)
    yield from read_trailing(data, min(position, len(data)), f"{form}:after-RIFF", "RIFF")


def container_end(data: memoryview, position: int, order: str) -> int:
    """Where the container at `position` ends; one of unknown size reaches to the end of the file."""
    if position + 12 > len(data):
        raise CarrierError(f"RIFF header at byte {position} is cut off")
    (size,) = struct.unpack_from(order + "I", data, position + 4)
    if size in OPEN_SIZES:
        return len(data)
    if position + 8 + size > len(data) + 1:  # some writers count a padding byte that they do not write
        raise CarrierError(
            f"RIFF at byte {position} says it has {size} bytes, which reach beyond the file's end"
        )
    return min(position + 8 + int(size), len(data))


def chunks(data: memoryview, position: int, stop: int, order: str, reach: int) -> Iterator[Chunk]:
    """Chunks that begin in `data[position:stop]`; the last may end later, before `reach`: some sizes are too small."""
    wide = 0
    for _ in range(_CHUNK_LIMIT):
        if position + 8 > stop:
            return
        kind, size = struct.unpack_from(order + "4sI", data, position)
        if kind == b"data" and size in OPEN_SIZES:
            size = wide or (stop - position - 8 if size else 0)
        end = position + 8 + size
        if end > reach:
            raise CarrierError(f"RIFF chunk at byte {position} reaches beyond its container")
        if kind == b"ds64" and size >= _DATA_SIZE_AT + 8:
            (wide,) = struct.unpack_from(order + "Q", data, position + 8 + _DATA_SIZE_AT)
        yield Chunk(kind, data[position + 8 : end], position, end)
        position = end + (size & 1)
    raise CarrierError(f"more than {_CHUNK_LIMIT} RIFF chunks")


def _read_chunk(chunk: Chunk, form: str, order: str) -> Reading:
    """What a chunk at the top of the container holds."""
    if chunk.id in _SOUND_AND_FRAMES:
        return
    if chunk.id != b"LIST":
        odd = () if form == "wav" and chunk.id == b"AIGC" else (Oddity.UNUSUAL_PLACE,)
        yield from _read_value(chunk, f"{form}:{_name(chunk)}", odd)
    elif bytes(chunk.data[:4]) == b"INFO":
        if len(chunk.data) > METADATA_LIMIT_BYTES:
            yield _unread(chunk, f"{form}:LIST:INFO", "a RIFF INFO list is larger than 16 MiB")
            return
        base = chunk.start + 8
        for inner in chunks(chunk.data, 4, len(chunk.data), order, len(chunk.data)):
            moved = Chunk(inner.id, inner.data, base + inner.start, base + inner.end)
            odd = () if form == "avi" and inner.id == b"AIGC" else (Oddity.UNUSUAL_PLACE,)
            yield from _read_value(moved, f"{form}:LIST:INFO:{_name(moved)}", odd)


def _read_value(chunk: Chunk, place: str, odd: tuple[Oddity, ...]) -> Reading:
    if len(chunk.data) > METADATA_LIMIT_BYTES:
        yield _unread(chunk, place, "a RIFF metadata chunk is larger than 16 MiB")
    elif chunk.id.upper() == b"AIGC":
        yield keyed(place, chunk.start, chunk.end, decode(bytes(chunk.data).rstrip(b"\x00")), odd)
    elif chunk.id == _XMP_CHUNK:
        for item in read_xmp(bytes(chunk.data), place, chunk.start, chunk.end):
            yield with_oddity(item, *odd) if isinstance(item, Candidate) else item
    else:
        for loose in find_loose(chunk.data):
            yield keyed(
                place, chunk.start, chunk.end, loose.text, odd if loose.keyed else (*odd, Oddity.KEYWORD)
            )


def _name(chunk: Chunk) -> str:
    return chunk.id.decode("ascii", "replace").strip()


def _unread(chunk: Chunk, place: str, why: str) -> Unread:
    return Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=chunk.start, end=chunk.end)
