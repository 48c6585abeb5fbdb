"""A picture file is written anew with edited pixels, and nearly everything else that it holds stays.

Metadata, profiles, unknown chunks and trailing bytes are carried over byte by byte (`rewrite_keep`); transparency,
orientation, frames and their times stay too. JPEG keeps its quantisation tables and subsampling, so that what no edit
touched changes by less than one step. What cannot be kept is refused, never dropped.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageSequence, JpegImagePlugin

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.media.image import DEFAULT_LIMITS, FORMATS, ORIENTATION_TAG, Pixels, turn
from brightline.media.rewrite_keep import keep_others, refuse_unkept
from brightline.settings import Limits

Edit = Callable[[Pixels], Pixels]
"""Pixels (height, width, 3) uint8 sRGB, upright, in; the same shape out. Called once for each frame."""

WRITTEN_KINDS = (Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.GIF, Kind.AVIF)
LOSSY_QUALITY = 90  # of WebP and AVIF, which do not say with what quality they were written
_NO_ENCODER = {
    Kind.HEIF: "no free encoder for HEIF ships; convert the picture to JPEG, PNG or AVIF first",
    Kind.TIFF: "TIFF files are not re-encoded, because their private tags would not survive; convert to PNG first",
}
_COLOUR = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa"}
_UNTURN = {6: 8, 8: 6}  # the other way round; all other orientations undo themselves


class Layers(msgspec.Struct, frozen=True):
    """One upright frame of how many: (height, width, 3) uint8 sRGB, and (height, width) uint8 opacity or None."""

    pixels: Pixels
    alpha: npt.NDArray[np.uint8] | None = None  # None where all is opaque
    frames: int = 1


EditLayers = Callable[[Layers], Layers]


def rewrite_image(data: bytes, kind: Kind, edits: Sequence[Edit], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Write the picture with each edit applied to each frame, one after the other.

    Returns:
        a file of the same kind.

    Raises:
        MarkingError: the file is broken, over `limits.pixels`, or of a form that cannot be written without loss of
            something else than these pixels; the sentence says which.
    """

    def edit(layers: Layers) -> Layers:
        pixels = layers.pixels
        for each in edits:
            pixels = each(pixels)
        return Layers(pixels, layers.alpha)

    return rewrite_layers(data, kind, edit, limits)


def rewrite_layers(data: bytes, kind: Kind, edit: EditLayers, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Write the picture with an edit that may also change the opacity of frames that have one.

    Raises:
        MarkingError: as for `rewrite_image`.
    """
    if kind not in WRITTEN_KINDS:
        raise MarkingError(_NO_ENCODER.get(kind, f"`{kind}` is no picture that we write"))
    refuse_unkept(data, kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a broken EXIF block is no reason against the pixels
            with Image.open(io.BytesIO(data), formats=FORMATS[kind]) as image:
                _check(image, kind, limits)
                coded = _encoded(image, kind, data, edit)
    except MarkingError:
        raise
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, ArithmeticError, MemoryError) as error:
        raise MarkingError(f"the {kind} picture cannot be written anew: {str(error)[:120]}") from error
    return keep_others(data, coded, kind)


def _check(image: Image.Image, kind: Kind, limits: Limits) -> None:
    frames = int(getattr(image, "n_frames", 1))
    if image.width * image.height * frames > limits.pixels:
        raise MarkingError(
            f"the picture has {image.width} x {image.height} pixels in {frames} frames, more than {limits.pixels} "
            "(`limits.pixels`)"
        )
    if image.mode not in _COLOUR:
        raise MarkingError(
            f"the {kind} picture has pixels of mode `{image.mode}`; 8-bit grey and RGB are written without loss"
        )


def _encoded(image: Image.Image, kind: Kind, data: bytes, edit: EditLayers) -> bytes:
    """The edited frames as a bare file of the same kind, without metadata."""
    options = _options(image, kind, data)
    frames, durations = _frames(image, kind, edit)
    first = next(frames)
    if int(getattr(image, "n_frames", 1)) > 1:
        rest = list(frames)  # their times are known only when all were read
        options |= {"save_all": True, "append_images": rest, "duration": durations, **_looping(image, kind)}
    out = io.BytesIO()
    first.save(out, FORMATS[kind][0], **options)
    return out.getvalue()


def _frames(image: Image.Image, kind: Kind, edit: EditLayers) -> tuple[Iterator[Image.Image], list[float]]:
    durations: list[float] = []
    orientation = _orientation(image)

    def frames() -> Iterator[Image.Image]:
        for frame in ImageSequence.Iterator(image):
            frame.load()
            exact = float(frame.info.get("duration", 0) or 0)
            durations.append(exact if kind is Kind.PNG else round(exact))  # only PNG has fractions of a ms
            yield _edited(frame, kind, orientation, edit)

    return frames(), durations


def _edited(frame: Image.Image, kind: Kind, orientation: int, edit: EditLayers) -> Image.Image:
    before = _layers(frame)
    alpha = None if before.alpha is None else turn(before.alpha, orientation)
    upright = np.ascontiguousarray(turn(before.pixels, orientation))
    after = edit(Layers(upright, alpha, int(getattr(frame, "n_frames", 1))))
    back = _UNTURN.get(orientation, orientation)
    pixels = np.ascontiguousarray(turn(after.pixels, back))
    if pixels.shape != before.pixels.shape or pixels.dtype != np.uint8:
        raise MarkingError(f"an edit turned {before.pixels.shape} pixels into {pixels.shape} {pixels.dtype}")
    shown = Image.fromarray(pixels)
    if after.alpha is not None:
        shown.putalpha(Image.fromarray(np.ascontiguousarray(turn(after.alpha, back))))
    elif frame.mode in {"1", "L"} and (kind is Kind.JPEG or bool(np.all(pixels == pixels[..., :1]))):
        return shown.convert("L")
    return _few_colours(shown) if kind is Kind.GIF else shown


def _layers(frame: Image.Image) -> Layers:
    if frame.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in frame.info:
        both = np.asarray(frame.convert("RGBA"))
        return Layers(np.ascontiguousarray(both[..., :3]), np.ascontiguousarray(both[..., 3]))
    return Layers(np.asarray(frame.convert("RGB")))


def _few_colours(shown: Image.Image) -> Image.Image:
    """At most 256 colours: exactly those that are there when they are so few, else the best 255."""
    rgb = shown.convert("RGB")
    exact = rgb.getcolors(255) is not None
    method = Image.Quantize.FASTOCTREE if not exact else Image.Quantize.MEDIANCUT
    few = _exact_palette(rgb) if exact else rgb.quantize(255, method=method, dither=Image.Dither.NONE)
    if shown.mode == "RGBA":
        clear = shown.getchannel("A").point(lambda value: 255 * (value < 128))
        few.paste(255, mask=clear)
        few.info["transparency"] = 255
    return few


def _exact_palette(rgb: Image.Image) -> Image.Image:
    pixels = np.asarray(rgb)
    colours, places = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    few = Image.fromarray(places.reshape(pixels.shape[:2]).astype(np.uint8)).convert("L")
    palette = Image.new("P", few.size)
    palette.putdata(list(few.tobytes()))
    palette.putpalette(colours.tobytes() + bytes(3 * (256 - len(colours))))
    return palette


def _options(image: Image.Image, kind: Kind, data: bytes) -> dict[str, Any]:
    """How the old file was coded, as far as it says."""
    match kind:
        case Kind.JPEG:
            sampling = JpegImagePlugin.get_sampling(image)
            options: dict[str, Any] = {
                "qtables": image.quantization,  # type: ignore[attr-defined]  # every JPEG has tables
                "progressive": bool(image.info.get("progressive")),
            }
            return options | ({"subsampling": sampling} if sampling >= 0 else {})
        case Kind.WEBP:
            return {"lossless": b"VP8L" in data[12:], "quality": LOSSY_QUALITY, "exact": True}
        case Kind.AVIF:
            kept = {"icc_profile": image.info.get("icc_profile"), "exif": image.info.get("exif")}
            xmp = image.info.get("xmp")
            options = {name: value for name, value in {**kept, "xmp": xmp}.items() if value}
            return options | {"quality": LOSSY_QUALITY, "max_threads": 1}
        case _:
            return {}


def _looping(image: Image.Image, kind: Kind) -> dict[str, Any]:
    info = image.info
    match kind:
        case Kind.GIF:
            loop = {"loop": info["loop"]} if "loop" in info else {}
            return loop | {"disposal": 2, "optimize": False}
        case Kind.PNG:
            return {"loop": info.get("loop", 0), "default_image": bool(info.get("default_image"))}
        case Kind.WEBP:
            return {"loop": info.get("loop", 0), "background": info.get("background", (0, 0, 0, 0))}
        case _:
            return {}


def _orientation(image: Image.Image) -> int:
    """As `media.image` turns it; AVIF's own turn is given as EXIF by Pillow, and written back from it."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except (OSError, ValueError, SyntaxError, LookupError, TypeError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
