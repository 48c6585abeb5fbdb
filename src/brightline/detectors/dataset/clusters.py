"""Rewordings of one text that bear a label which the rest of the data speaks against; and rows like no others.

Templates are common in honest sets too, and honest ones agree with the rows around them. What was planted to teach a
wrong answer does not: the model that never saw the cluster expects another label of it.
"""

import msgspec
import numpy as np

from brightline.detectors.dataset.corpus import Corpus
from brightline.detectors.dataset.likeness import members
from brightline.detectors.dataset.reading import Reading
from brightline.detectors.dataset.tokens import Numbers

LEAST = 6  # rows of a cluster
REWORDED = 0.4  # of its rows that must differ from each other in words
UNLIKE = 0.5  # mean probability of their label by all other rows, above which they agree with the rest
DECISIVE = 0.9  # of them with one label
APART = 0.6  # share of a cluster's features that hardly any other row has, from which on it stands apart
FLIPPED = 0.05  # probability of its label below which a row's label is suspected
TRUSTED = 0.5  # mean probability of the labels of a class below which no row of it is judged


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Rows like each other.

    Attributes:
        rows: ascending.
        label: number of the class most of them bear, -1 without labels.
        expected: mean probability of their labels by all other rows, nan without labels.
        apart: share of their features that hardly any other row has.
    """

    rows: Numbers
    label: int
    expected: float
    apart: float


def clusters(corpus: Corpus, group: Numbers, read: Reading | None) -> list[Cluster]:
    """Groups of rewordings, those that the rest speaks against most first.

    Args:
        corpus: the rows.
        group: (rows,) of rows like each other.
        read: what the rest says of each row, fitted without its group.
    """
    frequency = corpus.frequencies()
    found = []
    for rows in members(group, LEAST):
        if len(np.unique(corpus.exact[rows])) < REWORDED * len(rows):
            continue
        found.append(_cluster(corpus, np.sort(rows), read, frequency))
    return sorted(
        found, key=lambda one: (one.expected if one.expected == one.expected else 2.0, -len(one.rows))
    )


def is_suspected(cluster: Cluster) -> bool:
    """Whether the rest of the data speaks against its label."""
    return cluster.label >= 0 and cluster.expected <= UNLIKE


def flips(corpus: Corpus, read: Reading) -> Numbers:
    """Rows whose label everything else in them speaks against, surest first.

    Source: [northcutt2021] Confident learning: the threshold of each class is the mean probability of its own rows; ours
    asks besides that the row's own label has under 5 %.
    """
    rows = np.flatnonzero(corpus.labels >= 0)
    labels = corpus.labels[rows]
    chances = read.chances[rows]
    own = chances[np.arange(len(rows)), labels]
    means = np.array(
        [
            chances[labels == one, one].mean() if (labels == one).any() else 1.0
            for one in range(len(corpus.classes))
        ]
    )
    other = chances.copy()
    other[np.arange(len(rows)), labels] = -1
    best = other.argmax(axis=1)
    is_flipped = (own <= FLIPPED) & (other[np.arange(len(rows)), best] >= means[best])
    is_flipped &= (means[best] >= TRUSTED) & (np.diff(corpus.begins)[rows] > 0)
    chosen = rows[is_flipped]
    return np.asarray(chosen[np.argsort(own[is_flipped], kind="stable")], np.int64)


def _cluster(
    corpus: Corpus, rows: Numbers, read: Reading | None, frequency: np.ndarray[tuple[int], np.dtype[np.int32]]
) -> Cluster:
    labels = corpus.labels[rows]
    held = labels >= 0
    label, expected = -1, float("nan")
    if read is not None and held.any():
        counts = np.bincount(labels[held])
        label = int(counts.argmax()) if counts.max() >= DECISIVE * held.sum() else -1
        expected = float(read.chances[rows[held], labels[held]].mean())
    features = np.concatenate([corpus.of(int(row)) for row in rows[:200]])
    names, inside = np.unique(features, return_counts=True)
    scale = max(1.0, len(rows) / 200)
    apart = float(inside[frequency[names] <= 1.5 * inside * scale + 1].sum() / max(1, len(features)))
    return Cluster(rows=rows, label=label, expected=expected, apart=apart)
