"""Raw arrays between the opcodes of a joblib pickle (joblib's `numpy_pickle.py`, NumpyArrayWrapper.read_array).

Another loader does not know of them and would run their bytes as opcodes. So the stream is followed both ways.
"""

import math
import re
from collections.abc import Callable

from brightline.detectors.artefact.values import Made, Table
from brightline.detectors.artefact.walk import Broken, Raw, Walked, Walker, as_text

_WRAPPERS = {"joblib.numpy_pickle.NumpyArrayWrapper"}
_CODE = re.compile(r"[<>=|]?([?a-zA-Z])(\d*)")
_UNICODE_BYTES = 4  # of a character of numpy's type U


def arrays(follow: Callable[[Walker, int], int], also: Callable[[Walked], None]) -> Raw:
    """What to do at a BUILD.

    Args:
        follow: walks a whole pickle inside the stream, of an array of objects; gives the offset behind it.
        also: hears what a loader would meet that takes the raw bytes for opcodes.
    """

    def behind(walker: Walker, target: Made, position: int) -> int:
        state = target.state if isinstance(target.state, Table) else None
        if target.path not in _WRAPPERS and not _is_wrapper(target):
            return position
        if state is None:
            raise Broken("a joblib array does not say its shape")
        code, size = _type(state.entries.get("dtype"))
        if code == "O":
            return follow(walker, position)
        also(walker.go_on(position, walker.end))
        if (
            "numpy_array_alignment_bytes" in state.entries
            and state.entries["numpy_array_alignment_bytes"] is not None
        ):
            position += 1 + walker.data[position]
        after = position + size * _count(state.entries.get("shape"))
        if after > walker.end:
            raise Broken("a joblib array is cut off")
        return after

    return behind


def _is_wrapper(target: Made) -> bool:
    return isinstance(target.maker, Made) and target.maker.path in _WRAPPERS


def _count(shape: object) -> int:
    sides = [one for one in shape if isinstance(one, int) and one >= 0] if isinstance(shape, tuple) else None
    if sides is None or len(sides) != len(shape if isinstance(shape, tuple) else ()):
        raise Broken("a joblib array does not say its shape")
    return math.prod(sides)


def _type(dtype: object) -> tuple[str, int]:
    """Type letter and size of an element in bytes."""
    args = dtype.args if isinstance(dtype, Made) and isinstance(dtype.args, tuple) else ()
    match = _CODE.fullmatch((as_text(args[0]) if args else None) or "")
    if match is None:
        raise Broken("a joblib array does not say its type")
    size = int(match[2] or 1)
    return match[1], size * _UNICODE_BYTES if match[1] == "U" else size
