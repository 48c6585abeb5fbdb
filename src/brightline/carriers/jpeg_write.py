"""Writing into JPEG: the XMP packet in APP1, and a mark that stands in EXIF UserComment.

TC260-PG-20259A and its Annex B; XMP specification part 3, 1.1.3; JFIF 1.02 and EXIF 2.32 for the order of segments.
Where a file holds several pictures (CIPA DC-007), the sizes and offsets of that index follow.
"""

import struct

from brightline.carriers.candidate import Candidate
from brightline.carriers.exif_write import comment_edits
from brightline.carriers.jpeg import APP1, EXIF_HEADER, XMP_HEADER, Segment, read, segments
from brightline.carriers.jpeg_index import index_edits
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.carriers.xmp_edit import trimmed
from brightline.carriers.xmp_mark import PacketEdit, mark_edit, wrapped_ascii
from brightline.core.errors import CarrierError

_APP0 = 0xE0
_PAYLOAD_LIMIT_BYTES = 65_533  # a segment's size has 16 bits and counts itself
_PACKET_LIMIT_BYTES = 65_502  # XMP specification part 3, 1.1.3


def write(data: memoryview, mark: str) -> Pieces:
    """The JPEG with the mark in its XMP, or in the EXIF UserComment where it stands already.

    Raises:
        CarrierError: as `writing.Write`; also where the mark does not fit into 64 KiB, or stands in extended XMP.
    """
    standing = standing_mark(read, data)
    if standing is None or standing.carrier == "jpeg:APP1:XMP":
        return edit_xmp(data, mark_edit(mark))
    if standing.carrier != "jpeg:APP1:EXIF:UserComment":
        raise CarrierError(f"the mark in {standing.carrier} cannot be replaced there")
    return _edit_comment(data, standing, wrapped_ascii(mark))


def edit_xmp(data: memoryview, edit: PacketEdit) -> Pieces:
    """The JPEG with its XMP packet edited; a new segment goes behind JFIF and EXIF. Extended XMP stays as it is.

    Raises:
        CarrierError: the file is broken, has two XMP packets, or one that does not fit into 64 KiB.
    """
    found = _all_segments(data)
    packets = [one for one in found if one.marker == APP1 and one.data.startswith(XMP_HEADER)]
    if len(packets) > 1:
        raise CarrierError(f"the JPEG has {len(packets)} XMP packets, expected at most one")
    if packets and packets[0].behind_pixels:
        raise CarrierError("the JPEG's XMP packet lies behind the picture")
    if not packets:
        at = _head_end(found)
        return _respliced(data, found, [Edit(at, at, _segment(XMP_HEADER + _fitted(edit(None))))])
    (old,) = packets
    new = XMP_HEADER + _fitted(edit(old.data[len(XMP_HEADER) :]))
    if new == old.data:
        return spliced(data, [])
    return _respliced(data, found, [Edit(old.start - 4, old.end, _segment(new))])


def _all_segments(data: memoryview) -> list[Segment]:
    return [segment for segment in segments(data) if isinstance(segment, Segment)]


def _head_end(found: list[Segment]) -> int:
    """Behind the segments that must come first: JFIF's APP0 and EXIF's APP1."""
    end = 2
    for segment in found:
        is_head = segment.marker == _APP0 or (segment.marker == APP1 and segment.data.startswith(EXIF_HEADER))
        if not is_head or segment.start - 4 != end:
            break
        end = segment.end
    return end


def _fitted(packet: bytes) -> bytes:
    packet = trimmed(packet, _PACKET_LIMIT_BYTES)
    if len(packet) > _PACKET_LIMIT_BYTES:
        raise CarrierError(f"the JPEG's XMP packet would have {len(packet)} bytes, a segment holds 65,502")
    return packet


def _segment(payload: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


def _edit_comment(data: memoryview, standing: Candidate, text: str) -> Pieces:
    """The JPEG with `text` as its EXIF UserComment."""
    found = _all_segments(data)
    (old,) = (one for one in found if one.start <= standing.start < one.end)
    block = memoryview(old.data)[len(EXIF_HEADER) :]
    payload = EXIF_HEADER + b"".join(spliced(block, comment_edits(block, text)))
    if len(payload) > _PAYLOAD_LIMIT_BYTES:
        raise CarrierError(f"the JPEG's EXIF would have {len(payload)} bytes, a segment holds 65,533")
    return _respliced(data, found, [Edit(old.start - 4, old.end, _segment(payload))])


def _respliced(data: memoryview, found: list[Segment], edits: list[Edit]) -> Pieces:
    """With the index of several pictures following the one change."""
    (change,) = edits
    growth = len(change.new) - (change.end - change.start)
    return spliced(data, [*edits, *index_edits(found, change.start, growth)])
