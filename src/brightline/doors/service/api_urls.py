"""`/v1/submissions/url`: hand in what lies behind a URL, where the operator allows it (`service.fetch`)."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from brightline.core.subject import Audience, Declaration
from brightline.doors.service.access import state_of
from brightline.doors.service.api_submissions import (
    Key,
    Submitter,
    Wait,
    accept,
    as_told,
    awaited,
    make_offer,
)
from brightline.doors.service.forms import SubmissionOut, UrlForm
from brightline.doors.service.problems import ProblemError

ROUTER = APIRouter(prefix="/v1/submissions", tags=["submissions"])
OFF = "this service fetches nothing: hand in the bytes, or have its operator set `service.fetch`"


@ROUTER.post("/url", status_code=HTTPStatus.ACCEPTED)
async def submit_url(
    request: Request, response: Response, form: UrlForm, person: Submitter, wait: Wait = 0.0, key: Key = ""
) -> SubmissionOut:
    """Hand in what lies behind a URL; only public addresses, and none of the house. Durable when this answers.

    What it says is fetched once: a page's pictures and scripts are not.
    """
    state = state_of(request)
    if not state.setting.fetch:
        raise ProblemError(HTTPStatus.FORBIDDEN, OFF)
    from brightline.doors.service.fetching import fetch

    async with state.fetches:
        found = await fetch(form.url, state.setting, state.names)
    offer = make_offer(
        person, found.data, form.name or found.name, key or form.key, Audience(form.audience),
        Declaration(form.declared), form.priority, asked=form.url,
    )  # fmt: skip
    del found
    accepted = await accept(state, offer)
    told = await awaited(state, accepted.id, person.tenant, wait)
    if told.state in {"done", "dead"}:
        response.status_code = HTTPStatus.OK
    return as_told(told, repeated=accepted.repeated)
