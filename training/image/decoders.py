"""Decoders of our own for the tiny autoencoder's latents, and the fakes that they make: traces of other up-sampling.

    python decoders.py --data DATA --work WORK [--steps 60]

Each begins as the tiny autoencoder's own decoder, with its three steps of nearest neighbour and convolution written as
another layer that gives the very same pixels: a transposed convolution, a convolution and a pixel shuffle; or with bilinear
steps. Its numbers are then disturbed and learn again to give back the photographs, so that each leaves a trace of its own.
Adds `transposed`, `shuffle` and `bilinear` to WORK/fakes, one of them a picture. One decoder serves all folds: it learnt to
paint, and never what is real.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from autoencoder import opened
from torch import nn

PART = 16  # places of a latent a side that are learnt from at once: 128 px
BATCH = 4
KINDS = ("transposed", "shuffle", "bilinear")
DISTURBED = 0.1  # spread of the factors on the weights of what was exchanged
GRAIN = 8  # px over which the strength of detail is compared

Pairs = list[tuple[torch.Tensor, torch.Tensor]]


def phases(weight: torch.Tensor) -> torch.Tensor:
    """The four 3 x 3 kernels that a nearest-neighbour step and a 3 x 3 convolution amount to, (2, 2, out, in, 3, 3)."""
    first, middle, last = weight.unbind(2)
    none = torch.zeros_like(first)
    rows = (torch.stack([first, middle + last, none], 2), torch.stack([none, first + middle, last], 2))
    found = []
    for row in rows:
        left, centre, right = row.unbind(3)
        nothing = torch.zeros_like(left)
        found.append(torch.stack([torch.stack([left, centre + right, nothing], 3),
                                  torch.stack([nothing, left + centre, right], 3)]))  # fmt: skip
    return torch.stack(found)


def shuffled(weight: torch.Tensor) -> nn.Module:
    """The same as a convolution and a pixel shuffle."""
    outputs, inputs = weight.shape[:2]
    own = nn.Conv2d(inputs, outputs * 4, 3, padding=1, bias=False)
    own.weight.data = phases(weight).permute(2, 0, 1, 3, 4, 5).reshape(outputs * 4, inputs, 3, 3).clone()
    return nn.Sequential(own, nn.PixelShuffle(2))


def transposed(weight: torch.Tensor) -> nn.Module:
    """The same as one transposed convolution."""
    outputs, inputs = weight.shape[:2]
    own, four = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False), phases(weight)
    kernel = torch.zeros(inputs, outputs, 4, 4)
    taps = ((3, 1), (2, 0))  # of phase 0 for the offsets -1 and 0, of phase 1 for 0 and 1
    for a in range(2):
        for b in range(2):
            for i, down in enumerate(taps[a]):
                for j, across in enumerate(taps[b]):
                    kernel[:, :, down, across] = four[a, b, :, :, i + a, j + b].T
    own.weight.data = kernel
    return own


def bilinear(weight: torch.Tensor) -> nn.Module:
    """Bilinear steps in place of nearest neighbours: other pixels from the beginning."""
    own = nn.Conv2d(*weight.shape[1::-1], 3, padding=1, bias=False)
    own.weight.data = weight.clone()
    return nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), own)


def exchanged(decoder: nn.Sequential, kind: str) -> tuple[nn.Sequential, list[nn.Parameter]]:
    """The decoder with other steps, disturbed, and what of it learns."""
    make = {"transposed": transposed, "shuffle": shuffled, "bilinear": bilinear}[kind]
    layers, learns, at = list(decoder.children()), [], 0
    found: list[nn.Module] = []
    while at < len(layers):
        if isinstance(layers[at], nn.Upsample):
            own = make(layers[at + 1].weight.data)
            for weight in own.parameters():
                weight.data *= 1 + DISTURBED * torch.randn_like(weight)
            learns += own.parameters()
            found.append(own)
            at += 2
        else:
            found.append(layers[at])
            at += 1
    return nn.Sequential(*found), [*learns, *found[-1].parameters()]


def pairs(files: list[Path]) -> Pairs:
    """(latent, photograph) of every picture that has both."""
    found = [kinds for path in files for kinds in torch.load(path).values()]
    return [(kinds["lat"], kinds["real"]) for kinds in found if "real" in kinds]


def drawn(found: Pairs, draw: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of parts, and what they should become."""
    latents, pixels = [], []
    for _ in range(BATCH):
        latent, real = found[int(draw.integers(len(found)))]
        top, left = (int(draw.integers(0, side - PART + 1)) for side in latent.shape[1:])
        latents.append(latent[:, top : top + PART, left : left + PART].float())
        pixels.append(real[8 * top : 8 * (top + PART), 8 * left : 8 * (left + PART)])
    return torch.stack(latents), torch.stack(pixels).permute(0, 3, 1, 2).float() / 255


def cost(made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Error of values, of neighbours' differences, and of how much detail there is: blur must not tell a fake."""
    error = (made - real).abs().mean()
    for side in (2, 3):
        own, wanted = torch.diff(made, dim=side), torch.diff(real, dim=side)
        strength = [nn.functional.avg_pool2d(value.abs(), GRAIN) for value in (own, wanted)]
        error = error + (own - wanted).abs().mean() + 2 * (strength[0] - strength[1]).abs().mean()
    return error


def trained(data: Path, kind: str, found: Pairs, steps: int) -> nn.Sequential:
    torch.manual_seed(KINDS.index(kind))
    draw = np.random.default_rng(KINDS.index(kind))
    network, learns = exchanged(opened(data / "generators")[1], kind)
    network = network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(learns, lr=1e-3, weight_decay=0)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, total_steps=steps)
    for number in range(steps):
        latent, real = drawn(found, draw)
        with torch.autocast("cpu", torch.bfloat16):
            made = network(latent.contiguous(memory_format=torch.channels_last))
        error = cost(made.float(), real)
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        plan.step()
        if number % 20 == 19:
            print(kind, number + 1, f"{error.item():.4f} {time.process_time():.0f} CPU s", flush=True)
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    files = sorted((options.work / "fakes").glob("*.pt"))
    found = pairs(files)
    networks = {kind: trained(options.data, kind, found, options.steps) for kind in KINDS}
    for path in files:
        stored = torch.load(path)
        for number, kinds in enumerate(stored.values()):
            kind = KINDS[number % len(KINDS)]
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                made = networks[kind](
                    kinds["lat"][None].float().contiguous(memory_format=torch.channels_last)
                )[0]
            kinds[kind] = (made.float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous()
        torch.save(stored, path)
        print(path, f"{time.process_time():.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
