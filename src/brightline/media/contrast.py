"""Luminance and contrast as WCAG 2.2 defines them: how well words stand out from what lies behind them."""

import numpy as np
import numpy.typing as npt

from brightline.media.image import Pixels

Luminance = npt.NDArray[np.float64]  # (height, width), 0 black to 1 white

_LINEAR = np.where(
    np.arange(256) / 255.0 <= 0.04045,
    np.arange(256) / 255.0 / 12.92,
    ((np.arange(256) / 255.0 + 0.055) / 1.055) ** 2.4,
)  # IEC 61966-2-1
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def luminance(pixels: Pixels) -> Luminance:
    """Relative luminance of each pixel (WCAG 2.2, relative luminance).

    >>> luminance(np.full((1, 1, 3), 255, dtype=np.uint8)).round(6).tolist()
    [[1.0]]
    """
    return np.asarray(_LINEAR[pixels] @ _WEIGHTS)


def contrast(one: float, other: float) -> float:
    """Contrast ratio of two luminances, 1 to 21 (WCAG 2.2, contrast ratio).

    >>> round(contrast(0.0, 1.0), 6)
    21.0
    """
    light, dark = max(one, other), min(one, other)
    return (light + 0.05) / (dark + 0.05)
