"""A new file as the old one with some byte ranges replaced: what most writers are.

Edits are small; everything between them is given as slices of the mapped file, so that size costs no memory.
"""

from collections.abc import Iterable

import msgspec

from brightline.carriers.candidate import Candidate, Oddity, Read
from brightline.carriers.writing import Pieces, sliced
from brightline.core.errors import CarrierError


class Edit(msgspec.Struct, frozen=True):
    """Bytes [start, end) of the old file become `new`; an empty range inserts."""

    start: int
    end: int
    new: bytes

    @property
    def growth(self) -> int:
        """Bytes that the file gains, negative where it loses some."""
        return len(self.new) - (self.end - self.start)


def spliced(data: memoryview, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> Pieces:
    """Bytes [start, end) with the edits made, which may come in any order.

    Raises:
        CarrierError: two edits overlap or one lies outside, at once and not at the first piece.
    """
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    position, stop = start, len(data) if end is None else end
    for edit in ordered:
        if not position <= edit.start <= edit.end <= stop:
            raise CarrierError(f"two changes overlap at byte {edit.start}")
        position = edit.end
    return _pieces(data, ordered, start, stop)


def _pieces(data: memoryview, ordered: list[Edit], start: int, stop: int) -> Pieces:
    position = start
    for edit in ordered:
        yield from sliced(data, position, edit.start)
        if edit.new:
            yield edit.new
        position = edit.end
    yield from sliced(data, position, stop)


def standing_mark(
    read: Read,
    data: memoryview,
    tolerated: frozenset[str] = frozenset(),
    *,
    odd: frozenset[Oddity] = frozenset(),
) -> Candidate | None:
    """The one mark that a file carries where the guides want it, or None for a file without any.

    Args:
        read: the format's reader.
        data: the file.
        tolerated: carriers whose unread places are no reason to refuse.
        odd: oddities of the mark that writing it anew puts right.

    Raises:
        CarrierError: the file cannot be read whole, or carries several marks or one in another place.
    """
    found: Candidate | None = None
    for item in read(data):
        if not isinstance(item, Candidate):
            if item.carrier in tolerated:
                continue
            raise CarrierError(f"a place that could hold a mark cannot be read: {item.why}")
        if found is not None:
            raise CarrierError(
                f"the file carries more than one mark, at `{found.carrier}` and `{item.carrier}`"
            )
        found = item
    unfit = [] if found is None else [oddity for oddity in found.oddities if oddity not in odd]
    if found is not None and unfit:
        raise CarrierError(
            f"the file carries a mark at `{found.carrier}` ({', '.join(unfit)}) that cannot be replaced"
        )
    return found
