"""Scores of texts whose source the model never saw: leave one source out, leave one generator out."""

import numpy as np
from fitting import Table, fit
from sklearn.metrics import roc_auc_score

BOOTSTRAPS = 100
BINS = 10


# Sources that are held out together, to save fits: they share no setting in which one could help the other.
FOLDS = {
    "en": (
        ("detectrl",), ("hc3plus_si",), ("hppt_val",), ("mixset",), ("raidar",), ("rex",),
        ("mail", "written-0", "written-1"), ("written-2", "written-3"),
    ),
    "zh": (
        ("cudrt/hc3",), ("hc3zh_val",), ("hc3plus_si", "lohelp", "debref"), ("pku98", "msr", "written-0", "written-1"),
        ("weibo21", "written-2", "written-3"), ("reviews",),
    ),
}  # fmt: skip
GENERATORS = {
    "en": ("written-0", "written-1", "written-2", "written-3", "mail"),
    "zh": ("written-0", "written-1", "written-2", "written-3"),
}


def held_out_scores(table: Table, language: str) -> dict[str, np.ndarray]:
    """Scores of whole texts and of pieces, each by a model that saw nothing of their source (see `FOLDS`).

    `generator` has the scores of all texts by a model that saw no text of the machine that wrote for us.
    """
    whole, pieces = np.zeros(len(table.truth)), np.zeros(len(table.owner))
    for names in FOLDS[language]:
        test = np.isin(table.source, names)
        model = fit(table, ~test)
        whole[test] = model.scores(table.whole[test])
        inside = test[table.owner]
        pieces[inside] = model.scores(table.pieces[inside])
    model = fit(table, ~np.isin(table.source, GENERATORS[language]))
    return {"whole": whole, "pieces": pieces, "generator": model.scores(table.whole)}


def caught(truth: np.ndarray, score: np.ndarray, rate: float = 0.01) -> float:
    """Share of machine texts above the score that at most `rate` of people's texts exceed."""
    people = np.sort(score[truth == 0])
    return float((score[truth == 1] > people[int(np.ceil(len(people) * (1 - rate))) - 1]).mean())


def interval(truth: np.ndarray, score: np.ndarray, measure) -> tuple[float, float, float]:
    """Measure with its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    zero, one = np.flatnonzero(truth == 0), np.flatnonzero(truth == 1)
    found = []
    for _ in range(BOOTSTRAPS):
        pick = np.concatenate([rng.choice(zero, len(zero)), rng.choice(one, len(one))])
        found.append(measure(truth[pick], score[pick]))
    low, high = np.percentile(found, [2.5, 97.5])
    return measure(truth, score), float(low), float(high)


def calibration_error(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> float:
    """Expected calibration error over ten equal bins, weighted."""
    error, total = 0.0, weight.sum()
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    for number in range(BINS):
        of = bins == number
        if (mass := weight[of].sum()) > 0:
            error += (
                mass
                / total
                * abs(
                    np.average(probability[of], weights=weight[of])
                    - np.average(truth[of], weights=weight[of])
                )
            )
    return float(error)


area = roc_auc_score
