"""All rows of a data set as the tests see them: sketches one behind the other, labels and answers as numbers."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.dataset.scan import Scanned
from brightline.detectors.dataset.sketch import FEATURE_BITS, Features, Signatures
from brightline.detectors.dataset.tokens import Hashes, Numbers

FEATURES_LIMIT = (
    250_000_000  # numbers of all rows together, 1 GB: four million messages, a million of 250 words
)
CLASSES_LIMIT = 40  # labels; a column with more is no label
CLASS_SHARE = 0.05  # of the rows, above which the number of different labels says that it is none


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """The rows.

    Attributes:
        features: of all rows, one row behind the other.
        begins: (rows + 1,) where each row's features begin.
        signatures: (rows, 63).
        exact: (rows,) hash of each text's tokens.
        lengths: (rows,) tokens.
        labels: (rows,) number of each row's class, -1 without one.
        classes: their names.
        answers: (rows,) hash of each answer, 0 without one.
        sentence_rows: (sentences,).
        sentence_numbers: (sentences,).
        sentence_signatures: (sentences, 24).
        sentence_exact: (sentences,).
    """

    features: Features
    begins: Numbers
    signatures: Signatures
    exact: Hashes
    lengths: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int32]
    classes: tuple[str, ...]
    answers: Hashes
    sentence_rows: npt.NDArray[np.int32]
    sentence_numbers: npt.NDArray[np.int32]
    sentence_signatures: Signatures
    sentence_exact: Hashes

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.lengths)

    def row_of_feature(self) -> Numbers:
        """(features,) the row that each belongs to."""
        return np.repeat(np.arange(self.rows), np.diff(self.begins))

    def of(self, row: int) -> Features:
        """The features of one row, ascending."""
        return self.features[self.begins[row] : self.begins[row + 1]]

    def frequencies(self) -> npt.NDArray[np.int32]:
        """(2**22,) in how many rows each feature stands."""
        return np.bincount(self.features, minlength=1 << FEATURE_BITS).astype(np.int32)


def corpus(parts: Sequence[Scanned], labels: Sequence[str]) -> Corpus:
    """Put batches together, in the order of their rows.

    Args:
        parts: batches, by their first row.
        labels: of all rows; empty strings where there is none.
    """
    sketches = [part.sketch for part in parts]
    numbers, classes = _classes(labels)
    counts = np.concatenate([one.counts for one in sketches]) if sketches else np.zeros(0, np.int32)
    return Corpus(
        features=np.concatenate([one.features for one in sketches]),
        begins=np.concatenate([[0], np.cumsum(counts)]),
        signatures=np.concatenate([one.signatures for one in sketches]),
        exact=np.concatenate([one.exact for one in sketches]),
        lengths=np.concatenate([one.lengths for one in sketches]),
        labels=numbers,
        classes=classes,
        answers=np.array([answer for part in parts for answer in part.answers], np.uint64),
        sentence_rows=np.concatenate(
            [one.sentence_rows + part.first for part, one in zip(parts, sketches, strict=True)]
        ).astype(np.int32),
        sentence_numbers=np.concatenate([one.sentence_numbers for one in sketches]),
        sentence_signatures=np.concatenate([one.sentence_signatures for one in sketches]),
        sentence_exact=np.concatenate([one.sentence_exact for one in sketches]),
    )


def _classes(labels: Sequence[str]) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """Numbers and names of the classes; none where the column is no label."""
    names = sorted({label for label in labels if label})
    most = min(CLASSES_LIMIT, max(2, int(CLASS_SHARE * len(labels))))
    if not 2 <= len(names) <= most:
        return np.full(len(labels), -1, np.int32), ()
    places = {name: number for number, name in enumerate(names)}
    return np.array([places.get(label, -1) for label in labels], np.int32), tuple(names)
