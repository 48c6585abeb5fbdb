"""Small sounds and moving pictures of any format, with the tags that a test wants, made by FFmpeg's encoders."""

import io

import av
import numpy as np


def movie(kind: str, **tags: str) -> bytes:
    """Three black frames in a container that FFmpeg knows by that name, e.g. `mp4`."""
    out = io.BytesIO()
    options = {"movflags": "use_metadata_tags"} if kind == "mp4" else {}
    with av.open(out, "w", format=kind, options=options) as container:
        container.metadata.update(tags)
        stream = container.add_stream("flv" if kind == "flv" else "mpeg4", rate=5)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def sound(format_: str, codec: str, **tags: str) -> bytes:
    """A moment of silence."""
    out = io.BytesIO()
    with av.open(out, "w", format=format_) as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16000
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=16000)
        for piece in resampler.resample(frame):
            container.mux(stream.encode(piece))
        container.mux(stream.encode())
    return out.getvalue()
