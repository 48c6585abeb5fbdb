"""Local odds of crops, laid over the whole picture as a heat map."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from brightline.core.finding import Box, Heat

CELLS = 32  # along the longer side: more than a network tells apart

Odds = npt.NDArray[np.float64]


def heat_of(width: int, height: int, places: Sequence[Box], local: Sequence[Odds]) -> Heat:
    """A heat map of probabilities above one half; what speaks against the claim or was not looked at stays at 0.

    Args:
        width: of the picture, in pixels.
        height: likewise.
        places: where was looked.
        local: for each place the log odds of its cells, (rows, columns).
    """
    cell = max(width, height) / CELLS
    columns, rows = max(1, round(width / cell)), max(1, round(height / cell))
    total, seen = np.zeros((rows, columns)), np.zeros((rows, columns))
    across = (np.arange(columns) + 0.5) * width / columns  # middles of the cells, in pixels
    down = (np.arange(rows) + 0.5) * height / rows
    for place, odds in zip(places, local, strict=True):
        xs, x_cells = _cells(across, place.x, place.width, odds.shape[1], width)
        ys, y_cells = _cells(down, place.y, place.height, odds.shape[0], height)
        total[np.ix_(ys, xs)] += odds[np.ix_(y_cells, x_cells)]
        seen[np.ix_(ys, xs)] += 1
    mean = total / np.maximum(seen, 1)
    levels = np.where(seen > 0, np.clip(2 / (1 + np.exp(-np.clip(mean, -50, 50))) - 1, 0, 1), 0.0)
    return Heat(columns, rows, np.round(255 * levels).astype(np.uint8).tobytes())


def _cells(
    middles: Odds, start: int, length: int, count: int, whole: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Cells of the map whose middle lies in a stretch of pixels, and the cell of the stretch that covers each.

    A stretch that is thinner than a cell takes the one that it lies in.
    """
    inside = np.flatnonzero((middles >= start) & (middles < start + length))
    if len(inside) == 0:
        inside = np.array([min(len(middles) - 1, int((start + length / 2) * len(middles) / whole))])
    place = np.clip((middles[inside] - start) / length, 0.0, 1.0 - 1e-9)
    return inside, np.floor(place * count).astype(np.intp)
