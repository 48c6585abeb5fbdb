"""Regressions on what the frozen network sees (`features.py`): one for each fold and one on all.

    python probe.py --work WORK --out folds/heads.npz --baseline baselines/frozen.json

Each depth has a regression of its own, real and generated weighing alike, and within them source by source; generated
pictures that are no photographs weigh less. Their mean is one row of numbers, for it is linear in what is seen: `coef` (5,
features) and `offset` (5,), folds 0 to 3 first, then all. The baseline is the last depth alone, learnt from pictures as they
are: what a packaged EfficientNet-Lite0 and a regression come to.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from features import GROUPS, WIDTHS
from folds import FOLDS
from scores import VARIANTS
from torch import nn

PENALTY = 0.003
EVEN = 0.75  # 1: sources of a class weigh alike; 0: as many pictures as they have
UNPHOTO = 0.3  # weight of generated pictures that are no photographs, against 1
COLLAGE = {"sd_art_512collage"}  # learnt from by nobody
BASELINE = "whole.top"
STEPS = 60


def weights(source: np.ndarray, truth: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Half for either class, and within a class nearly the same for each source."""
    found = np.zeros(len(truth))
    for value in (0, 1):
        for one in np.unique(source[truth == value]):
            chosen = (source == one) & (truth == value)
            own = np.where(photo[chosen] | (value == 0), 1.0, UNPHOTO)
            found[chosen] = own / own.sum() ** EVEN
        found[truth == value] *= 0.5 / found[truth == value].sum()
    return found


def regression(x: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Slopes and offset for features as they are; the penalty is on standardised ones."""
    mean = weight @ x
    spread = np.sqrt(weight @ (x - mean) ** 2) + 1e-4
    seen, wanted, share = (
        torch.from_numpy(v.astype(np.float32)) for v in ((x - mean) / spread, truth, weight)
    )
    slope, offset = torch.zeros(x.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([slope, offset], max_iter=STEPS, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        optimiser.zero_grad()
        entropy = nn.functional.binary_cross_entropy_with_logits(
            seen @ slope + offset, wanted, reduction="none"
        )
        error = (entropy * share).sum() + PENALTY * (slope * slope).sum()
        error.backward()
        return error

    optimiser.step(cost)
    own = slope.detach().numpy() / spread
    return own, float(offset.detach()) - float(mean @ own)


class Views:
    """Views of every picture, and what is known of each."""

    def __init__(self, folder: Path, kinds: list[str], names: list[str]) -> None:
        parts = [np.load(folder / f"{name}.npz") for name in names]
        self.x = np.concatenate([np.concatenate([p[k] for k in kinds], 1) for p in parts]).astype(np.float32)
        self.source, self.truth, self.photo = (
            np.tile(parts[0][key], len(parts)) for key in ("source", "truth", "photo")
        )

    def learnt(self, columns: slice, fold: int | None) -> tuple[np.ndarray, float]:
        """A regression on some columns, without a fold's sources."""
        out = COLLAGE | (set().union(*FOLDS[fold]) if fold is not None else set())
        kept = ~np.isin(self.source, sorted(out))
        share = weights(self.source[kept], self.truth[kept], self.photo[kept])
        return regression(self.x[kept][:, columns], self.truth[kept], share)


def summed(views: Views, columns: dict[str, slice], fold: int | None) -> tuple[np.ndarray, float]:
    """The mean of the groups' regressions, as one."""
    coef, offset = np.zeros(views.x.shape[1]), 0.0
    for part in columns.values():
        slope, constant = views.learnt(part, fold)
        coef[part] += slope / len(columns)
        offset += constant / len(columns)
    return coef, offset


def baseline(folder: Path) -> list[dict]:
    """Held-out scores of the last depth alone."""
    views = Views(folder, [BASELINE], ["original"])
    about = np.load(folder / "original.npz")
    known = {str(name): n for n, name in enumerate(about["name"])}
    seen = {name: np.load(folder / f"variant {name}.npz") for name in VARIANTS}
    rows = []
    for fold, both in enumerate(FOLDS):
        slope, offset = views.learnt(slice(None), fold)
        logits = {name: part[BASELINE].astype(np.float32) @ slope + offset for name, part in seen.items()}
        for place, name in enumerate(seen["original"]["name"]):
            n = known[str(name)]
            if about["source"][n] in both[0] | both[1]:
                own = {variant: round(float(logits[variant][place]), 4) for variant in VARIANTS}
                rows.append({"name": str(name), "source": str(about["source"][n]), "truth": int(about["truth"][n]),
                             "photo": bool(about["photo"][n]), **own})  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--work", "--out", "--baseline"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = options.work / "features"
    columns, at = {}, 0
    for name, group in GROUPS.items():
        width = sum(WIDTHS[kind.partition(".")[2]] for kind in group)
        columns[name] = slice(at, at + width)
        at += width
    names = ["original", *(path.stem for path in sorted(folder.glob("history*.npz")))]
    views = Views(folder, [kind for group in GROUPS.values() for kind in group], names)
    found = [summed(views, columns, fold) for fold in (*range(len(FOLDS)), None)]
    np.savez_compressed(
        options.out, coef=np.float32([f[0] for f in found]), offset=np.float32([f[1] for f in found])
    )
    options.baseline.write_text(json.dumps(baseline(folder), indent=0), encoding="utf-8")
    print(f"{views.x.shape[0]} views of {views.x.shape[1]} features")


if __name__ == "__main__":
    main()
