"""A place for a manifest store that we make ourselves: what lies before it, what after, and how it is written there.

The library has no place in text; and in ID3 tags it writes every frame anew and drops those it does not know, which
would lose others' metadata. The hash that binds the store leaves exactly its bytes out (`c2pa.hash.data`, C2PA 2.4,
18.6), and those in front may count its length, so the length must be known before the signature: signing is tried until
two runs agree.
"""

import hashlib
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import msgspec

from brightline.carriers.id3 import HEADER_BYTES, Frame, Tag, content_of, frames_of, tag_at
from brightline.carriers.text_manifest import frame, frame_bytes, is_padded_plainly, open_text
from brightline.core.errors import CarrierError, MarkingError
from brightline.core.subject import Blob, Kind
from brightline.marking.c2pa.existing import read_text

# Of three stores one needs no padding of four bytes, as chance has it: 24 tries fail once in 16,000 texts.
TRIES = 24
STEP_BYTES = 1024 * 1024  # hashed at once
_MEDIA_TYPE = b"application/c2pa\x00"  # of the GEOB frame (C2PA 2.4, A.3.4)
_GEOB = (
    b"\x00" + _MEDIA_TYPE + b"c2pa\x00" + b"c2pa manifest store\x00"
)  # Latin-1: encoding, type, name, words
_PLAIN_LIMIT_BYTES = 1 << 28  # sizes of four bytes of seven bits


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature leaves out, and the hash of all the rest."""

    digest: bytes
    start: int
    length: int


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A place in one file.

    Attributes:
        source: the file.
        before: all that lies in front of the store, given the store's length.
        after: offset in the source of what follows; -1 where `tail` holds it.
        tail: what follows, if it is not the source's own end.
        length: of the store as it is written, given the store's own.
        write: the store as it is written.
        is_fit: whether this very store can be written so that every verifier reads it.
    """

    source: Path
    before: Callable[[int], bytes]
    after: int
    tail: bytes = b""
    length: Callable[[int], int] = lambda size: size
    write: Callable[[bytes], bytes] = lambda store: store
    is_fit: Callable[[bytes], bool] = lambda _: True


def text_slot(source: Path, kind: Kind) -> Slot:
    """The frame in a text (C2PA 2.4, A.7 to A.9).

    Raises:
        MarkingError: the text is not UTF-8 in form NFC, has no place for a frame or a broken one in it.
    """
    data = read_text(source)
    try:
        text = open_text(data, kind)
        decoded = (text.before + text.after).decode("utf-8")
    except CarrierError as error:
        raise MarkingError(str(error)) from error
    except UnicodeDecodeError as error:
        raise MarkingError("the text is not UTF-8; sign it with a sidecar") from error
    if not unicodedata.is_normalized("NFC", decoded):
        raise MarkingError("the text is not in Unicode form NFC, which C2PA binds; sign it with a sidecar")
    return Slot(
        source=source,
        before=lambda _: text.before,
        after=-1,
        tail=text.after,
        length=lambda size: frame_bytes(kind, size),
        write=lambda store: frame(kind, store),
        is_fit=lambda store: is_padded_plainly(kind, store),
    )


def sound_slot(source: Path) -> Slot:
    """Frame `GEOB` of the ID3 tag at the head of an MP3 or FLAC; every other frame stays byte for byte.

    Raises:
        MarkingError: the tag is of a form in which no frame can be put without writing it anew.
    """
    data = Blob(path=source).view()
    if bytes(data[:3]) != b"ID3":
        return Slot(source=source, before=_new_tag, after=0)
    try:
        return _slot_in_tag(source, data)
    except CarrierError as error:
        raise MarkingError(f"{error}; sign it with a sidecar") from error


def bound_to(slot: Slot, size: int) -> Bound:
    """The hash of all but a store of that length."""
    digest = hashlib.sha256(slot.before(size))
    if slot.after >= 0:
        with slot.source.open("rb") as stream:
            stream.seek(slot.after)
            while piece := stream.read(STEP_BYTES):
                digest.update(piece)
    digest.update(slot.tail)
    return Bound(digest=digest.digest(), start=len(slot.before(size)), length=slot.length(size))


def sign_for(slot: Slot, sign: Callable[[Bound], bytes]) -> bytes:
    """A store as long as its own signature says, signed as often as that takes: as a rule two to five times."""
    store = b""
    for _ in range(TRIES):
        size = len(store)
        store = sign(bound_to(slot, size))
        if len(store) == size and slot.is_fit(store):
            break
    # Padding of 0x10 is C2PA's own, though not every verifier reads it; a length that still differs fails on reading.
    return store


def write_slot(slot: Slot, store: bytes, target: Path) -> None:
    """Write the file with the store in its place."""
    with target.open("wb") as new:
        new.write(slot.before(len(store)))
        new.write(slot.write(store))
        new.write(slot.tail)
        if slot.after >= 0:
            with slot.source.open("rb") as old:
                old.seek(slot.after)
                shutil.copyfileobj(old, new, STEP_BYTES)


def _new_tag(store_bytes: int) -> bytes:
    frame_header = _frame_header(4, store_bytes)
    return b"ID3\x04\x00\x00" + _synchsafe(len(frame_header) + store_bytes) + frame_header


def _slot_in_tag(source: Path, data: memoryview) -> Slot:
    tag = tag_at(data, 0)
    if tag.version not in {3, 4} or tag.flags:
        raise CarrierError(
            "the ID3 tag is of version 2.2, unsynchronised, or has an extended header or a footer"
        )
    frames = frames_of(tag)
    if any(not _is_sized_as_written(tag, each) for each in frames):
        raise CarrierError("the ID3 tag has sizes of another version than its own")
    old = [each for each in frames if _is_manifest(tag, each)]
    last = frames[-1].end if frames else tag.frames_at
    start, end = (tag.raw(old[0].start), tag.raw(old[0].end)) if old else (tag.raw(last), tag.raw(last))
    if len(old) > 1:
        raise CarrierError("the ID3 tag holds more than one C2PA manifest")
    head, inside = bytes(data[:6]), bytes(data[HEADER_BYTES:start])
    kept, version = tag.end - HEADER_BYTES - (end - start), tag.version

    def before(store_bytes: int) -> bytes:
        header = _frame_header(version, store_bytes)
        return head + _synchsafe(kept + len(header) + store_bytes) + inside + header

    return Slot(source=source, before=before, after=end)


def _frame_header(version: int, store_bytes: int) -> bytes:
    size = len(_GEOB) + store_bytes
    return b"GEOB" + (_synchsafe(size) if version == 4 else size.to_bytes(4, "big")) + b"\x00\x00" + _GEOB


def _synchsafe(size: int) -> bytes:
    if size >= _PLAIN_LIMIT_BYTES:
        raise CarrierError("the ID3 tag would become larger than 256 MiB")
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _is_sized_as_written(tag: Tag, each: Frame) -> bool:
    size = each.end - each.start - HEADER_BYTES
    return bytes(tag.body[each.start + 4 : each.start + 8]) == (
        _synchsafe(size) if tag.version == 4 else size.to_bytes(4, "big")
    )


def _is_manifest(tag: Tag, each: Frame) -> bool:
    return each.id == b"GEOB" and content_of(tag, each)[1:].startswith(_MEDIA_TYPE)
