"""Voices as 256 numbers that lie near each other for one speaker, whatever is said.

The network is Resemblyzer's voice encoder (C. Jemine, Resemble AI, Apache-2.0), trained by generalised end-to-end loss
[wan2018] on LibriSpeech, VoxCeleb 1 and 2 (English mostly). It is made only to tell the speakers of one recording apart,
and to compare with those who consented; nothing of it is kept of anybody else.
"""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from brightline.detectors.audio.activity import RATE_HZ
from brightline.media.mel import HOP, mel_powers
from brightline.weights.network import Network
from brightline.weights.store import network_bytes

MODEL = "speaker_voice"
MODEL_SHA256 = "4366c88ed8d831189742bb7d6a86647b51c1e06f68b833002276150246eb8f7d"  # as the manifest has it
NUMBERS = 256
BANDS = 40
FRAMES = 160  # of one window: 1.6 s
WINDOW_S = FRAMES * HOP / RATE_HZ
STEP_S = 0.8  # from one window to the next
LEVEL = 10 ** (-30 / 20)  # RMS that quieter speech is raised to, as in training
_AT_ONCE = 64  # windows given to the network at once: 1.6 MB
_WHOLE = (FRAMES - 1) * HOP  # samples that fill one window: frames are centred
_SHORTEST_S = 0.4  # of sound: less is too little to tell anything of a voice

Sound = npt.NDArray[np.float32]
Voice = npt.NDArray[np.float32]  # (256,) of length 1
Voices = npt.NDArray[np.float32]  # (windows, 256), each of length 1


def voices_of(speech: Sound) -> Voices:
    """The voice in each window of 1.6 s, 0.8 s apart; the last window ends with the speech.

    Args:
        speech: (samples,) float32 mono at 16 kHz in [-1, 1], of speech without long pauses. Shorter than a window, it is
            repeated until it fills one.

    Returns:
        One row a window; none for less than 0.4 s.

    Raises:
        DetectorError: the network is missing, damaged or cannot run.
    """
    if len(speech) < _SHORTEST_S * RATE_HZ:
        return np.zeros((0, NUMBERS), dtype=np.float32)
    loudness = float(np.sqrt(np.mean(speech**2)))
    raised = speech * max(1.0, LEVEL / max(loudness, 1e-6))
    if len(raised) < _WHOLE:
        raised = np.tile(raised, math.ceil(_WHOLE / len(raised)))[:_WHOLE]
    powers = mel_powers(raised, BANDS)
    starts = window_starts(powers.shape[1])
    found = [
        _run(np.stack([powers[:, at : at + FRAMES].T for at in starts[first : first + _AT_ONCE]], axis=1))
        for first in range(0, len(starts), _AT_ONCE)
    ]
    return np.concatenate(found)


def window_starts(frames: int) -> list[int]:
    """First frame of every window over so many frames.

    >>> window_starts(160), window_starts(301)
    ([0], [0, 80, 141])
    """
    last = max(0, frames - FRAMES)
    return [*range(0, last, round(STEP_S * RATE_HZ / HOP)), last]


def mean_voice(voices: Voices) -> Voice:
    """The voice of several windows: their mean, brought back to length 1."""
    mean = voices.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def likeness(one: Voice, other: Voice) -> float:
    """Cosine of two voices: 1 is the same, 0.5 to 0.7 are mostly different persons."""
    return float(one.astype(np.float64) @ other.astype(np.float64))


def _run(mel: npt.NDArray[np.float32]) -> Voices:
    return _network().run(np.ascontiguousarray(mel, dtype=np.float32), ("voice",))[0]


@cache
def _network() -> Network:
    return Network(network_bytes(MODEL), MODEL)
