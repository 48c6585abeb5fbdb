"""Quality of review, for leads: agreement of blind reviews, answers to golden items, and the items themselves."""

from collections import Counter
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from brightline.core.decision import Action
from brightline.core.words import Words
from brightline.doors.service import quality
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.doors.service.problems import ProblemError
from brightline.review import agreement, cases, golden
from brightline.review.agreement import ENOUGH_GOLDEN, ENOUGH_PAIRS, Kappa
from brightline.review.cases import State
from brightline.review.people import May, Person
from brightline.review.store import now_ms

ROUTER = pages()
DAY_MS = 86_400_000
CLOSED_SHOWN = 30  # cases from which golden items are made
Lead = Annotated[Person, Depends(needs(May.LEAD))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
# Landis and Koch, The measurement of observer agreement for categorical data, 1977.
BANDS = (
    (0.0, Words("poor", "差")),
    (0.2, Words("slight", "轻微")),
    (0.4, Words("fair", "尚可")),
    (0.6, Words("moderate", "中等")),
    (0.8, Words("substantial", "较高")),
    (1.0, Words("almost perfect", "几乎完全一致")),
)


@ROUTER.get("/quality")
def show(request: Request, person: Lead, days: Annotated[int, Query(ge=1, le=3660)] = 90) -> Response:
    """The page."""
    state = state_of(request)
    with state.store.reading() as connection:
        pairs = agreement.pairs_since(connection, person.tenant, now_ms() - days * DAY_MS)
        answers = agreement.golden_answers(connection, person.tenant)
        items = golden.listed(connection, person.tenant)
        closed = cases.queue(connection, person.tenant, states=(State.CLOSED,), count=200)
        names = names_of(connection, person.tenant)
    known = {one.submission for one in items if one.state == "on"}
    return render(
        request, "quality.html", person, days=days, overall=agreement.cohen([(one.first, one.second) for one in pairs]),
        cells=Counter((one.first, one.second) for one in pairs), between=agreement.between_people(pairs),
        answers=answers, items=items, names=names, actions=list(Action), band=band, enough_pairs=ENOUGH_PAIRS,
        enough_golden=ENOUGH_GOLDEN, percent=state.setting.golden_percent, second=state.setting.second_percent,
        closed=[one for one in closed if not one.golden and one.submission not in known][:CLOSED_SHOWN],
    )  # fmt: skip


@ROUTER.post("/quality/golden")
def add(request: Request, person: Lead, fields: Fields) -> Response:
    """Make the subject of a closed case golden."""
    answer = text(fields, "answer")
    if answer not in {one.value for one in Action}:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "choose the right answer")
    note = text(fields, "note", golden.NOTE_LIMIT)
    quality.make_golden(state_of(request), person, text(fields, "case"), Action(answer), note)
    return go("/quality#golden")


@ROUTER.post("/quality/golden/{item}/retire")
def retire(request: Request, item: SomeId, person: Lead) -> Response:
    """Show it no more."""
    quality.retire_golden(state_of(request), person, item)
    return go("/quality#golden")


def band(kappa: Kappa) -> Words:
    """How an agreement is usually called.

    >>> from brightline.review.agreement import cohen
    >>> band(cohen([("a", "a"), ("b", "b")])).en
    'almost perfect'
    """
    value = kappa.kappa if kappa.kappa is not None else 0.0
    return next(words for top, words in BANDS if value <= top)
