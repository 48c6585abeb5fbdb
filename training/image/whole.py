"""Joins what ships: the network of places and the regressions on what the frozen network sees, as one ONNX file.

    python whole.py --weights WORK/all.pt --heads folds/heads.npz --out image_generated.onnx

The network of places learns traces; the frozen one knows, at four depths and in the noise, what pictures of generators look
like. On strangers' pictures the two together are ahead of either alone (NOTES.md). A third output, `seen`, gives the frozen
network's features: with them and `folds/heads.npz` the page is measured anew without torch.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from features import Row, Seen
from network import COARSE, Network, TwoScales, exported
from scores import SHARES
from scores import SIDE as CROP
from torch import nn


class Frozen(nn.Module):
    """(N, 3, 256, 256) -> (N,) logits, and the (N, features) that they rest on."""

    def __init__(self, coef: np.ndarray, offset: float) -> None:
        super().__init__()
        self.row = Row(Seen())
        self.head = nn.Linear(len(coef), 1)
        self.head.weight.data = torch.from_numpy(coef[None])
        self.head.bias.data = torch.tensor([offset])

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and features."""
        seen = self.row(pixels)
        return self.head(seen)[:, 0], seen


class Both(nn.Module):
    """The two logits, weighed; the frozen one's is laid over every place, so that the map's mean stays the logit."""

    def __init__(self, places: nn.Module, frozen: Frozen) -> None:
        super().__init__()
        self.places, self.frozen = places, frozen

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of pictures and of places, and what the frozen network saw."""
        whole, seen = self.frozen(pixels)
        places = SHARES[0] * self.places(pixels)[1] + SHARES[1] * whole[:, None, None]
        return places.mean((1, 2)), places, seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--weights", "--heads", "--out"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    heads = np.load(options.heads)
    network = Network()
    network.load_state_dict(torch.load(options.weights))
    both = Both(TwoScales(network, COARSE), Frozen(heads["coef"][-1], float(heads["offset"][-1]))).eval()
    exported(both, CROP, options.out, ("logit", "map", "seen"))
    print(options.out, options.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
