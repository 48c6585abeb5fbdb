"""Pictures become pixels: 8-bit sRGB, upright, first frame, under a pixel limit.

Embedded colour profiles are not applied and transparency is laid over white, as most readers would see it.
"""

import logging
import math
import struct
import warnings
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.core.finding import Box
from brightline.core.subject import Kind, Subject
from brightline.settings import Limits

Pixels = npt.NDArray[np.uint8]  # (height, width, 3) sRGB
DEFAULT_LIMITS = Limits()

DECODE_PIXELS = 40_000_000  # a full picture costs 7 bytes a pixel while it is decoded: 280 MB of a worker
STRIP_PIXELS = 2_000_000  # converted at a time
CACHED_PICTURES = 4  # detectors of one node run one after the other
CACHED_BYTES = 24 * 1024 * 1024  # larger pictures are decoded again rather than kept
ORIENTATION_TAG = 0x0112  # EXIF 2.32, 4.6.4

# Only the format that the bytes have may read them: Pillow's other plug-ins (EPS starts Ghostscript) never run.
FORMATS: dict[Kind, tuple[str, ...]] = {
    Kind.JPEG: ("JPEG",),
    Kind.PNG: ("PNG",),
    Kind.WEBP: ("WEBP",),
    Kind.GIF: ("GIF",),
    Kind.TIFF: ("TIFF",),
    Kind.HEIF: ("HEIF",),
    Kind.AVIF: ("AVIF",),
}

# What Pillow and its codecs raise on broken files, besides their own OSErrors.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

_recent: OrderedDict[tuple[str, int, Kind, int], Pixels] = OrderedDict()


class Size(msgspec.Struct, frozen=True):
    """Width and height of the upright picture, in pixels, and how many frames it has."""

    width: int
    height: int
    frames: int = 1


def size(subject: Subject, limits: Limits = DEFAULT_LIMITS) -> Size:
    """Give the upright size without decoding pixels.

    Raises:
        DetectorError: the subject is no picture, is broken, or is over `limits.pixels`.
    """
    with _opened(subject, limits) as image:
        width, height = image.size
        turned = _orientation(image) >= 5  # values 5 to 8 lie on their side
        frames = int(getattr(image, "n_frames", 1))
        return Size(height, width, frames) if turned else Size(width, height, frames)


def decode(subject: Subject, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """Give all pixels of the first frame.

    Returns:
        (height, width, 3) uint8 sRGB, upright. Read-only: detectors share it.

    Raises:
        DetectorError: the subject is no picture, is broken, or has more than `limits.pixels` or
            `DECODE_PIXELS` pixels; ask for a `thumbnail` then.
    """
    return _remembered(subject, limits, side=0)


def thumbnail(subject: Subject, side: int, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """Give the first frame, shrunk until its longer side is at most `side` pixels; never enlarged.

    Large JPEGs are shrunk while they are decoded, at an eighth of the cost.

    Returns:
        (height, width, 3) uint8 sRGB, upright. Read-only: detectors share it.

    Raises:
        DetectorError: the subject is no picture, is broken, or is over `limits.pixels`.
    """
    return _remembered(subject, limits, side)


def crops(subject: Subject, boxes: Sequence[Box], limits: Limits = DEFAULT_LIMITS) -> tuple[Pixels, ...]:
    """Give rectangles of the first frame, upright, with 4 bytes a pixel of the whole held in place of 7.

    Args:
        subject: a picture.
        boxes: within the upright picture.
        limits: for the size of the whole.

    Raises:
        DetectorError: the subject is no picture, is broken, over `limits.pixels` or too large for a worker.
    """
    key = (subject.digest, subject.size_bytes, subject.kind, 0)
    if key in _recent:
        whole = _recent[key]
        return tuple(whole[box.y : box.y + box.height, box.x : box.x + box.width] for box in boxes)
    with _opened(subject, limits) as image:
        image.load()  # TIFF tells its orientation only then
        orientation, brightness = _orientation(image), _range(image)
        return tuple(
            turn(
                np.asarray(_as_rgb(image.crop(_lying(box, image.size, orientation)), brightness)), orientation
            )
            for box in boxes
        )


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The middle of a picture as it is stored: not turned, so that JPEG's grid begins at its corner.

    Attributes:
        pixels: (height, width) or (height, width, 3) uint8.
        left: columns before it, a multiple of 8.
        top: rows before it, likewise.
        width: of the whole picture as stored.
        height: likewise.
        orientation: what `turn` makes the whole picture upright, 1 to 8.
    """

    pixels: Pixels
    left: int
    top: int
    width: int
    height: int
    orientation: int


def stored_window(subject: Subject, most: int, *, grey: bool, limits: Limits = DEFAULT_LIMITS) -> Window:
    """Give at most `most` pixels a side of the middle of the first frame; of a JPEG in grey its own luma, unconverted.

    Raises:
        DetectorError: the subject is no picture, is broken, over `limits.pixels` or too large for a worker.
    """
    with _opened(subject, limits) as image:
        if grey:
            image.draft("L", image.size)  # decoded without colour: 1 byte a pixel in place of 4
        image.load()
        left, top = (max(0, (length - most) // 2) // 8 * 8 for length in image.size)
        shown = image.crop((left, top, min(image.width, left + most), min(image.height, top + most)))
        shown = _as_rgb(shown, _range(image)) if not grey or image.mode != "L" else shown
        return Window(
            pixels=np.asarray(shown.convert("L") if grey else shown),
            left=left,
            top=top,
            width=image.width,
            height=image.height,
            orientation=_orientation(image),
        )


def frames(subject: Subject, count: int, side: int, limits: Limits = DEFAULT_LIMITS) -> Iterator[Pixels]:
    """Give up to `count` frames of an animation, evenly spaced, the first one first.

    Raises:
        DetectorError: the subject is broken, or its frames together are over `limits.pixels`; frames up to
            there have been given.
    """
    with _opened(subject, limits) as image:
        total = int(getattr(image, "n_frames", 1))
        each = image.size[0] * image.size[1]
        for number in sorted({total * step // count for step in range(count)}):
            if (number + 1) * each > limits.pixels:
                raise DetectorError(
                    f"frames up to {number + 1} have more than {limits.pixels} pixels together (`limits.pixels`)"
                )
            image.seek(number)
            yield _pixels(_shrunk(image, side), _orientation(image))


def from_image(image: Image.Image) -> Pixels:
    """Give the pixels of a Pillow image of any mode: transparency over white, 16 bits cut to 8.

    >>> from_image(Image.new("RGBA", (1, 1), (0, 0, 0, 0))).tolist()
    [[[255, 255, 255]]]
    """
    return np.asarray(_as_rgb(image, _range(image)))


def _remembered(subject: Subject, limits: Limits, side: int) -> Pixels:
    key = (subject.digest, subject.size_bytes, subject.kind, side)
    if key in _recent:
        _recent.move_to_end(key)
        return _recent[key]
    with _opened(subject, limits) as image:
        if not side:
            _check_decodable(image, limits)
        shown = _shrunk(image, side) if side else image
        shown.load()  # TIFF tells its orientation only then
        pixels = _pixels(shown, _orientation(image))
    pixels.flags.writeable = False
    if pixels.nbytes <= CACHED_BYTES:
        _recent[key] = pixels
        while len(_recent) > CACHED_PICTURES:
            _recent.popitem(last=False)
    return pixels


@contextmanager
def _opened(subject: Subject, limits: Limits) -> Iterator[Image.Image]:
    formats = FORMATS.get(subject.kind)
    if formats is None:
        raise DetectorError(f"`{subject.kind}` is no picture that we decode")
    _quieten()
    if subject.kind is Kind.HEIF:
        _register_heif()
    try:
        # A broken EXIF block or a size warning is no verdict on the pixels; the size is checked below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(_stream(subject), formats=formats) as image:
                _check_size(image, limits)
                yield image
    except MemoryError as error:
        raise DetectorError("the picture does not fit into this worker's memory") from error
    except _BROKEN as error:
        raise DetectorError(f"the {subject.kind} picture cannot be decoded: {_first_line(error)}") from error


def _stream(subject: Subject) -> BinaryIO:
    try:
        return subject.blob.open()
    except OSError as error:
        raise DetectorError(f"the bytes cannot be read: {error.strerror}") from error


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.pixels:
        raise DetectorError(
            f"the picture is {width} x {height}, more than {limits.pixels} pixels (`limits.pixels`)"
        )


def _check_decodable(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > min(DECODE_PIXELS, limits.pixels):
        raise DetectorError(f"the picture is {width} x {height}; {DECODE_PIXELS} pixels are decoded in full")


@cache
def _quieten() -> None:
    """Broken files make Pillow log; without a door's handler that would go to stderr, content and all."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())


@cache
def _register_heif() -> None:
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False)


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    """Shrink to RGB, strip by strip: a converted copy of a large picture would not fit into a worker."""
    image.draft(image.mode, (side, side))
    image.load()
    longest = max(image.size)
    if longest <= side:
        return image
    factor = longest // side
    reduced = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for y, strip in _rgb_strips(image, factor):
        reduced.paste(strip.reduce(factor), (0, y // factor))
    target = (max(1, round(image.width * side / longest)), max(1, round(image.height * side / longest)))
    return reduced.resize(target, Image.Resampling.BILINEAR)


def _pixels(image: Image.Image, orientation: int) -> Pixels:
    """The pixels upright, written in place: 7 bytes a pixel at most are held."""
    width, height = image.size
    pixels = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), dtype=np.uint8)
    lying = turn(pixels, {6: 8, 8: 6}.get(orientation, orientation))  # the other way round
    for y, strip in _rgb_strips(image, 1):
        lying[y : y + strip.height] = np.asarray(strip)
    return pixels


def _rgb_strips(image: Image.Image, multiple: int) -> Iterator[tuple[int, Image.Image]]:
    """Strips of about `STRIP_PIXELS` as RGB, each a multiple of so many rows (but the last), and where they begin."""
    rows = max(1, STRIP_PIXELS // (image.width * multiple)) * multiple
    brightness = _range(image)
    for y in range(0, image.height, rows):
        strip = image.crop((0, y, image.width, min(image.height, y + rows)))
        yield y, _as_rgb(strip, brightness)


def _lying(box: Box, size: tuple[int, int], orientation: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of an upright box in the picture as it is stored, `size` wide and high."""
    x, y, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    if orientation >= 5:  # lies on its side: rows are columns
        x, y, right, bottom = y, x, bottom, right
    if orientation in {2, 3, 7, 8}:
        x, right = size[0] - right, size[0] - x
    if orientation in {3, 4, 6, 7}:
        y, bottom = size[1] - bottom, size[1] - y
    return x, y, right, bottom


def turn(pixels: Pixels, orientation: int) -> Pixels:
    """Give the pixels as an EXIF orientation (1 to 8) says they should be shown; a view.

    >>> turn(np.arange(6, dtype=np.uint8).reshape(1, 2, 3), 6).shape
    (2, 1, 3)
    """
    match orientation:
        case 2:
            return pixels[:, ::-1]
        case 3:
            return pixels[::-1, ::-1]
        case 4:
            return pixels[::-1]
        case 5:
            return pixels.transpose(1, 0, 2)
        case 6:
            return np.rot90(pixels, k=-1)
        case 7:
            return pixels[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            return np.rot90(pixels)
        case _:
            return pixels


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":  # Pillow turns TIFF files itself
        return 1
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except _BROKEN:  # a broken EXIF block: show the pixels as they lie
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _range(image: Image.Image) -> tuple[float, float]:
    """What is black and what is white in a 16- or 32-bit grey picture: 16 or 8 bits where they fit, else its extremes."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return 0.0, 255.0
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]  # one band gives two numbers
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    if low >= 0.0 and 255.0 < high <= 65535.0:
        return 0.0, 65535.0
    return (0.0, 255.0) if low >= 0.0 and 1.0 < high <= 255.0 else (low, high)


def _as_rgb(image: Image.Image, brightness: tuple[float, float]) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image, *brightness)
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, over).convert("RGB")
    return image.convert("RGB")


def _from_deep(image: Image.Image, black: float, white: float) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=white, neginf=black)
    scaled = (values - black) * (255.0 / max(white - black, 1e-12))
    return Image.fromarray(np.clip(scaled, 0.0, 255.0).astype(np.uint8)).convert("RGB")


def _first_line(error: BaseException) -> str:
    """The codec's own words, short and without addresses of Python objects."""
    words = str(error).splitlines()[0] if str(error) else type(error).__name__
    return words.split("<_io")[0].strip()[:120]
