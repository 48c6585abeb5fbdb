"""What the speech spoof network hears: windows of a log spectrogram on a linear frequency scale.

Plain numpy, used by run time and by the recipe in `training/speech` alike, so that both hear the same. Linear bands,
not mel: vocoders leave their traces in the upper half of the spectrum, where mel bands are wide [sahidullah2015].
"""

import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]
Features = npt.NDArray[np.float32]

RATE_HZ = 16_000
"""Rate that sound is brought to before it comes here."""
FRAME = 512
"""Samples of one Hann-windowed frame: 32 ms, long enough to part the harmonics of most voices."""
HOP = 160
"""Samples from one frame to the next: 10 ms."""
BANDS = 128
"""Bands of 62.5 Hz: pairs of Fourier bins, from 31 Hz to 8 kHz."""
WINDOW_FRAMES = 296
"""Frames that the network hears at a time: 2.98 s."""
WINDOW_STEP = 148
"""Frames from one window to the next: 1.48 s, so that each second is heard twice."""
FLOOR = 1e-5
"""Power below the speech's own power, under which all is alike: digital silence and a quiet room must not differ."""
SILENCE = 1e-4
"""Power relative to the loudest frame, under which the start and the end of a clip count as silence (-40 dB)."""
HEARD = 1.0
"""Natural logarithm of power above the floor, from which a band counts as reached by the voice."""
LEAST_S = 0.5
"""Seconds of sound, below which there is nothing to judge."""

_TRIM_HOP = 160
_TRIM_FRAME = 400
_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)


def windows(sound: Sound) -> Features:
    """Windows of log power, as the network takes them.

    Args:
        sound: (samples,) float32 at `RATE_HZ`, any level; its silent start and end already cut by `trim`.

    Returns:
        (windows, BANDS, WINDOW_FRAMES) float32, natural logarithm of power relative to the speech's mean power, about
        -11.5 to 6. The last window ends with the sound; a sound shorter than one window is repeated until it fills it.
    """
    log_power = spectrogram(sound)
    frames = log_power.shape[1]
    if frames < WINDOW_FRAMES:
        repeats = -(-WINDOW_FRAMES // frames)
        return np.tile(log_power, repeats)[None, :, :WINDOW_FRAMES]
    return np.stack([log_power[:, start : start + WINDOW_FRAMES] for start in starts(frames)])


def starts(frames: int) -> list[int]:
    """First frame of every window over so many frames; the last window ends with the last frame.

    >>> starts(296), starts(500)
    ([0], [0, 148, 204])
    """
    last = max(frames - WINDOW_FRAMES, 0)
    return [*range(0, last, WINDOW_STEP), last]


def spectrogram(sound: Sound) -> Features:
    """Log power in linear bands of the whole sound: (BANDS, frames) float32, at least one frame."""
    padded = np.pad(sound, (0, max(FRAME - len(sound), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    spectrum = np.fft.rfft(frames * _WINDOW, axis=1)[:, 1:]
    power = spectrum.real**2 + spectrum.imag**2
    bands = power.reshape(len(frames), BANDS, 2).mean(axis=2)
    log_power: Features = np.log(bands / _level(bands) + FLOOR).T.astype(np.float32)
    return log_power


def bandwidth_hz(log_power: Features) -> float:
    """Upper edge in Hz of the highest band that speech reaches: telephone lines end at 3,400-4,000, many MP3s at 7,000.

    Args:
        log_power: (BANDS, frames) of `spectrogram`.
    """
    loud = np.quantile(log_power, 0.95, axis=1)
    reached = np.flatnonzero(loud > np.log(FLOOR) + HEARD)
    return float(reached[-1] + 1) * RATE_HZ / 2 / BANDS if len(reached) else 0.0


def trim(sound: Sound) -> Sound:
    """The sound without its silent start and end: synthesisers and editors leave silences that give nothing away."""
    loud = np.flatnonzero(_powers(sound) > SILENCE * _powers(sound).max(initial=1e-12))
    if not len(loud):
        return sound[:0]
    return sound[loud[0] * _TRIM_HOP : loud[-1] * _TRIM_HOP + _TRIM_FRAME]


def _powers(sound: Sound) -> npt.NDArray[np.float32]:
    if len(sound) < _TRIM_FRAME:
        return np.zeros(0, dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, _TRIM_FRAME)[::_TRIM_HOP]
    powers: npt.NDArray[np.float32] = np.mean(frames**2, axis=1)
    return powers


def _level(bands: npt.NDArray[np.floating]) -> float:
    # Mean band power of the louder half of the frames: pauses don't count, so a pause-ridden clip is not raised.
    loudness = bands.mean(axis=1)
    return float(loudness[loudness >= np.median(loudness)].mean()) + 1e-12
