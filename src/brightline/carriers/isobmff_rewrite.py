"""An ISO base media file with a few edits, and with every size and offset that has to follow them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from struct import error as struct_error
from struct import pack, unpack_from

import msgspec
import numpy as np
from numpy.typing import NDArray

from brightline.carriers.isobmff_boxes import UINT32_MAX, Box, boxes
from brightline.carriers.isobmff_items import Locations, encoded, encoded_size, fits, moved, widened
from brightline.carriers.isobmff_offsets import MEDIA, Index, Offsets, Run, find_offsets
from brightline.carriers.writing import Pieces, sliced
from brightline.core.errors import CarrierError

_BATCH = 65_536  # offsets moved at once: half a megabyte


class Edit(msgspec.Struct, frozen=True):
    """`data[start:end]` becomes `new`, and the boxes of `inside` grow with it; an insertion has `start == end`."""

    start: int
    end: int
    new: bytes
    inside: tuple[Box, ...] = ()

    @property
    def growth(self) -> int:
        """Bytes that the file gains."""
        return len(self.new) - (self.end - self.start)


class Shift:
    """From an offset in the old file to the same byte's offset in the new file."""

    def __init__(self, growths: Iterable[tuple[int, int, int]]) -> None:
        """Of changes: the old bytes [start, end), and the bytes that are added to them."""
        changes = sorted((end, start, growth) for start, end, growth in growths if growth)
        self._places = [end for end, _, _ in changes]
        self._starts = [start for _, start, _ in changes]
        self._sums = [0, *accumulate(growth for _, _, growth in changes)]

    def __call__(self, offset: int) -> int:
        """Where the byte at `offset` goes."""
        return offset + self._sums[bisect_right(self._places, offset)]

    def all(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the bytes at `offsets` go."""
        steps = np.array(self._sums, dtype=np.int64)
        return offsets + steps[np.searchsorted(np.array(self._places, dtype=np.int64), offsets, side="right")]

    def touches(self, start: int, end: int) -> bool:
        """Whether a change of length falls among the bytes [start, end)."""
        following = bisect_right(self._places, start)
        return following < len(self._places) and self._starts[following] < end

    def moves(self, box: Box) -> bool:
        """Whether some byte of the box goes elsewhere."""
        return bool(self._places) and any(self._sums) and box.end > self._places[0]


class _Plan(msgspec.Struct, frozen=True):
    """All that changes: edits, and runs of offsets (`wide` ones become 64-bit), under one shift."""

    edits: tuple[Edit, ...]
    runs: tuple[Run, ...]
    wide: frozenset[int]  # starts of runs
    shift: Shift


def rewritten(
    data: memoryview, edits: Iterable[Edit], items: Iterable[Locations] = (), stop: int | None = None
) -> Pieces:
    """The file with `edits` made; `items` take the place of the `iloc` boxes that they were read from.

    Offsets in `items` are those of the old file. The file's boxes end at `stop`, which may be before its last byte.
    Everything is checked before this returns.

    Raises:
        CarrierError: the file's offsets cannot be read, or cannot follow the edits.
    """
    edits = tuple(edits)
    end = len(data) if stop is None else stop
    offsets = find_offsets(data, end)
    changed = {one.box: one for one in items}
    located = tuple(changed.get(own.box, own) for own in offsets.items)
    try:
        plan = _plan(data[:end], edits, offsets, located)
    except struct_error as error:
        raise CarrierError("a size or an offset has no room for its new value") from error
    return _render(data, plan)


def _plan(
    data: memoryview, edits: tuple[Edit, ...], offsets: Offsets, located: tuple[Locations, ...]
) -> _Plan:
    """First with the fields as wide as they are, then with wide ones."""
    first = Shift(_growths(edits, (), frozenset(), located))
    moves = any(first.moves(box) for box in boxes(data, 0, len(data)) if box.type in MEDIA)
    runs = offsets.runs if moves else ()
    for wide in (False, True):
        tables = frozenset(run.start for run in runs if wide and run.inside)
        items = tuple(widened(one) if wide else one for one in located)
        shift = Shift(_growths(edits, runs, tables, items))
        places = tuple(moved(one, shift, shift.touches) for one in items)
        if _all_fit(data, runs, tables, shift) and all(fits(one) for one in places):
            every = (
                *edits,
                *_indexed(offsets.indexes, shift),
                *_item_edits(data, places),
                *_widenings(runs, tables),
            )
            return _checked(_Plan((*every, *_sizes(data, every, runs, tables)), runs, tables, shift))
    raise CarrierError("the file would pass 4 GiB, which its tables of offsets cannot say")


def _growths(
    edits: tuple[Edit, ...], runs: tuple[Run, ...], wide: frozenset[int], items: tuple[Locations, ...]
) -> Iterator[tuple[int, int, int]]:
    yield from ((edit.start, edit.end, edit.growth) for edit in edits)
    yield from ((run.start, run.end, 4 * run.count) for run in runs if run.start in wide)
    for one in items:
        yield one.box.content, one.box.end, encoded_size(one) - (one.box.end - one.box.content)


def _all_fit(data: memoryview, runs: tuple[Run, ...], wide: frozenset[int], shift: Shift) -> bool:
    for run in runs:
        for batch in _batches(data, run):
            old = batch.max(initial=0)
            if old > len(data):
                raise CarrierError(f"an offset at byte {run.start} or later points behind the file's end")
            if run.foreign and bool((shift.all(batch.astype(np.int64)) != batch).any()):
                raise CarrierError("a track has its samples in another file, and those here would move")
            if (
                run.width == 4
                and run.start not in wide
                and shift.all(batch.astype(np.int64)).max(initial=0) > UINT32_MAX
            ):
                return False
    return True


def _batches(data: memoryview, run: Run) -> Iterator[NDArray[np.uint64]]:
    """The run's offsets, at most `_BATCH` at once."""
    for stretches in _stretches(data, run):
        fields = np.ascontiguousarray(stretches[:, run.at : run.at + run.width])
        yield fields.view(f">u{run.width}").reshape(-1).astype(np.uint64)


def _stretches(data: memoryview, run: Run) -> Iterator[NDArray[np.uint8]]:
    for first in range(0, run.count, _BATCH):
        count = min(_BATCH, run.count - first)
        flat = np.frombuffer(data, np.uint8, count * run.stride, run.start + first * run.stride)
        yield flat.reshape(count, run.stride)


def _indexed(indexes: tuple[Index, ...], shift: Shift) -> Iterator[Edit]:
    for index in indexes:
        target = index.anchor + index.first
        first = shift(target) - shift(index.anchor)
        if shift(target + index.total) - shift(target) != index.total:
            raise CarrierError("a segment index refers to bytes among which something has to change")
        if first != index.first:
            yield Edit(
                index.field, index.field + index.width, pack(">Q" if index.width == 8 else ">I", first)
            )


def _item_edits(data: memoryview, places: tuple[Locations, ...]) -> Iterator[Edit]:
    for one in places:
        new = encoded(one)
        if new != data[one.box.content : one.box.end]:
            yield Edit(one.box.content, one.box.end, new, one.inside)


def _widenings(runs: tuple[Run, ...], wide: frozenset[int]) -> Iterator[Edit]:
    for run in runs:
        if run.start in wide:
            yield Edit(run.inside[-1].start + 4, run.inside[-1].start + 8, b"co64")


def _sizes(
    data: memoryview, edits: tuple[Edit, ...], runs: tuple[Run, ...], wide: frozenset[int]
) -> Iterator[Edit]:
    growths: dict[Box, int] = {}
    for edit in edits:
        for box in edit.inside:
            growths[box] = growths.get(box, 0) + edit.growth
    for run in runs:
        for box in run.inside if run.start in wide else ():
            growths[box] = growths.get(box, 0) + 4 * run.count
    for box, growth in growths.items():
        if growth:
            yield from _resized(data, box, growth)


def _resized(data: memoryview, box: Box, growth: int) -> Iterator[Edit]:
    (stored,) = unpack_from(">I", data, box.start)
    size = box.end - box.start + growth
    if stored == 1:
        yield Edit(box.start + 8, box.start + 16, pack(">Q", size))
    elif stored and size > UINT32_MAX:
        raise CarrierError(f"the box at byte {box.start} would pass 4 GiB, which its size cannot say")
    elif stored:
        yield Edit(box.start, box.start + 4, pack(">I", size))


def _checked(plan: _Plan) -> _Plan:
    """The same plan, if no two changes touch the same bytes."""
    position = 0
    for change in _in_order(plan):
        if change.start < position:
            raise CarrierError(f"boxes overlap at byte {change.start}")
        position = change.end
    return plan


def _in_order(plan: _Plan) -> list[Edit | Run]:
    changes: list[Edit | Run] = [*plan.edits, *plan.runs]
    return sorted(changes, key=lambda change: (change.start, change.end))


def _render(data: memoryview, plan: _Plan) -> Pieces:
    position = 0
    for change in _in_order(plan):
        yield from sliced(data, position, change.start)
        if isinstance(change, Edit):
            yield change.new
        else:
            yield from _moved_run(data, change, plan)
        position = change.end
    yield from sliced(data, position, len(data))


def _moved_run(data: memoryview, run: Run, plan: _Plan) -> Iterator[bytes]:
    """The run's bytes with each offset moved."""
    width = 8 if run.start in plan.wide else run.width
    for stretches, batch in zip(_stretches(data, run), _batches(data, run), strict=True):
        new = plan.shift.all(batch.astype(np.int64)).astype(f">u{width}")
        if run.stride == run.width:
            yield new.tobytes()
            continue
        changed = stretches.copy()
        changed[:, run.at : run.at + width] = new.view(np.uint8).reshape(-1, width)
        yield changed.tobytes()
