"""Incidents: what must be reported to whom, with the clocks counted down; opened by hand or from a case."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query, Request, Response
from starlette.datastructures import FormData

from brightline.doors.service import api_incidents
from brightline.doors.service.access import state_of
from brightline.doors.service.api_incidents import DutyName, FiledForm, IncidentForm
from brightline.doors.service.asks import Manager, Seer, Skip, SomeId
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.doors.service.incident_report import DUTIES
from brightline.doors.service.problems import ProblemError
from brightline.review import incidents, submissions
from brightline.review.incidents import CLOCKS
from brightline.review.store import now_ms

ROUTER = pages()
PAGE = 50
NOTE_CHARACTERS = 8000
SomeSubmission = Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")]


@ROUTER.get("/incidents")
def show_all(request: Request, person: Seer, submission: SomeSubmission = "", skip: Skip = 0) -> Response:
    """The list, and the form of a new one; `submission` is what shows it."""
    with state_of(request).store.reading() as connection:
        found = incidents.listed(connection, person.tenant, PAGE + 1, skip)
        about = submissions.get(connection, submission, person.tenant) if submission else None
    return render(
        request, "incidents.html", person, found=found[:PAGE], more=len(found) > PAGE, skip=skip, page=PAGE,
        about=about, now=now_ms(), duties=DUTIES, clocks=CLOCKS,
    )  # fmt: skip


@ROUTER.post("/incidents")
def open_incident(request: Request, person: Manager, fields: Fields) -> Response:
    """Write one down."""
    form = IncidentForm.model_validate(
        {
            "title": text(fields, "title"),
            "note": text(fields, "note", NOTE_CHARACTERS),
            "duties": fields.getlist("duty"),
            "submissions": text(fields, "submissions", 40_000).replace(",", " ").split(),
            "found_ms": _moment(fields, "found"),
        }
    )
    made = api_incidents.open_incident(request, form, person)
    return go(f"/incidents/{made['id']}")


@ROUTER.get("/incidents/{incident}")
def show(request: Request, incident: SomeId, person: Seer) -> Response:
    """One incident."""
    with state_of(request).store.reading() as connection:
        found = incidents.get(connection, incident, person.tenant)
        about = [submissions.get(connection, one, person.tenant) for one in found.submissions[:PAGE]]
        names = names_of(connection, person.tenant)
    return render(
        request,
        "incident.html",
        person,
        incident=found,
        about=about,
        names=names,
        now=now_ms(),
        duties=DUTIES,
    )


@ROUTER.post("/incidents/{incident}/clocks/{duty}/{clock}")
def meet(
    request: Request,
    incident: SomeId,
    duty: DutyName,
    clock: Annotated[str, Path(max_length=20)],
    person: Manager,
    fields: Fields,
) -> Response:
    """Say that a report was made."""
    form = FiledForm(
        authority=text(fields, "authority"),
        reference=text(fields, "reference"),
        said=text(fields, "said", NOTE_CHARACTERS),
    )
    api_incidents.meet(request, incident, duty, clock, person, form)
    return go(f"/incidents/{incident}")


@ROUTER.post("/incidents/{incident}/close")
def close(request: Request, incident: SomeId, person: Manager) -> Response:
    """Close it."""
    api_incidents.close(request, incident, person)
    return go(f"/incidents/{incident}")


def _moment(fields: FormData, name: str) -> int | None:
    """A moment in UTC as a browser's field gives it; None where none is given."""
    given = text(fields, name, 40)
    if not given:
        return None
    try:
        return int(datetime.fromisoformat(given).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"`{given}` is no moment") from None
