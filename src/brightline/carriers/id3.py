"""ID3v2 tags, taken apart: header, extended header, frames, padding.

Structure: id3.org, ID3v2.2.0, ID3v2.3.0 and ID3v2.4.0 (structure and native frames). Offsets of a frame count in
the tag's body after unsynchronisation is undone; `Tag.raw` gives the file's.
"""

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from brightline.carriers.candidate import METADATA_LIMIT_BYTES, MiB, decode
from brightline.core.errors import CarrierError

HEADER_BYTES = 10
TEXT_FRAMES = {b"TXXX", b"TXX"}
PICTURES = {b"APIC", b"PIC"}  # files of their own, with marks of their own
_FRAME_LIMIT = 10_000  # frames of one tag; an audiobook's chapters reach some hundreds
_UNPACKED_LIMIT_BYTES = 16 * MiB  # of one compressed frame
_DESCRIPTION_BYTES = 4096  # in which a description in UTF-16 has to end
_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_KNOWN_VERSIONS = (2, 3, 4)


class Frame(msgspec.Struct, frozen=True):
    """One frame: its id, the byte range with its header in the tag's body, the two flag bytes, and its content."""

    id: bytes
    start: int
    end: int
    flags: tuple[int, int]
    content: bytes | memoryview


class Tag(msgspec.Struct, frozen=True):
    """One tag.

    Attributes:
        start: of `ID3`, or of what the footer counts, offset in the file.
        end: one past its padding or footer.
        version: 2, 3 or 4.
        flags: of its header.
        body: behind the header, unsynchronisation undone where the version has it for the whole tag.
        stuffed: offsets in `body` in front of which the file has one zero byte more, ascending.
        frames_at: where the frames begin in `body`, behind an extended header.
    """

    start: int
    end: int
    version: int
    flags: int
    body: bytes | memoryview
    stuffed: Sequence[int]
    frames_at: int

    @property
    def whole_unsynchronised(self) -> bool:
        """All of the body has zero bytes stuffed in, up to version 2.3."""
        return bool(self.flags & _UNSYNCHRONISED) and self.version < 4

    @property
    def has_footer(self) -> bool:
        """The header is repeated behind the frames, and there is no padding (version 2.4)."""
        return self.version == 4 and bool(self.flags & _FOOTER)

    @property
    def has_extended_header(self) -> bool:
        """An extended header stands in front of the frames."""
        return self.version > 2 and bool(self.flags & _EXTENDED)

    def raw(self, offset: int) -> int:
        """The file's offset of an offset in `body`."""
        return self.start + HEADER_BYTES + offset + bisect_right(self.stuffed, offset)


def tag_at(data: memoryview, start: int, limit: int | None = None) -> Tag:
    """The tag whose header is at `start`.

    Raises:
        CarrierError: it is cut off, of an unknown version, malformed, or too large to be undone.
    """
    header = bytes(data[start : start + HEADER_BYTES])
    if len(header) < HEADER_BYTES or header[:3] != b"ID3":
        raise CarrierError(f"no whole ID3 header at byte {start}")
    version, flags = header[3], header[5]
    if version not in _KNOWN_VERSIONS:
        raise CarrierError(f"an ID3 tag of unknown version 2.{version}")
    stop = start + HEADER_BYTES + synchsafe(header[6:10])
    end = stop + HEADER_BYTES * (version == 4 and bool(flags & _FOOTER))
    if end > (len(data) if limit is None else limit):
        raise CarrierError(f"the ID3 tag at byte {start} is cut off")
    if version == 2 and flags & _EXTENDED:
        raise CarrierError("an ID3v2.2 tag that is compressed in a way that was never defined")
    body: bytes | memoryview = data[start + HEADER_BYTES : stop]
    stuffed: Sequence[int] = ()
    if flags & _UNSYNCHRONISED and version < 4:
        if len(body) > METADATA_LIMIT_BYTES:
            raise CarrierError("an unsynchronised ID3 tag is larger than 16 MiB")
        raw = bytes(body)
        octets = np.frombuffer(raw, np.uint8)
        zeros = np.flatnonzero((octets[:-1] == 0xFF) & (octets[1:] == 0)) + 1
        stuffed = array("I", (zeros - np.arange(len(zeros))).astype(np.uint32).tobytes())
        body = raw.replace(b"\xff\x00", b"\xff")
    tag = Tag(start, end, version, flags, body, stuffed, 0)
    return msgspec.structs.replace(tag, frames_at=_frames_at(tag)) if tag.has_extended_header else tag


def frames_of(tag: Tag) -> tuple[Frame, ...]:
    """All frames in order; what follows the last one is padding.

    Some programs write the sizes of version 2.4 as version 2.3 has them; such a tag is read that way.

    Raises:
        CarrierError: the frames cannot be walked.
    """
    try:
        return tuple(_walk(tag, plain=tag.version < 4))
    except CarrierError:
        if tag.version < 4:
            raise
        return tuple(_walk(tag, plain=True))


def content_of(tag: Tag, frame: Frame) -> bytes:
    """What a frame holds: grouping byte and length taken off, unsynchronisation and compression undone.

    Raises:
        CarrierError: the frame is encrypted, larger than 16 MiB, or its compressed data is broken.
    """
    if len(frame.content) > METADATA_LIMIT_BYTES:
        raise CarrierError("an ID3 frame is larger than 16 MiB")
    content, form = bytes(frame.content), frame.flags[1]
    if tag.version == 2 or (form == 0 and not tag.flags & _UNSYNCHRONISED):
        return content
    if tag.version == 3:
        compressed, encrypted, grouped, counted = form & 0x80, form & 0x40, form & 0x20, 4 * bool(form & 0x80)
    else:
        compressed, encrypted, grouped = form & 0x08, form & 0x04, form & 0x40
        counted = 4 * bool(form & 0x01)
        if form & 0x02 or tag.flags & _UNSYNCHRONISED:
            content = content.replace(b"\xff\x00", b"\xff")
    if encrypted:
        raise CarrierError("an ID3 frame is encrypted")
    content = content[bool(grouped) + counted :]
    return _inflated(content) if compressed else content


def synchsafe(digits: bytes) -> int:
    """A number of seven bits a byte.

    Raises:
        CarrierError: a byte has its highest bit set.

    >>> synchsafe(bytes([0, 0, 2, 1]))
    257
    """
    value = 0
    for digit in digits:
        if digit & 0x80:
            raise CarrierError("a size in an ID3 tag is no synchsafe number")
        value = value << 7 | digit
    return value


def split_text(content: bytes) -> tuple[str, str]:
    """Description and value of a `TXXX` frame; without the terminators.

    Latin-1 is tried as UTF-8 and GB18030 first, which is what programs put there.
    """
    code, rest = content[:1], content[1:]
    if code in {b"\x01", b"\x02"}:
        reach = min(len(rest) - 1, _DESCRIPTION_BYTES)
        at = next((i for i in range(0, reach, 2) if rest[i : i + 2] == b"\x00\x00"), len(rest))
        return _wide(rest[:at], code), _wide(rest[at + 2 :], code)
    description, _, value = rest.partition(b"\x00")
    return decode(description), decode(value).rstrip("\x00")


def _wide(data: bytes, code: bytes) -> str:
    order = "utf-16-be" if code == b"\x02" or data.startswith(b"\xfe\xff") else "utf-16-le"
    return data.decode(order, "replace").lstrip("\ufeff").rstrip("\x00")


def _frames_at(tag: Tag) -> int:
    """Length of the extended header; version 2.3 counts it without the four bytes of its size."""
    size = bytes(tag.body[:4])
    length = 4 + int.from_bytes(size, "big") if tag.version == 3 else synchsafe(size)
    if not 6 <= length <= len(tag.body):
        raise CarrierError("the extended header of an ID3 tag reaches beyond it")
    return length


def _walk(tag: Tag, *, plain: bool) -> Iterator[Frame]:
    position, letters = tag.frames_at, 3 if tag.version == 2 else 4
    head = 6 if tag.version == 2 else 10
    for _ in range(_FRAME_LIMIT):
        name = bytes(tag.body[position : position + letters])
        if position + head > len(tag.body) or name[:1] == b"\x00":
            return
        if not (name.isalnum() and name.isascii() and name == name.upper()):
            raise CarrierError(f"no frame where one should be, in the ID3 tag at byte {tag.start}")
        digits = bytes(tag.body[position + letters : position + 2 * letters])
        size = int.from_bytes(digits, "big") if plain else synchsafe(digits)
        end = position + head + size
        if end > len(tag.body):
            raise CarrierError(f"an ID3 frame reaches beyond the tag at byte {tag.start}")
        flags = (tag.body[position + 8], tag.body[position + 9]) if head == 10 else (0, 0)
        yield Frame(name, position, end, flags, tag.body[position + head : end])
        position = end
    raise CarrierError(f"more than {_FRAME_LIMIT} ID3 frames")


def _inflated(data: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(data, _UNPACKED_LIMIT_BYTES)
    except zlib.error as error:
        raise CarrierError("a compressed ID3 frame is broken") from error
    if not inflate.eof:
        raise CarrierError("a compressed ID3 frame is cut off or larger than 16 MiB")
    return content
