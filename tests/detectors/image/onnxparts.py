"""Small ONNX files, written field by field as the format's `onnx.proto` numbers them; ONNX Runtime reads them."""

import hashlib
import struct
from pathlib import Path

FLOAT = 1
MANIFEST = '[image_generated]\nsha256 = "{}"\n'
TABLE = """
[input]
name = "pixels"
side = {side}
outputs = ["logit", "map"]
[crops]
pixels = "native"
most = 5
small = "mirror"
least_side = 96
combine = "mean"
[buckets]
quality_edge = 83
size_edge = 224
"""
SLOPES = {"high": 1.0, "low": 0.5, "high_small": 0.25, "low_small": 0.125}
CALIBRATION = """
[calibration.{name}]
slope = {slope}
offset = 0.0
threshold = 0.8
abstain = [0.4, 0.7]
"""


def said(side: int = 256) -> str:
    """A table whose four calibrations differ in their slopes alone."""
    return TABLE.format(side=side) + "".join(
        CALIBRATION.format(name=name, slope=slope) for name, slope in SLOPES.items()
    )


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def ints(name: str, values: list[int]) -> bytes:
    return block(5, block(1, name) + b"".join(number(8, value) for value in values) + number(20, 7))


def integer(name: str, value: int) -> bytes:
    return block(5, block(1, name) + number(3, value) + number(20, 2))


def node(kind: str, inputs: list[str], outputs: list[str], *attributes: bytes, domain: str = "") -> bytes:
    names = b"".join(block(1, one) for one in inputs) + b"".join(block(2, one) for one in outputs)
    return block(1, names + block(4, kind) + b"".join(attributes) + (block(7, domain) if domain else b""))


def tensor(name: str, values: list[float], shape: list[int]) -> bytes:
    dims = b"".join(number(1, size) for size in shape)
    data = struct.pack(f"<{len(values)}f", *values)
    return dims + number(2, FLOAT) + block(8, name) + block(9, data)


def port(field: int, name: str, shape: list[int | str]) -> bytes:
    sizes = b"".join(block(1, number(1, size) if isinstance(size, int) else block(2, size)) for size in shape)
    return block(field, block(1, name) + block(2, block(1, number(1, FLOAT) + block(2, sizes))))


def model(graph: bytes, domains: tuple[str, ...] = (), rest: bytes = b"") -> bytes:
    opsets = block(8, number(2, 17)) + b"".join(block(8, block(1, one) + number(2, 1)) for one in domains)
    return number(1, 8) + opsets + block(7, graph + block(2, "made for a test")) + rest


def brightness(side: int = 256, gain: float = 40.0, middle: float = 0.5) -> bytes:
    """Takes bright pictures for generated ones: logit = gain * (mean - middle), with a map of 16-pixel places."""
    graph = (
        node("AveragePool", ["pixels"], ["pooled"], ints("kernel_shape", [16, 16]), ints("strides", [16, 16]))
        + node("ReduceMean", ["pooled"], ["grey"], ints("axes", [1]), integer("keepdims", 0))
        + node("Sub", ["grey", "middle"], ["above"])
        + node("Mul", ["above", "gain"], ["map"])
        + node("ReduceMean", ["map"], ["logit"], ints("axes", [1, 2]), integer("keepdims", 0))
        + block(5, tensor("middle", [middle], []))
        + block(5, tensor("gain", [gain], []))
        + port(11, "pixels", ["N", 3, side, side])
        + port(12, "logit", ["N"])
        + port(12, "map", ["N", side // 16, side // 16])
    )
    return model(graph)


def weights(folder: Path, data: bytes | None = None, table: str = "", pinned: str = "") -> Path:
    """A folder of weights with manifest, network and table."""
    data = brightness() if data is None else data
    (folder / "image_generated.onnx").write_bytes(data)
    (folder / "manifest.toml").write_text(MANIFEST.format(pinned or hashlib.sha256(data).hexdigest()))
    (folder / "image_generated.toml").write_text(table or said())
    return folder
