"""Rates with intervals that hold whatever the answers are that nobody could judge.

`low` takes every open answer for a miss and `high` for a hit, each with Wilson's 95 % interval around it: so a judge that
abstains makes a rate less certain and never better. A threshold is met only where no reading of the open ones breaks it.
"""

from enum import StrEnum

import msgspec

from brightline.core.share import share_of


class Held(StrEnum):
    """How a rate stands to its threshold."""

    MET = "met"
    NOT_MET = "not_met"
    UNDECIDED = "undecided"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A share of answers.

    Attributes:
        hits: answers of which it holds.
        misses: of which it does not.
        open: that nobody could judge, or that never came.
        share: hits of those judged, None of nothing.
        low: lower end of the interval, in [0, 1].
        high: upper end.
    """

    hits: int
    misses: int
    open: int
    share: float | None
    low: float
    high: float

    @property
    def total(self) -> int:
        """All that were to be asked."""
        return self.hits + self.misses + self.open

    def at_least(self, threshold: float) -> Held:
        """Whether the share reaches a threshold, open ones read against and for it.

        >>> rate_of(95, 1, 4).at_least(0.95), rate_of(94, 2, 4).at_least(0.95), rate_of(90, 10, 0).at_least(0.95)
        (<Held.MET: 'met'>, <Held.UNDECIDED: 'undecided'>, <Held.NOT_MET: 'not_met'>)
        """
        if self.total and self.hits >= threshold * self.total:
            return Held.MET
        return Held.UNDECIDED if self.hits + self.open >= threshold * self.total else Held.NOT_MET

    def at_most(self, threshold: float) -> Held:
        """Whether the share stays within a threshold, open ones read against and for it."""
        if self.total and self.hits + self.open <= threshold * self.total:
            return Held.MET
        return Held.UNDECIDED if self.hits <= threshold * self.total else Held.NOT_MET


def rate_of(hits: int, misses: int, unknown: int) -> Rate:
    """The rate of so many."""
    total, judged = hits + misses + unknown, hits + misses
    worst, best = share_of(hits, total), share_of(hits + unknown, total)
    return Rate(
        hits=hits,
        misses=misses,
        open=unknown,
        share=round(hits / judged, 6) if judged else None,
        low=round(worst.low, 6) if worst is not None else 0.0,
        high=round(best.high, 6) if best is not None else 1.0,
    )
