"""How well estimates keep what they promise: reliability by bins, Brier score, expected calibration error, drift.

Of a detector that says 0.8 a hundred times, eighty should hold. What few answers cannot tell is not told.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from brightline.core.share import Share, share_of

BINS = 10  # of equal width
ENOUGH = 50  # answers below which no figure is given: at 50 a bin of five has an interval of 0.8
ENOUGH_OF_BOTH = 10  # answers of the rarer kind, so that Brier and ECE are not those of one kind alone
ENOUGH_SCORES = 100  # in each of two spans, below which no drift is told
PSI_FLOOR = 0.5  # of a count: an empty bin would make the index infinite
SMALL_DRIFT, LARGE_DRIFT = 0.1, 0.25  # usual bounds of the index, from credit scoring (Siddiqi 2006)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate, and whether it held, as a person said."""

    probability: float
    held: bool


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Estimates in [low, high), the last one with 1.

    Attributes:
        low: where it begins.
        high: where it ends.
        count: estimates in it.
        said: their mean; 0 of none.
        held: how many held, as a share; None of none.
    """

    low: float
    high: float
    count: int
    said: float
    held: Share | None


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What answers say of estimates.

    Attributes:
        count: answers.
        held: how many of them said that the estimate held.
        is_enough: whether that suffices for the figures.
        bins: by probability.
        brier: mean squared difference of estimate and answer, 0 the best; None where it is not enough.
        ece: mean distance of said and held over the bins, by count; None likewise.
        brier_of_rate: Brier score of somebody who always said the overall rate: what is to be beaten.
    """

    count: int
    held: int
    is_enough: bool
    bins: tuple[Bin, ...]
    brier: float | None
    ece: float | None
    brier_of_rate: float | None


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How the distribution of scores moved between two spans.

    Attributes:
        before: scores of the earlier span, by bin.
        after: of the later one.
        mean_before: mean of the earlier; 0 of none.
        mean_after: of the later.
        is_enough: whether both suffice.
        psi: population stability index; None where they do not.
        verdict: steady, moved or moved_far; empty where it is not enough.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    mean_before: float
    mean_after: float
    is_enough: bool
    psi: float | None
    verdict: str


def calibrate(judged: Sequence[Judged]) -> Calibration:
    """Reliability of estimates.

    Source: Brier, Verification of forecasts expressed in terms of probability, 1950; ECE with equal-width bins as in
    Guo et al., On calibration of modern neural networks, 2017, eq. 3.
    """
    count, held = len(judged), sum(one.held for one in judged)
    is_enough = count >= ENOUGH and min(held, count - held) >= ENOUGH_OF_BOTH
    bins = tuple(_bins(judged))
    if not is_enough:
        return Calibration(
            count=count, held=held, is_enough=False, bins=bins, brier=None, ece=None, brier_of_rate=None
        )
    rate = held / count
    return Calibration(
        count=count, held=held, is_enough=True, bins=bins,
        brier=sum((one.probability - one.held) ** 2 for one in judged) / count,
        ece=sum(one.count * abs(one.held.value - one.said) for one in bins if one.held is not None) / count,
        brier_of_rate=rate * (1 - rate),
    )  # fmt: skip


def drift(before: Sequence[float], after: Sequence[float]) -> Drift:
    """How far scores moved from one span to the next; each in [0, 1]."""
    is_enough = min(len(before), len(after)) >= ENOUGH_SCORES
    one, two = _counted(before), _counted(after)
    psi = _psi(one, two) if is_enough else None
    verdict = (
        ""
        if psi is None
        else "steady"
        if psi < SMALL_DRIFT
        else "moved"
        if psi < LARGE_DRIFT
        else "moved_far"
    )
    return Drift(
        before=one, after=two, mean_before=_mean(before), mean_after=_mean(after), is_enough=is_enough, psi=psi,
        verdict=verdict,
    )  # fmt: skip


def bin_of(probability: float) -> int:
    """Which bin a probability in [0, 1] falls into."""
    return min(int(probability * BINS), BINS - 1)


def _bins(judged: Sequence[Judged]) -> Iterable[Bin]:
    sorted_in: list[list[Judged]] = [[] for _ in range(BINS)]
    for one in judged:
        sorted_in[bin_of(one.probability)].append(one)
    for number, inside in enumerate(sorted_in):
        yield Bin(
            low=number / BINS, high=(number + 1) / BINS, count=len(inside),
            said=_mean([one.probability for one in inside]), held=share_of(sum(one.held for one in inside), len(inside)),
        )  # fmt: skip


def _counted(found: Sequence[float]) -> tuple[int, ...]:
    counts = [0] * BINS
    for one in found:
        counts[bin_of(one)] += 1
    return tuple(counts)


def _psi(before: Sequence[int], after: Sequence[int]) -> float:
    one = [max(count, PSI_FLOOR) / sum(before) for count in before]
    two = [max(count, PSI_FLOOR) / sum(after) for count in after]
    return sum((late - early) * math.log(late / early) for early, late in zip(one, two, strict=True))


def _mean(found: Sequence[float]) -> float:
    return sum(found) / len(found) if found else 0.0
