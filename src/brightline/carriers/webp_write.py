"""Writing into WebP: the XMP packet in its chunk; a simple file becomes an extended one first, as the format demands.

TC260-PG-20259A; RFC 9649 2.5 to 2.7. The picture's own chunks are copied as they are.
"""

import struct

from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.webp import Chunk, chunks, container_end, read
from brightline.carriers.writing import Pieces
from brightline.carriers.xmp_mark import PacketEdit, mark_edit
from brightline.core.errors import CarrierError

_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_FLAGS_AT = 8  # in chunk VP8X
_SIZE_LIMIT_BYTES = 2**32 - 10  # RFC 9649 2.4
_LOSSY_START = b"\x9d\x01\x2a"
_LOSSLESS_START = 0x2F


def write(data: memoryview, mark: str) -> Pieces:
    """The WebP with the mark in its XMP.

    Raises:
        CarrierError: as `writing.Write`.
    """
    standing_mark(read, data)
    return edit_xmp(data, mark_edit(mark))


def edit_xmp(data: memoryview, edit: PacketEdit) -> Pieces:
    """The WebP with its XMP packet edited; a new chunk goes to the container's end.

    Raises:
        CarrierError: the file is broken, has two XMP packets, or would become larger than 4 GiB.
    """
    found = list(chunks(data))
    packets = [chunk for chunk in found if chunk.id == b"XMP "]
    if len(packets) > 1:
        raise CarrierError(f"the WebP has {len(packets)} XMP packets, expected at most one")
    edits = _extended(data, found)
    edits.append(_replaced(data, packets[0], edit) if packets else _appended(data, found[-1], edit))
    growth = sum(one.growth for one in edits)
    size = container_end(data) - 8 + growth
    if size > _SIZE_LIMIT_BYTES:
        raise CarrierError("the WebP would be larger than 4 GiB")
    if growth:
        edits.append(Edit(4, 8, struct.pack("<I", size)))
    return spliced(data, edits)


def _replaced(data: memoryview, chunk: Chunk, edit: PacketEdit) -> Edit:
    """The XMP chunk with its packet edited, and its padding."""
    old = bytes(data[chunk.start + 8 : chunk.end])
    new = edit(old)
    if new == old:
        return Edit(chunk.end, chunk.end, b"")
    padded = min(chunk.end + ((chunk.end - chunk.start) & 1), container_end(data))
    return Edit(chunk.start, padded, _chunk(b"XMP ", new))


def _appended(data: memoryview, last: Chunk, edit: PacketEdit) -> Edit:
    """A new XMP chunk behind the last one, whose missing padding is made up for."""
    odd = (last.end - last.start) & 1
    missing = last.end + odd > container_end(data)
    at = last.end if missing else last.end + odd
    return Edit(at, at, bytes(missing) + _chunk(b"XMP ", edit(None)))


def _extended(data: memoryview, found: list[Chunk]) -> list[Edit]:
    """What it takes for the file to be an extended one that says it has XMP."""
    first = found[0] if found else None
    if first is not None and first.id == b"VP8X" and first.end - first.start >= 18:
        at = first.start + _FLAGS_AT
        return [] if data[at] & _XMP_FLAG else [Edit(at, at + 1, bytes([data[at] | _XMP_FLAG]))]
    if first is None or first.id not in {b"VP8 ", b"VP8L"}:
        raise CarrierError("the WebP does not begin with VP8, VP8L or VP8X")
    if any(chunk.id in {b"ALPH", b"VP8X", b"ANIM", b"ANMF"} for chunk in found):
        raise CarrierError("the WebP has chunks of an extended file without its header")
    head = bytes(data[first.start + 8 : min(first.end, first.start + 18)])
    return [Edit(first.start, first.start, _header(first.id, head))]


def _header(kind: bytes, head: bytes) -> bytes:
    """Chunk VP8X for a simple picture, whose stream begins with `head`."""
    flags = _XMP_FLAG
    if kind == b"VP8 ":
        if len(head) < 10 or head[3:6] != _LOSSY_START:
            raise CarrierError("the WebP's VP8 stream does not begin with a key frame")
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", head, 6))
    else:
        if len(head) < 5 or head[0] != _LOSSLESS_START:
            raise CarrierError("the WebP's VP8L stream has no signature")
        (bits,) = struct.unpack_from("<I", head, 1)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags |= _ALPHA_FLAG if bits >> 28 & 1 else 0
    if not (width and height):
        raise CarrierError("the WebP's picture has no width or no height")
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) & 1)
