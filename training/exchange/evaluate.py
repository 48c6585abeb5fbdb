"""How the exchange model does on sources that it never saw, beside three baselines on the same folds.

    evaluate.py --data DIR --work DIR       measured.json, docs/reference/exchange.md

Scores of left-out folds come from `--work`, as `fit.py` made them. Baselines: words and pairs by TF-IDF, and vectors of
USE and of MiniLM, each under a logistic regression with the same weights of texts.
"""

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

import corpus
import fit
import linear
import numpy as np
import page
from baselines import baselines
from folds import TASKS, folds_of
from vectors import Vectors

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "text"))
import measures  # noqa: E402 - the measures of the text lanes

SHIPS = "both voices"
BANDS = (0, 100, 300, 1_000, 100_000)  # characters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    told = parser.parse_args()
    rows = corpus.prepared(told.data, HERE / "written")
    held, table = Vectors(told.work, rows), linear.matrix(told.work, rows)
    voices = fit.held_out(told.work, rows, held, table)
    line = fit.lines(rows, voices)
    scores = {
        SHIPS: fit.probabilities(rows, voices, line["line"]),
        "linear voice alone": fit.probabilities(rows, voices[:, :1], line["line_linear"]),
        **baselines(told.work, rows, held),
    }
    found = {task: _task(rows, scores, column) for column, task in enumerate(TASKS)}
    (HERE / "measured.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    page.write(found, HERE.parents[1] / "docs/reference/exchange.md")


def _task(rows: list[corpus.Row], scores: dict[str, np.ndarray], column: int) -> dict:
    task = TASKS[column]
    truth = np.array([np.nan if getattr(row, task) is None else getattr(row, task) for row in rows])
    made = np.array([row.kind in {"planted", "carrier"} for row in rows])
    lang = np.array([row.lang for row in rows])
    found: dict = {"ranks": {}, "folds": {}, "planted": {}, "honest": {}, "caught": {}, "length": {}}
    for name, all_scores in scores.items():
        score = all_scores[:, column]
        usable = ~np.isnan(truth) & ~np.isnan(score)
        found["ranks"][name] = {
            one: _ranks(truth, score, usable & ~made & (lang == one)) for one in ("en", "zh", "other")
        }
        if column == 0:
            found["planted"][name] = {
                one: _ranks(truth, score, usable & made & (lang == one)) for one in ("en", "zh")
            }
    best = scores[SHIPS][:, column]
    folds, usable = folds_of(rows), ~np.isnan(truth)
    for fold in np.unique(folds):
        found["folds"][str(fold)] = {
            one: _ranks(truth, best, usable & ~made & (lang == one) & (folds == fold)) for one in ("en", "zh")
        }
    for limit in (0.5, 0.8, 0.9):
        found["honest"][str(limit)] = _shares(rows, truth, best, 0, limit)
        found["caught"][str(limit)] = _shares(rows, truth, best, 1, limit)
    size = np.array([len(row.text) for row in rows])
    for low, high in pairwise(BANDS):
        inside = usable & (size >= low) & (size < high)
        found["length"][f"{low}-{high}"] = {
            "ranks": _ranks(truth, best, inside),
            "calibration": measures.calibration_error(truth[inside], best[inside]),
        }
    found["calibration"] = {
        one: measures.calibration_error(truth[usable & (lang == one)], best[usable & (lang == one)])
        for one in ("en", "zh", "other")
    }
    return found


def _ranks(truth: np.ndarray, score: np.ndarray, chosen: np.ndarray) -> list:
    return [
        *measures.ranks(truth[chosen], score[chosen]),
        int((truth[chosen] == 1).sum()),
        int((truth[chosen] == 0).sum()),
    ]


def _shares(rows: list[corpus.Row], truth: np.ndarray, score: np.ndarray, label: int, limit: float) -> dict:
    """Share at or above a probability, by language and group: a public source, a written kind, planted, carriers."""
    groups: dict[str, list[bool]] = {}
    for row, told, value in zip(rows, truth, score, strict=True):
        if told == label:
            name = (
                row.kind
                if row.kind in {"planted", "carrier"}
                else ("written" if row.source.startswith("written") else row.source)
            )
            groups.setdefault(f"{row.lang} {name}", []).append(bool(value >= limit))
            if name == "written":
                groups.setdefault(f"{row.lang} written: {row.kind.split('_')[0]}", []).append(
                    bool(value >= limit)
                )
    return {
        name: [*measures.share(np.array(flags)), len(flags)]
        for name, flags in sorted(groups.items())
        if len(flags) >= 8
    }


if __name__ == "__main__":
    main()
