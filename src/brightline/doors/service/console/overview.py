"""Numbers at a glance: volumes, actions, harms, latency, gaps, what is late, how reviewers agree, the ledger's head."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import Depends, Query, Request, Response

from brightline.core.decision import Action
from brightline.core.words import Words
from brightline.doors.report.page import Row, rows_of
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console import words
from brightline.doors.service.console.layout import pages, render
from brightline.doors.words import ACTIONS
from brightline.review import cases, statistics
from brightline.review.people import May, Person
from brightline.review.statistics import Day, Overview

ROUTER = pages()
HEIGHT, WIDTH = 100.0, 400.0  # units of the drawing of days
HARMS_SHOWN = 12
Seer = Annotated[Person, Depends(needs(May.SEE))]


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


@ROUTER.get("/overview")
def show(request: Request, person: Seer, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Response:
    """The page."""
    state = state_of(request)
    with state.store.reading() as connection:
        told = statistics.overview(connection, person.tenant, days)
        counts = cases.counts(connection, person.tenant)
    return render(
        request, "overview.html", person, told=told, counts=counts, days=days, drawn=drawn(told, days),
        actions=_actions(told), harms=_harms(told), kinds=_kinds(told), checkpoint=state.house.ledger.checkpoint(),
    )  # fmt: skip


def drawn(told: Overview, days: int) -> Days:
    """The last days as stacked bars, today at the right, the strictest action at the bottom."""
    today = datetime.now(UTC).date()
    most = max((sum(day.actions.values()) for day in told.days), default=0)
    step = WIDTH / days
    bars = [
        bar
        for day in told.days
        for bar in _stacked(day, step * (days - 1 - (today - date.fromisoformat(day.day)).days), step, most)
    ]
    total = sum(told.actions.values())
    said = Words(
        f"{total} decisions in {days} days; at most {most} a day",
        f"{days} 天共 {total} 项决定；单日最多 {most} 项",
    )
    first = today - timedelta(days=days - 1)
    return Days(tuple(bars), most, first.isoformat(), today.isoformat(), said)


def _stacked(day: Day, left: float, step: float, most: int) -> Iterator[Bar]:
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


def _actions(told: Overview) -> list[Row]:
    return rows_of([(one.value, ACTIONS[one], told.actions.get(one.value, 0)) for one in reversed(Action)])


def _harms(told: Overview) -> list[Row]:
    most = list(told.harms.items())[:HARMS_SHOWN]
    return rows_of([(code, words.harm(code), count) for code, count in most])


def _kinds(told: Overview) -> list[Row]:
    return rows_of(
        [(kind, Words(kind, kind), count) for kind, count in list(told.kinds.items())[:HARMS_SHOWN]]
    )
