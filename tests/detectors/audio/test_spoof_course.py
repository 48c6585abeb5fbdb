"""The course of a recording: cut where its level changes, whole where it does not, drawn within bounds."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.detectors.audio.spoof_course import (
    LEAST_WINDOWS,
    NOISE,
    POINTS_MOST,
    curve,
    cuts,
    judge,
    stretches_of,
)
from brightline.detectors.audio.spoof_hearing import Window
from brightline.detectors.audio.spoof_model import Band, Scale, shipped

SCALE = Scale(slope=1.5, offset=-0.2, abstain=(0.6, 0.8), threshold=0.8)


def windows(*logits: float, bandwidth_hz: float = 8000.0) -> list[Window]:
    return [Window(1.48 * at, 1.48 * at + 2.96, one, bandwidth_hz) for at, one in enumerate(logits)]


levels = st.lists(st.floats(-5, 5), min_size=1, max_size=60)


@settings(deadline=None)
@given(levels, st.floats(0.01, 50))
def test_pieces_cover_everything_and_none_is_too_short(values: list[float], price: float) -> None:
    begun = cuts(np.array(values), price, LEAST_WINDOWS)
    assert begun[0] == 0
    lengths = np.diff([*begun, len(values)])
    assert lengths.sum() == len(values)
    assert len(begun) == 1 or lengths.min() >= LEAST_WINDOWS


@settings(deadline=None)
@given(levels)
def test_stretches_follow_one_another(values: list[float]) -> None:
    found = stretches_of(windows(*values))
    assert found[0].begin_s == 0.0
    assert all(one.end_s == two.begin_s for one, two in pairwise(found))
    assert sum(one.windows for one in found) == len(values)


@settings(deadline=None)
@given(levels)
def test_the_whole_never_says_more_than_the_verdict(values: list[float]) -> None:
    said = shipped().said
    verdict = judge(windows(*values), said)
    assert verdict.log_odds >= said.wide.log_odds(float(np.mean(values))) - 1e-9
    assert verdict.extent == "whole" or len(verdict.stretches) > 1


def test_noise_alone_is_hardly_ever_cut() -> None:
    chance = np.random.default_rng(6)
    whole = [len(stretches_of(windows(*chance.normal(0, NOISE, 40)))) == 1 for _ in range(100)]
    assert np.mean(whole) > 0.95


def test_a_change_is_cut_where_it_happens() -> None:
    found = stretches_of(windows(*[-1.5] * 10, *[2.0] * 6, *[-1.5] * 10))
    assert [one.windows for one in found] == [10, 6, 10]
    verdict = judge(windows(*[-1.5] * 10, *[2.0] * 6, *[-1.5] * 10), shipped().said)
    assert verdict.extent == "part"
    assert [one.windows for one in verdict.shown] == [6]


def test_many_stretches_cost_odds() -> None:
    few = judge(windows(*([-1.5] * 5 + [2.0] * 5)), shipped().said)
    many = judge(windows(*([-1.5] * 5 + [2.0] * 5) * 6), shipped().said)
    assert many.log_odds < few.log_odds


@pytest.mark.parametrize(("reach", "band"), [(3_500.0, Band.NARROW), (7_800.0, Band.WIDE)])
def test_the_band_is_that_of_the_speech(reach: float, band: Band) -> None:
    assert judge(windows(0.0, 0.0, bandwidth_hz=reach), shipped().said).band is band


@given(st.integers(1, 1_000))
def test_a_curve_has_few_points(count: int) -> None:
    told = curve(windows(*[0.5] * count), SCALE).split()
    assert 1 <= len(told) <= POINTS_MOST


@pytest.mark.parametrize(("slope", "abstain"), [(0.0, (0.6, 0.8)), (1.0, (0.9, 0.85)), (1.0, (0.6, 0.9))])
def test_a_scale_that_does_not_rise_is_refused(slope: float, abstain: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="rising"):
        Scale(slope=slope, offset=0.0, abstain=abstain, threshold=0.85)
