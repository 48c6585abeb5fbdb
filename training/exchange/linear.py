"""The linear voice: hashed n-grams of the plain spelling, one table a language, logistic loss."""

from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from corpus import Row
from folds import TASKS, known, weights
from sklearn.linear_model import SGDClassifier

from brightline.detectors.message.fraud_grams import BITS, grams
from brightline.detectors.message.fraud_normal import plain

READ = 4_000  # characters of a text


def matrix(folder: Path, rows: list[Row]) -> sparse.csr_matrix:
    """(texts, 2 * 2**18): English buckets first, then Chinese; each 1 over the root of their count."""
    path = folder / "grams.npz"
    if not path.exists():
        columns, ends = [], [0]
        for row in rows:
            spelled = plain(row.text[:READ])
            columns.append(grams(spelled.text, is_chinese=spelled.is_chinese) + (spelled.is_chinese << BITS))
            ends.append(ends[-1] + len(columns[-1]))
        values = [np.full(len(one), max(1, len(one)) ** -0.5, np.float32) for one in columns]
        shape = (len(rows), 2 << BITS)
        sparse.save_npz(
            path, sparse.csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=shape)
        )
    return sparse.load_npz(path)


def fitted(table: sparse.csr_matrix, rows: list[Row], chosen: np.ndarray, task: str) -> SGDClassifier:
    """A model of the rows that are chosen (a mask over all)."""
    places, truth = known(rows, task)
    inside = chosen[places]
    places, truth = places[inside], truth[inside]
    weight = weights([rows[number] for number in places], truth)
    model = SGDClassifier("log_loss", alpha=2e-6, max_iter=12, tol=None, random_state=0, average=True)
    return model.fit(table[places], truth, sample_weight=weight)


def held_out(table: sparse.csr_matrix, rows: list[Row], folds: np.ndarray) -> np.ndarray:
    """(texts, 2) scores by models that saw nothing of a text's fold."""
    found = np.zeros((len(rows), 2))
    for column, task in enumerate(TASKS):
        for fold in np.unique(folds):
            out = folds == fold
            found[out, column] = fitted(table, rows, ~out, task).decision_function(table[np.flatnonzero(out)])
    return found
