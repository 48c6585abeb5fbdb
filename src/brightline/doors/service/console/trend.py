"""A trend as stacked bars, one a day: pieces to draw, and the same in words for those who hear the page."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Protocol

import msgspec

from brightline.core.decision import Action
from brightline.core.words import Words

HEIGHT, WIDTH = 100.0, 400.0  # units of the drawing


class Counted(Protocol):
    """What was decided on one day, UTC."""

    @property
    def day(self) -> str:
        """The day, ISO 8601."""

    @property
    def actions(self) -> Mapping[str, int]:
        """How many of each action."""


class Bar(msgspec.Struct, frozen=True):
    """One piece of a day's bar."""

    action: str
    x: float
    y: float
    width: float
    height: float


class Days(msgspec.Struct, frozen=True):
    """The drawing of days: pieces of bars, the highest day's count, first and last day, and all of it in words."""

    bars: tuple[Bar, ...]
    most: int
    first: str
    last: str
    words: Words


def drawn(counted: Sequence[Counted], first: date, last: date) -> Days:
    """The days from the first to the last as stacked bars, the strictest action at the bottom."""
    days = (last - first).days + 1
    shown = [one for one in counted if first.isoformat() <= one.day <= last.isoformat()]
    most = max((sum(one.actions.values()) for one in shown), default=0)
    step = WIDTH / days
    bars = [
        bar
        for one in shown
        for bar in _stacked(one, step * (date.fromisoformat(one.day) - first).days, step, most)
    ]
    total = sum(sum(one.actions.values()) for one in shown)
    said = Words(
        f"{total} decisions in {days} days; at most {most} a day",
        f"{days} 天共 {total} 项决定；单日最多 {most} 项",
    )
    return Days(tuple(bars), most, first.isoformat(), last.isoformat(), said)


def _stacked(day: Counted, left: float, step: float, most: int) -> Iterator[Bar]:
    low = HEIGHT
    for action in reversed(Action):
        if height := HEIGHT * day.actions.get(action.value, 0) / max(most, 1):
            low -= height
            yield Bar(
                action.value,
                round(left + step * 0.1, 2),
                round(low, 2),
                round(step * 0.8, 2),
                round(height, 2),
            )
