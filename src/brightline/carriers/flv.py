"""FLV script data as a place that holds a mark.

TC260-PG-20257A: `onMetaData`, AMF0 string key `AIGC`, the bare object. Structure: Adobe Flash Video File Format 10.1,
annex E; Action Message Format AMF 0.
"""

import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import Candidate, Form, Oddity, Reading, Shape, Unread, decode
from brightline.carriers.loose import find_loose, read_trailing
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

SCRIPT, TAG_HEADER_BYTES = 18, 11
ON_METADATA = b"onMetaData"
NUMBER, STRING, OBJECT, ARRAY, STRICT_ARRAY, LONG_STRING = 0, 2, 3, 8, 10, 12
_SIZES = {NUMBER: 8, 1: 1, 5: 0, 6: 0, 7: 2, 11: 10, 13: 0}  # of values of one length: number, boolean, ...
_KINDS = {8, 9, SCRIPT}  # sound, picture, script
_ENCRYPTED = 0x20
_TAG_LIMIT = 4_000_000  # a day of sound and picture
_VALUE_LIMIT = 1_000_000  # of one script; an index of a day-long film has 100,000 key frames
_DEPTH_LIMIT = 16


class Tag(msgspec.Struct, frozen=True):
    """One tag: its type, whether it is encrypted, where it begins, and where its data begins and ends."""

    type: int
    is_encrypted: bool
    start: int
    content: int
    end: int


class Value(msgspec.Struct, frozen=True):
    """One named value anywhere in a script: its names from the outside in, its AMF type, and where it stands.

    Attributes:
        names: the keys that lead to it; members of a strict array have their array's.
        type: the AMF 0 marker.
        key: where the length of its key begins, offset in the file.
        start: where its marker is.
        end: one past it.
    """

    names: tuple[bytes, ...]
    type: int
    key: int
    start: int
    end: int


class Script(msgspec.Struct, frozen=True):
    """One script tag, taken apart.

    Attributes:
        name: what it sets.
        type: the AMF type of the value that it is set to.
        at: where that value's marker is.
        close: where the end of that object or array is marked, or -1 where it has no such end.
        values: everything inside, in file order.
    """

    name: bytes
    type: int
    at: int
    close: int
    values: tuple[Value, ...]


def read(data: memoryview) -> Reading:
    """Candidates in an FLV file, in file order.

    Raises:
        CarrierError: the tags cannot be walked to the file's end.
    """
    position = first = first_tag(data)
    for tag in tags(data):
        position = tag.end + 4
        if tag.type == SCRIPT:
            yield from _read_script(data, tag)
    if position == first:
        raise CarrierError("no tag behind the FLV header: the file is cut off")
    yield from read_trailing(data, position, "flv:after-tags", "FLV")


def first_tag(data: memoryview) -> int:
    """Where the first tag begins, behind the header and the size of no tag before it."""
    header = bytes(data[:9])
    if len(header) < 9 or header[:3] != b"FLV":
        raise CarrierError("no FLV header")
    start = int.from_bytes(header[5:9], "big")
    if start < 9 or start + 4 > len(data):
        raise CarrierError("the FLV header is cut off")
    return start + 4


def tags(data: memoryview) -> Iterator[Tag]:
    """All tags; each is followed by four bytes with its size.

    Raises:
        CarrierError: a tag is cut off, or something else stands where one should be.
    """
    position = first_tag(data)
    for _ in range(_TAG_LIMIT):
        if position == len(data):
            return
        if position + TAG_HEADER_BYTES > len(data):
            raise CarrierError(f"the FLV tag at byte {position} is cut off")
        kind = data[position]
        if kind & 0x1F not in _KINDS or kind & 0xC0:
            return  # what follows is no tag
        content = position + TAG_HEADER_BYTES
        end = content + int.from_bytes(data[position + 1 : position + 4], "big")
        if end + 4 > len(data):
            raise CarrierError(f"the FLV tag at byte {position} is cut off")
        yield Tag(kind & 0x1F, bool(kind & _ENCRYPTED), position, content, end)
        position = end + 4
    raise CarrierError(f"more than {_TAG_LIMIT} FLV tags")


def parse(data: memoryview, tag: Tag) -> Script:
    """A script tag taken apart.

    Raises:
        CarrierError: its AMF 0 is malformed or goes beyond a limit.
    """
    if tag.content + 3 > tag.end or data[tag.content] != STRING:
        raise CarrierError(f"the FLV script at byte {tag.start} has no name")
    at = tag.content + 3 + _short(data, tag.content + 1, tag.end)
    if at >= tag.end:
        raise CarrierError(f"the FLV script at byte {tag.start} sets nothing")
    values: list[Value] = []
    end = _walk(data, at, tag.end, (), values, 0)
    kind = data[at]
    own = all(
        value.end <= end - 3 for value in values
    )  # an end that stands there may be that of an object inside
    closed = kind in {OBJECT, ARRAY} and own and bytes(data[end - 3 : end]) == b"\x00\x00\x09"
    name = bytes(data[tag.content + 3 : at])
    return Script(name, kind, at, end - 3 if closed else -1, tuple(values))


def _walk(
    data: memoryview, at: int, stop: int, names: tuple[bytes, ...], values: list[Value], depth: int
) -> int:
    """The end of the value whose marker is at `at`; everything named inside goes to `values`."""
    if at >= stop or depth > _DEPTH_LIMIT or len(values) > _VALUE_LIMIT:
        raise CarrierError("an FLV script is cut off, nests too deeply or holds too many values")
    kind, position = data[at], at + 1
    if kind in _SIZES:
        position += _SIZES[kind]
    elif kind == STRING:
        position += 2 + _short(data, position, stop)
    elif kind in {LONG_STRING, 15}:
        position += 4 + _long(data, position, stop)
    elif kind in {OBJECT, ARRAY, 16}:
        if kind == 16:
            position += 2 + _short(data, position, stop)
        position = _walk_members(data, position + 4 * (kind == ARRAY), stop, names, values, depth)
    elif kind == STRICT_ARRAY:
        count = _long(data, position, stop)
        position += 4
        for _ in range(count):
            start = position
            position = _walk(data, position, stop, names, values, depth + 1)
            values.append(Value(names, data[start], -1, start, position))
    else:
        raise CarrierError(f"an FLV script holds a value of unknown type {kind}")
    if position > stop:
        raise CarrierError("a value of an FLV script reaches beyond it")
    return position


def _walk_members(
    data: memoryview, position: int, stop: int, names: tuple[bytes, ...], values: list[Value], depth: int
) -> int:
    """The end of an object's members; the end mark is missing where a program forgot it at the tag's end."""
    while position < stop:
        if bytes(data[position : position + 3]) == b"\x00\x00\x09":
            return position + 3
        length = _short(data, position, stop)
        start = position + 2 + length
        inner = (*names, bytes(data[position + 2 : start]))
        end = _walk(data, start, stop, inner, values, depth + 1)
        values.append(Value(inner, data[start], position, start, end))
        position = end
    return position


def _short(data: memoryview, at: int, stop: int) -> int:
    if at + 2 > stop:
        raise CarrierError("an FLV script is cut off")
    return int.from_bytes(data[at : at + 2], "big")


def _long(data: memoryview, at: int, stop: int) -> int:
    if at + 4 > stop:
        raise CarrierError("an FLV script is cut off")
    return int.from_bytes(data[at : at + 4], "big")


def text_of(data: memoryview, value: Value) -> str:
    """The characters of a string."""
    skip = 3 if value.type == STRING else 5
    return decode(bytes(data[value.start + skip : value.end]))


def number_of(data: memoryview, value: Value) -> float:
    """A number, which AMF 0 keeps as a double."""
    (number,) = struct.unpack_from(">d", data, value.start + 1)
    return float(number)


def _read_script(data: memoryview, tag: Tag) -> Reading:
    if tag.is_encrypted:
        why = "an FLV script is encrypted"
        yield Unread(carrier="flv:script", kind=GapKind.ENCRYPTED, why=why, start=tag.start, end=tag.end)
        return
    try:
        script = parse(data, tag)
    except CarrierError as error:
        yield from _read_loose(data, tag.content, tag.end, "flv:script", (Oddity.UNUSUAL_PLACE,))
        why = str(error)
        yield Unread(carrier="flv:script", kind=GapKind.MALFORMED, why=why, start=tag.start, end=tag.end)
        return
    place = f"flv:script:{script.name[:32].decode('ascii', 'replace')}"
    odd = () if script.name == ON_METADATA else (Oddity.UNUSUAL_PLACE,)
    if script.type in {STRING, LONG_STRING}:
        yield from _read_loose(data, script.at, tag.end, place, odd or (Oddity.KEYWORD,))
    for value in script.values:
        if value.type in {STRING, LONG_STRING}:
            yield from _read_string(data, value, place, odd)


def _read_string(data: memoryview, value: Value, place: str, odd: tuple[Oddity, ...]) -> Reading:
    key, text = decode(value.names[-1]) if value.names else "", text_of(data, value)
    where = f"{place}:{key[:32]}"
    if key == "AIGC" or ("AIGC" in key.upper() and "{" in text):
        nested = (Oddity.UNUSUAL_PLACE,) if len(value.names) > 1 or value.key < 0 else ()
        keyword = () if "AIGC" in key else (Oddity.KEYWORD,)
        yield Candidate(
            carrier=where,
            form=Form.KEYED,
            start=value.start if value.key < 0 else value.key,
            end=value.end,
            text=text,
            shape=Shape.BARE,
            oddities=tuple(dict.fromkeys((*odd, *nested, *keyword))),
        )
    else:
        yield from _read_loose(data, value.start, value.end, where, (*odd, Oddity.KEYWORD))


def _read_loose(data: memoryview, start: int, end: int, place: str, odd: tuple[Oddity, ...]) -> Reading:
    for loose in find_loose(data, start, end):
        yield Candidate(
            carrier=place,
            form=Form.LOOSE,
            start=loose.start,
            end=loose.end,
            text=loose.text,
            shape=Shape.BARE,
            oddities=odd,
        )
