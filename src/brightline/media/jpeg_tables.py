"""How hard a picture was last compressed, from its headers alone: no pixel is decoded.

Source: ITU-T T.81 B.2.4.1 (quantisation tables) and K.1 (the example tables, which the Independent JPEG Group scales
by a quality of 1 to 100 in `jpeg_quality_scaling`; nearly all programs follow it).
"""

from enum import StrEnum

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.subject import Kind, Subject

HEADER_BYTES = 4 * 1024 * 1024  # tables stand before the pixels; large EXIF and ICC blocks take a megabyte
SEGMENTS = 2_000  # an honest file has some twenty
_SOI, _SOS, _EOI, _DQT = 0xD8, 0xDA, 0xD9, 0xDB
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length

Table = npt.NDArray[np.int64]  # (8, 8) steps of quantisation, row by row, 1 to 65535

# T.81 table K.1, row by row.
_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_ZIGZAG = sorted(range(64), key=lambda at: (at // 8 + at % 8, (at // 8, at % 8)[(at // 8 + at % 8) % 2 == 0]))


class Coding(StrEnum):
    """How a picture's pixels are stored."""

    JPEG = "jpeg"
    LOSSY = "lossy"  # WebP, HEIF, AVIF: with loss as a rule, by other tables
    LOSSLESS = "lossless"


class Compression(msgspec.Struct, frozen=True):
    """How a picture was last stored.

    Attributes:
        coding: the sort.
        quality: of a JPEG, on the scale of the Independent JPEG Group, 1 to 100; 100 for all other formats.
        standard: a JPEG's table is one of that scale, to within rounding.
    """

    coding: Coding
    quality: int
    standard: bool = True


def compression_of(subject: Subject) -> Compression:
    """How the bytes were last compressed; a JPEG without readable tables counts as lossy."""
    match subject.kind:
        case Kind.JPEG:
            table = luma_table(subject.blob.head(HEADER_BYTES))
            return _compression(table) if table is not None else Compression(Coding.LOSSY, 100)
        case Kind.PNG | Kind.GIF | Kind.TIFF:
            return Compression(Coding.LOSSLESS, 100)
        case _:
            return Compression(Coding.LOSSY, 100)


def luma_table(data: bytes) -> Table | None:
    """Table 0 of a JPEG, which luma uses, or None if there is none before the pixels."""
    at, found = 2, None
    for _ in range(SEGMENTS):
        while at < len(data) and data[at] == 0xFF and data[at + 1 : at + 2] == b"\xff":
            at += 1  # fill bytes
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] in {_SOS, _EOI, _SOI}:
            return found
        marker = data[at + 1]
        if marker in _ALONE:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _DQT:
            found = _first_table(data[at + 4 : at + 2 + length], found)
        at += 2 + max(2, length)
    return found


def standard_table(quality: int) -> Table:
    """The luma table of the Independent JPEG Group at a quality of 1 to 100.

    >>> int(standard_table(50)[0, 0]), int(standard_table(100).max())
    (16, 1)
    """
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.asarray(np.clip((_LUMA * scale + 50) // 100, 1, 255), dtype=np.int64)


def quality_of(table: Table) -> tuple[int, float]:
    """The quality whose table is nearest, and the mean difference of a step from it, relative to the step."""
    apart = [
        float((np.abs(table - near) / near).mean()) for near in (standard_table(q) for q in range(1, 101))
    ]
    best = int(np.argmin(apart))
    return best + 1, apart[best]


def _compression(table: Table) -> Compression:
    quality, apart = quality_of(table)
    return Compression(Coding.JPEG, quality, standard=apart < 0.02)


def _first_table(body: bytes, found: Table | None) -> Table | None:
    """Table 0 in a DQT segment, which may hold several; a later one replaces an earlier."""
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        size = 64 * (2 if wide else 1)
        if len(body) < at + 1 + size:
            return found
        steps = np.frombuffer(body[at + 1 : at + 1 + size], dtype=">u2" if wide else "u1")
        if number == 0:
            found = np.ones(64, dtype=np.int64)
            found[_ZIGZAG] = np.maximum(steps, 1)
            found = found.reshape(8, 8)
        at += 1 + size
    return found
