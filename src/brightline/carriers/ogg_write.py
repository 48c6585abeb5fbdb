"""Writing a mark into the comment header of an Ogg stream.

The headers of that one stream are laid out on pages anew, on as many pages as before where that is possible, so that
nothing behind them changes. Where it takes more pages, the later pages of the stream get other numbers and checksums
(RFC 3533 6); the pages of other streams are never touched.
"""

import struct
import zlib

import msgspec

from brightline.carriers import ogg, vorbis
from brightline.carriers.candidate import Candidate, MiB
from brightline.carriers.ogg import (
    BEGIN,
    CONTINUED,
    END,
    PAGE_HEADER_BYTES,
    Codec,
    Page,
    codec_of,
    comment_block,
)
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces, sliced
from brightline.core.errors import CarrierError

_HEADERS_LIMIT_BYTES = 32 * MiB  # comments with a cover, and a setup header of some KiB
_SEGMENTS = 255  # of one page
_NUMBER_AT = 18  # of a page, with its checksum behind it
_INDEXED_SKELETON = 4  # major version of Ogg Skeleton from which it holds offsets in the file
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ZEROS = bytes(PAGE_HEADER_BYTES + _SEGMENTS + _SEGMENTS * 255)


class _Headers(msgspec.Struct, frozen=True):
    """A stream's pages and packets from its comment header to its last header."""

    codec: Codec
    pages: list[Page]
    packets: list[bytes]


def write(data: memoryview, mark: str) -> Pieces:
    """An Ogg with the mark (TC260-PG-202510A); see `carriers.writing.Write`."""
    standing = standing_mark(ogg.read, data, frozenset({"ogg:end"}))
    headers = _headers(data, _first_page(data, standing))
    packets = [_marked(headers.packets[0], headers.codec, mark), *headers.packets[1:]]
    new = _paged(packets, headers.pages)
    extra = b"".join(new[len(headers.pages) :])
    edits = [Edit(page.start, page.end, content) for page, content in zip(headers.pages, new, strict=False)]
    edits[-1] = msgspec.structs.replace(edits[-1], new=edits[-1].new + extra)
    if any(edit.growth for edit in edits):
        _refuse_index(data)
    behind = headers.pages[-1].end
    yield from spliced(data, edits, 0, behind)
    yield from _renumbered(data, headers.pages[-1], len(new) - len(headers.pages))


def _first_page(data: memoryview, standing: Candidate | None) -> Page:
    """The page that begins the stream to mark: the one whose comments hold the mark, or the first with comments."""
    begun: dict[int, Page] = {}
    for page in ogg.pages(data):
        if page.flags & BEGIN:
            known = codec_of(bytes(data[page.content : min(page.end, page.content + 16)])) is not None
            if known and standing is None:
                return page
            begun[page.serial] = page
        elif standing is not None and page.start == standing.start and page.serial in begun:
            return begun[page.serial]
    raise CarrierError("no Ogg stream whose comments we know")


def _headers(data: memoryview, first: Page) -> _Headers:
    codec = codec_of(bytes(data[first.content : min(first.end, first.content + 16)]))
    assert codec is not None
    held, packets, parts, size = [], [], bytearray(), 0
    for page in ogg.pages(data):
        if page.serial != first.serial or page.start <= first.start:
            continue
        held.append(page)
        position = page.content
        for lace in page.lacing:
            parts += data[position : position + lace]
            position += lace
            if lace < 255:
                packets.append(bytes(parts))
                parts.clear()
        size += page.end - page.start
        if size > _HEADERS_LIMIT_BYTES:
            raise CarrierError("the headers of an Ogg stream are larger than 32 MiB")
        if _is_complete(codec, packets):
            break
    if not _is_complete(codec, packets) or parts or not _is_complete(codec, packets, exactly=True):
        raise CarrierError(f"the headers of the {codec.name} stream do not end with a page")
    return _Headers(codec, held, packets)


def _is_complete(codec: Codec, packets: list[bytes], *, exactly: bool = False) -> bool:
    """Whether all headers are there; FLAC flags its last metadata block itself (RFC 9639 10.1)."""
    if codec.following:
        return len(packets) == codec.following if exactly else len(packets) >= codec.following
    ends = [index for index, packet in enumerate(packets, 1) if packet[:1] and packet[0] & 0x80]
    return bool(ends) and (not exactly or ends == [len(packets)])


def _marked(packet: bytes, codec: Codec, mark: str) -> bytes:
    """The comment header with the mark; padding behind Opus comments gives or takes what they grow or shrink."""
    at, block = comment_block(packet, codec)
    new = vorbis.with_mark(block, mark)
    end = vorbis.parse(new).end
    if codec.name == "Opus" and new[end:] and not any(new[end:]):  # RFC 7845 5.2
        new = new[:end] + bytes(max(0, len(new) - end - (len(new) - len(block))))
    head = packet[:at]
    if codec.name == "FLAC":
        if len(new) >= 1 << 24:
            raise CarrierError("the comments of the FLAC stream would become larger than 16 MiB")
        head = packet[:1] + len(new).to_bytes(3, "big")
    return head + new


def _paged(packets: list[bytes], old: list[Page]) -> list[bytes]:
    """Packets on pages: on as many as the old ones, or more where they don't suffice."""
    lacing: list[int] = []
    for packet in packets:
        lacing += [255] * (len(packet) // 255) + [len(packet) % 255]
    count = max(-(-len(lacing) // _SEGMENTS), min(len(old), len(lacing)))
    content, position, made, goes_on = b"".join(packets), 0, [], False
    for index in range(count):
        start, stop = len(lacing) * index // count, len(lacing) * (index + 1) // count
        segments = bytes(lacing[start:stop])
        number = (old[0].number + index) & 0xFFFFFFFF
        size = sum(segments)
        made.append(_page(segments, content[position : position + size], old[0].serial, number, goes_on))
        position += size
        goes_on = segments[-1] == 255
    return made


def _page(lacing: bytes, content: bytes, serial: int, number: int, goes_on: bool) -> bytes:
    granule = 0 if min(lacing) < 255 else -1  # -1: no packet ends here
    flags = CONTINUED if goes_on else 0
    head = struct.pack("<4sBBqII", b"OggS", 0, flags, granule, serial, number)
    tail = bytes([len(lacing)]) + lacing + content
    return head + struct.pack("<I", checksum(head + bytes(4) + tail)) + tail


def _renumbered(data: memoryview, last: Page, shift: int) -> Pieces:
    """What lies behind the headers, with the numbers and checksums of the stream's later pages shifted."""
    position = last.end
    for page in ogg.pages(data) if shift else ():
        if page.serial != last.serial or page.start <= last.start:
            continue
        if page.flags & BEGIN:
            break
        at = page.start + _NUMBER_AT
        number = (page.number + shift) & 0xFFFFFFFF
        (crc,) = struct.unpack_from("<I", data, at + 4)
        # The checksum is linear: it changes by that of the difference, and one that was wrong stays wrong.
        difference = struct.pack("<I", number ^ page.number) + _ZEROS[: page.end - at - 4]
        yield from sliced(data, position, at)
        yield struct.pack("<II", number, crc ^ checksum(difference))
        position = at + 8
        if page.flags & END:
            break
    yield from sliced(data, position, len(data))


def checksum(data: bytes) -> int:
    """The CRC-32 of Ogg: polynomial 04C11DB7, highest bit first, beginning with 0 (RFC 3533 6).

    It is zlib's with the bits of each byte and of the result in the other order.

    >>> hex(checksum(b"123456789"))
    '0x89a1897f'
    """
    mirrored = zlib.crc32(data.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def _refuse_index(data: memoryview) -> None:
    """Refuse a file whose Skeleton stream holds offsets of frames in the file, which would be wrong."""
    for page in ogg.pages(data):
        if not page.flags & BEGIN:
            return  # all streams of a link begin before anything else
        head = bytes(data[page.content : min(page.end, page.content + 10)])
        if head[:8] == b"fishead\x00" and int.from_bytes(head[8:10], "little") >= _INDEXED_SKELETON:
            raise CarrierError("the Ogg has an index (Skeleton 4) that a longer header would make wrong")
