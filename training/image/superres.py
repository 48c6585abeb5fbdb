"""Photographs halved and enlarged again by a super-resolution network: the kind `esrgan` in WORK/fakes.

    python superres.py --work WORK --model package/models/x2

The model is `@upscalerjs/esrgan-slim` 1.0.0 from npm (MIT): a residual dense network with a nearest-neighbour step at its
end. Its layers are read from `model.json`, its numbers from the one shard beside it.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

EVERY = 2  # every second photograph


class Enlarger:
    """(N, 3, h, w) in 0..1 -> (N, 3, 2h, 2w)."""

    def __init__(self, folder: Path) -> None:
        shown = json.loads((folder / "model.json").read_text("utf-8"))
        own = shown["modelTopology"].get("model_config", shown["modelTopology"])
        self.layers = own["config"]["layers"]
        values, at, self.weights = np.fromfile(folder / "group1-shard1of1.bin", np.float32), 0, {}
        for weight in shown["weightsManifest"][0]["weights"]:
            count = int(np.prod(weight["shape"]))
            tensor = torch.from_numpy(values[at : at + count].reshape(weight["shape"]).copy())
            self.weights[weight["name"]] = (
                tensor.permute(3, 2, 0, 1).contiguous() if tensor.dim() == 4 else tensor
            )
            at += count
        if at != len(values):
            raise ValueError(f"{len(values)} numbers, {at} named")

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels twice as large."""
        seen = {"LR": pixels * 255}
        for layer in self.layers[1:]:
            name = layer["name"]
            inputs = [seen[node[0]] for node in layer["inbound_nodes"][0]]
            seen[name] = self._layer(layer["class_name"], name, inputs)
        return seen[self.layers[-1]["name"]] / 255

    def _layer(self, kind: str, name: str, inputs: list[torch.Tensor]) -> torch.Tensor:
        match kind:
            case "Conv2D":
                kernel = self.weights[f"{name}/kernel"]
                return nn.functional.conv2d(
                    inputs[0], kernel, self.weights[f"{name}/bias"], padding=kernel.shape[2] // 2
                )
            case "Activation":
                return inputs[0].relu()
            case "Concatenate":
                return torch.cat(inputs, 1)
            case "Add":
                return inputs[0] + inputs[1]
            case "UpSampling2D":
                return nn.functional.interpolate(inputs[0], scale_factor=2)
        raise ValueError(f"the layer `{kind}` is not known")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    enlarge = Enlarger(options.model)
    for path in sorted((options.work / "fakes").glob("*.pt")):
        stored = torch.load(path)
        for kinds in list(stored.values())[::EVERY]:
            if "real" not in kinds:
                continue
            real = kinds["real"].permute(2, 0, 1)[None].float() / 255
            with torch.inference_mode():
                small = nn.functional.interpolate(
                    real, scale_factor=0.5, mode="bicubic", antialias=True
                ).clamp(0, 1)
                made = enlarge(small)[0]
            kinds["esrgan"] = (made.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous()
        torch.save(stored, path)
        print(path, flush=True)


if __name__ == "__main__":
    main()
