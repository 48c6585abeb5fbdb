"""MP4, MOV and M4A boxes as places that hold a mark.

TC260-PG-20257A 6.1.1: `moov.udta.meta`, key `AIGC` of namespace `mdta` in `keys`, the bare object in `ilst`. Structure:
ISO/IEC 14496-12 clause 4.2; QuickTime File Format, metadata atoms.
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
    with_oddity,
)
from brightline.carriers.loose import find_loose
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

_XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")  # XMP specification part 3, 1.2.7.1
_NO_METADATA = {
    b"ftyp",
    b"styp",
    b"mdat",
    b"moof",
    b"sidx",
    b"mfra",
    b"free",
    b"skip",
    b"wide",
    b"prft",
    b"emsg",
}
_BOX_LIMIT = 200_000  # fragments of a day-long stream
_KEY_LIMIT = 1_000  # keys of one `meta`
_SEARCH_LIMIT_BYTES = (
    64 * MiB
)  # of one box searched for loose marks; sample tables of a film take about 10 MiB


class _Box(msgspec.Struct, frozen=True):
    """One box: its type, where it begins, where its content begins, where it ends (offsets in the file)."""

    type: bytes
    start: int
    content: int
    end: int


class _Item(msgspec.Struct, frozen=True):
    """One value of an `ilst`: its key, if `keys` has one, and its box."""

    key: str
    box: _Box


def read(data: memoryview) -> Reading:
    """Candidates in an MP4, MOV or M4A file, in file order.

    Raises:
        CarrierError: the boxes cannot be walked to the file's end.
    """
    if len(data) < 8 or not bytes(data[4:8]).isascii():
        raise CarrierError("no ISO base media box at the file's start")
    seen: set[bytes] = set()
    for box in _boxes(data, 0, len(data)):
        seen.add(box.type)
        if box.type == b"moov":
            yield from _read_movie(data, box)
        elif box.type == b"uuid" and bytes(data[box.content : box.content + 16]) == _XMP_UUID:
            yield from _read_xmp(data, box)
        elif box.type not in _NO_METADATA:
            yield from _read_loose(data, box, f"mp4:{_name(box)}")
    if not {b"moov", b"mdat"} <= seen:
        raise CarrierError("no `moov` or no `mdat` box: the file is cut off between boxes")


def _boxes(data: memoryview, start: int, stop: int) -> Iterator[_Box]:
    """Boxes side by side in `data[start:stop]`."""
    position = start
    for _ in range(_BOX_LIMIT):
        if position + 8 > stop:
            if any(data[position:stop]):  # QuickTime ends some containers with four zero bytes
                raise CarrierError(f"a box at byte {position} is cut off")
            return
        size, kind = struct.unpack_from(">I4s", data, position)
        content = position + 8
        if size == 1:
            if position + 16 > stop:
                raise CarrierError(f"a box at byte {position} is cut off")
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        end = stop if size == 0 else position + int(size)
        if end < content or end > stop:
            raise CarrierError(f"the box at byte {position} reaches beyond what holds it")
        yield _Box(kind, position, content, end)
        position = end
    raise CarrierError(f"more than {_BOX_LIMIT} boxes")


def _read_movie(data: memoryview, movie: _Box) -> Reading:
    for box in _boxes(data, movie.content, movie.end):
        if box.type == b"meta":
            yield from _read_meta(data, box, "mp4:moov:meta", (Oddity.UNUSUAL_PLACE,))
        elif box.type == b"udta":
            for inner in _boxes(data, box.content, box.end):
                if inner.type == b"meta":
                    yield from _read_meta(data, inner, "mp4:moov:udta:meta", ())
                else:
                    yield from _read_loose(data, inner, f"mp4:moov:udta:{_name(inner)}")
        else:
            yield from _read_loose(data, box, f"mp4:moov:{_name(box)}")


def _read_meta(data: memoryview, meta: _Box, place: str, odd: tuple[Oddity, ...]) -> Reading:
    """Values by their keys; what has no key is searched for loose marks."""
    if meta.end - meta.start > METADATA_LIMIT_BYTES:
        why = "an MP4 `meta` box is larger than 16 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=meta.start, end=meta.end)
        return
    # In QuickTime `meta` is no full box: its first child follows at once.
    full = bytes(data[meta.content + 4 : meta.content + 8]) != b"hdlr"
    children = list(_boxes(data, meta.content + 4 * full, meta.end))
    keys = next((_keys(data, box) for box in children if box.type == b"keys"), ())
    for box in children:
        if box.type != b"ilst":
            yield from _read_loose(data, box, f"{place}:{_name(box)}")
            continue
        for item in _items(data, box, keys):
            yield from _read_item(data, item, place, odd)


def _read_item(data: memoryview, item: _Item, place: str, odd: tuple[Oddity, ...]) -> Reading:
    value = bytes(data[item.box.content : item.box.end])
    if item.key != "AIGC" and not ("AIGC" in item.key and b"{" in value):
        yield from _read_loose(data, item.box, f"{place}:ilst:{item.key[:32] or _name(item.box)}")
        return
    for inner in _boxes(data, item.box.content, item.box.end):
        if inner.type != b"data":
            continue
        text = decode(bytes(data[min(inner.content + 8, inner.end) : inner.end])[: TEXT_LIMIT_BYTES + 1])
        yield Candidate(
            carrier=f"{place}:{item.key[:32]}",
            form=Form.KEYED,
            start=item.box.start,
            end=item.box.end,
            text=text,
            shape=Shape.BARE,
            oddities=odd,
        )


def _keys(data: memoryview, box: _Box) -> tuple[str, ...]:
    """Names in a `keys` box, in order; `ilst` counts them from 1."""
    names: list[str] = []
    for entry in _boxes(data, min(box.content + 8, box.end), box.end):
        names.append(bytes(data[entry.content : entry.end][:256]).decode("utf-8", "replace"))
        if len(names) > _KEY_LIMIT:
            raise CarrierError(f"more than {_KEY_LIMIT} metadata keys")
    return tuple(names)


def _items(data: memoryview, box: _Box, keys: tuple[str, ...]) -> Iterator[_Item]:
    for item in _boxes(data, box.content, box.end):
        index = int.from_bytes(item.type, "big")
        yield _Item(keys[index - 1] if 1 <= index <= len(keys) else "", item)


def _read_xmp(data: memoryview, box: _Box) -> Reading:
    if box.end - box.content > METADATA_LIMIT_BYTES:
        why = "an XMP box is larger than 16 MiB"
        yield Unread(carrier="mp4:uuid:XMP", kind=GapKind.LIMIT, why=why, start=box.start, end=box.end)
        return
    for item in read_xmp(bytes(data[box.content + 16 : box.end]), "mp4:uuid:XMP", box.start, box.end):
        yield with_oddity(item, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item


def _read_loose(data: memoryview, box: _Box, place: str) -> Reading:
    stop = min(box.end, box.content + _SEARCH_LIMIT_BYTES)
    for loose in find_loose(data, box.content, stop):
        named = loose.keyed or box.type.upper() == b"AIGC"
        odd = (Oddity.UNUSUAL_PLACE,) if named else (Oddity.UNUSUAL_PLACE, Oddity.KEYWORD)
        yield Candidate(
            carrier=place, form=Form.LOOSE, start=loose.start, end=loose.end, text=loose.text, oddities=odd
        )
    if stop < box.end:
        why = f"box `{_name(box)}` is larger than 64 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=stop, end=box.end)


def _name(box: _Box) -> str:
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "?" for byte in box.type)
