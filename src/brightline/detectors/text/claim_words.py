"""What two wordings of one claim share: stems, and the letters of words; both for English and for 中文.

Posts carry what fact-checks do not: addresses, handles, dates, signatures, hashtags run together. They are cut or
taken apart alike on both sides before anything is counted.
"""

import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

WORDING_CHARACTERS = (
    2_000  # of one post or claim that are compared: a fact-check's claim is a sentence or two
)
GRAM_LENGTHS = (3, 4, 5)  # letters, within words, as the best plain baseline has them
HAN_LENGTHS = (1, 2, 3)

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_ADDRESS = re.compile(r"(?i)\b(?:https?://|www\.|pic\.twitter\.com/|t\.(?:cn|co)/)[^\s\u3400-\u9fff]{1,500}")
_SIGNATURE = re.compile(
    r"\s[—–-]{1,2}\s?[^—–\n]{1,60}\(@\w{1,20}\)\s*(?:[A-Z][a-z]{2,8} \d{1,2}, \d{4})?\s*$"
)  # how an embedded post ends: who wrote it, and when
_UNSEEN = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]"
)
_HANDLE = re.compile(r"@[\w\u4e00-\u9fff-]{1,30}[:：]?")
_RUN_TOGETHER = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_EMOTION = re.compile(r"\[[\u4e00-\u9fff\w]{1,6}\]")  # [doge]: how microblogs write emoji
_TOKEN = re.compile(rf"[{_HAN}]+|[a-z0-9]+(?:'[a-z]+)?")
_FORM = str.maketrans("’‘“”—–", "''\"\"--")
_ENDINGS = (
    ("ational", "ate"), ("fulness", "ful"), ("iveness", "ive"), ("ization", "ize"), ("ations", "ate"), ("ation", "ate"),
    ("ingly", ""), ("edly", ""), ("ments", ""), ("ment", ""), ("ness", ""), ("sses", "ss"), ("ies", "y"), ("ing", ""),
    ("ers", ""), ("ed", ""), ("er", ""), ("es", ""), ("ly", ""), ("s", ""), ("e", ""),
)  # fmt: skip
_STEM_LETTERS = 3  # no stem is shorter
_FEW = frozenset(
    re.findall(
        r"\w+",
        "a an the of to in on at for and or is are was were be been it its this that these those as by with from you your"
        " i my me we our they their he she his her not no do does did have has had will would can could just so if but"
        " then than there here all any some who what when where how why about into over out up down rt via amp",
    )
)
_FEW_HAN = frozenset("的了是在我你他她它们和与就都也吧啊呢吗着过把被给让说很这那个一不有")


def plain(text: str) -> str:
    """Cut what only posts carry, open hashtags, and fold compatibility forms and case.

    >>> plain("RT @user: #StopTheSpread of RUMOURS https://t.co/abc")
    'rt stop the spread of rumours'
    """
    text = unicodedata.normalize("NFKC", text[:WORDING_CHARACTERS]).translate(_FORM)
    text = _SIGNATURE.sub(" ", _UNSEEN.sub("", text))
    text = _EMOTION.sub(" ", _HANDLE.sub(" ", _ADDRESS.sub(" ", text)))
    text = re.sub(r"[#_]", " ", text)
    return " ".join(_RUN_TOGETHER.sub(" ", text).lower().split())


def stems(wording: str) -> list[str]:
    """Words without endings, and single and double 汉字, without the words that every text has."""
    found: list[str] = []
    for token in _TOKEN.findall(wording):
        if ord(token[0]) > 0x3000:
            found += [letter for letter in token if letter not in _FEW_HAN]
            found += [token[at : at + 2] for at in range(len(token) - 1)]
        elif token not in _FEW:
            found.append(stem(token))
    return found


def stem(word: str) -> str:
    """Drop one common English ending.

    >>> [stem(word) for word in ("vaccines", "vaccinated", "drinking", "studies", "bus")]
    ['vaccin', 'vaccinat', 'drink', 'study', 'bus']
    """
    word = word.removesuffix("'s")
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_LETTERS:
            return word[: -len(ending)] + instead if instead else word[: -len(ending)]
    return word


def grams(wording: str) -> list[str]:
    """Runs of three to five letters within words with their edges, and of one to three 汉字."""
    return list(_grams(wording))


def _grams(wording: str) -> Iterator[str]:
    for token in _TOKEN.findall(wording):
        is_han = ord(token[0]) > 0x3000
        padded = token if is_han else f" {token} "
        for length in HAN_LENGTHS if is_han else GRAM_LENGTHS:
            for at in range(max(1, len(padded) - length + 1)):
                yield padded[at : at + length]


def hashed(features: list[str]) -> npt.NDArray[np.uint64]:
    """A 64-bit number for each feature, the same on every machine: a rolling polynomial over code points."""
    if not features:
        return np.zeros(0, np.uint64)
    joined = np.frombuffer("".join(features).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    lengths = np.array([len(one) for one in features], np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    place = np.arange(len(joined)) - np.repeat(starts, lengths)
    with np.errstate(over="ignore"):
        mixed = (joined + np.uint64(0x9E37)) * _powers(int(lengths.max()))[place]
        mixed ^= mixed >> np.uint64(31)
        sums = np.add.reduceat(mixed * np.uint64(0xBF58476D1CE4E5B9), starts)
        sums ^= sums >> np.uint64(27)
        return np.asarray(sums * np.uint64(0x94D049BB133111EB))


def _powers(most: int) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        return np.cumprod(np.full(most, 0x9E3779B97F4A7C15, np.uint64), dtype=np.uint64)
