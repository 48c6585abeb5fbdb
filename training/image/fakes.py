"""Fakes made from a real photograph: what a decoder leaves behind, with all else alike.

Stored, one folder a kind: what an autoencoder gives back (`tae`), the same from a latent with noise (`noise`), what
our own small decoders make of the same latents. Drawn at random while training: parts of the frequency band, weaker
and stronger traces, patches pasted into the real picture (these give the map its truth).
"""

import numpy as np
from PIL import Image, ImageFilter


def varied(draw: np.random.Generator, real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A fake between or beyond the two, and how much of each place is fake, 0..1.

    Args:
        draw: source of chance.
        real: (height, width, 3) uint8.
        fake: the same picture from a decoder.

    Returns:
        (height, width, 3) uint8 and (height, width) float32.
    """
    whole = np.ones(real.shape[:2], np.float32)
    trace = fake.astype(np.float32) - real
    kind = draw.random()
    if kind < 0.2:  # one band of the trace alone
        coarse = _blurred(trace, draw.uniform(0.7, 2.0))
        trace = coarse if draw.random() < 0.5 else trace - coarse
    elif kind < 0.4:
        trace *= draw.uniform(0.6, 1.4)
    elif kind < 0.6:
        whole = patch(draw, real.shape[:2])
        trace *= whole[..., None]
    return (real + trace).round().clip(0, 255).astype(np.uint8), whole


def patch(draw: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A soft-edged blob over a fifth to two thirds of the picture, (height, width) float32 in 0..1."""
    height, width = shape
    down, across = np.mgrid[:height, :width].astype(np.float32)
    middle = draw.uniform(0.25, 0.75, 2) * (height, width)
    reach = draw.uniform(0.25, 0.5, 2) * (height, width)
    power = draw.choice([2, 4, 12])  # ellipse to box
    distance = (
        np.abs((down - middle[0]) / reach[0]) ** power + np.abs((across - middle[1]) / reach[1]) ** power
    )
    mask = Image.fromarray(((distance < 1) * 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(draw.uniform(0.5, 6))
    )
    mask = np.asarray(mask, np.float32) / 255
    return 1 - mask if draw.random() < 0.25 else mask


def _blurred(values: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur of signed differences."""
    shifted = Image.fromarray(((values + 255) / 2).round().clip(0, 255).astype(np.uint8))
    return np.asarray(shifted.filter(ImageFilter.GaussianBlur(radius)), np.float32) * 2 - 255
