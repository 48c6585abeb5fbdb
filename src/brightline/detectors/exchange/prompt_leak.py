"""`exchange.prompt_leak`: an answer repeats long stretches of the system prompt, word for word or nearly.

The system prompt comes with the subject: a turn of the role `system` in the same chat, or the header
`system-prompt` of an answer, which doors set and records never keep.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any  # re2 has no types

import msgspec
import re2

from brightline.core.finding import Basis, Finding, Span, details
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.exchange.shadow import shadow

NAME = "exchange.prompt_leak"

HEADER = "system-prompt"
GRAM = 5  # words in a row that are compared; four in a row are often everybody's
BRIDGE = 3  # words that may differ between two stretches that still count as one
LONG = 40  # words of one stretch: nobody says them by chance
SOME = 20  # words of one stretch: a sentence or two, which an answer may quote
SHARE = 0.5  # of the system prompt in one stretch
SHORTEST = 12  # words of a system prompt: shorter ones (`You are a helpful assistant.`) are nobody's secret
WORDS_LIMIT = 200_000  # of either side that are compared
PROBABILITY = {"long": 0.9, "some": 0.6}
_WORD = re2.compile(r"[a-z0-9]+|[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}]+")


class _Stretch(msgspec.Struct, frozen=True):
    """Words [first, last] of an answer that stand in the system prompt in the same order."""

    first: int
    last: int


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `exchange.prompt_leak` of an answer, or of the assistant's turns in a chat with a system prompt."""
    if subject.kind is Kind.CHAT and subject.parts:
        prompt = "\n".join(turn.text for turn in subject.parts if turn.header("account") == "system")
        for turn in subject.parts:
            if prompt and turn.header("account") == "assistant":
                yield from _look(turn.text, prompt, place=False)
    elif prompt := subject.header(HEADER):
        yield from _look(subject.text, prompt, place=True)


def _look(text: str, prompt: str, *, place: bool) -> Iterator[Finding]:
    grams, total = _grams(prompt)
    if total < SHORTEST:
        return
    folded = shadow(text)
    words = [match.span() for match in _words(folded.text)]
    best = _longest(folded.text, words, grams)
    count = best.last - best.first + 1 if best is not None else 0
    is_long = count >= LONG or count >= max(SHORTEST, SHARE * total)
    if best is None or not (is_long or count >= SOME):
        return
    span = Span(*folded.original(words[best.first][0], words[best.last][1]))
    share = min(100, round(100 * count / total))
    yield Finding(
        detector=NAME,
        claim="exchange.prompt_leak",
        basis=Basis.ESTIMATE,
        probability=PROBABILITY["long" if is_long else "some"],
        why=Words(
            f"{count} words in a row of the answer stand in the system prompt, about {share} % of it",
            f"回答中有连续 {count} 个词与系统提示词相同，约占其 {share}%",
        ),
        where=(span,) if place else (),
        details=details(share=str(share), words=str(count)),
    )


def _longest(text: str, words: list[tuple[int, int]], grams: frozenset[tuple[str, ...]]) -> _Stretch | None:
    """The longest run of words whose every five stand in the prompt; a few in between may differ."""
    best: _Stretch | None = None
    first, last = -1, -1 - GRAM - BRIDGE
    said = [text[start:end] for start, end in words]
    for at in range(len(said) - GRAM + 1):
        if tuple(said[at : at + GRAM]) not in grams:
            continue
        if at - last > GRAM + BRIDGE:
            first = at
        last = at
        if best is None or last + GRAM - 1 - first > best.last - best.first:
            best = _Stretch(first, last + GRAM - 1)
    return best


@lru_cache(maxsize=64)  # one application asks with one system prompt
def _grams(prompt: str) -> tuple[frozenset[tuple[str, ...]], int]:
    text = shadow(prompt).text
    words = [match.group() for match in _words(text)]
    return frozenset(zip(*(words[at:] for at in range(GRAM)), strict=False)), len(words)


def _words(text: str) -> list[Any]:
    return [match for _, match in zip(range(WORDS_LIMIT), _WORD.finditer(text), strict=False)]
