"""EBML elements: the structure of Matroska and WebM. Source: RFC 8794."""

import zlib
from collections.abc import Iterator

import msgspec

from brightline.core.errors import CarrierError

VOID, CRC_32 = 0xEC, 0xBF
_CRC_BYTES = 6  # id, size, and four bytes
_ELEMENT_LIMIT = 100_000  # side by side in a master that is read; a long film has some hundreds of chapters


class Element(msgspec.Struct, frozen=True):
    """One element: its id with the marker bit, and where it, its content and its end are.

    `is_open`: its size is unknown, and `end` is that of what holds it.
    """

    id: int
    start: int
    content: int
    end: int
    is_open: bool = False


def element_at(data: memoryview, position: int, stop: int) -> Element:
    """The element that begins at `position`.

    Raises:
        CarrierError: it is malformed, or reaches beyond `stop`.
    """
    id_length = _length(data, position, stop, 4)
    size_at = position + id_length
    width = _length(data, size_at, stop, 8)
    content = size_at + width
    size = int.from_bytes(data[size_at:content], "big") & ((1 << 7 * width) - 1)
    is_open = size == (1 << 7 * width) - 1
    end = stop if is_open else content + size
    if end > stop:
        raise CarrierError(f"the EBML element at byte {position} reaches beyond what holds it: it is cut off")
    return Element(int.from_bytes(data[position:size_at], "big"), position, content, end, is_open)


def elements(data: memoryview, start: int, stop: int) -> Iterator[Element]:
    """Elements side by side in `data[start:stop]`, each of known size.

    Raises:
        CarrierError: one is malformed, of unknown size, or there are too many.
    """
    position = start
    for _ in range(_ELEMENT_LIMIT):
        if position >= stop:
            return
        element = element_at(data, position, stop)
        if element.is_open:
            raise CarrierError(f"the EBML element at byte {position} has no size")
        yield element
        position = element.end
    raise CarrierError(f"more than {_ELEMENT_LIMIT} EBML elements side by side")


def made(kind: int, content: bytes, width: int = 1) -> bytes:
    """An element; its size takes at least `width` bytes."""
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + size_of(len(content), width) + content


def size_of(size: int, width: int = 1) -> bytes:
    """A size in at least `width` bytes; the largest of a width is reserved for `unknown`.

    >>> size_of(127).hex()
    '407f'
    """
    while size >= (1 << 7 * width) - 1:
        width += 1
    return (size | 1 << 7 * width).to_bytes(width, "big")


def void(length: int) -> bytes:
    """A `Void` element of exactly `length` bytes, at least 2."""
    return made(VOID, bytes(length - 2)) if length < 129 else made(VOID, bytes(length - 9), 8)


def sealed(content: bytes) -> bytes:
    """The content of an element, with its `CRC-32`, if it begins with one, made right (RFC 8794 11.3.1)."""
    if content[:2] != b"\xbf\x84":
        return content
    return content[:2] + zlib.crc32(content[_CRC_BYTES:]).to_bytes(4, "little") + content[_CRC_BYTES:]


def _length(data: memoryview, position: int, stop: int, longest: int) -> int:
    """How many bytes the number at `position` has, by its leading zeros."""
    if position >= stop:
        raise CarrierError(f"the EBML element at byte {position} is cut off")
    length = 9 - data[position].bit_length()
    if length > longest:
        raise CarrierError(f"no EBML element at byte {position}")
    if position + length > stop:
        raise CarrierError(f"the EBML element at byte {position} is cut off")
    return length
