"""Where a label goes on a picture, how large, in which colours; and painting it.

A label stands at the corner or edge where least happens. Its capitals are at least 5.5 % of the shorter side, half a
percent more than GB 45438-2025 5.2 and 5.4 ask, so that scaling by a player loses none of it. Words are written straight
on the picture only where every background pixel gives them a contrast of 4.5 (WCAG 2.2, 1.4.3); else on a plate.
"""

import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from brightline.core.errors import MarkingError
from brightline.marking.explicit.lettering import DARK, LIGHT, Patch, icon, lettering
from brightline.marking.explicit.style import Form, Place, Style, picture_words
from brightline.media.contrast import contrast, luminance
from brightline.media.image import Pixels

CAPITAL_SHARE = 0.055  # of the shorter side
CAPITAL_PIXELS = 11  # smaller letters cannot be read, whatever the picture's size
INSET_SHARE = 0.02  # of the shorter side, between label and edge
CONTRAST = 4.5  # WCAG 2.2 success criterion 1.4.3, level AA
_WIDEST = 0.96  # of the picture's width that a label may take
_EXTREME = 0.5  # percent of background pixels that may be worse: dead pixels
# What each place costs before anything is looked at, in grey levels of unrest. Corners before edges; captions and logos
# stand at the bottom left more often than at the right; heads are at the top.
_PLACES = {
    Place.BOTTOM_RIGHT: 0.0,
    Place.TOP_RIGHT: 2.0,
    Place.BOTTOM_LEFT: 3.0,
    Place.TOP_LEFT: 4.0,
    Place.BOTTOM: 6.0,
    Place.TOP: 16.0,
}


class Label(msgspec.Struct, frozen=True):
    """A patch and the pixel at which its upper left corner lies."""

    x: int
    y: int
    patch: Patch


def plan_labels(pixels: Pixels, style: Style, *, plate: bool = False) -> tuple[Label, ...]:
    """Decide what is painted where.

    Args:
        pixels: (height, width, 3) uint8 sRGB, upright.
        style: what is wanted.
        plate: always lay words on a plate, because other pixels than these will lie behind them.

    Raises:
        MarkingError: the picture is too small for the words, or they lack an element or a glyph.
    """
    labels: list[Label] = []
    if style.form is not Form.TEXT:
        labels.append(_icon_label(pixels))
    if style.form is not Form.ICON:
        taken = [Place.TOP_RIGHT, Place.TOP] if labels else []
        labels.append(_word_label(pixels, style, taken, plate=plate))
    return tuple(labels)


def paint(pixels: Pixels, labels: Sequence[Label]) -> Pixels:
    """The picture with the labels on it; a copy."""
    painted = pixels.copy()
    for label in labels:
        rows = slice(label.y, label.y + label.patch.height)
        columns = slice(label.x, label.x + label.patch.width)
        cover = label.patch.cover[..., None]
        mixed = painted[rows, columns] * (1 - cover) + label.patch.colours * cover
        painted[rows, columns] = np.rint(mixed).astype(np.uint8)
    return painted


def capital_height(height: int, width: int) -> int:
    """Pixels that capitals need on a picture of that size."""
    return max(CAPITAL_PIXELS, math.ceil(CAPITAL_SHARE * min(height, width)))


def _icon_label(pixels: Pixels) -> Label:
    height, width = pixels.shape[:2]
    capital, inset = capital_height(height, width), _inset(pixels)
    patch = icon(capital, LIGHT)
    if patch.width + inset > width or patch.height + inset > height:
        raise MarkingError(f"a picture of {width} x {height} pixels is too small for the icon")
    x, y = width - inset - patch.width, inset
    ground = luminance(pixels[y : y + patch.height, x : x + patch.width]).mean()
    # The frame stands out where the plate is of the other tone than the picture.
    return Label(x, y, icon(capital, LIGHT if ground > 0.4 else DARK))


def _word_label(pixels: Pixels, style: Style, taken: Sequence[Place], *, plate: bool) -> Label:
    height, width = pixels.shape[:2]
    words, capital = picture_words(style), capital_height(height, width)
    bare = lettering(words, capital, LIGHT, plate=False, font=style.font)
    laid = lettering(words, capital, LIGHT, plate=True, font=style.font)
    inset = _inset(pixels)
    if laid.width > min(width * _WIDEST, width - 2 * inset) or laid.height + inset > height:
        raise MarkingError(
            f"a picture of {width} x {height} pixels is too small for `{words}` with capitals of {capital} pixels; "
            "choose shorter words"
        )
    place, x, y = _best_place(pixels, laid, style.place, taken)
    ink = None if plate else _bare_ink(pixels, bare, place, inset)
    if ink is not None:
        shown = lettering(words, capital, ink, plate=False, font=style.font)
        return Label(*_corner(pixels, shown, place, inset), shown)
    ground = float(luminance(pixels[y : y + laid.height, x : x + laid.width]).mean())
    tone = LIGHT if contrast(ground, 0.0) < contrast(ground, 1.0) else DARK
    return Label(x, y, lettering(words, capital, tone, plate=True, font=style.font))


def _bare_ink(pixels: Pixels, patch: Patch, place: Place, inset: int) -> tuple[int, int, int] | None:
    """The ink that stands out from every pixel around it, if there is one."""
    x, y = _corner(pixels, patch, place, inset)
    around = luminance(pixels[y : y + patch.height, x : x + patch.width])
    darkest, lightest = np.percentile(around, [_EXTREME, 100 - _EXTREME])
    unrest = float(pixels[y : y + patch.height, x : x + patch.width].std(axis=(0, 1)).mean())
    if unrest > 24:  # grey levels: text on a pattern is hard to read whatever its contrast
        return None
    light, dark = float(luminance(_pixel(LIGHT))[0, 0]), float(luminance(_pixel(DARK))[0, 0])
    options = [(contrast(light, float(lightest)), LIGHT), (contrast(dark, float(darkest)), DARK)]
    best, ink = max(options)
    return ink if best >= CONTRAST else None


def _pixel(colour: tuple[int, int, int]) -> Pixels:
    return np.asarray([[colour]], dtype=np.uint8)


def _best_place(
    pixels: Pixels, patch: Patch, wanted: Place, taken: Sequence[Place]
) -> tuple[Place, int, int]:
    inset = _inset(pixels)
    if wanted is not Place.AUTO:
        return wanted, *_corner(pixels, patch, wanted, inset)
    return min(_ranked(pixels, patch, taken, inset))[1:]


def _ranked(
    pixels: Pixels, patch: Patch, taken: Sequence[Place], inset: int
) -> Iterator[tuple[float, Place, int, int]]:
    """Unrest behind the patch at each place that is free."""
    for place, cost in _PLACES.items():
        if place in taken:
            continue
        x, y = _corner(pixels, patch, place, inset)
        behind = pixels[y : y + patch.height, x : x + patch.width].astype(np.float32).mean(axis=2)
        edges = np.abs(np.diff(behind, axis=0)).mean() + np.abs(np.diff(behind, axis=1)).mean()
        yield float(behind.std() + 2 * edges) + cost, place, x, y


def _corner(pixels: Pixels, patch: Patch, place: Place, inset: int) -> tuple[int, int]:
    """Upper left pixel of a patch at a place."""
    height, width = pixels.shape[:2]
    across, down = width - patch.width, height - patch.height
    x = (
        inset
        if place.value.endswith("left")
        else across - inset
        if place.value.endswith("right")
        else across // 2
    )
    y = inset if place.value.startswith("top") else down - inset
    return max(0, min(x, across)), max(0, min(y, down))


def _inset(pixels: Pixels) -> int:
    shorter: int = min(pixels.shape[:2])
    return max(2, round(INSET_SHARE * shorter))
