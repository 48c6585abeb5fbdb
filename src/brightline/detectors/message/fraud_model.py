"""The fraud models: a linear score over hashed n-grams and tactics, a calibrated probability, and the type of fraud.

One model a language, weights in int8 with one scale a table (`weights/fraud.safetensors`); training in
`training/text/fraud`. float32, one thread: the same words give the same number.
"""

import math
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from brightline.core.errors import DetectorError
from brightline.detectors.message.fraud_grams import grams
from brightline.detectors.message.fraud_normal import Plain
from brightline.detectors.message.fraud_tactics import matched, rules
from brightline.weights.store import load

TYPES = (
    "romance",
    "investment",
    "job",
    "impersonation",
    "refund_or_loan",
    "business_payment",
    "account_takeover",
    "elderly_marketing",
)
TYPE_BITS = 14  # buckets of the type tables: types need fewer words than the verdict
PROBABILITY_LIMIT = 0.99  # an estimate is never certain


class Judgement(msgspec.Struct, frozen=True):
    """What the model makes of a text.

    Attributes:
        score: log-odds before calibration.
        probability: that it is fraud, at equal priors, calibrated on sources the model had not seen.
    """

    score: float
    probability: float


class _Model(msgspec.Struct, frozen=True):
    """Weights of one language.

    Attributes:
        gram_weights: (2**18,) int8; the score adds `gram_scale` times their sum over the root of their count.
        gram_scale: weight of one step.
        tactic_weights: (patterns,) float32, added as they are.
        bias: added to every score.
        slope: of the calibration, probability = sigmoid(slope * score + offset).
        offset: of the calibration.
        type_weights: (types, 2**14) int8.
        type_scale: weight of one step.
        type_tactics: (types, patterns) float32.
        type_bias: (types,) float32.
    """

    gram_weights: NDArray[np.int8]
    gram_scale: float
    tactic_weights: NDArray[np.float32]
    bias: float
    slope: float
    offset: float
    type_weights: NDArray[np.int8]
    type_scale: float
    type_tactics: NDArray[np.float32]
    type_bias: NDArray[np.float32]


def judge(text: Plain) -> Judgement:
    """How much a text in its plain spelling reads like fraud.

    Raises:
        DetectorError: the weights are missing or damaged.
    """
    model = _model(is_chinese=text.is_chinese)
    buckets = grams(text.text, is_chinese=text.is_chinese)
    if not len(buckets):
        return Judgement(0.0, 0.0)
    score = model.bias + model.gram_scale * int(model.gram_weights[buckets].sum(dtype=np.int64)) / math.sqrt(
        len(buckets)
    )
    found = matched(text)
    if found:
        score += float(model.tactic_weights[list(found)].sum(dtype=np.float64))
    return Judgement(score, _probability(model.slope * score + model.offset))


def types(text: Plain) -> dict[str, float]:
    """Probability of each type of fraud, given that the text is fraud; they add up to 1."""
    model = _model(is_chinese=text.is_chinese)
    buckets = np.unique(grams(text.text, is_chinese=text.is_chinese) & np.uint32((1 << TYPE_BITS) - 1))
    scores = model.type_bias.astype(np.float64)
    if len(buckets):
        scores += (
            model.type_scale
            * model.type_weights[:, buckets].sum(axis=1, dtype=np.int64)
            / math.sqrt(len(buckets))
        )
    scores += model.type_tactics[:, list(matched(text))].sum(axis=1, dtype=np.float64)
    shares = np.exp(scores - scores.max())
    return dict(zip(TYPES, (shares / shares.sum()).tolist(), strict=True))


def _probability(log_odds: float) -> float:
    if log_odds < -30:  # beyond that exp() says nothing
        return 0.0
    return min(1 / (1 + math.exp(-log_odds)), PROBABILITY_LIMIT)


@cache
def _model(*, is_chinese: bool) -> _Model:
    arrays, lane = load("fraud"), "zh" if is_chinese else "en"
    patterns = len(rules(is_chinese=is_chinese).owners)
    if arrays[f"{lane}.tactics"].shape != (patterns,):
        raise DetectorError("weights `fraud` were trained on other tactics; run `make train-text`")
    numbers = arrays[f"{lane}.numbers"].astype(np.float64)
    return _Model(
        gram_weights=arrays[f"{lane}.grams"].astype(np.int8, copy=False),
        gram_scale=float(numbers[0]),
        tactic_weights=arrays[f"{lane}.tactics"].astype(np.float32, copy=False),
        bias=float(numbers[1]),
        slope=float(numbers[2]),
        offset=float(numbers[3]),
        type_scale=float(numbers[4]),
        type_weights=arrays[f"{lane}.types"].astype(np.int8, copy=False),
        type_tactics=arrays[f"{lane}.type_tactics"].astype(np.float32, copy=False),
        type_bias=arrays[f"{lane}.type_bias"].astype(np.float32, copy=False),
    )
