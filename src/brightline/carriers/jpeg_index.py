"""The index of a JPEG that holds several pictures: its sizes and offsets after bytes were added to the first.

Source: CIPA DC-007-2009 (Multi-Picture Format) 5.2.3. Offsets count from the index's own header, not from the file.
"""

from brightline.carriers.jpeg import Segment
from brightline.carriers.splice import Edit
from brightline.carriers.tiff_directory import Parts
from brightline.core.errors import CarrierError

_APP2 = 0xE2
_HEADER = b"MPF\x00"
_ENTRIES = 0xB002
_ENTRY_BYTES = 16  # attribute, size, offset: 4 bytes each; two dependent pictures: 2 bytes each
_LARGEST = 2**32 - 1


def index_edits(found: list[Segment], at: int, growth: int) -> list[Edit]:
    """What changes in the index when the file grows by `growth` bytes at byte `at`, inside the first picture.

    Raises:
        CarrierError: the index is broken, so that nobody can tell where the other pictures lie.
    """
    edits: list[Edit] = []
    if growth == 0:
        return edits
    for segment in found:
        if segment.marker == _APP2 and segment.data.startswith(_HEADER) and not segment.behind_pixels:
            edits += _entry_edits(segment, at, growth)
    return edits


def _entry_edits(segment: Segment, at: int, growth: int) -> list[Edit]:
    block = memoryview(segment.data)[len(_HEADER) :]
    base = segment.start + len(_HEADER)
    parts = Parts(block)
    if parts.broken or not parts.directories:
        raise CarrierError("the JPEG's index of several pictures is broken")
    edits: list[Edit] = []
    for entry in (one for one in parts.directories[0].entries if one.number == _ENTRIES):
        for index in range(entry.size // _ENTRY_BYTES):
            where = entry.value_at + _ENTRY_BYTES * index
            size, offset = parts.layout.unpack("II", block, where + 4)
            if offset == 0:  # the first picture: it grew
                size += growth
            elif at >= base:  # the others moved away from the index
                offset += growth
            if not (0 <= size <= _LARGEST and 0 <= offset <= _LARGEST):
                raise CarrierError("the JPEG's index of several pictures cannot hold the new sizes")
            edits.append(Edit(base + where + 4, base + where + 12, parts.layout.pack("II", size, offset)))
    return edits
