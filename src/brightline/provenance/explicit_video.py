"""The explicit mark in a video: words that stand on its opening for at least two seconds (GB 45438-2025 5.4).

Frames at every half second of the opening are read like pictures; frames later on are not looked at.
"""

import time
from collections.abc import Iterator

import av
import msgspec
import numpy as np

from brightline.core.errors import DetectorError
from brightline.core.finding import Box, Finding, Seconds
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.media.audio import opened
from brightline.media.image import DEFAULT_LIMITS, Pixels
from brightline.provenance.explicit_findings import defect_finding, found_finding, not_found_finding
from brightline.provenance.explicit_image import form_of
from brightline.provenance.explicit_seen import SeenMark, marks_in

NAME = "provenance.explicit_video"
CLAUSE = "GB 45438-2025 5.4"
OPENING_SECONDS = 2.0  # that a mark has to stand, at normal speed
STEP_SECONDS = 0.5
_LAST_SECOND = 1.95  # a mark that goes at 2.0 s was there for two seconds; four or five frames are read
SIDE = 960  # pixels of the longer side of a frame that is read
MISSED = 0.05  # share of marks that are not found; measured, see the card
_WALL_SECONDS = 3.0  # of decoding and reading; a detector has five


class Sight(msgspec.Struct, frozen=True):
    """A frame of the opening: its second, its size as shown, and the mark that stands in it."""

    second: float
    width: int
    height: int
    mark: SeenMark | None


def detect(subject: Subject) -> Iterator[Finding]:
    """One `mark.explicit`, found or not found; and a `mark.explicit.defect` for each breach of the standard.

    Raises:
        DetectorError: the video cannot be decoded, or no frame of its opening was read in time.
    """
    sights = list(_sights(subject))
    if not sights:
        raise DetectorError("no frame of the opening could be read")
    seen = [sight for sight in sights if sight.mark is not None]
    if not seen:
        yield not_found_finding(NAME, "video", MISSED)
        return
    first, last = seen[0].second, seen[-1].second
    mark = seen[0].mark
    assert mark is not None  # `seen` holds no others
    defects = (*(code for code in mark.defects if code != "wrong_place"), *_of_time(sights, seen))
    where = (_full(seen[0], mark), Seconds(first, last))
    details = {"position": mark.position, "language": mark.saying.value, "form": form_of(mark)}
    yield found_finding(NAME, "video", mark.score, _why(mark, first, last), details, defects, where)
    for code in defects:
        yield defect_finding(NAME, "video", CLAUSE, code, mark.score, where)


def _of_time(sights: list[Sight], seen: list[Sight]) -> list[str]:
    """What breaks the clause in time: a mark that comes later than the opening, or goes before two seconds are over."""
    if sights[0].mark is None:
        return ["not_at_opening"]
    return ["too_short"] if len(seen) < len(sights) else []


def _sights(subject: Subject) -> Iterator[Sight]:
    deadline = time.monotonic() + _WALL_SECONDS
    for second, pixels, width, height in _opening(subject):
        yield Sight(second, width, height, next(iter(marks_in(pixels)), None))
        if time.monotonic() > deadline:
            return


def _opening(subject: Subject) -> Iterator[tuple[float, Pixels, int, int]]:
    """Frames at 0, 0.5, 1 and 1.5 s and just before 2 s, upright and small."""
    wanted = 0.0
    with opened(subject) as container:
        if not container.streams.video:
            raise DetectorError("there is no picture track")
        stream = container.streams.video[0]
        if stream.width * stream.height > DEFAULT_LIMITS.pixels:
            raise DetectorError(f"a video frame has more than {DEFAULT_LIMITS.pixels} pixels")
        stream.codec_context.thread_count = 1  # the pool gives each worker one core
        start = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            second = max(0.0, (frame.time or 0.0) - start)
            if second + 1e-6 < wanted:
                continue
            turned = frame.rotation % 180 == 90
            size = (frame.height, frame.width) if turned else (frame.width, frame.height)
            yield round(second, 3), _pixels(frame), *size
            wanted = _LAST_SECOND if wanted == OPENING_SECONDS - STEP_SECONDS else wanted + STEP_SECONDS
            if second >= _LAST_SECOND:
                return


def _pixels(frame: av.VideoFrame) -> Pixels:
    scale = min(1.0, SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    pixels = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, k=(frame.rotation // 90) % 4).astype(np.uint8, copy=False))


def _full(sight: Sight, mark: SeenMark) -> Box:
    scale = max(1.0, max(sight.width, sight.height) / SIDE)
    box = mark.box
    return Box(
        round(box.x * scale), round(box.y * scale), round(box.width * scale), round(box.height * scale)
    )


def _why(mark: SeenMark, first: float, last: float) -> Words:
    share, ratio = f"{mark.height_share:.1%}", f"{mark.contrast:.1f}"
    return Words(
        en=f"`{mark.text}` was seen from {first:g} to {last:g} s of the opening; letters are {share} of the shorter side, "
        f"contrast is {ratio}:1",
        zh=f"视频开头第{first:g}秒至第{last:g}秒可见“{mark.text}”字样；字高为最短边的{share}，对比度为{ratio}:1",
    )
