"""The explicit mark in a picture: words or an icon at its edge that tell a viewer that AI made it (GB 45438-2025 5.2).

Lines of text are looked for on a small copy, and only lines near the edges are read, so that a picture without words
costs about 60 ms. What is read is measured: height of the letters, contrast, place, wording.
"""

from collections.abc import Iterator

from brightline.core.finding import Box, Finding
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.media.image import size, thumbnail
from brightline.provenance.explicit_findings import defect_finding, found_finding, not_found_finding
from brightline.provenance.explicit_seen import SeenMark, marks_in

NAME = "provenance.explicit_image"
CLAUSE = "GB 45438-2025 5.2"
SIDE = 1280  # pixels of the longer side of the copy that is read: letters of 5 % are 36 high at 16:9
LONG_SIDE = 4096  # of pictures more than three times as long as wide
MISSED = 0.05  # share of marks that are not found; measured, see the card
_SMALLEST = 24  # pixels of a side under which no words can stand


def detect(subject: Subject) -> Iterator[Finding]:
    """One `mark.explicit`, found or not found; and a `mark.explicit.defect` for each breach of the standard.

    Raises:
        DetectorError: the picture cannot be decoded, or the text networks cannot run.
    """
    full = size(subject)
    shorter, longer = min(full.width, full.height), max(full.width, full.height)
    if shorter < _SMALLEST:
        yield not_found_finding(NAME, "image", MISSED)
        return
    pixels = thumbnail(subject, LONG_SIDE if longer > 3 * shorter else SIDE)
    marks = marks_in(pixels)
    if not marks:
        yield not_found_finding(NAME, "image", MISSED)
        return
    where = _full(marks[0].box, full.width / pixels.shape[1], full.height / pixels.shape[0])
    yield from seen_findings(NAME, "image", CLAUSE, marks[0], where)


def seen_findings(name: str, medium: str, clause: str, mark: SeenMark, where: Box) -> Iterator[Finding]:
    """The findings about a mark that was seen.

    Args:
        name: the detector.
        medium: image or video.
        clause: of the standard that it was measured against.
        mark: as it was seen.
        where: in pixels of the full picture.
    """
    details = {"position": mark.position, "language": mark.saying.value, "form": form_of(mark)}
    share, ratio = f"{mark.height_share:.1%}", f"{mark.contrast:.1f}"
    why = Words(
        en=f"`{mark.text}` stands at {mark.position.replace('_', ' ')}; letters are {share} of the shorter side, "
        f"contrast is {ratio}:1",
        zh=f"画面{_PLACES[mark.position]}有“{mark.text}”字样；字高为最短边的{share}，对比度为{ratio}:1",
    )
    yield found_finding(name, medium, mark.score, why, details, mark.defects, (where,))
    for code in mark.defects:
        yield defect_finding(name, medium, clause, code, mark.score, (where,))


def form_of(mark: SeenMark) -> str:
    """`text`, `icon` or `partial`."""
    return mark.saying.value if mark.saying.value in {"icon", "partial"} else "text"


def _full(box: Box, across: float, down: float) -> Box:
    return Box(
        round(box.x * across), round(box.y * down), round(box.width * across), round(box.height * down)
    )


_PLACES = {
    "top_left": "左上角", "top": "上边", "top_right": "右上角", "left": "左边", "right": "右边",
    "bottom_left": "左下角", "bottom": "下边", "bottom_right": "右下角", "middle": "中部",
}  # fmt: skip
