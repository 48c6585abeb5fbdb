"""The three networks that find faces, taken from the `facenet-pytorch` wheel and written as ONNX.

    pip download --no-deps facenet-pytorch==2.6.0
    python training/image/faces/convert.py facenet_pytorch-2.6.0-py3-none-any.whl src/brightline/weights

Nothing is trained here and no number is changed. Weights: MTCNN [zhang2016], K. Zhang and others, MIT, through
D. Sandberg's facenet and T. Esler's facenet-pytorch, both MIT. The graphs are written by hand, so that the same wheel
gives the same bytes. Needs torch (to read the weights) and onnx; see ../../requirements.txt.
"""

import argparse
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

WHEEL_SHA256 = "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca"
OPSET = 17
Numbers = dict[str, np.ndarray]


class Graph:
    """One network as it grows: nodes in a row, each taking what the one before gives."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers, self.nodes, self.constants = numbers, [], {}
        self.last = self.add("Sub", "pixels", self.constant("middle", np.array(127.5, np.float32)))
        self.last = self.add("Mul", self.last, self.constant("unit", np.array(0.0078125, np.float32)))

    def constant(self, name: str, value: np.ndarray) -> str:
        """Keep a number of the network's own, by name."""
        self.constants[name] = value
        return name

    def add(self, kind: str, *inputs: str, out: str = "", **attributes: object) -> str:
        """One node; gives the name of what it gives."""
        out = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def weight(self, name: str, shape: tuple[int, ...] | None = None) -> str:
        """A number from the wheel, by its name there."""
        value = self.numbers[name]
        return self.constant(name, value.reshape(shape) if shape else value)

    def convolve(self, layer: str, out: str = "") -> str:
        """A convolution."""
        return self.add(
            "Conv", self.last, self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias"), out=out
        )

    def bend(self, layer: str, dimensions: int) -> None:
        """What is below zero, times a slope of each channel (PReLU)."""
        slopes = self.weight(f"{layer}.weight", (-1,) + (1,) * dimensions)
        self.last = self.add("PRelu", self.last, slopes)

    def pool(self, side: int) -> None:
        """The greatest of each neighbourhood, every second pixel."""
        self.last = self.add("MaxPool", self.last, kernel_shape=[side, side], strides=[2, 2], ceil_mode=1)

    def dense(self, layer: str, out: str = "") -> str:
        """Weighted sums of all values."""
        weights = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.add("Gemm", self.last, *weights, out=out, transB=1)

    def stage(self, number: int, pool: int) -> None:
        """Convolution, bend and, unless `pool` is 0, the greatest of each neighbourhood."""
        self.last = self.convolve(f"conv{number}")
        self.bend(f"prelu{number}", 2)
        if pool:
            self.pool(pool)

    def flatten(self, layer: str) -> None:
        """Columns before rows before channels, as the weights were first trained."""
        self.last = self.add("Transpose", self.last, perm=[0, 3, 2, 1])
        self.last = self.add("Flatten", self.last, axis=1)
        self.last = self.dense(f"dense{layer}")
        self.bend(f"prelu{layer}", 0)

    def face(self, logits: str) -> None:
        """Output `face`: the probability of the second of two classes."""
        both = self.add("Softmax", logits, axis=1)
        second = self.constant("second", np.array(1, np.int64))
        self.add("Gather", both, second, out="face", axis=1)

    def model(self, side: int, outputs: dict[str, list[object]]) -> onnx.ModelProto:
        """The network as ONNX, checked; `side` 0 takes pictures of any size."""
        shape = ["n", 3, side or "height", side or "width"]
        graph = helper.make_graph(
            self.nodes,
            "faces",
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in outputs.items()],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        model.producer_name = "brightline training/image/faces/convert.py"
        onnx.checker.check_model(model, full_check=True)
        return model


def proposals(numbers: Numbers) -> onnx.ModelProto:
    """P-Net: a map of where a face of 12 pixels may stand."""
    graph = Graph(numbers)
    graph.stage(1, pool=2)
    graph.stage(2, pool=0)
    graph.stage(3, pool=0)
    graph.face(graph.convolve("conv4_1"))
    graph.convolve("conv4_2", out="shift")
    return graph.model(0, {"face": ["n", "rows", "columns"], "shift": ["n", 4, "rows", "columns"]})


def refine(numbers: Numbers) -> onnx.ModelProto:
    """R-Net: whether 24 x 24 pixels are a face, and how its box should move."""
    graph = Graph(numbers)
    graph.stage(1, pool=3)
    graph.stage(2, pool=3)
    graph.stage(3, pool=0)
    graph.flatten("4")
    graph.face(graph.dense("dense5_1"))
    graph.dense("dense5_2", out="shift")
    return graph.model(24, {"face": ["n"], "shift": ["n", 4]})


def points(numbers: Numbers) -> onnx.ModelProto:
    """O-Net: the same of 48 x 48 pixels, and five points (five x, then five y, as shares of the box)."""
    graph = Graph(numbers)
    graph.stage(1, pool=3)
    graph.stage(2, pool=3)
    graph.stage(3, pool=2)
    graph.stage(4, pool=0)
    graph.flatten("5")
    graph.face(graph.dense("dense6_1"))
    graph.dense("dense6_2", out="shift")
    graph.dense("dense6_3", out="points")
    return graph.model(48, {"face": ["n"], "shift": ["n", 4], "points": ["n", 10]})


NETWORKS: dict[str, tuple[str, Callable[[Numbers], onnx.ModelProto]]] = {
    "face_proposals": ("pnet.pt", proposals),
    "face_refine": ("rnet.pt", refine),
    "face_points": ("onet.pt", points),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    data = asked.wheel.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != WHEEL_SHA256:
        raise SystemExit(f"`{asked.wheel}` is {found}, expected facenet-pytorch 2.6.0, {WHEEL_SHA256}")
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        for name, (file, build) in NETWORKS.items():
            raw = wheel.read(f"facenet_pytorch/data/{file}")
            state = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
            model = build({key: value.numpy() for key, value in state.items()})
            written = model.SerializeToString(deterministic=True)
            (asked.folder / f"{name}.onnx").write_bytes(written)
            print(f'[{name}]\nsha256 = "{hashlib.sha256(written).hexdigest()}"  # {len(written)} bytes')


if __name__ == "__main__":
    main()
