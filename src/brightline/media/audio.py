"""Sound becomes samples: mono float32 at one rate, under limits of seconds and of wall-clock time.

FFmpeg is told which container to expect, so that no playlist or concatenation format can name other files.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import av
import av.container
import av.error
import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError
from brightline.core.subject import Subject
from brightline.media.demuxers import DEMUXERS

Samples = npt.NDArray[np.float32]  # (n,) mono, in [-1, 1]

RATE_HZ = 16_000  # what speech models and our spectrograms use
SOUND_SECONDS = 600.0  # ten minutes are 38 MB of samples at 16 kHz
DECODE_SECONDS = 4.0  # wall clock; under `limits.detector_seconds`, so that we name the reason ourselves
BLOCK_SECONDS = 8.0  # of sound that a listener is given at once: 0.5 MB
PEAKS = 400  # columns of a waveform on a page

# What PyAV raises on broken media; a track whose codec FFmpeg doesn't know has no attributes at all.
BROKEN = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    TypeError,
    AttributeError,
)


def decode_audio(
    subject: Subject, rate_hz: int = RATE_HZ, seconds: float = SOUND_SECONDS, wall_s: float = DECODE_SECONDS
) -> Samples:
    """Give the first `seconds` of the first sound track.

    Returns:
        (n,) float32 mono in [-1, 1]; compare with `duration_s` to see whether it is all.

    Raises:
        DetectorError: there is no sound track, it is broken, or decoding takes more than `wall_s`.
    """
    blocks = list(audio_blocks(subject, rate_hz, seconds, wall_s))
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def audio_blocks(
    subject: Subject, rate_hz: int = RATE_HZ, seconds: float = SOUND_SECONDS, wall_s: float = DECODE_SECONDS
) -> Iterator[Samples]:
    """Give the sound track block by block, so that what came before a fault is kept.

    Raises:
        DetectorError: as for `decode_audio`.
    """
    deadline = time.monotonic() + wall_s
    left = round(seconds * rate_hz)
    with opened(subject) as container:
        if not container.streams.audio:
            raise DetectorError("there is no sound track")
        for block in _resampled(container, rate_hz):
            yield block[:left]
            left -= len(block)
            if left <= 0:
                return
            if time.monotonic() > deadline:
                raise DetectorError(f"decoding the sound takes more than {wall_s:g} s")


class Place(NamedTuple):
    """A stretch of a recording: from which second, how many seconds."""

    begin_s: float
    seconds: float


class Heard(NamedTuple):
    """A block of sound, and the number of the place that it belongs to."""

    place: int
    samples: Samples


def audio_places(
    subject: Subject, places: Sequence[Place], rate_hz: int = RATE_HZ, wall_s: float = DECODE_SECONDS
) -> Iterator[Heard]:
    """Give blocks of about eight seconds at some places of the first sound track; one block is held at a time.

    Args:
        subject: sound or video.
        places: in order; the first may begin at 0.0, the others are sought.
        rate_hz: of the samples.
        wall_s: the whole may take, with what the caller does between two blocks.

    Raises:
        DetectorError: as for `decode_audio`.
    """
    deadline = time.monotonic() + wall_s
    with opened(subject) as container:
        if not container.streams.audio:
            raise DetectorError("there is no sound track")
        for number, place in enumerate(places):
            if place.begin_s > 0.0:
                container.seek(int(place.begin_s * av.time_base), backward=True)
            pieces = _gathered(_at_place(container, rate_hz, place), round(BLOCK_SECONDS * rate_hz))
            for samples in pieces:
                yield Heard(number, samples)
                if time.monotonic() > deadline:
                    raise DetectorError(f"hearing the sound takes more than {wall_s:g} s")


def duration_s(subject: Subject) -> float:
    """Give the length that the container states, in seconds; 0.0 when it states none.

    Raises:
        DetectorError: the container cannot be read.
    """
    with opened(subject) as container:
        return stated_seconds(container)


def peaks(samples: Samples, count: int = PEAKS) -> Samples:
    """Give the largest magnitude in each of `count` equal stretches, for drawing a waveform.

    Returns:
        (count,) float32 in [0, 1]; fewer when there are fewer samples.
    """
    count = min(count, len(samples))
    if count == 0:
        return np.zeros(0, dtype=np.float32)
    starts = np.linspace(0, len(samples), count, endpoint=False).astype(np.int64)
    return np.maximum.reduceat(np.abs(samples), starts)


@contextmanager
def opened(subject: Subject) -> Iterator[av.container.InputContainer]:
    """Open a sound or video container with the one demuxer that its kind allows.

    Raises:
        DetectorError: the subject is no sound or video, or whatever FFmpeg finds broken inside the block.
    """
    demuxer = DEMUXERS.get(subject.kind)
    if demuxer is None:
        raise DetectorError(f"`{subject.kind}` is no sound or video that we decode")
    try:
        with (
            subject.blob.open() as stream,
            av.open(stream, mode="r", format=demuxer, metadata_errors="ignore") as container,
        ):
            yield container
    except MemoryError as error:
        raise DetectorError("the media does not fit into this worker's memory") from error
    except BROKEN as error:
        words = getattr(error, "strerror", None) or str(error)
        raise DetectorError(f"the {subject.kind} media cannot be decoded: {words[:120]}") from error


def stated_seconds(container: av.container.InputContainer) -> float:
    """Give the length that an open container states, in seconds; 0.0 when it states none."""
    return max(0.0, container.duration / av.time_base) if container.duration else 0.0


def _resampled(
    container: av.container.InputContainer, rate_hz: int, begun: list[float] | None = None
) -> Iterator[Samples]:
    """Decode from where the container stands; the second of the first frame goes into `begun`, if it is known."""
    stream = container.streams.audio[0]
    if not stream.codec_context.is_open:  # it is from the second place on
        stream.codec_context.thread_count = 1  # the pool gives each worker one core
    # Channels are averaged here: FFmpeg's own mix to mono is 3 dB louder and overflows.
    resampler = av.AudioResampler(format="fltp", rate=rate_hz)
    for frame in container.decode(stream):
        if begun is not None and not begun and frame.time is not None:
            begun.append(frame.time)
        for piece in resampler.resample(frame):
            yield _samples(piece)
    for piece in resampler.resample(None):
        yield _samples(piece)


def _at_place(container: av.container.InputContainer, rate_hz: int, place: Place) -> Iterator[Samples]:
    """Sound from about the place's first second on; seeking may end before it, by up to a keyframe."""
    left = round(place.seconds * rate_hz)
    passed: int | None = None  # samples before the place
    begun: list[float] = []
    for block in _resampled(container, rate_hz, begun):
        if passed is None:
            passed = round(max(0.0, place.begin_s - (begun[0] if begun else place.begin_s)) * rate_hz)
        kept = block[min(passed, len(block)) :][:left]
        passed -= min(passed, len(block))
        left -= len(kept)
        if len(kept):
            yield kept
        if left <= 0:
            return


def _gathered(blocks: Iterable[Samples], least: int) -> Iterator[Samples]:
    held: list[Samples] = []
    for block in blocks:
        held.append(block)
        if sum(map(len, held)) >= least:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _samples(frame: av.AudioFrame) -> Samples:
    channels = np.nan_to_num(frame.to_ndarray().astype(np.float32), posinf=1.0, neginf=-1.0)
    return np.asarray(np.clip(channels, -1.0, 1.0).mean(axis=0), dtype=np.float32)
