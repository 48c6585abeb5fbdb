"""Writing a mark into an FLV: string `AIGC` of script `onMetaData`.

All that follows moves, and what counts from the file's begin moves with it: the places of the key frames in
`onMetaData.keyframes.filepositions`, `lastkeyframelocation`, and `filesize`.
"""

import struct
from collections.abc import Iterator

from brightline.carriers import flv
from brightline.carriers.candidate import Candidate
from brightline.carriers.flv import (
    ARRAY,
    LONG_STRING,
    NUMBER,
    OBJECT,
    ON_METADATA,
    SCRIPT,
    STRING,
    TAG_HEADER_BYTES,
    Script,
    Tag,
    Value,
)
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.core.errors import CarrierError

_SIZE_LIMIT = (1 << 24) - 1  # of a tag: its size has 24 bits
_KEY = b"AIGC"
_END_OF_OBJECT = b"\x00\x00\x09"
_PLACES = ((b"keyframes", b"filepositions"), (b"lastkeyframelocation",))  # offsets in the file


def write(data: memoryview, mark: str) -> Pieces:
    """An FLV with the mark (TC260-PG-20257A); see `carriers.writing.Write`."""
    standing = standing_mark(flv.read, data)
    scripts = [(tag, flv.parse(data, tag)) for tag in flv.tags(data) if tag.type == SCRIPT]
    named = [pair for pair in scripts if pair[1].name == ON_METADATA]
    chosen = next((pair for pair in named if standing is None or _holds(pair[0], standing)), None)
    if standing is not None and chosen is None:
        raise CarrierError(f"the mark at `{standing.carrier}` cannot be replaced there")
    edits = _in_new_tag(data, mark) if chosen is None else _in_tag(data, *chosen, standing, mark)
    at = edits[-1].start
    growth = sum(edit.growth for edit in edits)
    moved = [edit for _, script in named for edit in _moved(data, script, at, growth)]
    yield from spliced(data, sorted([*edits, *moved], key=lambda one: one.start))


def _holds(tag: Tag, standing: Candidate) -> bool:
    return tag.start < standing.start < tag.end


def _in_tag(data: memoryview, tag: Tag, script: Script, standing: Candidate | None, mark: str) -> list[Edit]:
    """Edits of `onMetaData`: the string, how many there are, and both sizes of the tag."""
    if script.type not in {OBJECT, ARRAY} or script.close < 0:
        raise CarrierError("`onMetaData` of the FLV is no object or array with an end")
    new = _string(mark)
    if standing is None:
        edit, counts = Edit(script.close, script.close, _keyed(new)), []
        if script.type == ARRAY:  # its count is a hint that most programs keep right
            count = int.from_bytes(data[script.at + 1 : script.at + 5], "big") + 1
            counts = [Edit(script.at + 1, script.at + 5, (count & 0xFFFFFFFF).to_bytes(4, "big"))]
    else:
        old = next(value for value in script.values if value.key == standing.start)
        edit, counts = Edit(old.start, old.end, new), []
    size = tag.end - tag.content + edit.growth
    if size > _SIZE_LIMIT:
        raise CarrierError("`onMetaData` of the FLV would become larger than 16 MiB")
    sized = Edit(tag.start + 1, tag.start + 4, size.to_bytes(3, "big"))
    (before,) = struct.unpack_from(">I", data, tag.end)
    after = (
        [Edit(tag.end, tag.end + 4, struct.pack(">I", (before + edit.growth) & 0xFFFFFFFF))] if before else []
    )
    return [sized, *counts, edit, *after]


def _in_new_tag(data: memoryview, mark: str) -> list[Edit]:
    """A script tag in front of all others."""
    members = _keyed(_string(mark)) + _END_OF_OBJECT
    content = bytes([STRING]) + struct.pack(">H", len(ON_METADATA)) + ON_METADATA
    content += bytes([ARRAY]) + struct.pack(">I", 1) + members
    header = bytes([SCRIPT]) + len(content).to_bytes(3, "big") + bytes(7)
    at = flv.first_tag(data)
    return [Edit(at, at, header + content + struct.pack(">I", TAG_HEADER_BYTES + len(content)))]


def _moved(data: memoryview, script: Script, at: int, growth: int) -> Iterator[Edit]:
    """New values of the numbers that count from the file's begin and lie at or behind byte `at`."""
    for value in script.values:
        if value.type != NUMBER or growth == 0:
            continue
        number = flv.number_of(data, value)
        if (value.names in _PLACES and number >= at) or (
            value.names == (b"filesize",) and number == len(data)
        ):
            yield _number(value, number + growth)


def _number(value: Value, number: float) -> Edit:
    return Edit(value.start + 1, value.end, struct.pack(">d", number))


def _string(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > 0xFFFF:
        return bytes([LONG_STRING]) + struct.pack(">I", len(encoded)) + encoded
    return bytes([STRING]) + struct.pack(">H", len(encoded)) + encoded


def _keyed(value: bytes) -> bytes:
    return struct.pack(">H", len(_KEY)) + _KEY + value
