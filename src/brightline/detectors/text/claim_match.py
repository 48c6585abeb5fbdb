"""Ranks fact-checks by how probably a post speaks of their claim: words, letters and sense in one logistic model.

The weights are those of `training/text/rumour/fuse.py`, one set for each language and each choice of models that may
be installed; its notes say how they were measured.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.text.claim_bank import ClaimBank, Vectors
from brightline.detectors.text.claim_sense import Sense, Vector
from brightline.detectors.text.claim_words import plain
from brightline.detectors.text.fact_checks import FactCheck

ROWS_AT_ONCE = 16_384  # vectors widened to 32 bits at a time: 25 MB
SAME_LETTERS = 0.92  # cosine of letters from which two wordings are one; false matches: see the card
WITHIN_LETTERS = 24  # a claim at least so long, found word for word within a post, is the same too
WITHIN_HAN = 10  # 汉字 say more each
_HAN_SHARE = 0.2  # of a wording's characters, from which it counts as 中文

Scores = npt.NDArray[np.float32]


class Fusion(msgspec.Struct, frozen=True):
    """A logistic model: log odds = bias + words x BM25 share + letters x cosine + sense x cosine of each lane."""

    bias: float
    words: float
    letters: float
    senses: dict[str, float] = {}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A fact-check that a post may speak of.

    Attributes:
        number: in the bank.
        check: the fact-check.
        probability: calibrated, at one true pair among a post's best candidates.
        method: `words`, or the models that helped, such as `words+minilm`.
        same: the wording is the same but for details.
    """

    number: int
    check: FactCheck
    probability: float
    method: str
    same: bool


# (is 中文, lanes): weights. Printed by the recipe; probabilities are of a post against its best candidates.
FUSIONS: dict[tuple[bool, tuple[str, ...]], Fusion] = {
    (False, ()): Fusion(-7.13, 1.68, 21.64),
    (False, ("minilm",)): Fusion(-15.07, 3.9, 12.46, {"minilm": 24.76}),
    (True, ()): Fusion(-5.84, 9.89, 22.73),
    (True, ("e5",)): Fusion(-76.68, 10.97, 13.58, {"e5": 78.91}),
}
LANES = {False: "minilm", True: "e5"}  # the model for each language


def is_chinese(wording: str) -> bool:
    """Whether a wording is mostly 中文, and so goes the Chinese way."""
    han = sum("\u3400" <= letter <= "\u9fff" for letter in wording)
    return han > _HAN_SHARE * max(1, len(wording))


def rank(bank: ClaimBank, post: str, senses: Sequence[Sense], most: int = 5) -> list[Candidate]:
    """The fact-checks of a bank that a post most probably speaks of, best first, at most `most`.

    Args:
        bank: the fact-checks.
        post: what somebody wrote; a sentence or a short text.
        senses: models that may help, from `claim_sense.senses()`; empty for words alone.
        most: how many to give.

    >>> rank(bank, "hot lemon water kills tumours!!", senses())[0].check.claim  # doctest: +SKIP
    'Drinking hot lemon water destroys cancer cells.'
    """
    wording = plain(post)
    if not wording or len(bank) == 0:
        return []
    lanes = _lanes(bank, wording, senses)
    letters = bank.index.by_letters(wording)
    fusion = FUSIONS[is_chinese(wording), tuple(sense.name for sense in lanes)]
    odds = fusion.bias + fusion.words * bank.index.by_words(wording) + fusion.letters * letters
    for sense in lanes:
        weight = np.float32(fusion.senses[sense.name])
        odds = odds + weight * cosines(bank.senses[sense.name], sense.of_post(wording))
    method = "+".join(("words", *(sense.name for sense in lanes)))
    return [
        Candidate(
            number=number,
            check=(check := bank.check(number)),
            probability=float(1.0 / (1.0 + np.exp(-np.clip(float(odds[number]), -30.0, 30.0)))),
            method=method,
            same=_is_same(plain(check.claim), wording, float(letters[number])),
        )
        for number in _best(odds, most)
    ]


def cosines(vectors: Vectors, vector: Vector) -> Scores:
    """Cosine of one vector with each of a bank's."""
    return np.concatenate(
        [
            np.asarray(vectors[begin : begin + ROWS_AT_ONCE], np.float32) @ vector
            for begin in range(0, len(vectors), ROWS_AT_ONCE)
        ]
    )


def _lanes(bank: ClaimBank, wording: str, senses: Sequence[Sense]) -> list[Sense]:
    wanted = LANES[is_chinese(wording)]
    return [sense for sense in senses if sense.name == wanted and sense.name in bank.senses]


def _best(odds: Scores, most: int) -> list[int]:
    """Numbers of the highest, highest first; of equals the first in the bank."""
    count = min(most, len(odds))
    top = np.argpartition(-odds, count - 1)[:count]
    least = odds[top].min()
    tied = np.flatnonzero(odds >= least)
    return [int(number) for number in tied[np.argsort(-odds[tied], kind="stable")][:count]]


def _is_same(claim: str, wording: str, letters: float) -> bool:
    long_enough = WITHIN_HAN if is_chinese(claim) else WITHIN_LETTERS
    return letters >= SAME_LETTERS or (len(claim) >= long_enough and claim.rstrip(" .。!！") in wording)
