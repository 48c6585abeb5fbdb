"""The bank for pasted faces: real faces, and the same faces with a changed copy or an autoencoder's laid in.

    python swap_bank.py --work WORK --chunks 11

Faces are `ffhq1024`'s, cut to the square that `swaps.py` names and resized to 192 px, the one resize of the models
(faces come in all sizes). A sample's source is `people0` to `people3`, its
person's fold, so that `train.py --without people0` never meets those. Same form of chunk as `bank.py`.
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
from swaps import blended, upright

SIDE = 192  # px
FOLDS = 4


class Faces:
    """Aligned faces, each with the number of its fold."""

    def __init__(self, work: Path) -> None:
        corpus = torch.load(work / "corpus.pt", weights_only=False)
        self.all = [p for p in corpus if p.source == "ffhq1024"]
        self.fold = {picture.name: n % FOLDS for n, picture in enumerate(self.all)}
        self.made = {
            name: kinds["tae"]
            for name, kinds in stored(work).items()
            if "real" not in kinds and "tae" in kinds
        }


def history(draw: np.random.Generator) -> list[Step]:
    """Size, look, saves and the cut, the same for a face and what was made from it."""
    size, small = float(draw.uniform(0.5, 1.0)), draw.random() < 0.5
    light, flip = float(draw.uniform(0.8, 1.2)), draw.random() < 0.5
    quality, again = int(draw.integers(65, 97)), int(draw.integers(65, 97))
    turn, grow = float(draw.normal(0, 0.03)), float(draw.uniform(0.9, 1.05))
    across, down = (float(v) for v in draw.normal(0, 0.015, 2))
    steps = [Step(lambda p: scaled(p, size), moves=True)] if small else []
    steps += [
        Step(lambda p: ImageEnhance.Brightness(p).enhance(light)),
        Step(lambda p: compressed(p, quality)),
    ]
    if draw.random() < 0.3:
        steps.append(Step(lambda p: compressed(p, again)))
    steps.append(Step(lambda p: upright(p, SIDE, turn, grow, (across, down)), moves=True))
    return (
        [*steps, Step(lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT), moves=True)] if flip else steps
    )


def pair(draw: np.random.Generator, faces: Faces, number: int) -> list[Sample]:
    picture = faces.all[int(draw.integers(len(faces.all)))]
    source = f"people{faces.fold[picture.name]}"
    made = faces.made.get(picture.name) if draw.random() < 0.4 else None
    face = picture.pixels if made is None else picture.pixels[: made.shape[0], : made.shape[1]]
    fake, mask = blended(draw, face, made)
    steps = history(draw)
    shade = Image.fromarray((mask * 255).astype(np.uint8)).convert("RGB")
    places = (
        np.asarray(lived(shade, steps, moved_only=True))[:, :, 0]
        .reshape(SIDE // 16, 16, SIDE // 16, 16)
        .mean((1, 3))
        / 255
    )
    places = places.astype(np.float32)
    return [Sample(np.asarray(lived(Image.fromarray(face), steps)), 0 * places, source, "real", number),
            Sample(np.asarray(lived(Image.fromarray(fake), steps)), places, source, "blended", number)]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=11)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = Network().eval().to(memory_format=torch.channels_last)
    faces, folder = Faces(options.work), options.work / "swap_bank"
    folder.mkdir(exist_ok=True)
    for number in range(options.first, options.first + options.chunks):
        draw = np.random.default_rng(500 + number)
        samples = [s for n in range(CHUNK // 2) for s in pair(draw, faces, number * CHUNK + n)]
        torch.save({"early": early(network, samples), "places": torch.from_numpy(np.stack([s.places for s in samples])),
                    "source": [s.source for s in samples], "kind": [s.kind for s in samples], "pair": [s.pair for s in samples]},
                   folder / f"{number:03d}.pt")  # fmt: skip
        print(number, f"{time.process_time():.0f} CPU s", time.strftime("%H:%M:%S"), flush=True)


if __name__ == "__main__":
    main()
