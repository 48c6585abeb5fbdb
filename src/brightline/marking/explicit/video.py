"""Words or an icon on the opening of a video, or on all of it."""

from pathlib import Path

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.marking.explicit.layout import Label, paint, plan_labels
from brightline.marking.explicit.style import Style
from brightline.media.image import DEFAULT_LIMITS, Pixels
from brightline.media.rewrite_video import rewrite_video
from brightline.settings import Limits

OPENING_SECONDS = 3.0  # GB 45438-2025 5.4 asks for 2 s at least; players cut and fade openings


def label_video(
    source: Path, target: Path, kind: Kind, style: Style, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Write the video with an explicit mark on a plate, from its first frame on (GB 45438-2025 5.4).

    The mark stands at the same place for `OPENING_SECONDS`, or throughout; in a shorter video throughout. Sound and
    subtitles are copied as they are, frames keep their times, and the file keeps its tags.

    Raises:
        MarkingError: the video cannot be written (see `rewrite_video`), or is too small for the words.
    """
    labels: tuple[Label, ...] = ()

    def edit(pixels: Pixels, second: float) -> Pixels:
        nonlocal labels
        if second >= OPENING_SECONDS and not style.throughout:
            return pixels
        if not labels:
            labels = plan_labels(pixels, style, plate=True)
        return paint(pixels, labels)

    rewrite_video(source, target, kind, edit, limits)
    if not labels:
        raise MarkingError("the video has no frame in its opening that could be marked")
