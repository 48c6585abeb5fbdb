"""ONNX models (onnx.proto): files that they read, operators that are not ONNX's own, subgraphs included. Nothing is run."""

import re
from collections.abc import Iterator

import msgspec

from brightline.detectors.artefact.protobuf import Part, parts

NODES_LIMIT = 1_000_000  # nodes and tensors of one model; the largest seen have some 20,000
DEPTH_LIMIT = 20  # subgraphs within each other
_OWN = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training"})
_RUNTIMES = frozenset(
    {
        "com.microsoft",
        "com.microsoft.nchwc",
        "com.microsoft.experimental",
        "com.ms.internal.nhwc",
        "org.pytorch.aten",
        "pkg.onnxscript.torch_lib",
        "pkg.onnxscript.torch_lib.common",
        "ai.onnx.contrib",
        "com.microsoft.extensions",
        "pkg.torch",
    }
)
_CODE_OPERATORS = frozenset({"PyOp", "PythonOp", "PythonOpGrad", "ATen", "ATenOp"})
_OUT = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\~]|^[A-Za-z]:|://|\x00")


class Hit(msgspec.Struct, frozen=True):
    """What a model reads or needs: `artefact.path`, `artefact.code` or `artefact.unvetted`, and its name."""

    claim: str
    name: str
    kind: str


class OnnxModel:
    """Walks one model."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._count = 0

    def hits(self, end: int) -> Iterator[Hit]:
        """What the model reads or needs.

        Raises:
            Bad: it is no such message, or cut off.
            ValueError: it has too many parts.
        """
        for part in parts(self._data, 0, end):
            if part.number == 7 and part.is_bytes:
                yield from self._graph(part, 0)
            elif part.number == 25 and part.is_bytes:
                yield from self._function(part)

    def _graph(self, graph: Part, depth: int) -> Iterator[Hit]:
        if depth > DEPTH_LIMIT:
            raise ValueError(f"subgraphs nested deeper than {DEPTH_LIMIT}")
        for part in parts(self._data, graph.start, graph.end):
            if not part.is_bytes:
                continue
            if part.number == 1:
                yield from self._node(part, depth)
            elif part.number == 5:
                yield from self._tensor(part)
            elif part.number == 15:
                for inner in parts(self._data, part.start, part.end):
                    if inner.is_bytes and inner.number in {1, 2}:
                        yield from self._tensor(inner)

    def _function(self, function: Part) -> Iterator[Hit]:
        for part in parts(self._data, function.start, function.end):
            if part.is_bytes and part.number == 7:
                yield from self._node(part, 1)

    def _node(self, node: Part, depth: int) -> Iterator[Hit]:
        self._counted()
        domain, operator = "", ""
        for part in parts(self._data, node.start, node.end):
            if part.is_bytes and part.number == 4:
                operator = self._text(part)
            elif part.is_bytes and part.number == 7:
                domain = self._text(part)
            elif part.is_bytes and part.number == 5:
                yield from self._attribute(part, depth)
        if operator in _CODE_OPERATORS:
            yield Hit("artefact.code", f"{domain}.{operator}"[:200], "operator")
        elif domain not in _OWN | _RUNTIMES:
            yield Hit("artefact.unvetted", f"{domain}.{operator}"[:200], "operator")

    def _attribute(self, attribute: Part, depth: int) -> Iterator[Hit]:
        for part in parts(self._data, attribute.start, attribute.end):
            if part.is_bytes and part.number in {6, 11}:
                yield from self._graph(part, depth + 1)
            elif part.is_bytes and part.number in {5, 10}:
                yield from self._tensor(part)

    def _tensor(self, tensor: Part) -> Iterator[Hit]:
        self._counted()
        for part in parts(self._data, tensor.start, tensor.end):
            if part.is_bytes and part.number == 13:
                key, value = "", ""
                for inner in parts(self._data, part.start, part.end):
                    key = self._text(inner) if inner.number == 1 else key
                    value = self._text(inner) if inner.number == 2 else value
                if key == "location" and _OUT.search(value):
                    yield Hit("artefact.path", value[:200], "external_data")

    def _text(self, part: Part) -> str:
        return self._data[part.start : min(part.end, part.start + 4096)].decode("utf-8", "replace")

    def _counted(self) -> None:
        self._count += 1
        if self._count > NODES_LIMIT:
            raise ValueError(f"more than {NODES_LIMIT} nodes and tensors")
