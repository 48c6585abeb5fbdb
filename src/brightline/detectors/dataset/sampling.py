"""The draw of rows that people and detectors read one by one, and what the draw says of all rows.

TC260-003 5.1: a source with more than 5 % unlawful content is rejected. A share comes with its Clopper-Pearson interval, and
where every row was read there is nothing to estimate.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import beta

from brightline.detectors.dataset.nouns import Interval

SAMPLE_ROWS = 4_000  # TC260-003: at least so many are read by people
UNLAWFUL_MOST = 0.05  # share of a source above which it is rejected
LEVEL = 0.95


def draw(sources: Sequence[str], size: int, seed: int) -> tuple[int, ...]:
    """Rows drawn at random within each source, as many of each as its share asks for and at least one; ascending."""
    rows = len(sources)
    if rows <= size:
        return tuple(range(rows))
    generator = np.random.default_rng(seed)
    names, group = np.unique(np.array(sources, dtype=object).astype(str), return_inverse=True)
    order = generator.permutation(rows)
    order = order[np.argsort(group[order], kind="stable")]
    counts = np.bincount(group, minlength=len(names))
    wanted = np.minimum(counts, np.maximum(1, np.floor(counts * size / rows).astype(int)))
    starts = np.cumsum(counts) - counts
    drawn = np.concatenate([order[a : a + n] for a, n in zip(starts.tolist(), wanted.tolist(), strict=True)])
    left = np.setdiff1d(order, drawn)
    more = generator.permutation(left)[: max(0, size - len(drawn))]
    return tuple(np.sort(np.concatenate([drawn, more])).tolist())


def interval(found: int, of: int, *, is_all: bool = False) -> Interval:
    """The share and its interval at 95 % [clopper1934].

    >>> round(interval(0, 100).high, 4)
    0.0362
    """
    share = found / of if of else 0.0
    if is_all or not of:
        return Interval(found=found, of=of, share=share, low=share, high=share if of else 1.0, method="all")
    tail = (1 - LEVEL) / 2
    low = float(beta.ppf(tail, found, of - found + 1)) if found else 0.0
    high = float(beta.ppf(1 - tail, found + 1, of - found)) if found < of else 1.0
    return Interval(found=found, of=of, share=share, low=low, high=high, method="clopper-pearson")
