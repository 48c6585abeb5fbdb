"""What can be heard at the ends of a recording: our spoken labels by correlation, and Morse for AI at any pitch and speed."""

import itertools
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import signal

from brightline.media.audio import Samples
from brightline.media.label_sounds import SPOKEN, SPOKEN_HZ, spoken

RATE_HZ = 8_000  # telephone quality: what marks must survive
SPOKEN_MATCH = (
    0.5  # correlation from which it is our recording; strangers' speech stays under 0.25, see the card
)
PITCHES_HZ = (300.0, 3000.0)  # what every loudspeaker and telephone carries
DOTS_SECONDS = (0.04, 0.4)  # from 30 words a minute to three
_WINDOW, _HOP = 256, 40  # samples: 32 and 5 ms
_TONE_SHARE = 0.6  # of a window's power within one peak: a tone, no voice
_QUIET_DB = -35.0  # under the loudest window: no tone
_PITCH_SPREAD = 0.04  # of the pitch, among the tones of one mark
_LONG = (2.0, 4.5)  # lengths of a long tone in short ones; three by the book
_EVEN = 1.6  # how far short tones may differ from one another
_GAP = (0.4, 1.9)  # in short tones, within a letter; one by the book
_LETTER_GAP = (1.9, 6.0)  # between letters; three by the book
_PULSES_LIMIT = 2_000  # tones looked at; ten seconds hold some hundred

Values = npt.NDArray[np.float64]


class HeardMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark that was heard: `spoken` or `rhythm`, its language (empty for rhythm), seconds, and how sure.

    `is_parted` says whether both letters of a rhythm stand apart.

    """

    form: str
    language: str
    start: float
    end: float
    score: float
    is_parted: bool = True


class _Pulse(msgspec.Struct, frozen=True):
    """One tone: first and last hop, and its pitch in Hz."""

    start: int
    end: int
    pitch: float

    @property
    def length(self) -> int:
        return self.end - self.start


def marks_heard(samples: Samples) -> tuple[HeardMark, ...]:
    """Marks in a stretch of sound of a few seconds, in order.

    Args:
        samples: (n,) float32 mono at `RATE_HZ`.
    """
    found = [mark for language in SPOKEN if (mark := _spoken(samples, language)) is not None]
    found += _rhythms(samples)
    return tuple(sorted(found, key=lambda mark: mark.start))


def correlation(samples: Samples, language: str) -> Values:
    """How much the sound from each sample on is the recorded label, in [-1, 1]."""
    label = _label(language)
    if len(samples) < len(label):
        return np.zeros(1)
    heard = samples.astype(np.float64)
    match = signal.fftconvolve(heard, label[::-1], mode="valid")
    total = np.concatenate(([0.0], np.cumsum(heard**2)))
    power = np.maximum(total[len(label) :] - total[: -len(label)], 1e-6)
    return np.asarray(match / np.sqrt(power * float((label**2).sum())))


def _spoken(samples: Samples, language: str) -> HeardMark | None:
    match = np.abs(correlation(samples, language))
    best = int(match.argmax())
    score = float(match[best])
    if score < SPOKEN_MATCH:
        return None
    return HeardMark(
        form="spoken",
        language=language,
        start=best / RATE_HZ,
        end=(best + len(_label(language))) / RATE_HZ,
        score=min(1.0, round(score, 4)),
    )


@cache
def _label(language: str) -> Values:
    return np.asarray(signal.resample_poly(spoken(language).astype(np.float64), RATE_HZ, SPOKEN_HZ))


def _rhythms(samples: Samples) -> list[HeardMark]:
    pulses = _pulses(samples)
    return [
        mark for four in zip(*(pulses[step:] for step in range(4)), strict=False) if (mark := _letters(four))
    ]


def _letters(four: tuple[_Pulse, ...]) -> HeardMark | None:
    """`short long, short short` with even gaps, and at one pitch."""
    pitches = [pulse.pitch for pulse in four]
    shorts = [four[0].length, four[2].length, four[3].length]
    dot = sum(shorts) / 3
    gaps = [(after.start - before.end) / dot for before, after in itertools.pairwise(four)]
    fits = (
        max(pitches) - min(pitches) <= _PITCH_SPREAD * max(pitches)
        and DOTS_SECONDS[0] <= dot * _HOP / RATE_HZ <= DOTS_SECONDS[1]
        and max(shorts) <= _EVEN * min(shorts)
        and _LONG[0] <= four[1].length / dot <= _LONG[1]
        and all(_GAP[0] <= gap <= _GAP[1] for gap in (gaps[0], gaps[2]))
        and _GAP[0] <= gaps[1] <= _LETTER_GAP[1]
    )
    if not fits:
        return None
    start, end = four[0].start * _HOP / RATE_HZ, four[3].end * _HOP / RATE_HZ
    parted = gaps[1] >= _LETTER_GAP[0]
    return HeardMark(form="rhythm", language="", start=start, end=end, score=0.95, is_parted=parted)


def _pulses(samples: Samples) -> list[_Pulse]:
    """Stretches in which one steady tone is nearly all that sounds."""
    if len(samples) < _WINDOW:
        return []
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP] * np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    low, high = (round(pitch * _WINDOW / RATE_HZ) for pitch in PITCHES_HZ)
    peak = power[:, low : high + 1].argmax(axis=1) + low
    near = np.stack(
        [
            power[np.arange(len(power)), np.clip(peak + step, 0, power.shape[1] - 1)]
            for step in (-2, -1, 0, 1, 2)
        ]
    )
    total = power.sum(axis=1)
    loud = total > total.max() * 10 ** (_QUIET_DB / 10)
    on = loud & (near.sum(axis=0) > _TONE_SHARE * np.maximum(total, 1e-12))
    pitch = (near * (peak + np.arange(-2, 3)[:, None])).sum(axis=0) / np.maximum(near.sum(axis=0), 1e-12)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], on.astype(np.int8), [0]))))
    runs = edges.reshape(-1, 2)[:_PULSES_LIMIT]
    long_enough = [(int(start), int(end)) for start, end in runs if end - start >= 4]
    return [
        _Pulse(start, end, float(np.median(pitch[start:end])) * RATE_HZ / _WINDOW)
        for start, end in long_enough
    ]
