"""What a carrier's writer gives: the new file as pieces, nearly all of them slices of the old one.

A writer puts exactly one implicit mark where its guide (TC260-PG, V1.0-202508) wants it and leaves every other byte
as it is, apart from the sizes, offsets and checksums that the format itself demands. It judges nothing: whether a
mark may be written is for `marking`. Pieces are slices of the mapped file, so that a 2 GB video takes no memory.
"""

import mmap
from collections.abc import Callable, Iterator

Piece = bytes | memoryview
Pieces = Iterator[Piece]
Write = Callable[[memoryview, str], Pieces]
"""One carrier's writer: the file's bytes and the mark as the bare object `{"Label":...}`, in; the new file, out.

A file without a mark gets one in the carrier's own form (wrapped where the guide prints it wrapped). A file with one
mark in a place that the guide names keeps it there, with the new value: `marking` has checked that the producer's
fields stay. Raises `CarrierError`, before the first piece, where the file is broken, encrypted or signed in a way that
a mark would break, or holds a mark in a place where it cannot be replaced; the sentence says which.
"""
COPY_BYTES = 1024 * 1024  # longest slice given at once, so that a reader of pieces can tell how far it is


def sliced(data: memoryview, start: int, end: int) -> Pieces:
    """The bytes [start, end) of the old file, in slices; pages of a mapped file leave memory once they are given."""
    whole = data.readonly and isinstance(data.obj, mmap.mmap) and len(data.obj) == data.nbytes
    mapped = data.obj if whole and isinstance(data.obj, mmap.mmap) else None
    for position in range(start, end, COPY_BYTES):
        piece = data[position : min(position + COPY_BYTES, end)]
        yield piece
        if mapped is not None:  # otherwise they all count as ours until the system wants them back
            mapped.madvise(mmap.MADV_DONTNEED, position - position % mmap.PAGESIZE, len(piece))
