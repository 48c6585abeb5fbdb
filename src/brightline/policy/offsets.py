"""From a place in a scalar's value back to its place in the file.

YAML folds lines, strips indents and resolves escapes, but it never reorders: apart from white space and escapes the
characters of the value are the characters of the source, one after the other.
"""

from collections.abc import Iterator

_BLANKS = " \t\n\r"
_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}  # `\x41`, `\u0041`, `\U00000041`, in characters


def offsets(text: str, start: int, end: int, value: str) -> list[int]:
    """Where each character of a scalar's value stands in the file, and where its end stands.

    Args:
        text: the whole file.
        start: where the scalar begins in it, quotes and block sign included.
        end: where it ends.
        value: what YAML makes of it.

    Returns:
        `len(value) + 1` offsets into `text`, rising.
    """
    places: list[int] = []
    units = _units(text, start, end)
    at, character = next(units, (end, ""))
    for wanted in value:
        while character and character in _BLANKS and wanted not in _BLANKS:
            at, character = next(units, (end, ""))
        places.append(at)
        if wanted not in _BLANKS or (character == wanted and wanted != "\n"):
            at, character = next(units, (end, ""))
    return [*places, at]


def _units(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Place and character of everything in the scalar that stands for one character of its value."""
    sign = text[start : start + 1]
    if sign == "'":
        return _single_quoted(text, start + 1, end - 1)
    if sign == '"':
        return _double_quoted(text, start + 1, end - 1)
    if sign in {"|", ">"}:
        line = text.find("\n", start, end)  # the header may hold indicators and a comment
        start = line + 1 if line >= 0 else end
    return ((at, text[at]) for at in range(start, end))


def _single_quoted(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    at = start
    while at < end:
        yield at, text[at]
        at += 2 if text[at] == "'" else 1


def _double_quoted(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    at = start
    while at < end:
        if text[at] != "\\":
            yield at, text[at]
            at += 1
        elif text[at + 1] == "\n":
            at += 2  # an escaped line break stands for nothing
        else:
            yield at, "\\"  # whatever it stands for, it is one character of the value
            at += _ESCAPE_LENGTHS.get(text[at + 1], 2)
