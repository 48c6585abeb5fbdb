"""Makes short videos out of still pictures: pans and zooms over them, one shot a picture, encoded by FFmpeg in memory."""

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SHOT_SECONDS = 3.0
RATE = 24


def camera(
    picture: Image.Image, size: tuple[int, int], rng: np.random.Generator, seconds: float, zoom: float = 0.0
) -> Iterator[np.ndarray]:
    """Frames of a camera that moves over a picture by whole pixels, and with `zoom` also towards it by that share.

    A picture without room to move in is mirrored at its edges, never enlarged, so that its pixels stay its own.
    """
    width, height = size
    down, across = max(0, height + 24 - picture.height), max(0, width + 24 - picture.width)
    pixels = np.pad(np.asarray(picture.convert("RGB")), ((0, down), (0, across), (0, 0)), mode="symmetric")
    room = np.array([pixels.shape[1] - width, pixels.shape[0] - height])
    begin, end = rng.random(2) * room, rng.random(2) * room
    count = round(seconds * RATE)
    for number in range(count):
        at = number / max(1, count - 1)
        x, y = np.round(begin + (end - begin) * at).astype(int)
        seen = pixels[y : y + height, x : x + width]
        if zoom:
            inside = 1.0 - zoom * at
            w, h = round(width * inside), round(height * inside)
            left, top = (width - w) // 2, (height - h) // 2
            part = Image.fromarray(np.ascontiguousarray(seen[top : top + h, left : left + w]))
            seen = np.asarray(part.resize(size, Image.Resampling.BICUBIC))
        yield np.ascontiguousarray(seen)


def encoded(
    frames: Iterator[np.ndarray], crf: int = 23, codec: str = "libx264", rate: int = RATE, gop: int = 250
) -> bytes:
    """An MP4 of RGB frames."""
    stream = io.BytesIO()
    options = {"crf": str(crf), "preset": "veryfast"}
    if codec == "libx265":
        options["x265-params"] = "log-level=none"
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream(codec, rate=rate, options=options)
        track.pix_fmt, track.codec_context.gop_size, track.codec_context.thread_count = "yuv420p", gop, 1
        track.codec_context.time_base = Fraction(1, rate)
        for number, pixels in enumerate(frames):
            if number == 0:
                track.height, track.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()


def film(
    pictures: Sequence[Path],
    size: tuple[int, int],
    seed: int,
    seconds: float = SHOT_SECONDS,
    enlarged: int = 0,
) -> list[np.ndarray]:
    """Frames of a film, one shot a picture; `enlarged` scales pictures to that width first."""
    rng = np.random.default_rng(seed)
    frames: list[np.ndarray] = []
    for path in pictures:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        if enlarged:
            picture = picture.resize(
                (enlarged, round(picture.height * enlarged / picture.width)), Image.Resampling.BICUBIC
            )
        frames.extend(camera(picture, size, rng, seconds, float(rng.choice([0.0, 0.1]))))
    return frames
