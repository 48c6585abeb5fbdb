"""What holds for a writer of marks whatever bytes it is given: it refuses, or marks the whole file, at little cost."""

import time
import tracemalloc
from collections.abc import Callable, Iterator

from hypothesis import strategies as st

import marks
from brightline.core.errors import CarrierError

Write = Callable[[memoryview, str], Iterator[bytes | memoryview]]
MARK = marks.bare()
SECONDS = 5  # of processor time for one hostile file
CHANGES = st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6)
"""Bytes that are written over: how far into the file, as a share of its length, and with what."""


def changed(data: bytes, changes: list[tuple[float, int]]) -> bytes:
    mutated = bytearray(data)
    for place, value in changes:
        mutated[int(place * len(mutated))] = value
    return bytes(mutated)


def check_refused_or_marked(data: bytes, write: Write, text_of: Callable[[bytes], str]) -> None:
    try:
        new = b"".join(write(memoryview(data), MARK))
    except CarrierError:
        return
    assert text_of(new) == MARK


def check_cost(data: bytes, write: Write, text_of: Callable[[bytes], str], *, peak_mib: int) -> None:
    """Time and memory that such a file takes, be it refused or marked."""
    begin = time.process_time()
    check_refused_or_marked(data, write, text_of)
    assert time.process_time() - begin < SECONDS
    tracemalloc.start()
    try:
        for _ in write(memoryview(data), MARK):
            pass
    except CarrierError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < peak_mib * 2**20
