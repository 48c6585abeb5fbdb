"""How the scores of single frames become the score of a video: shot by shot, each by its length.

A video codec blurs some frames and not others, so single scores stray: of each shot the highest and lowest fifth are
left out before the mean is taken.
"""

from collections.abc import Sequence
from math import exp, log

import msgspec

_TRIMMED = 5  # one in so many is left out at each end
_LONG_S = 3.0  # a shot has to be this long, and
_LONG_STILLS = 5  # have so many stills, to be judged by itself
_LAST_S = 0.5  # how long the last still is taken to stand where nothing states the length
POINTS_MOST = 64  # of a curve on a page


class Moment(msgspec.Struct, frozen=True):
    """One still that was scored: its second, its score (positive speaks for a generator), the number of its shot."""

    second: float
    score: float
    shot: int


class Shot(msgspec.Struct, frozen=True):
    """Stills of one shot.

    Attributes:
        begin_s: of its first still.
        end_s: of the first still of the next shot, or the end.
        score: trimmed mean of its stills' scores.
        stills: how many were scored.
    """

    begin_s: float
    end_s: float
    score: float
    stills: int

    @property
    def is_long(self) -> bool:
        """Whether it can be judged by itself."""
        return self.end_s - self.begin_s >= _LONG_S and self.stills >= _LONG_STILLS


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """From score to log odds: `slope` log odds for one unit of the score, `offset` at score 0, at most `most` either way."""

    slope: float
    offset: float
    most: float

    def log_odds(self, score: float) -> float:
        """Log odds at equal priors."""
        return max(-self.most, min(self.most, self.slope * score + self.offset))


class Judgement(msgspec.Struct, frozen=True):
    """What the scores say of a video.

    Attributes:
        log_odds: that a model made it, or one of its long shots.
        extent: `whole`, or `shot` where a single shot says more than the whole.
        shots: all of them.
        shown: those that speak for a generator, by themselves or with the whole.
    """

    log_odds: float
    extent: str
    shots: tuple[Shot, ...]
    shown: tuple[Shot, ...]


def judge(moments: Sequence[Moment], total_s: float, scale: Scale) -> Judgement:
    """Judge a video by the scores of its stills.

    The whole counts by the mean of its shots, weighted by their lengths. A single long shot counts too, its odds
    divided by the number of long shots: whoever looks at many finds a striking one among them.

    Args:
        moments: in the order of time, at least one.
        total_s: length of the video in seconds; 0.0 where it is not known.
        scale: calibration.
    """
    found = shots_of(moments, total_s)
    whole = scale.log_odds(weighted(found))
    long = [shot for shot in found if shot.is_long]
    best = max((scale.log_odds(shot.score) - log(len(long)) for shot in long), default=-scale.most)
    odds = max(whole, best)
    shown = tuple(shot for shot in found if scale.log_odds(shot.score) > 0.0) if odds > 0.0 else ()
    return Judgement(odds, "shot" if best > whole and len(long) > 1 else "whole", found, shown)


def shots_of(moments: Sequence[Moment], total_s: float) -> tuple[Shot, ...]:
    """Give the shots that moments belong to, in order."""
    groups: dict[int, list[Moment]] = {}
    for moment in moments:
        groups.setdefault(moment.shot, []).append(moment)
    ordered = list(groups.values())
    last = max(total_s, moments[-1].second + _LAST_S)
    ends = [*(group[0].second for group in ordered[1:]), last]
    return tuple(
        Shot(group[0].second, end, trimmed([moment.score for moment in group]), len(group))
        for group, end in zip(ordered, ends, strict=True)
    )


def trimmed(scores: Sequence[float]) -> float:
    """Give the mean without the highest and lowest fifth.

    >>> trimmed([9.0, 1.0, 2.0, 3.0, -9.0])
    2.0
    """
    out = len(scores) // _TRIMMED
    kept = sorted(scores)[out : len(scores) - out]
    return sum(kept) / len(kept)


def weighted(shots: Sequence[Shot]) -> float:
    """Give the mean of shots' scores by their lengths."""
    lengths = [max(shot.end_s - shot.begin_s, 1e-3) for shot in shots]
    return sum(length * shot.score for length, shot in zip(lengths, shots, strict=True)) / sum(lengths)


def curve(moments: Sequence[Moment], scale: Scale) -> str:
    """Give seconds and per cent of up to `POINTS_MOST` moments, for drawing: `0:12 0.5:34`.

    Of several that share a point the mean is given.
    """
    step = max(1, -(-len(moments) // POINTS_MOST))
    groups = [moments[at : at + step] for at in range(0, len(moments), step)]
    return " ".join(
        f"{group[0].second:g}:{round(100 * probability(scale.log_odds(trimmed([one.score for one in group]))))}"
        for group in groups
    )


def probability(log_odds: float) -> float:
    """Give the probability of log odds."""
    return 1.0 / (1.0 + exp(-log_odds))
