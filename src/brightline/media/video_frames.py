"""A decoded video frame becomes pixels as a viewer sees them: upright, 8-bit sRGB, fields woven out, HDR brought down.

Also the glance: a few numbers of a frame that tell a cut from a movement.
"""

from functools import cache

import av
import numpy as np
import numpy.typing as npt

from brightline.media.image import Pixels

Glance = npt.NDArray[np.float32]  # (GLANCE_NUMBERS,), non-negative, each quarter and channel sums to 1

GLANCE_WIDTH, GLANCE_HEIGHT = 48, 28  # samples of a frame, taken without smoothing: 0.05 ms at 1080p
GLANCE_BINS = 16  # of each channel in each quarter
GLANCE_NUMBERS = 4 * 3 * GLANCE_BINS
CUT = 0.45  # of the total variation between two frames in a row; pans and zooms stay under 0.3
PQ, HLG = 16, 18  # transfer characteristics of ITU-T H.273, table 3: SMPTE ST 2084 and ARIB STD-B67
UNSPECIFIED, ITU709 = 2, 1  # matrix coefficients of ITU-T H.273, table 4
HD_LINES = 720  # from here on, players take untagged video for BT.709
_WHITE_NITS = 203.0  # of diffuse white in HDR: ITU-R BT.2408, 2.2
_KNEE = 0.6  # of diffuse white, in linear light; brighter light is bent below white


def shown(frame: av.VideoFrame, side: int = 0) -> Pixels:
    """Give the pixels of a frame as they are shown.

    HDR (PQ and HLG) is brought down channel by channel, by one curve; its wider colours are left a little paler
    than they are. Of interlaced frames only the upper field is taken, its gaps filled from above and below.

    Args:
        frame: as decoded.
        side: longest side in pixels, shrunk to it; 0 leaves the size as it is.

    Returns:
        (height, width, 3) uint8 sRGB, upright.
    """
    high = frame.color_trc in {PQ, HLG}
    width, height = _fitting(frame.width, frame.height, side)
    is_untagged_hd = frame.colorspace == UNSPECIFIED and frame.height >= HD_LINES
    drawn = frame.reformat(
        width=width,
        height=height,
        format="rgb48le" if high else "rgb24",
        src_colorspace=ITU709 if is_untagged_hd else None,
        interpolation="AREA" if side else None,
        threads=1,
    ).to_ndarray()
    pixels = _curve(frame.color_trc)[drawn] if high else drawn.astype(np.uint8, copy=False)
    if frame.interlaced_frame and height == frame.height:
        pixels = upper_field(pixels)
    return np.ascontiguousarray(np.rot90(pixels, k=(frame.rotation // 90) % 4))


def upper_field(pixels: Pixels) -> Pixels:
    """Give a picture of the even rows alone; odd ones are the mean of their neighbours.

    >>> upper_field(np.array([[[0]], [[9]], [[4]], [[9]]], dtype=np.uint8)).ravel().tolist()
    [0, 2, 4, 4]
    """
    filled = pixels.copy()
    above, below = pixels[0:-1:2], pixels[2::2]
    filled[1::2] = above[: len(filled[1::2])] if len(pixels) > 1 else filled[1::2]
    between = (above[: len(below)].astype(np.uint16) + below) // 2
    filled[1 : 1 + 2 * len(between) : 2] = between
    return filled


def glance(frame: av.VideoFrame) -> Glance:
    """Give the histograms of a frame's colours in its quarters."""
    small = frame.reformat(
        width=GLANCE_WIDTH, height=GLANCE_HEIGHT, format="rgb24", interpolation="POINT", threads=1
    ).to_ndarray()
    return glance_of(small.astype(np.uint8, copy=False))


def glance_of(small: Pixels) -> Glance:
    """Give the glance of a picture of `GLANCE_HEIGHT` rows and `GLANCE_WIDTH` columns."""
    rows, columns = GLANCE_HEIGHT // 2, GLANCE_WIDTH // 2
    quarters = small.reshape(2, rows, 2, columns, 3).transpose(0, 2, 4, 1, 3).reshape(12, rows * columns)
    bins = quarters.astype(np.int64) * GLANCE_BINS // 256 + GLANCE_BINS * np.arange(12)[:, None]
    counts = np.bincount(bins.ravel(), minlength=GLANCE_NUMBERS)
    return (counts / (rows * columns)).astype(np.float32)


def change(one: Glance, other: Glance) -> float:
    """Give how much two frames differ: 0 alike, 1 nothing in common."""
    return float(np.abs(one - other).sum() / 24.0)  # twelve histograms, each differs by 2 at most


def _fitting(width: int, height: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(width, height)) if side else 1.0
    return max(1, round(width * scale)), max(1, round(height * scale))


@cache
def _curve(transfer: int) -> Pixels:
    """From 16-bit HDR signal to 8-bit sRGB, as a table."""
    signal = np.linspace(0.0, 1.0, 65536)
    light = (_pq_nits(signal) if transfer == PQ else _hlg_nits(signal)) / _WHITE_NITS
    bent = np.where(light < _KNEE, light, 1.0 - (1.0 - _KNEE) * np.exp((_KNEE - light) / (1.0 - _KNEE)))
    srgb = np.where(bent <= 0.0031308, 12.92 * bent, 1.055 * np.maximum(bent, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255.0 * np.clip(srgb, 0.0, 1.0)), dtype=np.uint8)


def _pq_nits(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084, as in ITU-R BT.2100, table 4."""
    root = signal ** (1 / 78.84375)
    light = np.maximum(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return np.asarray(10_000.0 * light ** (1 / 0.1593017578125))


def _hlg_nits(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ARIB STD-B67 on a display of 1000 cd/m2, as in ITU-R BT.2100, table 5; system gamma 1.2, by channel."""
    scene = np.where(
        signal <= 0.5, signal**2 / 3.0, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
    )
    return np.asarray(1000.0 * scene**1.2)
