"""What bytes are, from the bytes alone: magic numbers first, then containers by their members, then text.

A file that is two things at once (a polyglot) gets a note in the subject's headers: which kind it is opened as is
decided by its start, since that is what most software goes by.
"""

import re
import struct

import msgspec

from brightline.core.subject import Blob, Header, Kind
from brightline.intake.sniff_model import sniff_model
from brightline.intake.sniff_text import sniff_text
from brightline.intake.zip_directory import ZipError, read_directory

HEAD_BYTES = 64 * 1024  # magic numbers lie in the first 1 KiB; text wants more
TAIL_BYTES = 64 * 1024 + 22  # a ZIP's end record lies in the last 65,557 bytes (APPNOTE 4.3.16)
ZIP_NAMES = 2_000  # members looked at to tell documents from archives
ID3_LIMIT_BYTES = 16 * 1024 * 1024  # covers with large pictures stay under

_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (0, b"\xff\xd8\xff", Kind.JPEG),
    (0, b"GIF87a", Kind.GIF),
    (0, b"GIF89a", Kind.GIF),
    (0, b"II*\x00", Kind.TIFF),
    (0, b"MM\x00*", Kind.TIFF),
    (0, b"II+\x00", Kind.TIFF),
    (0, b"MM\x00+", Kind.TIFF),
    (0, b"fLaC", Kind.FLAC),
    (0, b"OggS", Kind.OGG),
    (0, b"FLV\x01", Kind.FLV),
    (0, b"\x1aE\xdf\xa3", Kind.MATROSKA),
    (0, b"\x1f\x8b\x08", Kind.GZIP),
    (0, b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    (0, b"\x93NUMPY", Kind.NUMPY),
    (0, b"GGUF", Kind.GGUF),
    (257, b"ustar", Kind.TAR),
)
_RIFF_FORMS = {b"WEBP": Kind.WEBP, b"WAVE": Kind.WAV, b"AVI ": Kind.AVI}
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MSG_STREAM = "__properties_version1.0".encode("utf-16-le")
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"mif2"}
_ID3 = re.compile(rb"ID3[\x02-\x04][\x00-\x09][\x00\x10-\xf0][\x00-\x7f]{4}.", re.DOTALL)  # ID3v2.4 3.1
_M4A_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_MOV_ATOMS = {b"moov", b"mdat", b"wide", b"pnot"}


class Sniffed(msgspec.Struct, frozen=True, kw_only=True):
    """A kind, and what else is to be noted about the bytes."""

    kind: Kind
    notes: tuple[Header, ...] = ()


def sniff(blob: Blob) -> Sniffed:
    """The kind of some bytes.

    Raises:
        OSError: the file behind the blob cannot be read.
    """
    if blob.size == 0:
        return Sniffed(kind=Kind.EMPTY)
    head, tail = blob.head(HEAD_BYTES), _tail(blob)
    kind = _binary(head, blob) or _zip(head, blob) or sniff_model(head, blob.size) or sniff_text(head, blob)
    return Sniffed(kind=kind, notes=tuple(_polyglot(kind, head, tail, blob)))


def _binary(head: bytes, blob: Blob) -> Kind | None:
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return kind
    if head[:4] in {b"RIFF", b"RIFX", b"RF64"}:
        return _RIFF_FORMS.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _iso_brand(head)
    if head[4:8] in _MOV_ATOMS and _is_box(head, blob.size):
        return Kind.MOV
    if head.startswith(_OLE2):
        return Kind.MSG if _is_msg(blob) else None
    if b"%PDF-" in head[:1024]:  # ISO 32000-1 appendix H: within the first 1,024 bytes
        return Kind.PDF
    return _mp3(head, blob) or _old_tar(head)


def _iso_brand(head: bytes) -> Kind:
    size = min(struct.unpack_from(">I", head)[0], 256)
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, max(16, size), 4))]
    if brands[0] == b"qt  ":
        return Kind.MOV
    if _AVIF_BRANDS & set(brands):
        return Kind.AVIF
    if brands[0] in _HEIF_BRANDS:
        return Kind.HEIF
    return Kind.M4A if brands[0] in _M4A_BRANDS else Kind.MP4


def _is_box(head: bytes, size: int) -> bool:
    length = int(struct.unpack_from(">I", head)[0])
    return length in {0, 1} or 8 <= length <= size


def _is_msg(blob: Blob) -> bool:
    """An OLE2 file is an Outlook message when it holds MAPI properties (MS-OXMSG 2.4)."""
    with blob.open() as stream:
        return _MSG_STREAM in stream.read(blob.size if blob.size < 16 * 1024 * 1024 else HEAD_BYTES)


def _mp3(head: bytes, blob: Blob) -> Kind | None:
    if _ID3.match(head):
        size = 10 + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
        )
        after = _at(blob, min(size, ID3_LIMIT_BYTES), 4)
        return Kind.FLAC if after == b"fLaC" else Kind.MP3
    length = _frame_length(head[:4])
    return Kind.MP3 if length and _frame_length(head[length : length + 4]) else None


def _frame_length(header: bytes) -> int:
    """Length in bytes of an MPEG audio layer III frame, 0 when this is no frame header (ISO 11172-3 2.4.2.3)."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, rate_index, sample_index = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or rate_index in {0, 15} or sample_index == 3:
        return 0
    first = version == 3
    rates = (
        (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
        if first
        else (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    )
    sample_rate = (44100, 48000, 32000)[sample_index] // {3: 1, 2: 2, 0: 4}[version]
    return (144 if first else 72) * rates[rate_index] * 1000 // sample_rate + (header[2] >> 1 & 1)


def _old_tar(head: bytes) -> Kind | None:
    """A pre-POSIX tar has no magic: the header's checksum has to fit."""
    field = head[148:156].strip(b" \0")
    if len(head) < 512 or not head[0] or not 4 <= len(field) <= 7 or any(c not in b"01234567" for c in field):
        return None
    block = bytearray(head[:512])
    block[148:156] = b" " * 8
    return Kind.TAR if sum(block) == int(field, 8) else None


def _zip(head: bytes, blob: Blob) -> Kind | None:
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    try:
        directory = read_directory(blob, most=ZIP_NAMES)
    except ZipError:
        return Kind.ZIP  # broken, but nothing else starts like that
    names = {entry.name for entry in directory.entries}
    if "[Content_Types].xml" in names:
        for folder, kind in (("word/", Kind.DOCX), ("ppt/", Kind.PPTX), ("xl/", Kind.XLSX)):
            if any(name.startswith(folder) for name in names):
                return kind
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return Kind.TORCH
    return Kind.ZIP


def _polyglot(kind: Kind, head: bytes, tail: bytes, blob: Blob) -> list[Header]:
    notes = []
    is_zip = kind in {Kind.ZIP, Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.TORCH}
    if not is_zip and kind not in {Kind.GZIP, Kind.TAR} and _ends_as_zip(tail, blob):
        notes.append(Header("polyglot", "zip"))
    if kind is not Kind.PDF and kind not in {Kind.TEXT, Kind.MARKDOWN} and b"%PDF-" in head[:1024]:
        notes.append(Header("polyglot", "pdf"))
    if kind is Kind.PDF and not head.startswith(b"%PDF-"):
        notes.append(Header("polyglot", "bytes before the PDF header"))
    if kind.value in {"gif", "jpeg", "png"} and b"<script" in head[:1024].lower():
        notes.append(Header("polyglot", "html"))
    return notes


def _ends_as_zip(tail: bytes, blob: Blob) -> bool:
    if tail.rfind(b"PK\x05\x06") < 0:
        return False
    try:
        return bool(read_directory(blob, most=1).entries)
    except ZipError:
        return False


def _tail(blob: Blob) -> bytes:
    return _at(blob, max(0, blob.size - TAIL_BYTES), TAIL_BYTES)


def _at(blob: Blob, offset: int, length: int) -> bytes:
    with blob.open() as stream:
        stream.seek(offset)
        return stream.read(length)
