"""Hears a stream for made voices in bounded memory: speech is cut out, and each window of it gets its logit.

Speech with pauses under a second is one passage, at most twelve seconds long; a passage is trimmed and windowed as the
clips of the training were. Nothing but the passage under way and a few numbers a window is kept.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from brightline.detectors.audio.activity import RATE_HZ, SPEAKS, STEP, STILL_SPEAKS, Listener, spans_of
from brightline.detectors.audio.spoof_features import (
    HOP,
    LEAST_S,
    WINDOW_FRAMES,
    Sound,
    bandwidth_hz,
    spectrogram,
    starts,
    trim,
)
from brightline.detectors.audio.spoof_model import SpoofJudge

PASSAGE_S = 12.0  # of speech at most that are one passage: what is kept in memory
BREAK_S = 1.0  # a pause this long ends a passage
_BREAK = round(BREAK_S * RATE_HZ / STEP)
_PASSAGE = round(PASSAGE_S * RATE_HZ / STEP)


class Window(msgspec.Struct, frozen=True):
    """One window of speech that was scored.

    Attributes:
        begin_s: where it begins, in seconds of the stream.
        end_s: where it ends.
        logit: positive speaks for a machine.
        bandwidth_hz: of its passage.
    """

    begin_s: float
    end_s: float
    logit: float
    bandwidth_hz: float

    @property
    def middle_s(self) -> float:
        """The middle."""
        return (self.begin_s + self.end_s) / 2


class Hearing:
    """Hears one stream, block by block.

    Args:
        judge: the network.
        begin_s: where the stream begins in the recording.
    """

    def __init__(self, judge: SpoofJudge, begin_s: float = 0.0) -> None:
        self.heard_s = 0.0
        self.speech_s = 0.0
        self._judge = judge
        self._listener = Listener()
        self._begin_s = begin_s  # of what is kept
        self._kept = np.zeros(0, dtype=np.float32)
        self._said: list[float] = []  # probability of speech in each step that is kept
        self._quiet = 0  # steps since somebody spoke

    def hear(self, block: Sound) -> Iterator[Window]:
        """Windows of the passages that are complete by now.

        Args:
            block: (samples,) float32 mono at 16 kHz in [-1, 1], the next of the stream; up to a minute.

        Raises:
            DetectorError: a network cannot run.
        """
        self.heard_s += len(block) / RATE_HZ
        self._kept = np.concatenate([self._kept, block])
        for said in self._listener.hear(block).tolist():
            yield from self._step(said)

    def end(self) -> Iterator[Window]:
        """Windows of the last passage.

        Raises:
            DetectorError: a network cannot run.
        """
        for said in self._listener.end().tolist():
            yield from self._step(said)
        yield from self._passage()

    def _step(self, said: float) -> Iterator[Window]:
        self._said.append(said)
        self._quiet = 0 if said >= STILL_SPEAKS else self._quiet + 1
        if len(self._said) >= _PASSAGE or (self._quiet >= _BREAK and len(self._said) > _BREAK):
            yield from self._passage()

    def _passage(self) -> Iterator[Window]:
        """Score what is kept, and keep no more of it."""
        steps, self._said = self._said, []
        samples = min(len(steps) * STEP, len(self._kept))
        sound, self._kept = self._kept[:samples], self._kept[samples:]
        begin_s, self._begin_s = self._begin_s, self._begin_s + samples / RATE_HZ
        if max(steps, default=0.0) < SPEAKS:
            return
        spans = spans_of(steps, samples / RATE_HZ)
        if not spans:
            return
        self.speech_s += sum(end - start for start, end in spans)
        first, last = spans[0][0], spans[-1][1]
        yield from self._windows(sound[int(first * RATE_HZ) : int(last * RATE_HZ)], begin_s + first)

    def _windows(self, sound: Sound, begin_s: float) -> Iterator[Window]:
        speech = trim(sound)
        if len(speech) < LEAST_S * RATE_HZ:
            return
        log_power = spectrogram(speech)
        frames, reach = log_power.shape[1], bandwidth_hz(log_power)
        repeats = -(-WINDOW_FRAMES // frames)  # a short passage is repeated until it fills a window
        filled = np.tile(log_power, repeats)[:, :WINDOW_FRAMES] if repeats > 1 else log_power
        begun = starts(filled.shape[1])
        logits = self._judge.logits(np.stack([filled[:, at : at + WINDOW_FRAMES] for at in begun]))
        for at, logit in zip(begun, logits.tolist(), strict=True):
            from_s = begin_s + at * HOP / RATE_HZ
            to_s = begin_s + min(at + WINDOW_FRAMES, frames) * HOP / RATE_HZ
            yield Window(round(from_s, 3), round(to_s, 3), logit, reach)
