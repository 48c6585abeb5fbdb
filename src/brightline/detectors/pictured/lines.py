"""All lines of words in a picture, in reading order: a screenshot of a chat, a flyer, a photographed notice.

A picture without words costs one pass of the finding network over a copy of 512 pixels, which `explicit_image` makes
anyway and which is kept. Only where that pass finds words is a sharper copy cut into tiles and read.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from brightline.core.finding import Box
from brightline.media.image import Pixels
from brightline.media.ocr import SIDE, Line, find_lines, read_line

LINES_READ = 40  # lines of one picture; 10 to 35 ms each, so a full page takes about a second
TILES_LIMIT = 8  # tiles of the sharper copy; 75 ms each
TILE = 800  # pixels of a tile's side: letters stay two thirds of their size when it is looked at
LETTERS_LEAST = 2  # of a line: a single one is mostly an ornament
READ_SCORE = 0.7  # mean probability of a line's characters under which its reading is a guess
_OVERLAP = 80  # pixels that neighbouring tiles share, so that no line is only seen cut
_LONG = 2.2  # times as long as wide: such pictures are looked at in squares from the start
_SMALL_FOUND = (
    14.0  # rows of a line, in the small copy where lines are looked for, under which others may be missed
)
_SMALL_READ = (
    24.0  # rows of a line, with its margin, in the copy that is read, under which letters melt together
)
_SAME = 0.5  # of the smaller box that two boxes share when they are the same line
_SAME_ROW = 0.5  # of the lower height that two lines of one row share


class Words(msgspec.Struct, frozen=True):
    """A line: what it says, how sure the reading is in [0, 1], and its box in pixels of the copy that was read."""

    text: str
    score: float
    box: Box


class Page(msgspec.Struct, frozen=True):
    """What a picture says.

    Attributes:
        lines: in reading order, readings that are no guess.
        found: lines that were found; the lowest beyond `LINES_READ` are not read.
        width: of the copy that the boxes lie on.
        height: of that copy.
    """

    lines: tuple[Words, ...]
    found: int
    width: int
    height: int


def read_page(pixels: Pixels, sharper: Callable[[], Pixels]) -> Page:
    """Find and read the words of a picture.

    Args:
        pixels: the copy that is looked at first.
        sharper: gives the copy that small letters are read on; asked only where there are words.

    Raises:
        DetectorError: the text networks cannot run.
    """
    height, width = pixels.shape[:2]
    lines = [line for tile in _squares(width, height) for line in _found(pixels, tile)]
    if not lines:
        return Page((), 0, width, height)
    if _are_small(lines, width, height):
        pixels = sharper()
        height, width = pixels.shape[:2]
        lines = [line for tile in _tiles(width, height) for line in _found(pixels, tile)]
    boxes = _ordered(_without_doubles(lines))
    read = [_read(pixels, box) for box in boxes[:LINES_READ]]
    kept = tuple(one for one in read if len(one.text) >= LETTERS_LEAST and one.score >= READ_SCORE)
    return Page(kept, len(boxes), width, height)


def _squares(width: int, height: int) -> Iterator[Box]:
    """The whole picture, or squares along one that is much longer than wide."""
    short, long = min(width, height), max(width, height)
    if long <= short * _LONG:
        yield Box(0, 0, width, height)
        return
    for start in _starts(long, short, min(_OVERLAP, short // 4))[:TILES_LIMIT]:
        yield Box(start, 0, short, short) if width > height else Box(0, start, short, short)


def _tiles(width: int, height: int) -> list[Box]:
    across, down = min(TILE, width), min(TILE, height)
    return [
        Box(x, y, across, down)
        for y in _starts(height, down, _OVERLAP)
        for x in _starts(width, across, _OVERLAP)
    ][:TILES_LIMIT]


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin, evenly spread, each sharing at least `overlap` with the next.

    >>> _starts(2000, 800, 80)
    [0, 600, 1200]
    """
    if length <= tile:
        return [0]
    count = -(-(length - overlap) // (tile - overlap))
    return [round(number * (length - tile) / (count - 1)) for number in range(count)]


def _found(pixels: Pixels, tile: Box) -> Iterator[Line]:
    part = pixels[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
    for line in find_lines(np.ascontiguousarray(part)):
        box = line.box
        yield Line(Box(box.x + tile.x, box.y + tile.y, box.width, box.height), line.score)


def _are_small(lines: list[Line], width: int, height: int) -> bool:
    """Whether letters are too small for the copy at hand, for finding their lines or for reading them."""
    short, long = min(width, height), max(width, height)
    shrunk = min(1.0, SIDE / (long if long <= short * _LONG else short))
    rows = float(np.median([line.box.height for line in lines]))
    return rows < _SMALL_READ or rows * shrunk < _SMALL_FOUND


def _without_doubles(lines: list[Line]) -> list[Box]:
    """Boxes of different lines: of two that overlap, as tiles give them, the longer one."""
    kept: list[Box] = []
    for line in sorted(lines, key=lambda line: (-line.box.width * line.box.height, line.box.y, line.box.x)):
        if all(_shared(line.box, other) < _SAME for other in kept):
            kept.append(line.box)
    return kept


def _shared(one: Box, other: Box) -> float:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / min(one.width * one.height, other.width * other.height)


def _ordered(boxes: list[Box]) -> list[Box]:
    """Row by row from the top, each row from the left."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: (box.y + box.height / 2, box.x)):
        if rows and _is_beside(rows[-1][0], box):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row, key=lambda box: box.x)]


def _is_beside(first: Box, box: Box) -> bool:
    down = min(first.y + first.height, box.y + box.height) - max(first.y, box.y)
    return down >= _SAME_ROW * min(first.height, box.height)


def _read(pixels: Pixels, box: Box) -> Words:
    reading = read_line(np.ascontiguousarray(pixels[box.y : box.y + box.height, box.x : box.x + box.width]))
    return Words(" ".join(reading.text.split()), reading.score, box)
