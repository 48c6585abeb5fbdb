"""Ours beside `invisible-watermark` (dwtDct and rivaGan), same pictures, same attacks, one run.

The section of docs/reference/watermarks.md that is written only where the package is installed, in an environment made
for this: it asks for PyTorch, which it uses to wrap arrays and for nothing else, so `torch` is stood in for by NumPy here.
"""

import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
from watermark_image import ATTACKS, Pixels, _psnr, key_of, photographs

from brightline.watermark.image import detect, embed

LARGEST = 300_000  # pixels: rivaGan takes seconds for each larger one
PICTURES = 5
NAMES = (
    "none", "JPEG 80", "JPEG 60", "resized to 0.5x", "cropped to 80% of the area", "cropped to 50% of the area",
    "turned by 2 degrees", "turned by 90 degrees", "gamma, contrast and cast", "screenshot: 0.8x, graded, JPEG 75",
)  # fmt: skip
BITS = [int(bit) for bit in np.random.default_rng(7).integers(0, 2, 32)]


def installed() -> bool:
    return importlib.util.find_spec("imwatermark") is not None


def section(data: Path) -> str:  # noqa: ARG001 - the photographs come with scikit-image
    """The Markdown section."""
    pictures = [pixels for pixels in photographs() if pixels.shape[0] * pixels.shape[1] <= LARGEST]
    pictures = pictures[:PICTURES]
    methods: dict[str, tuple[Callable[[Pixels], Pixels], Callable[[Pixels], bool]]] = {
        "Brightline (48 bits)": (lambda pixels: embed(pixels, key_of(0), 7), _ours),
        **{f"{name} (32 bits)": _theirs(name) for name in ("dwtDct", "rivaGan")},
    }
    counts: dict[str, dict[str, int]] = {}
    quality = {}
    for method, (write, read) in methods.items():
        marked = [write(pixels) for pixels in pictures]
        noise = [_psnr(before, after) for before, after in zip(pictures, marked, strict=True)]
        quality[method] = f"{min(noise):.1f}, {np.median(noise):.1f}"
        counts[method] = {name: sum(read(ATTACKS[name](each)) for each in marked) for name in NAMES}
    rows = [f"| attack | {' | '.join(methods)} |", "|---|" + "---|" * len(methods)]
    rows += [f"| PSNR, dB: least, median | {' | '.join(quality.values())} |"]
    rows += [f"| {name} | {' | '.join(str(counts[method][name]) for method in methods)} |" for name in NAMES]
    head = (
        "## Pictures, beside another\n\n"
        f"Payloads read back without a wrong bit, of {len(pictures)} free photographs under {LARGEST:,} pixels; `invisible-watermark` "
        "0.2.0 in the same run, two of its methods as they come. It tells no p-value: a reader there decides by the payload alone.\n"
    )
    return head + "\n" + "\n".join(rows) + "\n"


def _ours(pixels: Pixels) -> bool:
    found = detect(pixels, [key_of(0)])
    return found is not None and found.payload == 7


def _theirs(method: str) -> tuple[Callable[[Pixels], Pixels], Callable[[Pixels], bool]]:
    sys.modules.setdefault("torch", _stand_in())
    from imwatermark import WatermarkDecoder, WatermarkEncoder

    encoder, decoder = WatermarkEncoder(), WatermarkDecoder("bits", len(BITS))
    encoder.set_watermark("bits", BITS)
    if method == "rivaGan":
        encoder.loadModel()
        decoder.loadModel()

    def write(pixels: Pixels) -> Pixels:
        return np.ascontiguousarray(encoder.encode(pixels[:, :, ::-1].copy(), method)[:, :, ::-1])

    def read(pixels: Pixels) -> bool:
        if pixels.shape[0] * pixels.shape[1] < 256 * 256:
            return False  # it reads nothing smaller
        bits = decoder.decode(pixels[:, :, ::-1].copy(), method)
        return [int(bit) for bit in bits] == BITS

    return write, read


class _Tensor(np.ndarray):
    """The five things that rivaGan's wrapper does with a tensor."""

    def permute(self, *axes: int) -> "_Tensor":
        return self.transpose(*axes)

    def unsqueeze(self, axis: int) -> "_Tensor":
        return np.expand_dims(self, axis)

    def detach(self) -> "_Tensor":
        return self

    def cpu(self) -> "_Tensor":
        return self

    def numpy(self) -> np.ndarray:
        return np.asarray(self)


def _stand_in() -> types.ModuleType:
    module = types.ModuleType("torch")
    module.__dict__["from_numpy"] = lambda array: array.view(_Tensor)
    module.__dict__["clamp"] = lambda tensor, min, max: np.clip(tensor, min, max)  # noqa: A006 - torch's names
    return module
