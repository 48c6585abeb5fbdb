"""Estimates against answers: figures as computed by hand, silence where answers are few, drift, what a ruling says."""

import random

import pytest
from review_parts import hand_in

from brightline.core.decision import Action
from brightline.core.finding import Basis, Finding
from brightline.core.harm import Harm
from brightline.core.words import Words
from brightline.review import scores
from brightline.review.calibration import Judged, calibrate, drift


def judged(*pairs):
    return [Judged(probability=probability, held=held) for probability, held in pairs]


def test_figures_are_those_worked_out_by_hand():
    told = calibrate(judged(*[(0.9, True)] * 45, *[(0.9, False)] * 15, *[(0.2, False)] * 40))
    assert told.is_enough
    assert told.brier == pytest.approx((45 * 0.01 + 15 * 0.81 + 40 * 0.04) / 100)
    assert told.ece == pytest.approx((60 * abs(0.75 - 0.9) + 40 * 0.2) / 100)
    assert told.brier_of_rate == pytest.approx(0.45 * 0.55)
    assert [one.count for one in told.bins] == [0, 0, 40, 0, 0, 0, 0, 0, 0, 60]
    assert told.bins[9].held.value == 0.75


def test_estimates_that_keep_their_promise_have_a_small_error_and_those_that_do_not_a_large_one():
    chance = random.Random(3)
    honest = [chance.random() for _ in range(20_000)]
    good = calibrate([Judged(probability=one, held=chance.random() < one) for one in honest])
    sure = calibrate([Judged(probability=max(0.0, one) ** 0.3, held=chance.random() < one) for one in honest])
    assert good.ece < 0.02
    assert sure.ece > 0.2


@pytest.mark.parametrize("held", [0, 9, 41, 49])
def test_few_answers_or_answers_of_one_kind_give_no_figure(held):
    told = calibrate(judged(*[(0.5, True)] * held, *[(0.5, False)] * (49 - held)))
    assert (told.is_enough, told.brier, told.ece) == (False, None, None)
    assert told.count == 49


def test_drift_is_told_from_enough_scores_alone():
    chance = random.Random(5)
    one, two = [[chance.betavariate(2, 5) for _ in range(1000)] for _ in range(2)]
    moved = [chance.betavariate(5, 2) for _ in range(1000)]
    assert drift(one, two).verdict == "steady"
    assert drift(one, moved).verdict == "moved_far"
    assert (drift(one[:99], moved).verdict, drift(one[:99], moved).psi) == ("", None)


def found(harm, probability, basis=Basis.ESTIMATE):
    why = Words("x", "x")
    return Finding(detector="d.x", claim="c", basis=basis, probability=probability, harm=harm, why=why)


def test_only_the_highest_estimate_of_each_harm_is_kept():
    kept = scores.scores_of(
        [
            found(Harm.FRAUD_AI, 0.4),
            found(Harm.FRAUD_AI, 0.7),
            found(None, 0.9),
            found(Harm.MINORS, 1.0, Basis.MATCH),
        ]
    )
    assert [(one.harm, one.probability) for one in kept] == [(Harm.FRAUD_AI, 0.7)]


def test_a_ruling_answers_the_harm_that_it_names_and_an_allowance_all(store):
    one, two = hand_in(store, "one", "two")
    both = scores.scores_of([found(Harm.FRAUD_AI, 0.8), found(Harm.FALSE_INFO, 0.6)])
    with store.writing() as connection:
        for submission in (one, two):
            scores.write_down(connection, submission, "t", both)
        scores.answer(connection, one, Action.BLOCK, "fraud_ai")
        scores.answer(connection, two, Action.ALLOW, "fraud_ai")
        told = scores.answered(connection, "t")
        assert scores.answered(connection, "other") == {}
        assert len(scores.since(connection, "t", 0)) == 4
    assert sorted(one.held for one in told["d.x", "fraud_ai"]) == [False, True]
    assert [one.held for one in told["d.x", "false_info"]] == [False]
