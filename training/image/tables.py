"""The tables of the image models: from scores of pictures that each scoring model never saw, to `report.json`.

A generator is compared with the real sources that its own fold left out too (both unseen, one model), source by
source, and the mean over sources stands for it. Thresholds and calibration for a fold are set on the other folds.
Intervals are 95 %, by a seeded bootstrap of pictures within their source, the same draws for every model (paired).
"""

import numpy as np
from folds import FOLDS
from scores import VARIANTS

SEED = 20261123
ROUNDS = 200
RATE = 0.05  # false positives at which the share caught is told
# Of the worst real source's pictures that the shipped threshold lets through; of a stranger's fewer.
BAR_RATE = 0.055
SHARPER = 1.4  # factor on the fitted odds: on strangers they were found too near to one half
BINS = 10
STEPS = 30  # of Newton's method; ten are enough
SHRINK = 1e-6
BUCKETS = {  # pictures that are calibrated alike, and the variants that stand for them
    "high": ("original", "q90"),
    "low": ("q75",),
    "high_small": ("x0.75 q90", "x0.5 q90"),
    "low_small": ("x0.5 q75",),
}
BUCKET_OF = {variant: bucket for bucket, variants in BUCKETS.items() for variant in variants}
VARIANTS_OF = {variant: number for number, variant in enumerate(VARIANTS)}
LEAST = 20  # photographs of a generator below which no row of them is told

Rows = list[dict]


def auroc(real: np.ndarray, made: np.ndarray) -> float:
    """Chance that a generated picture scores above a real one; ties count half."""
    ordered = np.sort(real)
    return float(
        (np.searchsorted(ordered, made, "left") + np.searchsorted(ordered, made, "right")).mean()
        / 2
        / len(real)
    )


def caught(real: np.ndarray, made: np.ndarray, rate: float = RATE) -> float:
    """Share of generated pictures above the score that at most `rate` of the real ones exceed."""
    ordered = np.sort(real)
    return float((made > ordered[int(np.ceil(len(ordered) * (1 - rate))) - 1]).mean())


def fold_of(source: str) -> int:
    return next(number for number, pair in enumerate(FOLDS) if source in pair[0] | pair[1])


class Scores:
    """Scores by source and variant, with bootstrap draws that are the same whenever the pictures are."""

    def __init__(self, rows: Rows, *, photos: bool = False) -> None:
        keep = [row for row in rows if row["photo"]] if photos else rows
        self.sources = sorted({row["source"] for row in keep})
        self.truth = {row["source"]: row["truth"] for row in keep}
        self.values = {
            source: np.array([[row[name] for name in VARIANTS] for row in keep if row["source"] == source])
            for source in self.sources
        }

    def redrawn(self, draw: np.random.Generator) -> "Scores":
        """As many pictures of each source, drawn with replacement."""
        own = object.__new__(Scores)
        own.sources, own.truth = self.sources, self.truth
        own.values = {s: v[draw.integers(0, len(v), len(v))] for s, v in self.values.items()}
        return own

    def pairs(self, made: str, variant: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The real scores and the generator's, for each real source of its fold."""
        reals = sorted(FOLDS[fold_of(made)][0] & set(self.sources))
        return [(self.values[real][:, variant], self.values[made][:, variant]) for real in reals]

    def generators(self) -> list[str]:
        """Names of the generated sources."""
        return [source for source in self.sources if self.truth[source]]


def measured(scores: Scores, variant: int) -> dict[str, float]:
    """AUROC and share caught by generator, each the mean over its real sources; and their means."""
    found: dict[str, float] = {}
    for made in scores.generators():
        pairs = scores.pairs(made, variant)
        found[f"auroc {made}"] = float(np.mean([auroc(*pair) for pair in pairs]))
        found[f"caught {made}"] = float(np.mean([caught(*pair) for pair in pairs]))
    for kind in ("auroc", "caught"):
        found[f"{kind} macro"] = float(np.mean([v for k, v in found.items() if k.startswith(kind)]))
        found[f"{kind} worst"] = float(np.min([v for k, v in found.items() if k.startswith(kind)]))
    return found


def with_intervals(scores: Scores, variant: int) -> dict[str, list[float]]:
    draw = np.random.default_rng(SEED)
    many = [measured(scores.redrawn(draw), variant) for _ in range(ROUNDS)]
    point = measured(scores, variant)
    return {
        key: [round(float(v), 3) for v in (point[key], *np.percentile([m[key] for m in many], [2.5, 97.5]))]
        for key in point
    }


def advantage(scores: Scores, other: Scores, variant: int) -> list[float]:
    """Macro AUROC of the first less that of the second, on the same draws of pictures."""
    many = []
    for round_ in range(ROUNDS):
        pair = [s.redrawn(np.random.default_rng(SEED + round_)) for s in (scores, other)]
        many.append(measured(pair[0], variant)["auroc macro"] - measured(pair[1], variant)["auroc macro"])
    point = measured(scores, variant)["auroc macro"] - measured(other, variant)["auroc macro"]
    return [round(float(v), 3) for v in (point, *np.percentile(many, [2.5, 97.5]))]


def shipped_calibration(real: list[np.ndarray], made: list[np.ndarray]) -> tuple[float, float]:
    """`calibration`, a little steeper."""
    slope, offset = calibration(real, made)
    return SHARPER * slope, SHARPER * offset


def calibration(real: list[np.ndarray], made: list[np.ndarray]) -> tuple[float, float]:
    """Slope and offset of the logit at equal priors; every source weighs alike. Newton's method on the log loss."""
    values = np.concatenate([*real, *made])
    x = np.stack([values, np.ones_like(values)], 1)
    truth = np.concatenate([np.zeros(sum(map(len, real))), np.ones(sum(map(len, made)))])
    weight = np.concatenate(
        [np.full(len(g), 0.5 / len(g) / len(group)) for group in (real, made) for g in group]
    )
    found = np.zeros(2)
    for _ in range(STEPS):
        probability = 1 / (1 + np.exp(-x @ found))
        slope = x.T @ (weight * (truth - probability)) - SHRINK * found
        bend = (x * (weight * probability * (1 - probability))[:, None]).T @ x + SHRINK * np.eye(2)
        found = found + np.linalg.solve(bend, slope)
    return float(found[0]), float(found[1])


def threshold(real: list[np.ndarray], rate: float) -> float:
    """The score that a share `rate` of real pictures exceeds, every source weighing alike."""
    values = np.concatenate(real)
    weight = np.concatenate([np.full(len(group), 1 / len(group) / len(real)) for group in real])
    order = np.argsort(values)[::-1]
    return float(values[order][np.searchsorted(np.cumsum(weight[order]), rate)])


def expected_error(probability: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> float:
    """Expected calibration error over ten bins of equal width, classes weighing alike."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    return float(
        sum(abs((weight * (truth - probability))[bins == b].sum()) for b in range(BINS)) / weight.sum()
    )


def bar(real: list[np.ndarray], rate: float) -> float:
    """The score that at most a share `rate` of every real source exceeds: a stranger's photographs are like the worst."""
    return max(float(np.sort(group)[int(np.ceil(len(group) * (1 - rate))) - 1]) for group in real)


def transferred(scores: Scores, rate: float) -> dict[str, dict]:
    """What ships is set as here, but on all folds: each fold is judged by the bars and the calibration of the others.

    Returns:
        By variant: `false positives` by real source, `caught` by generator, both at the bar of the other folds' real
        sources in the variant's bucket; `calibration error`; and the mean over all real pictures and over generators.
    """
    return {
        variant: _transferred(scores, number, [VARIANTS_OF[v] for v in BUCKETS[BUCKET_OF[variant]]], rate)
        for number, variant in enumerate(VARIANTS)
    }


def _transferred(scores: Scores, variant: int, columns: list[int], rate: float) -> dict:
    wrong, caught, told = {}, {}, []
    for fold in FOLDS:
        inside = [s for s in scores.sources if s in fold[0] | fold[1]]
        others = [[scores.values[s][:, columns].ravel() for s in scores.sources
                   if s not in inside and s != "drawn" and scores.truth[s] == t] for t in (0, 1)]  # fmt: skip
        edge, (slope, offset) = bar(others[0], rate), shipped_calibration(*others)
        for source in inside:
            values, truth = scores.values[source][:, variant], scores.truth[source]
            (caught if truth else wrong)[source] = (round(float((values > edge).mean()), 3), len(values))
            weight = 1 / len(values) / sum(scores.truth[s] == truth for s in inside)
            told.append(
                np.stack(
                    [1 / (1 + np.exp(-slope * values - offset)), 0 * values + truth, 0 * values + weight]
                )
            )
    return {
        "false positives": {source: share for source, (share, _) in wrong.items()},
        "caught": {source: share for source, (share, _) in caught.items()},
        "of all real": round(sum(s * n for s, n in wrong.values()) / sum(n for _, n in wrong.values()), 3),
        "caught, mean": round(float(np.mean([share for share, _ in caught.values()])), 3),
        "calibration error": round(expected_error(*np.concatenate(told, 1)), 3),
    }


def table(rows: Rows, *, photos: bool = False) -> dict:
    scores = Scores(rows, photos=photos)
    if photos:
        scores.sources = [s for s in scores.sources if not scores.truth[s] or len(scores.values[s]) >= LEAST]
    found = {}
    for number, name in enumerate(VARIANTS):
        found[name] = {**with_intervals(scores, number)}
    if not photos:
        for name, part in transferred(scores, BAR_RATE).items():
            found[name]["transferred"] = part
    return found


def report(rows: Rows, baselines: dict[str, Rows]) -> dict:
    """Everything that the page shows."""
    found = {"model": table(rows), "photographs alone": table(rows, photos=True), "baselines": {}}
    for name, own in baselines.items():
        other, ours = Scores(own), Scores(rows)
        found["baselines"][name] = {
            **{variant: with_intervals(other, n) for n, variant in enumerate(VARIANTS)},
            "behind the model by": {variant: advantage(ours, other, n) for n, variant in enumerate(VARIANTS)},
        }
    return found
