"""A keyed statistical watermark in text that a model of ours writes: of several true samples, the one that fits the key.

The gateway asks the model for several continuations of the next few words and keeps the one whose word pairs score
highest under the key (selection among samples: Giboulot and Furon, "WaterMax", NeurIPS 2024; scoring pairs by a keyed
hash: Kirchenbauer et al., "A Watermark for Large Language Models", ICML 2023; tournaments among samples: Dathathri et al.,
"Scalable watermarking for identifying large language model outputs", Nature 2024). Every stretch is a real sample of the
model, so that no word is ever bent; no logits, no plug-in and no tokeniser are needed, with any upstream.

Detection counts: each distinct pair of neighbouring words (of characters in Chinese) is a coin that the key tosses. Text
that does not know the key gets heads half of the time, so the p-value is exact: a binomial tail, times what was tried.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from scipy import special

from brightline.core.errors import MarkingError
from brightline.watermark.keyring import Key

THRESHOLD = 1e-5  # a text without our mark passes as marked once in 100,000
MINIMUM_PAIRS = 40  # fewer tosses cannot reach the threshold with the scores that selection gives
TEXT_LIMIT_CHARACTERS = 1_000_000
_WINDOW_PAIRS = 200  # a marked passage inside other text: about ten sentences
_STEP_PAIRS = 50
_UNIT = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]|[^\W_\u3400-\u9fff\U00020000-\U000323af]+")


class FoundWords(msgspec.Struct, frozen=True, kw_only=True):
    """A watermark that was found in text.

    Attributes:
        key: id of the key.
        p_value: probability that text without the mark gives this count, all windows and keys tried together.
        heads: pairs that the key favours.
        pairs: pairs counted.
        start: first character of the passage that shows it.
        end: one past its last character.
    """

    key: str
    p_value: float
    heads: int
    pairs: int
    start: int
    end: int


class _Toss(msgspec.Struct, frozen=True):
    """One distinct pair: which way it fell, and where its second unit stands."""

    head: bool
    start: int
    end: int


def choose(candidates: Sequence[str], written: str, key: Key) -> int:
    """Which of several samples to go on with: the index of the one whose new pairs fall most often as the key wants.

    Args:
        candidates: samples of the same continuation. More of them mark stronger (of 4 independent ones the best is about
            one standard deviation up, of 8 about 1.4, of 16 about 1.8), and so do shorter ones: what is found grows with
            the root of the number of choices, so about nine words at a time cost the same tokens and mark a sentence twice.
        written: the text before them.
        key: whose coin.

    Raises:
        MarkingError: there is no candidate.
    """
    if not candidates:
        raise MarkingError("there is no sample to choose from")
    secret = key.secret_for("text")
    known = set(_pairs(written))
    before = written[-64:] if written else ""
    return max(range(len(candidates)), key=lambda index: _fit(before, candidates[index], known, secret))


def detect(text: str, keys: Iterable[Key], *, threshold: float = THRESHOLD) -> FoundWords | None:
    """The most certain watermark of any of the keys in a text, whole or in a passage of about ten sentences, or None."""
    tried = [*keys]
    text = text[:TEXT_LIMIT_CHARACTERS]
    best: FoundWords | None = None
    for key in tried:
        tosses = _tosses(text, key.secret_for("text"))
        windows = _windows(len(tosses))
        for first, last in windows:
            heads = sum(toss.head for toss in tosses[first:last])
            p_value = min(1.0, _tail(heads, last - first) * len(windows) * len(tried))
            if p_value < threshold and (best is None or p_value < best.p_value):
                best = FoundWords(
                    key=key.id,
                    p_value=p_value,
                    heads=heads,
                    pairs=last - first,
                    start=tosses[first].start,
                    end=tosses[last - 1].end,
                )
    return best


def _units(text: str) -> Iterator[tuple[str, int, int]]:
    """Words, and single Chinese characters, folded so that case and width do not matter, with their places."""
    for found in _UNIT.finditer(text):
        yield unicodedata.normalize("NFKC", found.group()).casefold(), found.start(), found.end()


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    before = ""
    for unit, _, _ in _units(text):
        if before:
            yield before, unit
        before = unit


def _head(pair: tuple[str, str], secret: bytes) -> bool:
    return bool(hashlib.blake2b("\0".join(pair).encode(), key=secret, digest_size=1).digest()[0] & 1)


def _fit(before: str, candidate: str, known: set[tuple[str, str]], secret: bytes) -> float:
    new = set(_pairs(before + candidate)) - known
    return sum(1 if _head(pair, secret) else -1 for pair in new) / math.sqrt(len(new) or 1)


def _tosses(text: str, secret: bytes) -> list[_Toss]:
    """One toss for each distinct pair, in order: repeats are the same coin and prove nothing more."""
    tosses: list[_Toss] = []
    seen: set[tuple[str, str]] = set()
    before = ""
    for unit, start, end in _units(text):
        pair = (before, unit)
        if before and pair not in seen:
            seen.add(pair)
            tosses.append(_Toss(_head(pair, secret), start, end))
        before = unit
    return tosses


def _windows(pairs: int) -> list[tuple[int, int]]:
    """The whole, and passages of it."""
    if pairs < MINIMUM_PAIRS:
        return []
    passages = range(0, pairs - _WINDOW_PAIRS + 1, _STEP_PAIRS) if pairs > _WINDOW_PAIRS else ()
    return [(0, pairs), *((first, first + _WINDOW_PAIRS) for first in passages)]


def _tail(heads: int, pairs: int) -> float:
    """Probability of at least so many heads in fair tosses."""
    return 1.0 if heads <= 0 else float(special.bdtrc(heads - 1, pairs, 0.5))
