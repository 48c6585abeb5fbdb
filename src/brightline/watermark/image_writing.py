"""Adding the pattern to a picture's pixels."""

import hashlib

import numpy as np
import numpy.typing as npt
from PIL import Image

from brightline.watermark.image_mask import mask
from brightline.watermark.image_search import Plane
from brightline.watermark.image_tile import TILE, tile_of
from brightline.watermark.image_view import Pixels, scale_of
from brightline.watermark.keyring import Key

Floats = npt.NDArray[np.float64]


def added(pixels: Pixels, key: Key, payload: int, gain: float) -> Pixels:
    """The picture with the pattern of a key and a payload.

    Args:
        pixels: (height, width, 3) uint8.
        key: who marks.
        payload: what to mark it with, in [0, 2**48).
        gain: on what texture hides; even surfaces are never given more.
    """
    height, width = pixels.shape[:2]
    luma = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.float32)
    scale = scale_of(width, height)
    # Every picture has its own origin, so that the average of many pictures does not show the pattern.
    origin = hashlib.sha256(pixels.tobytes() + key.secret_for("image")).digest()
    tile = np.roll(tile_of(key, payload), (origin[0], origin[1]), axis=(0, 1))
    change = _spread(tile, width, height, scale) * mask(luma, scale, gain)
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
