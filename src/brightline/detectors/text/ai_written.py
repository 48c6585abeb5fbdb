"""Estimate whether a text, or part of it, was written by a language model; English and Chinese.

A linear model over runs of function words, signs and word shapes (`ai_tokens`, `ai_model`), calibrated by length.
Texts too short to judge, and other languages, are passed over in silence: the card says so.
"""

import math
from collections.abc import Iterator

import numpy as np

from brightline.core.finding import Basis, Detail, Finding, Place
from brightline.core.harm import Harm
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.text.ai_lane import Lane, Reading, lane, language_of, open_text
from brightline.detectors.text.ai_parts import Stretch, phrases, stretches, worst_sentences
from brightline.detectors.text.ai_tokens import token_spans

NAME = "text.ai_written"
LIKELY = 0.9  # probability from which on the verdict is `likely`; what policies ask for
UNLIKELY = 0.5  # below it the finding warns of nothing
SENTENCES = 3  # that are shown
PARTS_LEAST = 2  # stretches of each sort that make a text mixed
QUOTE_CHARACTERS = 80


def detect(subject: Subject) -> Iterator[Finding]:
    """One finding on the whole text, and one on its parts where a machine seems to have written only some.

    Raises:
        DetectorError: the weights are missing or damaged.
    """
    level, words = open_text(subject.text)
    language = language_of(words)
    if not language:
        return
    judge = lane(language)
    level, words = judge.whole(level, words)
    reading = judge.read(level, words)
    count = reading.length(0, len(words))
    odds = judge.log_odds(judge.score(reading, 0, len(words)), count)
    yield _whole(judge, reading, words, odds, count)
    parts = stretches(judge, reading, words)
    if (some := _machine_parts(parts)) and _probability(odds) < LIKELY:
        yield _parts(reading, some, len(parts))


def _whole(judge: Lane, reading: Reading, words: list[str], odds: float, count: int) -> Finding:
    probability = _probability(odds)
    verdict = "likely" if probability >= LIKELY else "unclear" if probability >= UNLIKELY else "unlikely"
    where: tuple[Place, ...] = ()
    quotes = ""
    if probability >= UNLIKELY:
        spans = token_spans(reading.plain.text)
        level = reading.plain.text
        quotes = " … ".join(level[s.start : s.end] for s in phrases(judge, reading, spans))[:QUOTE_CHARACTERS]
        shares = judge.model.shares(list(reading.rows))
        chosen = worst_sentences(shares, words, SENTENCES)
        where = tuple(reading.plain.span(spans[a].start, spans[b - 1].end) for a, b in chosen)
    return Finding(
        detector=NAME,
        claim="synthetic.text",
        basis=Basis.ESTIMATE,
        probability=probability,
        harm=Harm.UNLABELLED_AIGC if probability >= UNLIKELY else None,
        why=_why(probability, count, reading.language, quotes),
        where=where,
        details=_details(reading.language, count, verdict),
    )


def _parts(reading: Reading, some: list[Stretch], tried: int) -> Finding:
    """The finding on the parts; one stretch in many is high by chance, so its odds are divided by their number."""
    spans = token_spans(reading.plain.text)
    odds = max(stretch.log_odds for stretch in some) - math.log(tried / len(some))
    where = tuple(reading.plain.span(spans[s.start].start, spans[s.end - 1].end) for s in some)
    count = sum(reading.length(s.start, s.end) for s in some)
    return Finding(
        detector=NAME,
        claim="synthetic.text.part",
        basis=Basis.ESTIMATE,
        probability=_probability(odds),
        harm=Harm.UNLABELLED_AIGC,
        why=Words(
            en=f"{len(some)} of {tried} stretches of this text read as if a language model had written them, "
            "the rest does not",
            zh=f"全文 {tried} 段中有 {len(some)} 段读来像是语言模型所写，其余部分则不像",  # Chinese comma
        ),
        where=where,
        details=_details(reading.language, count, "mixed"),
    )


def _machine_parts(parts: list[Stretch]) -> list[Stretch]:
    """The stretches that read as a machine's, if there are others that do not."""
    sure = math.log(LIKELY / (1 - LIKELY))
    high = [stretch for stretch in parts if stretch.log_odds >= sure]
    low = [stretch for stretch in parts if stretch.log_odds < 0.0]
    return high if len(high) >= PARTS_LEAST and low else []


def _why(probability: float, count: int, language: str, quotes: str) -> Words:
    percent = round(100 * probability)
    unit = "words" if language == "en" else "characters"
    if not quotes:
        return Words(
            en=f"the choice of words in {count} {unit} speaks for a person ({percent} % for a machine)",
            zh=f"{count} 字的用词习惯更像人所写（机器所写的可能性为 {percent}%）",  # Chinese brackets
        )
    return Words(
        en=f"the choice of words in {count} {unit} is {percent} % likely a language model's; most telling: {quotes}",
        zh=f"{count} 字的用词习惯有 {percent}% 的可能出自语言模型，最典型的是：{quotes}",  # Chinese signs
    )


def _details(language: str, count: int, verdict: str) -> tuple[Detail, ...]:
    return (Detail("language", language), Detail("length", str(count)), Detail("verdict", verdict))


def _probability(odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-odds)))
