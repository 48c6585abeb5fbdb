"""Where a finding points, in words and names, in both languages."""

from collections.abc import Iterator

from brightline.core.finding import Box, ByteRange, Field, Heat, Place, Seconds, Span
from brightline.core.subject import Facts
from brightline.core.words import Words

HOTTEST = 0.8  # of the highest level: cells from there on are where a heat map is strongest
EVERYWHERE = 0.6  # share of the cells from which on no place stands out
_REGIONS = (
    (("at the upper left", "左上方"), ("at the top", "上方"), ("at the upper right", "右上方")),
    (("at the left", "左侧"), ("in the middle", "中部"), ("at the right", "右侧")),
    (("at the lower left", "左下方"), ("at the bottom", "下方"), ("at the lower right", "右下方")),
)


def part_names(facts: Facts, part: str = "") -> Iterator[tuple[str, str]]:
    """Paths of all parts with their names; the subject itself has no name here, because everybody sees it."""
    yield part, facts.name if part else ""
    for index, child in enumerate(facts.parts):
        yield from part_names(child, f"{part}/{index}" if part else str(index))


def place_words(place: Place) -> Words:
    """A place in a few characters.

    >>> place_words(Span(3, 9)).en, place_words(Seconds(0.5, 2.0)).zh
    ('characters 3-9', '第 0.5-2.0 秒')
    """
    match place:
        case Span(start=start, end=end):
            return Words(f"characters {start}-{end}", f"第 {start}-{end} 字符")
        case Box(x=x, y=y, width=width, height=height):
            return Words(f"{width} x {height} px at {x}, {y}", f"位于 {x}, {y} 的 {width} x {height} 像素")
        case Seconds(start=first, end=last):
            return Words(f"{first:.1f}-{last:.1f} s", f"第 {first:.1f}-{last:.1f} 秒")
        case ByteRange(start=start, end=end):
            return Words(f"bytes {start}-{end}", f"第 {start}-{end} 字节")
        case Field(name=name):
            return Words(name, name)
        case Heat():
            shown = heat_words(place)
            return Words(f"heat map, {shown.en}", f"热力图（{shown.zh}）")


def heat_words(heat: Heat) -> Words:
    """Where a heat map is strongest: the middle of its hottest cells.

    >>> heat_words(Heat(3, 1, bytes([9, 0, 0]))).en, heat_words(Heat(1, 1, bytes(1))).zh
    ('strongest at the left', '各处相近')
    """
    most = max(heat.levels)
    hot = [index for index, level in enumerate(heat.levels) if level >= max(1, most * HOTTEST)]
    if not hot or len(hot) > len(heat.levels) * EVERYWHERE:
        return Words("much the same everywhere", "各处相近")
    across = sum(index % heat.columns + 0.5 for index in hot) / len(hot) / heat.columns
    down = sum(index // heat.columns + 0.5 for index in hot) / len(hot) / heat.rows
    en, zh = _REGIONS[_third(down)][_third(across)]
    return Words(f"strongest {en}", f"{zh}最强")


def _third(share: float) -> int:
    return 0 if share < 1 / 3 else 1 if share < 2 / 3 else 2
