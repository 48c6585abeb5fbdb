"""Writing a mark into an MP3: frame `TXXX`, description `AIGC`, of the ID3v2 tag at the file's head.

Padding is used where it reaches; otherwise the tag grows, which nothing in an MP3 minds (the table of contents in a
`Xing` frame counts from that frame), and some padding is always left. A file without a tag gets one of version 2.3,
which most programs read.
"""

import zlib

from brightline.carriers import mp3
from brightline.carriers.id3 import HEADER_BYTES, Frame, Tag, content_of, frames_of, split_text, tag_at
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.core.errors import CarrierError

_SIZE_LIMIT = 1 << 28  # four bytes of seven bits
_LEAST_PADDING = (
    10  # bytes: a reader that looks for one more frame's header finds zeros, not the sound (exiftool warns)
)
_TAG_SIZE_LIMITED, _TEXT_LIMITED = 0xC0, 0x18  # restrictions of version 2.4, 3.2
_ENDS_IN_FRONT = ("mp3:ID3v2.3:TXXX", "mp3:ID3v2.4:TXXX")


def write(data: memoryview, mark: str) -> Pieces:
    """An MP3 with the mark (TC260-PG-202510A 6.1); see `carriers.writing.Write`."""
    standing = standing_mark(mp3.read, data, frozenset({mp3.SOUND}))
    if standing is not None and not standing.carrier.startswith(_ENDS_IN_FRONT):
        raise CarrierError(f"the mark at `{standing.carrier}` cannot be replaced there")
    if standing is None and bytes(data[:3]) != b"ID3":
        frame = _frame(3, "AIGC", mark, 0)
        header = b"ID3\x03\x00\x00" + _synchsafe(len(frame) + _LEAST_PADDING, 4)
        yield from spliced(data, [Edit(0, 0, header + frame + bytes(_LEAST_PADDING))])
        return
    tag = tag_at(data, 0)
    while standing is not None and tag.end <= standing.start:
        tag = tag_at(data, tag.end)
    if tag.version == 2:
        raise CarrierError(
            "the file has an ID3v2.2 tag, which the guide does not name; convert it to 2.3 first"
        )
    frames = frames_of(tag)
    old = next((one for one in frames if standing and tag.raw(one.start) == standing.start), None)
    yield from spliced(data, _edits(data, tag, frames, old, mark))


def _edits(data: memoryview, tag: Tag, frames: tuple[Frame, ...], old: Frame | None, mark: str) -> list[Edit]:
    """Edits of one tag: the frame, the padding behind the last, and whatever counts them."""
    last = frames[-1].end if frames else tag.frames_at
    padding = tag.end - HEADER_BYTES * tag.has_footer - tag.raw(last)
    if bytes(tag.body[last:]).strip(b"\x00"):
        raise CarrierError("what follows the frames of the ID3 tag is no padding")
    new = _frame(tag.version, *_described(tag, old, mark))
    if tag.whole_unsynchronised:
        new = _stuffed(new)
    at = tag.raw(last) if old is None else tag.raw(old.start)
    edit = Edit(at, at if old is None else tag.raw(old.end), new)
    left = max(_LEAST_PADDING, padding - edit.growth) if not tag.has_footer else 0
    fill = Edit(tag.raw(last), tag.raw(last) + padding, bytes(left))
    edits = [edit, fill] if fill.start != fill.end or fill.new else [edit]
    size = tag.end - tag.start - HEADER_BYTES * (1 + tag.has_footer) + sum(one.growth for one in edits)
    if size >= _SIZE_LIMIT:
        raise CarrierError("the ID3 tag would become larger than 256 MiB")
    whole = _merged(edits)
    sizes = [Edit(tag.start + 6, tag.start + 10, _synchsafe(size, 4))]
    if tag.has_footer:
        whole.append(Edit(tag.end - 4, tag.end, _synchsafe(size, 4)))
    return sizes + _extended(data, tag, whole, left) + whole


def _merged(edits: list[Edit]) -> list[Edit]:
    """A frame put in where the padding begins is one edit with it, so that edits stay in file order."""
    if len(edits) == 2 and edits[0].end == edits[1].start:
        first, second = edits
        return [Edit(first.start, second.end, first.new + second.new)]
    return edits


def _described(tag: Tag, old: Frame | None, mark: str) -> tuple[str, str, int]:
    """Description, value and status flags of the new frame; an old one keeps its own."""
    if old is None:
        return "AIGC", mark, 0
    if old.flags[1] & (0xE0 if tag.version == 3 else 0x4C):
        raise CarrierError("the frame that holds the mark is grouped, compressed or encrypted")
    return split_text(content_of(tag, old))[0], mark, old.flags[0]


def _frame(version: int, description: str, mark: str, status: int) -> bytes:
    """A `TXXX` frame: Latin-1 where that is enough, else UTF-8 (2.4) or UTF-16 with its mark (2.3)."""
    if (description + mark).isascii():
        content = b"\x00" + description.encode() + b"\x00" + mark.encode()
    elif version == 4:
        content = b"\x03" + description.encode() + b"\x00" + mark.encode()
    else:
        content = b"\x01" + b"".join(
            (b"\xff\xfe" + description.encode("utf-16-le"), b"\x00\x00\xff\xfe", mark.encode("utf-16-le"))
        )
    size = len(content).to_bytes(4, "big") if version == 3 else _synchsafe(len(content), 4)
    return b"TXXX" + size + bytes([status, 0]) + content


def _extended(data: memoryview, tag: Tag, edits: list[Edit], padding: int) -> list[Edit]:
    """Edits of the extended header: the size of the padding (2.3) and the checksum of what has changed."""
    if not tag.has_extended_header:
        return []
    if tag.whole_unsynchronised:
        raise CarrierError("the ID3 tag is unsynchronised and has an extended header")
    at, head = tag.raw(0), bytes(tag.body[: tag.frames_at])
    stop = tag.end - HEADER_BYTES * tag.has_footer
    inside = [edit for edit in edits if edit.end <= stop]
    body = b"".join(spliced(data, inside, tag.raw(tag.frames_at), stop))
    if tag.version == 3:
        new = [Edit(at + 6, at + 10, padding.to_bytes(4, "big"))] if len(head) >= 10 else []
        if head[4] & 0x80 and len(head) >= 14:
            checked = zlib.crc32(body[: len(body) - padding])
            new.append(Edit(at + 10, at + 14, checked.to_bytes(4, "big")))
        return new
    flags, position = head[5], 6 + bool(head[5] & 0x40)
    new = []
    if flags & 0x20:
        new.append(Edit(at + position + 1, at + position + 6, _synchsafe(zlib.crc32(body), 5)))
        position += 6
    if (
        flags & 0x10
        and head[position + 1 : position + 2]
        and head[position + 1] & (_TAG_SIZE_LIMITED | _TEXT_LIMITED)
    ):
        raise CarrierError(
            "the ID3 tag restricts its own size or the length of its texts, which a mark would break"
        )
    if position + 2 * bool(flags & 0x10) > len(head):
        raise CarrierError("the extended header of the ID3 tag is too short for its flags")
    return new


def _stuffed(data: bytes) -> bytes:
    """Unsynchronised: no byte that looks like the begin of an MPEG frame (ID3v2.3 section 5)."""
    stuffed = bytearray()
    for byte, after in zip(data, (*data[1:], 0), strict=True):
        stuffed.append(byte)
        if byte == 0xFF and (after >= 0xE0 or after == 0):
            stuffed.append(0)
    return bytes(stuffed)


def _synchsafe(value: int, digits: int) -> bytes:
    return bytes(value >> 7 * place & 0x7F for place in reversed(range(digits)))
