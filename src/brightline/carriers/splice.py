"""A new file as the old one with some byte ranges replaced: what most writers are.

Edits are small; everything between them is given as slices of the mapped file, so that size costs no memory.
"""

from collections.abc import Iterable

import msgspec

from brightline.carriers.candidate import Candidate, Read
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
    """Bytes [start, end) with the edits made; edits come in file order, lie inside and do not overlap."""
    position = start
    for edit in edits:
        yield from sliced(data, position, edit.start)
        if edit.new:
            yield edit.new
        position = edit.end
    yield from sliced(data, position, len(data) if end is None else end)


def standing_mark(read: Read, data: memoryview, tolerated: frozenset[str] = frozenset()) -> Candidate | None:
    """The one mark that a file carries where the guides want it, or None for a file without any.

    Args:
        read: the format's reader.
        data: the file.
        tolerated: carriers whose unread places are no reason to refuse.

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
    if found is not None and found.oddities:
        odd = ", ".join(found.oddities)
        raise CarrierError(f"the file carries a mark at `{found.carrier}` ({odd}) that cannot be replaced")
    return found
