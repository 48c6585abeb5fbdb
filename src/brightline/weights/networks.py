"""Opens the networks that ship: ONNX files whose SHA-256 stands in `manifest.toml`, run by ONNX Runtime on one core.

One core because the pool gives each worker one, and because sums in another order would give other digits.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # it has no stubs
from onnxruntime.capi import (  # type: ignore[import-untyped]  # neither have they
    onnxruntime_pybind11_state as failures,
)

from brightline.core.errors import DetectorError

Values = npt.NDArray[np.float32]

# ONNX Runtime's errors have no common class besides `Exception`.
_FAILED = (
    failures.Fail, failures.InvalidArgument, failures.InvalidGraph, failures.InvalidProtobuf,
    failures.NotImplemented, failures.RuntimeException, RuntimeError, MemoryError, ValueError,
)  # fmt: skip


def run(name: str, pixels: Values) -> Mapping[str, Values]:
    """What the network `name` gives for its input `pixels`, by the names of its outputs.

    Raises:
        DetectorError: the network is missing, damaged or another, or cannot run on these numbers.
    """
    session = open_network(name)
    try:
        given = session.run(None, {"pixels": pixels})
    except _FAILED as error:
        raise DetectorError(f"the network `{name}` cannot run: {str(error)[:120]}") from error
    names = (output.name for output in session.get_outputs())
    return {key: np.asarray(value, dtype=np.float32) for key, value in zip(names, given, strict=True)}


@cache
def open_network(name: str) -> onnxruntime.InferenceSession:
    """The network `name`, opened once a process.

    Raises:
        DetectorError: the manifest does not name it, or its file is missing, damaged or another.
    """
    folder = files("brightline.weights")
    try:
        manifest = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))
        data = (folder / f"{name}.onnx").read_bytes()
    except OSError as error:
        raise DetectorError(f"weights `{name}` cannot be read: {error.strerror}; install anew") from error
    if hashlib.sha256(data).hexdigest() != manifest.get(name, {}).get("sha256", ""):
        raise DetectorError(f"weights `{name}` are not those that the manifest names; install anew")
    return session_of(data, name)


def session_of(data: bytes, name: str) -> onnxruntime.InferenceSession:
    """A network from its bytes, on one core, holding on to no more memory than it needs.

    Raises:
        DetectorError: the bytes are no network that ONNX Runtime reads.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps its peak for ever
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _FAILED as error:
        raise DetectorError(f"the network `{name}` cannot be opened: {str(error)[:120]}") from error
