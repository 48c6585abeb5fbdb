"""Operations among accounts that have nothing to do with each other, and what must not look like one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.campaigns.gather import Gatherer
from brightline.campaigns.operations import evidence, find
from brightline.campaigns.posts import Posts

DAY = 86_400


def _crowd(seed: int) -> Gatherer:
    draw = np.random.default_rng(seed)
    gatherer = Gatherer()
    for _ in range(3_000):
        gatherer.add({"account": f"c{draw.integers(600)}", "time": float(draw.random() * 30 * DAY), "image": f"i{draw.integers(1_500)}"}, "")  # fmt: skip
    return gatherer


def _planted(seed: int, delay_s: float, *, declared: bool = False) -> Posts:
    draw = np.random.default_rng(seed)
    gatherer = _crowd(seed)
    for thing in range(10):
        for one in range(12):
            time = 2.5 * DAY * thing + draw.random() * delay_s
            gatherer.add(
                {"account": f"op{one}", "time": time, "image": f"own{thing}", "declared": declared}, ""
            )
    return gatherer.posts()


def test_quick_and_slow_operations_stand_above_the_crowd_with_their_evidence() -> None:
    for seed, delay_s in ((1, 30.0), (2, 6 * 3_600.0), (3, 3.0 * DAY)):
        report = find(_planted(seed, delay_s))
        best = report.operations[0]
        assert {report.posts.accounts[one] for one in best.accounts} == {f"op{one}" for one in range(12)}
        assert best.exclusive > 0.99
        assert best.density > 0.9
        assert (best.quick > 0.9) == (delay_s == 30.0)
        assert {one.name for one in evidence(report, best.edges[0])} == {f"own{n}" for n in range(10)}


def test_a_crowd_that_meets_by_chance_is_no_operation() -> None:
    for seed in range(5):
        assert find(_crowd(seed).posts()).operations == ()


def test_one_event_is_no_operation_however_many_share_however_much_of_it() -> None:
    gatherer = _crowd(7)
    for reader in range(200):
        for part in range(5):
            gatherer.add({"account": f"c{reader}", "time": 10 * DAY + reader * 60 + part, "url": f"https://n.example/{part}"}, "")  # fmt: skip
    assert find(gatherer.posts()).operations == ()


def test_bots_that_say_so_are_not_looked_at() -> None:
    assert find(_planted(4, 30.0, declared=True)).operations == ()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_of_the_records_changes_no_score(seed: int) -> None:
    draw = np.random.default_rng(seed)
    records: list[dict[str, object]] = [
        {"account": f"a{one}", "time": 3 * DAY * thing + one, "image": f"o{thing}"} for one in range(4) for thing in range(4)
    ]  # fmt: skip
    records += [{"account": f"c{n}", "time": n, "image": f"x{n}"} for n in range(400)]

    def scored(order: list[dict[str, object]]) -> dict[str, float]:
        gatherer = Gatherer()
        for one in order:
            gatherer.add(one, "")
        report = find(gatherer.posts())
        return {
            name: round(float(score), 6)
            for name, score in zip(report.posts.accounts, report.scores, strict=True)
        }

    assert scored(records) == scored([records[one] for one in draw.permutation(len(records))])
