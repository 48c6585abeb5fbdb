"""GGUF files (ggml's specification, versions 1 to 3): texts in the metadata, and whether counts and places are true."""

import struct
from collections.abc import Iterator

import msgspec

KEYS_LIMIT = 100_000  # metadata fields; real files have under 100
ARRAY_LIMIT = 20_000_000  # elements of one array; the largest vocabularies have 300,000
TENSORS_LIMIT = 1_000_000  # real files have some thousands
DIMENSIONS_LIMIT = 8  # ggml allows 4
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9


class Bad(Exception):  # noqa: N818 - it ends a reading and is told as a fact
    """The file is cut off or says what cannot be."""


class Text(msgspec.Struct, frozen=True):
    """One text of the metadata."""

    key: str
    value: str


class Gguf:
    """Reads one file's header in place."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size, self._at = data, size, 8
        self._order = "<"

    def texts(self) -> Iterator[Text]:
        """Texts of the metadata; afterwards the tensors' places are looked at.

        Raises:
            Bad: the file is cut off or says what cannot be.
        """
        version = self._number("I", at=4)
        if version > 0xFFFF:
            self._order, version = ">", version >> 24
        if version not in {1, 2, 3}:
            raise Bad(f"version {version} is not known")
        count = "I" if version == 1 else "Q"
        tensors, keys = self._number(count), self._number(count)
        if keys > KEYS_LIMIT or tensors > TENSORS_LIMIT:
            raise Bad(f"it says that it has {keys} metadata fields and {tensors} tensors")
        self._count = count
        for _ in range(keys):
            key = self._string()
            yield from self._value(key, self._number("I"), 0)
        for _ in range(tensors):
            self._tensor()

    def _value(self, key: str, kind: int, depth: int) -> Iterator[Text]:
        if kind == _STRING:
            yield Text(key, self._string())
        elif kind == _ARRAY and depth < 4:
            inner, length = self._number("I"), self._number(self._count)
            if length > ARRAY_LIMIT:
                raise Bad(f"an array of {length} elements")
            if inner in _SIZES:
                self._skip(_SIZES[inner] * length)
            elif inner == _STRING:
                for _ in range(length):
                    self._skip(self._number(self._count))
            else:
                for _ in range(length):
                    yield from self._value(key, inner, depth + 1)
        elif kind in _SIZES:
            self._skip(_SIZES[kind])
        else:
            raise Bad(f"a metadata field of kind {kind}")

    def _tensor(self) -> None:
        self._string()
        dimensions = self._number("I")
        if dimensions > DIMENSIONS_LIMIT:
            raise Bad(f"a tensor of {dimensions} dimensions")
        for _ in range(dimensions):
            self._number(self._count)
        self._number("I")
        offset = self._number("Q")
        if offset > self._size:
            raise Bad(f"a tensor at {offset}, behind the end of the file")

    def _string(self) -> str:
        length = self._number(self._count)
        start = self._at
        self._skip(length)
        return self._data[start : self._at].decode("utf-8", "replace")

    def _number(self, form: str, at: int = -1) -> int:
        start = self._at if at < 0 else at
        width = struct.calcsize(f"<{form}")
        if start + width > self._size:
            raise Bad("it ends in its header")
        if at < 0:
            self._at += width
        return int(struct.unpack(self._order + form, self._data[start : start + width])[0])

    def _skip(self, length: int) -> None:
        if self._at + length > self._size:
            raise Bad("a length in the header leads behind the end of the file")
        self._at += length
