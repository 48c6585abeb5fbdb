"""One picture, a still or a frame of a video: the explicit marks that can be read in it, measured against GB 45438-2025."""

from collections.abc import Iterator

import msgspec
import numpy as np

from brightline.core.finding import Box
from brightline.media.image import Pixels
from brightline.media.ocr import Line, Reading, find_lines, read_line
from brightline.provenance.explicit_ink import Ink, measure
from brightline.provenance.explicit_words_seen import Saying, said

HEIGHT_SHARE = 0.05  # of the shorter side, GB 45438-2025 5.2 and 5.4
CONTRAST = 4.5  # WCAG 2.2 1.4.3; the standard says `legible` and gives no figure
READ_LIMIT = 12  # lines read of one picture, those at the edges first: 0.15 s
EDGE_SHARE = 0.12  # of width or height that a line may stand away from an edge and still be at it
_TILE_ASPECT = 2.2  # longer pictures are looked at in three squares-and-a-half: beginning, middle and end
_TILE_LENGTH = 1.5
_HEIGHT_TOLERANCE = 0.97  # a row more or less at a soft edge is no breach
_READ_SCORE = 0.75  # mean character probability under which a reading is a guess; measured, see the card
_ICON_SCORE = 0.9  # two letters alone prove less
_FRAME_SHARE = 0.24  # of an icon's side that its frame, and what the network adds, take at each edge
_RIM_SHARE = 0.14  # of a line's height that may lie beyond the plate it stands on
_RANK = {Saying.ZH: 0, Saying.EN: 1, Saying.ICON: 2, Saying.PARTIAL: 3}


class SeenMark(msgspec.Struct, frozen=True, kw_only=True):
    """One mark: where, what it says, how sure the reading is, and its letters against the picture.

    Attributes:
        box: in pixels of the picture that was given.
        position: top_left to bottom_right, left, right, or middle.
        text: as it was read, at most 40 characters.
        saying: which elements it has.
        score: mean probability of its characters, in [0, 1].
        height_share: height of the letters' ink over the picture's shorter side.
        contrast: WCAG contrast of letters and ground.
    """

    box: Box
    position: str
    text: str
    saying: Saying
    score: float
    height_share: float
    contrast: float

    @property
    def defects(self) -> tuple[str, ...]:
        """Codes of what breaks the standard: wrong_wording, undersized, low_contrast, wrong_place."""
        broken = {
            "wrong_wording": self.saying is not Saying.ZH,
            "undersized": self.height_share < HEIGHT_SHARE * _HEIGHT_TOLERANCE,
            "low_contrast": self.contrast < CONTRAST,
            "wrong_place": self.position == "middle",
        }
        return tuple(code for code, holds in broken.items() if holds)


def marks_in(pixels: Pixels) -> tuple[SeenMark, ...]:
    """Marks in a picture, the best first.

    Raises:
        DetectorError: the text networks cannot run.
    """
    found = [mark for line in _wanted(pixels) if (mark := _mark(pixels, line)) is not None]
    return tuple(sorted(found, key=lambda mark: (_RANK[mark.saying], len(mark.defects), -mark.score)))


def _wanted(pixels: Pixels) -> list[Line]:
    """The lines worth reading: at the edges first, there the surest first."""
    lines = [line for tile in _tiles(pixels) for line in _lines_of(pixels, tile)]
    return sorted(lines, key=lambda line: (_position(pixels, line.box) == "middle", -line.score))[:READ_LIMIT]


def _tiles(pixels: Pixels) -> Iterator[Box]:
    """The whole picture, or three parts of one that is much longer than wide."""
    height, width = pixels.shape[:2]
    short, long = min(height, width), max(height, width)
    if long <= short * _TILE_ASPECT:
        yield Box(0, 0, width, height)
        return
    length = round(short * _TILE_LENGTH)
    for start in (0, (long - length) // 2, long - length):
        yield Box(start, 0, length, height) if width > height else Box(0, start, width, length)


def _lines_of(pixels: Pixels, tile: Box) -> Iterator[Line]:
    part = np.ascontiguousarray(pixels[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width])
    for line in find_lines(part):
        box = line.box
        yield Line(Box(box.x + tile.x, box.y + tile.y, box.width, box.height), line.score)


def _mark(pixels: Pixels, line: Line) -> SeenMark | None:
    box, position = line.box, _position(pixels, line.box)
    reading = _reading(pixels, box)
    if "_" in position and reading.score < _READ_SCORE and _is_squarish(box):
        box = _inner(box)  # the letters of an icon, without its frame
        reading = _reading(pixels, box)
    words = said(reading.text)
    if words.saying is Saying.NOTHING or reading.score < _READ_SCORE:
        return None
    if words.saying is Saying.ICON and ("_" not in position or reading.score < _ICON_SCORE):
        return None  # the icon stands in a corner; `AI` elsewhere is a word
    ink = _ink(pixels, box)
    return SeenMark(
        box=box,
        position=position,
        text=words.text,
        saying=words.saying,
        score=reading.score,
        height_share=round(ink.height / min(pixels.shape[:2]), 4),
        contrast=ink.contrast,
    )


def _ink(pixels: Pixels, box: Box) -> Ink:
    """Letters against their ground; where the box reaches beyond a plate, measured once more within."""
    ink = measure(pixels, box)
    if ink.contrast >= CONTRAST:
        return ink
    rim = round(_RIM_SHARE * box.height)
    inner = measure(
        pixels, Box(box.x + rim, box.y + rim, max(1, box.width - 2 * rim), max(1, box.height - 2 * rim))
    )
    return inner if inner.contrast > ink.contrast else ink


def _reading(pixels: Pixels, box: Box) -> Reading:
    return read_line(np.ascontiguousarray(pixels[box.y : box.y + box.height, box.x : box.x + box.width]))


def _is_squarish(box: Box) -> bool:
    return 2 * box.height > box.width and 2 * box.width > box.height


def _inner(box: Box) -> Box:
    across, down = round(box.width * _FRAME_SHARE), round(box.height * _FRAME_SHARE)
    return Box(box.x + across, box.y + down, box.width - 2 * across, box.height - 2 * down)


def _position(pixels: Pixels, box: Box) -> str:
    """At which edge or corner a line stands, or `middle`."""
    height, width = pixels.shape[:2]
    across, down = EDGE_SHARE * width, EDGE_SHARE * height
    vertical = "top" if box.y <= down else "bottom" if box.y + box.height >= height - down else ""
    horizontal = "left" if box.x <= across else "right" if box.x + box.width >= width - across else ""
    return "_".join(word for word in (vertical, horizontal) if word) or "middle"
