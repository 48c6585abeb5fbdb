"""`/v1/quality`: golden items, reviewers' answers to them, agreement, and how well detectors keep their promises."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from brightline.core.decision import Action
from brightline.doors.service import quality
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.forms import Form, Id
from brightline.review import agreement, golden, scores
from brightline.review.calibration import calibrate
from brightline.review.people import May, Person
from brightline.review.store import now_ms

ROUTER = APIRouter(prefix="/v1/quality", tags=["quality"])
DAY_MS = 86_400_000
Seer = Annotated[Person, Depends(needs(May.SEE))]
Lead = Annotated[Person, Depends(needs(May.LEAD))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class GoldenForm(Form):
    """A closed case whose subject becomes golden, and the answer that is right."""

    case: Id
    answer: Literal["allow", "label", "review", "block"]
    note: Annotated[str, Field(min_length=1, max_length=golden.NOTE_LIMIT)]


@ROUTER.get("/agreement")
def get_agreement(
    request: Request, person: Lead, days: Annotated[int, Query(ge=1, le=3660)] = 90
) -> dict[str, Any]:
    """Cohen's kappa of second, blind reviews, for all and between each two; and answers to golden items."""
    with state_of(request).store.reading() as connection:
        pairs = agreement.pairs_since(connection, person.tenant, now_ms() - days * DAY_MS)
        answers = agreement.golden_answers(connection, person.tenant)
    return {
        "all": msgspec.to_builtins(agreement.cohen([(one.first, one.second) for one in pairs])),
        "between": msgspec.to_builtins(agreement.between_people(pairs)),
        "golden": msgspec.to_builtins(answers),
    }


@ROUTER.get("/golden")
def list_golden(request: Request, person: Lead) -> list[dict[str, Any]]:
    """Golden items with how they were answered."""
    with state_of(request).store.reading() as connection:
        found: list[dict[str, Any]] = msgspec.to_builtins(golden.listed(connection, person.tenant))
    return found


@ROUTER.post("/golden", status_code=HTTPStatus.CREATED)
def add_golden(request: Request, form: GoldenForm, person: Lead) -> dict[str, str]:
    """Make the subject of a closed case golden."""
    return {"id": quality.make_golden(state_of(request), person, form.case, Action(form.answer), form.note)}


@ROUTER.post("/golden/{item}/retire", status_code=HTTPStatus.NO_CONTENT)
def retire_golden(request: Request, item: SomeId, person: Lead) -> None:
    """Show it no more."""
    quality.retire_golden(state_of(request), person, item)


@ROUTER.get("/calibration")
def get_calibration(request: Request, person: Seer) -> list[dict[str, Any]]:
    """Detectors' estimates held against what people decided, by detector and harm; no figures where answers are few."""
    with state_of(request).store.reading() as connection:
        found = scores.answered(connection, person.tenant)
    return [
        {"detector": detector, "harm": harm} | msgspec.to_builtins(calibrate(judged))
        for (detector, harm), judged in sorted(found.items())
    ]
