"""MP4, MOV and M4A boxes as places that hold a mark.

TC260-PG-20257A 6.1.1: `moov.udta.meta`, key `AIGC` of namespace `mdta` in `keys`, the bare object in `ilst`. Structure:
ISO/IEC 14496-12 clause 4.2; QuickTime File Format, metadata atoms.
"""

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
from brightline.carriers.isobmff_boxes import Box, boxes, in_meta, name
from brightline.carriers.loose import find_loose
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")  # XMP specification part 3, 1.2.7.1
NO_METADATA = {
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
_HOME = "mp4:moov:udta:meta"
MARK_KEY = "AIGC"
MARK_PLACE = f"{_HOME}:{MARK_KEY}"  # of a mark where the guide wants it
_KEY_LIMIT = 1_000  # keys of one `meta`
_SEARCH_LIMIT_BYTES = (
    64 * MiB
)  # of one box searched for loose marks; sample tables of a film take about 10 MiB


class _Item(msgspec.Struct, frozen=True):
    """One value of an `ilst`: its key, if `keys` has one, and its box."""

    key: str
    box: Box


def read(data: memoryview) -> Reading:
    """Candidates in an MP4, MOV or M4A file, in file order.

    Raises:
        CarrierError: the boxes cannot be walked to the file's end.
    """
    if len(data) < 8 or not bytes(data[4:8]).isascii():
        raise CarrierError("no ISO base media box at the file's start")
    seen: set[bytes] = set()
    for box in boxes(data, 0, len(data)):
        seen.add(box.type)
        if box.type == b"moov":
            yield from read_movie(data, box)
        elif box.type == b"uuid" and bytes(data[box.content : box.content + 16]) == XMP_UUID:
            yield from read_xmp_box(data, box)
        elif box.type not in NO_METADATA:
            yield from read_loose(data, box, f"mp4:{name(box)}")
    if not {b"moov", b"mdat"} <= seen:
        raise CarrierError("no `moov` or no `mdat` box: the file is cut off between boxes")


def read_movie(data: memoryview, movie: Box) -> Reading:
    """Candidates in a `moov` box."""
    for box in boxes(data, movie.content, movie.end):
        if box.type == b"meta":
            yield from _read_meta(data, box, "mp4:moov:meta", (Oddity.UNUSUAL_PLACE,))
        elif box.type == b"udta":
            for inner in boxes(data, box.content, box.end):
                if inner.type == b"meta":
                    yield from _read_meta(data, inner, _HOME, ())
                else:
                    yield from read_loose(data, inner, f"mp4:moov:udta:{name(inner)}")
        else:
            yield from read_loose(data, box, f"mp4:moov:{name(box)}")


def _read_meta(data: memoryview, meta: Box, place: str, odd: tuple[Oddity, ...]) -> Reading:
    """Values by their keys; what has no key is searched for loose marks."""
    if meta.end - meta.start > METADATA_LIMIT_BYTES:
        why = "an MP4 `meta` box is larger than 16 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=meta.start, end=meta.end)
        return
    children = list(in_meta(data, meta))
    keys = next((read_keys(data, box) for box in children if box.type == b"keys"), ())
    for box in children:
        if box.type != b"ilst":
            yield from read_loose(data, box, f"{place}:{name(box)}")
            continue
        for item in _items(data, box, keys):
            yield from _read_item(data, item, place, odd)


def _read_item(data: memoryview, item: _Item, place: str, odd: tuple[Oddity, ...]) -> Reading:
    value = bytes(data[item.box.content : item.box.end])
    if item.key != "AIGC" and not ("AIGC" in item.key and b"{" in value):
        yield from read_loose(data, item.box, f"{place}:ilst:{item.key[:32] or name(item.box)}")
        return
    for inner in boxes(data, item.box.content, item.box.end):
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


def read_keys(data: memoryview, box: Box) -> tuple[str, ...]:
    """Names in a `keys` box, in order; `ilst` counts them from 1.

    Raises:
        CarrierError: an entry cannot be read, or there are too many.
    """
    names: list[str] = []
    for entry in boxes(data, min(box.content + 8, box.end), box.end):
        names.append(bytes(data[entry.content : entry.end][:256]).decode("utf-8", "replace"))
        if len(names) > _KEY_LIMIT:
            raise CarrierError(f"more than {_KEY_LIMIT} metadata keys")
    return tuple(names)


def _items(data: memoryview, box: Box, keys: tuple[str, ...]) -> Iterator[_Item]:
    for item in boxes(data, box.content, box.end):
        index = int.from_bytes(item.type, "big")
        yield _Item(keys[index - 1] if 1 <= index <= len(keys) else "", item)


def read_xmp_box(data: memoryview, box: Box) -> Reading:
    """Candidates in the `uuid` box that holds XMP, which no guide names."""
    if box.end - box.content > METADATA_LIMIT_BYTES:
        why = "an XMP box is larger than 16 MiB"
        yield Unread(carrier="mp4:uuid:XMP", kind=GapKind.LIMIT, why=why, start=box.start, end=box.end)
        return
    for item in read_xmp(bytes(data[box.content + 16 : box.end]), "mp4:uuid:XMP", box.start, box.end):
        yield with_oddity(item, Oddity.UNUSUAL_PLACE) if isinstance(item, Candidate) else item


def read_loose(data: memoryview, box: Box, place: str) -> Reading:
    """Candidates lying in a box that is not meant for them."""
    stop = min(box.end, box.content + _SEARCH_LIMIT_BYTES)
    for loose in find_loose(data, box.content, stop):
        named = loose.keyed or box.type.upper() == b"AIGC"
        odd = (Oddity.UNUSUAL_PLACE,) if named else (Oddity.UNUSUAL_PLACE, Oddity.KEYWORD)
        yield Candidate(
            carrier=place, form=Form.LOOSE, start=loose.start, end=loose.end, text=loose.text, oddities=odd
        )
    if stop < box.end:
        why = f"box `{name(box)}` is larger than 64 MiB"
        yield Unread(carrier=place, kind=GapKind.LIMIT, why=why, start=stop, end=box.end)
