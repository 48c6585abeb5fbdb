"""Undoes the PNG predictors that PDF puts under compression (ISO 32000-2 7.4.4.4; ISO/IEC 15948 9)."""

import numpy as np

from brightline.core.errors import CarrierError

_SLOW_ROW_LIMIT = 200_000  # rows with a filter other than None or Up, undone one by one


def unpredict(data: bytes, columns: int) -> bytes:
    """Rows of one filter byte and `columns` bytes each, made plain.

    Raises:
        CarrierError: the rows do not fit the data, or a filter is unknown.
    """
    if not 1 <= columns <= 1 << 16:
        raise CarrierError(f"a PDF stream has rows of {columns} bytes")
    count = len(data) // (columns + 1)
    rows = np.frombuffer(data, np.uint8, count * (columns + 1)).reshape(count, columns + 1)
    if bool((rows[:, 0] == 2).all()):
        return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).tobytes()
    if bool((rows[:, 0] == 0).all()):
        return rows[:, 1:].tobytes()
    if count > _SLOW_ROW_LIMIT:
        raise CarrierError(f"a PDF stream has more than {_SLOW_ROW_LIMIT} rows of mixed predictors")
    return _row_by_row(data, columns, count)


def _row_by_row(data: bytes, columns: int, count: int) -> bytes:
    before, plain = bytearray(columns), bytearray()
    if count * columns > _SLOW_ROW_LIMIT * 16:
        raise CarrierError("a PDF stream has too many bytes under mixed predictors")
    for number in range(count):
        start = number * (columns + 1)
        row = bytearray(data[start + 1 : start + 1 + columns])
        _undo(data[start], row, before)
        plain += row
        before = row
    return bytes(plain)


def _undo(kind: int, row: bytearray, above: bytearray) -> None:
    if kind > 4:
        raise CarrierError(f"a PDF stream has a row of predictor {kind}")
    for at in range(len(row)) if kind else ():
        left = row[at - 1] if at else 0
        corner = above[at - 1] if at else 0
        guess = (left, above[at], (left + above[at]) // 2, _paeth(left, above[at], corner))[kind - 1]
        row[at] = (row[at] + guess) & 0xFF


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    near = (abs(guess - left), abs(guess - above), abs(guess - corner))
    return (left, above, corner)[near.index(min(near))]
