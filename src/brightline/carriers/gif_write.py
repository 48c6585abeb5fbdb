"""Writing into GIF: the XMP packet in its application extension; a file of version 87a becomes 89a, which has extensions.

TC260-PG-20259A; GIF89a specification 26; XMP part 3, 1.1.2.
"""

from brightline.carriers.gif import read
from brightline.carriers.gif_block import MAGIC_TRAILER, XMP_APPLICATION, Block, Label, blocks, packet_range
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.carriers.xmp_mark import PacketEdit, mark_edit
from brightline.core.errors import CarrierError

_HEAD = b"\x21\xff\x0b" + XMP_APPLICATION
_VERSION = slice(0, 6)


def write(data: memoryview, mark: str) -> Pieces:
    """The GIF with the mark in its XMP.

    Raises:
        CarrierError: as `writing.Write`.
    """
    standing_mark(read, data)
    return edit_xmp(data, mark_edit(mark), forward=True)


def edit_xmp(data: memoryview, edit: PacketEdit, *, forward: bool = False) -> Pieces:
    """The GIF with its XMP packet edited; a new block goes before the first picture, behind the loop count.

    Args:
        data: the file.
        edit: what becomes of the packet.
        forward: a block behind a picture moves there too; no mark may stand in it.

    Raises:
        CarrierError: the file is broken, has two XMP packets, or one that a GIF cannot hold.
    """
    head, found = 0, list[Block]()
    for block in blocks(data):
        if not head and block.label not in {Label.APPLICATION, Label.COMMENT}:
            head = block.start
        if block.application == XMP_APPLICATION:
            found.append(block)
    if len(found) > 1:
        raise CarrierError(f"the GIF has {len(found)} XMP packets, expected at most one")
    if not found:
        return spliced(data, [*_version(data), Edit(head, head, _extension(edit(None)))])
    (old,) = found
    where = packet_range(data, old)
    if where is None:
        raise CarrierError("the GIF's XMP block lacks its magic trailer")
    new = _extension(edit(bytes(data[where[0] : where[1]])))
    if new == bytes(data[old.start : old.end]):
        return spliced(data, [])
    if old.start > head and forward:
        edits = [Edit(head, head, new), Edit(old.start, old.end, b"")]
    else:
        edits = [Edit(old.start, old.end, new)]
    return spliced(data, [*_version(data), *edits])


def _version(data: memoryview) -> list[Edit]:
    old = bytes(data[_VERSION])
    return [] if old == b"GIF89a" else [Edit(0, len(old), b"GIF89a")]


def _extension(packet: bytes) -> bytes:
    """The block; a zero byte in the packet would end it for every reader that walks sub-blocks."""
    if b"\x00" in packet:
        raise CarrierError("the GIF's XMP packet is not UTF-8, and no GIF can hold it")
    return _HEAD + packet + MAGIC_TRAILER
