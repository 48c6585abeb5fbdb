"""Words and the icon become a patch: colours and cover, ready to be painted on pixels.

Sizes are heights of capital letters in pixels. GB 45438-2025 5.2 does not say whether `text height` is that of the
font's box, of its ink or of its capitals; the capital's is the smallest and so satisfies every reading.
"""

import math
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from brightline.core.errors import MarkingError

FONT = "label-sans-sc-bold.otf"  # Noto Sans CJK SC Bold, cut to the glyphs of labels (OFL 1.1, beside it)
PADDING = 0.6  # of a capital's height, between words and the plate's edge
_CAPITAL = 0.733  # of the font's size; Noto Sans CJK, measured
_SMOOTH = 4  # times that the icon is drawn too large, and then shrunk
DARK, LIGHT = (17, 17, 17), (255, 255, 255)

Cover = npt.NDArray[np.float32]  # (height, width) in [0, 1]


class Patch(msgspec.Struct, frozen=True):
    """What is painted: (height, width, 3) float32 colours in [0, 255], how far each pixel is covered, and the ink.

    `ink` is the cover of the letters alone: contrast is measured between it and what is not ink.
    """

    colours: npt.NDArray[np.float32]
    cover: Cover
    ink: Cover

    @property
    def height(self) -> int:
        """Rows of the patch."""
        return int(self.cover.shape[0])

    @property
    def width(self) -> int:
        """Columns of the patch."""
        return int(self.cover.shape[1])


def lettering(words: str, capital: int, ink: tuple[int, int, int], plate: bool, font: Path | None) -> Patch:
    """Words on one line, their capitals at least `capital` pixels high.

    Args:
        words: what to write.
        capital: height of capital letters in pixels, at least.
        ink: colour of the letters.
        plate: lay them on a plate of the opposite tone.
        font: a font file, or None for the one that ships.

    Raises:
        MarkingError: the font has no glyph for a character, or cannot be read.
    """
    face = _face(font, capital)
    _refuse_missing(words, font)
    left, top, right, bottom = face.getbbox(words)
    pad = math.ceil(capital * PADDING) if plate else 2
    image = Image.new("L", (math.ceil(right - left) + 2 * pad, math.ceil(bottom - top) + 2 * pad))
    ImageDraw.Draw(image).text((pad - left, pad - top), words, fill=255, font=face)
    letters = np.asarray(image, dtype=np.float32) / 255.0
    ground = _rounded(image.size, pad) if plate else letters
    return _patch(letters, ground, ink)


def icon(capital: int, ink: tuple[int, int, int]) -> Patch:
    """The letters AI in a rounded frame, drawn as vectors, after the EU icon of the Code of Practice (2026, section 2)."""
    unit = capital * _SMOOTH
    side = round(unit * 2.1)
    letters = Image.new("L", (side, side))
    draw = ImageDraw.Draw(letters)
    stroke = unit * 0.2
    top, bottom = (side - unit) / 2, (side + unit) / 2
    left = side / 2 - unit * 0.68
    _draw_a(draw, left, top, bottom, unit * 0.92, stroke)
    beam = left + unit * 1.14
    draw.rectangle((beam, top, beam + stroke * 1.1, bottom), fill=255)
    draw.rounded_rectangle(
        (0, 0, side - 1, side - 1), radius=unit * 0.4, outline=255, width=round(stroke * 0.7)
    )
    ground = Image.new("L", (side, side))
    ImageDraw.Draw(ground).rounded_rectangle((0, 0, side - 1, side - 1), radius=unit * 0.4, fill=255)
    size = (math.ceil(side / _SMOOTH), math.ceil(side / _SMOOTH))
    shrunk = [
        np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255.0
        for image in (letters, ground)
    ]
    return _patch(shrunk[0], shrunk[1], ink)


def _draw_a(
    draw: ImageDraw.ImageDraw, left: float, top: float, bottom: float, width: float, stroke: float
) -> None:
    """A capital A: two legs that meet in a flat top, and a bar."""
    middle, height = left + width / 2, bottom - top
    draw.polygon([(middle - stroke * 0.6, top), (middle + stroke * 0.6, top), (left + width, bottom),
                  (left + width - stroke * 1.15, bottom), (middle, top + stroke * 0.9), (left + stroke * 1.15, bottom),
                  (left, bottom)], fill=255)  # fmt: skip
    bar = top + height * 0.62
    draw.rectangle((left + width * 0.24, bar, left + width * 0.76, bar + stroke * 0.85), fill=255)


def _patch(letters: Cover, ground: Cover, ink: tuple[int, int, int]) -> Patch:
    paper = DARK if ink == LIGHT else LIGHT
    share = letters[..., None]
    colours = np.asarray(ink, dtype=np.float32) * share + np.asarray(paper, dtype=np.float32) * (1 - share)
    if ground is letters:
        colours = np.broadcast_to(np.asarray(ink, dtype=np.float32), colours.shape)
    return Patch(np.ascontiguousarray(colours), ground, letters)


def _rounded(size: tuple[int, int], pad: int) -> Cover:
    plate = Image.new("L", size)
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=pad * 0.6, fill=255)
    return np.asarray(plate, dtype=np.float32) / 255.0


def _face(font: Path | None, capital: int) -> ImageFont.FreeTypeFont:
    """The font in the smallest size whose capitals are high enough."""
    size = max(1, math.floor(capital / (_CAPITAL * 1.15)))
    while True:
        face = _loaded(font, size)
        box = face.getbbox("AI")
        if _solid_rows(face) >= capital or size > 8 * capital + 8:
            return face
        size += 1 if box[3] - box[1] >= capital - 2 else 2


def _solid_rows(face: ImageFont.FreeTypeFont) -> int:
    """Rows of the letter I that are ink by half at least."""
    mask = face.getmask("I", mode="L")
    rows = np.frombuffer(bytes(mask), dtype=np.uint8).reshape(mask.size[1], mask.size[0])
    return int((rows.max(axis=1) >= 128).sum())


def _loaded(font: Path | None, size: int) -> ImageFont.FreeTypeFont:
    source = str(font) if font is not None else str(files("brightline.marking.explicit") / "data" / FONT)
    try:
        return ImageFont.truetype(source, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise MarkingError(f"cannot read the font `{source}`: {str(error)[:80]}") from error


def _refuse_missing(words: str, font: Path | None) -> None:
    """Refuse words with characters that the font draws as an empty box."""
    face = _loaded(font, 32)
    blank = bytes(face.getmask("\uffff"))
    missing = sorted({one for one in words if not one.isspace() and bytes(face.getmask(one)) == blank})
    if missing:
        raise MarkingError(
            f"the label font has no glyphs for `{''.join(missing)}`; choose other words, or name a font that has them"
        )


@cache
def capital_share() -> float:
    """Height of a capital as a share of the shipped font's size, for those who reckon sizes."""
    return _CAPITAL
