"""Trains the later stages of the generated-image network on the bank (`bank.py`).

    python train.py --work WORK --name NAME [--fold K] [--kinds tae,noise,genuine] [--epochs 8]

A fold leaves out its real sources and its generators entirely; without one, all is learnt. `--kinds` says which fakes
are learnt from. Writes the running mean of the weights to WORK/NAME.pt.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from folds import FOLDS
from network import EARLY, STAGES, Network
from torch import nn

DECAY = 0.99  # of the running mean of weights that is kept
WHOLE = 0.02  # share of places by which a picture counts as all real or all fake


class Bank:
    """The bank's samples that may be learnt from."""

    def __init__(self, folder: Path, left_out: set[str], kinds: set[str]) -> None:
        chunks = [torch.load(path) for path in sorted(folder.glob("*.pt"))]
        sources = [s for chunk in chunks for s in chunk["source"]]
        found = [k for chunk in chunks for k in chunk["kind"]]
        keep = [n for n, (source, kind) in enumerate(zip(sources, found, strict=True))
                if source not in left_out and kind in kinds | {"real"}]  # fmt: skip
        self.early = torch.cat([chunk["early"] for chunk in chunks])[keep]
        self.places = torch.cat([chunk["places"] for chunk in chunks])[keep]
        # Both classes weigh alike, whatever was left out.
        made = self.places.mean((1, 2)) > WHOLE
        self.weight = torch.where(made, 0.5 / made.float().mean(), 0.5 / (1 - made.float().mean()))


def loss(network: Network, bank: Bank, chosen: torch.Tensor, local: float, *, part: bool) -> torch.Tensor:
    """Cross-entropy of pictures and of places.

    Args:
        network: what learns.
        bank: what from.
        chosen: places in the bank.
        local: weight of the places beside the pictures.
        part: whether a picture is fake when a part of it is; otherwise those in between count by their places alone.
    """
    with torch.autocast("cpu", torch.bfloat16):
        logit, places = network.late(
            bank.early[chosen].bfloat16().contiguous(memory_format=torch.channels_last)
        )
    logit, places = logit.float(), places.float()
    truth, weight = bank.places[chosen], bank.weight[chosen]
    truth = nn.functional.avg_pool2d(truth[:, None], truth.shape[1] // places.shape[1])[:, 0]
    share = truth.mean((1, 2))
    whole = ((share < WHOLE) | (share > 1 - WHOLE) | part).float()
    fake = (share > WHOLE).float() if part else share.round()
    entropy = nn.functional.binary_cross_entropy_with_logits
    pictures = entropy(logit, fake, reduction="none") * weight * whole
    among = entropy(places, truth, reduction="none").mean((1, 2)) * weight
    return pictures.sum() / whole.sum() + local * among.mean()


def train(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    network = Network(options.stages).to(memory_format=torch.channels_last)
    left_out = set(options.without.split(","))
    left_out |= set().union(*FOLDS[options.fold]) if options.fold is not None else set()
    if options.start:
        network.load_state_dict(torch.load(options.work / f"{options.start}.pt"))
    bank = Bank(options.work / options.bank, left_out, set(options.kinds.split(",")))
    late = network.trunk[EARLY:].parameters()
    groups = [
        {"params": network.head.parameters(), "lr": options.rate * 5},
        {"params": late, "lr": options.rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=options.decay)
    steps = options.epochs * (len(bank.early) // options.batch)
    plan = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min(1, (n + 1) / 30) * (1.03 + math.cos(math.pi * n / steps)) / 2
    )
    mean = {key: value.clone() for key, value in network.state_dict().items()}
    draw = np.random.default_rng(options.seed)
    seen = 0.0
    network.train()
    for number in range(steps):
        if number % (len(bank.early) // options.batch) == 0:
            order = torch.from_numpy(draw.permutation(len(bank.early)))
        begin = number * options.batch % (len(bank.early) // options.batch * options.batch)
        cost = loss(network, bank, order[begin : begin + options.batch], options.local, part=options.part)
        optimiser.zero_grad()
        cost.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        plan.step()
        for key, value in network.state_dict().items():
            mean[key].lerp_(value, 1 - min(DECAY, number / (number + 20)))
        seen += max(0.02, 1 / (number + 1)) * (cost.item() - seen)
        if number % 50 == 49 or number + 1 == steps:
            print(
                f"{options.name} {number + 1}/{steps} loss {seen:.3f} {time.process_time():.0f} CPU s",
                time.strftime("%H:%M:%S"),
                flush=True,
            )
    torch.save(mean, options.work / f"{options.name}.pt")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--start", help="name of earlier weights to go on from")
    parser.add_argument("--fold", type=int)
    parser.add_argument("--without", default="", help="more sources to leave out")
    parser.add_argument("--bank", default="bank")
    parser.add_argument("--kinds", default="tae,noise,shuffle,transposed,bilinear,esrgan,genuine,blended")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--decay", type=float, default=0.02)
    parser.add_argument("--local", type=float, default=0.5, help="weight of the places beside the pictures")
    parser.add_argument("--part", action="store_true", help="a picture is fake when a part of it is: faces")
    parser.add_argument("--stages", type=int, default=STAGES, help="blocks of the trunk: 11, or all 16")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    train(options())
