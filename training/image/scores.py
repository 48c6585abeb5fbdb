"""Scores of ONNX models over the corpus and its variants, kept in a file.

    python scores.py --data DATA --packages FOLDER --models FOLD0.onnx ... FOLD3.onnx --out SCORES.json [--each 60]

Of several models, the one in place K scores only what fold K left out: tables are made of such scores alone. One model
scores everything.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from corpus import Picture, pictures
from folds import FOLDS
from history import compressed, scaled
from PIL import Image

SIDE = 256  # px, the models' input
SHARES = (0.5, 0.4)  # of the logits of places and of the whole in what ships
VARIANTS = {  # name -> scale, JPEG quality
    "original": (1.0, None),
    "q90": (1.0, 90),
    "q75": (1.0, 75),
    "x0.75 q90": (0.75, 90),
    "x0.5 q90": (0.5, 90),
    "x0.5 q75": (0.5, 75),
}


def variant(pixels: np.ndarray, name: str) -> np.ndarray:
    """The picture after the variant's resize and save, (height, width, 3) uint8."""
    factor, quality = VARIANTS[name]
    picture = Image.fromarray(pixels)
    picture = picture if factor == 1 else scaled(picture, factor)
    return np.asarray(compressed(picture, quality) if quality else picture)


def cropped(pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The middle `side` x `side` px; a smaller picture is mirrored at its right and lower edge until it fills it."""
    height, width = pixels.shape[:2]
    pixels = np.pad(pixels, [(0, max(0, side - height)), (0, max(0, side - width)), (0, 0)], mode="symmetric")
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]


class Model:
    """An ONNX model on one thread."""

    def __init__(self, path: Path) -> None:
        own = onnxruntime.SessionOptions()
        own.intra_op_num_threads = own.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, own, providers=["CPUExecutionProvider"])
        self.side = self.session.get_inputs()[0].shape[2]

    def logit(self, pixels: np.ndarray) -> float:
        """The logit of the middle crop of a (height, width, 3) uint8 picture."""
        crop = cropped(pixels, self.side).astype(np.float32).transpose(2, 0, 1)[None] / 255
        return float(self.session.run(["logit"], {"pixels": crop})[0][0])


def left_out(found: list[Picture], fold: int | None, each: int | None) -> list[Picture]:
    """What the fold never saw, about `each` of a source; of photographs and others in a source, as many again."""
    sources = set().union(*FOLDS[fold]) if fold is not None else None
    kept: dict[tuple[str, bool], list[Picture]] = {}
    for picture in found:
        if sources is None or picture.source in sources:
            kept.setdefault((picture.source, picture.photo), []).append(picture)
    return [
        picture
        for group in kept.values()
        for picture in (group if each is None else group[:: max(1, len(group) // each)])
    ]


def scored(found: list[Picture], models: list[Path], each: int | None) -> list[dict]:
    """One row a picture, with its logit for every variant."""
    rows = []
    for fold, path in enumerate(models):
        model = Model(path)
        for p in left_out(found, fold if len(models) > 1 else None, each):
            logits = {name: round(model.logit(variant(p.pixels, name)), 4) for name in VARIANTS}
            rows.append({"name": p.name, "source": p.source, "truth": p.truth, "photo": p.photo, **logits})
    return rows


def joined(places: list[dict], whole: list[dict], shares: tuple[float, float] = SHARES) -> list[dict]:
    """Scores of what ships: those of places and of the whole, weighed; of the same pictures, in the same order."""
    other = {row["name"]: row for row in whole}
    return [
        row
        | {name: round(shares[0] * row[name] + shares[1] * other[row["name"]][name], 4) for name in VARIANTS}
        for row in places
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--each", type=int)
    options = parser.parse_args()
    rows = scored(pictures(options.data, options.packages), options.models, options.each)
    options.out.write_text(json.dumps(rows, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
