"""How much a picture can be changed at each pixel before anybody sees it."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Plane = npt.NDArray[np.float32]  # (height, width), luma in [0, 255]

FLAT = 0.6  # root mean square change on an even bright surface, grey levels: half a level is lost in rounding
SHARE = 0.22  # of the texture's own amplitude that the mark may have
STRONGEST = 4.5  # grey levels, however busy the place
DARK, BRIGHT = (
    0.45,
    110.0,
)  # share of the strength that black bears, and the luma from which all of it is borne
_WIDTH = 9  # canonical pixels over which texture is judged


def mask(luma: Plane, scale: float, gain: float = 1.0) -> Plane:
    """Root mean square change in grey levels that the picture bears at each pixel.

    Textures hide much, even surfaces little. A lone edge hides nothing beside it: the mean of square roots, which
    weighs spread-out texture above single strong edges, keeps the mark from ringing around contours and letters.

    Args:
        luma: the picture.
        scale: pixels for one pixel of the pattern, 1 or more.
        gain: on what texture hides; even surfaces stay as they are.
    """
    width = max(3, round(_WIDTH * scale))
    detail = np.abs(luma - ndimage.uniform_filter(luma, width))
    texture = ndimage.uniform_filter(np.sqrt(detail), width) ** 2
    # A screen's light goes with the power 2.2 of luma: one grey level is a larger share of it in the dark.
    light = DARK + (1.0 - DARK) * np.clip(luma / BRIGHT, 0.0, 1.0)
    # Large pictures lend each pixel of the pattern many of their own, and show coarser waves to the eye.
    strength = (FLAT / np.sqrt(scale) + gain * SHARE * texture) * light
    bearable: Plane = np.minimum(ndimage.uniform_filter(strength, width), gain * STRONGEST).astype(np.float32)
    return bearable
