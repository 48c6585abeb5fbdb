"""PDF as a place that holds a mark: the key `AIGC` of the Info dictionary.

TC260-PG-20258A 6.3: the bare object as a text string. Programs that mirror Info keys in XMP make a second mark of it,
so the document's XMP packet is read as well. What lies in pages is content; what lies in older revisions was replaced.
"""

import io
import re
from contextlib import closing

import msgspec

from brightline.carriers.candidate import (
    CANDIDATE_LIMIT,
    TEXT_LIMIT_BYTES,
    Candidate,
    MiB,
    Oddity,
    Reading,
    Shape,
    Unread,
    keyed,
)
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.pdf_document import Document
from brightline.carriers.pdf_object import Loaded
from brightline.carriers.pdf_values import Dictionary, Reference, String, parse, text_of
from brightline.carriers.xmp import read_xmp
from brightline.core.alarm import Abortable, uninterrupted
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

INFO_PLACE = "pdf:Info:AIGC"
_ENCRYPTED_LIMIT_BYTES = 128 * MiB  # of an encrypted file that PDFium opens; it maps nothing
_STRAY_LIMIT_BYTES = (
    64 * MiB
)  # of a file without a cross-reference section that is searched for its Info dictionary
_STRAY = re.compile(rb"/AIGC[\0\t\n\f\r ]{0,16}(?=[(<])")
_XMP_STARTS = (b"<?xpacket", b"<x:xmpmeta", b"<rdf:RDF", b"\xef\xbb\xbf<", b"<?xml")


def read(data: memoryview) -> Reading:
    """Candidates in a PDF.

    Raises:
        CarrierError: there is no header, or the cross-reference sections or the Info dictionary cannot be read.
    """
    try:
        document = Document(data)
    except CarrierError:
        yield from _read_strays(data)
        raise
    if document.newest("Encrypt") is not None:
        yield from _read_encrypted(document)
    else:
        yield from read_info(document)
        yield from _read_metadata(document)
    yield from read_trailing(data, document.stop, "pdf:after-EOF", "PDF")


def load_info(document: Document) -> Loaded | None:
    """The Info dictionary, None if there is none; one that stands in the trailer itself counts too.

    Raises:
        CarrierError: it cannot be read, or is no dictionary.
    """
    for section in document.sections:
        found = section.trailer.get("Info")
        if isinstance(found, Dictionary):
            return Loaded(value=found, window=section.window, start=0, end=len(document.data))
        if isinstance(found, Reference):
            loaded = document.load(found)
            if loaded is not None and not isinstance(loaded.value, Dictionary | None):
                raise CarrierError("the PDF's Info is no dictionary")
            return loaded
    return None


def read_info(document: Document) -> Reading:
    """Marks among the entries of an Info dictionary that is not encrypted."""
    info = load_info(document)
    if info is None or not isinstance(info.value, Dictionary):
        return
    for count, entry in enumerate(info.value.entries):
        if count >= CANDIDATE_LIMIT:
            why = f"an Info dictionary has more than {CANDIDATE_LIMIT} entries"
            yield Unread(carrier="pdf:Info", kind=GapKind.LIMIT, why=why, start=info.start, end=info.end)
            return
        value = document.resolve(entry.value)
        place = f"pdf:Info:{entry.name[:80]}"
        if isinstance(value, String):
            yield from _read_string(entry.name, value, place, info)
        elif entry.name == "AIGC" and value is not None:
            odd = (Oddity.UNUSUAL_PLACE,)
            raw = info.window[entry.value_start : entry.end][:TEXT_LIMIT_BYTES].decode("latin-1")
            yield keyed(place, info.start, info.end, raw, odd)


def _read_string(name: str, value: bytes, place: str, info: Loaded) -> Reading:
    odd: tuple[Oddity, ...] = (Oddity.ENCODING,) if value.startswith(b"\xff\xfe") else ()
    text = text_of(value)
    if name == "AIGC" or ("AIGC" in name and "{" in text):
        yield keyed(place, info.start, info.end, text, odd)
    elif "{" in text:
        for loose in find_loose(text[:TEXT_LIMIT_BYTES].encode("utf-8", "replace")):
            stray = (Oddity.UNUSUAL_PLACE, Oddity.KEYWORD)
            yield keyed(place, info.start, info.end, loose.text, stray, shape=Shape.EITHER)


def _read_metadata(document: Document) -> Reading:
    """Marks in the document's XMP packet."""
    root = document.resolve(document.newest("Root"))
    if not isinstance(root, Dictionary):
        raise CarrierError("the PDF has no catalog")
    reference = root.get("Metadata")
    loaded = document.load(reference) if isinstance(reference, Reference) else None
    if loaded is None or loaded.stream_start < 0:
        return
    packet = document.stream(loaded)
    if packet is None:
        why = "the PDF's XMP is larger than 16 MiB, or under a filter that we do not undo"
        yield Unread(carrier="pdf:XMP", kind=GapKind.LIMIT, why=why, start=loaded.start, end=loaded.end)
        return
    if document.newest("Encrypt") is not None and not packet.startswith(_XMP_STARTS):
        yield _encrypted("pdf:XMP", "the PDF's XMP is encrypted", loaded.start, loaded.end)
        return
    for item in read_xmp(packet, "pdf:XMP", loaded.start, loaded.stream_start + 1):
        if isinstance(item, Candidate):
            yield msgspec.structs.replace(item, oddities=(*item.oddities, Oddity.UNUSUAL_PLACE))
        else:
            yield item


def _read_encrypted(document: Document) -> Reading:
    """The Info key through PDFium, which knows the standard security handlers; without a password."""
    size = len(document.data)
    if size > _ENCRYPTED_LIMIT_BYTES:
        why = "an encrypted PDF is larger than 128 MiB"
        yield Unread(carrier="pdf:Info", kind=GapKind.LIMIT, why=why, start=0, end=size)
        return
    text = _decrypted_mark(document.data)
    if text is None:
        yield _encrypted("pdf:Info", "the PDF is encrypted and needs a password", 0, size)
        return
    if text:
        yield keyed(INFO_PLACE, 0, size, text)
    try:
        yield from _read_metadata(document)
    except CarrierError:  # the catalog lies in an object stream, which is encrypted
        yield _encrypted("pdf:XMP", "the PDF's catalog is encrypted", 0, size)


def _decrypted_mark(data: memoryview) -> str | None:
    """What PDFium reads under `AIGC`, empty for nothing; None if it does not open the file."""
    import pypdfium2  # late: it takes 40 ms and only encrypted files need it

    try:
        with uninterrupted(), closing(pypdfium2.PdfDocument(Abortable(_Stream(data)))) as document:
            return str(document.get_metadata_value("AIGC"))
    except pypdfium2.PdfiumError:
        return None


class _Stream(io.RawIOBase):
    """A view as a stream, so that PDFium takes what it needs and nothing is copied whole."""

    def __init__(self, data: memoryview) -> None:
        super().__init__()
        self._data = data
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset from the start, from here or from the end."""
        base = (0, self._position, len(self._data))[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._position

    def readinto(self, buffer: object) -> int:
        """Fill a buffer, as far as there are bytes."""
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # any writable buffer
        piece = self._data[self._position : self._position + len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def _read_strays(data: memoryview) -> Reading:
    """Values of `/AIGC` in a PDF whose objects cannot be found any more."""
    position = 0
    for _ in range(CANDIDATE_LIMIT):
        match = _STRAY.search(data, position, _STRAY_LIMIT_BYTES)
        if match is None:
            return
        position = match.end()
        try:
            found = parse(bytes(data[position : position + 2 * TEXT_LIMIT_BYTES]))
        except CarrierError:
            continue
        if isinstance(found.value, String):
            yield keyed(INFO_PLACE, match.start(), position + found.end, text_of(found.value))
            position += found.end


def _encrypted(carrier: str, why: str, start: int, end: int) -> Unread:
    return Unread(carrier=carrier, kind=GapKind.ENCRYPTED, why=why, start=start, end=end)
