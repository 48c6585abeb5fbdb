"""Real pictures, sounds and videos made for the tests."""

import hashlib
import io
from fractions import Fraction

import av
import numpy as np
from PIL import Image

from brightline.core.subject import Blob, Context, Kind, Subject

CONTEXT = Context(time="2026-11-23T12:00:00Z")


def subject(data: bytes, kind: Kind, text: str = "") -> Subject:
    digest = hashlib.sha256(data).hexdigest()
    return Subject(
        digest=digest, size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data), text=text
    )


def scene(width: int = 320, height: int = 240, seed: int = 1) -> Image.Image:
    """A picture with large and small shapes, different for every seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    fine = Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return Image.blend(coarse, fine, 0.4)


def encoded(image: Image.Image, kind: Kind, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind.upper(), **options)
    return stream.getvalue()


def tone(kind: Kind, codec: str, seconds: float = 2.0, rate: int = 44_100, layout: str = "stereo") -> bytes:
    """440 Hz at half of full scale."""
    stream = io.BytesIO()
    name = {Kind.M4A: "mp4", Kind.MATROSKA: "matroska"}.get(kind, str(kind))
    with av.open(stream, "w", format=name) as container:
        track = container.add_stream(codec, rate=rate, layout=layout)
        time = np.arange(round(seconds * rate)) / rate
        wave = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
        channels = np.tile(wave, (2 if layout == "stereo" else 1, 1))
        resampler = av.AudioResampler(format=track.format.name, layout=layout, rate=rate, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(channels, format="fltp", layout=layout)
        frame.sample_rate = rate
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(track.encode(piece))
        container.mux(track.encode(None))
    return stream.getvalue()


def film(
    kind: Kind = Kind.MP4, seconds: int = 6, width: int = 160, height: int = 120, sound: bool = False
) -> bytes:
    """One grey level a second, from dark to light, a keyframe each second."""
    stream = io.BytesIO()
    with av.open(stream, "w", format={Kind.MATROSKA: "matroska"}.get(kind, str(kind))) as container:
        track = container.add_stream("mpeg4", rate=5)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        track.codec_context.gop_size = 5
        track.codec_context.time_base = Fraction(1, 5)
        voice = container.add_stream("aac", rate=16_000, layout="mono") if sound else None
        for number in range(seconds * 5):
            level = 20 + 200 * (number // 5) // max(1, seconds - 1)
            frame = av.VideoFrame.from_ndarray(
                np.full((height, width, 3), level, dtype=np.uint8), format="rgb24"
            )
            frame.pts = number
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
        if voice is not None:
            wave = (0.3 * np.sin(np.arange(seconds * 16_000) / 5)).astype(np.float32)[None, :]
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=16_000, frame_size=1024)
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            frame.sample_rate = 16_000
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(voice.encode(piece))
            container.mux(voice.encode(None))
    return stream.getvalue()
