"""What others would build in an afternoon, on the same folds, with the same weights of texts."""

import os
from pathlib import Path

import numpy as np
from corpus import Row
from folds import TASKS, folds_of, known, weights
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from vectors import Vectors

from brightline.detectors.text.claim_sense import senses

MINILM_MOST = int(
    os.environ.get("MINILM_MOST", "400")
)  # texts of one source and label, 20 ms each; 0 leaves it out


def baselines(folder: Path, rows: list[Row], held: Vectors) -> dict[str, np.ndarray]:
    """(texts, 2) scores each; not a number where a text was not looked at."""
    words = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
        max_features=200_000,
        token_pattern=r"[a-zA-Z0-9_]+|[^\W\d_]",
    )
    table = words.fit_transform([row.text[:4_000] for row in rows])
    found = {"TF-IDF + LR": _held(folder / "held_tfidf.npy", table, rows, None)}
    found["USE + LR"] = _held(folder / "held_use.npy", held.vectors, rows, None)
    if not MINILM_MOST:
        return found
    chosen = _some(rows)
    found["MiniLM + LR"] = _held(folder / "held_minilm.npy", _minilm(folder, rows, chosen), rows, chosen)
    return found


def _held(path: Path, table, rows: list[Row], chosen: np.ndarray | None) -> np.ndarray:
    """Scores by models that saw nothing of a text's fold; of the chosen rows only, where some are."""
    if path.exists():
        return np.load(path)
    folds, inside = folds_of(rows), np.ones(len(rows), bool) if chosen is None else chosen
    found = np.full((len(rows), 2), np.nan)
    for column, task in enumerate(TASKS):
        places, truth = known(rows, task)
        places, truth = places[inside[places]], truth[inside[places]]
        for fold in np.unique(folds):
            mine = folds[places] != fold
            weight = weights([rows[number] for number in places[mine]], truth[mine])
            model = _model(table).fit(table[places[mine]], truth[mine], sample_weight=weight)
            out = np.flatnonzero((folds == fold) & inside)
            found[out, column] = model.decision_function(table[out])
    np.save(path, found)
    return found


def _model(table):
    if isinstance(table, np.ndarray):
        return LogisticRegression(C=10, max_iter=300)
    return SGDClassifier("log_loss", alpha=2e-6, max_iter=12, tol=None, random_state=0, average=True)


def _some(rows: list[Row]) -> np.ndarray:
    counts: dict[tuple, int] = {}
    chosen = np.zeros(len(rows), bool)
    for number in np.random.default_rng(0).permutation(len(rows)):
        row = rows[number]
        name = (row.source.split("/")[0], row.lang, row.attack, row.harm, row.kind == "planted")
        counts[name] = counts.get(name, 0) + 1
        chosen[number] = counts[name] <= MINILM_MOST
    return chosen


def _minilm(folder: Path, rows: list[Row], chosen: np.ndarray) -> np.ndarray:
    path = folder / "minilm.npy"
    if not path.exists():
        made = np.zeros((len(rows), 384), np.float32)
        embed = senses()[0].of_post
        for number in np.flatnonzero(chosen):
            made[number] = embed(rows[number].text)
        np.save(path, made)
    return np.load(path)
