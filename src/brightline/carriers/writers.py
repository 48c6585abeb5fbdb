"""Which carrier writes which kind. One line a format; a kind that is not here is a kind we do not mark."""

from types import MappingProxyType

from brightline.carriers import (
    flac,
    flv_write,
    gif_write,
    heif_write,
    isobmff_write,
    jpeg_write,
    markdown_write,
    matroska_write,
    mp3_write,
    ogg_write,
    ooxml_write,
    pdf_write,
    png_write,
    riff_write,
    tiff_write,
    webp_write,
)
from brightline.carriers.writing import Write
from brightline.core.subject import Kind

WRITERS: MappingProxyType[Kind, Write] = MappingProxyType(
    {
        Kind.PNG: png_write.write,
        Kind.JPEG: jpeg_write.write,
        Kind.WEBP: webp_write.write,
        Kind.TIFF: tiff_write.write,
        Kind.GIF: gif_write.write,
        Kind.HEIF: heif_write.write,
        Kind.AVIF: heif_write.write,
        Kind.WAV: riff_write.write_wav,
        Kind.AVI: riff_write.write_avi,
        Kind.MP3: mp3_write.write,
        Kind.FLAC: flac.write,
        Kind.OGG: ogg_write.write,
        Kind.MATROSKA: matroska_write.write,
        Kind.FLV: flv_write.write,
        Kind.MP4: isobmff_write.write,
        Kind.MOV: isobmff_write.write,
        Kind.M4A: isobmff_write.write,
        Kind.DOCX: ooxml_write.write,
        Kind.XLSX: ooxml_write.write,
        Kind.PPTX: ooxml_write.write,
        Kind.PDF: pdf_write.write,
        Kind.MARKDOWN: markdown_write.write,
    }
)
