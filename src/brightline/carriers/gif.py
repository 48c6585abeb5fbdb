"""GIF blocks as places that hold a mark: XMP in its application extension, comments, and what lies behind the trailer.

TC260-PG-20259A names the application extension `XMP DataXMP`. Structure: `gif_block.py`.
"""

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
from brightline.carriers.gif_block import XMP_APPLICATION, Block, Label, blocks, joined, packet_range
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.xmp import read_xmp
from brightline.core.subject import GapKind

_NAMES: dict[int, str] = {Label.COMMENT: "comment", Label.PLAIN_TEXT: "text"}


def read(data: memoryview) -> Reading:
    """Candidates in a GIF file, in file order.

    Raises:
        CarrierError: the blocks cannot be walked to the trailer.
    """
    behind_pixels = False
    for block in blocks(data):
        if block.label == Label.TRAILER:
            yield from read_trailing(data, block.end, "gif:after-trailer", "GIF")
        elif block.label == Label.IMAGE:
            behind_pixels = True
        elif block.label != Label.GRAPHIC_CONTROL:
            for item in _read_block(data, block):
                odd = behind_pixels and isinstance(item, Candidate)
                yield with_oddity(item, Oddity.AFTER_PIXELS) if odd and isinstance(item, Candidate) else item


def _read_block(data: memoryview, block: Block) -> Reading:
    place = _place(block)
    if block.end - block.start > METADATA_LIMIT_BYTES:
        why = "a GIF extension is larger than 16 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=block.start, end=block.end)
    elif block.application == XMP_APPLICATION:
        yield from _read_packet(data, block)
    else:
        yield from _read_text(joined(data, block), place, block)


def _read_packet(data: memoryview, block: Block) -> Reading:
    """XMP as its standard has it, bare up to a magic trailer; some writers cut it into sub-blocks instead."""
    place = "gif:XMP"
    where = packet_range(data, block)
    if where is not None:
        yield from read_xmp(bytes(data[where[0] : where[1]]), place, block.start, block.end)
        return
    packet = joined(data, block)
    if not packet.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        packet = bytes(data[block.body : block.end])  # bare, and the trailer is damaged
    for item in read_xmp(packet, place, block.start, block.end):
        yield with_oddity(item, Oddity.GLUED) if isinstance(item, Candidate) else item


def _read_text(value: bytes, place: str, block: Block) -> Reading:
    """A comment, or an application's own block; one that is called `AIGC` says so itself."""
    if b"AIGC" in block.application.upper():
        yield _candidate(block, place, decode(value.rstrip(b"\x00")), (Oddity.UNUSUAL_PLACE,))
        return
    if b"adobe:ns:meta/" in value:
        for item in read_xmp(value, place, block.start, block.end):
            yield with_oddity(item, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item
        return
    odd = (Oddity.UNUSUAL_PLACE,) if block.label == Label.COMMENT else (Oddity.UNUSUAL_PLACE, Oddity.GLUED)
    for loose in find_loose(value):
        yield _candidate(block, place, loose.text, odd if loose.keyed else (*odd, Oddity.KEYWORD))


def _candidate(block: Block, place: str, text: str, oddities: tuple[Oddity, ...]) -> Candidate:
    return Candidate(
        carrier=place,
        form=Form.KEYED if b"AIGC" in block.application.upper() else Form.LOOSE,
        start=block.start,
        end=block.end,
        text=text,
        shape=Shape.EITHER,
        oddities=oddities,
    )


def _place(block: Block) -> str:
    if block.application:
        return f"gif:{block.application.decode('ascii', 'replace').strip()}"
    return f"gif:{_NAMES.get(block.label, f'0x{block.label:02X}')}"
