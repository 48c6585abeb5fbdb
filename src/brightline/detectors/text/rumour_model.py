"""How probably a post in 中文 is a rumour: two linear models over runs of characters and signs, and one over sense.

The third helps where the package with its model is installed; each way has its own calibration, at equal priors. The
recipe is `training/text/rumour/train.py`.
"""

import re
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.finding import Span
from brightline.detectors.text.claim_sense import Sense
from brightline.detectors.text.rumour_signals import features
from brightline.detectors.text.rumour_words import Characters, counted, each, one_form
from brightline.weights.store import Arrays, load

NAME = "rumour_zh"
SUREST = 0.99  # style alone is never surer; a factor, so that the order stays
SENSE_FROM = 0.2  # by words; below it the slow model is not asked, which spares half of the honest posts
WORDS_SHOWN = 6  # words that a finding points at
EMBEDDED_CHARACTERS = 200  # a microblog's post; time grows with it
_NOT_EMBEDDED = re.compile(
    r"https?:?/?/?[\w./%?=&-]{0,500}|O?网页链接|L?\S{0,12}的(?:微博|秒拍)视频|\ufffd|展开全文|收起全文d?|\.{3,}全文|全文：?"
)


class Word(msgspec.Struct, frozen=True):
    """A run of characters of the text as it stands, and what it added to the log odds."""

    span: Span
    weight: float


def likelihood(text: str, sense: Sense | None = None) -> float:
    """Calibrated probability in [0, 1], at equal priors, that a post is what fact-checkers called a rumour.

    Args:
        text: a post in 中文.
        sense: the model `e5` of `claim_sense.senses()`, or None to do without.
    """
    model = load(NAME)
    score = _score(model, one_form(text, _characters()))
    by_words = _probability(score, model["line"])
    if sense is None or by_words < SENSE_FROM:
        return by_words
    vector = sense.of_claim(sense_form(text))
    score += float(np.float32(vector @ model["sense"] + model["sense_bias"][0]))
    return _probability(score, model["line_sense"])


def sense_form(text: str) -> str:
    """What of a post is embedded: its beginning, without addresses and the tails that platforms add."""
    bare = _NOT_EMBEDDED.sub(" ", text[: 4 * EMBEDDED_CHARACTERS].replace("&quot;", '"'))
    return " ".join(bare.split())[:EMBEDDED_CHARACTERS] or "空"


def words_that_weighed(text: str) -> list[Word]:
    """The runs of characters that most raised the odds, heaviest first, where they stand in the text.

    Only runs that stand in the text as they are read can be pointed at.
    """
    model, form = load(NAME), one_form(text, _characters())
    buckets, starts, lengths = each(form)
    if len(buckets) == 0:
        return []
    gains = _gains(model, form, buckets)
    letters = np.zeros(len(form), np.float32)
    for length in (1, 2, 3):
        for at in range(length):
            here = lengths == length
            np.add.at(letters, starts[here] + at, gains[here] / length)
    return _peaks(text, form, letters)


@cache
def _characters() -> Characters:
    twins, splits = (load(NAME)[name].tobytes().decode("utf-8") for name in ("twins", "splits"))
    return Characters.of(twins, splits)


def _score(model: Arrays, form: str) -> float:
    buckets, counts = counted(form)
    idf = model["idf"][buckets].astype(np.float32) * model["idf_most"][0]
    weighed = (1 + np.log(counts)) * idf
    norm = max(float(np.sqrt((weighed * weighed).sum(dtype=np.float64))), 1e-6)
    cosine = (
        float((weighed * model["cosine"][buckets]).sum(dtype=np.float64))
        * float(model["cosine_most"][0])
        / norm
    )
    signs = float((features(form) * model["signs"]).sum(dtype=np.float64))
    ratio = float(model["ratio"][buckets].astype(np.float64).sum()) * float(model["ratio_most"][0])
    first, second = cosine + signs + float(model["bias"][0]), ratio + float(model["bias"][1])
    return first * float(model["scale"][0]) + second * float(model["scale"][1])


def _gains(model: Arrays, form: str, buckets: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """What each run adds: its share of the cosine, and its log ratio, in the units of the score."""
    unique, counts = counted(form)
    idf = model["idf"][unique].astype(np.float32) * model["idf_most"][0]
    norm = max(float(np.linalg.norm((1 + np.log(counts)) * idf)), 1e-6)
    place = np.searchsorted(unique, buckets)
    cosine = idf[place] * model["cosine"][buckets] * (model["cosine_most"][0] / norm * model["scale"][0])
    ratio = model["ratio"][buckets] * (model["ratio_most"][0] * model["scale"][1])
    return np.asarray((cosine + ratio) / counts[place], np.float32)


def _peaks(text: str, form: str, letters: npt.NDArray[np.float32]) -> list[Word]:
    """Stretches of two to six letters with the highest sums, not overlapping."""
    found: list[Word] = []
    sums = np.concatenate(([0.0], np.cumsum(letters, dtype=np.float64)))
    stretches = sorted(
        (
            (float(sums[at + width] - sums[at]), at, width)
            for width in (2, 3, 4, 6)
            for at in range(len(form) - width + 1)
        ),
        reverse=True,
    )[:400]
    taken = np.zeros(len(form), bool)
    lowered = text.lower()
    for weight, at, width in stretches:
        words = form[at : at + width]
        if (
            weight <= 0
            or taken[at : at + width].any()
            or not any("\u3400" <= one <= "\u9fff" for one in words)
        ):
            continue
        start = lowered.find(words)
        if start >= 0 and len(lowered) == len(text):
            taken[at : at + width] = True
            found.append(Word(Span(start, start + width), round(weight, 3)))
        if len(found) == WORDS_SHOWN:
            break
    return found


def _probability(score: float, line: npt.NDArray[np.float32]) -> float:
    odds = float(line[0]) * score + float(line[1])
    return SUREST * float(1 / (1 + np.exp(-min(30.0, max(-30.0, odds)))))
