"""Search among claims by shared words: two inverted indexes in plain arrays, one of stems and one of letters.

Stems are weighed by BM25 [robertson2009], k1 = 1.2 and b = 0.75; runs of letters by the cosine of logarithmic counts
times inverse document frequency. The cost of a look-up is the length of the lists that it touches.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.text.claim_words import grams, hashed, stems

K1, B = 1.2, 0.75  # the usual values; not tuned
Scores = npt.NDArray[np.float32]  # one a claim


class Postings(msgspec.Struct, frozen=True):
    """An inverted index.

    Attributes:
        keys: (terms,) uint64, sorted hashes of terms.
        starts: (terms + 1,) int64, where each term's list begins.
        claims: (entries,) uint32, numbers of claims.
        weights: (entries,) float32, of the term in that claim, its inverse document frequency included.
        rarity: (terms,) float32, inverse document frequency.
    """

    keys: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    claims: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float32]
    rarity: npt.NDArray[np.float32]

    def sum(self, terms: npt.NDArray[np.uint64], factors: Scores, count: int) -> Scores:
        """Add up the weights of the terms, each times its factor, for every one of `count` claims."""
        total = np.zeros(count, np.float32)
        for at, factor in zip(*self.find(terms, factors), strict=True):
            begin, end = self.starts[at], self.starts[at + 1]
            total[self.claims[begin:end]] += self.weights[begin:end] * factor  # a claim stands once in a list
        return total

    def find(self, terms: npt.NDArray[np.uint64], factors: Scores) -> tuple[npt.NDArray[np.int64], Scores]:
        """Places of those terms that the index has, with their factors."""
        if len(self.keys) == 0 or len(terms) == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        at = np.minimum(np.searchsorted(self.keys, terms), len(self.keys) - 1)
        known = self.keys[at] == terms
        return at[known], factors[known]


class ClaimIndex(msgspec.Struct, frozen=True):
    """Both indexes over the same claims.

    Attributes:
        count: claims.
        words: BM25 over stems.
        letters: cosine over runs of letters.
    """

    count: int
    words: Postings
    letters: Postings

    def by_words(self, wording: str) -> Scores:
        """BM25 of every claim, over the sum of the query's own rarities: about 0 to 2, whatever its length."""
        terms, _ = _counted(stems(wording))
        at, _ = self.words.find(terms, np.ones(len(terms), np.float32))
        most = float(self.words.rarity[at].sum()) if len(at) else 0.0
        scores = self.words.sum(terms, np.ones(len(terms), np.float32), self.count)
        return scores / np.float32(most) if most else scores

    def by_letters(self, wording: str) -> Scores:
        """Cosine of every claim, 0 to 1. Runs that no claim has count towards the query's length as the rarest do."""
        terms, counts = _counted(grams(wording))
        if len(terms) == 0 or self.count == 0:
            return np.zeros(self.count, np.float32)
        at = np.minimum(np.searchsorted(self.letters.keys, terms), len(self.letters.keys) - 1)
        known = self.letters.keys[at] == terms
        rarest = np.float32(np.log(1.0 + self.count) + 1.0)
        factors = _damped(counts) * np.where(known, self.letters.rarity[at], rarest)
        return self.letters.sum(terms, factors / np.float32(np.linalg.norm(factors)), self.count)


def build(wordings: Sequence[str]) -> ClaimIndex:
    """Index claims; number i is the i-th of them. Wordings come from `claim_words.plain`."""
    return ClaimIndex(len(wordings), _build(wordings, stems, _bm25), _build(wordings, grams, _cosine))


def save(index: ClaimIndex, folder: Path) -> None:
    """Write the arrays as .npy files.

    Raises:
        OSError: the folder cannot be written.
    """
    for name in ("words", "letters"):
        for field in Postings.__struct_fields__:
            np.save(folder / f"{name}_{field}.npy", getattr(getattr(index, name), field), allow_pickle=False)


def load(folder: Path, count: int) -> ClaimIndex:
    """Map the arrays, without reading them.

    Raises:
        OSError: a file is missing.
        ValueError: a file is cut short or the arrays do not fit each other.
    """
    words, letters = (_load(folder, name, count) for name in ("words", "letters"))
    return ClaimIndex(count, words, letters)


_Weigh = Callable[[Scores, npt.NDArray[np.int64], Scores, int], Scores]
_TYPES = {
    "keys": np.uint64,
    "starts": np.int64,
    "claims": np.uint32,
    "weights": np.float32,
    "rarity": np.float32,
}


def _load(folder: Path, name: str, count: int) -> Postings:
    arrays = {
        field: np.load(folder / f"{name}_{field}.npy", mmap_mode="r", allow_pickle=False) for field in _TYPES
    }
    postings = Postings(**arrays)
    entries, terms = len(postings.claims), len(postings.keys)
    fits = (
        all(array.ndim == 1 and array.dtype == _TYPES[field] for field, array in arrays.items())
        and (len(postings.starts), len(postings.rarity), len(postings.weights)) == (terms + 1, terms, entries)
        and int(postings.starts[0]) == 0
        and int(postings.starts[-1]) == entries
        and bool((np.diff(postings.starts) >= 0).all())
        and (entries == 0 or int(postings.claims.max()) < count)
    )
    if not fits:
        raise ValueError(f"arrays of index `{name}` do not fit each other")
    return postings


def _build(wordings: Sequence[str], take: Callable[[str], list[str]], weigh: _Weigh) -> Postings:
    found = [_counted(take(wording)) for wording in wordings]
    sizes = np.array([len(terms) for terms, _ in found], np.int64)
    terms = np.concatenate([one for one, _ in found] or [np.zeros(0, np.uint64)])
    counts = np.concatenate([one for _, one in found] or [np.zeros(0, np.float32)])
    claims = np.repeat(np.arange(len(wordings), dtype=np.uint32), sizes)
    order = np.argsort(terms, kind="stable")  # claims stay in order within a term
    keys, first, widths = np.unique(terms[order], return_index=True, return_counts=True)
    starts = np.concatenate((first, [len(terms)])).astype(np.int64)
    rarity = (np.log((1.0 + len(wordings)) / (widths + 0.5)) + 1.0).astype(np.float32)
    each = np.repeat(rarity, widths)
    weights = weigh(counts[order], claims[order].astype(np.int64), each, len(wordings))
    return Postings(keys, starts, claims[order], weights, rarity)


def _bm25(counts: Scores, claims: npt.NDArray[np.int64], rarity: Scores, total: int) -> Scores:
    lengths = np.bincount(claims, weights=counts, minlength=total)
    share = lengths / max(lengths.mean() if total else 1.0, 1.0)
    bend = K1 * (1 - B + B * share[claims])
    return (rarity * counts * (K1 + 1) / (counts + bend)).astype(np.float32)


def _cosine(counts: Scores, claims: npt.NDArray[np.int64], rarity: Scores, total: int) -> Scores:
    weights = _damped(counts) * rarity
    norms = np.sqrt(np.bincount(claims, weights=weights.astype(np.float64) ** 2, minlength=total))
    return (weights / norms[claims]).astype(np.float32)


def _damped(counts: Scores) -> Scores:
    return np.asarray(1.0 + np.log(counts), dtype=np.float32)


def _counted(features: list[str]) -> tuple[npt.NDArray[np.uint64], Scores]:
    terms, counts = np.unique(hashed(features), return_counts=True)
    return terms, counts.astype(np.float32)
