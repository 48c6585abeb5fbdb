"""The rule by which the threshold of pictures is set, and what it does to a stranger's photographs."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

FOLDER = str(Path(__file__).parents[2] / "training" / "image")
OURS = ("tables", "scores", "folds", "corpus", "history")


@pytest.fixture(scope="module")
def tables():
    """The recipe's module; its folder and its short names are nobody else's afterwards."""
    others = {name: sys.modules.pop(name) for name in OURS if name in sys.modules}
    sys.path.insert(0, FOLDER)
    try:
        return importlib.import_module("tables")
    finally:
        sys.path.remove(FOLDER)
        for name in OURS:
            sys.modules.pop(name, None)
        sys.modules |= others


scores = st.lists(st.floats(-9, 9), min_size=1, max_size=40).map(np.array)


@given(groups=st.lists(scores, min_size=1, max_size=5), rate=st.sampled_from([0.0, 0.05, 0.06, 0.3]))
def test_no_source_exceeds_the_bar_more_often_than_its_share(tables, groups, rate):
    edge = tables.bar(groups, rate)
    assert all((group > edge).mean() <= rate for group in groups)


def test_the_worst_source_sets_the_bar(tables):
    tame, wild = np.arange(100.0), np.arange(100.0) + 50
    assert tables.bar([tame, wild], 0.06) == tables.bar([wild], 0.06) > tables.bar([tame], 0.06)


def test_a_fold_is_judged_by_the_others_alone(tables):
    draw = np.random.default_rng(1)
    rows = [
        {"name": f"{source}{number}", "source": source, "truth": truth, "photo": True}
        | dict.fromkeys(tables.VARIANTS, float(draw.normal(2 * truth)))
        for fold in tables.FOLDS
        for truth, sources in enumerate(fold)
        for source in sorted(sources)
        for number in range(50)
    ]
    before = tables.transferred(tables.Scores(rows), 0.06)["q90"]
    for row in rows:
        if row["source"] == "ffhq1024":
            row |= dict.fromkeys(tables.VARIANTS, row["q90"] + 5)
    after = tables.transferred(tables.Scores(rows), 0.06)["q90"]
    assert before["of all real"] < 0.06 < before["caught, mean"]
    assert after["false positives"]["ffhq1024"] > 0.9
    assert after["caught"]["glide"] == before["caught"]["glide"]  # its own fold's photographs set nothing
    assert after["caught"]["dalle2"] < before["caught"]["dalle2"]
