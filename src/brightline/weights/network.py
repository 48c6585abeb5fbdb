"""One network of ONNX Runtime, on one core, with what it may cost bounded; nothing is read but the bytes given."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # it has no stubs
from onnxruntime.capi import onnxruntime_pybind11_state as native  # type: ignore[import-untyped]  # nor this

from brightline.core.errors import DetectorError

Values = npt.NDArray[np.float32]

_RAISED = (
    native.Fail, native.InvalidArgument, native.InvalidGraph, native.InvalidProtobuf, native.NoModel, native.NoSuchFile,
    native.NotImplemented, native.RuntimeException, RuntimeError, ValueError, TypeError, MemoryError,
)  # fmt: skip


class Port:
    """Name and shape of an input or output; sizes that are not fixed are -1."""

    __slots__ = ("kind", "name", "shape")

    def __init__(self, name: str, shape: Sequence[object], kind: str) -> None:
        self.name = name
        self.shape = tuple(size if isinstance(size, int) else -1 for size in shape)
        self.kind = kind


class Network:
    """A network that is ready to run.

    Args:
        data: the whole ONNX file.
        name: for messages.

    Raises:
        DetectorError: ONNX Runtime does not take it, or it does not fit into memory.
    """

    def __init__(self, data: bytes, name: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the pool gives each worker one core
        options.enable_cpu_mem_arena = False  # an arena keeps its peak for ever
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        options.add_session_config_entry("session.load_model_format", "ONNX")  # and not one hidden in it
        self._name = name
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except _RAISED as error:
            raise DetectorError(f"the network `{name}` cannot be opened: {_first_line(error)}") from error
        self.inputs = tuple(Port(one.name, one.shape, one.type) for one in self._session.get_inputs())
        self.outputs = tuple(Port(one.name, one.shape, one.type) for one in self._session.get_outputs())

    def run(self, values: Values, outputs: Sequence[str]) -> list[Values]:
        """Feed the first input, give the named outputs.

        Raises:
            DetectorError: the values do not fit the network, or it does not fit into memory.
        """
        return self.feed({self.inputs[0].name: values}, outputs)

    def feed(self, values: Mapping[str, Values], outputs: Sequence[str]) -> list[Values]:
        """Feed inputs by their names, give the named outputs.

        Raises:
            DetectorError: as for `run`.
        """
        try:
            found = self._session.run(list(outputs), dict(values))
        except _RAISED as error:
            raise DetectorError(f"the network `{self._name}` cannot run: {_first_line(error)}") from error
        return [np.asarray(one, dtype=np.float32) for one in found]


def _first_line(error: BaseException) -> str:
    words = str(error).splitlines()
    return words[0][:160] if words else type(error).__name__
