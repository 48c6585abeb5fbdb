"""One language of the AI-written lane: which it is, its model, and the calibrated probability of a stretch of text."""

import math
from functools import cache

import msgspec
import numpy as np

from brightline.detectors.text.ai_model import Integers, LinearModel, run_keys
from brightline.detectors.text.ai_tokens import Plain, Signs, is_han, plain, tokens, whole
from brightline.weights.store import load

TEXT_LIMIT = 60_000  # characters that are read: 10,000 words tell as much as a book
HAN_SHARE = 0.3  # of the words, from which on a text is Chinese
ENGLISH_SHARE = (
    0.18  # of the words that must be among the commonest English ones; other languages have under a tenth
)
LEAST = {"en": 50, "zh": 80}  # words, or Han characters, below which nobody can tell
USUAL = {"en": 200.0, "zh": 300.0}  # length at which the calibration has no correction
ODDS_MOST = 4.6  # log odds: no estimate is surer than 99 %
_COMMON = frozenset(
    [
        "the",
        "of",
        "and",
        "to",
        "a",
        "in",
        "is",
        "it",
        "that",
        "for",
        "was",
        "on",
        "are",
        "as",
        "with",
        "be",
        "this",
        "i",
        "at",
        "by",
        "not",
        "have",
        "from",
        "or",
        "but",
        "they",
        "you",
        "we",
        "he",
        "an",
        "my",
        "his",
        "her",
        "their",
        "its",
        "were",
        "had",
        "which",
        "there",
        "all",
        "if",
        "so",
        "can",
        "will",
        "would",
        "what",
        "has",
        "been",
    ]
)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A text as the lane reads it.

    Attributes:
        language: `en` or `zh`.
        plain: the levelled text.
        words: how many words, or Han characters, stand up to and including each token.
        rows: rows of the model for the runs of one, two and three signs that begin at each token.
    """

    language: str
    plain: Plain
    words: tuple[int, ...]
    rows: tuple[Integers, ...]

    def length(self, start: int, end: int) -> int:
        """Words, or Han characters, in tokens [start, end)."""
        return self.words[end - 1] - (self.words[start - 1] if start else 0)


class Lane:
    """Signs, model and calibration of one language, from the weights `ai_written_<language>`."""

    def __init__(self, language: str) -> None:
        arrays = load(f"ai_written_{language}")
        names = arrays["signs"].tobytes().decode("utf-8").split("\n")
        pairs = arrays["splits"].tobytes().decode("utf-8")
        self.language = language
        self.splits = {pairs[at : at + 2]: pairs[at + 2] for at in range(0, len(pairs), 3)}
        self.signs = Signs(names, arrays["twins"].tobytes().decode("utf-8"))
        self.model = LinearModel(
            np.array(arrays["keys"], dtype=np.int64),
            np.array(arrays["weights"], dtype=np.float32),
            np.array(arrays["rarity"], dtype=np.float32),
            float(arrays["bias"][0]),
        )
        self.calibration = tuple(float(number) for number in arrays["calibration"])

    def whole(self, level: Plain, words: list[str]) -> tuple[Plain, list[str]]:
        """The text and its tokens with split characters put together; the same where there are none."""
        made = whole(level, self.splits) if self.splits else level
        return made, words if made is level else tokens(made.text)

    def read(self, level: Plain, words: list[str]) -> Reading:
        """Look up all runs of the text."""
        rows = tuple(self.model.places(keys) for keys in run_keys(self.signs.numbers(words)))
        return Reading(language=self.language, plain=level, words=_running(self.language, words), rows=rows)

    def score(self, reading: Reading, start: int, end: int) -> float:
        """Score of tokens [start, end)."""
        parts = [rows[start : max(start, end - length)] for length, rows in enumerate(reading.rows)]
        return self.model.score(np.concatenate(parts))

    def log_odds(self, score: float, length: int) -> float:
        """Calibrated log odds at equal priors of a text of that many words, within `ODDS_MOST`."""
        base, slope, by_length, both = self.calibration
        longer = math.log(min(length, 1000) / USUAL[self.language])
        odds = base + slope * score + by_length * longer + both * score * longer
        return max(-ODDS_MOST, min(ODDS_MOST, odds))


@cache
def lane(language: str) -> Lane:
    """The lane of `en` or `zh`, read once a process.

    Raises:
        DetectorError: its weights are missing or not those that the manifest names.
    """
    return Lane(language)


def open_text(text: str) -> tuple[Plain, list[str]]:
    """The levelled text and its tokens, at most `TEXT_LIMIT` characters of it."""
    level = plain(text[:TEXT_LIMIT])
    return level, tokens(level.text)


def language_of(words: list[str]) -> str:
    """`en`, `zh`, or `""` for a text too short to judge or in neither language.

    >>> language_of(["the", "cat"] * 40), language_of(["le", "chat"] * 40), language_of(["the", "cat"])
    ('en', '', '')
    """
    letters = [word for word in words if word[0].isalpha()]
    han = sum(1 for word in letters if is_han(word[0]))
    if han > HAN_SHARE * len(letters):
        return "zh" if han >= LEAST["zh"] else ""
    if len(letters) < LEAST["en"]:
        return ""
    common = sum(1 for word in letters if word in _COMMON)
    return "en" if common >= ENGLISH_SHARE * len(letters) else ""


def _running(language: str, words: list[str]) -> tuple[int, ...]:
    total, counts = 0, []
    for word in words:
        total += is_han(word[0]) if language == "zh" else word[0].isalpha()
        counts.append(total)
    return tuple(counts)
