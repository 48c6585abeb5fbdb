"""Writes the Info key `AIGC` into a PDF as an incremental update (ISO 32000-2 7.5.6; TC260-PG-20258A 6.3).

The old file stays as it is, as the first bytes of the new one: its signatures keep covering what they signed. Behind
it come a new version of the Info dictionary and a small cross-reference section of the same kind as the last.
"""

import hashlib
from typing import NamedTuple

from brightline.carriers.candidate import Candidate, Unread
from brightline.carriers.pdf import INFO_PLACE, load_info, read
from brightline.carriers.pdf_document import Document
from brightline.carriers.pdf_values import Dictionary, Reference, Value, parse, text_of, text_string
from brightline.carriers.writing import Piece, Pieces, sliced
from brightline.core.errors import CarrierError

_NO_CHANGES = 1  # DocMDP: no change at all is permitted (ISO 32000-2 Table 257)
_OBJECT_NUMBER_LIMIT = 8_388_607  # ISO 32000-1 Annex C.2
_TABLE_OFFSET_LIMIT = 10**10  # ten digits (7.5.4)
# What a trailer or cross-reference stream says about itself alone; everything else goes over into the new one.
_OWN = frozenset(
    {"Size", "Prev", "Info", "ID", "XRefStm", "Type", "Index", "W", "Length", "Filter", "DecodeParms"}
    | {"F", "FFilter", "FDecodeParms", "DL"}
)


class _Info(NamedTuple):
    """The new Info dictionary and the number that it goes by."""

    reference: Reference
    body: bytes


def write(data: memoryview, mark: str) -> Pieces:
    """The PDF with `mark` as its only implicit mark; pages and all old bytes stay as they are.

    Raises:
        CarrierError: the file is broken, encrypted, or certified so that no change is permitted, or holds a mark
            elsewhere than in its Info dictionary.
    """
    document = Document(data)
    _refuse(document)
    found = [*read(data)]
    _refuse_elsewhere(found)
    old = next((item for item in found if isinstance(item, Candidate)), None)
    if old is not None and old.text == mark:
        return sliced(data, 0, len(data))
    info = _new_info(document, mark)
    update = _update(document, info)
    return _given(data, update)


def _given(data: memoryview, update: Piece) -> Pieces:
    yield from sliced(data, 0, len(data))
    yield update


def _refuse(document: Document) -> None:
    if document.newest("Encrypt") is not None:
        raise CarrierError("the PDF is encrypted; a mark needs the document without its password")
    root = document.resolve(document.newest("Root"))
    if not isinstance(root, Dictionary):
        raise CarrierError("the PDF has no catalog")
    if _permission(document, root) == _NO_CHANGES:
        raise CarrierError(
            "the PDF is certified and permits no change (DocMDP 1); a mark would break that: mark it, then certify"
        )


def _permission(document: Document, root: Dictionary) -> int | None:
    """What the certifying signature permits (ISO 32000-2 12.8.2.2), None without one; 2 where it does not say."""
    permissions = document.resolve(root.get("Perms"))
    signature = document.resolve(permissions.get("DocMDP")) if isinstance(permissions, Dictionary) else None
    if not isinstance(signature, Dictionary):
        return None
    references = document.resolve(signature.get("Reference"))
    for item in references if isinstance(references, list) else []:
        reference = document.resolve(item)
        if isinstance(reference, Dictionary) and reference.get("TransformMethod") == "DocMDP":
            parameters = document.resolve(reference.get("TransformParams"))
            level = document.resolve(parameters.get("P")) if isinstance(parameters, Dictionary) else None
            return level if isinstance(level, int) else 2
    return _NO_CHANGES  # certified in a way that we cannot read


def _refuse_elsewhere(found: list[Candidate | Unread]) -> None:
    """Go on only with no mark at all, or with one where the guide wants it."""
    candidates = [item for item in found if isinstance(item, Candidate)]
    unread = next((item for item in found if isinstance(item, Unread)), None)
    if unread is not None:
        raise CarrierError(f"a place that may hold a mark cannot be read: {unread.why}")
    if len(candidates) > 1:
        raise CarrierError(f"the PDF holds {len(candidates)} marks; one is allowed, and none may be removed")
    for candidate in candidates:
        if candidate.oddities or candidate.carrier != INFO_PLACE:
            raise CarrierError(f"the PDF holds a mark at `{candidate.carrier}`, where it cannot be replaced")


def _new_info(document: Document, mark: str) -> _Info:
    """The old Info dictionary with the mark: every other entry byte for byte as it was."""
    value = text_string(mark)
    loaded = load_info(document)
    reference = document.newest("Info")
    if loaded is None or not isinstance(loaded.value, Dictionary):
        body = b"<</AIGC " + value + b">>"
    else:
        old = loaded.value
        raw = loaded.window[old.start : old.end]
        entry = next((entry for entry in old.entries if entry.name == "AIGC"), None)
        if entry is None:
            body = raw[:-2] + b"/AIGC " + value + raw[-2:]
        else:
            body = raw[: entry.value_start - old.start] + value + raw[entry.end - old.start :]
    _check(body, mark)
    if isinstance(reference, Reference) and loaded is not None:
        return _Info(Reference(reference.number, loaded.generation), body)
    return _Info(Reference(_next_number(document), 0), body)


def _check(body: bytes, mark: str) -> None:
    """The new dictionary says exactly this mark, before anything is given out."""
    found = parse(body).value
    values = (
        [text_of(e.value) for e in found.entries if e.name == "AIGC" and isinstance(e.value, bytes)]
        if isinstance(found, Dictionary)
        else []
    )
    if values != [mark]:
        raise CarrierError("the PDF's Info dictionary is written in a way that a mark cannot be added to")


def _next_number(document: Document) -> int:
    """A number that no object has; tables may list more than `Size` says."""
    ends = [rows.first + rows.count for section in document.sections for rows in section.rows]
    number = max(document.size(), 1, *ends) if ends else max(document.size(), 1)
    if number >= _OBJECT_NUMBER_LIMIT:
        raise CarrierError("the PDF has no object number left")
    return number


def _update(document: Document, info: _Info) -> bytes:
    """What goes behind the old file."""
    gap = b"" if bytes(document.data[-1:]) in (b"\n", b"\r") else b"\n"
    start = len(document.data) + len(gap) - document.origin
    head = b"%d %d obj\n" % (info.reference.number, info.reference.generation)
    body = head + info.body + b"\nendobj\n"
    section = _stream_section if document.sections[0].is_stream else _table_section
    return gap + body + section(document, info, start, start + len(body))


def _table_section(document: Document, info: _Info, at: int, start: int) -> bytes:
    """A cross-reference table of one row, and its trailer (7.5.4, 7.5.5)."""
    if start >= _TABLE_OFFSET_LIMIT:
        raise CarrierError("a PDF of more than 10^10 bytes has no room in its cross-reference table")
    number, generation = info.reference.number, info.reference.generation
    size = max(_next_number(document), number + 1)
    rows = b"xref\n%d 1\n%010d %05d n\r\n" % (number, at, generation)
    return rows + b"trailer\n<<%s>>\n" % _trailer(document, info, size) + _ending(start)


def _stream_section(document: Document, info: _Info, at: int, start: int) -> bytes:
    """A cross-reference stream of two rows, itself and the Info dictionary, not compressed (7.5.8)."""
    own = max(_next_number(document), info.reference.number + 1)
    width = max(4, (start.bit_length() + 7) // 8)
    numbers = (info.reference.number, at, info.reference.generation), (own, start, 0)
    rows = b"".join(
        b"\x01" + offset.to_bytes(width, "big") + generation.to_bytes(2, "big")
        for _, offset, generation in numbers
    )
    index = b" ".join(b"%d 1" % number for number, _, _ in numbers)
    words = b"/Type/XRef/W[1 %d 2]/Index[%s]/Length %d" % (width, index, len(rows))
    words += _trailer(document, info, own + 1)
    return b"%d 0 obj\n<<%s>>\nstream\n" % (own, words) + rows + b"\nendstream\nendobj\n" + _ending(start)


def _trailer(document: Document, info: _Info, size: int) -> bytes:
    """Entries of the new trailer: those of the last one, but for what each says about itself alone."""
    section = document.sections[0]
    kept = b"".join(
        b"\n" + section.window[entry.start : entry.end]
        for entry in section.trailer.entries
        if entry.name not in _OWN
    )
    own = b"/Size %d/Prev %d" % (size, document.start)
    own += b"/Info %d %d R" % (info.reference.number, info.reference.generation)
    return own + _identity(document, info) + kept + b"\n"


def _identity(document: Document, info: _Info) -> bytes:
    """The file identifier: its first half stays, the second tells the versions apart (14.4)."""
    found: Value = document.resolve(document.newest("ID"))
    if not isinstance(found, list) or len(found) != 2 or not all(isinstance(half, bytes) for half in found):
        return b""
    first, second = (bytes(half) for half in found if isinstance(half, bytes))
    changed = hashlib.sha256(second + info.body + b"%d" % len(document.data)).digest()[:16]
    return b"/ID[<%s><%s>]" % (first.hex().encode(), changed.hex().encode())


def _ending(start: int) -> bytes:
    return b"startxref\n%d\n%%%%EOF\n" % start
