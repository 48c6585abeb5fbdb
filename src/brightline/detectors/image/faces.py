"""Faces in a picture: where they stand, and five points of each; `upright.py` cuts them out.

MTCNN [zhang2016]: a small network looks at the picture in many sizes for what may be a face, a second and a third
look closer. "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks", IEEE SPL 23(10).
Faces are found, never named.
"""

import math
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

from brightline.core.finding import Box
from brightline.media.image import Pixels
from brightline.weights.network import Network
from brightline.weights.store import network_bytes

LONGEST = 1024  # pixels of the longer side that are looked at; larger pictures are shrunk first
LEAST = 40  # pixels: smaller faces are not looked for unless asked; they cost most and tell least
FACES_LIMIT = 32  # faces told of one picture, the surest first
CONFIDENCE = (
    0.95  # of the third network: 98.6 % of 280 faces are above it, and 5 boxes that are none in 981 pictures
)

_STEP = 0.709  # between sizes of the picture: half the area, as in the paper
_WINDOW = 12  # pixels of a face that the first network knows
_STRIDE = 2  # pixels between its answers
_SMALLEST = 16  # pixels of a face in the picture as it is looked at: under it the first network sees noise
_PROPOSED = 0.6  # thresholds of the first and second networks, as in the paper
_REFINED = 0.7
_EACH_SIZE = 256  # proposals kept of each size, by probability: bounds what a picture of noise costs
_TO_REFINE = 192  # of all sizes together
_TO_POINT = 64
_STRIP_PIXELS = 2_000_000  # shrunk at a time
_MARGIN = 0.25  # of the longer side, around the picture: a box may lie partly outside
Values = npt.NDArray[np.float32]


class Point(msgspec.Struct, frozen=True):
    """A place in the picture, in its pixels."""

    x: float
    y: float


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """One face.

    Attributes:
        box: around it, in pixels of the picture, cut to the picture.
        points: eye, eye, nose, corner of the mouth, corner; of each pair the one at the left of the picture first.
        confidence: of the network that it is a face, in [0, 1]; not calibrated.
    """

    box: Box
    points: tuple[Point, Point, Point, Point, Point]
    confidence: float

    @property
    def side(self) -> int:
        """The longer side of the box, in pixels."""
        return max(self.box.width, self.box.height)


def find_faces(pixels: Pixels, *, least: int = LEAST, confidence: float = CONFIDENCE) -> tuple[Face, ...]:
    """Faces in an upright picture, the surest first, at most `FACES_LIMIT`.

    Args:
        pixels: (height, width, 3) uint8 sRGB.
        least: pixels of the smallest face that is looked for; about 20 is as small as can be found.
        confidence: in [0, 1], under which a face is left out.

    Raises:
        DetectorError: the networks are not those that ship, or do not fit into memory.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    smallest = max(_SMALLEST, least * scale)
    if min(height, width) * scale < smallest:
        return ()
    looked_at = _Looked.at(pixels, scale)
    boxes = _proposals(looked_at.copies[0], smallest)
    boxes = _refined(looked_at, boxes)
    return _pointed(looked_at, boxes, confidence, scale, (height, width))


class _Looked(msgspec.Struct, frozen=True):
    """The picture as it is looked at, with a margin, and smaller copies: each half the side of the one before."""

    copies: tuple[Image.Image, ...]  # the first without margin
    margin: int

    @classmethod
    def at(cls, pixels: Pixels, scale: float) -> "_Looked":
        image = _shrunk(pixels, scale)
        margin = math.ceil(max(image.size) * _MARGIN / 64) * 64  # halves six times without a rest
        around = ((margin, margin), (margin, margin), (0, 0))
        copies = [image, Image.fromarray(np.pad(np.asarray(image), around, mode="edge"))]
        while min(copies[-1].size) >= 64:
            copies.append(copies[-1].reduce(2))
        return cls(tuple(copies), margin)

    def cut(self, boxes: Values, side: int) -> Values:
        """(n, 3, side, side) float32 in 0 to 255, one for each box; boxes beyond the margin are cut."""
        given = np.empty((len(boxes), side, side, 3), dtype=np.uint8)
        for index, box in enumerate(boxes[:, :4].astype(np.float64) + self.margin):
            level = int(np.clip(math.log2(max(1.0, (box[2] - box[0]) / (2 * side))), 0, len(self.copies) - 2))
            copy = self.copies[level + 1]
            place = np.clip(box / 2**level, 0, [*copy.size, *copy.size])
            if place[2] - place[0] < 1 or place[3] - place[1] < 1:
                given[index] = 0
                continue
            left, top, right, bottom = (float(value) for value in place)
            small = copy.resize((side, side), Image.Resampling.BOX, box=(left, top, right, bottom))
            given[index] = np.asarray(small)
        return _as_input(given)


def _shrunk(pixels: Pixels, scale: float) -> Image.Image:
    """The picture at that scale; a large one strip by strip, since Pillow's copy of it would not fit into a worker."""
    height, width = pixels.shape[:2]
    factor = int(1.0 / scale)
    if factor > 1:
        rows = max(1, _STRIP_PIXELS // (width * factor)) * factor
        strips = (Image.fromarray(pixels[y : y + rows]).reduce(factor) for y in range(0, height, rows))
        pixels = np.concatenate([np.asarray(strip) for strip in strips])
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(pixels)
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _as_input(pixels: npt.NDArray[np.uint8]) -> Values:
    """(n, 3, height, width) float32, 0 to 255."""
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32)


def _proposals(image: Image.Image, smallest: float) -> Values:
    """(n, 5) square boxes and probabilities, of all sizes of face from `smallest` on."""
    scale = _WINDOW / smallest
    found = [np.empty((0, 5), dtype=np.float32)]
    while min(image.size) * scale >= _WINDOW:
        size = (math.ceil(image.width * scale), math.ceil(image.height * scale))
        small = np.asarray(image.resize(size, Image.Resampling.BOX))
        found.append(_of_one_size(small, scale))
        scale *= _STEP
    boxes = np.concatenate(found)
    return _square(boxes[_apart(boxes, 0.7)[:_TO_REFINE]])


def _of_one_size(small: npt.NDArray[np.uint8], scale: float) -> Values:
    heats, shifts = _network("face_proposals").run(_as_input(small[None]), ("face", "shift"))
    heat, shift = heats[0], shifts[0]
    rows, columns = np.nonzero(heat > _PROPOSED)
    best = np.argsort(-heat[rows, columns], kind="stable")[:_EACH_SIZE]
    rows, columns = rows[best], columns[best]
    corner = np.stack([columns, rows], axis=1).astype(np.float32) * _STRIDE
    side = _WINDOW / scale
    boxes = np.concatenate([corner / scale, (corner + _WINDOW) / scale], axis=1)
    boxes = boxes + shift[:, rows, columns].T * side
    boxes = np.concatenate([boxes, heat[rows, columns, None]], axis=1).astype(np.float32)
    kept: Values = boxes[_apart(boxes, 0.5)]
    return kept


def _refined(looked_at: _Looked, boxes: Values) -> Values:
    if not len(boxes):
        return boxes
    faces, shifts = _network("face_refine").run(looked_at.cut(boxes, 24), ("face", "shift"))
    return _square(_moved(boxes, faces, shifts, _REFINED)[0][:_TO_POINT])


def _pointed(
    looked_at: _Looked, boxes: Values, confidence: float, scale: float, shape: tuple[int, int]
) -> tuple[Face, ...]:
    if not len(boxes):
        return ()
    outputs = _network("face_points").run(looked_at.cut(boxes, 48), ("face", "shift", "points"))
    moved, kept = _moved(boxes, outputs[0], outputs[1], confidence, within=True)
    corners, sides = boxes[kept, None, :2], boxes[kept, None, 2:4] - boxes[kept, None, :2]
    places = corners + outputs[2][kept].reshape(-1, 2, 5).transpose(0, 2, 1) * sides
    faces = (
        _face(box / np.array([scale] * 4 + [1.0], dtype=np.float32), points / scale, shape)
        for box, points in zip(moved, places, strict=True)
    )
    return tuple(face for face in faces if face is not None)[:FACES_LIMIT]


def _moved(
    boxes: Values, faces: Values, shifts: Values, least: float, *, within: bool = False
) -> tuple[Values, npt.NDArray[np.intp]]:
    """Boxes that are faces, moved as the network says, each only once; and which of the boxes they were."""
    sure = np.nonzero(faces > least)[0]
    sides = boxes[sure, 2:4] - boxes[sure, :2]
    moved = boxes[sure, :4] + shifts[sure] * np.concatenate([sides, sides], axis=1)
    moved = np.concatenate([moved, faces[sure, None]], axis=1).astype(np.float32)
    apart = _apart(moved, 0.7 if not within else 0.6, within=within)
    return moved[apart], sure[apart]


def _apart(boxes: Values, most: float, *, within: bool = False) -> npt.NDArray[np.intp]:
    """Which boxes to keep, the surest first, so that no two overlap by more than `most`.

    Args:
        boxes: (n, 5).
        most: shared area over the area of both together.
        within: over the smaller area instead, so that a box inside another counts.
    """
    areas = np.maximum(0, boxes[:, 2] - boxes[:, 0]) * np.maximum(0, boxes[:, 3] - boxes[:, 1])
    left = np.argsort(-boxes[:, 4], kind="stable")
    kept = []
    while len(left):
        first, left = left[0], left[1:]
        kept.append(first)
        corner = np.maximum(boxes[first, :2], boxes[left, :2])
        sides = np.maximum(0, np.minimum(boxes[first, 2:4], boxes[left, 2:4]) - corner)
        shared = sides[:, 0] * sides[:, 1]
        whole = np.minimum(areas[first], areas[left]) if within else areas[first] + areas[left] - shared
        left = left[shared <= most * whole]
    return np.array(kept, dtype=np.intp)


def _square(boxes: Values) -> Values:
    """Each box grown to a square around its middle."""
    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    half = (boxes[:, 2:4] - boxes[:, :2]).max(axis=1, initial=0.0, keepdims=True) / 2
    return np.concatenate([middle - half, middle + half, boxes[:, 4:]], axis=1).astype(np.float32)


def _face(box: Values, points: Values, shape: tuple[int, int]) -> Face | None:
    height, width = shape
    left, top = max(0, round(float(box[0]))), max(0, round(float(box[1])))
    right, bottom = min(width, round(float(box[2]))), min(height, round(float(box[3])))
    if right <= left or bottom <= top:
        return None
    one, two, three, four, five = (Point(round(float(x), 2), round(float(y), 2)) for x, y in points)
    return Face(
        box=Box(left, top, right - left, bottom - top),
        points=(one, two, three, four, five),
        confidence=round(float(box[4]), 4),
    )


@cache
def _network(name: str) -> Network:
    return Network(network_bytes(name), name)
