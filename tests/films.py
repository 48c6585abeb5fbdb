"""Real videos made for the tests: shots of pictures that a camera moves over, encoded in memory."""

import hashlib
import io
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from PIL import Image

from brightline.core.subject import Blob, Context, Kind, Subject

RATE = 12
FORMATS = {Kind.MATROSKA: "matroska"}


def filmed(data: bytes, kind: Kind = Kind.MP4, name: str = "film") -> Subject:
    digest = hashlib.sha256(data).hexdigest()
    context = Context(time="2026-11-23T12:00:00Z")
    return Subject(
        digest=digest, size_bytes=len(data), kind=kind, context=context, blob=Blob(data), name=name
    )


def shapes(width: int, height: int, seed: int) -> Image.Image:
    """A picture with large and small shapes, different for every seed."""
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.integers(0, 255, (rows, rows * 4 // 3, 3), dtype=np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for rows in (4, 9, 40)
    ]
    return Image.blend(Image.blend(layers[0], layers[1], 0.4), layers[2], 0.25)


def shot(
    seed: int, seconds: float, width: int = 160, height: int = 120, speed: float = 4.0
) -> list[np.ndarray]:
    """Frames of a camera that moves to the right over one picture by `speed` pixels a second."""
    count = round(seconds * RATE)
    wide = np.asarray(shapes(width + int(speed * seconds) + 1, height, seed))
    starts = [int(speed * number / RATE) for number in range(count)]
    return [np.ascontiguousarray(wide[:, x : x + width]) for x in starts]


def encoded(
    frames: Iterable[np.ndarray],
    kind: Kind = Kind.MP4,
    codec: str = "libx264",
    *,
    crf: int = 20,
    rate: int = RATE,
    gop: int = 250,
    times: Iterable[int] | None = None,
) -> bytes:
    """A video of RGB frames, `times` in milliseconds where they are not evenly spaced."""
    stream = io.BytesIO()
    options = {"crf": str(crf), "preset": "veryfast"} if codec.startswith("libx26") else {}
    if codec == "libx265":
        options["x265-params"] = "log-level=none"
    with av.open(stream, "w", format=FORMATS.get(kind, str(kind))) as container:
        track = container.add_stream(codec, rate=rate, options=options)
        track.pix_fmt, track.codec_context.gop_size, track.codec_context.thread_count = "yuv420p", gop, 1
        base = Fraction(1, 1000) if times is not None else Fraction(1, rate)
        track.codec_context.time_base = base
        moments = iter(times) if times is not None else iter(range(10**9))
        for number, pixels in enumerate(frames):
            if number == 0:
                track.height, track.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = next(moments), base
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()


def sound_only(seconds: float = 2.0) -> bytes:
    """An MP4 with a sound track and no pictures."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("aac", rate=16_000, layout="mono")
        wave = (0.3 * np.sin(np.arange(round(seconds * 16_000)) / 5)).astype(np.float32)[None, :]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16_000, frame_size=1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(track.encode(piece))
        container.mux(track.encode(None))
    return stream.getvalue()
