"""Money over time, against closed forms and a public calculator's own worked example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.planner.money import annuity, break_even_months, internal_return, present_value


def test_a_public_calculators_example_breaks_even_after_36_months_and_not_137() -> None:
    """randomcalculators.com: 8 devices at 35,000 and 40 % for the rest, 4 years, 400 hours a month, 3,000 for the room."""
    purchase = 8 * 35_000 * 1.4
    running = 8 * 0.7 * 400 * 1.4 * 0.12 + 3_000
    cloud = 8 * 400 * 4.5
    right = break_even_months(purchase, running, cloud)
    assert right == pytest.approx(35.56, abs=0.01)
    paid_twice = break_even_months(purchase, running + purchase / 48, cloud)
    assert paid_twice == pytest.approx(137.2, abs=0.05)


def test_owning_that_costs_more_each_month_never_breaks_even() -> None:
    assert break_even_months(1000.0, 10.0, 10.0) is None


@given(st.floats(-0.5, 1.0), st.integers(1, 40), st.floats(1.0, 1e9))
def test_payments_of_a_loan_are_worth_the_loan(rate: float, periods: int, amount: float) -> None:
    payment = annuity(rate, periods, amount)
    assert present_value(rate, [-amount, *[payment] * periods]) == pytest.approx(0.0, abs=amount * 1e-6)


def test_a_loan_over_no_period_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        annuity(0.1, 0, 1.0)


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=12), st.floats(1.0, 1e6))
def test_at_the_internal_return_nothing_is_gained(gains: list[float], paid: float) -> None:
    flows = [-paid, *gains]
    rate = internal_return(flows)
    if rate is not None:
        assert abs(present_value(rate, flows)) <= 1e-6 * (
            paid + sum(g / (1 + rate) ** (i + 1) for i, g in enumerate(gains))
        )


def test_flows_that_only_cost_have_no_internal_return() -> None:
    assert internal_return([-1.0, -1.0]) is None
