"""PDF's values as they stand in bytes (ISO 32000-2 7.3): names, strings, dictionaries, each with its byte range.

A window of bytes goes in; nothing is followed or unpacked here. Nesting and size are bounded, every step goes forward.
"""

import re

import msgspec

from brightline.core.errors import CarrierError

_DEPTH = 32  # dictionaries and arrays within each other; honest ones have five
_VALUES_LIMIT = 20_000  # values in one window; a catalog or an Info dictionary has some dozens
_SPACE = re.compile(rb"(?:[\0\t\n\f\r ]|%[^\r\n]*+)*+")
_REFERENCE = re.compile(
    rb"([0-9]{1,10})[\0\t\n\f\r ]{1,16}([0-9]{1,5})[\0\t\n\f\r ]{1,16}R(?![^\0\t\n\f\r ()<>\[\]{}/%])"
)
_NUMBER = re.compile(rb"[+-]?(?:[0-9]{1,32}\.?[0-9]{0,32}|\.[0-9]{1,32})")
_NAME = re.compile(rb"/([^\0\t\n\f\r ()<>\[\]{}/%]*+)")
_WORD = re.compile(rb"true|false|null")
_HEX = re.compile(rb"<([0-9A-Fa-f\0\t\n\f\r ]*+)>")
_MARKED = re.compile(rb"[()\\]")
_ESCAPE = re.compile(rb"\\(\r\n|[0-7]{1,3}|.)|\r\n?", re.DOTALL)
_ESCAPED = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"b": b"\b",
    b"f": b"\f",
    b"\n": b"",
    b"\r": b"",
    b"\r\n": b"",
}
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}


class Name(str):
    """A name, without its slash."""

    __slots__ = ()


class String(bytes):
    """A string's bytes, escapes undone."""

    __slots__ = ()


class Reference(msgspec.Struct, frozen=True):
    """`12 0 R`."""

    number: int
    generation: int


class Entry(msgspec.Struct, frozen=True):
    """One entry of a dictionary; byte ranges of the whole and of the value, in the window."""

    name: str
    value: "Value"
    start: int
    value_start: int
    end: int


class Dictionary(msgspec.Struct, frozen=True):
    """A dictionary: entries in their order, names possibly repeated, and its byte range with `<<` and `>>`."""

    entries: tuple[Entry, ...]
    start: int
    end: int

    def get(self, name: str) -> "Value":
        """The last value of that name, as PDFium takes it; None if there is none."""
        return next((entry.value for entry in reversed(self.entries) if entry.name == name), None)


Value = Name | String | Reference | Dictionary | list["Value"] | int | float | bool | None


class Parsed(msgspec.Struct, frozen=True):
    """A value, and one past its last byte in the window."""

    value: Value
    end: int


def parse(window: bytes, position: int = 0) -> Parsed:
    """The value at `position`, white space and comments before it skipped.

    Raises:
        CarrierError: there is no value, it is cut, or nests deeper than 32.
    """
    return _Parser(window).value(position, 0)


def skip_space(window: bytes, position: int) -> int:
    """Behind white space and comments."""
    match = _SPACE.match(window, position)
    return match.end() if match else position


def text_of(string: bytes) -> str:
    """A text string (7.9.2.2): UTF-16BE or UTF-8 with their marks, else PDFDocEncoding, read as Latin-1."""
    for mark, encoding in (
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xef\xbb\xbf", "utf-8"),
    ):
        if string.startswith(mark):
            return string[len(mark) :].decode(encoding, "replace")
    return string.decode("latin-1")


def text_string(text: str) -> bytes:
    r"""A text as a PDF string token: literal and escaped where it is plain ASCII, else UTF-16BE in hexadecimal.

    >>> text_string('{"a":"(b)"}')
    b'({"a":"\\(b\\)"})'
    """
    if re.fullmatch(r"[\x20-\x7e]*", text):
        return b"(" + re.sub(rb"([()\\])", rb"\\\1", text.encode("ascii")) + b")"
    return b"<" + (b"\xfe\xff" + text.encode("utf-16-be", "surrogatepass")).hex().upper().encode() + b">"


class _Parser:
    """Recursive descent over one window, with a count of values."""

    def __init__(self, window: bytes) -> None:
        self._window = window
        self._left = _VALUES_LIMIT

    def value(self, position: int, depth: int) -> Parsed:
        self._left -= 1
        if depth > _DEPTH or self._left < 0:
            raise CarrierError(
                f"a PDF object nests deeper than {_DEPTH} or holds more than {_VALUES_LIMIT} values"
            )
        window, position = self._window, skip_space(self._window, position)
        if window.startswith(b"<<", position):
            return self._dictionary(position, depth)
        match window[position : position + 1]:
            case b"/":
                return self._name(position)
            case b"(":
                return _literal(window, position)
            case b"<":
                return _hexadecimal(window, position)
            case b"[":
                return self._array(position, depth)
            case _:
                return _simple(window, position)

    def _name(self, position: int) -> Parsed:
        match = _NAME.match(self._window, position)
        if match is None:
            raise CarrierError("a PDF name was expected")
        raw = re.sub(rb"#([0-9A-Fa-f]{2})", lambda code: bytes([int(code[1], 16)]), match[1])
        return Parsed(Name(raw.decode("utf-8", "replace")), match.end())

    def _array(self, position: int, depth: int) -> Parsed:
        values: list[Value] = []
        position = skip_space(self._window, position + 1)
        while not self._window.startswith(b"]", position):
            item = self.value(position, depth + 1)
            values.append(item.value)
            position = skip_space(self._window, item.end)
        return Parsed(values, position + 1)

    def _dictionary(self, start: int, depth: int) -> Parsed:
        entries: list[Entry] = []
        position = skip_space(self._window, start + 2)
        while not self._window.startswith(b">>", position):
            name = self._name(position)
            item = self.value(name.end, depth + 1)
            value_start = skip_space(self._window, name.end)
            entries.append(Entry(str(name.value), item.value, position, value_start, item.end))
            position = skip_space(self._window, item.end)
        return Parsed(Dictionary(tuple(entries), start, position + 2), position + 2)


def _simple(window: bytes, position: int) -> Parsed:
    if match := _REFERENCE.match(window, position):
        return Parsed(Reference(int(match[1]), int(match[2])), match.end())
    if match := _NUMBER.match(window, position):
        word = match[0]
        return Parsed(float(word) if b"." in word else int(word), match.end())
    if match := _WORD.match(window, position):
        return Parsed(_WORDS[match[0]], match.end())
    raise CarrierError("a PDF object is cut off or broken")


def _literal(window: bytes, start: int) -> Parsed:
    """`(...)` with balanced parentheses and escapes (7.3.4.2)."""
    depth, position = 0, start
    while match := _MARKED.search(window, position):
        position = match.end()
        if match[0] == b"\\":
            position += 1
            continue
        depth += 1 if match[0] == b"(" else -1
        if depth == 0:
            return Parsed(String(_ESCAPE.sub(_unescape, window[start + 1 : match.start()])), position)
    raise CarrierError("a PDF string never closes")


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code is None:
        return b"\n"  # any end of line counts as one line feed
    if code[:1].isdigit() and code[:1] < b"8":
        return bytes([int(code, 8) & 0xFF])
    return _ESCAPED.get(code, code)


def _hexadecimal(window: bytes, position: int) -> Parsed:
    match = _HEX.match(window, position)
    if match is None:
        raise CarrierError("a PDF string in hexadecimal is broken")
    digits = re.sub(rb"[\0\t\n\f\r ]", b"", match[1])
    return Parsed(String(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))), match.end())
