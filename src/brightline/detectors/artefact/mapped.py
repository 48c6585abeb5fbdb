"""Search a mapped file without all of it staying in memory."""

import mmap
import re
from collections.abc import Iterator

WINDOW_BYTES = 16 * 1024 * 1024  # pages of a mapped file that one search keeps in memory


def matches(
    pattern: re.Pattern[bytes], data: bytes | mmap.mmap, start: int, end: int, longest: int
) -> Iterator[re.Match[bytes]]:
    """Matches of a pattern in `data[start:end]`, each once, in order; pages that were searched leave memory again.

    Args:
        pattern: what is searched for.
        data: bytes, or a mapped file that behaves like them.
        start: offset of the first byte.
        end: offset behind the last one.
        longest: bytes of the longest match, so that none is cut at the edge of a window.
    """
    position = start
    while position < end:
        edge = min(position + WINDOW_BYTES, end)
        for match in pattern.finditer(data, position, min(edge + longest - 1, end)):
            if match.start() >= edge:
                break
            yield match
            position = max(position, match.end())
        if isinstance(data, mmap.mmap):
            first = max(0, edge - WINDOW_BYTES) // mmap.PAGESIZE * mmap.PAGESIZE
            data.madvise(mmap.MADV_DONTNEED, first, edge - first)
        position = max(position, edge)
