"""Who speaks when in one recording: windows of voices in groups, and words in turns of A, B and others.

Groups are made of what lies near each other in this recording alone. Whose voice it is, is not asked.

Source: agglomerative clustering by mean distance (UPGMA), as in most systems of diarisation before 2020.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

from brightline.detectors.audio.activity import RATE_HZ
from brightline.detectors.audio.pieces import Piece, Stretch
from brightline.detectors.audio.voices import STEP_S, WINDOW_S, Voices, voices_of

APART = 0.33  # one minus the cosine of two groups' windows, in the mean, from which on they are two speakers
LEAST_S = 3.0  # of speech of a speaker: less is a cough, a laugh or a window across a change
SPEAKERS_LIMIT = 8  # told apart; the rest joins the nearest
WINDOWS_LIMIT = 1_200  # compared with each other: 12 MB; of longer calls neighbours are joined before
NAMES = "ABCDEFGH"


class Window(msgspec.Struct, frozen=True):
    """A voice between two seconds of the recording."""

    start_s: float
    end_s: float
    voice: npt.NDArray[np.float32]


class Voiced(msgspec.Struct, frozen=True):
    """Between two seconds of the recording one speaker speaks: 0 is the first heard."""

    start_s: float
    end_s: float
    speaker: int


def windows_of(piece: Piece) -> list[Window]:
    """The voices in a piece, stretch by stretch.

    Raises:
        DetectorError: the network of voices cannot run.
    """
    found: list[Window] = []
    at = 0.0
    for number, stretch in enumerate(piece.stretches):
        at += piece.pause_before(number)
        part = piece.sound[round(at * RATE_HZ) : round((at + stretch.seconds) * RATE_HZ)]
        found += _placed(stretch, voices_of(part))
        at += stretch.seconds
    return found


def speakers_of(windows: Sequence[Window]) -> list[Voiced]:
    """Who speaks in each window: numbers by the order in which speakers are first heard."""
    if not windows:
        return []
    joined = _thinned(windows)
    groups = _groups(np.array([one.voice for one in joined]), [one.end_s - one.start_s for one in joined])
    first: dict[int, int] = {}
    for group in groups:
        first.setdefault(group, len(first))
    return [Voiced(one.start_s, one.end_s, first[group]) for one, group in zip(joined, groups, strict=True)]


def speaker_between(voiced: Sequence[Voiced], start_s: float, end_s: float) -> int:
    """The speaker who is heard longest between two seconds; the nearest in time where none is."""
    heard: Counter[int] = Counter()
    for one in voiced:
        shared = min(end_s, one.end_s) - max(start_s, one.start_s)
        if shared > 0:
            heard[one.speaker] += round(1000 * shared)
    if heard:
        return min(heard, key=lambda speaker: (-heard[speaker], speaker))
    nearest = min(
        voiced, key=lambda one: min(abs(one.start_s - end_s), abs(one.end_s - start_s)), default=None
    )
    return nearest.speaker if nearest is not None else 0


def _placed(stretch: Stretch, voices: Voices) -> list[Window]:
    last = max(stretch.start_s, stretch.end_s - WINDOW_S)
    starts = [min(last, stretch.start_s + number * STEP_S) for number in range(len(voices))]
    return [
        Window(start, min(stretch.end_s, start + WINDOW_S), voice)
        for start, voice in zip(starts, voices, strict=True)
    ]


def _thinned(windows: Sequence[Window]) -> list[Window]:
    """Neighbours joined until few enough are left to compare all with all."""
    kept = list(windows)
    while len(kept) > WINDOWS_LIMIT:
        pairs = [kept[at : at + 2] for at in range(0, len(kept), 2)]
        kept = [Window(pair[0].start_s, pair[-1].end_s, _mean([one.voice for one in pair])) for pair in pairs]
    return kept


def _groups(voices: Voices, seconds: Sequence[float]) -> list[int]:
    """A group for each window; groups with little speech, and those beyond the limit, join the nearest."""
    if len(voices) < 2:
        return [0] * len(voices)
    tree = linkage(voices.astype(np.float64), method="average", metric="cosine")
    groups: list[int] = fcluster(tree, APART, criterion="distance").tolist()
    lengths: Counter[int] = Counter()
    for group, length in zip(groups, seconds, strict=True):
        lengths[group] += round(1000 * length)
    large = [group for group, length in lengths.most_common(SPEAKERS_LIMIT) if length >= 1000 * LEAST_S]
    large = large or [lengths.most_common(1)[0][0]]
    centres = np.array([_mean([v for v, g in zip(voices, groups, strict=True) if g == one]) for one in large])
    nearest = (voices @ centres.T).argmax(axis=1)
    return [
        group if group in large else large[int(near)] for group, near in zip(groups, nearest, strict=True)
    ]


def _mean(voices: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    mean = np.mean(voices, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)
