"""Reading a pattern whose geometry is known: lay all tiles over each other, test the phases, decode the payload.

The proof rests on the key's phases alone. For a picture that was made without the key they are independent uniform
angles, whatever the picture shows, so the chance of their agreeing this well has a bound that needs no model of
pictures: for weights w and angles a, P(sum w cos a >= s) <= exp(-s^2 / sum w^2), from E exp(t cos a) = I0(t) <=
exp(t^2 / 4) and Chernoff's bound. It is multiplied by the number of shifts, turns, geometries and keys tried.
The payload's phases are independent of those: without a mark every message is equally likely to be decoded, and its
checksum holds once in 2^24 times, which multiplies the chance again.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from brightline.watermark.coding import CRC_BITS, decode
from brightline.watermark.image_search import FOLLOWED, Geometry, Plane
from brightline.watermark.image_tile import TILE, Layout

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

FINE = 2  # cells a pixel of the pattern when tiles are laid over each other
SIDE = TILE * FINE
_HEAVIEST = 3.0  # weight of a frequency in levels of its neighbourhood: a picture's own stripes shall not decide alone
_NEAR = np.arange(-3, 4) / 8.0  # of a cell: shifts tried around the best one before the payload is read

# The quarter turns and mirrorings of the square, as integer matrices on frequencies.
_TURNS = ([[1, 0], [0, 1]], [[0, -1], [1, 0]], [[-1, 0], [0, -1]], [[0, 1], [-1, 0]])
EIGHT_WAYS = tuple(np.array(turn) @ np.diag([1, side]) for side in (1, -1) for turn in _TURNS)
SHIFTS = SIDE * SIDE * len(EIGHT_WAYS)  # tests made of one geometry
GEOMETRIES = 1 + FOLLOWED  # tried for each key: that of an uncropped picture, and those that were searched


class Agreement(msgspec.Struct, frozen=True, eq=False):
    """How well the best shift of one geometry agrees with a key.

    Attributes:
        exponent: natural logarithm of one over the bound for this one test.
        score: weighted mean cosine between foretold and found phases.
        payload: soft values of the payload's bits.
    """

    exponent: float
    score: float
    payload: Floats


class Judgement(msgspec.Struct, frozen=True):
    """What an agreement proves: a payload, or None when it can no longer be read, and a p-value."""

    payload: int | None
    p_value: float


def fold(whitened: Plane, geometry: Geometry) -> Complex:
    """(SIDE, SIDE) spectrum of the mean of all tiles of a picture, for one geometry."""
    height, width = whitened.shape
    across, down = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    # Patterns of frequency B f lie where coordinates of the pattern are B' x.
    step = (geometry.T * FINE).astype(np.float32)
    column = np.floor(step[0, 0] * across + (step[0, 1] * down)[:, None]).astype(np.int32) % SIDE
    row = np.floor(step[1, 0] * across + (step[1, 1] * down)[:, None]).astype(np.int32) % SIDE
    cells = (row * SIDE + column).ravel()
    total = np.bincount(cells, weights=whitened.ravel(), minlength=SIDE * SIDE)
    count = np.bincount(cells, minlength=SIDE * SIDE)
    folded: Complex = fft.fft2((total / np.maximum(count, 1)).reshape(SIDE, SIDE))
    return folded


def agreement(tile: Complex, layout: Layout) -> Agreement:
    """The best agreement of a folded picture with a key, over quarter turns, mirrorings and all shifts."""
    level = ndimage.uniform_filter(np.abs(tile), 7, mode="wrap")
    best = max((_one_way(tile, level, layout, way) for way in EIGHT_WAYS), key=lambda one: one.exponent)
    return Agreement(best.exponent, best.score, _soft(best.values, layout, best.shift))


def judge(found: Agreement, keys: int) -> Judgement:
    """The payload, if its checksum holds, and an upper bound on how often chance does as well.

    Args:
        found: the best agreement of one geometry.
        keys: how many keys are looked for.
    """
    tried = GEOMETRIES * keys
    alone = min(1.0, SHIFTS * math.exp(-found.exponent))
    payload = decode(found.payload)
    # Two tests, with and without the payload; the factor 2 pays for taking the better one.
    better = alone if payload is None else alone * 2.0**-CRC_BITS
    return Judgement(payload, min(1.0, 2.0 * tried * better))


class _Way(msgspec.Struct, frozen=True, eq=False):
    """The best shift (x, y, in cells) of one way of turning, and all values turned back by the key's phases."""

    exponent: float
    score: float
    values: Complex
    shift: Floats


def _one_way(tile: Complex, level: Floats, layout: Layout, way: npt.NDArray[np.int64]) -> _Way:
    u, v = way @ layout.frequencies.T
    values = tile[v % SIDE, u % SIDE]
    size = np.abs(values) + 1e-12
    # Weights look at sizes only, which leaves the phases independent of them.
    weights = np.minimum(size / (level[v % SIDE, u % SIDE] + 1e-12), _HEAVIEST)
    values = values / size * weights * np.exp(-1j * layout.phases)
    known = slice(0, layout.known)
    total, shift = _best_shift(values[known], layout.frequencies[known])
    weight = weights[known]
    exponent = total**2 / float(weight @ weight) if total > 0 else 0.0
    return _Way(exponent, total / float(weight.sum()), values, shift)


def _best_shift(values: Complex, frequencies: npt.NDArray[np.int64]) -> tuple[float, Floats]:
    """The largest sum of cosines over all shifts, and that shift (x, y) in cells."""
    grid = np.zeros((SIDE, SIDE), dtype=np.complex64)
    u, v = frequencies.T
    grid[v % SIDE, u % SIDE] = values
    sums = fft.fft2(grid).real
    y, x = np.unravel_index(int(sums.argmax()), sums.shape)
    return float(sums[y, x]), np.array([x, y], dtype=np.float64)


def _soft(values: Complex, layout: Layout, shift: Floats) -> Floats:
    """Soft values of the payload's bits, after the shift is made finer on what is known."""
    turns = -2j * np.pi / SIDE * layout.frequencies
    at_x, at_y = (np.exp(turns[:, axis, None] * (shift[axis] + _NEAR)) for axis in (0, 1))
    known = slice(0, layout.known)
    sums = np.einsum("k,ky,kx->yx", values[known], at_y[known], at_x[known]).real
    y, x = np.unravel_index(int(sums.argmax()), sums.shape)
    payload = slice(layout.known, None)
    still = values[payload] * at_y[payload, y] * at_x[payload, x]
    return np.stack([still.real, still.imag], axis=1).ravel()
