"""The blocks of a GIF in file order. Source: GIF89a specification (CompuServe 1990) 12-27; XMP part 3, 1.1.2."""

from collections.abc import Iterator
from enum import IntEnum

import msgspec

from brightline.core.errors import CarrierError

XMP_APPLICATION = b"XMP DataXMP"
MAGIC_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"  # brings any reader of sub-blocks to the end
_SIGNATURES = {b"GIF87a", b"GIF89a"}
_SUB_BLOCK_LIMIT = 8_000_000  # of the whole file: 2 GB in sub-blocks of 255 bytes; walking them takes 1 s


class Label(IntEnum):
    """What a block is: the byte that introduces it, for an extension the one behind."""

    PLAIN_TEXT = 0x01
    IMAGE = 0x2C
    TRAILER = 0x3B
    GRAPHIC_CONTROL = 0xF9
    COMMENT = 0xFE
    APPLICATION = 0xFF


class Block(msgspec.Struct, frozen=True):
    """One block; `body` is where its sub-blocks begin, behind the fixed part of an image or an application block."""

    label: int
    application: bytes  # the 11 bytes of an application block, else empty
    start: int
    body: int
    end: int


def blocks(data: memoryview) -> Iterator[Block]:
    """All blocks behind the logical screen; the trailer is the last.

    Raises:
        CarrierError: no GIF, or it cannot be walked to its trailer.
    """
    position, budget = _behind_screen(data), _SUB_BLOCK_LIMIT
    while True:
        block, used = _block_at(data, position, budget)
        yield block
        if block.label == Label.TRAILER:
            return
        position, budget = block.end, budget - used


def packet_range(data: memoryview, block: Block) -> tuple[int, int] | None:
    """Where an XMP block's packet lies, None when it lacks the magic trailer."""
    end = block.end - len(MAGIC_TRAILER)
    return (block.body, end) if end >= block.body and data[end : block.end] == MAGIC_TRAILER else None


def joined(data: memoryview, block: Block) -> bytes:
    """The content of a block's sub-blocks."""
    parts, position = [], block.body
    while position < block.end and data[position]:
        parts.append(data[position + 1 : position + 1 + data[position]])
        position += 1 + data[position]
    return b"".join(parts)


def _behind_screen(data: memoryview) -> int:
    if bytes(data[:6]) not in _SIGNATURES:
        raise CarrierError("no GIF signature, expected GIF87a or GIF89a")
    if len(data) < 13:
        raise CarrierError(f"GIF ends at byte {len(data)} inside its screen descriptor")
    return 13 + _table_bytes(data[10])


def _table_bytes(flags: int) -> int:
    """Size of the colour table that a packed field announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _block_at(data: memoryview, start: int, budget: int) -> tuple[Block, int]:
    label = _byte(data, start)
    if label == Label.TRAILER:
        return Block(label, b"", start, start + 1, start + 1), 0
    application = b""
    if label == Label.IMAGE:
        body = start + 10 + _table_bytes(_byte(data, start + 9)) + 1  # behind the minimum code size
    elif label == 0x21:
        label, body = _byte(data, start + 1), start + 2
        if label == Label.APPLICATION and _byte(data, body) == len(XMP_APPLICATION):
            application = bytes(data[body + 1 : body + 12])
            body += 12
    else:
        raise CarrierError(f"no GIF block at byte {start}")
    end, used = _behind_sub_blocks(data, body, budget)
    return Block(label, application, start, body, end), used


def _behind_sub_blocks(data: memoryview, position: int, budget: int) -> tuple[int, int]:
    size = len(data)
    for used in range(budget):
        if position >= size:
            raise CarrierError(f"GIF ends at byte {size} without its trailer")
        length = data[position]
        position += 1 + length
        if length == 0:
            return position, used
    raise CarrierError(f"more than {_SUB_BLOCK_LIMIT} GIF sub-blocks")


def _byte(data: memoryview, at: int) -> int:
    if at >= len(data):
        raise CarrierError(f"GIF ends at byte {len(data)} without its trailer")
    return data[at]
