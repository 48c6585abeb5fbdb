"""Many texts as one row of token hashes, in numpy: words of letters and digits, and each Han character by itself.

A token's hash is a polynomial over its characters, taken from running sums: the texts are never cut up in Python.
"""

import unicodedata
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

CHARACTERS_READ = 20_000  # of one row; what poisons a row stands in its first pages, and memory is bounded
SEPARATOR = "\x1e"  # between rows; where a text has one itself it becomes a space
_WORD, _HAN, _END = 1, 2, 4
_ENDS = ".!?;。！？；…\n\r"
_HAN_RANGES = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF), (0x3040, 0x30FF))
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
_INVERSE = pow(_BASE, -1, 1 << 64)

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of some texts, in order.

    Attributes:
        rows: how many texts there are.
        hashes: (tokens,) of each token.
        row: (tokens,) the text it stands in.
        place: (tokens,) its number within the text.
        sentence: (tokens,) the number of its sentence, over all texts.
        start: (tokens,) offset of its first character in `text`.
        end: (tokens,) offset behind its last character.
        text: the levelled texts, joined by `SEPARATOR`.
    """

    rows: int
    hashes: Hashes
    row: Numbers
    place: Numbers
    sentence: Numbers
    start: Numbers
    end: Numbers
    text: str


def levelled(text: str) -> str:
    """Compatibility characters made plain and lower case: what spelling tricks on whole words come down to."""
    shown = text[:CHARACTERS_READ]
    if not shown.isascii():
        shown = unicodedata.normalize("NFKC", shown)
    return shown.lower().replace(SEPARATOR, " ")


def tokens_of(texts: list[str]) -> Tokens:
    """All tokens of the texts; about 30 million characters a second."""
    text = SEPARATOR.join(levelled(one) for one in texts)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    sort = _table()[np.minimum(points, len(_table()) - 1)]
    is_word, is_han = sort == _WORD, sort == _HAN
    begins, ends = is_word.copy(), is_word.copy()
    begins[1:] &= ~is_word[:-1]
    ends[:-1] &= ~is_word[1:]
    start = np.flatnonzero(begins | is_han)
    end = np.flatnonzero(ends | is_han) + 1
    row = np.cumsum(points == ord(SEPARATOR))[start] if len(start) else start
    first = np.searchsorted(row, np.arange(len(texts)))
    breaks = np.cumsum((sort == _END) | (points == ord(SEPARATOR)))
    return Tokens(
        rows=len(texts),
        hashes=_hashes(points, start, end),
        row=row,
        place=np.arange(len(row)) - first[row] if len(row) else row,
        sentence=breaks[start] if len(start) else start,
        start=start,
        end=end,
        text=text,
    )


def mixed(values: Hashes) -> Hashes:
    """Each number stirred so that any of its bits depends on all: the finaliser of SplitMix64."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def followed(first: Hashes, second: Hashes) -> Hashes:
    """Hashes of two runs, one behind the other."""
    return mixed(first * np.uint64(0x9E3779B97F4A7C15) + second)


def runs(tokens: Tokens, length: int) -> tuple[Hashes, Numbers]:
    """Hashes of all runs of that many tokens within one text, and the number of the token that each begins at."""
    if len(tokens.hashes) < length:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    hashes = tokens.hashes
    for step in range(1, length):
        hashes = followed(hashes[:-1], tokens.hashes[step:])
    inside = tokens.row[: len(hashes)] == tokens.row[length - 1 :]
    return hashes[inside], np.flatnonzero(inside)


def _hashes(points: npt.NDArray[np.uint32], start: Numbers, end: Numbers) -> Hashes:
    if not len(start):
        return np.zeros(0, np.uint64)
    powers, inverses = _powers(1 << (len(points)).bit_length())
    sums = np.zeros(len(points) + 1, np.uint64)
    np.cumsum(points.astype(np.uint64) * powers[: len(points)], out=sums[1:])
    return mixed((sums[end] - sums[start]) * inverses[start] + (end - start).astype(np.uint64))


@cache
def _powers(count: int) -> tuple[Hashes, Hashes]:
    return _powers_of(_BASE, count), _powers_of(_INVERSE, count)


def _powers_of(base: int, count: int) -> Hashes:
    factors = np.full(count, base, np.uint64)
    factors[0] = 1
    return np.asarray(np.multiply.accumulate(factors), np.uint64)


@cache
def _table() -> npt.NDArray[np.uint8]:
    """What each code point is; those above the last Han plane are no part of any word."""
    table = np.array([_WORD if chr(point).isalnum() else 0 for point in range(0x40001)], np.uint8)
    for low, high in _HAN_RANGES:
        table[low : high + 1][table[low : high + 1] == _WORD] = _HAN
    table[[ord(sign) for sign in _ENDS]] = _END
    table[-1] = 0
    return table
