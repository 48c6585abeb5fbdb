"""Held-out scores of both voices over the corpus and its variants, kept in a file.

    python scores.py --data DATA --packages FOLDER --shipped image_generated.onnx --out SCORES.json [--each 60]

`folds/foldK.onnx` and regression K of `folds/heads.npz` score only what fold K left out: tables are made of such scores alone.
The frozen network is in every fold the same, so its features come from the file that ships.
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

HERE = Path(__file__).parent
SIDE = 256  # px, the models' input
SHARES = (0.3, 1.0)  # of the logits of places and of the frozen voice in what ships
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

    def said(self, crop: np.ndarray, output: str) -> np.ndarray:
        """One output for one (side, side, 3) uint8 crop."""
        pixels = crop.astype(np.float32).transpose(2, 0, 1)[None] / 255
        return self.session.run([output], {"pixels": pixels})[0][0]


def left_out(found: list[Picture], fold: int, each: int | None) -> list[Picture]:
    """What the fold never saw, about `each` of a source; of photographs and others in a source, as many again."""
    sources = set().union(*FOLDS[fold])
    kept: dict[tuple[str, bool], list[Picture]] = {}
    for picture in found:
        if picture.source in sources:
            kept.setdefault((picture.source, picture.photo), []).append(picture)
    return [
        picture
        for group in kept.values()
        for picture in (group if each is None else group[:: max(1, len(group) // each)])
    ]


def scored(found: list[Picture], shipped: Path, each: int | None) -> dict[str, list[dict]]:
    """Rows of each voice, one a picture, with its logit for every variant."""
    frozen, heads = Model(shipped), np.load(HERE / "folds" / "heads.npz")
    voices: dict[str, list[dict]] = {"places": [], "frozen": []}
    for fold in range(len(FOLDS)):
        places = Model(HERE / "folds" / f"fold{fold}.onnx")
        coef, offset = heads["coef"][fold], float(heads["offset"][fold])
        for p in left_out(found, fold, each):
            about = {"name": p.name, "source": p.source, "truth": p.truth, "photo": p.photo}
            crops = {name: cropped(variant(p.pixels, name), frozen.side) for name in VARIANTS}
            own = {name: float(places.said(crop, "logit")) for name, crop in crops.items()}
            other = {name: float(frozen.said(crop, "seen") @ coef) + offset for name, crop in crops.items()}
            for voice, logits in (("places", own), ("frozen", other)):
                voices[voice].append(about | {name: round(value, 4) for name, value in logits.items()})
    return voices


def joined(voices: dict[str, list[dict]], shares: tuple[float, float] = SHARES) -> list[dict]:
    """Scores of what ships: those of both voices, weighed."""
    return [
        one | {name: round(shares[0] * one[name] + shares[1] * other[name], 4) for name in VARIANTS}
        for one, other in zip(voices["places"], voices["frozen"], strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--shipped", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--each", type=int)
    options = parser.parse_args()
    voices = scored(pictures(options.data, options.packages), options.shipped, options.each)
    options.out.write_text(json.dumps(voices, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
