"""Scores of one ONNX model over the corpus and its variants, kept in a file.

    python scores.py --data DATA --packages FOLDER --model MODEL.onnx --out SCORES.json [--fold K] [--each 60]

With a fold, only what the fold left out is scored: such scores are the ones that tables are made of.
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
    """What the fold never saw, at most `each` of a source."""
    sources = set().union(*FOLDS[fold]) if fold is not None else None
    kept: dict[str, list[Picture]] = {}
    for picture in found:
        if sources is None or picture.source in sources:
            kept.setdefault(picture.source, []).append(picture)
    return [
        picture
        for group in kept.values()
        for picture in (group if each is None else group[:: max(1, len(group) // each)])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--model", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--fold", type=int)
    parser.add_argument("--each", type=int)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    options = parser.parse_args()
    model = Model(options.model)
    chosen = left_out(pictures(options.data, options.packages), options.fold, options.each)
    rows = [
        {"name": p.name, "source": p.source, "truth": p.truth, "photo": p.photo,
         **{name: round(model.logit(variant(p.pixels, name)), 4) for name in options.variants.split(",")}}
        for p in chosen
    ]  # fmt: skip
    options.out.write_text(json.dumps(rows, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
