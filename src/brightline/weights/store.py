"""Opens the weights that ship: safetensors and ONNX files whose SHA-256 stands in `manifest.toml`.

Source: the safetensors format, version 1: eight bytes of length, a JSON header, then the numbers. Read here by hand:
thirty lines, and no pickle.
"""

import hashlib
import math
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, TypeVar  # the numbers are of several types

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError

T = TypeVar("T")
Arrays = MappingProxyType[str, npt.NDArray[Any]]

_HEADER_BYTES = 1024 * 1024  # a header longer than this is no header of ours
_TYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32, "I16": np.int16,
    "I8": np.int8, "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8,
}  # fmt: skip


class _Tensor(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


@cache
def load(name: str) -> Arrays:
    """The arrays of one model, read once a process and not to be written to.

    Raises:
        DetectorError: the manifest does not name the model, or its file is missing, damaged or another.
    """
    return MappingProxyType(_arrays(_verified(files("brightline.weights"), name, "safetensors"), name))


def network_bytes(name: str, folder: Traversable | None = None) -> bytes:
    """The ONNX file of one model.

    Args:
        name: as the manifest calls it.
        folder: where manifest and file lie; those that ship by default.

    Raises:
        DetectorError: the manifest does not name the model, or its file is missing, damaged or another.
    """
    return _verified(folder or files("brightline.weights"), name, "onnx")


def table(name: str, kind: type[T], folder: Traversable | None = None) -> T:
    """What `<name>.toml` says of a model: calibration, thresholds, how to feed it.

    Raises:
        DetectorError: the file is missing or does not say what `kind` needs.
    """
    try:
        text = ((folder or files("brightline.weights")) / f"{name}.toml").read_text("utf-8")
        return msgspec.convert(tomllib.loads(text), kind)
    except OSError as error:
        raise DetectorError(
            f"the table of `{name}` cannot be read: {error.strerror}; install anew"
        ) from error
    except ValueError as error:  # of TOML and of msgspec
        raise DetectorError(f"the table of `{name}` is malformed: {error}") from error


def _verified(folder: Traversable, name: str, ending: str) -> bytes:
    try:
        manifest = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))
        data = (folder / f"{name}.{ending}").read_bytes()
    except OSError as error:
        raise DetectorError(f"weights `{name}` cannot be read: {error.strerror}; install anew") from error
    pinned = manifest.get(name, {}).get("sha256", "")
    if hashlib.sha256(data).hexdigest() != pinned:
        raise DetectorError(f"weights `{name}` are not those that the manifest names; install anew")
    return data


def _arrays(data: bytes, name: str) -> dict[str, npt.NDArray[Any]]:
    length = int.from_bytes(data[:8], "little")
    if not 0 < length <= min(_HEADER_BYTES, len(data) - 8):
        raise DetectorError(f"weights `{name}` have a header of {length} bytes")
    try:
        header = msgspec.json.decode(data[8 : 8 + length], type=dict[str, msgspec.Raw])
        tensors = {
            key: msgspec.json.decode(raw, type=_Tensor)
            for key, raw in header.items()
            if key != "__metadata__"
        }
        return {key: _array(tensor, data, 8 + length) for key, tensor in tensors.items()}
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise DetectorError(f"weights `{name}` are malformed: {error}") from error


def _array(tensor: _Tensor, data: bytes, base: int) -> npt.NDArray[Any]:
    begin, end = tensor.data_offsets
    kind = np.dtype(_TYPES[tensor.dtype]).newbyteorder("<")
    if end - begin != math.prod(tensor.shape) * kind.itemsize or not 0 <= begin <= end <= len(data) - base:
        raise ValueError("a tensor does not fit its place")
    return np.frombuffer(data, kind, math.prod(tensor.shape), base + begin).reshape(tensor.shape)
