"""Quantities are read with their units, and never take another dimension."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.planner.units import Bytes, Flops, PerEnergy, Quantity, Seconds, UnitError, Watts


def test_units_are_read_into_base_units() -> None:
    assert Seconds.read("250 ms") == 0.25
    assert Bytes.read("80 GiB") == 80 * 2**30
    assert Flops.read("989 TFLOP/s") == 989e12
    assert Watts.read("0.7 kW") == 700
    assert PerEnergy.read("0.36 /kWh") == pytest.approx(1e-7)


@pytest.mark.parametrize(
    "said", ["3 GB", "3", "s", "3 parsecs", "nan s", "inf s", "1e999 s", "3 s/s", "", "3 W", "3 s" + " " * 90]
)
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(UnitError):
        Seconds.read(said)


def test_a_bare_number_is_refused_where_a_unit_is_due_and_taken_where_none_is() -> None:
    with pytest.raises(UnitError):
        Bytes.read(80.0)
    assert Quantity.read(3) == 3.0


@given(st.floats(1e-6, 1e12), st.sampled_from([("s", 1.0), ("ms", 1e-3), ("min", 60.0), ("h", 3600.0)]))
def test_a_quantity_is_its_number_times_its_unit(number: float, unit: tuple[str, float]) -> None:
    assert Seconds.read(f"{number!r} {unit[0]}") == pytest.approx(number * unit[1])


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(said: str) -> None:
    with contextlib.suppress(UnitError):
        Seconds.read(said)
