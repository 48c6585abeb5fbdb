"""EXIF, XMP, IPTC-IIM and comments of pictures, through Pillow, which opens without decoding pixels.

Source: Exif 3.0 (CIPA DC-008) tables of tags; IPTC-IIM 4.2 chapter 5.
"""

import re
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

import pi_heif
from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from brightline.core.errors import DetectorError
from brightline.core.subject import Blob, Kind
from brightline.provenance.metadata_xmp import read_xmp
from brightline.provenance.property import Property

EXIF_LIMIT_BYTES = 16 * 1024 * 1024  # makers put previews into EXIF; 64 kB in JPEG, more elsewhere
_FORMATS = {Kind.JPEG: "JPEG", Kind.WEBP: "WEBP", Kind.GIF: "GIF", Kind.TIFF: "TIFF", Kind.AVIF: "AVIF"}
_TAGS = {
    0x000B: "ProcessingSoftware",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x013C: "HostComputer",
    0x8298: "Copyright",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
}
GIF_XMP_LIMIT = 8  # packets of one GIF; one is allowed
_USER_COMMENT = 0x9286
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_FIRST_DATASET = re.compile(rb"\x1c[\x01\x02]")
_GIF_XMP = re.compile(rb"!\xff\x0bXMP DataXMP(?P<packet>.*?)(?:\x01\xff\xfe\xfd|\Z)", re.DOTALL)
_TIFF_XMP = 700
_IIM = {
    (2, 40): "instructions",
    (2, 65): "program",
    (2, 80): "byline",
    (2, 110): "credit",
    (2, 115): "source",
    (2, 116): "copyright",
    (2, 120): "caption",
}
# What Pillow and libheif raise on broken metadata: they parse with struct and index into what they read.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    KeyError,
    IndexError,
    TypeError,
    struct.error,
    EOFError,
    RuntimeError,
    Image.DecompressionBombError,
)


def read_image(blob: Blob, kind: Kind) -> Iterator[Property]:
    """Properties of a JPEG, WebP, GIF, TIFF, HEIF or AVIF picture.

    Raises:
        DetectorError: the picture cannot be opened, or its EXIF or XMP cannot be read.
    """
    with blob.open() as stream:
        if kind is Kind.HEIF:
            yield from _read_info(_heif_info(stream))
            return
        image = _open(stream, kind)
        yield from _read_info({str(key): value for key, value in image.info.items()})
        if kind is Kind.TIFF:
            yield from _read_tiff(image)
        yield from _read_iim(image)
        yield from _read_extended_xmp(getattr(image, "applist", []))
    if kind is Kind.GIF:
        yield from _read_gif(blob.view())


def read_exif(block: bytes) -> Iterator[Property]:
    """Properties `exif.<tag>` of an EXIF block, with or without its `Exif` header.

    Raises:
        DetectorError: the block is larger than the limit or cannot be read.
    """
    if len(block) > EXIF_LIMIT_BYTES:
        raise DetectorError(f"EXIF has {len(block)} bytes, the limit is {EXIF_LIMIT_BYTES}")
    with _reading("EXIF cannot be read"):
        exif = Image.Exif()
        exif.load(block)
        values: dict[int, object] = dict(exif)
        inner: Mapping[int, object] = exif.get_ifd(ExifTags.IFD.Exif)
    yield from _tags(values, inner)


def _tags(values: Mapping[int, object], inner: Mapping[int, object]) -> Iterator[Property]:
    for tag, name in _TAGS.items():
        yield Property(f"exif.{name}", _text(values.get(tag), wide=name.startswith("XP")))
    yield Property("exif.UserComment", _user_comment(inner.get(_USER_COMMENT, values.get(_USER_COMMENT))))


def _open(stream: BinaryIO, kind: Kind) -> ImageFile.ImageFile:
    with _reading("picture cannot be opened for its metadata"):
        return Image.open(stream, formats=(_FORMATS[kind],))


def _heif_info(stream: BinaryIO) -> Mapping[str, object]:
    with _reading("picture cannot be opened for its metadata"):
        info: Mapping[str, object] = pi_heif.open_heif(stream, convert_hdr_to_8bit=False).info
    return info


@contextmanager
def _reading(failure: str) -> Iterator[None]:
    """Turn what the libraries raise into a DetectorError, and their warnings of broken tags into silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except _BROKEN as error:
            reason = str(error).split("<_io.")[0].strip()  # Pillow quotes the stream with its address
            raise DetectorError(f"{failure}: {reason}") from error


def _read_info(info: Mapping[str, object]) -> Iterator[Property]:
    exif, xmp, comment = info.get("exif"), info.get("xmp"), info.get("comment")
    if comment:
        yield Property("file.comment", _text(comment))
    if isinstance(exif, bytes) and exif:
        yield from read_exif(exif)
    if isinstance(xmp, str):
        xmp = xmp.encode("utf-8")
    if isinstance(xmp, bytes):
        yield from read_xmp(xmp)


def _read_tiff(image: ImageFile.ImageFile) -> Iterator[Property]:
    with _reading("TIFF tags cannot be read"):
        exif = image.getexif()
        values: dict[int, object] = dict(exif)
        inner: Mapping[int, object] = exif.get_ifd(ExifTags.IFD.Exif)
    yield from _tags(values, inner)
    packet = values.get(_TIFF_XMP)
    if isinstance(packet, bytes) and "xmp" not in image.info:
        yield from read_xmp(packet)


def _read_iim(image: ImageFile.ImageFile) -> Iterator[Property]:
    with _reading("IPTC-IIM cannot be read"):
        found = IptcImagePlugin.getiptcinfo(image) or {}
    for key, name in _IIM.items():
        value = found.get(key)
        for each in value if isinstance(value, list) else [value]:
            yield Property(f"iim.{name}", _text(each))


def read_iim(block: bytes) -> Iterator[Property]:
    """Properties `iim.<name>` of a block of datasets, alone or in its Photoshop resource; what is cut is left out."""
    start = _FIRST_DATASET.search(block)
    position = start.start() if start else len(block)
    while position + 5 <= len(block) and block[position] == 0x1C:
        record, number, size = struct.unpack_from(">BBH", block, position + 1)
        value = block[position + 5 : position + 5 + size]
        if (record, number) in _IIM:
            yield Property(f"iim.{_IIM[record, number]}", _text(value))
        position += 5 + size


def _read_extended_xmp(segments: list[tuple[str, bytes]]) -> Iterator[Property]:
    """XMP that did not fit into one JPEG segment: parts under one GUID, each with its offset (XMP Part 3, 1.1.3.1)."""
    packets: dict[bytes, list[tuple[int, bytes]]] = {}
    for _, body in segments:
        head = len(_EXTENDED_XMP)
        if body.startswith(_EXTENDED_XMP) and len(body) >= head + 40:
            (offset,) = struct.unpack_from(">I", body, head + 36)
            packets.setdefault(body[head : head + 32], []).append((offset, body[head + 40 :]))
    for parts in packets.values():
        yield from read_xmp(b"".join(part for _, part in sorted(parts)))


def _read_gif(data: memoryview) -> Iterator[Property]:
    """XMP of a GIF, which Pillow does not give: an application extension up to its magic trailer (Part 3, 1.1.2)."""
    for match in islice(_GIF_XMP.finditer(data), GIF_XMP_LIMIT):
        yield from read_xmp(match["packet"])


def _text(value: object, *, wide: bool = False) -> str:
    if isinstance(value, str):
        return _reread(value).rstrip("\0 ").strip()
    if isinstance(value, tuple) and all(isinstance(each, int) and 0 <= each < 256 for each in value):
        value = bytes(value)
    if not isinstance(value, bytes):
        return ""
    text = value.decode("utf-16-le" if wide else "utf-8", "replace")
    return text.rstrip("\0 ").strip()


def _reread(text: str) -> str:
    """Pillow reads ASCII tags as Latin-1; what writers put there, Chinese above all, is UTF-8 (Exif 3.0, type 129)."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _user_comment(value: object) -> str:
    """Exif 3.0, 4.6.6 UserComment: eight bytes name the character code, the text follows."""
    if not isinstance(value, bytes):
        return _text(value)
    code, body = value[:8].rstrip(b"\0 "), value[8:]
    if code == b"UNICODE":
        # The byte order is not stated and writers differ: the side with the zero bytes is the high one.
        if 0 not in body:
            return _text(body)  # UTF-8 under the wrong name
        order = "utf-16-be" if body[::2].count(0) > body[1::2].count(0) else "utf-16-le"
        return body.decode(order, "replace").rstrip("\0 ").strip()
    return _text(body if code in {b"ASCII", b"JIS", b""} else value)
