"""The letters of one line in a picture, measured: height of the ink, and contrast with what lies around it."""

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.finding import Box
from brightline.media.contrast import contrast, luminance
from brightline.media.image import Pixels

MEASURED_HEIGHT = 240  # rows of a crop that are measured; higher ones are thinned out
_BINS = 64  # of the histogram that separates ink from ground
_TILT = 0.04  # share of a row's columns that have to be ink for it to count; specks of noise do not
_CORE = (
    30.0  # percent of the ink, and of the ground, farthest from the other: strokes without their soft edges
)

Mask = npt.NDArray[np.bool_]


class Ink(msgspec.Struct, frozen=True):
    """Rows of the picture that the letters fill, and WCAG contrast of their strokes with the ground, 1 to 21."""

    height: float
    contrast: float


def measure(pixels: Pixels, box: Box) -> Ink:
    """Measure a line that stands in `box` of the picture.

    Ink and ground are the two halves of the brightness histogram (Otsu 1979); the ground is what the box's rim shows.
    """
    crop = pixels[box.y : box.y + box.height, box.x : box.x + box.width]
    step = max(1, crop.shape[0] // MEASURED_HEIGHT)
    bright = luminance(crop[::step, ::step]) ** (1 / 2.2)  # about as the eye spreads it
    ink = _ink(bright)
    if not ink.any() or ink.all():
        return Ink(0.0, 1.0)
    strokes, ground = bright[ink], bright[~ink]
    darker = float(np.median(strokes)) < float(np.median(ground))
    stroke = float(np.percentile(strokes, _CORE / 2 if darker else 100 - _CORE / 2)) ** 2.2
    around = float(np.median(ground)) ** 2.2
    return Ink(round(_rows(ink) * step, 1), round(contrast(stroke, around), 2))


def _ink(bright: npt.NDArray[np.float64]) -> Mask:
    above = bright > _threshold(bright)
    rim = np.concatenate([above[0], above[-1], above[:, 0], above[:, -1]])
    return np.asarray(~above if rim.mean() > 0.5 else above)


def _threshold(bright: npt.NDArray[np.float64]) -> float:
    """The value that parts the histogram into two classes with the greatest variance between them."""
    counts, edges = np.histogram(bright, bins=_BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * middles)
    valid = (below > 0) & (above > 0)
    if not valid.any():
        return float(middles[0])
    gap = np.zeros(_BINS)
    gap[valid] = total[valid] / below[valid] - (total[-1] - total[valid]) / above[valid]
    spread = below.astype(np.float64) * above * gap**2
    best = np.flatnonzero(spread >= spread.max() * (1 - 1e-9))
    return float(edges[1:][best].mean())


def _rows(ink: Mask) -> int:
    """Rows from the first to the last that hold more ink than specks."""
    filled = np.flatnonzero(ink.sum(axis=1) > _TILT * max(1, int(ink.any(axis=0).sum())))
    return int(filled[-1] - filled[0] + 1) if len(filled) else 0
