"""The bank for pasted faces: real faces, and the same faces with a changed copy or an autoencoder's laid in.

    python swap_bank.py --work WORK --chunks 10 [--fold K]

Faces are `ffhq1024`'s, cut to the square that `swaps.py` names and resized to 160 px, the one resize of the models
(faces come in all sizes). Of five folds by person, one is left out of learning. Same form of chunk as `bank.py`.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from bank import CHUNK, Sample, early, stored
from history import Step, compressed, lived, scaled
from network import Network
from PIL import Image, ImageEnhance
from swaps import blended, square

SIDE = 160  # px
FOLDS = 5


class Faces:
    """Aligned faces; those of one fold apart."""

    def __init__(self, work: Path, fold: int | None) -> None:
        found = [p for p in torch.load(work / "corpus.pt", weights_only=False) if p.source == "ffhq1024"]
        self.learnt = [p for n, p in enumerate(found) if fold is None or n % FOLDS != fold]
        self.apart = [p for n, p in enumerate(found) if fold is not None and n % FOLDS == fold]
        self.made = {
            name: kinds["tae"]
            for name, kinds in stored(work).items()
            if "real" not in kinds and "tae" in kinds
        }


def history(draw: np.random.Generator, face: np.ndarray) -> list[Step]:
    """Cut, look and saves, the same for a face and what was made from it."""
    size = float(draw.uniform(0.45, 1.0))
    left, top, right, bottom = square(face)
    shift = draw.uniform(-0.06, 0.06, 2) * face.shape[0]
    grow = draw.uniform(-0.06, 0.08) * face.shape[0]
    box = (max(0, left + shift[0] - grow), max(0, top + shift[1] - grow),
           min(face.shape[1], right + shift[0] + grow), min(face.shape[0], bottom + shift[1] + grow))  # fmt: skip
    light, flip = float(draw.uniform(0.8, 1.2)), draw.random() < 0.5
    qualities = [int(q) for q in draw.integers(60, 97, 2)]
    twice, small = draw.random() < 0.4, draw.random() < 0.6
    steps = [Step(lambda p: scaled(p, size), moves=True)] if small else []

    def cut(picture: Image.Image) -> Image.Image:
        ratio = picture.size[0] / face.shape[1]
        own = tuple(max(0, min(edge * ratio, picture.size[n % 2])) for n, edge in enumerate(box))
        return picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR, own)

    steps += [
        Step(lambda p: ImageEnhance.Brightness(p).enhance(light)),
        Step(lambda p: compressed(p, qualities[0])),
    ]
    steps += [Step(cut, moves=True)]
    steps += [Step(lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT), moves=True)] if flip else []
    return [*steps, Step(lambda p: compressed(p, qualities[1]))] if twice else steps


def pair(draw: np.random.Generator, faces: Faces, number: int) -> list[Sample]:
    picture = faces.learnt[int(draw.integers(len(faces.learnt)))]
    made = faces.made.get(picture.name) if draw.random() < 0.4 else None
    face = picture.pixels if made is None else picture.pixels[: made.shape[0], : made.shape[1]]
    fake, mask = blended(draw, face, made)
    steps = history(draw, face)
    shade = Image.fromarray((mask * 255).astype(np.uint8)).convert("RGB")
    places = (
        np.asarray(lived(shade, steps, moved_only=True))[:, :, 0]
        .reshape(SIDE // 16, 16, SIDE // 16, 16)
        .mean((1, 3))
        / 255
    )
    places = places.astype(np.float32)
    return [Sample(np.asarray(lived(Image.fromarray(face), steps)), 0 * places, "ffhq1024", "real", number),
            Sample(np.asarray(lived(Image.fromarray(fake), steps)), places, "ffhq1024", "blended", number)]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=10)
    parser.add_argument("--fold", type=int)
    parser.add_argument("--bank", default="swap_bank")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = Network().eval().to(memory_format=torch.channels_last)
    faces, folder = Faces(options.work, options.fold), options.work / options.bank
    folder.mkdir(exist_ok=True)
    for number in range(options.chunks):
        draw = np.random.default_rng(500 + number)
        samples = [s for n in range(CHUNK // 2) for s in pair(draw, faces, number * CHUNK + n)]
        torch.save({"early": early(network, samples), "places": torch.from_numpy(np.stack([s.places for s in samples])),
                    "source": [s.source for s in samples], "kind": [s.kind for s in samples], "pair": [s.pair for s in samples]},
                   folder / f"{number:03d}.pt")  # fmt: skip
        print(number, f"{time.process_time():.0f} CPU s", time.strftime("%H:%M:%S"), flush=True)


if __name__ == "__main__":
    main()
