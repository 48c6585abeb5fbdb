"""Whether a picture is one that image.generated can judge at all: a gate of three hand-made measures, not a model.

Screenshots, print, flat drawings, codes and blank pictures hold next to no texture between flat and hard-edged; to
estimate who made them from pixels would be guessing.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.words import Words
from brightline.detectors.image.crops import tiles
from brightline.media.image import Pixels

TILE_SIDE = 128  # pixels
TILES_MOST = 3  # in a row and in a column: the gate costs some milliseconds whatever the size of the picture
_CELL = 8  # pixels of a cell's side: JPEG's block
_EVEN = 8  # grey levels within a cell up to which it holds nothing
_HARD = 60  # from which on it holds an edge; what lies between is texture
# Set on 220 drawings, screenshots, charts, codes and memes made for it, and 1,261 real photographs; see the card.
_BLANK_SHARE = 0.9  # of cells that hold nothing, in a picture without a hard edge
_BLANK_EDGES = 0.005
_TEXTURE_MOST = 0.25  # of the cells of a flat picture
_TWO_TONES = 0.6  # of the pixels of cells with an edge that lie at either of its two tones
_EVEN_MOST = 0.9  # of cells that hold nothing, from which on edges need not be looked at
_NEAR_TONE = 0.12  # of a cell's range
_COLOURS_MOST = 30  # of 4,096, that nine tenths of the pixels have
_PALETTE = 256  # colours of a picture that was cut down to a palette
_GREY_SPREAD = 2  # levels between the channels up to which a picture is grey, and so has few colours anyway


Levels = npt.NDArray[np.uint8]


class OutOfScope(msgspec.Struct, frozen=True):
    """Why a picture cannot be judged.

    Attributes:
        reason: tiny, blank, graphic or palette.
        why: in words.
        measured: it is true of the bytes (tiny, palette), and no estimate of ours.
    """

    reason: str
    why: Words
    measured: bool


class Measures(msgspec.Struct, frozen=True):
    """Shares in [0, 1] over the cells of the tiles.

    Attributes:
        even: cells that hold nothing.
        hard: cells with an edge.
        two_tones: pixels in cells with an edge that lie at one of its two tones; -1.0 without such cells.
        colours: how many of 4,096 colours nine tenths of the pixels have.
        exact: how many colours there are, at most 257; 257 for a grey picture.
    """

    even: float
    hard: float
    two_tones: float
    colours: int
    exact: int


def too_small(side: int, least: int) -> OutOfScope | None:
    """Whether the shorter side, in pixels, is under `least`."""
    if side >= least:
        return None
    return OutOfScope(
        "tiny",
        Words(
            en=f"its shorter side has {side} px; under {least} px nobody can tell who made it",
            zh=f"短边仅 {side} 像素，低于 {least} 像素无从判断由谁制作",
        ),
        measured=True,
    )


def out_of_scope(pixels: Pixels) -> OutOfScope | None:
    """Why an upright picture cannot be judged, or None."""
    return out_of_scope_by(tiles(pixels, TILE_SIDE, TILES_MOST).crops)


def out_of_scope_by(crops: Pixels) -> OutOfScope | None:
    """The same by its tiles alone, (n, TILE_SIDE, TILE_SIDE, 3) uint8 sRGB, at most `TILES_MOST` in a row and column."""
    seen = measures(crops)
    if seen.even >= _BLANK_SHARE and seen.hard < _BLANK_EDGES:
        share = round(100 * seen.even)
        return OutOfScope(
            "blank",
            Words(en=f"{share} % of it are evenly coloured", zh=f"画面有 {share}% 颜色均匀、没有细节"),
            measured=False,
        )
    if seen.exact <= _PALETTE:
        return OutOfScope(
            "palette",
            Words(
                en=f"it has {seen.exact} colours: cutting a picture down to a palette wipes out what could be measured",
                zh=f"仅有 {seen.exact} 种颜色：降为调色板后，可供测量的痕迹已不复存在",
            ),
            measured=True,
        )
    return _graphic() if _is_graphic(seen) else None


def measures(crops: Pixels) -> Measures:
    """Measure the tiles of an upright picture."""
    red, green, blue = (crops[..., channel].astype(np.uint16) for channel in range(3))
    luma = ((77 * red + 150 * green + 29 * blue) >> 8).astype(np.uint8)
    count = TILE_SIDE // _CELL
    cells = luma.reshape(-1, count, _CELL, count, _CELL).transpose(2, 4, 0, 1, 3).reshape(_CELL * _CELL, -1)
    # Pixels by cells: this way round the extremes are found ten times faster.
    low, high = cells.min(axis=0), cells.max(axis=0)
    spread = high - low
    edges = spread >= _HARD
    coarse = _coarse(crops)
    return Measures(
        even=float((spread <= _EVEN).mean()),
        hard=float(edges.mean()),
        two_tones=_two_tones(cells[:, edges], low[edges], high[edges]),
        colours=int((np.cumsum(coarse) < 0.9 * coarse.sum()).sum()),
        exact=_exact(crops, coarse),
    )


def _is_graphic(seen: Measures) -> bool:
    flat = seen.even >= _EVEN_MOST or seen.two_tones >= _TWO_TONES
    return flat and 1.0 - seen.even - seen.hard <= _TEXTURE_MOST and seen.colours <= _COLOURS_MOST


def _graphic() -> OutOfScope:
    return OutOfScope(
        "graphic",
        Words(
            en="it is flat: few colours, hard edges and hardly any texture, as in a screenshot, print or a drawing",
            zh="画面扁平：颜色少、边缘硬、几乎没有纹理，如截图、文字页或平面图形",
        ),
        measured=False,
    )


def _two_tones(cells: Levels, low: Levels, high: Levels) -> float:
    if len(low) <= _CELL:
        return -1.0
    near = np.floor(_NEAR_TONE * (high - low)).astype(np.uint8)
    return float((np.minimum(cells - low, high - cells) <= near).mean())


def _coarse(crops: Pixels) -> npt.NDArray[np.intp]:
    """How many pixels have each of 4,096 colours, most first."""
    four = crops >> 4
    keys = (four[..., 0].astype(np.uint16) << 8) | (four[..., 1] << 4) | four[..., 2]
    return np.sort(np.bincount(keys.reshape(-1), minlength=4096))[::-1]


def _exact(crops: Pixels, coarse: npt.NDArray[np.intp]) -> int:
    if np.count_nonzero(coarse) > _PALETTE:
        return _PALETTE + 1
    channels = crops.reshape(-1, 3)
    if int((channels.max(axis=1) - channels.min(axis=1)).max()) <= _GREY_SPREAD:
        return _PALETTE + 1
    whole = channels.astype(np.int32) @ np.array([65536, 256, 1], dtype=np.int32)
    return min(_PALETTE + 1, len(np.unique(whole)))
