"""How encoded sound and pictures lie in a file: what a re-mux builds anew, and what stripping metadata leaves alone.

Evidence for `causes.py`. ISO media files only: other containers have no tables that every muxer writes in its own way.
"""

import hashlib

from brightline.carriers.isobmff_boxes import Box, boxes, inner
from brightline.core.errors import CarrierError
from brightline.core.subject import Kind, Subject

KINDS = frozenset({Kind.MP4, Kind.MOV, Kind.M4A})
_HOLDERS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"}
)  # ISO/IEC 14496-12 table 1
# Metadata, and offsets that move when a box before the samples grows or shrinks.
_PASSED_OVER = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip", b"wide", b"stco", b"co64", b"mvhd"})
_DEPTH_LIMIT = 8  # of holders in each other; the standard nests five


def layout_of(subject: Subject) -> str:
    """SHA-256 over the media data and the tracks' tables, without metadata; empty where it cannot be had."""
    if subject.kind not in KINDS:
        return ""
    data = subject.blob.view()
    digest = hashlib.sha256()
    try:
        for kind in (b"mdat", b"moov"):  # their order tells nothing: stripping may swap them
            for box in boxes(data, 0, len(data)):
                if box.type == kind:
                    _add(data, box, digest, 0)
    except CarrierError:
        return ""
    return digest.hexdigest()


def _add(data: memoryview, box: Box, digest: "hashlib._Hash", depth: int) -> None:
    if box.type in _PASSED_OVER or depth > _DEPTH_LIMIT:
        return
    digest.update(box.type)
    if box.type in _HOLDERS:
        for child in inner(data, box):
            _add(data, child, digest, depth + 1)
    else:
        digest.update(data[box.content : box.end])
