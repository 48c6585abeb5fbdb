"""Fingerprints of a video: PDQ of its stills, each with its second, so that copies and excerpts can be aligned.

A fingerprint says that two videos show the same pictures in the same order, never what they show.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import pdqhash
from PIL import Image

from brightline.core.subject import Subject
from brightline.media.fingerprint import PDQ_SIDE, Pdq
from brightline.media.image import DEFAULT_LIMITS, Pixels
from brightline.media.video_samples import SampleRule, stills
from brightline.settings import Limits


class FramePrint(msgspec.Struct, frozen=True):
    """The second of a still, its PDQ hash, and that of its left-right mirror image where it was asked for."""

    second: float
    plain: Pdq
    mirrored: Pdq | None = None


def frame_prints(
    subject: Subject, rule: SampleRule, limits: Limits = DEFAULT_LIMITS, *, mirrored: bool = False
) -> Iterator[FramePrint]:
    """Give the fingerprints of a video's stills, in the order in which they are decoded.

    Raises:
        DetectorError: as for `stills`; fingerprints up to there have been given.
    """
    for still in stills(subject, msgspec.structs.replace(rule, side=PDQ_SIDE), limits):
        square = _square(still.pixels)
        other = _hashed(np.ascontiguousarray(square[:, ::-1])) if mirrored else None
        yield FramePrint(still.second, _hashed(square), other)


def _square(pixels: Pixels) -> Pixels:
    """As pictures are brought to one size before they are hashed: see `media/fingerprint.py`."""
    size = (PDQ_SIDE, PDQ_SIDE)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def _hashed(square: Pixels) -> Pdq:
    vector, quality = pdqhash.compute(square)
    return Pdq(np.packbits(vector.astype(np.uint8)).tobytes(), int(quality))
