"""Boxes of ISO base media files (ISO/IEC 14496-12 clause 4.2; QuickTime File Format, atoms): walked and built."""

import struct
from collections.abc import Iterator

import msgspec

from brightline.core.errors import CarrierError

_BOX_LIMIT = 200_000  # side by side; fragments of a day-long stream
UINT32_MAX = 2**32 - 1


class Box(msgspec.Struct, frozen=True):
    """One box: its type, where it begins, where its content begins, where it ends (offsets in the file)."""

    type: bytes
    start: int
    content: int
    end: int


def boxes(data: memoryview, start: int, stop: int) -> Iterator[Box]:
    """Boxes side by side in `data[start:stop]`.

    Raises:
        CarrierError: a box is cut off or reaches beyond `stop`, or there are too many.
    """
    position = start
    for _ in range(_BOX_LIMIT):
        if position + 8 > stop:
            if any(data[position:stop]):  # QuickTime ends some containers with four zero bytes
                raise CarrierError(f"a box at byte {position} is cut off")
            return
        size, kind = struct.unpack_from(">I4s", data, position)
        content = position + 8
        end = position + int(size) if size else stop
        if size == 1:
            if position + 16 > stop:
                raise CarrierError(f"a box at byte {position} is cut off")
            end = position + int(struct.unpack_from(">Q", data, content)[0])
            content += 8
        if end < content or end > stop:
            raise CarrierError(f"the box at byte {position} reaches beyond what holds it")
        yield Box(kind, position, content, end)
        position = end
    raise CarrierError(f"more than {_BOX_LIMIT} boxes")


def inner(data: memoryview, box: Box, kind: bytes = b"") -> Iterator[Box]:
    """The boxes directly inside a box: all, or those of one type."""
    return (child for child in boxes(data, box.content, box.end) if kind in {b"", child.type})


def meta_start(data: memoryview, meta: Box) -> int:
    """Where the first box inside `meta` begins: in QuickTime it is no full box, so its first child follows at once."""
    full = bytes(data[meta.content + 4 : meta.content + 8]) != b"hdlr"
    return meta.content + 4 * full


def in_meta(data: memoryview, meta: Box) -> Iterator[Box]:
    """The boxes directly inside a `meta` box of either form."""
    return boxes(data, meta_start(data, meta), meta.end)


def append_at(data: memoryview, children: list[Box], empty: int) -> int:
    """Where one more box may follow `children`; `empty` when there are none.

    Eight zero bytes are QuickTime's terminator, which the walk shows as a box of no type: what is new goes before it.

    Raises:
        CarrierError: the last child has no size of its own, so that nothing can follow it.
    """
    if not children:
        return empty
    last = children[-1]
    if last.type == bytes(4):
        return last.start
    if not any(data[last.start : last.start + 4]):
        raise CarrierError(f"the box at byte {last.start} has no size, so that no other can follow it")
    return last.end


def new_box(kind: bytes, *content: bytes) -> bytes:
    """A box with a 32-bit size.

    >>> new_box(b"free", b"ab").hex()
    '0000000a667265656162'
    """
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def name(box: Box) -> str:
    """A box's type as it can be shown."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "?" for byte in box.type)
