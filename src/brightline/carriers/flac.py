"""FLAC metadata blocks as places that hold a mark, and writing one there.

TC260-PG-202510A: Vorbis comment `AIGC=`, the bare object. Structure: RFC 9639 8. Seek points count from the first
frame and cue points count samples, so that metadata may grow.
"""

from collections.abc import Iterator

import msgspec

from brightline.carriers import vorbis
from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Candidate,
    Form,
    Oddity,
    Reading,
    Shape,
    Unread,
)
from brightline.carriers.id3 import tag_at
from brightline.carriers.loose import find_loose
from brightline.carriers.mp3 import read_tag
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

_STREAMINFO, _PADDING, _SEEKTABLE, _COMMENT, _PICTURE = 0, 1, 3, 4, 6
_NOT_SEARCHED = {_STREAMINFO, _PADDING, _SEEKTABLE, _PICTURE}  # a picture is a file of its own
_BLOCK_LIMIT = 10_000
_SIZE_LIMIT = 1 << 24  # of a block: its length has 24 bits (RFC 9639 8.1)
_TAG_LIMIT = 16  # ID3 tags in front
_LAST = 0x80
_STREAMINFO_BYTES = 34  # RFC 9639 8.2
_HEADER_BYTES = 4


class _Block(msgspec.Struct, frozen=True):
    """One metadata block: its type, whether it is the last, and its byte range with the header."""

    type: int
    is_last: bool
    start: int
    end: int


def read(data: memoryview) -> Reading:
    """Candidates in a FLAC file, in file order.

    Raises:
        CarrierError: the metadata cannot be walked to its end, or no sound follows it.
    """
    start = 0
    for _ in range(_TAG_LIMIT):
        if bytes(data[start : start + 3]) != b"ID3":
            break
        tag = tag_at(data, start)
        yield from read_tag(data, tag, "flac", (Oddity.UNUSUAL_PLACE,))
        start = tag.end
    position = start
    for block in _blocks(data, start):
        yield from _read_block(data, block)
        position = block.end
    if position == len(data) and _samples(data, start) > 0:
        raise CarrierError("no sound behind the FLAC's metadata: the file is cut off")
    for loose in find_loose(data, position):
        yield _candidate("flac:after-metadata", loose.start, loose.end, loose.text, (Oddity.AFTER_END,))


def write(data: memoryview, mark: str) -> Pieces:
    """A FLAC with the mark (TC260-PG-202510A); see `carriers.writing.Write`."""
    standing = standing_mark(read, data)
    if standing is not None and standing.carrier != "flac:VORBIS_COMMENT:AIGC":
        raise CarrierError(f"the mark at `{standing.carrier}` cannot be replaced there")
    start = 0
    while bytes(data[start : start + 3]) == b"ID3":
        start = tag_at(data, start).end
    yield from spliced(data, _edits(data, list(_blocks(data, start)), mark))


def _blocks(data: memoryview, start: int) -> Iterator[_Block]:
    """The metadata blocks of the stream that begins at `start`."""
    if bytes(data[start : start + 4]) != b"fLaC":
        raise CarrierError("no `fLaC` at the begin of the file or behind its tags")
    position = start + 4
    for count in range(_BLOCK_LIMIT):
        header = bytes(data[position : position + _HEADER_BYTES])
        end = position + _HEADER_BYTES + int.from_bytes(header[1:], "big")
        if len(header) < _HEADER_BYTES or end > len(data):
            raise CarrierError(f"the FLAC metadata block at byte {position} is cut off")
        block = _Block(header[0] & 0x7F, bool(header[0] & _LAST), position, end)
        if (block.type == _STREAMINFO) is not (count == 0):
            raise CarrierError("the FLAC does not begin with exactly one `STREAMINFO`")
        if count == 0 and end - position != _HEADER_BYTES + _STREAMINFO_BYTES:
            raise CarrierError("the FLAC's `STREAMINFO` has not its 34 bytes")
        yield block
        if block.is_last:
            return
        position = end
    raise CarrierError(f"more than {_BLOCK_LIMIT} FLAC metadata blocks")


def _samples(data: memoryview, start: int) -> int:
    """How many samples `STREAMINFO` says; 0 where it does not know."""
    return int.from_bytes(data[start + 21 : start + 26], "big") & ((1 << 36) - 1)


def _read_block(data: memoryview, block: _Block) -> Reading:
    if block.type in _NOT_SEARCHED:
        return
    if block.type == _COMMENT:
        content = bytes(data[block.start + _HEADER_BYTES : block.end])
        yield from vorbis.read_comments(content, "flac:VORBIS_COMMENT", block.start, block.end)
        return
    place = f"flac:block-{block.type}"
    if block.end - block.start > METADATA_LIMIT_BYTES:
        why = "a FLAC metadata block is larger than 16 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=block.start, end=block.end)
        return
    for loose in find_loose(data, block.start + _HEADER_BYTES, block.end):
        odd = () if loose.keyed else (Oddity.KEYWORD,)
        yield _candidate(place, loose.start, loose.end, loose.text, (Oddity.UNUSUAL_PLACE, *odd))


def _candidate(place: str, start: int, end: int, text: str, oddities: tuple[Oddity, ...]) -> Candidate:
    return Candidate(
        carrier=place, form=Form.LOOSE, start=start, end=end, text=text, shape=Shape.BARE, oddities=oddities
    )


def _edits(data: memoryview, blocks: list[_Block], mark: str) -> list[Edit]:
    """The comment block, and the padding that gives or takes what it grows or shrinks."""
    held = [block for block in blocks if block.type == _COMMENT]
    if len(held) > 1:
        raise CarrierError("the FLAC has more than one block of comments, which RFC 9639 8.6 forbids")
    if held:
        old = bytes(data[held[0].start + _HEADER_BYTES : held[0].end])
        edit = Edit(
            held[0].start, held[0].end, _block(_COMMENT, vorbis.with_mark(old, mark), held[0].is_last)
        )
    else:
        first = blocks[0]
        new = _block(_COMMENT, vorbis.with_mark(vorbis.empty_block(), mark), first.is_last)
        edit = Edit(first.end, first.end, new)
    flag = [] if held or not blocks[0].is_last else [Edit(blocks[0].start, blocks[0].start + 1, b"\x00")]
    return sorted([*flag, edit, *_padded(data, blocks, edit.growth)], key=lambda one: one.start)


def _padded(data: memoryview, blocks: list[_Block], growth: int) -> list[Edit]:
    """The first padding block that is large enough, smaller or larger by `growth`, so that no sound moves."""
    for block in blocks:
        size = block.end - block.start - _HEADER_BYTES - growth
        if block.type == _PADDING and 0 <= size < _SIZE_LIMIT and growth:
            zeros = block.end - block.start - _HEADER_BYTES
            if bytes(data[block.start + _HEADER_BYTES : block.end]).count(0) == zeros:
                return [Edit(block.start, block.end, _block(_PADDING, bytes(size), block.is_last))]
    return []


def _block(kind: int, content: bytes, is_last: bool) -> bytes:
    if len(content) >= _SIZE_LIMIT:
        raise CarrierError("the FLAC's comments would become larger than 16 MiB")
    return bytes([kind | _LAST * is_last]) + len(content).to_bytes(3, "big") + content
