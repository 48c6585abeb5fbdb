"""What an ONNX file that we did not make would have ONNX Runtime do, read before it is given to it.

A walk over the protobuf fields that matter, under limits of its own: operators and their domains, subgraphs, functions,
and where tensors keep their numbers. Nothing is built from them.

Source: onnx.proto of ONNX 1.17 (field numbers), protobuf encoding (wire types 0, 1, 2 and 5).
"""

from collections.abc import Iterator

import msgspec

from brightline.core.errors import DetectorError

FILE_BYTES = 128 * 1024 * 1024  # a worker has 320 MiB, and a network needs about twice its file
NODES = 20_000  # a ResNet-152 has 500, a ViT-L 3,000
TENSORS = 50_000
DEPTH = 4  # graphs within graphs; classifiers have none
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})  # the standard's own operators
REFUSED = frozenset({"Loop", "Scan", "SequenceMap"})  # they run for as long as their numbers say
_TYPES = frozenset(
    {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16}
)  # tensors of numbers; no strings, no packed 4 bits

# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 20, 25
_GRAPH_NODE, _GRAPH_TENSOR, _GRAPH_SPARSE = 1, 5, 15
_NODE_KIND, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (
    5,
    6,
    10,
    11,
    22,
)
_SPARSE_VALUES, _SPARSE_INDICES = 1, 2
_TENSOR_TYPE, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 2, 13, 14
_OPSET_DOMAIN = 1


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds.

    Attributes:
        operators: their names, each once, sorted.
        nodes: how many there are.
        tensors: likewise.
    """

    operators: tuple[str, ...]
    nodes: int
    tensors: int


def check(data: bytes, name: str) -> Contents:
    """Refuse whatever is more than arithmetic on the numbers in the file.

    Raises:
        DetectorError: the file is too large or malformed, keeps numbers elsewhere, or has operators of other domains,
            functions of its own, loops, or more nodes than `NODES`.
    """
    if len(data) > FILE_BYTES:
        raise DetectorError(f"`{name}` has {len(data)} bytes, expected at most {FILE_BYTES}")
    walk = _Walk(name)
    try:
        walk.model(memoryview(data))
    except (IndexError, UnicodeDecodeError) as error:
        raise DetectorError(f"`{name}` is no ONNX file that we read") from error
    if walk.nodes == 0:
        raise DetectorError(f"`{name}` holds no operators")
    return Contents(operators=tuple(sorted(walk.operators)), nodes=walk.nodes, tensors=walk.tensors)


class _Walk:
    def __init__(self, name: str) -> None:
        self._name = name
        self.operators: set[str] = set()
        self.nodes = 0
        self.tensors = 0

    def model(self, data: memoryview) -> None:
        for field, value in _fields(data):
            if field in {_MODEL_FUNCTIONS, _MODEL_TRAINING}:
                raise DetectorError(
                    f"`{self._name}` has functions or training steps of its own; export it without"
                )
            if field == _MODEL_OPSET and isinstance(value, memoryview):
                for inner, domain in _fields(value):
                    if inner == _OPSET_DOMAIN:
                        self._domain(_text(domain))
            if field == _MODEL_GRAPH and isinstance(value, memoryview):
                self._graph(value, 0)

    def _graph(self, data: memoryview, depth: int) -> None:
        if depth > DEPTH:
            raise DetectorError(f"`{self._name}` nests graphs deeper than {DEPTH}")
        for field, value in _fields(data):
            if not isinstance(value, memoryview):
                continue
            if field == _GRAPH_NODE:
                self._node(value, depth)
            elif field == _GRAPH_TENSOR:
                self._tensor(value)
            elif field == _GRAPH_SPARSE:
                self._sparse(value)

    def _node(self, data: memoryview, depth: int) -> None:
        self.nodes += 1
        if self.nodes > NODES:
            raise DetectorError(f"`{self._name}` has more than {NODES} operators")
        for field, value in _fields(data):
            if field == _NODE_DOMAIN:
                self._domain(_text(value))
            if field == _NODE_KIND:
                kind = _text(value)
                if kind in REFUSED:
                    raise DetectorError(
                        f"`{self._name}` has the operator `{kind}`, which may run without end"
                    )
                self.operators.add(kind)
            if field == _NODE_ATTRIBUTE and isinstance(value, memoryview):
                self._attribute(value, depth)

    def _attribute(self, data: memoryview, depth: int) -> None:
        for field, value in _fields(data):
            if not isinstance(value, memoryview):
                continue
            if field in {_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS}:
                self._tensor(value)
            elif field in {_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS}:
                self._graph(value, depth + 1)
            elif field == _ATTRIBUTE_SPARSE:
                self._sparse(value)

    def _sparse(self, data: memoryview) -> None:
        for field, value in _fields(data):
            if field in {_SPARSE_VALUES, _SPARSE_INDICES} and isinstance(value, memoryview):
                self._tensor(value)

    def _tensor(self, data: memoryview) -> None:
        self.tensors += 1
        if self.tensors > TENSORS:
            raise DetectorError(f"`{self._name}` has more than {TENSORS} tensors")
        for field, value in _fields(data):
            if field == _TENSOR_EXTERNAL or (field == _TENSOR_LOCATION and value != 0):
                raise DetectorError(
                    f"`{self._name}` keeps numbers in another file, which is never opened; export it as one file"
                )
            if field == _TENSOR_TYPE and value not in _TYPES:
                raise DetectorError(
                    f"`{self._name}` has a tensor of type {value}, which is not of plain numbers"
                )

    def _domain(self, domain: str) -> None:
        if domain not in DOMAINS:
            raise DetectorError(
                f"`{self._name}` needs operators of `{domain[:60]}`; only the standard's own are run"
            )


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Numbers and values of a message's fields.

    Raises:
        IndexError: the message is cut short or has a wire type that protobuf 3 does not.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if field == 0:
            raise IndexError
        if wire == 0:
            value, at = _varint(data, at)
            yield field, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in {1, 5}:
            size = 8 if wire == 1 else 4
        else:
            raise IndexError
        if size > len(data) - at:
            raise IndexError
        if wire == 2:
            yield field, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise IndexError


def _text(value: int | memoryview) -> str:
    if isinstance(value, int):
        raise IndexError
    return bytes(value[:1000]).decode("utf-8")
