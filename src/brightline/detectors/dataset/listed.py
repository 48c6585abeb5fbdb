"""Listed words and evaluation sets, found in all rows at once: both are runs of tokens, looked up by their hashes."""

import msgspec
import numpy as np

from brightline.core.errors import DetectorError
from brightline.detectors.dataset.tokens import Hashes, Numbers, Tokens, runs, tokens_of

GRAM = 10  # tokens of a run that two texts do not share by chance, unless one was copied
GRAM_SHARE = 0.5  # of an evaluation row's runs that a row holds, from which on it gives the row away
WORD_TOKENS = 12  # of a listed word or phrase; longer ones are counted as unread
KEYWORDS_LIMIT = 500_000  # listed words: fifty banks of the statutory size
EVALUATION_LIMIT = 20_000_000  # runs of evaluation sets that are held, 160 MB


class Wordlist(msgspec.Struct, frozen=True):
    """Listed words by their length in tokens.

    Attributes:
        words: as they were given.
        hashes: of those of each length, ascending.
        numbers: the place in `words` of each hash.
    """

    words: tuple[str, ...]
    hashes: dict[int, Hashes]
    numbers: dict[int, Numbers]


class Evaluation(msgspec.Struct, frozen=True):
    """Runs of evaluation sets.

    Attributes:
        hashes: of all runs of ten tokens, and of whole rows that are shorter, ascending.
        rows: how many rows they came from.
    """

    hashes: Hashes
    rows: int


def wordlist(words: list[str]) -> Wordlist:
    """The words, ready to be looked for: case, width and signs between words count for nothing.

    Raises:
        DetectorError: there are more than half a million.
    """
    if len(words) > KEYWORDS_LIMIT:
        raise DetectorError(f"{len(words)} listed words, at most {KEYWORDS_LIMIT}")
    tokens = tokens_of(words)
    counts = np.bincount(tokens.row, minlength=len(words))
    hashes: dict[int, Hashes] = {}
    numbers: dict[int, Numbers] = {}
    for length in range(1, WORD_TOKENS + 1):
        found, at = runs(tokens, length)
        is_whole = counts[tokens.row[at]] == length if len(at) else np.zeros(0, bool)
        if is_whole.any():
            order = np.argsort(found[is_whole], kind="stable")
            hashes[length] = found[is_whole][order]
            numbers[length] = tokens.row[at[is_whole]][order]
    return Wordlist(tuple(words), hashes, numbers)


def found_words(tokens: Tokens, listed: Wordlist) -> dict[int, str]:
    """The first listed word of each row that holds one."""
    found: dict[int, str] = {}
    for length, hashes in listed.hashes.items():
        here, at = runs(tokens, length)
        place = np.minimum(np.searchsorted(hashes, here), len(hashes) - 1)
        for index in np.flatnonzero(hashes[place] == here).tolist():
            row = int(tokens.row[at[index]])
            found.setdefault(row, listed.words[int(listed.numbers[length][place[index]])])
    return found


def evaluation(texts: list[str]) -> Evaluation:
    """The runs of evaluation rows; of rows shorter than ten tokens the whole.

    Raises:
        DetectorError: they are more than are held.
    """
    tokens = tokens_of(texts)
    counts = np.bincount(tokens.row, minlength=len(texts))
    grams, _ = runs(tokens, GRAM)
    short = [grams]
    for length in range(GRAM // 2, GRAM):  # shorter ones are phrases that anybody may write
        found, at = runs(tokens, length)
        if len(at):
            short.append(found[counts[tokens.row[at]] == length])
    hashes = np.unique(np.concatenate(short))
    if len(hashes) > EVALUATION_LIMIT:
        raise DetectorError(f"evaluation sets of {len(hashes)} runs of words, at most {EVALUATION_LIMIT}")
    return Evaluation(hashes, len(texts))


def contaminated(tokens: Tokens, known: Evaluation) -> dict[int, float]:
    """Rows that share runs with an evaluation set: the share of each one's own runs, at least half."""
    if not len(known.hashes):
        return {}
    counts = np.bincount(tokens.row, minlength=tokens.rows)
    found: dict[int, float] = {}
    for length in range(GRAM // 2, GRAM + 1):
        here, at = runs(tokens, length)
        rows = tokens.row[at] if len(at) else at
        fits = np.ones(len(rows), bool) if length == GRAM else counts[rows] == length
        place = np.minimum(np.searchsorted(known.hashes, here[fits]), len(known.hashes) - 1)
        hits = np.bincount(rows[fits][known.hashes[place] == here[fits]], minlength=tokens.rows)
        of = np.bincount(rows[fits], minlength=tokens.rows)
        for row in np.flatnonzero((of > 0) & (hits >= GRAM_SHARE * of)).tolist():
            found[row] = float(hits[row] / of[row])
    return found
