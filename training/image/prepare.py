"""Makes what the bank is drawn from: the corpus in one file, and fakes of every real photograph.

    python prepare.py --data DATA --packages FOLDER --work WORK

A fake is what the tiny autoencoder gives back of a 192-px part; every second one is also decoded from its latent with
noise. Files of 96 pictures, WORK/fakes/NN.pt; what is there already is not made again.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from autoencoder import opened
from corpus import Picture, pictures

SIDE = 192  # px of a photograph that are made again
CHUNK = 96
BATCH = 8
NOISE = (0.1, 0.45)  # standard deviation in the latent, whose own is about 0.9


class Maker:
    """The autoencoder, and chance."""

    def __init__(self, data: Path) -> None:
        self.encoder, self.decoder = opened(data / "generators")
        self.draw = np.random.default_rng(0)

    def made(self, batch: list[Picture]) -> dict[str, dict[str, torch.Tensor]]:
        """By picture: `real` and fakes (192, 192, 3) uint8, `lat` (32, 24, 24) float16."""
        real = torch.from_numpy(np.stack([self._part(picture.pixels) for picture in batch]))
        pixels = real.permute(0, 3, 1, 2).float().div(255).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            latent = self.encoder(pixels).float()
            plain = _bytes(self.decoder(latent))
            some = latent[::2]
            spread = NOISE[0] + (NOISE[1] - NOISE[0]) * torch.rand(len(some), 1, 1, 1)
            noisy = _bytes(self.decoder(some + spread * torch.randn_like(some)))
        found = {
            picture.name: {"real": real[n].clone(), "lat": latent[n].half().clone(), "tae": plain[n].clone()}
            for n, picture in enumerate(batch)
        }
        for n, picture in enumerate(batch[::2]):
            found[picture.name]["noise"] = noisy[n].clone()
        return found

    def _part(self, pixels: np.ndarray) -> np.ndarray:
        top, left = (
            int(self.draw.integers(0, (side - SIDE) // 8 + 1)) * 8 if side > SIDE else 0
            for side in pixels.shape[:2]
        )
        part = pixels[top : top + SIDE, left : left + SIDE]
        return np.pad(part, [(0, SIDE - part.shape[0]), (0, SIDE - part.shape[1]), (0, 0)], mode="symmetric")


def _bytes(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels.float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).contiguous()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--work"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--sources", nargs="*", help="photographs of these alone; of all without")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder: Path = options.work / "fakes"
    folder.mkdir(parents=True, exist_ok=True)
    found = pictures(options.data, options.packages)
    torch.save(found, options.work / "corpus.pt")
    done = {name for path in folder.glob("*.pt") for name in torch.load(path)}
    photos = [p for p in found if not p.truth and p.source != "drawn" and p.name not in done]
    photos = [p for p in photos if not options.sources or p.source in options.sources]
    random.Random(4).shuffle(photos)
    maker, number = Maker(options.data), len(list(folder.glob("*.pt")))
    for begin in range(0, len(photos), CHUNK):
        part = photos[begin : begin + CHUNK]
        chunk: dict[str, dict[str, torch.Tensor]] = {}
        for first in range(0, len(part), BATCH):
            chunk |= maker.made(part[first : first + BATCH])
        torch.save(chunk, folder / f"{number + begin // CHUNK:02d}.pt")
        print(begin, f"{time.process_time():.0f} CPU s", time.strftime("%H:%M:%S"), flush=True)


if __name__ == "__main__":
    main()
