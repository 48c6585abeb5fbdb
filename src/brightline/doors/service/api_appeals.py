"""`/v1/appeals`: authors contest by code alone; people who had no part in the decision decide."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from brightline.doors.service.access import language_of, limited, state_of
from brightline.doors.service.asks import Count, Reviewer, Seer, Skip, SomeId, Submitter, told
from brightline.doors.service.forms import Form
from brightline.review import appeals
from brightline.review.appeals import Appeal, Outcome

ROUTER = APIRouter(prefix="/v1", tags=["appeals"])


class AppealForm(Form):
    """Why a decision is wrong, in its author's words."""

    submission: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    reason: Annotated[str, Field(min_length=1, max_length=4000)]


class OutcomeForm(Form):
    """What becomes of it, and what its author is told, in English, 中文 or both."""

    outcome: Literal["upheld", "rejected"]
    notice: Annotated[str, Field(max_length=4000)] = ""
    notice_zh: Annotated[str, Field(max_length=4000)] = ""


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
    request: Request,
    person: Seer,
    state: Annotated[str, Query(pattern="^(open|decided)$")] = "open",
    count: Count = 100,
    skip: Skip = 0,
) -> list[dict[str, Any]]:
    """Appeals of your tenant, those due first."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in appeals.listed(connection, person.tenant, state, count, skip)]


@ROUTER.get("/appeals/status/{code}")
async def status(request: Request, code: Annotated[str, Path(max_length=60)]) -> dict[str, Any]:
    """How an appeal stands, for whoever holds its code; no account is asked for."""
    host = request.client.host if request.client is not None else ""
    limited(request, state_of(request).rates, f"code/{host}")
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
            appeals.decide(
                connection,
                appeal,
                person.tenant,
                person.id,
                Outcome(form.outcome),
                form.notice,
                form.notice_zh,
            )
        )


def notice_of(appeal: Appeal, language: str) -> str:
    """What its author is told, in that language where there is a notice in it."""
    return (appeal.notice_zh or appeal.notice) if language == "zh" else (appeal.notice or appeal.notice_zh)


def _status(request: Request, code: str) -> dict[str, Any]:
    with state_of(request).store.reading() as connection:
        found = appeals.of_code(connection, code)
    notice = notice_of(found, language_of(request))
    return {"state": found.state, "outcome": found.outcome, "notice": notice, "due_ms": found.due_ms}
