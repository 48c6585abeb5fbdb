"""Places in a JPEG that were not compressed before as the rest was: pasted, painted over, or written on.

Where most of a picture shows an earlier JPEG quality, a place that lacks it came from elsewhere. Nothing is said of
pictures whose rest shows none: most of those that were saved but once, or ever harder.

Source: [bianchi2012] T. Bianchi, A. Piva, Image forgery localization via block-grained analysis of JPEG artifacts, for
the idea; the likelihoods are those of `recompression.py`.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from brightline.core.finding import Basis, Detail, Finding, Heat
from brightline.core.heat_words import heat_words
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.image.recompression import Earlier, Floats, earlier, middle, of_blocks
from brightline.media.image import Pixels, Window, size, stored_window, turn
from brightline.media.jpeg_tables import HEADER_BYTES, Table, luma_table, quality_of

NAME = "image.spliced"
SIDE_LEAST = 128  # pixels of the shorter side
WINDOW = 2048  # pixels of a side that are looked at block by block: 65,000 blocks, 0.3 s
CELLS = 32  # of the heat map, along the longer side
PROBABILITY = 0.95  # of what passes the thresholds, at equal priors; measured, see the card
# Thresholds set on 2,200 pictures of which nothing was pasted; see the card.
# Log likelihood ratio per block of the whole picture; on less, the map of its blocks cannot be trusted.
_EVIDENCE = 0.4
_AGAINST = -1.5  # mean log likelihood ratio around a block, from which on it lacks that quality
_MOST = 6.0  # that one block counts
_AROUND = 5  # blocks of a side that are averaged
_INFORMED = 0.5  # of those blocks must tell anything
_TELLS = 0.2  # absolute log likelihood ratio from which on a block tells anything
_BLOCKS_LEAST = 6  # of a place
_SHARE_MOST = 0.4  # of the picture: of two halves nobody can say which was pasted
_NOISE = 0.35
_CLIPPED = 1  # brightness from 0 or 255 up to which a channel was cut off, which looks like another history

Mask = npt.NDArray[np.bool_]


class _Places(msgspec.Struct, frozen=True):
    """Blocks that lack the earlier compression, and how clearly, in [0, 1]; (rows, columns) of blocks."""

    clearness: Floats
    share: float


def detect(subject: Subject) -> Iterator[Finding]:
    """One `manipulated.region`, if a place of a JPEG has another history than the rest.

    Raises:
        DetectorError: the picture cannot be decoded.
    """
    if subject.kind is not Kind.JPEG:
        return
    whole = size(subject)
    table = luma_table(subject.blob.head(HEADER_BYTES))
    if table is None or min(whole.width, whole.height) < SIDE_LEAST:
        return
    window = stored_window(subject, WINDOW, grey=True)
    found = earlier(middle(window.pixels), table, _NOISE)
    if found is None or found.evidence < _EVIDENCE or abs(found.quality - quality_of(table)[0]) < 2:
        return
    evidence = of_blocks(window.pixels, table, found.quality, _NOISE)
    coloured = stored_window(subject, WINDOW, grey=False).pixels
    places = _lacking(evidence, _clipped(coloured, evidence.shape))
    if places is not None:
        yield _finding(found, table, _heat(places, window), places.share)


def _clipped(pixels: Pixels, shape: tuple[int, ...]) -> Mask:
    rows, columns = shape[0], shape[1]
    whole = pixels[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 24)
    return np.asarray((whole.min(axis=(1, 3)) <= _CLIPPED) | (whole.max(axis=(1, 3)) >= 255 - _CLIPPED))


def _lacking(evidence: Floats, clipped: Mask) -> _Places | None:
    bounded = np.clip(evidence, -_MOST, _MOST)
    telling = ~clipped & (np.abs(bounded) > _TELLS)
    share = _mean_around(telling.astype(np.float64))
    mean = np.where(share >= _INFORMED, _mean_around(bounded * telling) / np.maximum(share, 1e-9), 0.0)
    labels, count = ndimage.label(mean <= _AGAINST)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    kept = sizes >= _BLOCKS_LEAST
    kept[0] = False
    lacking = kept[labels]
    part = float(lacking.sum()) / max(1, int(telling.sum()))
    if not lacking.any() or part > _SHARE_MOST:
        return None
    return _Places(np.where(lacking, np.clip(-mean / _MOST, 0.0, 1.0), 0.0), float(lacking.mean()))


def _mean_around(values: Floats) -> Floats:
    return np.asarray(ndimage.uniform_filter(values, _AROUND, mode="constant"))


def _heat(places: _Places, window: Window) -> Heat:
    """The places over the whole upright picture; each cell shows the clearest block in it."""
    height, width = window.height, window.width
    cell = max(height, width) / CELLS
    rows, columns = max(1, round(height / cell)), max(1, round(width / cell))
    levels = np.zeros((rows, columns, 1), dtype=np.uint8)
    for row, column in zip(*np.nonzero(places.clearness), strict=True):
        y, x = window.top + 8 * row + 4, window.left + 8 * column + 4
        at = min(rows - 1, int(y * rows / height)), min(columns - 1, int(x * columns / width))
        level = round(255 * float(places.clearness[row, column]))
        levels[at[0], at[1], 0] = max(int(levels[at[0], at[1], 0]), level)
    upright = turn(levels, window.orientation)
    return Heat(upright.shape[1], upright.shape[0], np.ascontiguousarray(upright).tobytes())


def _finding(found: Earlier, table: Table, heat: Heat, share: float) -> Finding:
    last, place = quality_of(table)[0], heat_words(heat)
    percent = max(1, round(100 * share))
    return Finding(
        detector=NAME,
        claim="manipulated.region",
        basis=Basis.ESTIMATE,
        probability=PROBABILITY,
        why=Words(
            en=f"{percent} % of the picture was not a JPEG of quality {found.quality} before it was saved at {last}, as "
            f"the rest was: pasted, painted or written over, {place.en}",
            zh=f"画面其余部分在以质量 {last} 保存之前曾是质量 {found.quality} 的 JPEG，而有 {percent}% 的区域并非如此："
            f"可能经过粘贴、涂改或加字，{place.zh}",
        ),
        where=(heat,),
        details=(
            Detail("first_quality", str(found.quality)),
            Detail("last_quality", str(last)),
            Detail("share", f"{share:.3f}"),
        ),
    )
