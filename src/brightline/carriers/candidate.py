"""What a carrier gives: candidates for a mark, and places that it could not read.

A carrier knows one file format's structure and where a GB 45438 implicit mark may lie in it. It judges nothing:
whether a candidate complies is for `provenance`. Reading goes on past a broken place where it can; where it
cannot, the carrier raises `CarrierError` after all it has yielded so far.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum

import msgspec

from brightline.core.subject import GapKind

KiB = 1024
MiB = 1024 * KiB
TEXT_LIMIT_BYTES = 64 * KiB  # one mark; the longest seen, with a signature in each reserved code, is 3 KiB
METADATA_LIMIT_BYTES = 16 * MiB  # one metadata block; extended XMP with a depth map reaches a few MiB
CANDIDATE_LIMIT = 64  # marks in one file; the standard allows one


class Form(StrEnum):
    """How the candidate is written down."""

    XMP_ELEMENT = "xmp_element"  # <TC260:AIGC>{...}</TC260:AIGC>
    XMP_ATTRIBUTE = "xmp_attribute"  # TC260:AIGC="{...}"
    XMP_STRUCTURE = "xmp_structure"  # each field a property of its own
    KEYED = "keyed"  # the value of a named chunk, tag or key
    LOOSE = "loose"  # JSON lying in bytes that are not meant for it
    YAML = "yaml"  # a mapping in front matter


class Shape(StrEnum):
    """Which JSON the carrier's guide prints."""

    WRAPPED = "wrapped"  # {"AIGC":{...}}
    BARE = "bare"  # {"Label":...}
    EITHER = "either"


class Oddity(StrEnum):
    """What is unusual about the place; `provenance` says whether that is a defect."""

    KEYWORD = "keyword"  # the key that holds it does not contain `AIGC`
    UNUSUAL_PLACE = "unusual_place"  # a chunk, tag or segment that the guides do not name
    COMPRESSED = "compressed"
    AFTER_PIXELS = "after_pixels"  # a valid chunk, but behind the picture's data
    AFTER_END = "after_end"  # behind the end of the file format
    GLUED = "glued"  # `AIGC{...}` without any structure around it
    CHECKSUM = "checksum"  # the chunk's own checksum does not hold
    NAMESPACE = "namespace"  # XMP property in another or an undeclared namespace
    MALFORMED_XMP = "malformed_xmp"
    MALFORMED_YAML = "malformed_yaml"
    IN_BODY = "in_body"  # pasted into the text of a Markdown file
    ENCODING = "encoding"  # stored in a character encoding that the guide does not name


class Pair(msgspec.Struct, frozen=True):
    """One field that the carrier itself keeps apart; `quoted` is False for a YAML scalar that reads as a non-string."""

    name: str
    value: str
    quoted: bool = True


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is, or wants to be, an implicit mark.

    Attributes:
        carrier: where, outermost first, e.g. `png:iTXt:XML:com.adobe.xmp`.
        form: how it is written down.
        start: first byte of the chunk, segment or text that holds it, offset in the file.
        end: one past its last byte.
        text: the value as found, XML or EXIF decoding undone; empty when `fields` is used.
        fields: the fields, when the carrier's own structure keeps them apart.
        shape: which JSON the guide prints for this carrier.
        oddities: what is unusual about the place.
    """

    carrier: str
    form: Form
    start: int
    end: int
    text: str = ""
    fields: tuple[Pair, ...] = ()
    shape: Shape = Shape.EITHER
    oddities: tuple[Oddity, ...] = ()


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A place that could hold a mark and could not be read; the reading went on behind it."""

    carrier: str
    kind: GapKind
    why: str
    start: int
    end: int


Reading = Iterator[Candidate | Unread]
Read = Callable[[memoryview], Reading]
"""One carrier: walks the bytes of a file and yields candidates and unread places; raises CarrierError."""


def decode(data: bytes) -> str:
    """Text of bytes whose encoding nobody declared: UTF-8, else GB18030, else Latin-1 (which never fails)."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def keyed(
    carrier: str,
    start: int,
    end: int,
    text: str,
    oddities: tuple[Oddity, ...] = (),
    *,
    shape: Shape = Shape.BARE,
) -> Candidate:
    """The value of a named chunk, tag or key; most guides print the bare object for one."""
    return Candidate(
        carrier=carrier, form=Form.KEYED, start=start, end=end, text=text, shape=shape, oddities=oddities
    )


def with_oddity(candidate: Candidate, *oddities: Oddity) -> Candidate:
    """The same candidate with more oddities."""
    added = tuple(oddity for oddity in oddities if oddity not in candidate.oddities)
    return msgspec.structs.replace(candidate, oddities=candidate.oddities + added)
