"""Where a finding points, in words and names."""

from collections.abc import Iterator

from brightline.core.finding import Box, ByteRange, Field, Place, Seconds, Span
from brightline.core.subject import Facts


def part_names(facts: Facts, part: str = "") -> Iterator[tuple[str, str]]:
    """Paths of all parts with their names; the subject itself has no name here, because everybody sees it."""
    yield part, facts.name if part else ""
    for index, child in enumerate(facts.parts):
        yield from part_names(child, f"{part}/{index}" if part else str(index))


def place_words(place: Place) -> str:
    """A place in a few characters, the same in both languages.

    >>> place_words(Span(3, 9)), place_words(Seconds(0.5, 2.0))
    ('3-9', '0.5-2.0 s')
    """
    match place:
        case Span(start=start, end=end):
            return f"{start}-{end}"
        case Box(x=x, y=y, width=width, height=height):
            return f"{width}x{height} px @ {x},{y}"
        case Seconds(start=first, end=last):
            return f"{first:.1f}-{last:.1f} s"
        case ByteRange(start=start, end=end):
            return f"bytes {start}-{end}"
        case Field(name=name):
            return name
