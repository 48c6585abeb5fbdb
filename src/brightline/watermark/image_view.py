"""A picture made ready to be searched: its luma at working size, with its own level and texture evened out."""

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from brightline.watermark.image_search import Plane, Spectrum, spectrum_of

Pixels = npt.NDArray[np.uint8]  # (height, width, 3) sRGB
Floats = npt.NDArray[np.float64]

STANDARD = 768  # pixels: pictures of a larger area are marked and searched as if shrunk to this one squared
_NARROW = 240  # pixels of the pattern across the shorter side at least, however long the other is
_LONGEST = 6  # times the shorter side that is searched; what lies beyond repeats what was seen
_WIDTH = 9  # pixels over which level and texture are evened out before searching; measured best of 7 to 41
_STEEPEST = 3.0  # deviations of the texture that one pixel may count for


class View(msgspec.Struct, frozen=True, eq=False):
    """A picture made ready to be searched with any key."""

    whitened: Plane
    scale: (
        Floats  # pixels for one of the pattern, along x and y, if the picture was neither cropped nor resized
    )
    spectrum: Spectrum


def view_of(pixels: Pixels) -> View:
    """The luma at working size with its own texture evened out, and its spectrum."""
    height, width = pixels.shape[:2]
    scale = scale_of(width, height)
    image = Image.fromarray(pixels).convert("L")
    size = (round(width / scale), round(height / scale))
    if scale > 1.0:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    luma = np.asarray(image, dtype=np.float32)
    limit = _LONGEST * min(luma.shape)
    luma = luma[:limit, :limit]
    detail = luma - ndimage.uniform_filter(luma, _WIDTH)
    spread = np.sqrt(ndimage.uniform_filter(detail**2, _WIDTH) + 1.0)
    even = np.clip(detail / spread, -_STEEPEST, _STEEPEST).astype(np.float32)
    even -= even.mean()
    return View(even, scale * np.array([size[0] / width, size[1] / height]), spectrum_of(even))


def scale_of(width: int, height: int) -> float:
    """Pixels for one pixel of the pattern, at least 1, by the picture's size alone."""
    by_area: float = (width * height) ** 0.5 / STANDARD
    return max(1.0, min(by_area, min(width, height) / _NARROW))
