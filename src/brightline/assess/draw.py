"""Which questions are asked: the same number of each risk, language and expectation, chosen by a recorded seed."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from brightline.assess.bank import Question


def draw(questions: Iterable[Question], *, each: int, seed: int) -> tuple[Question, ...]:
    """At most `each` questions of every stratum, in an order that mixes them, so that a run cut short is no skewed one.

    Args:
        questions: all there are.
        each: of one risk, language and expectation; 0 takes all.
        seed: the same seed draws the same questions, and one more in the bank moves none of the others' places.
    """
    strata: defaultdict[tuple[str, str, str], list[Question]] = defaultdict(list)
    for one in questions:
        strata[one.risk, one.language, one.expected.value].append(one)
    chosen = [
        one
        for _, mine in sorted(strata.items())
        for one in sorted(mine, key=lambda one: _place(seed, one.id))[: each or None]
    ]
    return tuple(sorted(chosen, key=lambda one: _place(seed + 1, one.id)))


def tokens_of(questions: Sequence[Question], answer_tokens: int) -> tuple[int, int]:
    """About how many tokens a run reads and writes: a 汉字 counts one, four other characters one."""
    read = sum(
        sum(1 if char > "\u2e7f" else 0 for char in one.question)
        + sum(char <= "\u2e7f" for char in one.question) // 4
        + 8  # of a chat's frame
        for one in questions
    )
    return read, answer_tokens * len(questions)


def _place(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode()).digest()
