"""A new file as the old one with a few byte ranges exchanged: nothing else is ever touched or held in memory."""

from collections.abc import Iterable, Iterator

import msgspec

from brightline.carriers.candidate import Candidate, Oddity, Reading, Unread
from brightline.carriers.writing import Pieces, sliced
from brightline.core.errors import CarrierError


class Splice(msgspec.Struct, frozen=True):
    """Bytes [start, end) of the old file become `new`; an empty range inserts before `start`."""

    start: int
    end: int
    new: bytes


def spliced(data: memoryview, splices: Iterable[Splice]) -> Pieces:
    """The old file with the splices made; they may come in any order and must not overlap.

    Raises:
        CarrierError: two splices overlap or one lies outside the file, at once and not at the first piece.
    """
    ordered = sorted(splices, key=lambda splice: (splice.start, splice.end))
    position = 0
    for splice in ordered:
        if not position <= splice.start <= splice.end <= len(data):
            raise CarrierError(f"two changes overlap at byte {splice.start}")
        position = splice.end
    return _pieces(data, ordered)


def _pieces(data: memoryview, ordered: list[Splice]) -> Iterator[bytes | memoryview]:
    position = 0
    for splice in ordered:
        yield from sliced(data, position, splice.start)
        if splice.new:
            yield splice.new
        position = splice.end
    yield from sliced(data, position, len(data))


def standing_mark(reading: Reading, *, tolerated: frozenset[Oddity] = frozenset()) -> Candidate | None:
    """The one mark that a file already has in a regular place, None when it has none.

    Raises:
        CarrierError: the file has several marks, one in a place that no guide names, or a place that could hold one
            and could not be read: a further mark might then be the second.
    """
    marks: list[Candidate] = []
    for item in reading:
        if isinstance(item, Unread):
            raise CarrierError(f"{item.carrier} cannot be read and might hold a mark: {item.why}")
        marks.append(item)
    if len(marks) > 1:
        places = ", ".join(sorted({mark.carrier for mark in marks}))
        raise CarrierError(f"the file has {len(marks)} marks ({places}), expected at most one")
    if not marks:
        return None
    (mark,) = marks
    odd = [oddity for oddity in mark.oddities if oddity not in tolerated]
    if odd:
        raise CarrierError(f"the mark in {mark.carrier} cannot be replaced there: {', '.join(odd)}")
    return mark
