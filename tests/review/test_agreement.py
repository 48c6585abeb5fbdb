"""Agreement of reviewers: kappa as the published examples have it, its interval by resampling, pairs that were taken back."""

import math
import random

import msgspec
import pytest
from review_parts import SETTING, case_of

from brightline.core.decision import Action
from brightline.core.share import share_of
from brightline.review import agreement, cases
from brightline.review.agreement import cohen
from brightline.review.cases import Ruling
from brightline.review.statistics import kappa as plain_kappa

BLIND = msgspec.structs.replace(SETTING, second_percent=100.0, undo_seconds=60.0)


def pairs_of(table):
    names = "abcd"
    return [
        (names[row], names[column])
        for row, counts in enumerate(table)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]


# Cohen 1960, table 1; Fleiss, Cohen and Everitt 1969; the three tables of the article on kappa in Wikipedia.
PUBLISHED = [
    ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 0.492),
    ([[106, 10, 4], [22, 28, 10], [2, 12, 6]], 0.429),
    ([[20, 5], [10, 15]], 0.4),
    ([[45, 15], [25, 15]], 0.1304),
    ([[25, 35], [5, 35]], 0.2593),
]


@pytest.mark.parametrize(("table", "kappa"), PUBLISHED)
def test_kappa_is_as_the_published_examples_have_it(table, kappa):
    told = cohen(pairs_of(table))
    assert told.kappa == pytest.approx(kappa, abs=6e-4)
    assert told.kappa == pytest.approx(plain_kappa(pairs_of(table)), abs=6e-4)
    assert told.low < told.kappa < told.high


@pytest.mark.parametrize(("table", "kappa"), PUBLISHED[:3])
def test_the_interval_is_that_of_resampling(table, kappa):
    pairs, chance = pairs_of(table), random.Random(7)
    drawn = [cohen(chance.choices(pairs, k=len(pairs))).kappa for _ in range(1500)]
    mean = sum(drawn) / len(drawn)
    spread = math.sqrt(sum((one - mean) ** 2 for one in drawn) / len(drawn))
    told = cohen(pairs)
    assert (told.high - told.low) / 2 / 1.96 == pytest.approx(spread, rel=0.08)


def test_where_chance_explains_all_or_nothing_is_there_no_kappa_is_told():
    for pairs in ([], [("a", "a")], [("a", "a")] * 50):
        assert cohen(pairs).kappa is None
    assert cohen([("a", "b"), ("b", "a")]).kappa == pytest.approx(-1.0)
    assert not cohen([("a", "b")] * 19).is_enough


def test_a_share_says_how_sure_it_is():
    told = share_of(3, 4)
    assert (round(told.low, 3), round(told.high, 3)) == (0.301, 0.954)  # Wilson 1927, as in every table since
    assert share_of(0, 0) is None


def test_pairs_are_of_two_people_and_what_was_taken_back_is_none(store):
    ids = [case_of(store, f"text {number}", setting=BLIND) for number in range(3)]
    with store.writing() as connection:
        for case in ids:
            cases.decide(connection, case, "t", "ann", Ruling(action=Action.BLOCK), BLIND, lead=False)
        cases.decide(connection, ids[0], "t", "bob", Ruling(action=Action.BLOCK), BLIND, lead=False)
        cases.decide(connection, ids[1], "t", "bob", Ruling(action=Action.ALLOW), BLIND, lead=False)
        cases.decide(connection, ids[2], "t", "bob", Ruling(action=Action.BLOCK), BLIND, lead=False)
        cases.undo(connection, ids[2], "t", "bob", BLIND)
        found = agreement.pairs_since(connection, "t", 0)
        assert agreement.pairs_since(connection, "other", 0) == []
    assert {(one.case, one.first, one.second) for one in found} == {
        (ids[0], "block", "block"), (ids[1], "block", "allow"),
    }  # fmt: skip
    [between] = agreement.between_people(found)
    assert (between.one, between.two, between.kappa.count) == ("ann", "bob", 2)
