"""How much a text reads like an attack on a model, and like a request for harm: two voices, one probability each.

The linear voice counts hashed n-grams of the text in its plain spelling. The other reads states of its pieces: a
projection, two convolutions, attention that finds the few words that matter, and a layer over that and the vector of
the whole. Weights in `weights/exchange.safetensors`, trained by `training/exchange`; float32, one thread.
"""

import math
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.exchange.encoder import Encoded, encode
from brightline.detectors.exchange.language import language_of
from brightline.detectors.exchange.readings import plainly
from brightline.detectors.message.fraud_grams import grams
from brightline.detectors.message.fraud_normal import plain
from brightline.weights.store import Arrays, load

NAME = "exchange"
HEADS = ("attack", "harm")
LANGUAGES = ("en", "zh", "other")
PROBABILITY_LIMIT = 0.99999  # of one window; `judging` lowers it, by the number of windows and to 0.99
READ_CHARACTERS = 1_600  # of one window that the encoder reads
LEAST = 3  # letters below which nothing is judged
WIDTH = 7  # pieces that a convolution spans

Floats = npt.NDArray[np.float32]


class Odds(msgspec.Struct, frozen=True):
    """What the voices make of a text.

    Attributes:
        attack: calibrated probability in [0, 1], at equal priors, that it attacks the model that reads it.
        harm: that it asks for something harmful.
        language: the calibration that was used.
    """

    attack: float
    harm: float
    language: str


NOTHING = Odds(0.0, 0.0, "en")


def linear_score(text: str) -> Floats:
    """(2,) float32, log-odds of attack and harm by n-grams alone, not calibrated."""
    spelled = plain(text)
    model, lane = load(NAME), "zh" if spelled.is_chinese else "en"
    buckets = grams(spelled.text, is_chinese=spelled.is_chinese)
    if not len(buckets):
        return model[f"{lane}.bias"].astype(np.float32)
    sums = model[f"{lane}.grams"][:, buckets].sum(axis=1, dtype=np.int64)
    weighed = sums * model[f"{lane}.scale"] / np.float32(math.sqrt(len(buckets)))
    return np.asarray(weighed + model[f"{lane}.bias"], np.float32)


def sense_score(text: str) -> Floats:
    """(2,) float32, log-odds of attack and harm by the network, not calibrated.

    Raises:
        DetectorError: the encoder's package or the weights are missing or damaged.
    """
    return network(encode(plainly(text)[:READ_CHARACTERS]), _parts())


def judge(text: str, *, sense: bool = True) -> Odds:
    """Both probabilities of one window of text.

    Args:
        text: as it stands; of more than 1,600 characters the network reads the beginning.
        sense: ask the network too; without it the linear voice has its own calibration.

    Raises:
        DetectorError: the encoder's package or the weights are missing or damaged.
    """
    if sum(map(str.isalpha, text[:200])) < LEAST:
        return NOTHING
    language = language_of(text)
    voices = [linear_score(text), sense_score(text)] if sense else [linear_score(text)]
    line = load(NAME)["line" if sense else "line_linear"][LANGUAGES.index(language)]
    length = np.float32(math.log(max(20, len(text))))
    odds = [
        float(line[head] @ np.array([*(voice[head] for voice in voices), length, 1.0])) for head in range(2)
    ]
    return Odds(_probability(odds[0]), _probability(odds[1]), language)


def network(read: Encoded, part: Arrays | dict[str, Floats]) -> Floats:
    """(2,) float32, log-odds of attack and harm for one encoded text."""
    rows = np.maximum(read.states @ part["in"] + part["in_bias"], 0)
    for layer, apart in (("first", 1), ("second", 3)):
        rows = rows + np.maximum(
            _along(rows, part[layer], part[f"{layer}_bias"], apart) @ part[f"{layer}_mix"]
            + part[f"{layer}_mix_bias"],
            0,
        )
    looks = rows @ part["look"] + part["look_bias"]  # (pieces, 8)
    looks = np.exp(looks - looks.max(axis=0))
    seen = (looks / looks.sum(axis=0)).T @ rows  # (8, 64): what each look sees
    whole = np.maximum(read.vector * 8 @ part["whole"] + part["whole_bias"], 0)
    joined = np.concatenate([seen.ravel(), rows.max(axis=0), whole])
    hidden = np.maximum(joined @ part["hidden"] + part["hidden_bias"], 0)
    return np.asarray(
        hidden @ part["out"] + part["out_bias"] + read.vector * 8 @ part["straight"] + part["straight_bias"],
        np.float32,
    )


def _along(rows: Floats, weight: Floats, bias: Floats, apart: int) -> Floats:
    """Each column by itself over seven pieces, `apart` pieces from each other, zeros beyond the ends."""
    reach = WIDTH // 2 * apart
    padded = np.pad(rows, ((reach, reach), (0, 0)))
    total = sum(padded[at * apart : at * apart + len(rows)] * weight[at] for at in range(WIDTH))
    return np.asarray(total + bias, np.float32)


@cache
def _parts() -> dict[str, Floats]:
    return {
        name[4:]: array.astype(np.float32) for name, array in load(NAME).items() if name.startswith("net.")
    }


def _probability(log_odds: float) -> float:
    return min(
        1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds)))), PROBABILITY_LIMIT
    )  # beyond 30 exp() says nothing
