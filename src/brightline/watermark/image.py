"""An invisible mark in a picture: a keyed pattern in its luma that says which key marked it and what identifies it.

The pattern repeats every 96 pixels of a standard-sized picture, is stronger where texture hides it, and survives
JPEG, resizing, cropping, turning and mirroring (docs/reference/watermarks.md has the figures). It proves who marked,
to whoever has the key; it is no defence against someone who sets out to destroy it.
"""

import io
import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from PIL import Image

from brightline.core.errors import DetectorError, MarkingError
from brightline.watermark.image_reading import agreement, fold, judge
from brightline.watermark.image_search import Geometry, candidates
from brightline.watermark.image_tile import Layout, layout_of
from brightline.watermark.image_view import Pixels, View, view_of
from brightline.watermark.image_writing import added
from brightline.watermark.keyring import Key

SMALLEST_MARKED = 256  # pixels a side; smaller pictures cannot lose a part and still tell their payload
SMALLEST_SEARCHED = 112  # pixels a side; less holds hardly more than one tile
LARGEST_P = 1e-6  # a picture is called marked when chance would do as well less often than this
GAINS = (1.0, 1.3, 1.7)  # tried in turn on what texture hides
LEAST_PSNR = 38.0  # dB; no picture is marked more strongly than at first beyond this
_TRIAL_QUALITY, _TRIAL_P = 60, 1e-14  # what a fresh mark should stand: it leaves room for a crop besides


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
        MarkingError: the picture is too small, already carries a mark of these keys, or has no room for one: it
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
    marked = _robust(pixels, key, payload)
    found = detect(marked, [key])
    if found is None or found.payload != payload:
        raise MarkingError("the watermark does not read back; the picture has no room for one")
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
    view = view_of(pixels)
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
    return _strongest(view_of(pixels), key, keys=1)


def _robust(pixels: Pixels, key: Key, payload: int) -> Pixels:
    """The picture marked no more than it takes to outlive an ordinary JPEG, and not beyond `LEAST_PSNR`."""
    marked = added(pixels, key, payload, GAINS[0])
    for gain in GAINS[1:]:
        if _outlives(marked, key, payload):
            break
        stronger = added(pixels, key, payload, gain)
        if _psnr(pixels, stronger) < LEAST_PSNR:
            break
        marked = stronger
    return marked


def _outlives(marked: Pixels, key: Key, payload: int) -> bool:
    stream = io.BytesIO()
    Image.fromarray(marked).save(stream, "JPEG", quality=_TRIAL_QUALITY)
    with Image.open(stream) as image:
        view = view_of(np.asarray(image.convert("RGB")))
    judged = judge(agreement(fold(view.whitened, np.diag(1.0 / view.scale)), layout_of(key)), keys=1)
    return judged.payload == payload and judged.p_value < _TRIAL_P


def _psnr(before: Pixels, after: Pixels) -> float:
    error = float(np.mean((before.astype(np.float32) - after) ** 2))
    return 10.0 * math.log10(255.0**2 / max(error, 1e-9))


def _strongest(view: View, key: Key, keys: int) -> Found:
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


def _check_size(pixels: Pixels) -> None:
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SEARCHED:
        raise DetectorError(
            f"the picture is {width} x {height}; watermarks are looked for from {SMALLEST_SEARCHED} pixels a side"
        )


def _geometries(view: View, layout: Layout) -> Iterator[Geometry]:
    """Geometries to try; the first is that of a picture that was neither cropped nor resized."""
    yield np.diag(1.0 / view.scale)
    yield from candidates(view.spectrum, layout)
