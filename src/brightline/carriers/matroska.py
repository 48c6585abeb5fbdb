"""Matroska and WebM tags as places that hold a mark.

TC260-PG-20257A: `Segment.Tags.Tag.SimpleTag`, TagName `AIGC`, TagString the bare object. Structure: RFC 9559.
"""

from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Candidate,
    Form,
    Oddity,
    Reading,
    Shape,
    Unread,
    decode,
)
from brightline.carriers.ebml import CRC_32, VOID, Element, element_at, elements
from brightline.carriers.loose import find_loose, read_trailing
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

EBML, SEGMENT = 0x1A45DFA3, 0x18538067
SEEK_HEAD, INFO, TRACKS, CHAPTERS = 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1043A770
CLUSTER, CUES, ATTACHMENTS, TAGS = 0x1F43B675, 0x1C53BB6B, 0x1941A469, 0x1254C367
TAG, SIMPLE_TAG, TAG_NAME, TAG_STRING, TAG_BINARY = 0x7373, 0x67C8, 0x45A3, 0x4487, 0x4485
LEVEL_ONE = frozenset({SEEK_HEAD, INFO, TRACKS, CHAPTERS, CLUSTER, CUES, ATTACHMENTS, TAGS})
# Attached pictures and fonts are files of their own, with marks of their own.
_NOT_SEARCHED = frozenset({SEEK_HEAD, CLUSTER, CUES, ATTACHMENTS, VOID, CRC_32})
_SEGMENT_LIMIT = 1_000  # parts of one film glued together
_DEPTH_LIMIT = 8  # of simple tags in each other
_BLOCK_LIMIT = 2_000_000  # in a cluster of unknown size
_CLUSTER_LIMIT = 400_000  # of one segment: four days in seconds
_MASTER_LIMIT = 10_000  # elements beside the clusters; a dozen is common


def read(data: memoryview) -> Reading:
    """Candidates in a Matroska or WebM file, in file order.

    Raises:
        CarrierError: the elements cannot be walked to the file's end.
    """
    if int.from_bytes(data[:4], "big") != EBML:
        raise CarrierError("no EBML header at the file's start")
    position = found = 0
    while int.from_bytes(data[position : position + 4], "big") in {EBML, SEGMENT}:
        element = element_at(data, position, len(data))
        position = element.end
        if element.id == SEGMENT:
            found += 1
            if found > _SEGMENT_LIMIT:
                raise CarrierError(f"more than {_SEGMENT_LIMIT} Matroska segments")
            position = element.content if element.is_open else element.end
            for child in children(data, element):
                yield from _read_child(data, child)
                position = max(position, child.end)
    if not found:
        raise CarrierError("no Matroska segment behind the EBML header: the file is cut off")
    yield from read_trailing(data, position, "matroska:after-segment", "Matroska segment")


def children(data: memoryview, segment: Element) -> Iterator[Element]:
    """The elements right inside a segment; clusters of unknown size end where the next such element begins.

    Raises:
        CarrierError: one is malformed or cut off, or there are too many.
    """
    position, others = segment.content, 0
    for _ in range(_CLUSTER_LIMIT):
        if position >= segment.end or (segment.is_open and _begins_file(data, position)):
            return
        element = element_at(data, position, segment.end)
        if element.is_open:
            if element.id != CLUSTER:
                raise CarrierError(f"the EBML element at byte {position} has no size")
            element = msgspec.structs.replace(element, end=_cluster_end(data, element))
        others += element.id != CLUSTER
        if others > _MASTER_LIMIT:
            raise CarrierError(f"more than {_MASTER_LIMIT} Matroska elements beside the clusters")
        yield element
        position = element.end
    raise CarrierError(f"more than {_CLUSTER_LIMIT} Matroska clusters")


def _begins_file(data: memoryview, position: int) -> bool:
    return int.from_bytes(data[position : position + 4], "big") in {EBML, SEGMENT}


def _cluster_end(data: memoryview, cluster: Element) -> int:
    position = cluster.content
    for _ in range(_BLOCK_LIMIT):
        if position >= cluster.end:
            return cluster.end
        if int.from_bytes(data[position : position + 4], "big") in LEVEL_ONE or _begins_file(data, position):
            return position
        inner = element_at(data, position, cluster.end)
        if inner.is_open:
            raise CarrierError(f"the EBML element at byte {position} has no size")
        position = inner.end
    raise CarrierError(f"more than {_BLOCK_LIMIT} elements in a Matroska cluster")


def _read_child(data: memoryview, child: Element) -> Reading:
    if child.id in _NOT_SEARCHED:
        return
    place = "matroska:Tags" if child.id == TAGS else f"matroska:{child.id:X}"
    if child.end - child.start > METADATA_LIMIT_BYTES:
        why = "a Matroska metadata element is larger than 16 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=child.start, end=child.end)
    elif child.id == TAGS:
        for tag in elements(data, child.content, child.end):
            if tag.id == TAG:
                for inner in elements(data, tag.content, tag.end):
                    if inner.id == SIMPLE_TAG:
                        yield from _read_simple(data, inner, 0)
    else:
        yield from _read_loose(data, child, place, ())


def _read_simple(data: memoryview, tag: Element, depth: int) -> Reading:
    """One simple tag and those inside it."""
    if depth > _DEPTH_LIMIT:
        raise CarrierError(f"Matroska tags in each other, more than {_DEPTH_LIMIT} deep")
    inner = list(elements(data, tag.content, tag.end))
    name = next((decode(bytes(data[one.content : one.end])) for one in inner if one.id == TAG_NAME), "")
    name = name.rstrip("\x00")
    value = next((one for one in inner if one.id in {TAG_STRING, TAG_BINARY}), None)
    text = "" if value is None else decode(bytes(data[value.content : value.end])).rstrip("\x00")
    place = f"matroska:Tags:{name[:32]}"
    if name == "AIGC" or ("AIGC" in name.upper() and "{" in text):
        odd = (Oddity.UNUSUAL_PLACE,) if depth or (value is not None and value.id == TAG_BINARY) else ()
        keyword = () if "AIGC" in name else (Oddity.KEYWORD,)
        yield _candidate(place, tag.start, tag.end, text, Form.KEYED, (*odd, *keyword))
    else:
        for one in inner:
            if one.id != SIMPLE_TAG:
                yield from _read_loose(data, one, place, (Oddity.KEYWORD,))
    for one in inner:
        if one.id == SIMPLE_TAG:
            yield from _read_simple(data, one, depth + 1)


def _read_loose(data: memoryview, element: Element, place: str, odd: tuple[Oddity, ...]) -> Reading:
    for loose in find_loose(data, element.content, element.end):
        keyword = () if loose.keyed or odd else (Oddity.KEYWORD,)
        oddities = (Oddity.UNUSUAL_PLACE, *odd, *keyword)
        yield _candidate(place, loose.start, loose.end, loose.text, Form.LOOSE, oddities)


def _candidate(
    place: str, start: int, end: int, text: str, form: Form, oddities: tuple[Oddity, ...]
) -> Candidate:
    return Candidate(
        carrier=place, form=form, start=start, end=end, text=text, shape=Shape.BARE, oddities=oddities
    )
