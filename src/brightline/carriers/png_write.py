"""Writing into PNG: the XMP packet in its iTXt chunk, and a mark that stands in tEXt `AIGC`.

TC260-PG-20259A; ISO/IEC 15948 5 and 11.3. Only the chunk concerned is written anew, with its own checksum.
"""

import struct
import zlib

from brightline.carriers.candidate import Candidate, Oddity
from brightline.carriers.png import PIXELS, XMP_KEYWORD, Chunk, Text, chunks, read, text_of
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.carriers.xmp_mark import PacketEdit, mark_edit, wrapped_ascii
from brightline.core.errors import CarrierError

_TOLERATED = frozenset({Oddity.COMPRESSED})  # XMP forbids compression, so the new chunk has none
_DATA_LIMIT_BYTES = 2**31 - 1  # of one chunk


def write(data: memoryview, mark: str) -> Pieces:
    """The PNG with the mark in its XMP, or in the tEXt chunk where it stands already.

    Raises:
        CarrierError: as `writing.Write`.
    """
    standing = standing_mark(read, data, odd=_TOLERATED)
    if standing is None or standing.carrier == f"png:iTXt:{XMP_KEYWORD}":
        return edit_xmp(data, mark_edit(mark), forward=True)
    return spliced(data, [_text_edit(data, standing, mark)])


def edit_xmp(data: memoryview, edit: PacketEdit, *, forward: bool = False) -> Pieces:
    """The PNG with its XMP packet edited; a new chunk goes behind IHDR.

    Args:
        data: the file.
        edit: what becomes of the packet.
        forward: a chunk behind the pixels moves before them; no mark may stand in it.

    Raises:
        CarrierError: the file is broken, or has two XMP packets.
    """
    header, found, behind = 0, list[Chunk](), False
    seen_pixels = False
    for chunk in chunks(data):
        header = header or (chunk.end if chunk.type == b"IHDR" else 0)
        seen_pixels = seen_pixels or chunk.type in PIXELS
        if chunk.type == b"iTXt" and _is_xmp(chunk):
            found.append(chunk)
            behind = seen_pixels
    if not header:
        raise CarrierError("the PNG has no IHDR")
    if len(found) > 1:
        raise CarrierError(f"the PNG has {len(found)} XMP packets, expected at most one")
    if not found:
        return spliced(data, [Edit(header, header, _xmp_chunk(edit(None)))])
    (old,) = found
    new = _edited(old, edit)
    if new == bytes(data[old.start : old.end]):
        return spliced(data, [])
    if behind and forward:
        return spliced(data, [Edit(header, header, new), Edit(old.start, old.end, b"")])
    return spliced(data, [Edit(old.start, old.end, new)])


def _is_xmp(chunk: Chunk) -> bool:
    return bytes(chunk.data[: len(XMP_KEYWORD) + 1]) == XMP_KEYWORD.encode() + b"\x00"


def _edited(chunk: Chunk, edit: PacketEdit) -> bytes:
    """The XMP chunk with its packet edited; language and translated keyword stay."""
    if not chunk.intact:
        raise CarrierError("the checksum of the PNG's XMP chunk is wrong")
    text = _text(chunk)
    raw = bytes(chunk.data)
    head = len(XMP_KEYWORD) + 1
    languages = raw.index(b"\x00", raw.index(b"\x00", head + 2) + 1) + 1
    return _chunk(b"iTXt", raw[:head] + b"\x00\x00" + raw[head + 2 : languages] + edit(text.value))


def _text(chunk: Chunk) -> Text:
    try:
        text = text_of(chunk)
    except ValueError as error:
        raise CarrierError(str(error)) from error
    if text is None:
        raise CarrierError("the PNG's compressed text inflates to more than 4 MiB")
    return text


def _text_edit(data: memoryview, standing: Candidate, mark: str) -> Edit:
    """The tEXt chunk that holds the mark, with the new value."""
    kind = bytes(data[standing.start + 4 : standing.start + 8])
    if kind != b"tEXt":
        raise CarrierError(f"the mark in {standing.carrier} cannot be replaced there")
    content = bytes(data[standing.start + 8 : standing.end - 4])
    keyword = content[: content.index(b"\x00") + 1]
    return Edit(standing.start, standing.end, _chunk(kind, keyword + wrapped_ascii(mark).encode()))


def _xmp_chunk(packet: bytes) -> bytes:
    return _chunk(b"iTXt", XMP_KEYWORD.encode() + bytes(5) + packet)


def _chunk(kind: bytes, content: bytes) -> bytes:
    if len(content) > _DATA_LIMIT_BYTES:
        raise CarrierError("a PNG chunk would be larger than 2 GiB")
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
