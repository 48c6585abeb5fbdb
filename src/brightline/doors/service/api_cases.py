"""`/v1/cases`: what waits for a person, and what people do with it."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request

from brightline.core.decision import Action
from brightline.core.errors import BrightlineError
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.forms import AssignForm, BulkForm, NoteForm, RulingForm
from brightline.review import cases
from brightline.review.cases import Case, Ruling, State
from brightline.review.people import May, Person

ROUTER = APIRouter(prefix="/v1/cases", tags=["cases"])
Seer = Annotated[Person, Depends(needs(May.SEE))]
Reviewer = Annotated[Person, Depends(needs(May.REVIEW))]
Lead = Annotated[Person, Depends(needs(May.LEAD))]
CaseId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@ROUTER.get("")
def list_cases(
    request: Request,
    person: Seer,
    state: Literal["", "open", "second", "escalated", "decided", "closed"] = "",
    harm: Annotated[str, Query(max_length=32)] = "",
    mine: bool = False,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
    skip: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> list[dict[str, Any]]:
    """The queue: overdue cases first, then severity times probability times age."""
    states = (State(state),) if state else cases.UNDECIDED
    with state_of(request).store.reading() as connection:
        found = cases.queue(
            connection,
            person.tenant,
            states=states,
            harm=harm,
            person=person.id if mine else "",
            count=count,
            skip=skip,
        )
    return [told(case, person) for case in found]


@ROUTER.get("/{case}")
def get_case(request: Request, case: CaseId, person: Seer) -> dict[str, Any]:
    """One case, with what happened to it."""
    with state_of(request).store.reading() as connection:
        found = cases.get(connection, case, person.tenant)
        events = cases.history(connection, case)
    blind = is_blind(found, person)
    shown = [event for event in events if not (blind and event.what == "decided")]
    return told(found, person) | {"history": msgspec.to_builtins(shown)}


@ROUTER.post("/{case}/claim")
def claim(request: Request, case: CaseId, person: Reviewer) -> dict[str, Any]:
    """Hold a case, so that nobody else decides it meanwhile."""
    state = state_of(request)
    with state.store.writing() as connection:
        return told(cases.claim(connection, case, person.tenant, person.id, state.setting), person)


@ROUTER.post("/{case}/release")
def release(request: Request, case: CaseId, person: Reviewer) -> dict[str, Any]:
    """Let go of a case."""
    with state_of(request).store.writing() as connection:
        cases.release(connection, case, person.tenant, person.id)
        return told(cases.get(connection, case, person.tenant), person)


@ROUTER.post("/{case}/decide")
def decide(request: Request, case: CaseId, form: RulingForm, person: Reviewer) -> dict[str, Any]:
    """Decide a case; until `effect_ms` it may be taken back, then it is recorded and told."""
    state = state_of(request)
    with state.store.writing() as connection:
        found = cases.decide(
            connection,
            case,
            person.tenant,
            person.id,
            ruling_of(form),
            state.setting,
            lead=person.may(May.LEAD),
        )
    return told(found, person)


@ROUTER.post("/{case}/undo")
def undo(request: Request, case: CaseId, person: Reviewer) -> dict[str, Any]:
    """Take your own decision back while its window is open."""
    state = state_of(request)
    with state.store.writing() as connection:
        return told(cases.undo(connection, case, person.tenant, person.id, state.setting), person)


@ROUTER.post("/{case}/escalate")
def escalate(request: Request, case: CaseId, form: NoteForm, person: Reviewer) -> dict[str, Any]:
    """Hand a case to a lead."""
    with state_of(request).store.writing() as connection:
        cases.escalate(connection, case, person.tenant, person.id, form.note)
        return told(cases.get(connection, case, person.tenant), person)


@ROUTER.post("/{case}/comment")
def comment(request: Request, case: CaseId, form: NoteForm, person: Reviewer) -> dict[str, Any]:
    """Say something about a case to colleagues."""
    with state_of(request).store.writing() as connection:
        cases.comment(connection, case, person.tenant, person.id, form.note)
        return told(cases.get(connection, case, person.tenant), person)


@ROUTER.post("/{case}/assign")
def assign(request: Request, case: CaseId, form: AssignForm, person: Lead) -> dict[str, Any]:
    """Put a case on somebody's list."""
    with state_of(request).store.writing() as connection:
        cases.assign(connection, case, person.tenant, person.id, form.person)
        return told(cases.get(connection, case, person.tenant), person)


@ROUTER.post("/bulk")
def bulk(request: Request, form: BulkForm, person: Lead) -> dict[str, Any]:
    """One decision for several cases; `preview` says what would become of each and changes nothing."""
    state = state_of(request)
    done, refused = [], {}
    for case in form.cases:
        try:
            with state.store.writing() as connection:
                if form.preview:
                    found = cases.get(connection, case, person.tenant)
                    if found.state not in cases.UNDECIDED:
                        refused[case] = f"case `{case}` is {found.state.value} already"
                        continue
                else:
                    cases.decide(
                        connection,
                        case,
                        person.tenant,
                        person.id,
                        ruling_of(form.ruling),
                        state.setting,
                        lead=True,
                    )
        except BrightlineError as error:
            refused[case] = str(error)
        else:
            done.append(case)
    return {"preview": form.preview, "decided": done, "refused": refused}


def ruling_of(form: RulingForm) -> Ruling:
    """The form as a ruling."""
    return Ruling(action=Action(form.action), reason=form.reason, note=form.note)


def is_blind(case: Case, person: Person) -> bool:
    """Whether the person may be the second reviewer, who must not see what the first decided."""
    return case.state is State.SECOND and case.decided_by != person.id


def told(case: Case, person: Person) -> dict[str, Any]:
    """A case as this person may see it."""
    shown: dict[str, Any] = msgspec.to_builtins(case)
    del shown["golden"]  # nobody knows a golden case by looking at it
    if is_blind(case, person):
        shown |= {"decided": "", "decided_by": None}
    return shown
