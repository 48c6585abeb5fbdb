"""Makes the bank that models are trained from: pictures with a history each, and what the frozen first stages see.

    python bank.py --work WORK --chunks 20 [--side 160]

Decoding, histories and the early stages cost most of the time of training; done once, all folds share them. A chunk
holds pairs (a real photograph and a fake of it, the same history) and genuine generated pictures beside other real
ones, half and half of both. WORK/corpus.pkl and WORK/fakes/*.pt come first (`prepare.py`).
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from corpus import Picture
from fakes import varied
from history import compressed, drawn, lived
from network import EARLY, Network
from PIL import Image

SIDE = 160  # px, crops; the network takes any multiple of 32
CHUNK = 240  # samples
GENUINE = 0.4  # share of samples that are no pair
UNPHOTO = 0.2  # weight of generated pictures that are no photographs, against 1
SHARES = {
    "web_gpt4o_nanobanana": 4,
    "ffhq1024": 2,
    "portraits": 2,
    "templates": 2,
}  # draws for one draw of any other source: today's generators, faces
COLLAGE = {"sd_art_512collage"}  # illustrations pasted together: learnt from by nobody
BATCH = 24


class Sample(NamedTuple):
    """One picture to learn from."""

    pixels: np.ndarray  # (side, side, 3) uint8
    places: np.ndarray  # (side/16, side/16) float32, how much of the place is fake
    source: str
    kind: str  # real, or which fake
    pair: int  # number of the pair, -1 without


class Sampler:
    """Samples in which sources are alike often, and fakes stand beside the photographs that they were made from."""

    def __init__(self, work: Path, seed: int, side: int = SIDE) -> None:
        self.draw, self.side = np.random.default_rng(seed), side
        pictures = [p for p in torch.load(work / "corpus.pt", weights_only=False) if p.source not in COLLAGE]
        self.pixels = {p.name: p.pixels for p in pictures}
        self.fakes = stored(work)
        self.real = _by_source([p for p in pictures if not p.truth])
        self.paired = _by_source([p for p in pictures if p.name in self.fakes])
        self.made = _by_source([p for p in pictures if p.truth])
        self.photo = {p.name for p in pictures if p.photo}

    def samples(self, count: int, begin: int) -> list[Sample]:
        """`count` samples or one more; pairs are numbered from `begin` on."""
        found: list[Sample] = []
        while len(found) < count:
            found += self._genuine() if self.draw.random() < GENUINE else self._pair(begin + len(found))
        return found

    def _pair(self, number: int) -> list[Sample]:
        source, name = self._one(self.paired)
        kinds = self.fakes[name]
        kind = str(self.draw.choice(sorted(kinds.keys() - {"real"})))
        real = kinds.get("real", self.pixels[name])
        fake, where = varied(self.draw, real, kinds[kind])
        steps = drawn(self.draw, real.shape[1::-1], self.side)
        made = Image.fromarray(fake)
        if (
            self.draw.random() < 0.75
        ):  # the real one was saved as JPEG before; most generated ones meet one too
            made = compressed(made, int(self.draw.integers(88, 97)), int(self.draw.choice([0, 2])))
        mask = Image.fromarray((where * 255).astype(np.uint8)).convert("RGB")
        share = np.asarray(lived(mask, steps, moved_only=True))[:, :, 0]
        none = np.zeros_like(share)
        return [Sample(np.asarray(lived(Image.fromarray(real), steps)), self._places(none), source, "real", number),
                Sample(np.asarray(lived(made, steps)), self._places(share), source, kind, number)]  # fmt: skip

    def _genuine(self) -> list[Sample]:
        found = []
        for truth, group in ((0, self.real), (255, self.made)):
            source, name = self._one(group, photo=bool(truth))
            steps = drawn(self.draw, self.pixels[name].shape[1::-1], self.side)
            seen = np.asarray(lived(Image.fromarray(self.pixels[name]), steps))
            places = self._places(np.full((self.side, self.side), truth))
            found.append(Sample(seen, places, source, "genuine" if truth else "real", -1))
        return found

    def _one(self, group: dict[str, list[str]], *, photo: bool = False) -> tuple[str, str]:
        while True:
            sources = sorted(group)
            shares = np.array([SHARES.get(source, 1) for source in sources], float)
            source = str(self.draw.choice(sources, p=shares / shares.sum()))
            name = group[source][int(self.draw.integers(len(group[source])))]
            if not photo or name in self.photo or self.draw.random() < UNPHOTO:
                return source, name

    def _places(self, mask: np.ndarray) -> np.ndarray:
        grid = self.side // 16
        return mask.reshape(grid, 16, grid, 16).mean((1, 3)).astype(np.float32) / 255


def stored(work: Path) -> dict[str, dict[str, np.ndarray]]:
    """Fakes by picture and kind; `real` is the part of the picture that they were made from, if not all of it."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for path in sorted((work / "fakes").glob("*.pt")):
        for name, made in torch.load(path).items():
            found.setdefault(name, {}).update({k: v.numpy() for k, v in made.items() if k != "lat"})
    return found


def _by_source(pictures: list[Picture]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for picture in pictures:
        found.setdefault(picture.source, []).append(picture.name)
    return found


def early(network: Network, samples: list[Sample]) -> torch.Tensor:
    """(N, 40, side/8, side/8) float16: what leaves the frozen stages."""
    pixels = torch.from_numpy(np.stack([s.pixels for s in samples])).permute(0, 3, 1, 2)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        parts = [
            network.early(part.float().div(255).contiguous(memory_format=torch.channels_last))
            for part in pixels.split(BATCH)
        ]
    return torch.cat(parts).half()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--side", type=int, default=SIDE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = Network().eval().to(memory_format=torch.channels_last)
    (options.work / "bank").mkdir(exist_ok=True)
    for number in range(options.first, options.first + options.chunks):
        samples = Sampler(options.work, 100 + number, options.side).samples(CHUNK, number * CHUNK)
        chunk = {
            "early": early(network, samples),
            "places": torch.from_numpy(np.stack([s.places for s in samples])),
            "source": [s.source for s in samples],
            "kind": [s.kind for s in samples],
            "pair": [s.pair for s in samples],
        }
        torch.save(chunk, options.work / "bank" / f"{number:03d}.pt")
        print(
            number,
            len(samples),
            f"{time.process_time():.0f} CPU s",
            time.strftime("%H:%M:%S"),
            EARLY,
            flush=True,
        )


if __name__ == "__main__":
    main()
