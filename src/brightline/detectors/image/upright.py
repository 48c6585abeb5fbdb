"""A face cut out of its picture upright, in one size, its points where a network expects them."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from brightline.detectors.image.faces import Face
from brightline.media.image import Pixels

# Where the points lie in an aligned face, as shares of its side: [deng2019] ArcFace, made symmetric.
_UPRIGHT = ((0.342, 0.461), (0.658, 0.461), (0.5, 0.640), (0.370, 0.824), (0.630, 0.824))


def align(pixels: Pixels, face: Face, size: int, margin: float = 0.0) -> Pixels:
    """The face cut out upright, its eyes level, scaled to `size` pixels a side; what lies outside is mirrored.

    Args:
        pixels: (height, width, 3) uint8 sRGB, the picture that the face was found in.
        face: where it stands.
        size: pixels of a side of what is given, 8 to 1024.
        margin: what to show around the face, as a share of its side on each side, 0 to 2.

    Returns:
        (size, size, 3) uint8 sRGB.
    """
    template = [
        ((x + margin) / (1.0 + 2.0 * margin), (y + margin) / (1.0 + 2.0 * margin)) for x, y in _UPRIGHT
    ]
    return align_to(pixels, face, template, size)


def align_to(pixels: Pixels, face: Face, template: Sequence[tuple[float, float]], size: int) -> Pixels:
    """The face cut out so that its five points come as near as can be to those of a template.

    Args:
        pixels: (height, width, 3) uint8 sRGB, the picture that the face was found in.
        face: where it stands.
        template: the five points, as shares of the side of what is given.
        size: pixels of that side.
    """
    found = np.array([(point.x, point.y) for point in face.points])
    return _warped(pixels, _similarity(np.array(template) * size, found), size)


def _similarity(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The turn, scale and shift that bring `source` nearest to `target`: (2, 3), least squares over (n, 2) points."""
    (x, y), ones, zeros = source.T, np.ones(len(source)), np.zeros(len(source))
    rows = np.concatenate([np.stack([x, -y, ones, zeros], 1), np.stack([y, x, zeros, ones], 1)])
    a, b, across, down = np.linalg.lstsq(rows, target.T.reshape(-1), rcond=None)[0]
    return np.array([[a, -b, across], [b, a, down]])


def _warped(pixels: Pixels, matrix: npt.NDArray[np.float64], size: int) -> Pixels:
    """`size` x `size` pixels, each taken from where the matrix puts it; shrunk before, so that nothing flickers."""
    height, width = pixels.shape[:2]
    corners = matrix @ np.array([[0, size, 0, size], [0, 0, size, size], [1, 1, 1, 1]], dtype=np.float64)
    factor = max(1, int(math.hypot(matrix[0, 0], matrix[1, 0])))
    low = np.clip(np.floor(corners.min(1)).astype(int) - 2 * factor, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(1)).astype(int) + 2 * factor, low + 1, [width, height])
    part = Image.fromarray(np.ascontiguousarray(pixels[low[1] : high[1], low[0] : high[0]])).reduce(factor)
    moved = (matrix - np.array([[0, 0, low[0]], [0, 0, low[1]]])) / factor
    around, outside = _mirrored_around(np.asarray(part), (corners - low[:, None]) / factor)
    moved[:, 2] += outside
    data = (moved[0, 0], moved[0, 1], moved[0, 2], moved[1, 0], moved[1, 1], moved[1, 2])
    given = Image.fromarray(around).transform(
        (size, size), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC
    )
    return np.asarray(given)


def _mirrored_around(part: Pixels, corners: npt.NDArray[np.float64]) -> tuple[Pixels, npt.NDArray[np.intp]]:
    """The pixels with what lies outside them mirrored, as far as the corners reach, and how much was put before."""
    length = np.array([part.shape[1], part.shape[0]])
    before = np.maximum(0, 2 - np.floor(corners.min(1)).astype(int))
    behind = np.maximum(0, np.ceil(corners.max(1)).astype(int) + 2 - length)
    columns, rows = (_mirrored(-before[axis], length[axis] + behind[axis], length[axis]) for axis in (0, 1))
    return np.ascontiguousarray(part[np.ix_(rows, columns)]), before


def _mirrored(start: int, end: int, length: int) -> npt.NDArray[np.intp]:
    """Indices `start` to `end` into `length` rows; beyond the edges they run back."""
    index = np.arange(start, end) % (2 * length)
    return np.where(index < length, index, 2 * length - 1 - index)
