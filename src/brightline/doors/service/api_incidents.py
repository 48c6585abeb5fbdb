"""`/v1/incidents` with their clocks, and `/v1/submissions/{id}/statement`: what authorities and authors are told."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from brightline.core.errors import NotThereError
from brightline.doors.service import record
from brightline.doors.service.access import language_of, needs, state_of
from brightline.doors.service.forms import Form
from brightline.review import incidents, statements, submissions
from brightline.review.incidents import Duty, Incident
from brightline.review.people import May, Person
from brightline.review.store import now_ms

ROUTER = APIRouter(prefix="/v1", tags=["incidents and statements"])
Seer = Annotated[Person, Depends(needs(May.SEE))]
Manager = Annotated[Person, Depends(needs(May.MANAGE))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
SubmissionId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
DutyName = Literal["cn_cii", "cn_central", "cn_other", "eu_serious", "eu_widespread", "eu_death", "us_ncii"]


class IncidentForm(Form):
    """What happened, who must hear of it, since when it is known (milliseconds since 1970; nothing is now)."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    note: Annotated[str, Field(max_length=8000)] = ""
    duties: Annotated[list[DutyName], Field(min_length=1, max_length=7)]
    submissions: Annotated[list[SubmissionId], Field(default_factory=list, max_length=1000)]
    found_ms: Annotated[int, Field(ge=0, le=2**53)] | None = None


@ROUTER.get("/incidents")
def list_incidents(request: Request, person: Seer) -> list[dict[str, Any]]:
    """Incidents of your tenant, open ones first, each with its clocks."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in incidents.listed(connection, person.tenant)]


@ROUTER.post("/incidents", status_code=HTTPStatus.CREATED)
def open_incident(request: Request, form: IncidentForm, person: Manager) -> dict[str, Any]:
    """Write an incident down; the clocks of its duties start when it was found."""
    state = state_of(request)
    with state.store.writing() as connection:
        for one in form.submissions:
            submissions.get(connection, one, person.tenant)
        made = incidents.open_incident(
            connection, person.tenant, form.title, form.note, tuple(Duty(one) for one in form.duties),
            tuple(form.submissions), form.found_ms if form.found_ms is not None else now_ms(),
        )  # fmt: skip
    record.done(state, person, "incident.open", None, {"of": made.id, "duties": ",".join(made.duties)})
    return told(made)


@ROUTER.get("/incidents/{incident}")
def get_incident(request: Request, incident: SomeId, person: Seer) -> dict[str, Any]:
    """One incident."""
    with state_of(request).store.reading() as connection:
        return told(incidents.get(connection, incident, person.tenant))


@ROUTER.post("/incidents/{incident}/clocks/{duty}/{clock}")
def meet(
    request: Request,
    incident: SomeId,
    duty: DutyName,
    clock: Annotated[str, Path(max_length=20)],
    person: Manager,
) -> dict[str, Any]:
    """Say that a term was met; when, is in the ledger."""
    state = state_of(request)
    with state.store.writing() as connection:
        found = incidents.meet(connection, incident, person.tenant, Duty(duty), clock)
    record.done(state, person, "incident.met", None, {"of": incident, "clock": f"{duty}/{clock}"})
    return told(found)


@ROUTER.post("/incidents/{incident}/close")
def close(request: Request, incident: SomeId, person: Manager) -> dict[str, Any]:
    """Close an incident whose clocks were all met."""
    state = state_of(request)
    with state.store.writing() as connection:
        found = incidents.close(connection, incident, person.tenant)
    record.done(state, person, "incident.close", None, {"of": incident})
    return told(found)


@ROUTER.get("/submissions/{submission}/statement")
def get_statement(
    request: Request,
    submission: SomeId,
    person: Seer,
    territory: Annotated[list[Annotated[str, Query(pattern="^[A-Z]{2}$")]], Query(max_length=30)] = [],  # noqa: B006 - FastAPI copies it
) -> dict[str, Any]:
    """The statement of reasons of a decision, as the DSA Transparency Database takes it, and the author's notice."""
    state = state_of(request)
    with state.store.reading() as connection:
        found = submissions.get(connection, submission, person.tenant)
        entry = submissions.newest_entry(connection, submission)
    if entry is None or found.entry is None:
        raise NotThereError(f"submission `{submission}` has no decision: it is {found.state}")
    decision = state.house.ledger.decision(entry)
    if decision.action.value == "allow":
        raise NotThereError(f"submission `{submission}` was allowed: there is nothing to state")
    body = statements.statement(found, decision, by_person=entry != found.entry, territories=territory)
    words = statements.notice(decision, appeal_days=state.setting.appeal_days)
    return {"statement": body, "notice": words.in_language(language_of(request))}


def told(incident: Incident) -> dict[str, Any]:
    """An incident as people see it."""
    shown: dict[str, Any] = msgspec.to_builtins(incident)
    return shown
