"""Power in mel bands, as two networks of ours were fed in training: frames of 25 ms each 10 ms, at 16 kHz.

Source: the auditory scale of M. Slaney's toolbox, linear to 1 kHz and logarithmic above, each band of the same area;
what librosa calls `mel(htk=False, norm="slaney")`.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Powers = npt.NDArray[np.float32]

RATE_HZ = 16_000
FRAME = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
_LINEAR_HZ = 200.0 / 3  # of one mel below the break
_BREAK_HZ, _BREAK_MEL = 1000.0, 15.0
_STEP = np.log(6.4) / 27  # of the logarithm, a mel above it


def mel_powers(sound: Samples, bands: int) -> Powers:
    """Power in each band of each frame; frames are centred, with silence around the sound.

    Args:
        sound: (samples,) float32 mono at `RATE_HZ`.
        bands: how many; 40 for voices, 80 for words.

    Returns:
        (bands, samples // HOP + 1) float32.
    """
    padded = np.pad(sound, FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return np.asarray(_filters(bands) @ power.T, dtype=np.float32)


@cache
def _window() -> Samples:
    return np.hanning(FRAME + 1)[:-1].astype(np.float32)


@cache
def _filters(bands: int) -> Powers:
    """(bands, frequencies) triangles from 0 to 8 kHz."""
    edges = _hertz(np.linspace(0.0, float(_mels(RATE_HZ / 2)), bands + 2))
    places = np.fft.rfftfreq(FRAME, 1 / RATE_HZ)
    rising = (places - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - places) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    return (np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]).astype(np.float32)


def _mels(hertz: float) -> float:
    if hertz < _BREAK_HZ:
        return hertz / _LINEAR_HZ
    return float(_BREAK_MEL + np.log(hertz / _BREAK_HZ) / _STEP)


def _hertz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = _BREAK_HZ * np.exp(_STEP * (mels - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _LINEAR_HZ, above)
