"""Fingerprints of a video: PDQ of its stills, each with its second, so that copies and excerpts can be aligned.

A fingerprint says that two videos show the same pictures in the same order, never what they show.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image

from brightline.core.subject import Subject
from brightline.media.fingerprint import PDQ_SIDE, Pdq
from brightline.media.image import DEFAULT_LIMITS, Pixels
from brightline.media.video_samples import SampleRule, stills
from brightline.settings import Limits

BAR_LEVEL = (
    28  # of 255: rows and columns at the edge that hold nothing brighter are bars; video's black is 16
)
BAR_LEAST = 0.03  # of a side; thinner ones cost few bits
BARS_MOST = 0.7  # of a side; what is left of a dark picture beyond that is no picture


class FramePrint(msgspec.Struct, frozen=True):
    """A still's fingerprints.

    Attributes:
        second: when it is shown.
        plain: its PDQ hash.
        mirrored: that of its left-right mirror image.
        unboxed: that of what lies between black bars; None without bars.
    """

    second: float
    plain: Pdq
    mirrored: Pdq | None = None
    unboxed: Pdq | None = None


def frame_prints(
    subject: Subject, rule: SampleRule, limits: Limits = DEFAULT_LIMITS, *, changed: bool = False
) -> Iterator[FramePrint]:
    """Give the fingerprints of a video's stills, in the order in which they are decoded.

    With `changed` also those of mirrored stills, and of stills without their black bars.

    Raises:
        DetectorError: as for `stills`; fingerprints up to there have been given.
    """
    for still in stills(subject, msgspec.structs.replace(rule, side=PDQ_SIDE), limits):
        square = _square(still.pixels)
        if not changed:
            yield FramePrint(still.second, _hashed(square))
            continue
        inside = without_bars(still.pixels)
        mirrored = _hashed(np.ascontiguousarray(square[:, ::-1]))
        unboxed = _hashed(_square(inside)) if inside.shape != still.pixels.shape else None
        yield FramePrint(still.second, _hashed(square), mirrored, unboxed)


def without_bars(pixels: Pixels) -> Pixels:
    """Give a picture without black bars at its edges; the same where there are none, or nothing else."""
    bright = pixels.max(axis=2) > BAR_LEVEL
    top, bottom = _between(bright.any(axis=1))
    left, right = _between(bright.any(axis=0))
    return pixels[top:bottom, left:right]


def _between(lit: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Where what is lit begins and ends, unless bars are too thin or too thick."""
    found = np.flatnonzero(lit)
    if len(found) == 0:
        return 0, len(lit)
    begin, end = int(found[0]), int(found[-1]) + 1
    dark = 1.0 - (end - begin) / len(lit)
    return (begin, end) if BAR_LEAST <= dark <= BARS_MOST else (0, len(lit))


def _square(pixels: Pixels) -> Pixels:
    """As pictures are brought to one size before they are hashed: see `media/fingerprint.py`."""
    size = (PDQ_SIDE, PDQ_SIDE)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def _hashed(square: Pixels) -> Pdq:
    vector, quality = pdqhash.compute(square)
    return Pdq(np.packbits(vector.astype(np.uint8)).tobytes(), int(quality))
