"""Protocol Buffers on the wire, walked without a schema (encoding of protobuf.dev): fields of one message, in place."""

from collections.abc import Iterator

import msgspec

VARINT_BYTES = 10  # of 64 bits


class Bad(Exception):  # noqa: N818 - it ends a walk and is told as a fact
    """The bytes are no message."""


class Part(msgspec.Struct, frozen=True):
    """One field: its number, where its content lies, and its value where it is a number.

    Attributes:
        number: field number.
        start: offset of the content; of a number, of the number itself.
        end: offset behind it.
        value: of a varint; -1 for the other wire types.
        is_bytes: it is a string, bytes or message.
    """

    number: int
    start: int
    end: int
    value: int
    is_bytes: bool


def parts(data: bytes, start: int, end: int) -> Iterator[Part]:
    """Fields of the message in `data[start:end]`.

    Raises:
        Bad: it is cut off or no message.
    """
    position = start
    while position < end:
        key, position = _varint(data, position, end)
        number, wire = key >> 3, key & 7
        begin, value, is_bytes = position, -1, False
        if wire == 0:
            value, position = _varint(data, position, end)
        elif wire == 1:
            position += 8
        elif wire == 5:
            position += 4
        elif wire == 2:
            size, begin = _varint(data, position, end)
            position, is_bytes = begin + size, True
        else:
            raise Bad(f"wire type {wire} at offset {begin}")
        if position > end or not number:
            raise Bad(f"a field at offset {begin} is cut off")
        yield Part(number, begin, position, value, is_bytes)


def _varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    value = 0
    for index in range(VARINT_BYTES):
        if position + index >= end:
            raise Bad("it ends in a number")
        byte = data[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise Bad(f"a number at offset {position} is too long")
