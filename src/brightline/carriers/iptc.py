"""IPTC's `Iptc4xmpExt:DigitalSourceType` in a picture's XMP packet: how the picture came about, as a URI.

Source: IPTC Photo Metadata Standard 2025.1; NewsCodes `digitalsourcetype`. A declaration of AI is a mark: it is never
exchanged for another one.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from brightline.carriers import gif_write, heif_write, jpeg_write, png_write, tiff_write, webp_write
from brightline.carriers.jpeg import EXTENDED_HEADER, Segment, segments
from brightline.carriers.writing import Pieces
from brightline.carriers.xmp_edit import Name, property_values, set_property
from brightline.carriers.xmp_mark import PacketEdit
from brightline.core.errors import CarrierError
from brightline.core.subject import Kind

DIGITAL_SOURCE_TYPE = Name("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt", "DigitalSourceType")
Put = Callable[[memoryview, str], Pieces]
"""A file and the URI, in; the file with the property set, out. Raises CarrierError before the first piece."""
_URI = re.compile(r"https?://[!-;=?-~]{1,240}")  # printable ASCII without < and >
# NewsCodes terms in which no trained algorithm has a part (the withdrawn ones too): only these may be exchanged.
_NOT_AI = frozenset(
    {
        "compositeCapture",
        "computationalCapture",
        "digitalArt",
        "digitalCapture",
        "digitalCreation",
        "humanEdits",
        "minorHumanEdits",
        "multiFrameCapture",
        "negativeFilm",
        "positiveFilm",
        "print",
        "screenCapture",
        "softwareImage",
        "virtualRecording",
    }
)


def source_type_edit(uri: str) -> PacketEdit:
    """The edit that sets the property; the packet stays as it is when it says the same already.

    Raises:
        CarrierError: `uri` is no HTTP address, at once; in the edit, the packet says something that must stay.
    """
    if _URI.fullmatch(uri) is None:
        raise CarrierError(f"`{uri[:80]}` is no digital source type, expected an address")

    def edit(packet: bytes | None) -> bytes:
        values = [] if packet is None else property_values(packet, DIGITAL_SOURCE_TYPE)
        if packet is not None and values and all(_term(value) == _term(uri) for value in values):
            return packet
        for value in values:
            if value and (_term(value) not in _NOT_AI or _term(uri) in _NOT_AI):
                raise CarrierError(
                    f"the file says that its digital source type is `{value[:80]}`, and that must stay"
                )
        return set_property(packet, DIGITAL_SOURCE_TYPE, uri)

    return edit


def _term(value: str) -> str:
    """The last word of an address; some writers leave the rest out."""
    return value.strip().rstrip("/").rpartition("/")[2]


def _put(edit_xmp: Callable[[memoryview, PacketEdit], Pieces]) -> Put:
    def put(data: memoryview, uri: str) -> Pieces:
        return edit_xmp(data, source_type_edit(uri))

    return put


def _put_jpeg(data: memoryview, uri: str) -> Pieces:
    """A JPEG's extended XMP is not edited, so that it must not say anything about the source either."""
    extended = b"".join(
        one.data[len(EXTENDED_HEADER) + 40 :]  # behind digest, size and offset
        for one in segments(data)
        if isinstance(one, Segment) and one.data.startswith(EXTENDED_HEADER)
    )
    if DIGITAL_SOURCE_TYPE.local.encode() in extended:
        raise CarrierError("the JPEG's extended XMP has a digital source type, which cannot be changed there")
    return jpeg_write.edit_xmp(data, source_type_edit(uri))


WRITE_IPTC: Mapping[Kind, Put] = MappingProxyType(
    {
        Kind.PNG: _put(png_write.edit_xmp),
        Kind.JPEG: _put_jpeg,
        Kind.WEBP: _put(webp_write.edit_xmp),
        Kind.TIFF: _put(tiff_write.edit_xmp),
        Kind.GIF: _put(gif_write.edit_xmp),
        Kind.HEIF: _put(heif_write.edit_xmp),
        Kind.AVIF: _put(heif_write.edit_xmp),
    }
)
