"""Ogg Vorbis, Opus and FLAC-in-Ogg comment headers as places that hold a mark.

TC260-PG-202510A: Vorbis comment `AIGC=`, the bare object. Structure: RFC 3533; Vorbis I A.1; RFC 7845 (Opus); RFC 9639
10.1 (FLAC). Streams may be chained (one behind the other) and multiplexed (page by page).
"""

import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers import vorbis
from brightline.carriers.candidate import METADATA_LIMIT_BYTES, Reading, Unread
from brightline.carriers.loose import read_trailing
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

PAGE_HEADER_BYTES = 27
CONTINUED, BEGIN, END = 1, 2, 4  # header_type_flag
_PAGE_LIMIT = 4_000_000  # two gigabytes in pages of 512 bytes
_STREAM_LIMIT = 10_000  # logical streams of one file; an internet radio's recording has one a song


class Codec(msgspec.Struct, frozen=True):
    """What begins a stream's first packet, what begins its comment header, and how many headers follow the first.

    `following` is 0 where the first packet says it itself.
    """

    name: str
    first: bytes
    comment: bytes
    following: int


CODECS = (
    Codec("Vorbis", b"\x01vorbis", b"\x03vorbis", 2),
    Codec("Opus", b"OpusHead", b"OpusTags", 1),
    Codec("FLAC", b"\x7fFLAC", b"\x04", 0),
    Codec("Theora", b"\x80theora", b"\x81theora", 2),
    Codec("Speex", b"Speex   ", b"", 1),
)
_FLAC_COMMENT = b"\x04"
_FLAC_HEADER_BYTES = 4  # of a metadata block, in front of the comments


class Page(msgspec.Struct, frozen=True):
    """One page: its byte range, its flags, its stream's serial number, its number, and its segment table."""

    start: int
    end: int
    flags: int
    serial: int
    number: int
    lacing: bytes

    @property
    def content(self) -> int:
        """Where the segments begin."""
        return self.start + PAGE_HEADER_BYTES + len(self.lacing)


class Stream:
    """One logical stream while its second packet is awaited."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.parts: list[bytes] = []
        self.size_bytes = 0
        self.start = -1


def pages(data: memoryview) -> Iterator[Page]:
    """All pages from the file's begin on, until something else follows.

    Raises:
        CarrierError: a page is cut off.
    """
    position = 0
    for _ in range(_PAGE_LIMIT):
        if bytes(data[position : position + 4]) != b"OggS":
            return
        header = bytes(data[position : position + PAGE_HEADER_BYTES])
        if len(header) < PAGE_HEADER_BYTES or header[4] != 0:
            raise CarrierError(f"the Ogg page at byte {position} is cut off or of an unknown version")
        _, flags, _, serial, number, _, count = struct.unpack("<4xBBqIIIB", header)
        begin = position + PAGE_HEADER_BYTES
        lacing = bytes(data[begin : begin + count])
        end = begin + count + sum(lacing)
        if len(lacing) < count or end > len(data):
            raise CarrierError(f"the Ogg page at byte {position} is cut off")
        yield Page(position, end, flags, serial, number, lacing)
        position = end
    raise CarrierError(f"more than {_PAGE_LIMIT} Ogg pages")


def codec_of(packet: bytes) -> Codec | None:
    """Which codec's stream begins with this packet."""
    return next((codec for codec in CODECS if packet.startswith(codec.first)), None)


def comment_block(packet: bytes, codec: Codec) -> tuple[int, bytes]:
    """Where the comments begin in a comment header, and their bytes from there on.

    Raises:
        CarrierError: the packet is no comment header of that codec.
    """
    if not packet.startswith(codec.comment) and not (codec.first == b"\x7fFLAC" and packet[:1] == b"\x84"):
        raise CarrierError(f"the second packet of the {codec.name} stream is no comment header")
    at = _FLAC_HEADER_BYTES if codec.comment == _FLAC_COMMENT else len(codec.comment)
    return at, packet[at:]


def read(data: memoryview) -> Reading:
    """Candidates in an Ogg file, in the order in which the comment headers end.

    Raises:
        CarrierError: the pages cannot be walked to the file's end.
    """
    waiting: dict[int, Stream] = {}
    alive: set[int] = set()
    position = begun = 0
    for page in pages(data):
        position = page.end
        if page.flags & BEGIN:
            begun += 1
            if begun > _STREAM_LIMIT:
                raise CarrierError(f"more than {_STREAM_LIMIT} Ogg streams")
            alive.add(page.serial)
            codec = codec_of(bytes(data[page.content : min(page.end, page.content + 16)]))
            if codec is not None:
                waiting[page.serial] = Stream(codec)
        elif page.serial in waiting:
            yield from _read_page(data, page, waiting)
        if page.flags & END:
            alive.discard(page.serial)
            if page.serial in waiting:
                raise CarrierError("an Ogg stream ends before its comment header")
    if begun == 0:
        raise CarrierError("no Ogg page that begins a stream")
    if waiting:
        raise CarrierError("the Ogg ends before its comment header")
    if alive:
        why = "the Ogg ends without its last page: it is cut off or was never closed"
        yield Unread(carrier="ogg:end", kind=GapKind.MALFORMED, why=why, start=position, end=len(data))
    yield from read_trailing(data, position, "ogg:after-pages", "Ogg")


def _read_page(data: memoryview, page: Page, waiting: dict[int, Stream]) -> Reading:
    """What a page adds to the comment header that its stream awaits."""
    stream = waiting[page.serial]
    stream.start = page.start if stream.start < 0 else stream.start
    size = first_packet_bytes(page.lacing)
    stream.parts.append(bytes(data[page.content : page.content + size]))
    stream.size_bytes += size
    if stream.size_bytes > METADATA_LIMIT_BYTES:
        raise CarrierError("an Ogg comment header is larger than 16 MiB")
    if not page.lacing or (size == sum(page.lacing) and page.lacing[-1] == 255):
        return  # it goes on
    del waiting[page.serial]
    _, block = comment_block(b"".join(stream.parts), stream.codec)
    yield from vorbis.read_comments(block, f"ogg:{stream.codec.name}", stream.start, page.end)


def first_packet_bytes(lacing: bytes) -> int:
    """How many bytes of the page belong to its first packet, or to the one that it goes on with."""
    total = 0
    for size in lacing:
        total += size
        if size < 255:
            break
    return total
