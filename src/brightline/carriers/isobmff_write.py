"""The implicit mark written into MP4, MOV and M4A (TC260-PG-20257A 6.1.1): `moov.udta.meta`, key `AIGC` of `mdta`.

A mark that is there keeps its place. Where media lie behind `moov`, either a `free` box between them gives way or all
offsets move; see `isobmff_rewrite.py`.
"""

from struct import pack, unpack_from

import msgspec

from brightline.carriers.candidate import TEXT_LIMIT_BYTES, Candidate
from brightline.carriers.isobmff import MARK_KEY, MARK_PLACE, read, read_keys
from brightline.carriers.isobmff_boxes import (
    Box,
    append_at,
    boxes,
    in_meta,
    inner,
    meta_start,
    new_box,
)
from brightline.carriers.isobmff_offsets import MEDIA
from brightline.carriers.isobmff_rewrite import Edit, rewritten
from brightline.carriers.splice import standing_mark
from brightline.carriers.writing import Pieces
from brightline.core.errors import CarrierError

_UTF8 = pack(">II", 1, 0)  # type and locale of a `data` box
_FREE = {b"free", b"skip"}
_OWN_OFFSETS = {
    b"crx "
}  # Canon raw pictures: boxes of the maker hold offsets that only the maker's software knows


class _List(msgspec.Struct, frozen=True):
    """A `meta` box of handler `mdta` in `udta`, with what it holds."""

    movie: Box
    user: Box
    meta: Box
    children: list[Box]

    def child(self, kind: bytes) -> Box | None:
        """Its only child of that type."""
        found = [box for box in self.children if box.type == kind]
        if len(found) > 1:
            raise CarrierError(f"a `meta` box holds {len(found)} `{kind.decode()}` boxes")
        return found[0] if found else None


class _Names(msgspec.Struct, frozen=True):
    """The `keys` box of a `meta` box directly in `moov`: its names, and its entries as they stand there."""

    movie: Box
    meta: Box
    keys: Box
    names: tuple[str, ...]
    entries: bytes


def write(data: memoryview, mark: str) -> Pieces:
    """The file with exactly one mark in `moov.udta.meta`; every byte but sizes and offsets stays.

    Raises:
        CarrierError: the file is broken, its offsets cannot follow, or it holds a mark elsewhere or more than one.
    """
    value = mark.encode()
    if not 0 < len(value) <= TEXT_LIMIT_BYTES:
        raise CarrierError("the mark is empty or larger than 64 KiB")
    candidate = _standing(data)
    movie = _movie(data)
    edits = _inserted(data, movie, value) if candidate is None else _replaced(data, movie, candidate, value)
    return rewritten(data, (*edits, *_absorbed(data, movie, edits)))


def _standing(data: memoryview) -> Candidate | None:
    """The mark that the file holds under the guide's key; None when it holds none at all."""
    candidate = standing_mark(read, data)
    if candidate is not None and candidate.carrier != MARK_PLACE:
        raise CarrierError(f"the file carries a mark at `{candidate.carrier}`, which is not the guide's key")
    return candidate


def _movie(data: memoryview) -> Box:
    movies = []
    for box in boxes(data, 0, len(data)):
        if box.type == b"ftyp" and bytes(data[box.content : box.content + 4]) in _OWN_OFFSETS:
            raise CarrierError("a camera's raw file holds offsets that only its maker's software knows")
        movies += [box] if box.type == b"moov" else []
    if len(movies) != 1:
        raise CarrierError(f"the file has {len(movies)} `moov` boxes, expected one")
    if any(inner(data, movies[0], b"cmov")):
        raise CarrierError("the movie's header is compressed (`cmov`)")
    return movies[0]


# A mark is there


def _replaced(data: memoryview, movie: Box, candidate: Candidate, value: bytes) -> list[Edit]:
    for user in inner(data, movie, b"udta"):
        for meta in inner(data, user, b"meta"):
            for items in (box for box in in_meta(data, meta) if box.type == b"ilst"):
                for item in inner(data, items):
                    if item.start == candidate.start:
                        return [_new_value(data, (movie, user, meta, items, item), value)]
    raise CarrierError("the mark's place in `ilst` is not found again")


def _new_value(data: memoryview, inside: tuple[Box, ...], value: bytes) -> Edit:
    """The edit of the one `data` box in the item that `inside` ends with: type UTF-8, the locale stays."""
    (box,) = inner(data, inside[-1], b"data")
    if box.content + 8 > box.end:
        raise CarrierError("the mark's `data` box is cut off")
    new = _UTF8[:4] + bytes(data[box.content + 4 : box.content + 8]) + value
    return Edit(box.content, box.end, new, (*inside, box))


# No mark is there


def _inserted(data: memoryview, movie: Box, value: bytes) -> list[Edit]:
    users = list(inner(data, movie, b"udta"))
    found = next((one for user in users if (one := _key_list(data, movie, user)) is not None), None)
    if found is not None:
        return _in_list(data, found, value)
    shared = _movie_keys(data, movie)
    meta = _new_list(value, shared)
    if users:
        place = append_at(data, list(inner(data, users[0])), users[0].content)
        late = [] if shared is None or users[0].start < shared.meta.start else _named_twice(data, shared)
        return [*late, Edit(place, place, meta, (movie, users[0]))]
    place = append_at(data, list(inner(data, movie)), movie.content) if shared is None else shared.meta.start
    return [Edit(place, place, new_box(b"udta", meta), (movie,))]


def _movie_keys(data: memoryview, movie: Box) -> _Names | None:
    """The names in a `meta` box directly in `moov`, as phones write it; None without one."""
    for meta in inner(data, movie, b"meta"):
        children = list(in_meta(data, meta))
        keys = next((box for box in children if box.type == b"keys"), None)
        if keys is not None and _is_keyed(data, children) and _keys_end(data, keys) == keys.end:
            entries = bytes(data[min(keys.content + 8, keys.end) : keys.end])
            return _Names(movie, meta, keys, read_keys(data, keys), entries)
    return None


def _new_list(value: bytes, shared: _Names | None) -> bytes:
    """A `meta` box with the mark.

    FFmpeg takes the first `keys` of a file for all of them, so that ours repeats the names that phones keep in `moov`:
    a number then means the same name in both.
    """
    names, entries = ((), b"") if shared is None else (shared.names, shared.entries)
    index = names.index(MARK_KEY) + 1 if MARK_KEY in names else len(names) + 1
    entries += _key() if index > len(names) else b""
    keys = new_box(b"keys", pack(">II", 0, max(index, len(names))), entries)
    return new_box(b"meta", bytes(4), _handler(), keys, new_box(b"ilst", _item(index, value)))


def _named_twice(data: memoryview, shared: _Names) -> list[Edit]:
    """The key's name, without a value, for the list before ours, whose numbers FFmpeg goes by."""
    if MARK_KEY in shared.names:
        return []
    return _one_more_key(data, shared.keys, (shared.movie, shared.meta), len(shared.names))


def _key_list(data: memoryview, movie: Box, user: Box) -> _List | None:
    """The first `meta` box in `udta` whose handler is `mdta`; others, such as iTunes' `mdir`, are left alone."""
    for meta in inner(data, user, b"meta"):
        children = list(in_meta(data, meta))
        if _is_keyed(data, children):
            return _List(movie, user, meta, children)
    return None


def _is_keyed(data: memoryview, children: list[Box]) -> bool:
    """Whether the handler is `mdta`: values go by the names in `keys`."""
    return any(
        box.type == b"hdlr" and bytes(data[box.content + 8 : box.content + 12]) == b"mdta" for box in children
    )


def _in_list(data: memoryview, found: _List, value: bytes) -> list[Edit]:
    keys, items = found.child(b"keys"), found.child(b"ilst")
    inside = (found.movie, found.user, found.meta)
    end = append_at(data, found.children, meta_start(data, found.meta))
    if keys is None and items is not None:
        raise CarrierError("a `meta` box has values without `keys`")
    if keys is None:
        return [Edit(end, end, _new_keys() + new_box(b"ilst", _item(1, value)), inside)]
    names = read_keys(data, keys)
    index = names.index(MARK_KEY) + 1 if MARK_KEY in names else len(names) + 1
    edits = [] if index <= len(names) else _one_more_key(data, keys, inside, len(names))
    if items is None:
        return [*edits, Edit(end, end, new_box(b"ilst", _item(index, value)), inside)]
    children = list(inner(data, items))
    if any(int.from_bytes(box.type, "big") == index for box in children):
        raise CarrierError(f"`ilst` has an entry {index} that holds no text")
    place = append_at(data, children, items.content)
    return [*edits, Edit(place, place, _item(index, value), (*inside, items))]


def _one_more_key(data: memoryview, keys: Box, inside: tuple[Box, ...], known: int) -> list[Edit]:
    if keys.content + 8 > keys.end or unpack_from(">I", data, keys.content + 4)[0] != known:
        raise CarrierError(f"`keys` counts wrong: it holds {known}")
    if _keys_end(data, keys) != keys.end:
        raise CarrierError("the last entry of `keys` has no size, so that no other can follow it")
    count = Edit(keys.content + 4, keys.content + 8, pack(">I", known + 1))
    return [count, Edit(keys.end, keys.end, _key(), (*inside, keys))]


def _keys_end(data: memoryview, keys: Box) -> int:
    """Where a further entry would go; the end of the box if nothing is wrong with it."""
    first = min(keys.content + 8, keys.end)
    return append_at(data, list(boxes(data, first, keys.end)), first)


def _handler() -> bytes:
    return new_box(b"hdlr", bytes(8), b"mdta", bytes(13))


def _key() -> bytes:
    return new_box(b"mdta", MARK_KEY.encode())


def _new_keys() -> bytes:
    return new_box(b"keys", pack(">II", 0, 1), _key())


def _item(index: int, value: bytes) -> bytes:
    return new_box(pack(">I", index), new_box(b"data", _UTF8, value))


# Room


def _absorbed(data: memoryview, movie: Box, edits: list[Edit]) -> list[Edit]:
    """What a `free` box right behind `moov` gives or takes, so that nothing else moves; nothing where it cannot."""
    growth = sum(edit.growth for edit in edits)
    top = list(boxes(data, 0, len(data)))
    behind = [box for box in top if box.start >= movie.end]
    if (
        not growth
        or not behind
        or behind[0].type not in _FREE
        or not any(box.type in MEDIA for box in behind)
    ):
        return []
    free = behind[0]
    size = free.end - free.start - growth
    stored = unpack_from(">I", data, free.start)[0]
    if stored in {0, 1} or size >= 2**32 or (size < 8 and size != 0):
        return []
    taken = free.content + max(growth, 0)
    if any(data[free.content : min(taken, free.end)]):
        return []  # somebody keeps something there
    header = pack(">I4s", size, free.type) if size else b""
    return [Edit(free.start, min(taken, free.end), header + bytes(max(-growth, 0)))]
