"""Video becomes a few still pictures: keyframes spread over its length, under limits of pixels and time."""

import time
from collections.abc import Iterator

import av
import av.container
import av.video.stream
import msgspec
import numpy as np

from brightline.core.errors import DetectorError
from brightline.core.subject import Subject
from brightline.media.audio import BROKEN, DECODE_SECONDS, opened, stated_seconds
from brightline.media.image import DEFAULT_LIMITS, Pixels
from brightline.settings import Limits

SCANNED_KEYFRAMES = 200  # where seeking fails, this many keyframes are decoded at most


class VideoFacts(msgspec.Struct, frozen=True):
    """What the container states: length in seconds (0.0 unknown), width and height in pixels as shown."""

    seconds: float
    width: int
    height: int


class Keyframe(msgspec.Struct, frozen=True):
    """One still picture of a video: when it is shown, in seconds, and (height, width, 3) uint8 sRGB pixels."""

    second: float
    pixels: Pixels


def video_facts(subject: Subject) -> VideoFacts:
    """Give length and size without decoding more than one frame.

    Raises:
        DetectorError: the subject has no picture track or is broken.
    """
    with opened(subject) as container:
        stream = _stream(container, DEFAULT_LIMITS)
        frame = next(container.decode(stream), None)
        width, height = stream.width, stream.height
        turned = frame is not None and frame.rotation % 180 == 90
        seconds = stated_seconds(container)
    return VideoFacts(seconds, height, width) if turned else VideoFacts(seconds, width, height)


def keyframes(
    subject: Subject,
    count: int,
    side: int,
    limits: Limits = DEFAULT_LIMITS,
    wall_s: float = DECODE_SECONDS,
) -> Iterator[Keyframe]:
    """Give up to `count` keyframes spread over the video, shrunk until the longer side is at most `side`.

    Two places that lead to the same keyframe give it once.

    Raises:
        DetectorError: there is no picture track, it is broken, a frame is over `limits.pixels`, or decoding
            takes more than `wall_s`; frames up to there have been given.
    """
    deadline = time.monotonic() + wall_s
    with opened(subject) as container:
        stream = _stream(container, limits)
        seconds = stated_seconds(container)
        found = _sought(container, stream, seconds, count) if seconds else _scanned(container, stream, count)
        for frame in found:
            if frame.width * frame.height > limits.pixels:
                raise DetectorError(f"a video frame has more than {limits.pixels} pixels (`limits.pixels`)")
            yield Keyframe(round(frame.time or 0.0, 3), _pixels(frame, side))
            if time.monotonic() > deadline:
                raise DetectorError(f"decoding keyframes takes more than {wall_s:g} s")


def _stream(container: av.container.InputContainer, limits: Limits) -> av.video.stream.VideoStream:
    if not container.streams.video:
        raise DetectorError("there is no picture track")
    stream = container.streams.video[0]
    if stream.width * stream.height > limits.pixels:
        raise DetectorError(
            f"the video is {stream.width} x {stream.height}, more than {limits.pixels} pixels (`limits.pixels`)"
        )
    stream.codec_context.thread_count = 1  # the pool gives each worker one core
    stream.codec_context.skip_frame = "NONKEY"
    return stream


def _sought(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, seconds: float, count: int
) -> Iterator[av.VideoFrame]:
    seen: set[int | None] = set()
    for step in range(count):
        try:
            container.seek(int(seconds * step / count * av.time_base), backward=True)
        except BROKEN:
            if seen:  # an index that ends early: what came before stands
                return
        frame = next(container.decode(stream), None)
        if frame is not None and frame.pts not in seen:
            seen.add(frame.pts)
            yield frame


def _scanned(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, count: int
) -> Iterator[av.VideoFrame]:
    """Without a length: the first keyframe, then every time the number seen has doubled."""
    wanted = {2**step - 1 for step in range(count)}
    for number, frame in enumerate(container.decode(stream)):
        if number >= SCANNED_KEYFRAMES:
            return
        if number in wanted:
            yield frame


def _pixels(frame: av.VideoFrame, side: int) -> Pixels:
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    pixels = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, k=(frame.rotation // 90) % 4).astype(np.uint8, copy=False))
