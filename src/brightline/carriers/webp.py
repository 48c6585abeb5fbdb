"""WebP (RIFF) chunks as places that hold a mark: `XMP `, `EXIF`, and what lies behind the container.

TC260-PG-20259A names chunk `XMP `. Structure: RFC 9649.
"""

import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Candidate,
    Form,
    Oddity,
    Reading,
    Shape,
    Unread,
    decode,
    with_oddity,
)
from brightline.carriers.exif import read_exif
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

_PICTURE = {b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"}
_CHUNK_LIMIT = 100_000  # an animation has one chunk a frame


class Chunk(msgspec.Struct, frozen=True):
    """One chunk: its id and its byte range with its header, without padding."""

    id: bytes
    start: int
    end: int


def read(data: memoryview) -> Reading:
    """Candidates in a WebP file, in file order.

    Raises:
        CarrierError: the chunks cannot be walked to the container's end.
    """
    for chunk in chunks(data):
        yield from _read_chunk(chunk.id, data[chunk.start + 8 : chunk.end], chunk.start, chunk.end)
    yield from read_trailing(data, container_end(data), "webp:after-RIFF", "WebP")


def chunks(data: memoryview) -> Iterator[Chunk]:
    """All chunks of the container.

    Raises:
        CarrierError: the chunks cannot be walked to the container's end.
    """
    stop, position = container_end(data), 12
    for _ in range(_CHUNK_LIMIT):
        if position + 8 > stop:
            return
        kind, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length
        if end > stop:
            raise CarrierError(f"WebP chunk at byte {position} reaches beyond the container's end")
        yield Chunk(kind, position, end)
        position = end + (length & 1)
    raise CarrierError(f"more than {_CHUNK_LIMIT} WebP chunks")


def container_end(data: memoryview) -> int:
    """Offset behind the container, from its own size.

    Raises:
        CarrierError: no WebP, or its size reaches beyond the file.
    """
    if len(data) < 12 or bytes(data[:4]) != b"RIFF" or bytes(data[8:12]) != b"WEBP":
        raise CarrierError("no RIFF WEBP header")
    (size,) = struct.unpack_from("<I", data, 4)
    stop = 8 + int(size)
    if stop > len(data) + 1:  # some writers count a padding byte that they do not write
        raise CarrierError(f"WebP says it has {stop} bytes, the file has {len(data)}")
    return min(stop, len(data))


def _read_chunk(kind: bytes, data: memoryview, start: int, end: int) -> Reading:
    place = f"webp:{kind.decode('ascii', 'replace').strip()}"
    if kind in _PICTURE:
        return
    if len(data) > METADATA_LIMIT_BYTES:
        why = "a WebP metadata chunk is larger than 16 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=start, end=end)
        return
    match kind:
        case b"XMP ":
            yield from read_xmp(bytes(data), place, start, end)
        case b"EXIF":
            block = bytes(data).removeprefix(b"Exif\x00\x00")
            for item in read_exif(block, place, end - len(block)):
                yield with_oddity(item, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item
        case _:
            yield from _read_other(kind, data, place, start, end)


def _read_other(kind: bytes, data: memoryview, place: str, start: int, end: int) -> Reading:
    """A chunk that WebP does not define; one that is called `AIGC` says so itself."""
    odd: tuple[Oddity, ...] = (Oddity.UNUSUAL_PLACE,)
    if kind.upper() == b"AIGC":
        text = decode(bytes(data).rstrip(b"\x00"))
        yield Candidate(carrier=place, form=Form.KEYED, start=start, end=end, text=text, oddities=odd)
    elif b"adobe:ns:meta/" in bytes(data):
        for item in read_xmp(bytes(data), place, start, end):
            yield with_oddity(item, *odd) if isinstance(item, Candidate) else item
    else:
        odd += (Oddity.GLUED,)
        for loose in find_loose(data):
            yield Candidate(
                carrier=place,
                form=Form.LOOSE,
                start=start,
                end=end,
                text=loose.text,
                shape=Shape.EITHER,
                oddities=odd if loose.keyed else (*odd, Oddity.KEYWORD),
            )
