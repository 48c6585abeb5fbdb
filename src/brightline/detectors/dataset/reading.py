"""What the other rows say of each row's label: a linear model, fitted without the row and without its likes.

Logistic regression over words and pairs of words, weighed by rarity, one class against the rest; scores are of the fold
that was left out, and calibrated on all.
"""

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_array

from brightline.detectors.dataset.corpus import Corpus
from brightline.detectors.dataset.tokens import Numbers

FOLDED_BITS = 18  # features are folded into so many buckets
FOLDS = 4
FITTED_ROWS = 40_000  # rows that one fit learns from, drawn by seed: more changes the third digit
FIT_STEPS = 40
STRENGTH = 1e-5  # of the penalty on weights
LEAST_ROWS = 200  # labelled rows below which nothing is fitted
LEAST_CLASS = 20  # rows of a class, likewise

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read out of the rows.

    Attributes:
        chances: (rows, classes) calibrated probability of each class, rows sum to one; nan for rows without a label.
        folds: (rows,) the fold that each row was left out with.
        weights: (folds, classes, 2**18) of the models.
        matrix: (rows, 2**18) the weighed features.
        slopes: (classes, 2) slope and term of the calibration.
        bias: (folds, classes).
    """

    chances: Doubles
    folds: Numbers
    weights: Floats
    matrix: csr_array
    slopes: Doubles
    bias: Floats

    def masked(self, rows: Numbers, features: Numbers) -> Doubles:
        """(rows, classes) probabilities of some rows when these features count for nothing."""
        part = self.matrix[rows]
        kept = part.copy()
        kept.data[np.isin(part.indices, features)] = 0
        return _chances(_scores(kept, self.weights, self.bias, self.folds[rows]), self.slopes)


def reading(corpus: Corpus, likes: Numbers, seed: int) -> Reading | None:
    """Fit and read; None where there are too few rows or classes for it.

    Args:
        corpus: the rows.
        likes: (rows,) group of near-duplicates, which are left out together.
        seed: of the folds.
    """
    held = np.flatnonzero(corpus.labels >= 0)
    sizes = np.bincount(corpus.labels[held], minlength=len(corpus.classes))
    if len(held) < LEAST_ROWS or np.count_nonzero(sizes >= LEAST_CLASS) < 2:
        return None
    matrix = weighed(corpus)
    generator = np.random.default_rng(seed)
    folds = generator.integers(0, FOLDS, int(likes.max()) + 1)[likes]
    classes = len(corpus.classes)
    weights = np.zeros((FOLDS, classes, 1 << FOLDED_BITS), np.float32)
    bias = np.zeros((FOLDS, classes), np.float32)
    for fold in range(FOLDS):
        rows = held[folds[held] != fold]
        rows = np.sort(generator.permutation(rows)[:FITTED_ROWS])
        part = matrix[rows]
        for one in range(1 if classes == 2 else classes):
            truth = np.where(corpus.labels[rows] == (one if classes > 2 else 1), 1.0, -1.0)
            at = one if classes > 2 else 1
            weights[fold, at], bias[fold, at] = _fitted(part, truth)
        if classes == 2:
            weights[fold, 0], bias[fold, 0] = -weights[fold, 1], -bias[fold, 1]
    scores = _scores(matrix, weights, bias, folds)
    slopes = np.array([_calibrated(scores[held, one], corpus.labels[held] == one) for one in range(classes)])
    chances = _chances(scores, slopes)
    chances[corpus.labels < 0] = np.nan
    return Reading(chances=chances, folds=folds, weights=weights, matrix=matrix, slopes=slopes, bias=bias)


def folded(features: Numbers) -> Numbers:
    """The bucket of each feature."""
    return features >> 4  # of 22 bits the upper 18


def weighed(corpus: Corpus) -> csr_array:
    """(rows, 2**18) float32, features by their rarity, each row of length one."""
    columns = folded(corpus.features.astype(np.int64))
    counts = np.bincount(columns, minlength=1 << FOLDED_BITS)
    rarity = np.log((1 + corpus.rows) / (1 + counts)).astype(np.float32)
    data = rarity[columns]
    matrix = csr_array((data, columns, corpus.begins), shape=(corpus.rows, 1 << FOLDED_BITS))
    squares = (
        np.add.reduceat(np.append(data * data, np.float32(0)), corpus.begins[:-1]) if corpus.rows else data
    )
    squares[np.diff(corpus.begins) == 0] = 1
    matrix.data = data / np.sqrt(np.repeat(np.maximum(squares, 1e-12), np.diff(corpus.begins)))
    return matrix


def _fitted(matrix: csr_array, truth: Doubles) -> tuple[Floats, float]:
    """Weights and term of one class against the rest, both sides counting the same."""
    share = np.where(truth > 0, 0.5 / max(1, (truth > 0).sum()), 0.5 / max(1, (truth < 0).sum()))
    turned = matrix.T.tocsr()

    def loss(values: Doubles) -> tuple[float, Doubles]:
        weights = values[:-1].astype(np.float32)
        margin = truth * (matrix @ weights + values[-1])
        pull = -share * truth / (1 + np.exp(np.clip(margin, -40, 40)))
        cost = float((share * np.logaddexp(0, -margin)).sum() + STRENGTH * (values[:-1] ** 2).sum())
        slope = np.empty_like(values)
        slope[:-1] = turned @ pull.astype(np.float32) + 2 * STRENGTH * values[:-1]
        slope[-1] = pull.sum()
        return cost, slope

    found = _least(loss, np.zeros(matrix.shape[1] + 1), FIT_STEPS)
    return found[:-1].astype(np.float32), float(found[-1])


def _least(loss: Callable[[Doubles], tuple[float, Doubles]], start: Doubles, steps: int) -> Doubles:
    # Conjugate gradients: as low as L-BFGS-B within 1 % after as many steps, in a third of its time where weights are many.
    return np.asarray(minimize(loss, start, jac=True, method="CG", options={"maxiter": steps}).x)


def _scores(matrix: csr_array, weights: Floats, bias: Floats, folds: Numbers) -> Doubles:
    """(rows, classes) of the fold that each row was left out of."""
    scores = np.zeros((matrix.shape[0], weights.shape[1]))
    for fold in range(len(weights)):
        here = np.flatnonzero(folds == fold)
        scores[here] = matrix[here] @ weights[fold].T + bias[fold]
    return scores


def _calibrated(scores: Doubles, truth: npt.NDArray[np.bool_]) -> Doubles:
    """Slope and term that make a score a log-odds [platt1999]."""
    sign = np.where(truth, 1.0, -1.0)

    def loss(values: Doubles) -> tuple[float, Doubles]:
        margin = sign * (values[0] * scores + values[1])
        pull = -sign / (1 + np.exp(np.clip(margin, -40, 40)))
        slope = np.array([(pull * scores).mean(), pull.mean()])
        return float(np.logaddexp(0, -margin).mean()), slope

    return _least(loss, np.array([1.0, 0.0]), 100)


def _chances(scores: Doubles, slopes: Doubles) -> Doubles:
    odds = np.clip(scores * slopes[:, 0] + slopes[:, 1], -30, 30)
    chances = 1 / (1 + np.exp(-odds))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))
