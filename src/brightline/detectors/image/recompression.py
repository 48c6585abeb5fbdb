"""Whether brightness was quantised by JPEG before it was last stored, and at which quality, from histograms.

A picture that is shifted by half a block has coefficients as they were before any quantisation [fridrich2002]. They
are taken through one quantisation, and through two, and what the picture really holds is compared with both: the log
likelihood ratio per block says which it was.

Source: [fridrich2002] J. Fridrich, M. Goljan, D. Hogea, Steganalysis of JPEG images: breaking the F5 algorithm, for
the shift; [lukas2003] J. Lukas, J. Fridrich, Estimation of primary quantization matrix in double compressed JPEG
images, for the histograms.
"""

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from brightline.media.jpeg_tables import Table, standard_table

Levels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

QUALITIES = np.arange(30, 99)  # of a first compression that are tried; above, nothing is left of it
BLOCKS_LEAST = 120  # blocks of 8 x 8 under which histograms say nothing
SIDE_MOST = 640  # pixels of the middle that is looked at: 6,400 blocks say as much as more
# The first ten coefficients after the mean, in zigzag order: higher ones are mostly zero.
_PLACES = ((0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0), (4, 0))
_STEPS_MOST = 24  # steps of a histogram on either side; what lies beyond is counted at its end
_ODD_SHARE = 0.03  # of coefficients that no model explains: an edited place, a clipped block
_FLOOR = 0.1  # of that share, spread evenly
_WAVE = np.arange(8)
_DCT = np.sqrt(2 / 8) * np.cos((2 * _WAVE[None, :] + 1) * _WAVE[:, None] * np.pi / 16)
_DCT[0] /= np.sqrt(2)
_TABLES = np.stack([standard_table(int(quality)) for quality in QUALITIES])  # (qualities, 8, 8)


class Earlier(msgspec.Struct, frozen=True):
    """The best explanation by an earlier compression.

    Attributes:
        quality: of the earlier compression.
        evidence: log likelihood ratio per block against none.
    """

    quality: int
    evidence: float


def middle(luma: Levels) -> Levels:
    """The middle of a picture on JPEG's grid, at most `SIDE_MOST` on a side."""
    down, across = (slice(*_middle(length)) for length in luma.shape)
    return luma[down, across]


def _middle(length: int) -> tuple[int, int]:
    start = max(0, (length - SIDE_MOST) // 2) // 8 * 8
    return start, start + SIDE_MOST


def earlier(luma: Levels, table: Table, noise: float) -> Earlier | None:
    """The best earlier compression on this grid, however weak, or None where there are too few blocks.

    Args:
        luma: (height, width) as decoded, from a corner of the grid.
        table: of the last compression; all ones for a picture that was stored without loss.
        noise: standard deviation of a coefficient after rounding to whole brightnesses.
    """
    own, free = coefficients(luma), coefficients(luma[4:, 4:])
    if len(own) < BLOCKS_LEAST or len(free) < 1:
        return None
    evidence = np.zeros(len(QUALITIES))
    for row, column in _PLACES:
        step = float(table[row, column])
        tried = _TABLES[:, row, column]
        of_step = {
            int(first): _ratio(own[:, row, column], free[:, row, column], float(first), step, noise)
            for first in np.unique(tried)
        }
        evidence += [of_step[int(first)] for first in tried]
    best = int(evidence.argmax())
    return Earlier(int(QUALITIES[best]), float(evidence[best]) / len(own))


def of_blocks(luma: Levels, table: Table, quality: int, noise: float) -> Floats:
    """For each block the log likelihood ratio of an earlier compression at `quality`, (rows, columns) of blocks.

    Args:
        luma: as for `earlier`, at least 16 pixels on a side.
        table: likewise.
        quality: of the earlier compression.
        noise: as for `earlier`.
    """
    own, free = coefficients(luma), coefficients(luma[4:, 4:])
    first_table = standard_table(quality)
    total = np.zeros(len(own))
    for row, column in _PLACES:
        first, last = float(first_table[row, column]), float(table[row, column])
        if first != last:
            total += _odds(free[:, row, column], first, last, noise)[
                _numbers(own[:, row, column], last, _STEPS_MOST)
            ]
    return total.reshape(luma.shape[0] // 8, luma.shape[1] // 8)


def coefficients(luma: Levels) -> Floats:
    """Cosine transform of the 8 x 8 blocks, (blocks, 8, 8), row frequency first; what does not fill a block is left out."""
    height, width = (length // 8 * 8 for length in luma.shape)
    blocks = luma[:height, :width].astype(np.float64).reshape(height // 8, 8, width // 8, 8)
    return np.asarray(_DCT @ (blocks.transpose(0, 2, 1, 3).reshape(-1, 8, 8) - 128.0) @ _DCT.T)


def _ratio(own: Floats, free: Floats, first: float, last: float, noise: float) -> float:
    """Log likelihood of one coefficient's histogram under quantisation by `first` and `last`, over `last` alone."""
    if first == last:
        return 0.0
    return float(_counts(own, last, _STEPS_MOST) @ _odds(free, first, last, noise))


def _odds(free: Floats, first: float, last: float, noise: float) -> Floats:
    """For each number of steps of `last`, the log likelihood ratio of `first` before it, (2 * _STEPS_MOST + 1,)."""
    once = _even(_counts(free, last, _STEPS_MOST))
    reach = int(np.ceil((_STEPS_MOST + 0.5) * last / first))
    centres = first * np.arange(-reach, reach + 1, dtype=np.float64)
    twice = _even(_counts(free, first, reach)) @ _spread(centres, last, noise)
    odd = np.convolve(once, np.ones(5) / 5, "same") + 1e-12
    odd = (1 - _FLOOR) * odd / odd.sum() + _FLOOR / len(odd)
    return np.log(_with_odd(twice, odd) / _with_odd(once, odd))


def _numbers(values: Floats, step: float, most: int) -> npt.NDArray[np.intp]:
    """Whole numbers of steps, counted from -most, which is 0."""
    return np.clip(np.round(values / step), -most, most).astype(np.intp) + most


def _counts(values: Floats, step: float, most: int) -> Floats:
    """How many values lie at each whole number of steps from -most to most."""
    return np.asarray(np.bincount(_numbers(values, step, most), minlength=2 * most + 1), dtype=np.float64)


def _even(counts: Floats) -> Floats:
    """The same for either sign, which pictures do not prefer."""
    return (counts + counts[::-1]) / 2


def _spread(centres: Floats, step: float, noise: float) -> Floats:
    """(centres, 2 * _STEPS_MOST + 1): where values around each centre come to lie when they are quantised again."""
    edges = (np.arange(-_STEPS_MOST, _STEPS_MOST + 2) - 0.5) * step
    below = ndtr((edges[None, :] - centres[:, None]) / noise)
    below[:, 0], below[:, -1] = 0.0, 1.0
    return np.asarray(np.diff(below, axis=1), dtype=np.float64)


def _with_odd(counts: Floats, odd: Floats) -> Floats:
    total = max(float(counts.sum()), 1e-12)
    return np.asarray((1 - _ODD_SHARE) / total * counts + _ODD_SHARE * odd)
