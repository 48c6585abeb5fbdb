"""An invisible mark in a picture: a keyed pattern in its luma that says which key marked it and what identifies it.

The pattern repeats every 96 pixels of a standard-sized picture, is stronger where texture hides it, and survives
JPEG, resizing, cropping, turning and mirroring (docs/reference/watermarks.md has the figures). It proves who marked,
to whoever has the key; it is no defence against someone who sets out to destroy it.
"""

import hashlib
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from brightline.core.errors import DetectorError, MarkingError
from brightline.watermark.image_mask import mask
from brightline.watermark.image_reading import agreement, fold, judge
from brightline.watermark.image_search import Geometry, Plane, Spectrum, candidates, spectrum_of
from brightline.watermark.image_tile import TILE, Layout, layout_of, tile_of
from brightline.watermark.keyring import Key

Pixels = npt.NDArray[np.uint8]  # (height, width, 3) sRGB
Floats = npt.NDArray[np.float64]

SMALLEST_MARKED = 256  # pixels a side; smaller pictures cannot lose a part and still tell their payload
SMALLEST_SEARCHED = 112  # pixels a side; less holds hardly more than one tile
LARGEST_P = 1e-6  # a picture is called marked when chance would do as well less often than this
STANDARD = 768  # pixels: pictures of a larger area are marked and searched as if shrunk to this one squared
_NARROW = 240  # pixels of the pattern across the shorter side at least, however long the other is
_DETAIL, _SPREAD = (
    15,
    21,
)  # pixels over which the picture's own level and texture are evened out before searching
_LONGEST = 6  # times the shorter side that is searched; what lies beyond repeats what was seen


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A watermark that was found.

    Attributes:
        key: id of the key that made it.
        payload: what it identifies, in [0, 2**48); None when the mark is there but its payload can no longer be read.
        p_value: an upper bound on how often a picture that never saw the key would look so marked, after every
            geometry, shift and key that was tried.
        score: mean agreement of the known frequencies with the key, in [-1, 1].
    """

    key: str
    payload: int | None
    p_value: float
    score: float


def embed(pixels: Pixels, key: Key, payload: int, others: Sequence[Key] = ()) -> Pixels:
    """The picture with a mark.

    Args:
        pixels: (height, width, 3) uint8, both sides at least 256.
        key: who marks.
        payload: what to mark it with, in [0, 2**48).
        others: keys whose marks must stay as they are too; give the whole keyring.

    Raises:
        MarkingError: the picture is too small, already carries a mark of these keys, or is so even that the mark
            does not read back.
        ValueError: the payload is not in [0, 2**48).
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_MARKED:
        raise MarkingError(
            f"the picture is {width} x {height}; a watermark needs {SMALLEST_MARKED} pixels a side"
        )
    earlier = detect(pixels, list({one.id: one for one in (key, *others)}.values()))
    if earlier is not None:
        raise MarkingError(
            f"the picture already carries a watermark of key `{earlier.key}`, which stays as it is"
        )
    marked = _added(pixels, key, payload)
    found = detect(marked, [key])
    if found is None or found.payload != payload:
        raise MarkingError("the watermark does not read back; the picture is too even to hide one")
    return marked


def detect(pixels: Pixels, keys: Sequence[Key]) -> Found | None:
    """The mark of the first of these keys that a picture carries beyond chance, or None.

    Args:
        pixels: (height, width, 3) uint8, both sides at least 112.
        keys: keys to look for; p-values pay for their number.

    Raises:
        DetectorError: the picture is too small to tell.
    """
    _check_size(pixels)
    view = _view(pixels)
    for key in keys:
        found = _strongest(view, key, len(keys))
        if found.p_value < LARGEST_P:
            return found
    return None


def strongest(pixels: Pixels, key: Key) -> Found:
    """The likeliest mark of one key, however unlikely that is: what `detect` compares with its threshold.

    Raises:
        DetectorError: the picture is too small to tell.
    """
    _check_size(pixels)
    return _strongest(_view(pixels), key, keys=1)


class _View(msgspec.Struct, frozen=True, eq=False):
    """A picture made ready to be searched with any key."""

    whitened: Plane
    scale: (
        Floats  # pixels for one of the pattern, along x and y, if the picture was neither cropped nor resized
    )
    spectrum: Spectrum


def _strongest(view: _View, key: Key, keys: int) -> Found:
    layout = layout_of(key)
    best = Found(key=key.id, payload=None, p_value=1.0, score=0.0)
    for geometry in _geometries(view, layout):
        agreed = agreement(fold(view.whitened, geometry), layout)
        judged = judge(agreed, keys)
        if judged.p_value < best.p_value:
            best = Found(key=key.id, payload=judged.payload, p_value=judged.p_value, score=agreed.score)
        if best.p_value < LARGEST_P:
            break
    return best


def _added(pixels: Pixels, key: Key, payload: int) -> Pixels:
    height, width = pixels.shape[:2]
    luma = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.float32)
    scale = _scale(width, height)
    # Every picture has its own origin, so that the average of many pictures does not show the pattern.
    origin = hashlib.sha256(pixels.tobytes() + key.secret_for("image")).digest()
    tile = np.roll(tile_of(key, payload), (origin[0], origin[1]), axis=(0, 1))
    change = _spread(tile, width, height, scale) * mask(luma, scale)
    marked = pixels + change[:, :, None]
    return np.clip(np.rint(marked), 0, 255).astype(np.uint8)


def _spread(tile: Floats, width: int, height: int, scale: float) -> Plane:
    """The tile repeated over (height, width) at a scale, float32."""
    reach_x, reach_y = width / scale, height / scale
    times = (int(reach_y) // TILE + 2, int(reach_x) // TILE + 2)
    pattern = np.tile(tile.astype(np.float32), times)
    if scale == 1.0:
        return pattern[:height, :width]
    box = (0.0, 0.0, reach_x, reach_y)
    spread = Image.fromarray(pattern).resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.asarray(spread, dtype=np.float32)


def _scale(width: int, height: int) -> float:
    """Pixels for one pixel of the pattern, at least 1, by the picture's size alone."""
    by_area: float = (width * height) ** 0.5 / STANDARD
    return max(1.0, min(by_area, min(width, height) / _NARROW))


def _check_size(pixels: Pixels) -> None:
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SEARCHED:
        raise DetectorError(
            f"the picture is {width} x {height}; watermarks are looked for from {SMALLEST_SEARCHED} pixels a side"
        )


def _view(pixels: Pixels) -> _View:
    """The luma at working size with its own texture evened out, and its spectrum."""
    height, width = pixels.shape[:2]
    scale = _scale(width, height)
    image = Image.fromarray(pixels).convert("L")
    size = (round(width / scale), round(height / scale))
    if scale > 1.0:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    luma = np.asarray(image, dtype=np.float32)
    limit = _LONGEST * min(luma.shape)
    luma = luma[:limit, :limit]
    detail = luma - ndimage.uniform_filter(luma, _DETAIL)
    spread = np.sqrt(ndimage.uniform_filter(detail**2, _SPREAD) + 1.0)
    even = np.clip(detail / spread, -3.0, 3.0).astype(np.float32)
    even -= even.mean()
    return _View(even, scale * np.array([size[0] / width, size[1] / height]), spectrum_of(even))


def _geometries(view: _View, layout: Layout) -> Iterator[Geometry]:
    """Geometries to try; the first is that of a picture that was neither cropped nor resized."""
    yield np.diag(1.0 / view.scale)
    yield from candidates(view.spectrum, layout)
