"""Pictures: their size and frames from the headers, without decoding a pixel."""

import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

from brightline.core.subject import Blob, GapKind, Kind
from brightline.core.words import Words
from brightline.intake import boxes
from brightline.intake.budget import StopReadingError
from brightline.intake.draft import Draft

FRAMES = 10_000  # frames counted in an animation; more is a gap
_PLUGINS = {
    Kind.JPEG: "JPEG",
    Kind.PNG: "PNG",
    Kind.GIF: "GIF",
    Kind.TIFF: "TIFF",
    Kind.WEBP: "WEBP",
}
_ISO = {Kind.HEIF, Kind.AVIF}
_ENDS = {Kind.JPEG: b"\xff\xd9", Kind.PNG: b"IEND\xaeB`\x82"}
_UNKNOWN_SAMPLES = {"unknown pixel mode", "unknown data organization"}  # Pillow's words for them
_TAIL_BYTES = 64 * 1024


def read(blob: Blob, draft: Draft) -> None:
    """Note width, height and frames; a picture over the pixel limit or cut short leaves a gap."""
    _check_end(blob, draft)
    width, height, frames = _declared_size(blob) if draft.kind in _ISO else _size(blob, draft)
    draft.header("width", str(width))
    draft.header("height", str(height))
    draft.header("frames", str(frames))
    pixels, limit = width * height * frames, draft.budget.limits.pixels
    if pixels > limit:
        draft.gap(
            GapKind.LIMIT,
            f"{width} x {height} x {frames} = {pixels} pixels, more than {limit}; not decoded",
            f"图像为 {width} x {height} x {frames}，共 {pixels} 像素，超过 {limit} 像素，未解码",
        )


def _size(blob: Blob, draft: Draft) -> tuple[int, int, int]:
    from PIL import Image

    Image.preinit()
    if _PLUGINS[draft.kind] not in Image.OPEN:
        Image.init()
    # The plugin of this kind alone, not `Image.open`: no other parser gets to see the bytes, and the limit on
    # pixels is ours, said in a gap.
    factory = Image.OPEN[_PLUGINS[draft.kind]][0]
    with blob.open() as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = _opened(factory, stream)
        width, height = picture.size
        if draft.kind is Kind.TIFF and _strips_end(picture) > blob.size:
            _note_cut(draft)
        return width, height, _frames(picture)


def _opened(factory: Callable[[BinaryIO, str], Any], stream: BinaryIO) -> Any:
    """The picture; a sound TIFF of samples that Pillow does not know (64-bit floats, three of them) is not broken."""
    try:
        return factory(stream, "")
    except SyntaxError as error:
        if str(error) not in _UNKNOWN_SAMPLES:
            raise
        words = Words(
            en="the picture's kind of samples is not supported; not decoded",
            zh="不支持该图像的像素格式，未解码",
        )
        raise StopReadingError(words, GapKind.UNSUPPORTED) from error


def _frames(picture: object) -> int:
    seek = getattr(picture, "seek", None)
    if seek is None or not hasattr(picture, "n_frames"):
        return 1
    return min(int(picture.n_frames), FRAMES)


def _declared_size(blob: Blob) -> tuple[int, int, int]:
    with blob.open() as stream:
        width, height = boxes.picture_size(stream, blob.size)
        return width, height, 1


def _check_end(blob: Blob, draft: Draft) -> None:
    """A file that lacks its end marker was cut short."""
    with blob.open() as stream:
        if _is_cut(stream, blob.size, draft.kind):
            _note_cut(draft)


def _note_cut(draft: Draft) -> None:
    draft.gap(
        GapKind.MALFORMED,
        f"the {draft.kind} ends before its end marker",
        f"{draft.kind} 文件不完整，缺少结束标记",
    )


def _strips_end(picture: Any) -> int:
    """Where the last strip or tile of a TIFF's first page ends (TIFF 6.0, StripOffsets and TileOffsets)."""
    tags = picture.tag_v2
    places = zip(tags.get(273) or tags.get(324) or (), tags.get(279) or tags.get(325) or (), strict=False)
    return max((start + length for start, length in places), default=0)


def _is_cut(stream: BinaryIO, size: int, kind: Kind) -> bool:
    if kind in _ISO:
        return boxes.is_cut(stream, size)
    if kind is Kind.WEBP:
        return _riff_is_cut(stream, size)
    if kind is Kind.GIF:  # its marker is one byte, so it has to be the last one
        return not _tail(stream, size).rstrip(b"\0").endswith(b"\x3b")
    return kind in _ENDS and _ENDS[kind] not in _tail(stream, size)


def _tail(stream: BinaryIO, size: int) -> bytes:
    stream.seek(max(0, size - _TAIL_BYTES))
    return stream.read(_TAIL_BYTES)


def _riff_is_cut(stream: BinaryIO, size: int) -> bool:
    declared = int.from_bytes(stream.read(8)[4:8], "little")
    return declared + 8 > size
