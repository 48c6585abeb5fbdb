"""Tags, comments and pictures of a sound or video file go into the newly encoded one, byte by byte."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind

TAG_LIMIT_BYTES = 256 * 1024 * 1024  # ID3v2 can say 256 MiB; a moov of a day of video has some 100
BOXES_LIMIT = 100_000  # of one level; fragmented files have two a second
COPY_BYTES = 1024 * 1024
_CODED = {
    b"ftyp",
    b"moov",
    b"mdat",
    b"free",
    b"skip",
    b"wide",
    b"moof",
    b"mfra",
    b"sidx",
    b"ssix",
    b"styp",
    b"prft",
}
_KEPT_IN_MOOV = {b"udta", b"meta", b"uuid"}
_AVI_LIMIT_BYTES = 1_000_000_000  # larger ones have absolute offsets that must not move
_FLAC_STREAMINFO, _FLAC_PADDING, _FLAC_SEEKTABLE = 0, 1, 3  # RFC 9639 8.1


class Box(msgspec.Struct, frozen=True):
    """A box or chunk: type, first byte, first byte of its content, and end."""

    name: bytes
    start: int
    content: int
    end: int


def keep_tags(source: Path, target: Path, kind: Kind) -> None:
    """Carry over what the old file holds besides its coded sound and pictures.

    Ogg, Matroska and FLV carry their tags as comments, which whoever encodes copies.

    Raises:
        MarkingError: the old file's structure is broken, or its tags are over `TAG_LIMIT_BYTES`.
        OSError: a file cannot be read or written.
    """
    with source.open("rb") as old:
        match kind:
            case Kind.MP3:
                _wrap(target, _taken(old, 0, _id3_bytes(old)), _mp3_tail(old))
            case Kind.FLAC:
                _keep_flac(old, target)
            case Kind.M4A | Kind.MP4 | Kind.MOV:
                _keep_boxes(old, target)
            case Kind.AVI:
                _keep_lists(old, target)
            case _:
                pass


def _wrap(target: Path, head: bytes, tail: bytes) -> None:
    """Put bytes before and after the file."""
    if tail:
        with target.open("ab") as file:
            file.write(tail)
    if head:
        _replace_start(target, head, 0)


def _replace_start(target: Path, head: bytes, skipped: int) -> None:
    """Put `head` in the place of the first `skipped` bytes, by way of a file beside it."""
    beside = target.with_name(f"{target.name}.head")
    try:
        with beside.open("wb") as out, target.open("rb") as rest:
            out.write(head)
            rest.seek(skipped)
            while piece := rest.read(COPY_BYTES):
                out.write(piece)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _id3_bytes(file: BinaryIO) -> int:
    """Length of an ID3v2 tag at the file's beginning, 0 without one (ID3v2.4 3.1)."""
    file.seek(0)
    head = file.read(10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    size = sum((byte & 0x7F) << 7 * (3 - index) for index, byte in enumerate(head[6:10]))
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _mp3_tail(file: BinaryIO) -> bytes:
    """ID3v1, Lyrics3v2 and APE tags at the end, whichever are there and in whatever order."""
    start = end = _size(file)
    while True:
        before = start
        if _taken(file, start - 128, 3) == b"TAG" and start == end:
            start -= 128
        footer = _taken(file, start - 32, 32)
        if footer[:8] == b"APETAGEX" and len(footer) == 32:
            size, flags = struct.unpack_from("<I", footer, 12)[0], struct.unpack_from("<I", footer, 20)[0]
            start -= size + (32 if flags & 0x8000_0000 else 0)
        lyrics = _taken(file, start - 15, 15)
        if lyrics[6:] == b"LYRICS200" and lyrics[:6].isdigit():
            start -= int(lyrics[:6]) + 15
        if start < 0 or end - start > TAG_LIMIT_BYTES:
            raise MarkingError("a tag at the end of the MP3 says that it is longer than the file")
        if start == before:
            return _taken(file, start, end - start)


def _keep_flac(old: BinaryIO, target: Path) -> None:
    """The old metadata blocks with the new STREAMINFO and frames; the old seek table points nowhere now."""
    start = _id3_bytes(old)
    kept = [block for block in _flac_blocks(old, start) if block[0] & 0x7F not in {0, _FLAC_SEEKTABLE}]
    with target.open("rb") as new:
        fresh = list(_flac_blocks(new, 0))
        frames = 4 + sum(len(block) for block in fresh)
    blocks = [fresh[0], *kept]
    blocks = [bytes([block[0] & 0x7F]) + block[1:] for block in blocks]
    blocks[-1] = bytes([blocks[-1][0] | 0x80]) + blocks[-1][1:]
    _replace_start(target, _taken(old, 0, start) + b"fLaC" + b"".join(blocks), frames)
    tail = _taken(old, _size(old) - 128, 128)
    if tail[:3] == b"TAG":
        _wrap(target, b"", tail)


def _flac_blocks(file: BinaryIO, start: int) -> Iterator[bytes]:
    if _taken(file, start, 4) != b"fLaC":
        raise MarkingError("the FLAC file does not begin with `fLaC`")
    position = start + 4
    for _ in range(BOXES_LIMIT):
        head = _taken(file, position, 4)
        if len(head) < 4:
            raise MarkingError("the FLAC file ends among its metadata")
        length = int.from_bytes(head[1:], "big")
        block = _taken(file, position, 4 + length)
        if len(block) < 4 + length:
            raise MarkingError("a FLAC metadata block goes beyond the end of the file")
        yield block
        position += 4 + length
        if head[0] & 0x80:
            return


def _keep_boxes(old: BinaryIO, target: Path) -> None:
    """`udta`, `meta` and `uuid` of the old moov, and all foreign boxes of its top level.

    Our encoder puts moov last, so it can grow without moving samples.
    """
    boxes = list(_boxes(old, 0, _size(old)))
    moov = next((box for box in boxes if box.name == b"moov"), None)
    kept = b""
    if moov is not None:
        inner = [box for box in _boxes(old, moov.content, moov.end) if box.name in _KEPT_IN_MOOV]
        kept = b"".join(_taken(old, box.start, box.end - box.start) for box in inner)
    foreign = [box for box in boxes if box.name not in _CODED]
    with target.open("r+b") as new:
        _put_into_moov(new, kept)
        new.seek(0, os.SEEK_END)
        for box in foreign:
            new.write(_taken(old, box.start, box.end - box.start))
        rest = boxes[-1].end if boxes else 0
        new.write(_taken(old, rest, _size(old) - rest))


def _put_into_moov(new: BinaryIO, kept: bytes) -> None:
    boxes = list(_boxes(new, 0, _size(new)))
    moov = next((box for box in boxes if box.name == b"moov"), None)
    if moov is None or moov is not boxes[-1]:
        raise MarkingError("the encoder did not put the index last")
    inner = [box for box in _boxes(new, moov.content, moov.end) if box.name not in _KEPT_IN_MOOV]
    body = b"".join(_taken(new, box.start, box.end - box.start) for box in inner) + kept
    new.seek(moov.start)
    new.truncate()
    new.write(struct.pack(">I4s", 8 + len(body), b"moov") + body)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Boxes of one level, in order; stops at loose bytes (ISO/IEC 14496-12 4.2)."""
    for _ in range(BOXES_LIMIT):
        head = _taken(file, start, 16)
        if start + 8 > end or len(head) < 8:
            return
        size, name = struct.unpack_from(">I4s", head)
        content = start + 8
        if size == 1 and len(head) == 16:
            (size,), content = struct.unpack_from(">Q", head, 8), start + 16
        stop = end if size == 0 else start + size
        if stop < content or stop > end:
            return
        yield Box(name, start, content, stop)
        start = stop
    raise MarkingError(f"the file has more than {BOXES_LIMIT} boxes on one level")


def _keep_lists(old: BinaryIO, target: Path) -> None:
    """INFO lists and foreign chunks of an AVI go behind the new file's index."""
    kept = [chunk for chunk in _chunks(old) if not _is_coded(old, chunk)]
    with target.open("r+b") as new:
        (size,) = struct.unpack("<I", _taken(new, 4, 4))
        if 8 + size != _size(new) or _size(new) > _AVI_LIMIT_BYTES:
            raise MarkingError(f"the AVI is over {_AVI_LIMIT_BYTES} bytes, where its parts have fixed places")
        new.seek(0, os.SEEK_END)
        added = sum(new.write(_taken(old, chunk.start, chunk.end - chunk.start)) for chunk in kept)
        new.seek(4)
        new.write(struct.pack("<I", size + added))


def _is_coded(file: BinaryIO, chunk: Box) -> bool:
    if chunk.name in {b"idx1", b"JUNK"}:
        return True
    return chunk.name == b"LIST" and _taken(file, chunk.content, 4) in {b"hdrl", b"movi"}


def _chunks(file: BinaryIO) -> Iterator[Box]:
    """Chunks of the first RIFF of an AVI."""
    (size,) = struct.unpack("<I", _taken(file, 4, 4).ljust(4, b"\0"))
    position, end = 12, min(8 + size, _size(file))
    for _ in range(BOXES_LIMIT):
        if position + 8 > end:
            return
        name, length = struct.unpack("<4sI", _taken(file, position, 8))
        after = min(position + 8 + length + (length & 1), end)
        yield Box(name, position, position + 8, after)
        position = after
    raise MarkingError(f"the AVI has more than {BOXES_LIMIT} chunks")


def _taken(file: BinaryIO, start: int, size: int) -> bytes:
    if start < 0 or size <= 0:
        return b""
    if size > TAG_LIMIT_BYTES:
        raise MarkingError(f"{size} bytes of tags are more than {TAG_LIMIT_BYTES}")
    file.seek(start)
    return file.read(size)


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)
