"""Writing a mark into the tags of a Matroska or WebM file, so that no frame moves against what counts its place.

`SeekHead`, `Cues` and `Position` count from the segment's first byte. In this order: room that the tags already have
(a `Void` behind them, or the segment's end); a `Void` in front of the first cluster; in front of the first cluster,
where nothing counts places (a live recording); at the segment's end, with an entry in `SeekHead` where it has room.
"""

import functools
import zlib

import msgspec

from brightline.carriers import matroska
from brightline.carriers.candidate import Candidate
from brightline.carriers.ebml import CRC_32, VOID, Element, element_at, elements, made, sealed, size_of, void
from brightline.carriers.matroska import (
    CLUSTER,
    CUES,
    EBML,
    SEEK_HEAD,
    SEGMENT,
    SIMPLE_TAG,
    TAG,
    TAG_NAME,
    TAG_STRING,
    TAGS,
    children,
)
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.core.errors import CarrierError

_TARGETS, _SEEK, _SEEK_ID, _SEEK_POSITION, _POSITION = 0x63C0, 0x4DBB, 0x53AB, 0x53AC, 0xA7
_ID_BYTES = 4  # of the elements that we write right inside a segment
_FIRST_CHILDREN = 3  # of a cluster: its time, its position, the size of the one before


class _Segment(msgspec.Struct, frozen=True):
    """What a writer needs to know of one segment.

    Attributes:
        element: the segment itself.
        inside: its elements in file order, without the clusters.
        end: one past its last element.
        first_cluster: where the first one begins, or `end`.
        has_positions: something inside counts from the segment's first byte.
    """

    element: Element
    inside: tuple[Element, ...]
    end: int
    first_cluster: int
    has_positions: bool


def write(data: memoryview, mark: str) -> Pieces:
    """A Matroska or WebM file with the mark (TC260-PG-20257A); see `carriers.writing.Write`."""
    standing = standing_mark(matroska.read, data)
    segment = _segment(data, standing)
    edits = _insert(data, segment, mark) if standing is None else _replace(data, segment, standing, mark)
    yield from spliced(data, _with_sizes(data, segment, edits))


def _segment(data: memoryview, standing: Candidate | None) -> _Segment:
    """The segment that holds the mark, or the first."""
    position = 0
    while int.from_bytes(data[position : position + 4], "big") in {EBML, SEGMENT}:
        element = element_at(data, position, len(data))
        position = element.end
        if element.id != SEGMENT:
            continue
        segment = _surveyed(data, element)
        position = segment.end
        if standing is None or element.start < standing.start < segment.end:
            return segment
    raise CarrierError("the mark lies outside of every Matroska segment")


def _surveyed(data: memoryview, element: Element) -> _Segment:
    inside, end, first, positions = [], element.content, -1, False
    for child in children(data, element):
        end = child.end
        if child.id != CLUSTER:
            inside.append(child)
            positions = positions or child.id in {SEEK_HEAD, CUES}
            continue
        first = child.start if first < 0 else first
        positions = positions or _has_position(data, child)
    end = end if element.is_open else element.end
    return _Segment(element, tuple(inside), end, end if first < 0 else first, positions)


def _has_position(data: memoryview, cluster: Element) -> bool:
    position = cluster.content
    for _ in range(_FIRST_CHILDREN + 1):
        if position >= cluster.end:
            return False
        inner = element_at(data, position, cluster.end)
        if inner.id == _POSITION:
            return True
        position = inner.end
    return False


def _insert(data: memoryview, segment: _Segment, mark: str) -> list[Edit]:
    """Edits that put in a tag of its own."""
    tag = made(
        TAG, made(_TARGETS, b"") + made(SIMPLE_TAG, made(TAG_NAME, b"AIGC") + made(TAG_STRING, mark.encode()))
    )
    for tags in segment.inside:
        if tags.id == TAGS:
            edit = _in_place(segment, tags, sealed(bytes(data[tags.content : tags.end]) + tag))
            if edit is not None:
                return [edit]
    for gap in segment.inside:
        if gap.id == VOID and gap.start < segment.first_cluster:
            filled = _filled(tag, gap.end - gap.start)
            if filled is not None:
                return [Edit(gap.start, gap.end, filled)]
    if not segment.has_positions:
        return [Edit(segment.first_cluster, segment.first_cluster, made(TAGS, tag))]
    entered = _sought(data, segment, _entry(segment), None)
    return [*entered, Edit(segment.end, segment.end, made(TAGS, tag))]


def _replace(data: memoryview, segment: _Segment, standing: Candidate, mark: str) -> list[Edit]:
    """Edits that give the mark its new value; tags without room go to the segment's end, as mkvpropedit does it."""
    tags = next(one for one in segment.inside if one.id == TAGS and one.start < standing.start < one.end)
    content = _rewritten(data, tags, standing.start, mark)
    edit = _in_place(segment, tags, content)
    if edit is not None:
        return [edit]
    if not segment.has_positions:
        return [Edit(tags.start, tags.end, made(TAGS, content))]
    moved = _sought(data, segment, b"", tags) or _sought(data, segment, _entry(segment), None)
    gone = Edit(tags.start, tags.end, void(tags.end - tags.start))
    new = Edit(segment.end, segment.end, made(TAGS, content))
    return sorted([*moved, gone, new], key=lambda one: one.start)


def _rewritten(data: memoryview, element: Element, start: int, mark: str) -> bytes:
    """The content of an element around the simple tag at byte `start`, with the new value in that."""
    parts = []
    for inner in elements(data, element.content, element.end):
        whole = bytes(data[inner.start : inner.end])
        if element.start == start and inner.id == TAG_STRING:
            whole = made(inner.id, mark.encode())
        elif inner.start <= start < inner.end and inner.id in {TAG, SIMPLE_TAG}:
            whole = made(inner.id, _rewritten(data, inner, start, mark))
        parts.append(whole)
    if element.start == start and not any(part[:2] == TAG_STRING.to_bytes(2, "big") for part in parts):
        parts.append(made(TAG_STRING, mark.encode()))
    return sealed(b"".join(parts))


def _in_place(segment: _Segment, tags: Element, content: bytes) -> Edit | None:
    """Tags in their own room and that of a `Void` behind them, or at the segment's end; None where neither is."""
    after = next((one for one in segment.inside if one.start == tags.end and one.id == VOID), None)
    end = tags.end if after is None else after.end
    filled = _filled(content, end - tags.start)
    if filled is not None:
        return Edit(tags.start, end, filled)
    return Edit(tags.start, end, made(TAGS, content)) if end == segment.end else None


def _filled(content: bytes, room: int) -> bytes | None:
    """Tags of exactly `room` bytes, with a `Void` behind them; None where they don't fit."""
    whole = made(TAGS, content)
    if len(whole) + 1 == room:  # too little for a `Void`: the size takes one byte more
        whole = made(TAGS, content, len(whole) - len(content) - _ID_BYTES + 1)
    if len(whole) > room:
        return None
    return whole + (void(room - len(whole)) if len(whole) < room else b"")


def _relative(segment: _Segment) -> int:
    """Where the segment ends, as `SeekPosition` counts."""
    return segment.end - segment.element.content


def _entry(segment: _Segment) -> bytes:
    """An entry of `SeekHead` for tags at the segment's end."""
    place = made(_SEEK_POSITION, _relative(segment).to_bytes(8, "big"))
    return made(_SEEK, made(_SEEK_ID, TAGS.to_bytes(_ID_BYTES, "big")) + place)


def _sought(data: memoryview, segment: _Segment, entry: bytes, moved: Element | None) -> list[Edit]:
    """The edit of `SeekHead` for one entry more, or for tags that moved to the segment's end.

    Raises:
        CarrierError: an entry of what moves cannot be kept right.
    """
    for head in segment.inside:
        if head.id != SEEK_HEAD:
            continue
        content = bytes(data[head.content : head.end])
        new = sealed(content + entry if moved is None else _repointed(data, segment, head, moved))
        if new == content:
            continue
        after = next((one for one in segment.inside if one.start == head.end and one.id == VOID), None)
        end = head.end if after is None else after.end
        whole = made(SEEK_HEAD, new, head.content - head.start - _ID_BYTES)
        rest = end - head.start - len(whole)
        if rest == 0 or rest >= 2:
            return [Edit(head.start, end, whole + (void(rest) if rest else b""))]
        if moved is not None:
            raise CarrierError(
                "no room for the new mark: the tags cannot grow, nor be listed in `SeekHead` elsewhere"
            )
    return []


def _repointed(data: memoryview, segment: _Segment, head: Element, moved: Element) -> bytes:
    """The content of a `SeekHead` whose entries for the moved tags give the segment's end."""
    old = moved.start - segment.element.content
    parts = []
    for seek in elements(data, head.content, head.end):
        fields = list(elements(data, seek.content, seek.end)) if seek.id == _SEEK else []
        place = next((one for one in fields if one.id == _SEEK_POSITION), None)
        if place is None or int.from_bytes(data[place.content : place.end], "big") != old:
            parts.append(bytes(data[seek.start : seek.end]))
            continue
        width = max(place.end - place.content, (_relative(segment).bit_length() + 7) // 8)
        new = made(_SEEK_POSITION, _relative(segment).to_bytes(width, "big"))
        around = [bytes(data[one.start : one.end]) if one is not place else new for one in fields]
        parts.append(made(_SEEK, sealed(b"".join(around)), seek.content - seek.start - 2))
    return b"".join(parts)


def _with_sizes(data: memoryview, segment: _Segment, edits: list[Edit]) -> list[Edit]:
    """The edits, with the segment's size and its checksum, if it has one, made right."""
    element, growth = segment.element, sum(edit.growth for edit in edits)
    before = []
    if growth and not element.is_open:
        width = element.content - element.start - _ID_BYTES
        size = size_of(element.end - element.content + growth, width)
        before.append(Edit(element.start + _ID_BYTES, element.content, size))
    first = segment.inside[0] if segment.inside else None
    if first is not None and first.id == CRC_32 and first.start == element.content:
        rest = spliced(data, edits, first.end, segment.end)
        checked = functools.reduce(lambda crc, piece: zlib.crc32(piece, crc), rest, 0)
        before.append(Edit(first.content, first.end, checked.to_bytes(4, "little")))
    return before + edits
