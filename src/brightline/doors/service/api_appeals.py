"""`/v1/appeals`: authors contest by code alone; people who had no part in the decision decide."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from brightline.doors.service.access import needs, state_of
from brightline.doors.service.forms import Form
from brightline.doors.service.problems import ProblemError
from brightline.review import appeals
from brightline.review.appeals import Appeal, Outcome
from brightline.review.people import May, Person

ROUTER = APIRouter(prefix="/v1", tags=["appeals"])
Seer = Annotated[Person, Depends(needs(May.SEE))]
Submitter = Annotated[Person, Depends(needs(May.SUBMIT))]
Reviewer = Annotated[Person, Depends(needs(May.REVIEW))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class AppealForm(Form):
    """Why a decision is wrong, in its author's words."""

    submission: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    reason: Annotated[str, Field(min_length=1, max_length=4000)]


class OutcomeForm(Form):
    """What becomes of it, and what its author is told."""

    outcome: Literal["upheld", "rejected"]
    notice: Annotated[str, Field(min_length=1, max_length=4000)]


@ROUTER.post("/appeals", status_code=HTTPStatus.CREATED)
def open_appeal(request: Request, form: AppealForm, person: Submitter) -> dict[str, Any]:
    """Take an appeal in for the author of a submission; gives the code by which the author asks about it, this once."""
    state = state_of(request)
    with state.store.writing() as connection:
        found, code = appeals.open_appeal(
            connection, form.submission, person.tenant, form.reason, state.setting
        )
    return {**told(found), "code": code}


@ROUTER.get("/appeals")
def list_appeals(
    request: Request, person: Seer, state: Annotated[str, Query(pattern="^(open|decided)$")] = "open"
) -> list[dict[str, Any]]:
    """Appeals of your tenant, those due first."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in appeals.listed(connection, person.tenant, state)]


@ROUTER.get("/appeals/status/{code}")
async def status(request: Request, code: Annotated[str, Path(max_length=60)]) -> dict[str, Any]:
    """How an appeal stands, for whoever holds its code; no account is asked for."""
    host = request.client.host if request.client is not None else ""
    if wait := state_of(request).rates.take(f"code/{host}"):
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many requests: come again later",
            {"retry-after": str(int(wait) + 1)},
        )
    return await asyncio.to_thread(_status, request, code)


@ROUTER.get("/appeals/{appeal}")
def get_appeal(request: Request, appeal: SomeId, person: Seer) -> dict[str, Any]:
    """One appeal."""
    with state_of(request).store.reading() as connection:
        return told(appeals.get(connection, appeal, person.tenant))


@ROUTER.post("/appeals/{appeal}/decide")
def decide(request: Request, appeal: SomeId, form: OutcomeForm, person: Reviewer) -> dict[str, Any]:
    """Decide an appeal; its author reads the notice by the code."""
    with state_of(request).store.writing() as connection:
        return told(
            appeals.decide(connection, appeal, person.tenant, person.id, Outcome(form.outcome), form.notice)
        )


def _status(request: Request, code: str) -> dict[str, Any]:
    with state_of(request).store.reading() as connection:
        found = appeals.of_code(connection, code)
    return {"state": found.state, "outcome": found.outcome, "notice": found.notice, "due_ms": found.due_ms}


def told(appeal: Appeal) -> dict[str, Any]:
    """An appeal as people see it."""
    shown: dict[str, Any] = msgspec.to_builtins(appeal)
    return shown
