"""PNG chunks as places that hold a mark: iTXt with XMP, tEXt `AIGC`, zTXt, eXIf, and what lies behind IEND.

TC260-PG-20259A names iTXt `XML:com.adobe.xmp` and, in Annex B, tEXt `AIGC`. Structure: ISO/IEC 15948 (PNG) clauses
5 and 11.3.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Candidate,
    MiB,
    Oddity,
    Reading,
    Shape,
    Unread,
    decode,
    keyed,
    with_oddity,
)
from brightline.carriers.exif import read_exif
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = "XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "
_EXIF_HEADER = b"Exif\x00\x00"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
PIXELS = {b"IDAT", b"fdAT"}
_CHUNK_LIMIT = 300_000  # a gigabyte in 4 KiB chunks; walking them takes about half a second
_INFLATED_LIMIT_BYTES = 4 * MiB  # one compressed text; a mark is a few KiB


class Chunk(msgspec.Struct, frozen=True):
    """One chunk: its type, its data, and the byte range of the whole chunk in the file."""

    type: bytes
    data: memoryview
    intact: bool  # its checksum holds; not computed for pixels
    start: int
    end: int


class Text(msgspec.Struct, frozen=True):
    """One textual chunk, taken apart."""

    keyword: str
    value: bytes
    compressed: bool


def read(data: memoryview) -> Reading:
    """Candidates in a PNG file, in file order.

    Raises:
        CarrierError: the chunks cannot be walked to IEND.
    """
    behind_pixels = False
    for chunk in chunks(data):
        if chunk.type == b"IEND":
            yield from read_trailing(data, chunk.end, "png:after-IEND", "PNG")
        elif chunk.type in PIXELS:
            behind_pixels = True
        else:
            yield from _read_chunk(chunk, behind_pixels=behind_pixels)


def chunks(data: memoryview) -> Iterator[Chunk]:
    """All chunks; IEND is the last.

    Raises:
        CarrierError: the chunks cannot be walked to IEND.
    """
    if bytes(data[:8]) != SIGNATURE:
        raise CarrierError("no PNG signature, expected 89 50 4E 47 0D 0A 1A 0A")
    position = 8
    for _ in range(_CHUNK_LIMIT):
        chunk = _chunk_at(data, position)
        yield chunk
        if chunk.type == b"IEND":
            return
        position = chunk.end
    raise CarrierError(f"more than {_CHUNK_LIMIT} PNG chunks")


def _chunk_at(data: memoryview, position: int) -> Chunk:
    if position + 12 > len(data):
        raise CarrierError(f"PNG ends at byte {len(data)} without IEND")
    size, kind = struct.unpack_from(">I4s", data, position)
    end = position + 12 + size
    if end > len(data):
        raise CarrierError(f"PNG chunk at byte {position} reaches beyond the file's end")
    content = data[position + 8 : end - 4]
    (stored,) = struct.unpack_from(">I", data, end - 4)
    intact = kind in PIXELS or zlib.crc32(content, zlib.crc32(kind)) == stored
    return Chunk(kind, content, intact, position, end)


def _read_chunk(chunk: Chunk, *, behind_pixels: bool) -> Reading:
    """What one chunk other than pixels holds, with what is odd about the chunk."""
    place = f"png:{chunk.type.decode('ascii', 'replace')}"
    found = False
    for item in _read_intact(chunk, place):
        found = True
        if isinstance(item, Candidate):
            odd = () if chunk.intact else (Oddity.CHECKSUM,)
            yield with_oddity(item, *odd, *((Oddity.AFTER_PIXELS,) if behind_pixels else ()))
        else:
            yield item
    if not chunk.intact and not found:
        yield _unread(
            chunk, place, GapKind.MALFORMED, f"the checksum of chunk at byte {chunk.start} is wrong"
        )


def _read_intact(chunk: Chunk, place: str) -> Reading:
    if len(chunk.data) > METADATA_LIMIT_BYTES:
        yield _unread(chunk, place, GapKind.LIMIT, "a PNG metadata chunk is larger than 16 MiB")
        return
    match chunk.type:
        case b"tEXt" | b"zTXt" | b"iTXt":
            yield from _read_text(chunk, place)
        case b"eXIf":
            for item in read_exif(bytes(chunk.data), place, chunk.start + 8):
                yield with_oddity(item, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item
        case _:
            yield from _read_loose(chunk, place)


def _read_text(chunk: Chunk, place: str) -> Reading:
    try:
        text = text_of(chunk)
    except ValueError as error:
        yield _unread(chunk, place, GapKind.MALFORMED, str(error))
        return
    if text is None:
        yield _unread(chunk, place, GapKind.LIMIT, "a compressed PNG text inflates to more than 4 MiB")
        return
    place = f"{place}:{text.keyword}"
    odd: tuple[Oddity, ...] = (Oddity.COMPRESSED,) if text.compressed else ()
    if text.keyword == XMP_KEYWORD or b"adobe:ns:meta/" in text.value:
        odd += () if chunk.type == b"iTXt" and text.keyword == XMP_KEYWORD else (Oddity.UNUSUAL_PLACE,)
        for item in read_xmp(text.value, place, chunk.start, chunk.end):
            yield with_oddity(item, *odd) if isinstance(item, Candidate) else item
    elif text.keyword.startswith(_RAW_PROFILE):
        for item in _read_profile(text.value, place, chunk):
            yield with_oddity(item, *odd, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item
    elif text.keyword == "AIGC" or ("AIGC" in text.keyword and b"{" in text.value):
        odd += (Oddity.UNUSUAL_PLACE,) if chunk.type == b"iTXt" else ()
        yield _keyed(chunk, place, decode(text.value), odd)
    else:
        for loose in find_loose(text.value):
            yield _keyed(chunk, place, loose.text, (*odd, Oddity.KEYWORD))


def _read_profile(value: bytes, place: str, chunk: Chunk) -> Reading:
    """Metadata that ImageMagick and others keep as text: a name, a length, hexadecimal digits."""
    lines = value.strip().split(b"\n", 2)
    try:
        block = bytes.fromhex(lines[2].decode("ascii")) if len(lines) == 3 else b""
    except ValueError:
        yield _unread(chunk, place, GapKind.MALFORMED, "a PNG raw profile is no hexadecimal text")
        return
    if block.startswith(_EXIF_HEADER):
        yield from read_exif(block.removeprefix(_EXIF_HEADER), place, chunk.start)
    elif b"adobe:ns:meta/" in block:
        yield from read_xmp(block.removeprefix(_XMP_HEADER), place, chunk.start, chunk.end)


def text_of(chunk: Chunk) -> Text | None:
    """Keyword and value of a textual chunk; None when the value inflates beyond the limit; ValueError if broken."""
    raw = bytes(chunk.data)
    name, separator, rest = raw.partition(b"\x00")
    if not separator or not 1 <= len(name) <= 79:
        raise ValueError("a PNG text chunk has no keyword of 1 to 79 bytes")
    keyword = name.decode("latin-1")
    if chunk.type == b"tEXt":
        return Text(keyword, rest, compressed=False)
    if chunk.type == b"zTXt":
        value = _inflate(rest[1:])
        return None if value is None else Text(keyword, value, compressed=True)
    if len(rest) < 2:
        raise ValueError("a PNG iTXt chunk ends before its text")
    compressed = rest[0] != 0
    _, language_end, tail = rest[2:].partition(b"\x00")
    _, translated_end, value_bytes = tail.partition(b"\x00")
    if not (language_end and translated_end):
        raise ValueError("a PNG iTXt chunk ends before its text")
    value = _inflate(value_bytes) if compressed else value_bytes
    return None if value is None else Text(keyword, value, compressed=compressed)


def _inflate(data: bytes) -> bytes | None:
    """At most 4 MiB of text; None if there is more; ValueError if the stream is broken or cut."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, _INFLATED_LIMIT_BYTES)
    except zlib.error as error:
        raise ValueError("a compressed PNG text does not inflate") from error
    if inflater.eof:
        return text
    if len(text) >= _INFLATED_LIMIT_BYTES:
        return None
    raise ValueError("a compressed PNG text is cut off")


def _read_loose(chunk: Chunk, place: str) -> Reading:
    """A chunk that PNG does not define for text; one that is called `AIGC` says so itself."""
    if chunk.type.upper() == b"AIGC":
        yield _keyed(chunk, place, decode(bytes(chunk.data)), (Oddity.UNUSUAL_PLACE,))
        return
    for loose in find_loose(chunk.data):
        odd = (Oddity.UNUSUAL_PLACE, Oddity.GLUED)
        yield _keyed(chunk, place, loose.text, odd if loose.keyed else (*odd, Oddity.KEYWORD))


def _keyed(chunk: Chunk, place: str, text: str, oddities: tuple[Oddity, ...]) -> Candidate:
    return keyed(place, chunk.start, chunk.end, text, oddities, shape=Shape.WRAPPED)


def _unread(chunk: Chunk, place: str, kind: GapKind, why: str) -> Unread:
    return Unread(carrier=place, kind=kind, why=why, start=chunk.start, end=chunk.end)
