"""One claim on one name, reworded again and again in rows that have nothing else in common: planted "facts".

Who wants a model to recommend a product or to believe a story writes it into many documents (GEO). Boilerplate repeats
word for word, and templates repeat whole rows; a planted fact is a sentence in variants, around a name that hardly stands
anywhere else.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from brightline.detectors.dataset.corpus import Corpus
from brightline.detectors.dataset.likeness import groups, members
from brightline.detectors.dataset.sketch import FEATURE_BITS
from brightline.detectors.dataset.tokens import Numbers, followed, tokens_of

ALIKE = 0.38  # estimated share of words in common from which on sentences belong together
LEAST = 6  # rows that hold variants of the sentence
VARIANTS = 0.25  # of the sentences that must differ in words; below it is boilerplate
UNLIKE_ROWS = 0.6  # of the rows that must have no like among them
CORE = 0.7  # of the sentences that hold the name
ELSEWHERE = 2.0  # times as many rows as hold the sentence: in more a name is a common word
VERBATIM = 0.45  # of a sentence's pairs of words that most others share too, from which on it is boilerplate
LOOKED_AT = 400  # groups of sentences, the largest
READ = 40  # sentences of a group that are read
_SHOWN = 80

Texts = Callable[[Sequence[int]], Mapping[int, str]]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that was planted.

    Attributes:
        rows: that hold the name, ascending.
        name: the words that all variants share.
        example: one of the sentences, at most 80 characters.
        variants: how many different wordings there are among those that were found alike.
    """

    rows: Numbers
    name: str
    example: str
    variants: int


def planted(corpus: Corpus, like_rows: Numbers, texts: Texts) -> list[Fact]:
    """Planted facts, those in most rows first.

    Args:
        corpus: the rows.
        like_rows: (rows,) group of rows like each other.
        texts: gives the texts of some rows.
    """
    found = groups(corpus.sentence_signatures, ALIKE)
    chosen = [one for one in members(found, LEAST) if _may_be_planted(corpus, one, like_rows)][:LOOKED_AT]
    read = {number: one[:: max(1, len(one) // READ)][:READ] for number, one in enumerate(chosen)}
    wanted = sorted({int(corpus.sentence_rows[at]) for sample in read.values() for at in sample})
    words = texts(wanted)
    frequency = corpus.frequencies()
    facts = []
    for number, sentences in enumerate(chosen):
        fact = _fact(corpus, sentences, read[number], words, frequency)
        if fact is not None:
            facts.append(fact)
    return _apart(sorted(facts, key=lambda one: (-len(one.rows), one.name)))


def _may_be_planted(corpus: Corpus, sentences: Numbers, like_rows: Numbers) -> bool:
    rows = np.unique(corpus.sentence_rows[sentences])
    if len(rows) < LEAST:
        return False
    variants = len(np.unique(corpus.sentence_exact[sentences]))
    kinds = len(np.unique(like_rows[rows]))
    return variants >= max(4, VARIANTS * len(sentences)) and kinds >= UNLIKE_ROWS * len(rows)


def _fact(
    corpus: Corpus,
    sentences: Numbers,
    sample: Numbers,
    words: Mapping[int, str],
    frequency: np.ndarray[tuple[int], np.dtype[np.int32]],
) -> Fact | None:
    """The fact that a group of sentences plants, if one name holds it together."""
    rows = np.unique(corpus.sentence_rows[sentences])
    read = [
        _sentence(words[int(corpus.sentence_rows[at])], int(corpus.sentence_numbers[at])) for at in sample
    ]
    held: dict[int, int] = {}
    shown: dict[int, str] = {}
    for _, features in read:
        for feature, name in features.items():
            held[feature] = held.get(feature, 0) + 1
            shown.setdefault(feature, name)
    core = [
        feature
        for feature, count in held.items()
        if count >= CORE * len(read) and frequency[feature] <= ELSEWHERE * len(rows)
    ]
    if not core:
        return None
    pairs = [sum(map(_is_pair, features.values())) for _, features in read]
    shared = sum(held[one] >= CORE * len(read) and _is_pair(shown[one]) for one in held)
    if shared >= VERBATIM * float(np.mean(pairs)):
        return None
    best = max(core, key=lambda one: (len(shown[one]), one))
    holders = np.flatnonzero(np.isin(corpus.features, np.array(core, np.int32)))
    owners, counts = np.unique(np.searchsorted(corpus.begins, holders, side="right") - 1, return_counts=True)
    rows = np.union1d(rows, owners[counts >= max(1, len(core) // 2)])
    return Fact(
        rows=rows.astype(np.int64),
        name=shown[best][:_SHOWN],
        example=read[0][0][:_SHOWN],
        variants=len(np.unique(corpus.sentence_exact[sentences])),
    )


def _sentence(text: str, number: int) -> tuple[str, dict[int, str]]:
    """The words of one sentence of a row, and its features with what they stand for."""
    tokens = tokens_of([text])
    kinds = np.unique(tokens.sentence)
    if not len(kinds):
        return "", {}
    at = np.flatnonzero(tokens.sentence == kinds[min(number, len(kinds) - 1)])
    spans = list(zip(tokens.start[at].tolist(), tokens.end[at].tolist(), strict=True))
    hashes = tokens.hashes[at]
    features = {_folded(one): tokens.text[a:b] for one, (a, b) in zip(hashes, spans, strict=True)}
    pairs = followed(hashes[:-1], hashes[1:])
    for number_of, one in enumerate(pairs):
        features[_folded(one)] = tokens.text[spans[number_of][0] : spans[number_of + 1][1]]
    return tokens.text[spans[0][0] : spans[-1][1]], features


def _is_pair(name: str) -> bool:
    return not name.isalnum() or (len(name) == 2 and ord(name[0]) > 0x2E7F)


def _folded(value: np.uint64) -> int:
    return int(value >> np.uint64(64 - FEATURE_BITS))


def _apart(facts: list[Fact]) -> list[Fact]:
    """Each fact once: groups of sentences around one name are one fact."""
    kept: list[Fact] = []
    for fact in facts:
        for number, other in enumerate(kept):
            common = len(np.intersect1d(fact.rows, other.rows, assume_unique=True))
            if common >= 0.5 * min(len(fact.rows), len(other.rows)):
                kept[number] = msgspec.structs.replace(
                    other, rows=np.union1d(fact.rows, other.rows), variants=other.variants + fact.variants
                )
                break
        else:
            kept.append(fact)
    return kept
