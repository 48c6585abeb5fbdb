"""safetensors files: whether the header says what the bytes are (format of the safetensors project). Only the header is read."""

import json
import math
from collections.abc import Iterator

HEADER_LIMIT_BYTES = 100_000_000  # the format's own limit
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def faults(data: bytes, size: int) -> Iterator[str]:
    """What is wrong with a file, in words; none where every byte behind the header belongs to one tensor."""
    length = int.from_bytes(data[:8], "little")
    if length > HEADER_LIMIT_BYTES or 8 + length > size:
        yield f"the header says that it takes {length} bytes, and the file has {size}"
        return
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"), object_pairs_hook=_once)
    except _TwiceError as error:
        yield f"`{str(error)[:60]}` stands twice in the header"
        return
    except (ValueError, RecursionError):
        yield "the header is no valid JSON"
        return
    if not isinstance(header, dict):
        yield "the header is no table"
        return
    yield from _tensors(header, size - 8 - length)


def metadata(data: bytes, size: int) -> dict[str, object]:
    """The `__metadata__` of a file, empty where it cannot be read."""
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : min(size, 8 + length)]) if length <= HEADER_LIMIT_BYTES else {}
    except (ValueError, RecursionError):
        return {}
    found = header.get("__metadata__") if isinstance(header, dict) else None
    return found if isinstance(found, dict) else {}


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found


def _tensors(header: dict[str, object], size: int) -> Iterator[str]:
    places: list[tuple[int, int]] = []
    for name, one in header.items():
        if name == "__metadata__":
            if not isinstance(one, dict) or not all(isinstance(value, str) for value in one.values()):
                yield "its metadata are not all text"
            continue
        place = _place(one)
        if place is None:
            yield f"tensor `{name[:60]}` is not described as the format asks"
            return
        places.append(place)
    end = 0
    for start, stop in sorted(places):
        if start < end:
            yield "tensors overlap"
            return
        if start > end:
            yield f"{start - end} bytes between tensors belong to none"
            return
        end = stop
    if end != size:
        yield f"its tensors take {end} bytes, and {size} follow the header"


def _place(one: object) -> tuple[int, int] | None:
    if not isinstance(one, dict):
        return None
    bits, shape, place = _BITS.get(str(one.get("dtype"))), one.get("shape"), one.get("data_offsets")
    if bits is None or not isinstance(shape, list) or not isinstance(place, list) or len(place) != 2:
        return None
    numbers = [*shape, *place]
    if not all(
        isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers
    ):
        return None
    start, stop = place
    return (start, stop) if (stop - start) * 8 == math.prod(shape) * bits else None
