"""A linear model over runs of one to three signs: score of a text, and what each sign added to it."""

import numpy as np
from numpy.typing import NDArray

SIGN_BITS = 13  # at most 8,192 signs a language
RUN_MOST = 3  # signs in the longest run

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def run_keys(numbers: list[int]) -> list[Integers]:
    """Keys of all runs of one, two and three signs; key i of each array is the run that begins at sign i.

    A key holds its signs of 13 bits each, plus one, so that runs of different lengths never share a key.
    """
    signs: Integers = np.asarray(numbers, dtype=np.int64) + 1
    keys = [signs]
    for length in range(2, RUN_MOST + 1):
        keys.append((keys[-1][:-1] << SIGN_BITS) | signs[length - 1 :])
    return keys


class LinearModel:
    """Weights of the runs that count.

    Args:
        keys: (n,) int64, ascending.
        weights: (n,) float32, what a run adds when it stands alone; positive speaks for a machine.
        rarity: (n,) float32, inverse document frequency, by which runs are weighed in the length of the vector.
        bias: added to every score.
    """

    def __init__(self, keys: Integers, weights: Floats, rarity: Floats, bias: float) -> None:
        self.keys, self.weights, self.rarity, self.bias = keys, weights, rarity, np.float32(bias)

    def places(self, keys: Integers) -> Integers:
        """Row of each key in the model, -1 where it has none."""
        rows = np.searchsorted(self.keys, keys)
        rows[rows == len(self.keys)] = 0
        return np.where(self.keys[rows] == keys, rows, -1)

    def score(self, rows: Integers) -> float:
        """Score of the text whose runs have these rows; 0 is even odds before calibration.

        Sublinear counts, inverse document frequency and unit length, as scikit-learn's `TfidfTransformer` does them.
        """
        found, counts = np.unique(rows[rows >= 0], return_counts=True)
        if found.size == 0:
            return float(self.bias)
        values = (1.0 + np.log(counts)).astype(np.float32) * self.rarity[found]
        length = np.sqrt(np.sum(values * values, dtype=np.float64))
        return float(np.sum(values * self.weights[found], dtype=np.float64) / length + self.bias)

    def shares(self, rows: list[Integers]) -> Floats:
        """What each sign adds, a run's weight shared among its signs: (signs,) float32 in the unit of no score.

        Args:
            rows: for runs of one, two and three signs, the row of the run that begins at each sign.
        """
        total = np.zeros(len(rows[0]), dtype=np.float32)
        worth = np.append(self.weights * self.rarity, np.float32(0.0))  # row -1 is worth nothing
        for length, begins in enumerate(rows, start=1):
            for step in range(length):
                total[step : step + len(begins)] += worth[begins] / np.float32(length)
        return total
