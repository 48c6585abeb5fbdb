"""A mark that stands in EXIF UserComment, exchanged there without moving any other byte of the block.

TC260-PG-20259A Annex B. A longer value goes to the block's end; where the old one lay becomes zeros.
"""

from brightline.carriers.candidate import decode
from brightline.carriers.exif import USER_COMMENT
from brightline.carriers.loose import find_loose
from brightline.carriers.splice import Edit
from brightline.carriers.tiff_directory import Entry, Extent, Parts
from brightline.core.errors import CarrierError

_ASCII = b"ASCII\x00\x00\x00"


def comment_edits(block: memoryview, text: str) -> list[Edit]:
    """What has to change in an EXIF block for its UserComment to hold `text` instead of the mark that it holds now.

    Args:
        block: the block, from its `II` or `MM` on.
        text: the new value, ASCII.

    Raises:
        CarrierError: the block is broken, has no or several comments, or the comment says something else as well.
    """
    parts = Parts(block)
    if parts.broken:
        raise CarrierError(f"the EXIF block is broken: {parts.broken[0]}")
    found = [
        entry
        for directory in parts.directories
        for entry in directory.entries
        if entry.number == USER_COMMENT
    ]
    if len(found) != 1:
        raise CarrierError(f"the EXIF block has {len(found)} user comments, expected one")
    (entry,) = found
    old = Extent(entry.value_at, entry.value_at + entry.size)
    _check_alone(bytes(block[old.start : old.end]))
    return _edits(parts, entry, old, _ASCII + text.encode("ascii"))


def _check_alone(value: bytes) -> None:
    """The comment is the mark and nothing else, in the character code that the guide names."""
    text = decode(value[8:].rstrip(b"\x00 ")).strip()
    if not value.startswith(_ASCII) or [loose.text for loose in find_loose(text.encode())] != [text]:
        raise CarrierError("the EXIF user comment holds more than a mark in ASCII, and it cannot be replaced")


def _edits(parts: Parts, entry: Entry, old: Extent, new: bytes) -> list[Edit]:
    if len(new) <= entry.size:  # the comment keeps its size: cameras reserve room, readers strip the zeros
        return [Edit(old.start, old.end, new.ljust(entry.size, b"\x00"))]
    if not parts.is_alone(entry):
        raise CarrierError("the EXIF user comment overlaps another value, and it cannot be replaced")
    end = len(parts.data)
    at = end + (end & 1)
    pointer = parts.layout.pack("W", len(new)) + parts.layout.pack("W", at)
    return [
        Edit(entry.at + 4, entry.at + 4 + len(pointer), pointer),
        Edit(old.start, old.end, bytes(entry.size)),
        Edit(end, end, bytes(at - end) + new),
    ]
