"""Numbers at a glance: volumes, actions, harms, latency, gaps, what is late, how reviewers agree, the ledger's head."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from brightline.core.decision import Action
from brightline.core.words import Words
from brightline.doors.report.page import Row, rows_of
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console import words
from brightline.doors.service.console.layout import pages, render
from brightline.doors.service.console.trend import drawn
from brightline.doors.words import ACTIONS
from brightline.review import cases, statistics
from brightline.review.people import May, Person
from brightline.review.statistics import Overview

ROUTER = pages()
HARMS_SHOWN = 12
Seer = Annotated[Person, Depends(needs(May.SEE))]


@ROUTER.get("/overview")
def show(request: Request, person: Seer, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Response:
    """The page."""
    state, today = state_of(request), datetime.now(UTC).date()
    with state.store.reading() as connection:
        told = statistics.overview(connection, person.tenant, days)
        counts = cases.counts(connection, person.tenant)
    return render(
        request, "overview.html", person, told=told, counts=counts, days=days, drawn=drawn(told.days, today - timedelta(days=days - 1), today),
        actions=_actions(told), harms=_harms(told), kinds=_kinds(told), checkpoint=state.house.ledger.checkpoint(),
    )  # fmt: skip


def _actions(told: Overview) -> list[Row]:
    return rows_of([(one.value, ACTIONS[one], told.actions.get(one.value, 0)) for one in reversed(Action)])


def _harms(told: Overview) -> list[Row]:
    most = list(told.harms.items())[:HARMS_SHOWN]
    return rows_of([(code, words.harm(code), count) for code, count in most])


def _kinds(told: Overview) -> list[Row]:
    return rows_of(
        [(kind, Words(kind, kind), count) for kind, count in list(told.kinds.items())[:HARMS_SHOWN]]
    )
