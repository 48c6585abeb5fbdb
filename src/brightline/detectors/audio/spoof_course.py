"""How windows' logits become the judgement of a recording: as a whole, and of stretches where they change.

A cloned sentence may stand in an honest call: the course is cut where its level changes, and a stretch that stands out
counts by itself. From the fourth stretch on its odds are divided, since whoever looks at many finds a striking one.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.audio.spoof_hearing import Window
from brightline.detectors.audio.spoof_model import Band, Scale, Table, probability

NOISE = 0.54  # spread of a window's logit about its recording's, training/speech/NOTES.md
LEAST_WINDOWS = 3  # of a stretch: six seconds of speech, no less than what the calibration was measured on
FREE = 3  # stretches that cost nothing: before, within and after what was put in
CUT_AT_MOST = 2_000  # windows that changes are looked for in; more are brought together: 50 minutes of speech
POINTS_MOST = 64  # of a curve on a page


class Stretch(msgspec.Struct, frozen=True):
    """Windows whose logits are alike: from and to which second, their mean logit, how many they are."""

    begin_s: float
    end_s: float
    logit: float
    windows: int


class Verdict(msgspec.Struct, frozen=True):
    """What the windows say of a recording.

    Attributes:
        log_odds: that a machine made the voice, or that of a stretch.
        band: how far up the speech reaches.
        extent: `whole`, or `part` where a single stretch says more than the whole.
        stretches: all of them, in order.
        shown: those that speak for a machine, by themselves or with the whole.
    """

    log_odds: float
    band: Band
    extent: str
    stretches: tuple[Stretch, ...]
    shown: tuple[Stretch, ...]


def judge(windows: Sequence[Window], said: Table) -> Verdict:
    """Judge a recording by its windows: the whole by their mean, weighted by their lengths, and each stretch by its own.

    Args:
        windows: in the order of time, at least one.
        said: calibration.
    """
    band = said.band(_middle_bandwidth(windows))
    scale = said.scale(band)
    found = stretches_of(windows)
    whole = scale.log_odds(weighted(windows))
    single = max(scale.log_odds(stretch.logit) for stretch in found) - log(max(1.0, len(found) / FREE))
    odds = max(whole, single)
    shown = tuple(stretch for stretch in found if scale.log_odds(stretch.logit) > 0.0) if odds > 0.0 else ()
    return Verdict(odds, band, "part" if single > whole and len(found) > 1 else "whole", found, shown)


def weighted(windows: Sequence[Window]) -> float:
    """Give the mean logit, each window counting by its length."""
    lengths = [window.end_s - window.begin_s for window in windows]
    pairs = zip(lengths, windows, strict=True)
    return sum(length * window.logit for length, window in pairs) / sum(lengths)


def stretches_of(windows: Sequence[Window]) -> tuple[Stretch, ...]:
    """Cut the course where its level changes by more than chance explains.

    Least squares with a price for each cut (optimal partitioning, [jackson2005]); the price is that of a change by
    chance among so many windows, doubled because neighbouring windows share half of their sound.
    """
    step = -(-len(windows) // CUT_AT_MOST)
    groups = [windows[at : at + step] for at in range(0, len(windows), step)]
    levels = np.array([weighted(group) for group in groups])
    price = 4.0 * NOISE**2 * log(max(len(levels), 2))
    begun = cuts(levels, price, LEAST_WINDOWS)
    pieces = [
        [window for group in groups[first:last] for window in group]
        for first, last in pairwise([*begun, len(groups)])
    ]
    between = [round((one[-1].end_s + two[0].begin_s) / 2, 3) for one, two in pairwise(pieces)]
    edges = [windows[0].begin_s, *between, windows[-1].end_s]
    return tuple(
        Stretch(begin, end, weighted(piece), len(piece))
        for (begin, end), piece in zip(pairwise(edges), pieces, strict=True)
    )


def cuts(levels: npt.NDArray[np.float64], price: float, least: int) -> list[int]:
    """Give where pieces of even level begin, the first at 0; no piece has fewer than `least` values unless it is all.

    >>> cuts(np.array([0.0] * 5 + [9.0] * 5), 1.0, 2)
    [0, 5]
    """
    count = len(levels)
    sums, squares = (np.concatenate([[0.0], np.cumsum(values)]) for values in (levels, levels**2))
    best = np.full(count + 1, np.inf)
    best[0] = -price
    before = np.zeros(count + 1, dtype=np.int64)
    for end in range(min(least, count), count + 1):
        begun = np.arange(0, max(end - least, 0) + 1)
        lengths = end - begun
        spread = squares[end] - squares[begun] - (sums[end] - sums[begun]) ** 2 / lengths
        costs = best[begun] + spread + price
        before[end] = int(np.argmin(costs))
        best[end] = costs[before[end]]
    found, at = [], count
    while at > 0:
        at = int(before[at])
        found.append(at)
    return found[::-1]


def curve(windows: Sequence[Window], scale: Scale) -> str:
    """Give seconds and per cent of up to `POINTS_MOST` moments, for drawing: `1.5:12 3:34`."""
    step = -(-len(windows) // POINTS_MOST)
    groups = [windows[at : at + step] for at in range(0, len(windows), step)]
    return " ".join(
        f"{group[0].middle_s:.1f}:{round(100 * probability(scale.log_odds(weighted(group))))}"
        for group in groups
    )


def _middle_bandwidth(windows: Sequence[Window]) -> float:
    return float(np.median([window.bandwidth_hz for window in windows]))
