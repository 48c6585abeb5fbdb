"""Opens the weights that ship: safetensors files whose SHA-256 stands in `manifest.toml`.

Source: the safetensors format, version 1: eight bytes of length, a JSON header, then the numbers. Read here by hand:
thirty lines, and no pickle.
"""

import hashlib
import math
import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any  # the numbers are of several types

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError

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
    folder = files("brightline.weights")
    try:
        manifest = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))
        data = (folder / f"{name}.safetensors").read_bytes()
    except OSError as error:
        raise DetectorError(f"weights `{name}` cannot be read: {error.strerror}; install anew") from error
    pinned = manifest.get(name, {}).get("sha256", "")
    if hashlib.sha256(data).hexdigest() != pinned:
        raise DetectorError(f"weights `{name}` are not those that the manifest names; install anew")
    return MappingProxyType(_arrays(data, name))


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
