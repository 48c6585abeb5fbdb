"""Where in a sound somebody speaks: the Silero network over steps of 32 ms, and what they make together.

Its memory is two vectors, so a stream of any length is heard block by block in bounded memory; `Listener` keeps them.

Source: silero-vad 6.2.3 (MIT), sequence form: each step is heard with 64 samples before it.
"""

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError
from brightline.weights.network import Network
from brightline.weights.store import network_bytes

Sound = npt.NDArray[np.float32]

MODEL = "speech_activity"
RATE_HZ = 16_000
STEP = 512  # samples of one step: 32 ms
SPEAKS = 0.5  # probability from which on a stretch of speech begins
STILL_SPEAKS = 0.35  # it lasts while the probability is at least this
PAUSE_S = 0.35  # shorter pauses are part of speech
LEAST_S = 0.25  # shorter stretches are coughs and clicks
MARGIN_S = 0.06  # kept before and after, so that no consonant is cut
SILENCE = 1e-4  # RMS: digital silence and below 80 dB under full scale is not listened to
LOUD = 0.1  # RMS that the loudest steps of a quiet recording are raised to: the network is deaf below 0.005
GAIN_MOST = 30.0  # 30 dB
FORGOTTEN = 0.5 ** (STEP / RATE_HZ / 20)  # of how loud it was, a step: half in 20 s
_BEFORE = 64  # samples heard again with each step
_STEPS_AT_ONCE = 512  # steps given to the network at once: 16 s, 1.2 MB
_STATE = (1, 1, 128)


class Listener:
    """Hears a stream block by block."""

    def __init__(self) -> None:
        self._network = shipped()
        self._state = [np.zeros(_STATE, dtype=np.float32) for _ in range(2)]
        self._before = np.zeros(_BEFORE, dtype=np.float32)
        self._rest = np.zeros(0, dtype=np.float32)
        self._loudest = 0.0

    def hear(self, block: Sound) -> Sound:
        """Probability of speech in each step of 32 ms that is complete by now, in order.

        Args:
            block: (samples,) float32 mono at `RATE_HZ` in [-1, 1], the next of the stream.

        Raises:
            DetectorError: the network cannot run.
        """
        sound = np.concatenate([self._rest, block])
        steps = len(sound) // STEP
        self._rest = sound[steps * STEP :]
        pieces = [
            self._heard(sound[at * STEP : min(at + _STEPS_AT_ONCE, steps) * STEP])
            for at in range(0, steps, _STEPS_AT_ONCE)
        ]
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)

    def end(self) -> Sound:
        """The last step, filled up with silence; nothing where the stream ended with a step."""
        missing = -len(self._rest) % STEP
        return self.hear(np.zeros(missing, dtype=np.float32))

    def _heard(self, sound: Sound) -> Sound:
        before = np.concatenate([self._before, sound])
        self._before = before[-_BEFORE:]
        steps = np.lib.stride_tricks.sliding_window_view(before, STEP + _BEFORE)[::STEP]
        loudness = np.sqrt(np.mean(steps**2, axis=1))
        raised = np.ascontiguousarray(steps * self._gain(loudness), dtype=np.float32)
        given = {"input": raised, "h": self._state[0], "c": self._state[1]}
        said, *self._state = self._network.feed(given, ("speech_probs", "hn", "cn"))
        if len(said) != len(steps) or not np.isfinite(said).all():
            raise DetectorError(f"`{MODEL}` gave {len(said)} values for {len(steps)} steps, or no numbers")
        return np.where(loudness > SILENCE, said, 0.0).astype(np.float32)

    def _gain(self, loudness: Sound) -> float:
        """Raises a quiet recording; one that was loud a while ago stays as it is, so that its pauses are no speech."""
        self._loudest = max(self._loudest * FORGOTTEN ** len(loudness), float(loudness.max()))
        return min(max(LOUD / max(self._loudest, SILENCE), 1.0), GAIN_MOST)


def speech_spans(sound: Sound) -> list[tuple[float, float]]:
    """Seconds from and to which somebody speaks, in order, not overlapping.

    Args:
        sound: (samples,) float32 mono at `RATE_HZ` in [-1, 1].

    Raises:
        DetectorError: the network is missing, damaged or cannot run.
    """
    listener = Listener()
    probabilities = np.concatenate([listener.hear(sound), listener.end()])
    return spans_of(probabilities, len(sound) / RATE_HZ)


def spans_of(probabilities: Iterable[float], total_s: float) -> list[tuple[float, float]]:
    """Stretches of speech out of the steps' probabilities: begun by `SPEAKS`, kept up by `STILL_SPEAKS`.

    Args:
        probabilities: one a step of 32 ms.
        total_s: length of the sound, which no stretch passes.

    >>> spans_of([0.0] * 10 + [0.9] * 20 + [0.0] * 30, 1.92)
    [(0.26, 1.02)]
    """
    joined: list[tuple[float, float]] = []
    for start, end in _runs(probabilities):
        if joined and start - joined[-1][1] < PAUSE_S:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [
        (round(max(0.0, start - MARGIN_S), 3), round(min(total_s, end + MARGIN_S), 3))
        for start, end in joined
        if end - start >= LEAST_S
    ]


def _runs(probabilities: Iterable[float]) -> Iterator[tuple[float, float]]:
    begun: int | None = None
    at = -1
    for at, probability in enumerate(probabilities):
        if begun is None and probability >= SPEAKS:
            begun = at
        elif begun is not None and probability < STILL_SPEAKS:
            yield begun * STEP / RATE_HZ, at * STEP / RATE_HZ
            begun = None
    if begun is not None:
        yield begun * STEP / RATE_HZ, (at + 1) * STEP / RATE_HZ


@cache
def shipped() -> Network:
    """The network that ships, opened once a process.

    Raises:
        DetectorError: it is missing, damaged, or not the one that the manifest names.
    """
    return Network(network_bytes(MODEL), MODEL)
