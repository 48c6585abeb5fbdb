"""Writing a mark into WAV and AVI.

WAV: chunk `AIGC` in front of the sound, where a file of unknown length can hold it too; nothing in a WAV counts from
the file's start. AVI: sub-chunk `AIGC` of `LIST INFO`, in such a place that no frame moves: `indx` and some `idx1`
count from the file's start. Room is taken from `JUNK` in front of the frames, else behind the last of them; a mark that
outgrows its room in front moves behind.
"""

import struct

import msgspec

from brightline.carriers import riff
from brightline.carriers.riff import CONTAINERS, OPEN_SIZES, Chunk
from brightline.carriers.splice import Edit, spliced, standing_mark
from brightline.carriers.writing import Pieces
from brightline.core.errors import CarrierError

_SIZE_LIMIT = 0xFFFFFFFE  # the next one says that the size is unknown
_JUNK = b"JUNK"
_HEADER_BYTES = 8


class _Container(msgspec.Struct, frozen=True):
    """One RIFF container: where it begins, where its chunks end, and the chunks."""

    start: int
    end: int
    chunks: tuple[Chunk, ...]


class _Slot(msgspec.Struct, frozen=True):
    """Bytes [start, end) that a `LIST INFO` may fill, and what it holds already."""

    start: int
    end: int
    held: bytes


def write_wav(data: memoryview, mark: str) -> Pieces:
    """A WAV with the mark as chunk `AIGC` (TC260-PG-202510A); see `carriers.writing.Write`."""
    standing = standing_mark(riff.read, data)
    order = ">" if bytes(data[:4]) == b"RIFX" else "<"
    containers = _containers(data, order)
    chunk = _chunk(b"AIGC", mark.encode(), order)
    if standing is not None:
        edit = Edit(standing.start, _even(data, standing.start, standing.end), chunk)
    else:
        at = _sound(containers[0]).start
        edit = Edit(at, at, chunk)
    holder = next(one for one in containers if one.start < edit.start < one.end)
    yield from spliced(data, sorted([*_resized(data, holder, edit.growth, order), edit], key=_place))


def write_avi(data: memoryview, mark: str) -> Pieces:
    """An AVI with the mark as `AIGC` in `LIST INFO` (TC260-PG-20257A); see `carriers.writing.Write`."""
    standing = standing_mark(riff.read, data)
    order = ">" if bytes(data[:4]) == b"RIFX" else "<"
    containers = _containers(data, order)
    frames = [chunk for one in containers for chunk in one.chunks if _is_list(chunk, b"movi")]
    if not frames:
        raise CarrierError("no `LIST movi` in the AVI: it has no frames")
    for container in containers:
        _refuse_loose_ends(data, container, order)
    value = mark.encode()
    begin = standing.start if standing is not None else -1
    for slot in _slots(data, containers[0], frames[0].start, begin, order):
        filled = _filled(slot, value, order)
        if filled is not None:
            yield from spliced(data, [Edit(slot.start, slot.end, filled)])
            return
    yield from spliced(data, _behind_frames(data, containers, frames[-1].end, begin, value, order))


def _containers(data: memoryview, order: str) -> list[_Container]:
    """All containers, one behind the other, as the reader walks them."""
    found = []
    position = 0
    while bytes(data[position : position + 4]) in CONTAINERS:
        stop = riff.container_end(data, position, order)
        chunks = tuple(riff.chunks(data, position + 12, stop, order, len(data)))
        end = max([stop, *(chunk.end for chunk in chunks)])
        found.append(_Container(position, end, chunks))
        position = end + (end & 1)
    return found


def _refuse_loose_ends(data: memoryview, container: _Container, order: str) -> None:
    """Refuse a container whose last chunk does not end where it does: readers would disagree on what comes next."""
    if any(
        chunk.id == b"data" for chunk in container.chunks
    ):  # of open size it would swallow what is put behind it
        raise CarrierError("the AVI has a `data` chunk, which only a WAV may have")
    end = max([container.start + 12, *(chunk.end for chunk in container.chunks)])
    if riff.container_end(data, container.start, order) not in {end, min(end + (end & 1), len(data))}:
        raise CarrierError("a chunk of the AVI does not end where its container does")


def _sound(container: _Container) -> Chunk:
    for chunk in container.chunks:
        if chunk.id == b"data" or _is_list(chunk, b"wavl"):
            return chunk
    raise CarrierError("no `data` chunk in the WAV: it has no sound")


def _resized(data: memoryview, container: _Container, growth: int, order: str) -> list[Edit]:
    """Edits of the sizes that count the container's bytes; a size that was left open stays open."""
    (size,) = struct.unpack_from(order + "I", data, container.start + 4)
    wide = next((chunk for chunk in container.chunks[:1] if chunk.id == b"ds64"), None)
    if wide is not None and size == 0xFFFFFFFF and len(wide.data) >= 8:
        at = wide.start + _HEADER_BYTES
        (size,) = struct.unpack_from(order + "Q", data, at)
        return [Edit(at, at + 8, struct.pack(order + "Q", size + growth))] if size else []
    if size in OPEN_SIZES or growth == 0:
        return []
    if size + growth > _SIZE_LIMIT:
        raise CarrierError("the RIFF container would become larger than 4 GiB; convert it to RF64 first")
    at = container.start + 4
    return [Edit(at, at + 4, struct.pack(order + "I", size + growth))]


def _slots(data: memoryview, container: _Container, frames: int, begin: int, order: str) -> list[_Slot]:
    """Places in front of the frames: `LIST INFO` with the `JUNK` behind it, then `JUNK` alone; best first.

    With a mark standing at `begin` only the list that holds it will do.
    """
    lists, junk = [], []
    before = [chunk for chunk in container.chunks if chunk.start < frames]
    for chunk, after in zip(before, [*before, None][1:], strict=True):
        end = _even(data, chunk.start, chunk.end)
        if _is_list(chunk, b"INFO"):
            reach = _even(data, after.start, after.end) if after is not None and after.id == _JUNK else end
            if begin < 0 or chunk.start < begin < chunk.end:
                lists.append(_Slot(chunk.start, reach, _without(chunk, begin, order)))
        elif chunk.id == _JUNK and begin < 0:
            junk.append(_Slot(chunk.start, end, b""))
    return lists + junk


def _filled(slot: _Slot, value: bytes, order: str) -> bytes | None:
    """What the slot holds with the mark in it, of exactly its length; None where it has no room."""
    room = slot.end - slot.start
    listed = _info(slot.held, value, order)
    rest = room - len(listed)
    if rest < 0:
        return None
    if 0 < rest < _HEADER_BYTES:  # too small for a chunk: strings of an INFO list may end in zeros
        return _info(slot.held, value + bytes(rest + (len(value) & 1)), order)
    return listed + (_chunk(_JUNK, bytes(rest - _HEADER_BYTES), order) if rest else b"")


def _behind_frames(
    data: memoryview, containers: list[_Container], frames_end: int, begin: int, value: bytes, order: str
) -> list[Edit]:
    """Edits that write the mark where nothing that anybody points at lies behind it."""
    last = containers[-1]
    for chunk in last.chunks:
        if not _is_list(chunk, b"INFO") or chunk.start < frames_end:
            continue
        if begin < 0 or chunk.start < begin < chunk.end:
            end = _even(data, chunk.start, chunk.end)
            return _grown(
                data, last, Edit(chunk.start, end, _info(_without(chunk, begin, order), value, order)), order
            )
    end = min(last.end + (last.end & 1), len(data))
    new = Edit(end, end, bytes(end & 1) + _info(b"", value, order))
    return sorted([*_cleared(data, containers, begin, order), *_grown(data, last, new, order)], key=_place)


def _cleared(data: memoryview, containers: list[_Container], begin: int, order: str) -> list[Edit]:
    """The edit that leaves `JUNK` where the mark stood that now stands behind the frames; the list's rest stays."""
    for chunk in (one for container in containers for one in container.chunks):
        if _is_list(chunk, b"INFO") and chunk.start < begin < chunk.end:
            listed = _chunk(b"LIST", b"INFO" + _without(chunk, begin, order), order)
            end = _even(data, chunk.start, chunk.end)
            return [
                Edit(
                    chunk.start,
                    end,
                    listed + _chunk(_JUNK, bytes(end - chunk.start - len(listed) - 8), order),
                )
            ]
    return []


def _grown(data: memoryview, container: _Container, edit: Edit, order: str) -> list[Edit]:
    return [*_resized(data, container, edit.growth, order), edit]


def _without(chunk: Chunk, begin: int, order: str) -> bytes:
    """The sub-chunks of an INFO list, with their padding, but for the one that begins at byte `begin`."""
    base = chunk.start + _HEADER_BYTES
    inside = riff.chunks(chunk.data, 4, len(chunk.data), order, len(chunk.data))
    kept = (_chunk(one.id, bytes(one.data), order) for one in inside if base + one.start != begin)
    return b"".join(kept)


def _info(held: bytes, value: bytes, order: str) -> bytes:
    return _chunk(b"LIST", b"INFO" + held + _chunk(b"AIGC", value, order), order)


def _chunk(kind: bytes, content: bytes, order: str) -> bytes:
    return kind + struct.pack(order + "I", len(content)) + content + bytes(len(content) & 1)


def _is_list(chunk: Chunk, kind: bytes) -> bool:
    return chunk.id == b"LIST" and bytes(chunk.data[:4]) == kind


def _even(data: memoryview, start: int, end: int) -> int:
    """One past a chunk's padding, if it has any."""
    return min(end + ((end - start) & 1), len(data))


def _place(edit: Edit) -> int:
    return edit.start
