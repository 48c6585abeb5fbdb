"""The arithmetic of money over time: present value, annuities, internal return, break-even.

What was paid up front is counted once. A break-even whose running costs already hold the amortised purchase pays for it
twice, which is the error of a public calculator that `break_even_months` is tested against.
"""

import math
from collections.abc import Sequence

RETURN_STEPS = 200  # halvings of the bracket in which the internal return lies; 60 reach a float's last digit
RETURN_LEAST, RETURN_MOST = -0.999, 1000.0


def present_value(rate: float, flows: Sequence[float]) -> float:
    """Net present value of flows at the ends of periods, the first of them now.

    Args:
        rate: discount rate a period, above -1.
        flows: money a period; costs are negative.

    >>> round(present_value(0.08, [-100.0, 60.0, 60.0]), 4)
    6.9959
    """
    return math.fsum(flow / (1.0 + rate) ** period for period, flow in enumerate(flows))


def annuity(rate: float, periods: int, amount: float) -> float:
    """The equal payment at the end of each period that repays an amount lent now.

    Raises:
        ValueError: there is no period.

    >>> round(annuity(0.05, 3, 1000.0), 4)
    367.2086
    """
    if periods < 1:
        raise ValueError(f"a loan over {periods} periods, expected at least one")
    return amount / periods if rate == 0.0 else amount * rate / -math.expm1(-periods * math.log1p(rate))


def internal_return(flows: Sequence[float]) -> float | None:
    """The rate at which the flows' present value is nothing; None where no such rate is bracketed.

    >>> round(internal_return([-100.0, 60.0, 60.0]), 4)
    0.1307
    """
    low, high = RETURN_LEAST, RETURN_MOST
    rising = present_value(low, flows) < 0.0
    if rising == (present_value(high, flows) < 0.0):
        return None
    for _ in range(RETURN_STEPS):
        middle = (low + high) / 2.0
        if (present_value(middle, flows) < 0.0) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def break_even_months(purchase: float, own_running: float, other_running: float) -> float | None:
    """Months after which owning has cost less than the other way; None where it never does.

    Args:
        purchase: paid once, at the beginning.
        own_running: a month of owning, without any share of the purchase: that is counted already.
        other_running: a month of the other way.

    >>> break_even_months(1200.0, 100.0, 200.0)
    12.0
    """
    saved = other_running - own_running
    return purchase / saved if saved > 0.0 else None
