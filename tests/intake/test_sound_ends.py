"""A sound file that was cut says so by its own numbers; a whole one never does, whatever stands around it."""

import io
from collections.abc import Callable
from typing import BinaryIO

import av
import numpy as np
import pytest

from brightline.intake.sound_ends import flac_is_cut, mp3_is_cut, ogg_is_cut
from hostile.samples import samples


def sound(form: str, codec: str, **tags: str) -> bytes:
    """Two seconds of noise, so that the file is many frames long."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=48000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        noise = np.random.default_rng(5).normal(0, 0.1, (1, 96000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        frame.sample_rate = 48000
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.codec_context.format, "mono", 48000, size)
        for piece in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(stream.encode(piece))
    return out.getvalue()


FORMATS: list[tuple[str, str, Callable[[BinaryIO, int], bool]]] = [
    ("mp3", "libmp3lame", mp3_is_cut),
    ("flac", "flac", flac_is_cut),
    ("ogg", "libopus", ogg_is_cut),
]


def is_cut(check: Callable[[BinaryIO, int], bool], data: bytes) -> bool:
    return check(io.BytesIO(data), len(data))


@pytest.mark.parametrize(("form", "codec", "check"), FORMATS)
def test_a_whole_recording_is_whole_and_a_cut_one_is_cut(
    form: str, codec: str, check: Callable[[BinaryIO, int], bool]
) -> None:
    data = sound(form, codec, title="a")
    assert not is_cut(check, data)
    assert is_cut(check, data[: len(data) * 6 // 10])


@pytest.mark.parametrize(("form", "codec", "check"), FORMATS[:2])
def test_a_tag_behind_the_sound_is_no_cut(
    form: str, codec: str, check: Callable[[BinaryIO, int], bool]
) -> None:
    assert not is_cut(check, sound(form, codec) + b"TAG" + bytes(125))


def test_a_flac_that_ends_in_a_frame_of_silence_is_whole() -> None:
    assert not is_cut(flac_is_cut, samples()["sound.flac"][0])


@pytest.mark.parametrize("data", [b"", b"ID3", b"fLaC", b"OggS\0", b"\xff\xfb\x90\x00" + bytes(100)])
def test_bytes_that_say_nothing_of_their_length_raise_nothing(data: bytes) -> None:
    for _, _, check in FORMATS:
        check(io.BytesIO(data), len(data))
