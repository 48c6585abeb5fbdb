"""Fits one network: balanced sources, pairs of a clip and its copy, masks, mixing.

Usage: python fit.py --work FOLDER --out NAME [--fold N] [--network ear|light] [--steps N] [--shared-only] [--seed N]

Writes `out/NAME.pt`; `score.py` then scores what the fold held out.
"""

import argparse
import collections
import time
from pathlib import Path

import numpy as np
import torch
from bank import LOW, STEP, VERSIONS, Bank, loaded
from clips import Clip
from folds import trained_on
from network import Ear, Light

from brightline.detectors.audio.spoof_features import BANDS

CROP = 160
"""Frames heard in training, of a window's 296: cheaper, and the network must not lean on length."""
BATCH = 32
HEARD = [VERSIONS.index(name) for name in VERSIONS if name != "same_mp3"]
ODDS = {"as_is": 2.0, "telephone": 0.4}


def main() -> None:
    """Fits what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--tables", nargs="+", default=None)
    parser.add_argument("--fold", type=int)
    parser.add_argument("--network", default="ear")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--shared-only", action="store_true")
    parser.add_argument("--pairs", type=float, default=0.7)
    parser.add_argument("--mix", type=float, default=0.4)
    parser.add_argument("--peak", type=float, default=3e-3)
    parser.add_argument("--copies", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    tables = asked.tables or sorted(
        file.stem for file in (asked.work / "bank").glob("*.npy") if "lengths" not in file.name
    )
    clips, bank, lengths = loaded(asked.work, tables)
    numbers = trained_on(clips, asked.fold)
    if asked.shared_only:
        numbers = [
            number for number in numbers if clips[number].kind == "shared" and clips[number].system != "cc0"
        ]
    network = Light() if asked.network == "light" else Ear()
    fit(network, Batches(clips, bank, lengths, numbers, asked), asked)
    (asked.work / "out").mkdir(exist_ok=True)
    torch.save(network.state_dict(), asked.work / "out" / f"{asked.out}.pt")


class Batches:
    """Draws training batches."""

    def __init__(self, clips: list[Clip], bank: Bank, lengths: np.ndarray, numbers: list[int],
                 asked: argparse.Namespace) -> None:  # fmt: skip
        self.clips, self.bank, self.lengths, self.asked = clips, bank, lengths, asked
        self.chance = np.random.default_rng(asked.seed)
        self.real = np.array([number for number in numbers if not clips[number].truth])
        self.fake = np.array([number for number in numbers if clips[number].truth])
        self.real_odds = self._odds(self.real)
        self.fake_odds = self._odds(self.fake)
        self.place = {clips[number].name: number for number in self.real}
        held = np.array([ODDS.get(VERSIONS[version], 1.0) for version in HEARD])
        self.version_odds = held / held.sum()

    def _odds(self, numbers: np.ndarray) -> np.ndarray:
        # A source counts by the square root of its size, so that neither large nor tiny ones rule; web pages double.
        key = [
            self.clips[number].system if self.clips[number].truth else self.clips[number].source
            for number in numbers
        ]
        sizes = collections.Counter(key)
        weights = np.array([sizes[name] ** -0.5 for name in key])
        weights *= [2.0 if self.clips[number].kind == "shared" else self.asked.copies if self.clips[number].kind == "copy" else 0.7
                    for number in numbers]  # fmt: skip
        return weights / weights.sum()

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(BATCH, BANDS, CROP) log power, (BATCH,) truths between 0 and 1."""
        fakes = self.chance.choice(self.fake, BATCH // 2, p=self.fake_odds)
        reals = self.chance.choice(self.real, BATCH // 2, p=self.real_odds)
        versions = self.chance.choice(HEARD, BATCH // 2, p=self.version_odds)
        for row, fake in enumerate(fakes):
            parent = self.place.get(self.clips[fake].parent)
            if parent is not None and self.chance.random() < self.asked.pairs:
                reals[row] = parent  # the same chain and, below, the same seconds
        heard = torch.from_numpy(
            np.stack(
                [self._crop(*pair) for half in (fakes, reals) for pair in zip(half, versions, strict=True)]
            )
        )
        truths = torch.cat([torch.ones(BATCH // 2), torch.zeros(BATCH // 2)])
        return self._mixed(self._masked(heard), truths)

    def _crop(self, number: int, version: int) -> np.ndarray:
        begin = int(self.chance.integers(0, self.lengths[number, version] - CROP + 1))
        return self.bank[number, version, :, begin : begin + CROP].astype(np.float32) * STEP + LOW

    def _masked(self, heard: torch.Tensor) -> torch.Tensor:
        for clip in heard:
            if self.chance.random() < 0.3:
                clip[int(self.chance.integers(48, BANDS)) :] = clip.mean()
            for _ in range(2):
                band, wide = int(self.chance.integers(0, BANDS)), int(self.chance.integers(0, 16))
                clip[band : band + wide] = clip.mean()
            frame, long = int(self.chance.integers(0, CROP)), int(self.chance.integers(0, 40))
            clip[:, frame : frame + long] = clip.mean(1, keepdim=True)
        return heard

    def _mixed(self, heard: torch.Tensor, truths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.asked.mix or self.chance.random() < 0.5:
            return heard, truths
        share = torch.from_numpy(
            self.chance.beta(self.asked.mix, self.asked.mix, (BATCH, 1, 1)).astype(np.float32)
        )
        other = torch.randperm(BATCH)
        return heard * share + heard[other] * (1 - share), truths * share[:, 0, 0] + truths[other] * (
            1 - share[:, 0, 0]
        )


def fit(network: torch.nn.Module, batches: Batches, asked: argparse.Namespace) -> None:
    """Fits in place, with one rise and fall of the step size, and the mean of the last fifth's weights."""
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, asked.peak, asked.steps, pct_start=0.2)
    mean = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99), use_buffers=True
    )
    begun, losses = time.time(), []
    for step in range(asked.steps):
        heard, truths = batches.draw()
        with torch.autocast("cpu", torch.bfloat16):  # half the time
            said = network(heard)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(said.float(), truths * 0.96 + 0.02)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        plan.step()
        losses.append(loss.item())
        if step > asked.steps // 2:
            mean.update_parameters(network)
        if step % 100 == 99:
            print(
                asked.out,
                step + 1,
                f"{np.mean(losses[-100:]):.3f}",
                f"{time.time() - begun:.0f} s {time.process_time():.0f} cpu",
                flush=True,
            )
    network.load_state_dict(mean.module.state_dict())
    network.eval()


if __name__ == "__main__":
    main()
