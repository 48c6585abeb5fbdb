"""Words or an icon on a still picture or an animation, on all of its frames."""

import numpy as np
import numpy.typing as npt

from brightline.core.subject import Kind
from brightline.marking.explicit.layout import Label, paint, plan_labels
from brightline.marking.explicit.style import Style
from brightline.media.image import DEFAULT_LIMITS
from brightline.media.rewrite_image import Layers, rewrite_layers
from brightline.settings import Limits


def label_image(data: bytes, kind: Kind, style: Style, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Write the picture with an explicit mark (GB 45438-2025 5.2; EU Code of Practice, section 2).

    It stands upright for the reader, whatever the orientation that the file's EXIF asks for; on all frames of an
    animation at the same place; and opaque on transparent pictures.

    Returns:
        a file of the same kind; its metadata are those of the old one.

    Raises:
        MarkingError: the picture cannot be written (see `rewrite_image`) or is too small for the words.
    """
    labels: tuple[Label, ...] | None = None

    def edit(layers: Layers) -> Layers:
        nonlocal labels
        if (
            labels is None
        ):  # what lies behind it in other frames, or under the picture, is not known: so a plate
            labels = plan_labels(layers.pixels, style, plate=layers.alpha is not None or layers.frames > 1)
        return Layers(paint(layers.pixels, labels), _opaque(layers, labels))

    return rewrite_layers(data, kind, edit, limits)


def _opaque(layers: Layers, labels: tuple[Label, ...]) -> npt.NDArray[np.uint8] | None:
    """The opacity with the labels' own laid over it."""
    if layers.alpha is None:
        return None
    alpha = layers.alpha.copy()
    for label in labels:
        where = np.s_[label.y : label.y + label.patch.height, label.x : label.x + label.patch.width]
        alpha[where] = np.maximum(alpha[where], np.rint(label.patch.cover * 255).astype(np.uint8))
    return alpha
