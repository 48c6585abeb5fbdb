"""Boxes of ISO base media files (ISO 14496-12 4.2): whether they fit the file, and the sizes of still pictures."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

BOXES = 10_000  # at one level; fragmented films have some thousands
META_BYTES = 4 * 1024 * 1024  # of a still picture's `meta` box; tiled ones take some hundred KiB


class Box(msgspec.Struct, frozen=True):
    """A box: its type, and [start, end) of its content in the file."""

    kind: bytes
    start: int
    end: int


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets; one with an impossible length ends the walk and reaches past `end`."""
    position = start
    for _ in range(BOXES):
        if position >= end:
            return
        stream.seek(position)
        header = stream.read(16)
        length, lead = int.from_bytes(header[:4], "big"), 8
        if length == 1 and len(header) == 16:
            length, lead = int.from_bytes(header[8:16], "big"), 16
        if length == 0 and len(header) >= 8:
            length = end - position
        if len(header) < 8 or length < lead:
            yield Box(header[4:8], position, end + 1)
            return
        yield Box(header[4:8], position + lead, position + length)
        position += length


def is_cut(stream: BinaryIO, size: int) -> bool:
    """Whether a top-level box ends behind the file."""
    return any(box.end > size for box in boxes(stream, 0, size))


def picture_size(stream: BinaryIO, size: int) -> tuple[int, int]:
    """Width and height in pixels of the largest picture that a HEIF or AVIF file declares (ISO 23008-12 6.5.3).

    Raises:
        ValueError: it declares none.
    """
    sizes = [
        found for meta in boxes(stream, 0, size) if meta.kind == b"meta" for found in _sizes(stream, meta)
    ]
    if not sizes:
        raise ValueError("no picture is declared")
    return max(sizes, key=lambda pair: pair[0] * pair[1])


def _sizes(stream: BinaryIO, meta: Box) -> Iterator[tuple[int, int]]:
    end = min(meta.end, meta.start + META_BYTES)
    for iprp in boxes(stream, meta.start + 4, end):
        if iprp.kind != b"iprp":
            continue
        for ipco in boxes(stream, iprp.start, min(iprp.end, end)):
            for ispe in boxes(stream, ipco.start, min(ipco.end, end)) if ipco.kind == b"ipco" else ():
                if ispe.kind == b"ispe":
                    stream.seek(ispe.start + 4)
                    data = stream.read(8)
                    if len(data) == 8:
                        yield int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big")
