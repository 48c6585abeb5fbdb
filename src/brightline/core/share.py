"""A share of a count with how sure it is, so that three of four never reads like three hundred of four hundred."""

import math

import msgspec

Z = 1.959963984540054  # 95 % of a normal distribution


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """`count` of `total`, with its 95 % interval; all three are in [0, 1]."""

    count: int
    total: int
    value: float
    low: float
    high: float


def share_of(count: int, total: int) -> Share | None:
    """The share, with Wilson's interval; None of nothing.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    >>> told = share_of(9, 10); round(told.low, 3), round(told.high, 3)
    (0.596, 0.982)
    """
    if total <= 0:
        return None
    value, square = count / total, Z * Z
    middle = (value + square / (2 * total)) / (1 + square / total)
    half = Z / (1 + square / total) * math.sqrt(value * (1 - value) / total + square / (4 * total * total))
    return Share(
        count=count, total=total, value=value, low=max(0.0, middle - half), high=min(1.0, middle + half)
    )
