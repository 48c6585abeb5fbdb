"""A stream of sound becomes pieces of speech for the recogniser, with long pauses left out, in bounded memory.

A piece holds up to 28 s of speech. Its own clock runs without the pauses, so it knows what time of the recording each
of its seconds was.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from brightline.detectors.audio.activity import RATE_HZ, STEP, Listener, Sound, spans_of
from brightline.media.recogniser import PIECE_S

HELD_S = 60.0  # of sound that is kept at most: 4 MB
PAUSE_S = 0.4  # longer pauses are cut down to it: the recogniser invents words for silence
LATER_S = 20.0  # a last piece shorter than this waits for what comes after it


class Stretch(msgspec.Struct, frozen=True):
    """Speech between two seconds of the recording."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s


class Piece(msgspec.Struct, frozen=True):
    """Speech that is recognised at once.

    Attributes:
        sound: (samples,) float32 mono at 16 kHz, stretches with pauses of at most `PAUSE_S` between them.
        stretches: where they stood in the recording, in order.
    """

    sound: Sound
    stretches: tuple[Stretch, ...]

    def time_of(self, seconds: float) -> float:
        """The second of the recording that stands at a second of the piece."""
        at = 0.0
        for number, stretch in enumerate(self.stretches):
            at += self.pause_before(number)
            if seconds <= at + stretch.seconds:
                return stretch.start_s + max(0.0, seconds - at)
            at += stretch.seconds
        return self.stretches[-1].end_s

    def pause_before(self, number: int) -> float:
        """Seconds of silence that are kept before a stretch."""
        return (
            min(PAUSE_S, self.stretches[number].start_s - self.stretches[number - 1].end_s) if number else 0.0
        )


class Cutter:
    """Cuts one stream, block by block."""

    def __init__(self) -> None:
        self.heard_s = 0.0
        self._listener = Listener()
        self._sound: list[Sound] = []
        self._samples = 0
        self._begin_s = 0.0  # of what is kept
        self._given = 0  # samples of it that the listener has heard
        self._said = np.zeros(0, dtype=np.float32)  # probability of speech in each step that is kept

    def hear(self, block: Sound) -> Iterator[Piece]:
        """Pieces that are complete by now.

        Args:
            block: (samples,) float32 mono at 16 kHz in [-1, 1], the next of the stream.

        Raises:
            DetectorError: the network that finds speech cannot run.
        """
        self.heard_s += len(block) / RATE_HZ
        self._sound.append(block)
        self._samples += len(block)
        if self._samples >= HELD_S * RATE_HZ:
            yield from self._cut(is_end=False)

    def end(self) -> Iterator[Piece]:
        """The last pieces.

        Raises:
            DetectorError: as for `hear`.
        """
        if self._samples:
            yield from self._cut(is_end=True)

    def _cut(self, *, is_end: bool) -> Iterator[Piece]:
        sound = np.concatenate(self._sound)
        heard = [self._said, self._listener.hear(sound[self._given :])]
        self._said = np.concatenate([*heard, self._listener.end()] if is_end else heard)
        total_s = len(sound) / RATE_HZ
        spans = [Stretch(start, end) for start, end in spans_of(self._said.tolist(), total_s)]
        groups = _grouped([part for span in spans for part in _halved(span)])
        kept_from = total_s if is_end else self._kept_from(groups, total_s)
        for group in groups:
            if is_end or group[0].start_s < kept_from:
                yield self._piece(sound, group)
        self._keep(sound, round(kept_from * RATE_HZ / STEP))

    def _kept_from(self, groups: list[list[Stretch]], total_s: float) -> float:
        """Where the next cut begins: with the last piece, if it may go on, and at least half of all is done with."""
        if not groups:
            return max(0.0, total_s - 1.0)  # a word may just have begun
        last = groups[-1]
        may_go_on = total_s - last[-1].end_s < 1.0 or sum(one.seconds for one in last) < LATER_S
        if may_go_on and last[0].start_s >= HELD_S / 4:
            return last[0].start_s
        return max(last[-1].end_s, total_s - 1.0)

    def _piece(self, sound: Sound, group: list[Stretch]) -> Piece:
        parts: list[Sound] = []
        for number, one in enumerate(group):
            if number:
                pause = min(PAUSE_S, one.start_s - group[number - 1].end_s)
                parts.append(np.zeros(round(pause * RATE_HZ), dtype=np.float32))
            parts.append(sound[round(one.start_s * RATE_HZ) : round(one.end_s * RATE_HZ)])
        moved = tuple(Stretch(self._begin_s + one.start_s, self._begin_s + one.end_s) for one in group)
        return Piece(np.concatenate(parts), moved)

    def _keep(self, sound: Sound, steps: int) -> None:
        steps = min(steps, len(self._said))
        left = sound[steps * STEP :].copy()
        self._begin_s += steps * STEP / RATE_HZ
        self._said = self._said[steps:]
        self._sound, self._samples, self._given = [left], len(left), len(left)


def _halved(span: Stretch) -> Iterator[Stretch]:
    """A stretch that is too long for one piece in equal parts, a word here and there cut in two."""
    count = -(-span.seconds // PIECE_S)
    step = span.seconds / max(1.0, count)
    for number in range(int(max(1.0, count))):
        yield Stretch(span.start_s + number * step, span.start_s + (number + 1) * step)


def _grouped(stretches: list[Stretch]) -> list[list[Stretch]]:
    """As many stretches a piece as fit."""
    groups: list[list[Stretch]] = []
    length = 0.0
    for one in stretches:
        pause = min(PAUSE_S, one.start_s - groups[-1][-1].end_s) if groups else 0.0
        if groups and length + pause + one.seconds <= PIECE_S:
            groups[-1].append(one)
            length += pause + one.seconds
        else:
            groups.append([one])
            length = one.seconds
    return groups
