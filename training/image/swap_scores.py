"""Scores and figures of the pasted-face network on people that it never saw, and the table for the run time.

    python swap_scores.py --work WORK --weights swap_0.pt swap_1.pt ... --out swap_report.json --table image_swap.toml

Fold K's network judges fold K's people: their own pictures, and two manipulations of them: `blended` (as in training) and
`exchanged` (another person's face laid in, colours fitted: no training picture was made so). No output of a real swap
tool was at hand.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from history import compressed, scaled
from network import Network
from PIL import Image
from swap_bank import SIDE, Faces
from swaps import MARGIN, blended, exchanged, upright
from tables import ROUNDS, SEED, auroc, calibration, caught, expected_error, threshold

VARIANTS = {"original": (1.0, None), "q90": (1.0, 90), "q75": (1.0, 75), "x0.5 q90": (0.5, 90)}
KINDS = ("real", "blended", "exchanged")
RATE = 0.03
Scores = dict[str, dict[str, np.ndarray]]  # variant -> kind -> logits


def seen(face: np.ndarray, name: str) -> np.ndarray:
    """The judged square of an aligned face after a variant, (SIDE, SIDE, 3) uint8."""
    factor, quality = VARIANTS[name]
    picture = Image.fromarray(face)
    picture = picture if factor == 1 else scaled(picture, factor)
    picture = compressed(picture, quality) if quality else picture
    return np.asarray(upright(picture, SIDE))


def manipulated(faces: Faces, fold: int) -> dict[str, list[np.ndarray]]:
    draw, found = np.random.default_rng(9), {kind: [] for kind in KINDS}
    apart = [picture for picture in faces.all if faces.fold[picture.name] == fold]
    for number, picture in enumerate(apart):
        face, other = picture.pixels, apart[(number + 1) % len(apart)].pixels
        found["real"].append(face)
        found["blended"].append(blended(draw, face)[0])
        found["exchanged"].append(exchanged(draw, face, other))
    return found


def judged(network: Network, pictures: list[np.ndarray], variant: str) -> np.ndarray:
    pixels = (
        torch.from_numpy(np.stack([seen(face, variant) for face in pictures])).permute(0, 3, 1, 2).float()
        / 255
    )
    with torch.inference_mode():
        return torch.cat([network(part)[0] for part in pixels.split(16)]).numpy()


def scored(work: Path, weights: list[Path]) -> list[Scores]:
    found = []
    for fold, path in enumerate(weights):
        network = Network().eval()
        network.load_state_dict(torch.load(path))
        pictures = manipulated(Faces(work), fold)
        found.append(
            {v: {k: judged(network, faces, v) for k, faces in pictures.items() if faces} for v in VARIANTS}
        )
    return found


def joined(scores: list[Scores], variant: str, kind: str) -> np.ndarray:
    return np.concatenate([one[variant][kind] for one in scores if kind in one[variant]])


def figures(scores: list[Scores]) -> dict:
    draw, found = np.random.default_rng(SEED), {}
    for variant in VARIANTS:
        real = joined(scores, variant, "real")
        for kind in KINDS[1:]:
            made = joined(scores, variant, kind)
            many = [auroc(draw.choice(real, len(real)), draw.choice(made, len(made))) for _ in range(ROUNDS)]
            found[f"{kind}, {variant}"] = {
                "auroc": [round(float(v), 3) for v in (auroc(real, made), *np.percentile(many, [2.5, 97.5]))],
                "caught at 5 %": round(caught(real, made), 3), "pictures": [len(real), len(made)],
            }  # fmt: skip
        if len(scores) > 1:
            found[f"transfer, {variant}"] = transfer(scores, variant)
    return found


def transfer(scores: list[Scores], variant: str) -> dict[str, float]:
    """False positives and calibration error when each fold is judged by what the others set."""
    wrong, probability, truth = [], [], []
    for fold in range(len(scores)):
        others = [one for n, one in enumerate(scores) if n != fold]
        real, made = joined(others, variant, "real"), joined(others, variant, "exchanged")
        slope, offset = calibration([real], [made])
        edge = threshold([real], RATE)
        own = scores[fold][variant]
        wrong.append((own["real"] > edge).mean())
        for kind, value in (("real", 0), ("exchanged", 1)):
            probability.append(1 / (1 + np.exp(-slope * own[kind] - offset)))
            truth.append(np.full(len(own[kind]), value))
    flat = np.concatenate(truth)
    error = expected_error(np.concatenate(probability), flat, np.ones(len(flat)))
    return {"false positives": round(float(np.mean(wrong)), 3), "calibration error": round(error, 3)}


TABLE = """# Written by training/image/swap_scores.py; measured and explained in training/image/NOTES.md.

size = {side}           # px a side of the network's input `pixels`, float32 (N, 3, size, size), RGB, 0..1
margin = {margin}         # around the face as `detectors/image/upright.py` cuts it
least_face = 72      # px
least_quality = 60   # nothing below was learnt from
unlikely = 0.4
likely = {likely:.4f}
"""
SCALE = """
[[calibration]]
quality = [{low}, {high}]
face = [72, 100000]
slope = {slope:.4f}
offset = {offset:.4f}
name = "{name}"
zh = "{zh}"
"""
BUCKETS = (
    (83, 100, ("original", "q90", "x0.5 q90"), "little compressed", "压缩较轻"),
    (60, 100, ("q75",), "compressed", "压缩较重"),
)


def table(scores: list[Scores]) -> str:
    """Slopes by quality; `likely` so high that in no bucket more than 3 % of real faces reach it."""
    parts, likely = [], 0.6
    for low, high, columns, name, zh in BUCKETS:
        real = [joined(scores, v, "real") for v in columns]
        slope, offset = calibration(real, [joined(scores, v, "exchanged") for v in columns])
        odds = slope * max(threshold([r], RATE) for r in real) + offset
        likely = max(likely, float(1 / (1 + np.exp(-odds))))
        parts.append(SCALE.format(low=low, high=high, slope=slope, offset=offset, name=name, zh=zh))
    return TABLE.format(side=SIDE, margin=MARGIN, likely=likely) + "".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    scores = scored(options.work, options.weights)
    options.out.write_text(json.dumps(figures(scores), indent=1) + "\n", encoding="utf-8")
    options.table.write_text(table(scores), encoding="utf-8")


if __name__ == "__main__":
    main()
