"""`/v1/incidents` with their clocks, and `/v1/submissions/{id}/statement`: what authorities and authors are told."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from brightline.core.errors import NotThereError
from brightline.core.words import Words
from brightline.doors.service import documents, incident_report, record
from brightline.doors.service.access import language_of, state_of
from brightline.doors.service.asks import Count, Manager, Seer, Skip, SomeId, Submitter, told
from brightline.doors.service.forms import Form
from brightline.doors.service.state import State
from brightline.review import appeals, complaints, incidents, statements, submissions
from brightline.review.incidents import Duty, Filed
from brightline.review.people import Person
from brightline.review.rows import PAGE_LIMIT
from brightline.review.store import now_ms

ROUTER = APIRouter(prefix="/v1", tags=["incidents and statements"])
SubmissionId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
DutyName = Literal["cn_cii", "cn_central", "cn_other", "eu_serious", "eu_widespread", "eu_death", "us_ncii"]


class IncidentForm(Form):
    """What happened, who must hear of it, since when it is known (milliseconds since 1970; nothing is now)."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    note: Annotated[str, Field(max_length=8000)] = ""
    duties: Annotated[list[DutyName], Field(min_length=1, max_length=7)]
    submissions: Annotated[list[SubmissionId], Field(default_factory=list, max_length=1000)]
    found_ms: Annotated[int, Field(ge=0, le=2**53)] | None = None


class FiledForm(Form):
    """A report that went to an authority."""

    authority: Annotated[str, Field(min_length=1, max_length=200)]
    reference: Annotated[str, Field(max_length=200)] = ""
    said: Annotated[str, Field(max_length=8000)] = ""


@ROUTER.get("/incidents")
def list_incidents(
    request: Request, person: Seer, count: Count = PAGE_LIMIT, skip: Skip = 0
) -> list[dict[str, Any]]:
    """Incidents of your tenant, open ones first, each with its clocks."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in incidents.listed(connection, person.tenant, count, skip)]


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
    form: FiledForm | None = None,
) -> dict[str, Any]:
    """Say that a term was met, with the report by which it was; when, and the report's digest, are in the ledger."""
    state, name = state_of(request), f"{duty}/{clock}"
    filed = _filed(form, name, person) if form is not None else None
    with state.store.writing() as connection:
        found = incidents.meet(connection, incident, person.tenant, Duty(duty), clock, filed)
    facts = {"of": incident, "clock": name}
    if form is not None:
        facts |= {"report": hashlib.sha256(form.model_dump_json().encode()).hexdigest()}
    record.done(state, person, "incident.met", None, facts)
    return told(found)


@ROUTER.get("/incidents/{incident}/report.{form}", response_class=Response, responses=documents.RESPONSES)
def get_report(
    request: Request, incident: SomeId, form: Literal["html", "pdf", "docx"], person: Seer
) -> Response:
    """The incident with its clocks and reports as a document, in the language that you ask for."""
    state = state_of(request)
    with state.store.reading() as connection:
        found = incidents.get(connection, incident, person.tenant)
    made = list(
        incident_report.blocks(found, language_of(request), state.house.ledger.checkpoint(), now_ms())
    )
    return documents.served(made, form, f"incident-{incident[:12]}")


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
    body, words = stated(state_of(request), submission, person.tenant, territory)
    return {"statement": body, "notice": words.in_language(language_of(request))}


@ROUTER.post("/submissions/{submission}/notice")
def make_notice(request: Request, submission: SomeId, person: Submitter) -> dict[str, Any]:
    """The author's notice in both languages, with the code by which its author contests the decision; the same at each call."""
    state = state_of(request)
    stated(state, submission, person.tenant)
    with state.store.writing() as connection:
        code = appeals.grouped(appeals.code_for(connection, state.store.vault, submission, person.tenant))
    _, words = stated(state, submission, person.tenant, code=code)
    return {"notice": {"en": words.en, "zh": words.zh}, "code": code, "address": appeal_address(state)}


def stated(
    state: State, submission: str, tenant: str, territories: Sequence[str] = (), code: str = ""
) -> tuple[dict[str, Any], Words]:
    """The statement of a decision and the author's notice.

    Raises:
        NotThereError: there is no such submission, or nothing was decided, or it was allowed.
    """
    with state.store.reading() as connection:
        found = submissions.get(connection, submission, tenant)
        entry = submissions.newest_entry(connection, submission)
        complained = complaints.about(connection, submission, tenant)
    if entry is None or found.entry is None:
        raise NotThereError(f"submission `{submission}` has no decision: it is {found.state}")
    decision = state.house.ledger.decision(entry)
    if decision.action.value == "allow":
        raise NotThereError(f"submission `{submission}` was allowed: there is nothing to state")
    body = statements.statement(
        found, decision, by_person=entry != found.entry, territories=territories, complained=complained
    )
    days, address = state.setting.appeal_days, appeal_address(state) if code else ""
    return body, statements.notice(decision, appeal_days=days, code=code, address=address)


def appeal_address(state: State) -> str:
    """Where those without an account appeal; empty where the setting says not how people reach us."""
    base = state.setting.public_url.rstrip("/")
    return f"{base}/appeal" if base else ""


def _filed(form: FiledForm, clock: str, person: Person) -> Filed:
    return Filed(
        clock=clock, authority=form.authority, reference=form.reference, said=form.said, person=person.id,
        at_ms=now_ms(),
    )  # fmt: skip
