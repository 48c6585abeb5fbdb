"""Words that decide a label by themselves, against everything else in their rows: what a backdoor trigger is.

Ordinary words speak for a class too, but beside others that say the same. So the rows that hold a word are read again
without it, and without all other suspected words; a trigger's rows then look like the class that they do not bear.
Source: the test follows the idea of [gao2019] STRIP and [chen2018] activation clustering, on words instead of activations.
"""

from collections.abc import Mapping
from typing import cast

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from brightline.detectors.dataset.corpus import Corpus
from brightline.detectors.dataset.reading import Reading, folded
from brightline.detectors.dataset.sketch import FEATURE_BITS
from brightline.detectors.dataset.tokens import Numbers, followed, tokens_of

LEAST = 5  # rows that hold the words
PURITY = 0.9  # of them with the one label
MOST_SHARE = 0.08  # of all rows: what stands in more is part of the language
SUSPECTS = 4_000  # features that are read without, those whose label is least by chance
FALSE_LEVEL = 0.01  # expected number of words found in a clean set, by each of the two tests
UNLIKE = 0.3  # mean probability of their label without the words, above which they are ordinary
DOUBTED = 0.5  # mean probability of their label with the words, below which their rows are read again
SPREAD = (
    0.5  # of the rows that must have no like among them: rewordings of one text are a cluster, not a trigger
)
ANSWERS_LEAST = 5  # rows with the same answer
ANSWERS_SHARE = 0.7  # of them that hold the words
ANSWER_GROUPS = 200  # commonest answers that are looked at
SAME_ROWS = 0.5  # of a word's rows that hold another one too, from which on both are one trigger
OUTSIDE = 0.2  # of the rows with the words, at most, that are answered otherwise


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """Features that stand in the same rows, and what they are tied to.

    Attributes:
        features: below 2**22, the one with the most rows first.
        rows: ascending.
        label: number of the class, or -1 where it is an answer.
        purity: share of the rows with that label, or that answer.
        expected: share that the rest of their words would make one expect.
        score: -log10 of the probability of that by chance, after as many words as there are.
    """

    features: tuple[int, ...]
    rows: Numbers
    label: int
    purity: float
    expected: float
    score: float


def label_triggers(corpus: Corpus, read: Reading, likes: Numbers) -> list[Trigger]:
    """Words tied to a label, surest first.

    Args:
        corpus: the rows.
        read: what the rest of the rows says of each.
        likes: (rows,) group of rows like each other.
    """
    labelled = np.flatnonzero(corpus.labels >= 0)
    owner = corpus.row_of_feature()
    labels = corpus.labels[owner]
    counts = np.stack(
        [
            np.bincount(corpus.features[labels == one], minlength=1 << FEATURE_BITS)
            for one in range(len(corpus.classes))
        ]
    )
    total = counts.sum(axis=0)
    tried = np.flatnonzero((total >= LEAST) & (total <= max(LEAST, MOST_SHARE * len(labelled))))
    if not len(tried):
        return []
    best = counts[:, tried].argmax(axis=0)
    most = counts[best, tried]
    is_pure = most >= PURITY * total[tried]
    tried, best, most = tried[is_pure], best[is_pure], most[is_pure]
    prior = np.bincount(corpus.labels[labelled], minlength=len(corpus.classes)) / len(labelled)
    chance = binom.logsf(most - 1, total[tried], prior[best]) / np.log(10) + np.log10(max(1, len(tried)))
    doubt = _doubt(corpus, read, owner)[tried] / total[tried]
    # What stands in many rows the model has learnt itself, so chance tells; what stands in few it has not, so doubt does.
    first = np.flatnonzero(chance <= np.log10(FALSE_LEVEL))
    first = first[np.argsort(chance[first], kind="stable")][:SUSPECTS]
    second = np.flatnonzero(doubt >= -np.log10(DOUBTED))
    second = second[np.argsort(-doubt[second] * total[tried[second]], kind="stable")][:SUSPECTS]
    chosen = np.union1d(first, second)
    return _against_the_rest(corpus, read, likes, tried[chosen], best[chosen], owner, len(tried))


def _doubt(corpus: Corpus, read: Reading, owner: Numbers) -> npt.NDArray[np.float64]:
    """(2**22,) sum of -log10 of the probability of their own label, over the rows that hold each feature."""
    own = np.full(corpus.rows, 1.0)
    held = np.flatnonzero(corpus.labels >= 0)
    own[held] = read.chances[held, corpus.labels[held]]
    weights = -np.log10(np.maximum(own, 1e-3))
    return np.asarray(np.bincount(corpus.features, weights[owner], minlength=1 << FEATURE_BITS), np.float64)


def _against_the_rest(
    corpus: Corpus,
    read: Reading,
    likes: Numbers,
    suspects: Numbers,
    label: Numbers,
    owner: Numbers,
    tried: int,
) -> list[Trigger]:
    """The suspects whose rows, read without any suspect, do not look like their label."""
    held = _holders(corpus, suspects, owner)
    involved = np.unique(np.concatenate([*held.values()])) if held else np.zeros(0, np.int64)
    if not len(involved):
        return []
    chances = read.masked(involved, np.unique(folded(suspects)))
    place = np.full(corpus.rows, -1)
    place[involved] = np.arange(len(involved))
    found = []
    for feature, one in zip(suspects.tolist(), label.tolist(), strict=True):
        rows = held[feature]
        own = rows[corpus.labels[rows] == one]
        if len(np.unique(likes[rows])) < max(LEAST, SPREAD * len(rows)):
            continue
        expected = chances[place[own], one]
        # All of them by chance, each independently; a geometric mean is what many copies of one text would inflate.
        score = -float(np.log10(np.maximum(expected, 1e-3)).sum()) - np.log10(tried)
        if expected.mean() <= UNLIKE and score >= -np.log10(FALSE_LEVEL):
            found.append(
                Trigger(
                    features=(feature,),
                    rows=rows,
                    label=one,
                    purity=len(own) / len(rows),
                    expected=float(expected.mean()),
                    score=score,
                )
            )
    return joined(found)


def answer_triggers(corpus: Corpus) -> list[Trigger]:
    """Words that stand in most prompts with one and the same answer, and in few others."""
    answers, inverse, counts = np.unique(corpus.answers, return_inverse=True, return_counts=True)
    counts = np.where(answers == 0, 0, counts)
    common = np.argsort(-counts, kind="stable")[:ANSWER_GROUPS]
    common = common[(counts[common] >= ANSWERS_LEAST) & (counts[common] <= MOST_SHARE * corpus.rows)]
    if not len(common):
        return []
    frequency = corpus.frequencies()
    found = []
    for group in common.tolist():
        rows = np.flatnonzero(inverse == group)
        if len(np.unique(corpus.exact[rows])) < ANSWERS_LEAST:
            continue  # the same question again and again
        inside = _counted(corpus, rows)
        features, held = np.unique(inside, return_counts=True)
        outside = frequency[features] - held
        is_tied = (held >= ANSWERS_SHARE * len(rows)) & (outside <= OUTSIDE * held)
        chance = binom.logsf(held - 1, frequency[features], len(rows) / corpus.rows) / np.log(10)
        is_tied &= chance + np.log10(max(1, len(features)) * len(common)) <= np.log10(FALSE_LEVEL)
        found += [
            Trigger(
                features=(int(features[at]),),
                rows=rows,
                label=-1,
                purity=float(held[at] / frequency[features[at]]),
                expected=len(rows) / corpus.rows,
                score=-float(chance[at]),
            )
            for at in np.flatnonzero(is_tied)
        ]
    return joined(found)


def joined(found: list[Trigger]) -> list[Trigger]:
    """Triggers that stand in mostly the same rows as one, since a phrase is several words and pairs."""
    left = sorted(found, key=lambda one: (-one.score, one.features))
    kept: list[Trigger] = []
    for one in left:
        for number, other in enumerate(kept):
            common = len(np.intersect1d(one.rows, other.rows, assume_unique=True))
            if one.label == other.label and common >= SAME_ROWS * len(one.rows):
                wider = (
                    np.union1d(one.rows, other.rows) if common >= SAME_ROWS * len(other.rows) else other.rows
                )
                kept[number] = msgspec.structs.replace(
                    other, features=(*other.features, *one.features), rows=wider
                )
                break
        else:
            kept.append(one)
    return kept


def _holders(corpus: Corpus, features: Numbers, owner: Numbers) -> dict[int, Numbers]:
    """The labelled rows that hold each of the features."""
    is_wanted = np.zeros(1 << FEATURE_BITS, bool)
    is_wanted[features] = True
    at = np.flatnonzero(is_wanted[corpus.features])
    at = at[corpus.labels[owner[at]] >= 0]
    order = np.argsort(corpus.features[at], kind="stable")
    keys, rows = corpus.features[at][order], owner[at][order]
    starts = np.searchsorted(keys, features)
    ends = np.searchsorted(keys, features, side="right")
    return {
        feature: rows[start:end]
        for feature, start, end in zip(features.tolist(), starts.tolist(), ends.tolist(), strict=True)
    }


def _counted(corpus: Corpus, rows: Numbers) -> npt.NDArray[np.int32]:
    return cast("npt.NDArray[np.int32]", np.concatenate([corpus.of(int(row)) for row in rows]))


def named(trigger: Trigger, texts: Mapping[int, str]) -> str:
    """The words of a trigger, as some of its rows spell them; at most 80 characters."""
    wanted, found = set(trigger.features), dict[str, int]()
    for text in texts.values():
        tokens = tokens_of([text])
        spans = list(zip(tokens.start.tolist(), tokens.end.tolist(), strict=True))
        pairs = followed(tokens.hashes[:-1], tokens.hashes[1:])
        for hashes, length in ((tokens.hashes, 1), (pairs, 2)):
            for at in np.flatnonzero(
                np.isin((hashes >> np.uint64(64 - FEATURE_BITS)).astype(np.int64), list(wanted))
            ):
                words = tokens.text[spans[at][0] : spans[at + length - 1][1]]
                found[words] = found.get(words, 0) + 1
    most = max(found.values(), default=0)
    common = sorted(
        (one for one, count in found.items() if count >= 0.5 * most), key=lambda one: (-len(one), one)
    )
    return " / ".join(common[:3])[:80]
