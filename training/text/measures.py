"""What every lane is measured by, and the tables that the results are kept in.

AUROC and what is caught at 1 % false positives carry 95 % intervals by a seeded bootstrap that keeps both classes'
sizes; plain shares carry Wilson's interval [wilson1927], which holds where a bootstrap of no hits says zero.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

SEED = 20261123
ROUNDS = 200
BINS = 10
FALSE_POSITIVES = 0.01
FEWEST = 10  # texts of a class below which no rank is measured
Z = 1.96

Interval = list[float]  # value, low, high


def auroc(truth: np.ndarray, score: np.ndarray) -> float:
    """Chance that a random positive scores above a random negative; ties count half."""
    ordered = np.sort(score[truth == 0])
    own = score[truth == 1]
    below, upto = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right")
    return float((below + upto).mean() / 2 / len(ordered))


def caught(truth: np.ndarray, score: np.ndarray, rate: float = FALSE_POSITIVES) -> float:
    """Share of positives above the score that at most `rate` of the negatives exceed."""
    negative = np.sort(score[truth == 0])
    return float((score[truth == 1] > negative[int(np.ceil(len(negative) * (1 - rate))) - 1]).mean())


def bootstrap(truth: np.ndarray, score: np.ndarray, measure: Callable) -> Interval:
    """A measure with its 95 % interval."""
    draw = np.random.default_rng(SEED)
    negative, positive = score[truth == 0], score[truth == 1]
    labels = np.r_[np.zeros(len(negative), int), np.ones(len(positive), int)]
    found = [
        measure(labels, np.r_[draw.choice(negative, len(negative)), draw.choice(positive, len(positive))])
        for _ in range(ROUNDS)
    ]
    low, high = np.percentile(found, [2.5, 97.5])
    return rounded(measure(truth, score), low, high)


def share(flags: np.ndarray) -> Interval | None:
    """Share of true values with Wilson's 95 % interval; None where there are no values."""
    count = len(flags)
    if not count:
        return None
    part = float(np.mean(flags))
    middle = (part + Z * Z / (2 * count)) / (1 + Z * Z / count)
    half = Z * np.sqrt(part * (1 - part) / count + Z * Z / (4 * count * count)) / (1 + Z * Z / count)
    return rounded(part, max(0.0, middle - half), min(1.0, middle + half))


def calibration_error(truth: np.ndarray, probability: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Expected calibration error over ten equal bins, at equal priors unless `weight` says otherwise."""
    if weight is None:
        sizes = [max(1, int((truth == label).sum())) for label in (0, 1)]
        weight = np.where(truth == 1, 1 / sizes[1], 1 / sizes[0])
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [abs((weight * (truth - probability))[place == one].sum()) for one in range(BINS)]
    return round(float(sum(gaps) / weight.sum()), 4)


def rounded(*numbers: float) -> list[float]:
    """Four digits: what a committed file holds."""
    return [round(float(number), 4) for number in numbers]


def ranks(truth: np.ndarray, score: np.ndarray) -> list[Interval | None]:
    """AUROC and what is caught at 1 %, or two blanks where a class has too few texts."""
    if min((truth == 0).sum(), (truth == 1).sum()) < FEWEST:
        return [None, None]
    return [bootstrap(truth, score, measure) for measure in (auroc, caught)]


def line(
    name: str, truth: np.ndarray, score: np.ndarray, probability: np.ndarray, threshold: float
) -> list[object]:
    """One row: name, texts of both classes, ranks, flagged of both at the shipped threshold, calibration error."""
    negative, positive = truth == 0, truth == 1
    flagged = probability >= threshold
    error = calibration_error(truth, probability) if min(negative.sum(), positive.sum()) >= FEWEST else None
    return [
        name, int(negative.sum()), int(positive.sum()), *ranks(truth, score),
        share(flagged[negative]), share(flagged[positive]), error,
    ]  # fmt: skip


def columns(first: str, negative: str, positive: str, threshold: float) -> list[list[str]]:
    """Names and units of the columns that `line` fills."""
    return [
        [first, "text"], [negative, "count"], [positive, "count"], ["AUROC", "number"], ["caught at 1 %", "share"],
        [f"{negative} at {threshold}", "share"], [f"{positive} at {threshold}", "share"], ["ECE", "number"],
    ]  # fmt: skip


class Results:
    """The tables of one lane, kept as JSON: what the page is rendered from."""

    def __init__(self) -> None:
        self.tables: list[dict[str, object]] = []

    def add(
        self, key: str, title: str, heads: list[list[str]], rows: list[list[object]], note: str = ""
    ) -> None:
        """Keep a table; `heads` are names and units (text, count, number, share)."""
        self.tables.append({"key": key, "title": title, "columns": heads, "rows": rows, "note": note})

    def write(self, file: Path) -> None:
        """One row a line, so that a change shows as a change of that row."""
        parts = []
        for table in self.tables:
            rows = ",\n".join("   " + json.dumps(row, ensure_ascii=False) for row in table["rows"])
            rest = [
                f"  {json.dumps(key)}: {json.dumps(table[key], ensure_ascii=False)}"
                for key in ("key", "title", "note", "columns")
            ]
            parts.append(" {\n" + ",\n".join(rest) + f',\n  "rows": [\n{rows}\n  ]\n }}')
        file.write_text("[\n" + ",\n".join(parts) + "\n]\n", "utf-8")
