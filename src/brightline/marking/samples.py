"""One small file of every kind that we mark, made here: what a pipeline is tried on.

Drawn and computed, so that no rights of others are in them, and made the same way each time. HEIF has no free encoder
that ships, so there is no sample of it.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw

from brightline.core.subject import Kind
from brightline.media.image import Pixels

WIDTH, HEIGHT = 480, 320
RATE_HZ = 44_100
SECONDS = 3
_FPS = 15

SUFFIXES: MappingProxyType[Kind, str] = MappingProxyType(
    {
        Kind.JPEG: ".jpg", Kind.PNG: ".png", Kind.WEBP: ".webp", Kind.GIF: ".gif", Kind.TIFF: ".tif",
        Kind.AVIF: ".avif", Kind.WAV: ".wav", Kind.MP3: ".mp3", Kind.FLAC: ".flac", Kind.OGG: ".ogg",
        Kind.M4A: ".m4a", Kind.MP4: ".mp4", Kind.MOV: ".mov", Kind.MATROSKA: ".mkv", Kind.AVI: ".avi",
        Kind.FLV: ".flv", Kind.MARKDOWN: ".md", Kind.DOCX: ".docx", Kind.PPTX: ".pptx", Kind.XLSX: ".xlsx",
        Kind.PDF: ".pdf",
    }
)  # fmt: skip
# muxer, sound codec, picture codec
_RECORDINGS: dict[Kind, tuple[str, str, str]] = {
    Kind.WAV: ("wav", "pcm_s16le", ""),
    Kind.MP3: ("mp3", "libmp3lame", ""),
    Kind.FLAC: ("flac", "flac", ""),
    Kind.OGG: ("ogg", "libopus", ""),
    Kind.M4A: ("ipod", "aac", ""),
    Kind.MP4: ("mp4", "aac", "libx264"),
    Kind.MOV: ("mov", "aac", "libx264"),
    Kind.MATROSKA: ("matroska", "aac", "libx264"),
    Kind.AVI: ("avi", "libmp3lame", "mpeg4"),
    Kind.FLV: ("flv", "aac", "libx264"),
}


def sample(kind: Kind) -> bytes:
    """A plain file of that kind, without any mark.

    Raises:
        KeyError: there is no sample of it.
    """
    if kind in _RECORDINGS:
        return _recording(*_RECORDINGS[kind])
    return _MAKERS[kind]()


def sample_kinds() -> tuple[Kind, ...]:
    """The kinds that there are samples of."""
    return tuple(kind for kind in SUFFIXES if kind in _RECORDINGS or kind in _MAKERS)


def _drawing(step: int = 0) -> Image.Image:
    """A landscape of shapes over a gradient; `step` moves the sun."""
    down = np.linspace(0, 1, HEIGHT)[:, None]
    across = np.linspace(0, 1, WIDTH)[None, :]
    planes = [170 - 90 * down + 30 * across, 190 - 60 * down, 225 - 120 * down + 0 * across]
    sky: Pixels = np.stack([np.broadcast_to(plane, (HEIGHT, WIDTH)) for plane in planes], -1).astype(np.uint8)
    picture = Image.fromarray(sky)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60 + 6 * step, 30, 120 + 6 * step, 90), fill=(250, 220, 120))
    draw.polygon([(0, 320), (150, 130), (300, 320)], fill=(70, 95, 80))
    draw.polygon([(180, 320), (360, 90), (480, 320)], fill=(55, 75, 95))
    draw.rectangle((20, 260, 110, 320), fill=(150, 70, 60))
    draw.line((0, 300, 480, 250), fill=(235, 235, 225), width=5)
    return picture


def _saved(format_name: str, **options: object) -> bytes:
    out = io.BytesIO()
    _drawing().save(out, format_name, **options)
    return out.getvalue()


def _animation() -> bytes:
    out = io.BytesIO()
    frames = [_drawing(step).quantize(64) for step in range(4)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    return out.getvalue()


def _recording(muxer: str, sound: str, picture: str) -> bytes:
    """Three seconds of two tones, and of a sun that moves."""
    out = io.BytesIO()
    rate = 48_000 if sound == "libopus" else RATE_HZ
    with av.open(out, "w", format=muxer, container_options={"fflags": "+bitexact"}) as container:
        # Which class of stream it is depends on the codec's name, which mypy does not see.
        audio: Any = container.add_stream(sound, rate=rate, layout="stereo")
        video: Any = container.add_stream(picture, rate=_FPS) if picture else None
        if video is not None:
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for frame in (*_frames(), None):
                container.mux(video.encode(frame))
        for block in (*_sound(rate), None):
            container.mux(audio.encode(block))
    return out.getvalue()


def _frames() -> Iterator[av.VideoFrame]:
    for step in range(SECONDS * _FPS):
        frame = av.VideoFrame.from_ndarray(np.asarray(_drawing(step)), format="rgb24")
        frame.pts, frame.time_base = step, Fraction(1, _FPS)
        yield frame


def _sound(rate: int) -> "list[av.AudioFrame]":
    time_s = np.arange(rate * SECONDS) / rate
    left = 0.3 * np.sin(2 * np.pi * 440 * time_s) * (0.6 + 0.4 * np.sin(2 * np.pi * 2 * time_s))
    right = 0.3 * np.sin(2 * np.pi * 660 * time_s)
    whole = (np.stack([left, right]) * 32767).astype(np.int16)
    blocks = []
    for start in range(0, whole.shape[1], 1024):
        piece = np.ascontiguousarray(whole[:, start : start + 1024].T.reshape(1, -1))
        block = av.AudioFrame.from_ndarray(piece, format="s16", layout="stereo")
        block.sample_rate, block.pts = rate, start
        block.time_base = Fraction(1, rate)
        blocks.append(block)
    return blocks


_WORDS = "The ferry leaves at nine. Bring a coat, because the wind on the water is cold."
_MARKDOWN = f"# Notes on the crossing\n\n{_WORDS}\n\n- tickets at the pier\n- no bicycles on Sundays\n"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_SCHEMA = "http://schemas.openxmlformats.org/"
_DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def _package(part: str, kind: str, members: dict[str, str], types: dict[str, str]) -> bytes:
    """The smallest OOXML package around a main part (ECMA-376 part 2)."""
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_OFFICE}{one}"/>'
        for name, one in {part: kind, **types}.items()
    )
    whole = {
        "[Content_Types].xml": f'{_DECLARED}<Types xmlns="{_SCHEMA}package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>',
        "_rels/.rels": _relations({"rId1": ("officeDocument", part)}),
        **members,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in whole.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{name}" Type="{_SCHEMA}officeDocument/2006/relationships/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'{_DECLARED}<Relationships xmlns="{_SCHEMA}package/2006/relationships">{inner}</Relationships>'


def _docx() -> bytes:
    body = f"<w:p><w:r><w:t>{_WORDS}</w:t></w:r></w:p>"
    text = f'{_DECLARED}<w:document xmlns:w="{_SCHEMA}wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'
    return _package(
        "word/document.xml", "wordprocessingml.document.main+xml", {"word/document.xml": text}, {}
    )


def _xlsx() -> bytes:
    relation = f'xmlns:r="{_SCHEMA}officeDocument/2006/relationships"'
    space = f'xmlns="{_SCHEMA}spreadsheetml/2006/main"'
    members = {
        "xl/workbook.xml": f"{_DECLARED}<workbook {space} {relation}><sheets>"
        '<sheet name="Ferry" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations({"rId1": ("worksheet", "worksheets/sheet1.xml")}),
        "xl/worksheets/sheet1.xml": f'{_DECLARED}<worksheet {space}><sheetData><row r="1"><c r="A1" t="inlineStr">'
        f"<is><t>{_WORDS}</t></is></c></row></sheetData></worksheet>",
    }
    types = {"xl/worksheets/sheet1.xml": "spreadsheetml.worksheet+xml"}
    return _package("xl/workbook.xml", "spreadsheetml.sheet.main+xml", members, types)


def _pptx() -> bytes:
    spaces = (
        f'xmlns:a="{_SCHEMA}drawingml/2006/main" xmlns:r="{_SCHEMA}officeDocument/2006/relationships"'
        f' xmlns:p="{_SCHEMA}presentationml/2006/main"'
    )
    group = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    shape = (
        '<p:sp><p:nvSpPr><p:cNvPr id="2" name="Words"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{_WORDS}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    members = {
        "ppt/presentation.xml": f'{_DECLARED}<p:presentation {spaces}><p:sldIdLst><p:sldId id="256" r:id="rId1"/>'
        '</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": _relations({"rId1": ("slide", "slides/slide1.xml")}),
        "ppt/slides/slide1.xml": f"{_DECLARED}<p:sld {spaces}><p:cSld><p:spTree>{group}{shape}</p:spTree></p:cSld></p:sld>",
    }
    types = {"ppt/slides/slide1.xml": "presentationml.slide+xml"}
    return _package("ppt/presentation.xml", "presentationml.presentation.main+xml", members, types)


_MAKERS: dict[Kind, Callable[[], bytes]] = {
    Kind.JPEG: lambda: _saved("JPEG", quality=90),
    Kind.PNG: lambda: _saved("PNG"),
    Kind.WEBP: lambda: _saved("WEBP", quality=90),
    Kind.GIF: _animation,
    Kind.TIFF: lambda: _saved("TIFF", compression="tiff_deflate"),
    Kind.AVIF: lambda: _saved("AVIF", quality=80),
    Kind.PDF: lambda: _saved("PDF"),
    Kind.MARKDOWN: lambda: _MARKDOWN.encode(),
    Kind.DOCX: _docx,
    Kind.XLSX: _xlsx,
    Kind.PPTX: _pptx,
}
