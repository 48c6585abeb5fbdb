"""MP3 tags as places that hold a mark: ID3v2 at the head and the end, APEv2, and what lies loose in the sound.

TC260-PG-202510A 6.1: frame `TXXX` with description `AIGC` of ID3v2.3 or 2.4, the bare object. Structure: id3.org;
APE tag version 2 (Monkey's Audio SDK); frame headers: ISO/IEC 11172-3 2.4.2.3.
"""

import re
import struct
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    METADATA_LIMIT_BYTES,
    Oddity,
    Reading,
    Unread,
    decode,
    keyed,
)
from brightline.carriers.id3 import (
    PICTURES,
    TEXT_FRAMES,
    Frame,
    Tag,
    content_of,
    frames_of,
    split_text,
    tag_at,
)
from brightline.carriers.loose import find_loose
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

SOUND = "mp3:sound"
_TAG_LIMIT = 16  # tags one behind the other; two are common, more come from broken programs
_ITEM_LIMIT = 10_000  # of one APE tag
_SYNC_LIMIT_BYTES = 64 * 1024  # searched for the first frame behind the tags
_FRAME_LIMIT = 2_000_000  # fourteen hours
_SYNC = re.compile(rb"\xff[\xe2-\xff]", re.DOTALL)
_RATES_KBPS = {  # by MPEG version (1; 2 and 2.5) and layer
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES_HZ = (44100, 48000, 32000)


class _Ape(msgspec.Struct, frozen=True):
    """An APEv2 tag: the byte range of the whole, and of its items."""

    start: int
    end: int
    items_at: int
    items_end: int


def read(data: memoryview) -> Reading:
    """Candidates in an MP3 file, in the order head, end, sound.

    Raises:
        CarrierError: a tag cannot be walked, or there is no sound.
    """
    start, end = 0, len(data)
    for _ in range(_TAG_LIMIT):
        if bytes(data[start : start + 3]) != b"ID3":
            break
        tag = tag_at(data, start)
        yield from read_tag(data, tag, "mp3", ())
        start = tag.end
    for _ in range(_TAG_LIMIT):
        before = end
        if bytes(data[max(start, end - 128) : end][:3]) == b"TAG":
            end -= 128  # ID3v1: its fields hold at most 30 characters, which is no mark
        elif (ape := _ape_before(data, start, end)) is not None:
            yield from _read_ape(data, ape)
            end = ape.start
        elif (last := _tag_before(data, start, end)) is not None:
            yield from read_tag(data, last, "mp3:end", (Oddity.UNUSUAL_PLACE,))
            end = last.start
        if end == before:
            break
    yield from _read_sound(data, start, end)


def read_tag(data: memoryview, tag: Tag, place: str, odd: tuple[Oddity, ...]) -> Reading:
    """Candidates in one ID3v2 tag; frames that hold pictures are files of their own and not looked into."""
    if tag.version == 2 and not odd:
        odd = (Oddity.UNUSUAL_PLACE,)
    frames = frames_of(tag)
    for frame in frames:
        if frame.id in PICTURES:
            continue
        where = f"{place}:ID3v2.{tag.version}:{frame.id.decode('ascii')}"
        start, end = tag.raw(frame.start), tag.raw(frame.end)
        try:
            content = content_of(tag, frame)
        except CarrierError as error:
            kind = GapKind.ENCRYPTED if "encrypted" in str(error) else GapKind.MALFORMED
            yield Unread(carrier=where, kind=kind, why=str(error), start=start, end=end)
            continue
        yield from _read_frame(tag, frame, content, where, odd)
    padding = tag.raw(frames[-1].end if frames else tag.frames_at)
    for loose in find_loose(data, padding, tag.end):
        yield keyed(f"{place}:ID3v2.{tag.version}:padding", loose.start, loose.end, loose.text, _UNUSUAL)


def _read_frame(tag: Tag, frame: Frame, content: bytes, where: str, odd: tuple[Oddity, ...]) -> Reading:
    start, end = tag.raw(frame.start), tag.raw(frame.end)
    if frame.id in TEXT_FRAMES:
        description, value = split_text(content)
        if description == "AIGC" or ("AIGC" in description.upper() and "{" in value):
            packed = (Oddity.COMPRESSED,) if frame.flags[1] & (0x80 if tag.version == 3 else 0x08) else ()
            keyword = () if "AIGC" in description else (Oddity.KEYWORD,)
            yield keyed(f"{where}:{description[:32]}", start, end, value, (*odd, *packed, *keyword))
            return
    wide = content[:1] in {b"\x01", b"\x02"}
    searched = "".join(split_text(content)).encode("utf-8", "replace") if wide else content
    for loose in find_loose(searched):
        keyword = () if loose.keyed else (Oddity.KEYWORD,)
        yield keyed(where, start, end, loose.text, (*(odd or _UNUSUAL), *keyword))


_UNUSUAL = (Oddity.UNUSUAL_PLACE,)


def _tag_before(data: memoryview, start: int, end: int) -> Tag | None:
    """A tag of version 2.4 whose footer ends at `end`."""
    footer = bytes(data[max(start, end - 10) : end])
    if len(footer) < 10 or footer[:3] != b"3DI" or any(byte & 0x80 for byte in footer[6:10]):
        return None
    size = footer[6] << 21 | footer[7] << 14 | footer[8] << 7 | footer[9]
    begin = end - size - 20
    return tag_at(data, begin, end) if begin >= start and bytes(data[begin : begin + 3]) == b"ID3" else None


def _ape_before(data: memoryview, start: int, end: int) -> _Ape | None:
    """An APEv2 tag whose footer ends at `end`."""
    footer = bytes(data[max(start, end - 32) : end])
    if len(footer) < 32 or footer[:8] != b"APETAGEX":
        return None
    size, _, flags = struct.unpack_from("<III", footer, 12)
    items = end - size
    begin = items - 32 * bool(flags & 0x80000000)
    if size < 32 or begin < start:
        raise CarrierError("the APE tag is larger than what precedes it")
    return _Ape(begin, end, items, end - 32)


def _read_ape(data: memoryview, ape: _Ape) -> Reading:
    if ape.items_end - ape.items_at > METADATA_LIMIT_BYTES:
        why = "an APE tag is larger than 16 MiB"
        yield Unread(carrier="mp3:APEv2", kind=GapKind.LIMIT, why=why, start=ape.start, end=ape.end)
        return
    for start, key, value in _ape_items(bytes(data[ape.items_at : ape.items_end])):
        begin, end = ape.items_at + start, ape.items_at + start + 9 + len(key) + len(value)
        where = f"mp3:APEv2:{key[:32].decode('ascii', 'replace')}"
        if key.upper() == b"AIGC":
            yield keyed(where, begin, end, decode(value), _UNUSUAL)
        elif not key.lower().startswith(b"cover art"):
            for loose in find_loose(value):
                keyword = () if loose.keyed else (Oddity.KEYWORD,)
                yield keyed(where, begin, end, loose.text, (*_UNUSUAL, *keyword))


def _ape_items(block: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Offset, key and value of each item."""
    position = 0
    for _ in range(_ITEM_LIMIT):
        if position >= len(block):
            return
        zero = block.find(b"\x00", position + 8, position + 8 + 256)
        if zero < 0:
            raise CarrierError("an item of the APE tag has no key")
        (size,) = struct.unpack_from("<I", block, position)
        if zero + 1 + size > len(block):
            raise CarrierError("an item of the APE tag reaches beyond it")
        yield position, block[position + 8 : zero], block[zero + 1 : zero + 1 + size]
        position = zero + 1 + int(size)
    raise CarrierError(f"more than {_ITEM_LIMIT} items in the APE tag")


def _read_sound(data: memoryview, start: int, end: int) -> Reading:
    """Marks that lie loose between the tags, and whether the last frame is whole."""
    for loose in find_loose(data, start, end):
        yield keyed("mp3:after-tags", loose.start, loose.end, loose.text, (Oddity.AFTER_END,))
    first = _first_frame(data, start, end)
    if first is None:
        raise CarrierError("no MPEG frame behind the tags: the file is cut off or no MP3")
    position = first
    for _ in range(_FRAME_LIMIT):
        length = frame_length(bytes(data[position : min(position + 4, end)]))
        if length == 0:
            return  # something that is no frame: decoders skip it
        if position + length > end:
            why = "the last frame of the MP3 is cut off"
            yield Unread(carrier=SOUND, kind=GapKind.MALFORMED, why=why, start=position, end=end)
            return
        position += length


def _first_frame(data: memoryview, start: int, end: int) -> int | None:
    for match in _SYNC.finditer(data, start, min(end, start + _SYNC_LIMIT_BYTES)):
        if frame_length(bytes(data[match.start() : min(match.start() + 4, end)])):
            return match.start()
    return None


def frame_length(header: bytes) -> int:
    """Length in bytes of the MPEG sound frame that begins with these four; 0 where none does or it does not say."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate, sample = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or rate in {0, 15} or sample == 3:
        return 0
    bits = 1000 * _RATES_KBPS[1 if version == 3 else 2, layer][rate - 1]
    hertz = _SAMPLE_RATES_HZ[sample] >> {3: 0, 2: 1, 0: 2}[version]
    padding = header[2] >> 1 & 1
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding
