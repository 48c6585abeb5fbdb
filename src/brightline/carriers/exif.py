"""EXIF blocks (TIFF structure) as a place that holds a mark: UserComment, ImageDescription and other text tags.

TC260-PG-20259A Annex B: tag 0x9286, type 7, eight bytes of character code, then `{"AIGC":{...}}`.
"""

import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    TEXT_LIMIT_BYTES,
    Candidate,
    Form,
    MiB,
    Oddity,
    Reading,
    Shape,
    Unread,
    decode,
)
from brightline.carriers.loose import find_loose
from brightline.carriers.xmp import read_xmp
from brightline.core.subject import GapKind

USER_COMMENT = 0x9286
IMAGE_DESCRIPTION = 0x010E
MAKER_NOTE = 0x927C
XMP_TAG = 0x02BC
_SUB_IFDS = {0x8769: "exif", 0x8825: "gps", 0xA005: "interop"}
TAG_NAMES = {
    USER_COMMENT: "UserComment",
    IMAGE_DESCRIPTION: "ImageDescription",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
    XMP_TAG: "XMP",
}
_XP_TAGS = range(0x9C9B, 0x9CA0)  # Windows: UTF-16LE in type BYTE
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}
TEXT_TYPES = {1, 2, 7, 129}  # BYTE, ASCII, UNDEFINED, UTF-8 (EXIF 3.0)
_IFD_LIMIT = 16  # directories in one block; cameras write four
_TAG_LIMIT = 2000  # tags in one directory; cameras write about 60
VALUES_LIMIT_BYTES = 64 * MiB  # values of one block together: tags may all point at the same bytes
_BASE64_STARTS = ("eyJBSUdDI", "eyJMYWJlbCI")  # Base64 of `{"AIGC"` and of `{"Label"`
_CODES = {b"ASCII\x00\x00\x00": "ascii", b"UNICODE\x00": "utf-16", b"JIS\x00\x00\x00\x00\x00": "jis"}


class Tag(msgspec.Struct, frozen=True):
    """One text tag; `offset` is where its value lies in the block."""

    number: int
    type: int
    value: bytes
    offset: int


def read_exif(block: bytes, carrier: str, start: int) -> Reading:
    """Candidates in one EXIF block (from its `II` or `MM` on) that begins at byte `start` of the file."""
    if len(block) > METADATA_LIMIT_BYTES:
        yield _unread(
            carrier, GapKind.LIMIT, "the EXIF block is larger than 16 MiB", start, start + len(block)
        )
        return
    budget = VALUES_LIMIT_BYTES
    for tag in _tags(block):
        budget -= 0 if isinstance(tag, str) else len(tag.value)
        if budget < 0:
            why = "the values of an EXIF block overlap and add up to more than 64 MiB"
            yield _unread(carrier, GapKind.LIMIT, why, start, start + len(block))
            return
        if isinstance(tag, str):
            yield _unread(carrier, GapKind.MALFORMED, tag, start, start + len(block))
            continue
        yield from read_tag(tag, carrier, start)


def read_tag(tag: Tag, carrier: str, start: int) -> Reading:
    """Candidates in one text tag of the directory `carrier` in a block that begins at byte `start` of the file."""
    place = f"{carrier}:{TAG_NAMES.get(tag.number, f'0x{tag.number:04X}')}"
    begin, end = start + tag.offset, start + tag.offset + len(tag.value)
    if tag.number == XMP_TAG:
        yield from read_xmp(tag.value, place, begin, end)
    elif tag.number == USER_COMMENT or b"{" in tag.value:
        yield from _read_text(tag, place, begin, end)


def _read_text(tag: Tag, place: str, begin: int, end: int) -> Reading:
    if len(tag.value) > TEXT_LIMIT_BYTES and tag.number == USER_COMMENT:
        yield _unread(place, GapKind.LIMIT, "the comment is larger than 64 KiB", begin, end)
        return
    text, oddities = _text_of(tag)
    if text.startswith(_BASE64_STARTS):
        yield Candidate(carrier=place, form=Form.KEYED, start=begin, end=end, text=text, oddities=oddities)
        return
    for loose in find_loose(text.encode("utf-8", "surrogatepass")):
        odd = oddities if tag.number == USER_COMMENT else (*oddities, Oddity.UNUSUAL_PLACE)
        yield Candidate(
            carrier=place,
            form=Form.KEYED,
            start=begin,
            end=end,
            text=loose.text,
            shape=Shape.WRAPPED,
            oddities=odd if loose.keyed else (*odd, Oddity.KEYWORD),
        )
        return


def _text_of(tag: Tag) -> tuple[str, tuple[Oddity, ...]]:
    if tag.number in _XP_TAGS:
        return tag.value.decode("utf-16-le", "replace").rstrip("\x00"), (Oddity.ENCODING,)
    if tag.number != USER_COMMENT:
        return decode(tag.value.rstrip(b"\x00")), ()
    code, rest = tag.value[:8], tag.value[8:]
    if _CODES.get(code) == "ascii":
        return decode(rest.rstrip(b"\x00 ")), ()
    if _CODES.get(code) == "utf-16":
        return rest.decode(_utf16(rest), "replace").rstrip("\x00 "), (Oddity.ENCODING,)
    whole = rest if code in _CODES or code == bytes(8) else tag.value
    return decode(whole.rstrip(b"\x00 ")), (Oddity.ENCODING,)


def _utf16(data: bytes) -> str:
    """Big or little endian: the standard leaves it open, so look on which side the zero bytes of ASCII lie."""
    return "utf-16-be" if data[0:1] == b"\x00" or data.startswith(b"\xfe\xff") else "utf-16-le"


def _tags(block: bytes) -> Iterator[Tag | str]:
    """Text tags of all directories; a string says what could not be read."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        yield "the EXIF block has no TIFF header"
        return
    todo, seen = [int(struct.unpack_from(order + "I", block, 4)[0])], set[int]()
    while todo:
        offset = todo.pop(0)
        if offset == 0 or offset in seen:
            continue
        if len(seen) >= _IFD_LIMIT:
            yield f"the EXIF block has more than {_IFD_LIMIT} directories"
            return
        seen.add(offset)
        if offset + 2 > len(block):
            yield "an EXIF directory lies outside its block"
            continue
        yield from _directory(block, order, offset, todo)


def _directory(block: bytes, order: str, offset: int, todo: list[int]) -> Iterator[Tag | str]:
    (count,) = struct.unpack_from(order + "H", block, offset)
    if count > _TAG_LIMIT or offset + 2 + 12 * count > len(block):
        yield "an EXIF directory is longer than its block"
        return
    for index in range(count):
        number, kind, amount = struct.unpack_from(order + "HHI", block, offset + 2 + 12 * index)
        at = offset + 10 + 12 * index
        if number in _SUB_IFDS:
            todo.append(int(struct.unpack_from(order + "I", block, at)[0]))
            continue
        size = _SIZES.get(kind, 0) * amount
        if kind not in TEXT_TYPES or number == MAKER_NOTE:
            continue
        if size > 4:
            at = int(struct.unpack_from(order + "I", block, at)[0])
        if at + size > len(block):
            yield f"EXIF tag 0x{number:04X} lies outside its block"
            continue
        yield Tag(number, kind, block[at : at + size], at)
    following = offset + 2 + 12 * count
    if following + 4 <= len(block):
        todo.append(int(struct.unpack_from(order + "I", block, following)[0]))


def _unread(carrier: str, kind: GapKind, why: str, start: int, end: int) -> Unread:
    return Unread(carrier=carrier, kind=kind, why=why, start=start, end=end)
