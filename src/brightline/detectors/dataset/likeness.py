"""Rows, or sentences, that are like each other: signatures in bands, and chains of those that agree enough.

Source: [broder1997] MinHash; bands as in [leskovec2020] ch. 3. Two rows with a share s of features in common meet in one of
b bands of r numbers with probability 1 - (1 - s**r)**b.
"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from brightline.detectors.dataset.sketch import EMPTY, Signatures
from brightline.detectors.dataset.tokens import Numbers, mixed

BAND = 3  # numbers of a band
PIECE = 200_000  # pairs that are compared at a time, 25 MB of signatures
FOLLOWERS = 3  # of those that meet in a band, how many before it each one is compared with


def groups(signatures: Signatures, alike: float) -> Numbers:
    """(rows,) the number of the group that each row belongs to; a row without a like is a group of its own.

    Args:
        signatures: (rows, hashes) uint16.
        alike: estimated share of common features from which on two that meet belong together.
    """
    rows = len(signatures)
    first: list[Numbers] = []
    second: list[Numbers] = []
    is_full = signatures[:, 0] != EMPTY if rows else np.zeros(0, bool)
    for start in range(0, signatures.shape[1] - BAND + 1, BAND):
        for one, other in _meeting(signatures[:, start : start + BAND], is_full):
            agree = _agreement(signatures, one, other) >= alike
            first.append(one[agree])
            second.append(other[agree])
    pairs = (np.concatenate(first), np.concatenate(second)) if first else (np.zeros(0, int), np.zeros(0, int))
    graph = coo_array((np.ones(len(pairs[0]), np.int8), pairs), shape=(rows, rows))
    _, found = connected_components(graph, directed=False)
    return np.asarray(found, np.int64)


def members(group: Numbers, least: int) -> list[Numbers]:
    """The rows of each group of at least that size, largest first."""
    order = np.argsort(group, kind="stable")
    _, starts, counts = np.unique(group[order], return_index=True, return_counts=True)
    chosen = np.flatnonzero(counts >= least)
    chosen = chosen[np.argsort(-counts[chosen], kind="stable")]
    return [order[starts[one] : starts[one] + counts[one]] for one in chosen]


def _meeting(band: Signatures, is_full: npt.NDArray[np.bool_]) -> list[tuple[Numbers, Numbers]]:
    """Pairs of rows whose band is the same: each with the one to three before it."""
    wide = band.astype(np.uint64)
    keys = mixed((wide[:, 0] << np.uint64(32)) | (wide[:, 1] << np.uint64(16)) | wide[:, 2])
    held = np.flatnonzero(is_full)
    order = held[np.argsort(keys[held], kind="stable")]
    ordered = keys[order]
    pairs = []
    for step in range(1, FOLLOWERS + 1):
        same = np.flatnonzero(ordered[step:] == ordered[:-step])
        pairs.append((order[same], order[same + step]))
    return pairs


def _agreement(signatures: Signatures, one: Numbers, other: Numbers) -> npt.NDArray[np.float32]:
    """Estimated share of common features of each pair."""
    found = np.empty(len(one), np.float32)
    for start in range(0, len(one), PIECE):
        piece = slice(start, start + PIECE)
        found[piece] = (signatures[one[piece]] == signatures[other[piece]]).mean(axis=1)
    return found
