"""Heat maps as pictures to lay over a preview: clear where nothing was found, yellow to magenta where much was."""

import io

import numpy as np
from PIL import Image

from brightline.core.finding import Heat

OPACITY = 0.75  # of the hottest cell; what lies under it must stay visible
_YELLOW, _MAGENTA = (
    (255.0, 226.0, 20.0),
    (226.0, 0.0, 140.0),
)  # rare in photographs, and apart for the colour-blind


def heat_png(heat: Heat) -> bytes:
    """A PNG with one pixel a cell, to be stretched over the whole picture.

    >>> Image.open(io.BytesIO(heat_png(Heat(2, 1, bytes([0, 255]))))).getpixel((0, 0))
    (255, 226, 20, 0)
    """
    level = np.frombuffer(heat.levels, dtype=np.uint8).reshape(heat.rows, heat.columns, 1) / 255.0
    colour = np.array(_YELLOW) * (1 - level) + np.array(_MAGENTA) * level
    pixels = np.concatenate([colour, 255.0 * OPACITY * level**0.7], axis=2).round().astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
