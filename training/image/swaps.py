"""Faces that were pasted: made from real faces by blending them with changed copies of themselves, or with others.

`blended` follows self-blended images [shiohara2022]: a copy of the face with other colours, sharpness, place and size,
laid into the picture through a soft mask; what is left to learn is the seam and the difference inside it. Some copies
go through a small size first, as swap tools paint 128-px faces. `exchanged` lays in another person's face: no training
picture is made so, it is what measuring is done on.

Faces come aligned as FFHQ is: eyes' middle at 0.47 of the height, mouth at 0.75.
"""

import numpy as np
from history import scaled
from PIL import Image, ImageEnhance, ImageFilter

MIDDLE = (0.60, 0.5)  # of the face in an aligned picture, down and across
REACH = (0.33, 0.25)  # half its height and width
# What the run time shows the network (`detectors/image/upright.py` with MARGIN) is this square of an aligned picture:
MARGIN = 0.1
FACE = (0.502, 0.92)  # its middle, down, and its side, both as shares of the picture's side


def blended(
    draw: np.random.Generator, face: np.ndarray, made: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """A face with a changed copy of itself laid in, and its mask.

    Args:
        draw: source of chance.
        face: (side, side, 3) uint8, aligned.
        made: the same face from an autoencoder, if one is to be laid in.

    Returns:
        (side, side, 3) uint8 and (side, side) float32 in 0..1.
    """
    inner = Image.fromarray(face if made is None else made)
    inner = _moved(draw, _coloured(draw, _softened(draw, inner)))
    outer = face
    if draw.random() < 0.3:  # the picture around it may be the changed one
        outer = np.asarray(_coloured(draw, Image.fromarray(face)))
    mask = seam(draw, face.shape[0]) * draw.choice([0.6, 0.8, 1, 1, 1])
    return mixed(np.asarray(inner), outer, mask), mask


def exchanged(draw: np.random.Generator, face: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Another person's face laid in, its colours fitted inside the mask; painted at 128 px as tools do half the time."""
    mask = seam(draw, face.shape[0])
    inner = Image.fromarray(other)
    if draw.random() < 0.5:
        inner = scaled(inner, 160 / other.shape[0]).resize(inner.size, Image.Resampling.BICUBIC)
    values, weight = np.asarray(inner, np.float32), mask[..., None] / mask.sum()
    means = [(picture * weight).sum((0, 1)) for picture in (values, face)]
    spreads = [
        np.sqrt(((picture - mean) ** 2 * weight).sum((0, 1)))
        for picture, mean in zip((values, face), means, strict=True)
    ]
    fitted = (values - means[0]) * (spreads[1] / (spreads[0] + 1e-3)) + means[1]
    return mixed(fitted, face, mask)


def mixed(inner: np.ndarray, outer: np.ndarray, mask: np.ndarray) -> np.ndarray:
    whole = inner.astype(np.float32) * mask[..., None] + outer.astype(np.float32) * (1 - mask[..., None])
    return whole.round().clip(0, 255).astype(np.uint8)


def seam(draw: np.random.Generator, side: int) -> np.ndarray:
    """A soft, wavy oval over the face, sometimes its upper or lower part alone, (side, side) float32 in 0..1."""
    down, across = np.mgrid[:side, :side].astype(np.float32) / side
    middle = np.array(MIDDLE) + draw.uniform(-0.03, 0.03, 2)
    reach = np.array(REACH) * draw.uniform(0.75, 1.15, 2)
    y, x = (down - middle[0]) / reach[0], (across - middle[1]) / reach[1]
    angle = np.arctan2(y, x)
    waves = sum(draw.uniform(0, 0.07) * np.sin(n * angle + draw.uniform(0, 6.3)) for n in (2, 3, 4, 5))
    power = draw.choice([2.0, 2.0, 3.0])
    inside = (np.abs(y) ** power + np.abs(x) ** power) ** (1 / power) < 1 + waves
    if (part := draw.random()) < 0.15:
        inside &= down < middle[0] + 0.05
    elif part < 0.3:
        inside &= down > middle[0] - 0.05
    blur = ImageFilter.GaussianBlur(float(draw.uniform(0.5, 7)) * side / 320)
    return np.asarray(Image.fromarray((inside * 255).astype(np.uint8)).filter(blur), np.float32) / 255


def upright(
    face: Image.Image,
    size: int,
    turn: float = 0.0,
    grow: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Image.Image:
    """The judged square of an aligned picture, `size` px a side, resampled as the run time does.

    Args:
        face: aligned, square.
        size: pixels of a side.
        turn: radians by which the face finder may have erred.
        grow: factor by which it may have.
        shift: shares of the picture's side by which it may have, across and down.
    """
    side = face.size[0]
    factor = FACE[1] * side * grow / size
    shrunk = max(1, int(factor))
    cosine, sine = np.cos(turn) * factor / shrunk, np.sin(turn) * factor / shrunk
    x, y = (0.5 + shift[0]) * side / shrunk, (FACE[0] + shift[1]) * side / shrunk
    half = size / 2
    matrix = (cosine, -sine, x - (cosine - sine) * half, sine, cosine, y - (cosine + sine) * half)
    return face.reduce(shrunk).transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )


def _softened(draw: np.random.Generator, face: Image.Image) -> Image.Image:
    kind = draw.random()
    if kind < 0.45:
        small = scaled(face, float(draw.uniform(0.35, 0.85)))
        return small.resize(
            face.size, [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC][int(draw.integers(2))]
        )
    if kind < 0.6:
        return face.filter(ImageFilter.GaussianBlur(float(draw.uniform(0.3, 1.2))))
    if kind < 0.8:
        return face.filter(ImageFilter.UnsharpMask(1.5, int(draw.integers(40, 200)), 0))
    return face


def _coloured(draw: np.random.Generator, face: Image.Image) -> Image.Image:
    light, contrast, colour = draw.uniform(0.88, 1.12, 3)
    face = ImageEnhance.Color(
        ImageEnhance.Contrast(ImageEnhance.Brightness(face).enhance(light)).enhance(contrast)
    ).enhance(colour)
    shifted = np.asarray(face, np.float32) + draw.uniform(-9, 9, 3).astype(np.float32)
    return Image.fromarray(shifted.clip(0, 255).astype(np.uint8))


def _moved(draw: np.random.Generator, face: Image.Image) -> Image.Image:
    size, turn = draw.uniform(0.96, 1.04), draw.uniform(-0.03, 0.03)
    half = face.size[0] / 2
    shift = draw.uniform(-0.015, 0.015, 2) * face.size[0]
    cosine, sine = np.cos(turn) / size, np.sin(turn) / size
    matrix = (
        cosine,
        sine,
        half - cosine * half - sine * half + shift[0],
        -sine,
        cosine,
        half + sine * half - cosine * half + shift[1],
    )
    return face.transform(face.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=None)
