"""Which carrier reads which kind. One line a format; a kind that is not here is a kind we cannot vouch for."""

from types import MappingProxyType

from brightline.carriers import (
    flac,
    flv,
    gif,
    heif,
    isobmff,
    jpeg,
    markdown,
    matroska,
    mp3,
    ogg,
    ooxml,
    pdf,
    png,
    riff,
    tiff,
    webp,
)
from brightline.carriers.candidate import Read
from brightline.core.subject import Kind

READERS: MappingProxyType[Kind, Read] = MappingProxyType(
    {
        Kind.PNG: png.read,
        Kind.JPEG: jpeg.read,
        Kind.WEBP: webp.read,
        Kind.TIFF: tiff.read,
        Kind.GIF: gif.read,
        Kind.HEIF: heif.read,
        Kind.AVIF: heif.read,
        Kind.WAV: riff.read,
        Kind.AVI: riff.read,
        Kind.MP3: mp3.read,
        Kind.FLAC: flac.read,
        Kind.OGG: ogg.read,
        Kind.MATROSKA: matroska.read,
        Kind.FLV: flv.read,
        Kind.MP4: isobmff.read,
        Kind.MOV: isobmff.read,
        Kind.M4A: isobmff.read,
        Kind.DOCX: ooxml.read,
        Kind.XLSX: ooxml.read,
        Kind.PPTX: ooxml.read,
        Kind.PDF: pdf.read,
        Kind.MARKDOWN: markdown.read,
        Kind.TEXT: markdown.read,  # Markdown with little Markdown in it; plain text itself has no carrier
    }
)
