"""Where a finding points, in words and names, in both languages."""

from collections.abc import Iterator

from brightline.core.finding import Box, ByteRange, Field, Heat, Place, Seconds, Span
from brightline.core.heat_words import heat_words
from brightline.core.subject import Facts
from brightline.core.words import Words


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
