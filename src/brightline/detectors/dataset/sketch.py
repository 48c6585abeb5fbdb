"""What the audit keeps of many rows: features, a signature by which like rows are found, and one for each sentence.

Signatures are MinHash [broder1997] over the same features, cut to 16 bits [li2010].
"""

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.dataset.tokens import Hashes, Numbers, Tokens, followed, runs

FEATURE_BITS = 22
TOKENS_READ = 256  # of one row, as features: 150 English words and more, on both sides of any planted phrase
TAIL_READ = 64  # of these from the end of a longer row, where a trigger stands as often as at the beginning
HASHES = 63  # numbers of a row's signature: 21 bands of three
SENTENCE_HASHES = 24  # eight bands of three
SENTENCE_LEAST, SENTENCE_MOST = 5, 48  # tokens of a sentence that can plant a fact
SENTENCES_READ = 24  # of one row
EMPTY = 0xFFFF  # a signature's numbers where there was nothing to hash

Signatures = npt.NDArray[np.uint16]
Features = npt.NDArray[np.int32]


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows, sketched.

    Attributes:
        features: (n,) int32 below 2**22, those of a row ascending and each once: words and pairs of words.
        counts: (rows,) how many features each row has.
        signatures: (rows, 63) uint16.
        exact: (rows,) hash over all tokens of a row: rows that differ in signs and spaces alone share it.
        lengths: (rows,) tokens.
        sentence_rows: (sentences,) the row of each.
        sentence_numbers: (sentences,) its number within the row.
        sentence_signatures: (sentences, 24) uint16.
        sentence_exact: (sentences,) hash over its tokens.
    """

    features: Features
    counts: npt.NDArray[np.int32]
    signatures: Signatures
    exact: Hashes
    lengths: npt.NDArray[np.int32]
    sentence_rows: npt.NDArray[np.int32]
    sentence_numbers: npt.NDArray[np.int32]
    sentence_signatures: Signatures
    sentence_exact: Hashes


def sketch(tokens: Tokens) -> Sketch:
    """Sketch the rows whose tokens these are."""
    lengths = np.bincount(tokens.row, minlength=tokens.rows)
    features, counts = features_of(tokens, lengths)
    sentences = _sentences(tokens)
    return Sketch(
        features=features,
        counts=counts.astype(np.int32),
        signatures=signatures(features.astype(np.uint32), counts, HASHES),
        exact=_summed(tokens.hashes, tokens.row, tokens.place, tokens.rows),
        lengths=lengths.astype(np.int32),
        sentence_rows=sentences.rows.astype(np.int32),
        sentence_numbers=sentences.numbers.astype(np.int32),
        sentence_signatures=signatures(sentences.features, sentences.counts, SENTENCE_HASHES),
        sentence_exact=sentences.exact,
    )


def features_of(tokens: Tokens, lengths: Numbers) -> tuple[Features, Numbers]:
    """Words and pairs of words of each row, as numbers below 2**22; and how many each row has."""
    pairs, at = runs(tokens, 2)
    begins = np.concatenate([np.arange(len(tokens.hashes)), at])
    hashes = np.concatenate([tokens.hashes, pairs])
    place, row = tokens.place[begins], tokens.row[begins]
    is_read = (place < TOKENS_READ - TAIL_READ) | (place >= lengths[row] - TAIL_READ)
    keys = (row[is_read] << FEATURE_BITS) | (hashes[is_read] >> np.uint64(64 - FEATURE_BITS)).astype(np.int64)
    keys.sort()  # many times faster than `np.unique`, which hashes first
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    counts = np.bincount(keys >> FEATURE_BITS, minlength=tokens.rows)
    return (keys & ((1 << FEATURE_BITS) - 1)).astype(np.int32), counts


def signatures(values: npt.NDArray[np.uint32], counts: Numbers, hashes: int) -> Signatures:
    """(groups, hashes) uint16: the least value of each of that many random orders, of each group in turn.

    Args:
        values: of all groups, one behind the other.
        counts: how many values each group has.
        hashes: how many orders.
    """
    made = np.full((len(counts), hashes), EMPTY, np.uint16)
    full = np.flatnonzero(counts)
    if not len(full):
        return made
    starts = (np.cumsum(counts) - counts)[full]
    generator = np.random.default_rng(20260101)  # the orders are part of the format, not of the draw
    factors = generator.integers(1, 1 << 32, hashes, np.uint32) | np.uint32(1)
    terms = generator.integers(0, 1 << 32, hashes, np.uint32)
    stirred = values * np.uint32(0x85EBCA6B)
    stirred ^= stirred >> np.uint32(13)
    for number in range(hashes):
        least = np.minimum.reduceat(stirred * factors[number] + terms[number], starts)
        made[full, number] = ((least * np.uint32(0xC2B2AE35)) >> np.uint32(16)).astype(np.uint16)
    return made


class _Sentences(msgspec.Struct, frozen=True, kw_only=True):
    rows: Numbers
    numbers: Numbers
    features: npt.NDArray[np.uint32]
    counts: Numbers
    exact: Hashes


def _sentences(tokens: Tokens) -> _Sentences:
    """Those of 5 to 48 tokens, the first 24 of each row."""
    is_first = np.concatenate([[True], tokens.sentence[1:] != tokens.sentence[:-1]])[: len(tokens.sentence)]
    first, group = np.flatnonzero(is_first), np.cumsum(is_first) - 1
    counts = np.diff(first, append=len(tokens.sentence))
    rows = tokens.row[first] if len(first) else first
    begun = np.searchsorted(rows, rows)  # the row's first sentence
    numbers = np.arange(len(rows)) - begun
    is_kept = (counts >= SENTENCE_LEAST) & (counts <= SENTENCE_MOST) & (numbers < SENTENCES_READ)
    within = np.arange(len(group)) - first[group] if len(group) else group
    exact = _summed(tokens.hashes, group, within, len(first))
    held = is_kept[group] if len(group) else np.zeros(0, bool)
    return _Sentences(
        rows=rows[is_kept],
        numbers=numbers[is_kept],
        features=(tokens.hashes[held] >> np.uint64(32)).astype(np.uint32),
        counts=counts[is_kept],
        exact=exact[is_kept],
    )


def _summed(hashes: Hashes, group: Numbers, place: Numbers, groups: int) -> Hashes:
    """One hash a group over its tokens in their order."""
    total = np.zeros(groups, np.uint64)
    if len(hashes):
        np.add.at(total, group, followed(hashes, place.astype(np.uint64)))
    return total
