"""Plain text to hashed n-grams: the features of the fraud models, in numpy.

Chinese is read in runs of one to four characters; English in runs of three to five characters and in words, pairs of
words, and pairs with one word between them. A feature counts once, however often it stands in the text.
"""

import numpy as np
from numpy.typing import NDArray

BITS = 18  # buckets of each table: 262,144
WORD_LIMIT = 48  # letters of one word that are hashed
_MULTIPLIER = np.uint32(0x9E3779B1)  # golden ratio, odd: Knuth, TAOCP 3, 6.4
_MIXER = np.uint32(0x85EBCA6B)  # MurmurHash3's finaliser
_SPACE = np.uint32(32)
_POWERS = np.cumprod(np.full(WORD_LIMIT + 1, _MULTIPLIER, np.uint32), dtype=np.uint32)

Grams = NDArray[np.uint32]


def grams(text: str, *, is_chinese: bool) -> Grams:
    """(n,) uint32, the different buckets that a plain text falls into, sorted; each below 2**18."""
    if not text:
        return np.zeros(0, np.uint32)
    letters = np.frombuffer(f" {text} ".encode("utf-32-le", "replace"), np.uint32)
    return np.unique(
        np.concatenate([*_runs(letters, range(1, 5))])
        if is_chinese
        else np.concatenate([*_runs(letters, range(3, 6)), *_words(letters)])
    )


def _runs(letters: Grams, lengths: range) -> list[Grams]:
    """Buckets of all runs of each length."""
    hashed, found = np.zeros(len(letters), np.uint32), []
    for length in range(1, lengths.stop):
        count = len(letters) - length + 1
        if count <= 0:
            break
        hashed = hashed[:count] * _MULTIPLIER + letters[length - 1 :]
        if length in lengths:
            found.append(_bucket(hashed, length))
    return found


def _words(letters: Grams) -> list[Grams]:
    """Buckets of words, of pairs of neighbours, and of pairs with a word between."""
    is_space = letters == _SPACE
    starts = np.flatnonzero(is_space[:-1] & ~is_space[1:]) + 1
    if not len(starts):
        return []
    ends = np.flatnonzero(~is_space[:-1] & is_space[1:]) + 1
    place = np.arange(len(letters)) - np.repeat(np.r_[0, starts], np.diff(np.r_[0, starts, len(letters)]))
    weighed = np.where(is_space, 0, letters * _POWERS[np.minimum(place, WORD_LIMIT)])
    words = np.add.reduceat(weighed, starts, dtype=np.uint32) + (ends - starts).astype(np.uint32)
    gaps = [gap for gap in (1, 2) if len(words) > gap]
    pairs = [_bucket(words[:-gap] * _MULTIPLIER + words[gap:], 16 + gap) for gap in gaps]
    return [_bucket(words, 16), *pairs]


def _bucket(hashed: Grams, kind: int) -> Grams:
    mixed = (hashed ^ np.uint32(kind * 0x1B873593 & 0xFFFFFFFF)) * _MIXER
    mixed ^= mixed >> np.uint32(15)
    return (mixed * _MULTIPLIER) >> np.uint32(32 - BITS)
