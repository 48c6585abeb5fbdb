"""A conversation turn by turn: from which turn on it reads like fraud, and what was done when.

Grooming takes many turns, each of them harmless. So what is judged after each turn is the whole conversation up to it,
the newest 4,000 characters; two suspicious turns in a row, or the last one, make a warning.
"""

from itertools import pairwise

import msgspec

from brightline.detectors.message.fraud_language import is_judged
from brightline.detectors.message.fraud_model import judge, types
from brightline.detectors.message.fraud_normal import plain
from brightline.detectors.message.fraud_tactics import HONEST, matched, rules, tactics

WARN = 0.55  # probability from which on a turn is suspicious
JUDGED_LIMIT = 200  # prefixes of one conversation that are judged, evenly spread; about a millisecond each
WINDOW = 4_000  # newest characters that are judged together


class Course(msgspec.Struct, frozen=True):
    """How a conversation went.

    Attributes:
        turn: number, from 1, of the turn at which the warning comes; 0 where it never does.
        probability: the highest that held for two judged turns in a row, or at the end.
        type: the likeliest type of fraud at that point.
        tactics: tactics with the number of the turn that first showed each, in order.
        curve: probability after each judged turn.
    """

    turn: int
    probability: float
    type: str
    tactics: tuple[tuple[str, int], ...]
    curve: tuple[float, ...]


def follow(turns: list[str]) -> Course:
    """Judge a conversation after each turn."""
    step = -(-len(turns) // JUDGED_LIMIT) or 1
    judged = sorted({*range(step - 1, len(turns), step), len(turns) - 1}) if turns else []
    curve = []
    for last in judged:
        spelled = plain(_window(turns[: last + 1]))
        curve.append(judge(spelled).probability if is_judged(spelled) else 0.0)
    held = _held(curve)
    fired = next((number for number, value in enumerate(held) if value >= WARN), -1)
    if fired < 0:
        return Course(0, max(held, default=0.0), "", (), tuple(curve))
    best = max(range(len(held)), key=lambda number: (held[number], -number))
    kinds = types(plain(_window(turns[: judged[best] + 1])))
    return Course(
        judged[fired] + 1,
        held[best],
        max(kinds, key=lambda name: kinds[name]),
        _first_turns(turns),
        tuple(curve),
    )


def _held(curve: list[float]) -> list[float]:
    """What held from each judged turn to the next: the lower probability of the two.

    The last turn counts alone. No later one can bear it out, and the money may be gone by the time one comes: who asks
    about a conversation so far is told at once, where one suspicious turn amid harmless ones is forgiven.
    """
    return [*map(min, pairwise(curve)), *curve[-1:]]


def _window(turns: list[str]) -> str:
    """The newest turns, as many as fit."""
    kept: list[str] = []
    room = WINDOW
    for turn in reversed(turns):
        if room <= 0:
            break
        kept.append(turn[:room])
        room -= len(turn) + 1
    return "\n".join(reversed(kept))


def _first_turns(turns: list[str]) -> tuple[tuple[str, int], ...]:
    first: dict[str, int] = {}
    for number, turn in enumerate(turns[: 5 * JUDGED_LIMIT], start=1):
        spelled = plain(turn)
        owners = rules(is_chinese=spelled.is_chinese).owners
        for pattern in matched(spelled):
            name = tactics()[owners[pattern]].name
            if name not in HONEST:
                first.setdefault(name, number)
    return tuple(sorted(first.items(), key=lambda item: (item[1], item[0])))
