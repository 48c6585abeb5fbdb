"""Which native pixels of a picture are looked at: square crops at fixed places, the same for the same bytes.

Shrinking would wipe out the traces that generators leave, so nothing is ever resized.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from brightline.core.finding import Box
from brightline.media.image import Pixels

APART = 32  # pixels by which a crop must differ from every other, in one direction, to tell anything new


class Cut(msgspec.Struct, frozen=True):
    """Crops, and where each lies in the picture.

    Attributes:
        crops: (n, side, side, 3) uint8.
        places: in pixels of the picture; smaller than the crop where the picture was mirrored.
    """

    crops: Pixels
    places: tuple[Box, ...]


def middles(pixels: Pixels, side: int, most: int) -> Cut:
    """The middle of the picture first, then the middles of its four quarters, at most `most` crops.

    Args:
        pixels: (height, width, 3) uint8, both sides at least 1; a side shorter than `side` is mirrored at its right or
            lower edge.
        side: of a crop, in pixels.
        most: crops.
    """
    return _cut(pixels, middle_places(pixels.shape[1], pixels.shape[0], side, most), side)


def middle_places(width: int, height: int, side: int, most: int) -> tuple[Box, ...]:
    """Where `middles` looks in a picture of that size."""
    chosen: list[Box] = []
    for down, across in ((2, 2), (1, 1), (1, 3), (3, 1), (3, 3)):  # in quarters of the picture
        y = _within(max(height, side) * down // 4 - side // 2, height - side)
        x = _within(max(width, side) * across // 4 - side // 2, width - side)
        if len(chosen) < most and all(abs(y - one.y) >= APART or abs(x - one.x) >= APART for one in chosen):
            chosen.append(_place(x, y, side, width, height))
    return tuple(chosen)


def tiles(pixels: Pixels, side: int, most: int) -> Cut:
    """Crops spread evenly from edge to edge, at most `most` a side; the picture is mirrored as above."""
    return _cut(pixels, tile_places(pixels.shape[1], pixels.shape[0], side, most), side)


def tile_places(width: int, height: int, side: int, most: int) -> tuple[Box, ...]:
    """Where `tiles` looks in a picture of that size."""
    xs, ys = (list(_even(max(length, side), side, most)) for length in (width, height))
    return tuple(_place(x, y, side, width, height) for y in ys for x in xs)


def filled(pieces: Sequence[Pixels], side: int) -> Pixels:
    """Pieces of a picture as crops (n, side, side, 3): what is smaller is mirrored at its right and lower edge."""
    return np.stack([_mirrored(piece, side) for piece in pieces])


def _cut(pixels: Pixels, places: tuple[Box, ...], side: int) -> Cut:
    pieces = [pixels[box.y : box.y + box.height, box.x : box.x + box.width] for box in places]
    return Cut(filled(pieces, side), places)


def _mirrored(piece: Pixels, side: int) -> Pixels:
    missing = ((0, side - piece.shape[0]), (0, side - piece.shape[1]), (0, 0))
    # numpy repeats the mirror as often as it takes, also for a single pixel.
    return np.pad(piece, missing, mode="symmetric")


def _place(x: int, y: int, side: int, width: int, height: int) -> Box:
    return Box(x, y, min(side, width - x), min(side, height - y))


def _even(length: int, side: int, most: int) -> Iterator[int]:
    """Beginnings of at most `most` crops from edge to edge, with at most half of each in common."""
    count = min(most, 1 + (length - side) // (side // 2))
    for index in range(count):
        yield (length - side) // 2 if count == 1 else (length - side) * index // (count - 1)


def _within(value: int, most: int) -> int:
    return max(0, min(value, most))
