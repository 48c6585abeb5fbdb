"""What a picture went through: how it is stored, whether JPEG compressed it before, whether it was cropped or enlarged.

Nothing here accuses anybody: every picture on the web was compressed and resized. It tells a person how much the other
estimates can be trusted, and what a picture that claims to come straight from a camera must not show.
"""

from collections.abc import Iterator

import numpy as np

from brightline.core.finding import Basis, Finding, details
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.image.grid import offsets
from brightline.detectors.image.recompression import SIDE_MOST, Earlier, Levels, earlier
from brightline.detectors.image.resampling import shared_peak
from brightline.media.image import size, stored_window
from brightline.media.jpeg_tables import HEADER_BYTES, Coding, Compression, Table, compression_of, luma_table

NAME = "image.history"
SIDE_LEAST = 96  # pixels of the shorter side under which nothing but the storage is told
# Thresholds that three of a thousand pictures without that history pass at most; measured, see the card.
_SAME_GRID = 0.2  # log likelihood ratio per block
_OTHER_GRID = 0.7
_ENLARGED = 7.0  # height of the peak over the median
PROBABILITY = 0.97  # of what passes them, at equal priors
_OTHER_GRID_QUALITY = 85  # of the last JPEG, under which it wipes out another grid
_APART = 2  # qualities by which two compressions must differ to be told apart
_NOISE = 0.35  # of a coefficient, from rounding brightness twice
_LOSSLESS: Table = np.ones((8, 8), dtype=np.int64)


def detect(subject: Subject) -> Iterator[Finding]:
    """One `history.storage`, and `history.recompressed` and `history.enlarged` where there are traces of it.

    Raises:
        DetectorError: the picture cannot be decoded.
    """
    whole = size(subject)
    compression = compression_of(subject)
    yield _storage(compression, whole.width, whole.height)
    if min(whole.width, whole.height) < SIDE_LEAST:
        return
    pixels = stored_window(subject, SIDE_MOST, grey=True).pixels
    table = luma_table(subject.blob.head(HEADER_BYTES)) if compression.coding is Coding.JPEG else None
    if (found := _recompressed(pixels, table, compression)) is not None:
        yield found
    if (found := _enlarged(pixels)) is not None:
        yield found


def _storage(compression: Compression, width: int, height: int) -> Finding:
    said = _format(compression)
    quality = str(compression.quality) if compression.coding is Coding.JPEG else ""
    return Finding(
        detector=NAME,
        claim="history.storage",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(
            en=f"the picture has {width} x {height} px and is stored as {said.en}",
            zh=f"图片为 {width} x {height} 像素，存储为{said.zh}",
        ),
        details=details(coding=str(compression.coding), quality=quality, size=f"{width}x{height}"),
    )


def _format(compression: Compression) -> Words:
    match compression.coding:
        case Coding.JPEG:
            own = Words("", "") if compression.standard else Words(" (tables of its own)", "（自定义量化表）")
            quality = compression.quality
            return Words(f"a JPEG of quality {quality}{own.en}", f"质量约 {quality} 的 JPEG{own.zh}")
        case Coding.LOSSY:
            return Words("a format that compresses with loss", "有损压缩格式")
        case Coding.LOSSLESS:
            return Words("a format without loss", "无损格式")


def _recompressed(pixels: Levels, table: Table | None, compression: Compression) -> Finding | None:
    if table is None:
        return _was_jpeg(pixels)
    found = earlier(pixels, table, _NOISE)
    if (
        found is not None
        and found.evidence >= _SAME_GRID
        and abs(found.quality - compression.quality) >= _APART
    ):
        words = Words(
            f"it was a JPEG of quality about {found.quality} before it was saved at {compression.quality}",
            f"在以质量 {compression.quality} 保存之前，曾是质量约 {found.quality} 的 JPEG",
        )
        return _earlier(words, found, "same_grid", compression.quality)
    if compression.quality < _OTHER_GRID_QUALITY:
        return None
    row, column = offsets(pixels, besides=0)
    noise = max(0.5, float(np.mean([table[0, 1], table[1, 0], table[2, 0], table[1, 1], table[0, 2]])) / 2)
    found = earlier(pixels[row:, column:], _LOSSLESS, noise)
    if found is None or found.evidence < _OTHER_GRID:
        return None
    words = Words(
        f"it was a JPEG of quality about {found.quality}, was cropped or moved by {column}, {row} px modulo 8, and "
        f"saved at {compression.quality}",
        f"曾是质量约 {found.quality} 的 JPEG，经裁剪或平移（模 8 为 {column}、{row} 像素）后以质量 {compression.quality} 保存",
    )
    return _earlier(words, found, "other_grid", compression.quality)


def _was_jpeg(pixels: Levels) -> Finding | None:
    row, column = offsets(pixels)
    found = earlier(pixels[row:, column:], _LOSSLESS, _NOISE)
    if found is None or found.evidence < _SAME_GRID:
        return None
    cropped = Words(
        f", and was cropped by {column}, {row} px modulo 8 since",
        f"，其后经裁剪（模 8 为 {column}、{row} 像素）",
    )
    if row == column == 0:
        cropped = Words("", "")
    words = Words(
        f"it was a JPEG of quality about {found.quality} before it was stored in this format{cropped.en}",
        f"在存为此格式之前，曾是质量约 {found.quality} 的 JPEG{cropped.zh}",
    )
    return _earlier(words, found, "other_format", 0)


def _earlier(words: Words, found: Earlier, kind: str, last: int) -> Finding:
    return Finding(
        detector=NAME,
        claim="history.recompressed",
        basis=Basis.ESTIMATE,
        probability=PROBABILITY,
        why=words,
        details=details(
            evidence=f"{found.evidence:.2f}",
            first_quality=str(found.quality),
            kind=kind,
            last_quality=str(last) if last else "",
        ),
    )


def _enlarged(pixels: Levels) -> Finding | None:
    peak = shared_peak(pixels)
    if peak.height < _ENLARGED:
        return None
    low, high = sorted(f"{scale:.2f}" for scale in peak.scales)
    return Finding(
        detector=NAME,
        claim="history.enlarged",
        basis=Basis.ESTIMATE,
        probability=PROBABILITY,
        why=Words(
            en=f"its pixels were computed from fewer: it was enlarged about {low} or {high} times",
            zh=f"像素由较少的像素插值而来：曾放大约 {low} 倍或 {high} 倍",
        ),
        details=details(frequency=f"{peak.frequency:.3f}", scale=f"{low},{high}"),
    )
