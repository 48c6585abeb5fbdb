"""Which native pixels of a picture a model looks at: crops of a fixed side, on JPEG's grid, the same for the same bytes.

Shrinking would wipe out the traces that generators leave, so nothing is resized, unless a picture is too small.
"""

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

from brightline.core.finding import Box
from brightline.media.image import Pixels

GRID = 8  # pixels: the block of JPEG; crops begin on it, as those in training did
COUNT_MOST = 16  # crops of one picture
_CANDIDATES = 8  # places in a row and in a column among which the busiest are sought


class CropRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to choose crops.

    Attributes:
        side: pixels of a crop's side.
        count: how many at most; a small picture has room for fewer.
        where: `centre` one in the middle; `spread` evenly over the picture, edges included; `busiest` those of an
            even grid with the most texture, since a clear sky tells nothing.
        small: what happens to a picture that is smaller than a crop on a side: `reflect` mirrors its edges,
            `enlarge` scales it up until it fits.
    """

    side: int
    count: int = 1
    where: Literal["centre", "spread", "busiest"] = "spread"
    small: Literal["reflect", "enlarge"] = "reflect"

    def __post_init__(self) -> None:
        """Refuse what no picture could satisfy."""
        if not (GRID <= self.side <= 1024 and 1 <= self.count <= COUNT_MOST):
            raise ValueError(
                f"crop rule of {self.count} x {self.side} px, expected up to {COUNT_MOST} of 8 to 1024"
            )


class Cut(msgspec.Struct, frozen=True):
    """Crops, and where each lies in the picture (in its pixels; smaller than the crop where it was padded or scaled)."""

    crops: Pixels  # (n, side, side, 3), but numpy has no type for that
    places: tuple[Box, ...]


def cut(pixels: Pixels, rule: CropRule) -> Cut:
    """Cut crops out of an upright picture.

    Args:
        pixels: (height, width, 3) uint8 sRGB, both sides at least 1.
        rule: how.
    """
    height, width = pixels.shape[:2]
    roomy = _roomy(pixels, rule)
    corners = _corners(roomy, rule)
    crops = np.stack([roomy[y : y + rule.side, x : x + rule.side] for x, y in corners])
    return Cut(crops, tuple(_place(x, y, rule, roomy.shape, width, height) for x, y in corners))


def _roomy(pixels: Pixels, rule: CropRule) -> Pixels:
    """The picture, grown to at least one crop where it is smaller."""
    height, width = pixels.shape[:2]
    if min(height, width) >= rule.side:
        return pixels
    if rule.small == "enlarge":
        scale = rule.side / min(height, width)
        size = (max(rule.side, round(width * scale)), max(rule.side, round(height * scale)))
        return np.asarray(_middle(pixels).resize(_bounded(size, rule), Image.Resampling.BICUBIC))
    down, across = max(0, rule.side - height), max(0, rule.side - width)
    # numpy's `symmetric` repeats the mirror as often as it takes, also for a single pixel.
    return np.pad(pixels, ((0, down), (0, across), (0, 0)), mode="symmetric")


def _middle(pixels: Pixels) -> Image.Image:
    """A strip is cut to its middle, so that scaling it up stays bounded."""
    height, width = pixels.shape[:2]
    most = max(1, min(height, width) * COUNT_MOST)
    y, x = max(0, (height - most) // 2), max(0, (width - most) // 2)
    return Image.fromarray(np.ascontiguousarray(pixels[y : y + most, x : x + most]))


def _bounded(size: tuple[int, int], rule: CropRule) -> tuple[int, int]:
    return min(size[0], rule.side * COUNT_MOST), min(size[1], rule.side * COUNT_MOST)


def _corners(pixels: Pixels, rule: CropRule) -> list[tuple[int, int]]:
    """Upper left corners (x, y) of the crops, no two alike."""
    height, width = pixels.shape[:2]
    if rule.where == "centre" or rule.count == 1:
        return [(_on_grid((width - rule.side) / 2), _on_grid((height - rule.side) / 2))]
    if rule.where == "spread":
        columns, rows = _layout(width, height, rule)
        return _grid(width, height, rule.side, columns, rows)[: rule.count]
    columns = min(_CANDIDATES, max(1, width // rule.side))
    rows = min(_CANDIDATES, max(1, height // rule.side))
    candidates = _grid(width, height, rule.side, columns, rows)
    texture = [_texture(pixels[y : y + rule.side, x : x + rule.side]) for x, y in candidates]
    best = sorted(range(len(candidates)), key=lambda index: (-texture[index], index))[: rule.count]
    return [candidates[index] for index in sorted(best)]


def _layout(width: int, height: int, rule: CropRule) -> tuple[int, int]:
    """Columns and rows, as near to square cells as `count` allows, and no more than there is room for."""
    choices = [(columns, rule.count // columns) for columns in range(1, rule.count + 1)]
    wanted = width / height
    columns, rows = min(choices, key=lambda one: (abs(np.log(one[0] / one[1] / wanted)), -one[0] * one[1]))
    return min(columns, _most(width, rule.side)), min(rows, _most(height, rule.side))


def _most(length: int, side: int) -> int:
    """How many crops lie in a row with at most half of each in common: more of the same pixels tells nothing new."""
    return 1 + (length - side) // (side // 2)


def _grid(width: int, height: int, side: int, columns: int, rows: int) -> list[tuple[int, int]]:
    """Corners on an even grid from edge to edge; a single row or column lies in the middle."""
    xs = dict.fromkeys(_on_grid(_even(width - side, index, columns)) for index in range(columns))
    ys = dict.fromkeys(_on_grid(_even(height - side, index, rows)) for index in range(rows))
    return [(x, y) for y in ys for x in xs]


def _even(room: int, index: int, count: int) -> float:
    return room / 2 if count == 1 else room * index / (count - 1)


def _on_grid(value: float) -> int:
    return max(0, int(value) // GRID * GRID)


def _texture(crop: npt.NDArray[np.uint8]) -> float:
    """Mean step between neighbours, each bounded so that a few hard edges do not count as texture."""
    green = crop[..., 1].astype(np.int16)
    across, down = np.abs(np.diff(green, axis=1)), np.abs(np.diff(green, axis=0))
    return float(np.minimum(across, 16).mean() + np.minimum(down, 16).mean())


def _place(x: int, y: int, rule: CropRule, shape: tuple[int, ...], width: int, height: int) -> Box:
    """Where a crop lies in the picture as it was before it was grown."""
    if rule.small == "enlarge" and min(width, height) < rule.side:
        scale = min(width, height) / rule.side
        left = (width - min(width, shape[1] * scale)) / 2
        top = (height - min(height, shape[0] * scale)) / 2
        x, y, side = round(left + x * scale), round(top + y * scale), round(rule.side * scale)
    else:
        side = rule.side
    x, y = min(x, width - 1), min(y, height - 1)
    return Box(x, y, max(1, min(side, width - x)), max(1, min(side, height - y)))
