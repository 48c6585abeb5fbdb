"""What happens to a picture between its making and our seeing it; drawn once, then done alike to both of a pair.

Neither resizing, nor compression, nor the place of the 8 x 8 grid may tell generated from real: so every real picture
and the fake made from it go through the very same steps, with the same random numbers.
"""

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

Deed = Callable[[Image.Image], Image.Image]
KERNELS = [
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.BOX,
]


class Step(NamedTuple):
    """One deed; those that move pixels are done to the mask of what is fake too."""

    deed: Deed
    moves: bool = False


def compressed(picture: Image.Image, quality: int, subsampling: int = 2, kind: str = "JPEG") -> Image.Image:
    """The picture after one lossy save; subsampling 0 keeps colour whole, 2 halves it."""
    held = io.BytesIO()
    if kind == "JPEG":
        picture.save(held, "JPEG", quality=quality, subsampling=subsampling)
    else:
        picture.save(held, "WEBP", quality=quality, method=0)
    return Image.open(held).convert("RGB")


def scaled(
    picture: Image.Image, factor: float, kernel: Image.Resampling = Image.Resampling.LANCZOS
) -> Image.Image:
    width, height = picture.size
    return picture.resize((max(16, round(width * factor)), max(16, round(height * factor))), kernel)


def drawn(draw: np.random.Generator, size: tuple[int, int], side: int) -> list[Step]:
    """A random history that ends in `side` x `side` pixels.

    Args:
        draw: source of chance.
        size: (width, height) of the picture that it begins with.
        side: side of the square that is left, px.
    """
    factor = (
        1.0
        if (kind := draw.random()) < 0.55
        else draw.uniform(0.6, 1)
        if kind < 0.8
        else draw.uniform(1, 1.5)
    )
    steps = [_window(draw, size, min(round((side + 8) / factor), *size)), _resize(draw, factor)]
    if draw.random() < 0.07:  # a screenshot, or a site that resizes
        back = draw.uniform(0.7, 1.3)
        steps += [_resize(draw, back), _resize(draw, 1 / back)]
    steps += _look(draw)
    steps += _saves(draw)
    return [*steps, _square(draw, side), *_saves(draw, chance=0.3)]


def lived(picture: Image.Image, steps: list[Step], *, moved_only: bool = False) -> Image.Image:
    for step in steps:
        if step.moves or not moved_only:
            picture = step.deed(picture)
    return picture


def _window(draw: np.random.Generator, size: tuple[int, int], side: int) -> Step:
    left, top = (int(draw.integers(0, length - side + 1)) for length in size)
    if draw.random() < 0.4:  # else the crop would always shift the grid
        left, top = left // 8 * 8, top // 8 * 8
    flip = draw.random() < 0.5

    def deed(picture: Image.Image) -> Image.Image:
        picture = picture.crop((left, top, left + side, top + side))
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else picture

    return Step(deed, moves=True)


def _resize(draw: np.random.Generator, factor: float) -> Step:
    kernel = KERNELS[int(draw.integers(len(KERNELS)))]
    return Step(lambda picture: picture if factor == 1 else scaled(picture, factor, kernel), moves=True)


def _look(draw: np.random.Generator) -> list[Step]:
    steps: list[Step] = []
    if draw.random() < 0.35:
        light, contrast, colour = draw.uniform(0.75, 1.3, 3)
        steps.append(
            Step(
                lambda p: ImageEnhance.Color(
                    ImageEnhance.Contrast(ImageEnhance.Brightness(p).enhance(light)).enhance(contrast)
                ).enhance(colour)
            )
        )
    if draw.random() < 0.12:
        radius = draw.uniform(0.3, 1.1)
        steps.append(Step(lambda p: p.filter(ImageFilter.GaussianBlur(radius))))
    elif draw.random() < 0.03:
        steps.append(Step(lambda p: p.filter(ImageFilter.MedianFilter(3))))
    if draw.random() < 0.15:
        amount = int(draw.integers(30, 150))
        steps.append(Step(lambda p: p.filter(ImageFilter.UnsharpMask(1.2, amount, 0))))
    if draw.random() < 0.1:
        seed, spread = int(draw.integers(2**31)), draw.uniform(1, 6)
        steps.append(Step(lambda p: _noisy(p, seed, spread)))
    return steps


def _noisy(picture: Image.Image, seed: int, spread: float) -> Image.Image:
    pixels = np.asarray(picture, np.float32)
    noise = np.random.default_rng(seed).standard_normal(pixels.shape, np.float32) * spread
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def _saves(draw: np.random.Generator, chance: float = 0.8) -> list[Step]:
    if draw.random() > chance:
        return []
    kind = "JPEG" if draw.random() < 0.85 else "WEBP"
    quality, subsampling = int(draw.integers(65, 97)), int(draw.choice([0, 2, 2]))
    return [Step(lambda picture: compressed(picture, quality, subsampling, kind))]


def _square(draw: np.random.Generator, side: int) -> Step:
    """The middle or any `side` x `side` part; what is missing is mirrored."""
    across, down = draw.random(), draw.random()

    def deed(picture: Image.Image) -> Image.Image:
        pixels = np.asarray(picture)
        height, width = pixels.shape[:2]
        lacking = [(0, max(0, side - height)), (0, max(0, side - width)), (0, 0)]
        if lacking[0][1] or lacking[1][1]:
            pixels = np.pad(pixels, lacking, mode="symmetric" if min(height, width) * 2 < side else "reflect")
        top, left = int(down * (pixels.shape[0] - side)), int(across * (pixels.shape[1] - side))
        return Image.fromarray(np.ascontiguousarray(pixels[top : top + side, left : left + side]))

    return Step(deed, moves=True)
