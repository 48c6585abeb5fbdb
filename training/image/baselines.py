"""Scores of hand-made features, by the same folds and on the same pictures as the model: written as `scores.py` does.

    python baselines.py --data DATA --packages FOLDER --out baselines/handmade.json [--each 70]

32 radii of the log spectrum of the luma's noise residual, and moments of the residual, with logistic regression on genuine
pictures (original and q75), real and generated weighing alike. The other baseline is `probe.py`'s.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from corpus import Picture, pictures
from folds import FOLDS
from PIL import Image, ImageFilter
from scores import VARIANTS, cropped, left_out, variant
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

SIDE = 224  # px
RADII = 32
SEEN = ("original", "q75")  # variants that are learnt from


def handmade(pixels: np.ndarray) -> np.ndarray:
    """(36,) float32."""
    luma = Image.fromarray(cropped(pixels, SIDE)).convert("L")
    residual = np.asarray(luma, np.float32) - np.asarray(luma.filter(ImageFilter.MedianFilter(3)), np.float32)
    power = np.abs(np.fft.fftshift(np.fft.fft2(residual * np.outer(np.hanning(SIDE), np.hanning(SIDE))))) ** 2
    down, across = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    radius = np.minimum(np.hypot(down, across) / (SIDE / 2) * RADII, RADII - 1).astype(int).ravel()
    spectrum = np.log(np.bincount(radius, power.ravel(), RADII) / np.bincount(radius, minlength=RADII) + 1e-3)
    spread = residual.std() + 1e-3
    moments = [
        np.log(spread),
        ((residual / spread) ** 3).mean(),
        np.log(((residual / spread) ** 4).mean() + 1),
        np.abs(residual).mean() / spread,
    ]
    return np.float32([*(spectrum - spectrum.mean()), *moments])


def regression(x: np.ndarray, truth: np.ndarray) -> tuple[StandardScaler, LogisticRegression]:
    """Features made alike, and the regression on them; real and generated weigh alike."""
    scale = StandardScaler().fit(x)
    own = LogisticRegression(C=0.01, class_weight="balanced", max_iter=300)
    return scale, own.fit(scale.transform(x), truth)


def judged(found: list[Picture], each: int | None) -> list[dict]:
    """Rows of scores; each picture is scored by the regression whose fold left its source out."""
    truth, source = np.array([p.truth for p in found]), np.array([p.source for p in found])
    features = {name: np.stack([handmade(variant(p.pixels, name)) for p in found]) for name in SEEN}
    rows = []
    for fold, (real, made) in enumerate(FOLDS):
        kept = ~np.isin(source, sorted(real | made))
        x, y = np.concatenate([features[name][kept] for name in SEEN]), np.tile(truth[kept], len(SEEN))
        scale, own = regression(x, y)
        for p in left_out(found, fold, each):
            values = own.decision_function(
                scale.transform(np.stack([handmade(variant(p.pixels, name)) for name in VARIANTS]))
            )
            logits = dict(zip(VARIANTS, (round(float(v), 4) for v in values), strict=True))
            rows.append({"name": p.name, "source": p.source, "truth": p.truth, "photo": p.photo, **logits})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--each", type=int)
    options = parser.parse_args()
    found = pictures(options.data, options.packages)
    options.out.write_text(json.dumps(judged(found, options.each), indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
