"""Vorbis comments, which FLAC, Ogg Vorbis, Opus and Theora share, as a place that holds a mark.

TC260-PG-202510A: comment `AIGC=`, the bare object. Structure: Vorbis I specification, section 5.
"""

import struct

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Oddity,
    Reading,
    decode,
    keyed,
)
from brightline.carriers.loose import find_loose
from brightline.core.errors import CarrierError

_COMMENT_LIMIT = 20_000  # comments of one block; a tagger writes some tens
_KEY = b"AIGC"  # field names are compared without regard to case
VENDOR = b"Brightline"  # of a block that did not exist


class Comment(msgspec.Struct, frozen=True):
    """One comment: where its length begins and where it ends in the block, its field name and its value."""

    start: int
    end: int
    name: bytes
    value: bytes


class Comments(msgspec.Struct, frozen=True):
    """A block of comments: where the count stands, the comments, and where the list ends in the block."""

    count_at: int
    each: tuple[Comment, ...]
    end: int


def parse(block: bytes) -> Comments:
    """The comments of a block that begins with the vendor's length.

    Raises:
        CarrierError: a length reaches beyond the block, or a limit is hit.
    """
    if len(block) > METADATA_LIMIT_BYTES:
        raise CarrierError("a block of Vorbis comments is larger than 16 MiB")
    count_at = 4 + _number(block, 0)
    count, position = _number(block, count_at), count_at + 4
    if count > _COMMENT_LIMIT:
        raise CarrierError(f"more than {_COMMENT_LIMIT} Vorbis comments")
    each = []
    for _ in range(count):
        end = position + 4 + _number(block, position)
        if end > len(block):
            raise CarrierError("a Vorbis comment reaches beyond its block")
        name, _, value = block[position + 4 : end].partition(b"=")
        each.append(Comment(position, end, name, value))
        position = end
    return Comments(count_at, tuple(each), position)


def read_comments(block: bytes, place: str, start: int, end: int) -> Reading:
    """Candidates in a block of comments that lies at bytes [start, end) of the file."""
    for comment in parse(block).each:
        name = comment.name[:32].decode("utf-8", "replace")
        if comment.name.upper() == _KEY:
            yield keyed(f"{place}:AIGC", start, end, decode(comment.value))
            continue
        for loose in find_loose(comment.value):
            odd = () if b"AIGC" in comment.name.upper() else (Oddity.KEYWORD,)
            yield keyed(f"{place}:{name}", start, end, loose.text, (Oddity.UNUSUAL_PLACE, *odd))


def with_mark(block: bytes, mark: str) -> bytes:
    """The block with its comment `AIGC` replaced, or with one more at the end of the list."""
    comments = parse(block)
    old = next((one for one in comments.each if one.name.upper() == _KEY), None)
    start, end = (comments.end, comments.end) if old is None else (old.start, old.end)
    text = (_KEY if old is None else old.name) + b"=" + mark.encode()
    count = struct.pack("<I", len(comments.each) + (old is None))
    return b"".join(
        (
            block[: comments.count_at],
            count,
            block[comments.count_at + 4 : start],
            struct.pack("<I", len(text)) + text,
            block[end:],
        )
    )


def empty_block() -> bytes:
    """A block without comments, for a file that has none."""
    return struct.pack("<I", len(VENDOR)) + VENDOR + bytes(4)


def _number(block: bytes, at: int) -> int:
    if at + 4 > len(block):
        raise CarrierError("a block of Vorbis comments is cut off")
    return int.from_bytes(block[at : at + 4], "little")
