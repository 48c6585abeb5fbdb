"""Which native pixels of a picture are looked at: square crops at fixed places, the same for the same bytes.

Shrinking would wipe out the traces that generators leave, so nothing is ever resized.
"""

from collections.abc import Iterator

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
    height, width = pixels.shape[:2]
    roomy = _mirrored(pixels, side)
    free_y, free_x = roomy.shape[0] - side, roomy.shape[1] - side
    chosen: list[tuple[int, int]] = []
    for down, across in ((2, 2), (1, 1), (1, 3), (3, 1), (3, 3)):  # in quarters of the picture
        y = _within(roomy.shape[0] * down // 4 - side // 2, free_y)
        x = _within(roomy.shape[1] * across // 4 - side // 2, free_x)
        if len(chosen) < most and all(abs(y - b) >= APART or abs(x - a) >= APART for b, a in chosen):
            chosen.append((y, x))
    return _cut(roomy, chosen, side, width, height)


def tiles(pixels: Pixels, side: int, most: int) -> Cut:
    """Crops spread evenly from edge to edge, at most `most` a side; the picture is mirrored as above."""
    height, width = pixels.shape[:2]
    roomy = _mirrored(pixels, side)
    ys, xs = (list(_even(length, side, most)) for length in roomy.shape[:2])
    return _cut(roomy, [(y, x) for y in ys for x in xs], side, width, height)


def _mirrored(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    if min(height, width) >= side:
        return pixels
    missing = ((0, max(0, side - height)), (0, max(0, side - width)), (0, 0))
    # numpy repeats the mirror as often as it takes, also for a single pixel.
    return np.pad(pixels, missing, mode="symmetric")


def _cut(roomy: Pixels, corners: list[tuple[int, int]], side: int, width: int, height: int) -> Cut:
    places = tuple(Box(x, y, max(1, min(side, width - x)), max(1, min(side, height - y))) for y, x in corners)
    return Cut(np.stack([roomy[y : y + side, x : x + side] for y, x in corners]), places)


def _even(length: int, side: int, most: int) -> Iterator[int]:
    """Beginnings of at most `most` crops from edge to edge, with at most half of each in common."""
    count = min(most, 1 + (length - side) // (side // 2))
    for index in range(count):
        yield (length - side) // 2 if count == 1 else (length - side) * index // (count - 1)


def _within(value: int, most: int) -> int:
    return max(0, min(value, most))
