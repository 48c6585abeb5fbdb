"""The page of one case, and what people do with it; after each decision comes the next case."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from starlette.datastructures import FormData

from brightline.core.errors import BrightlineError
from brightline.core.harm import Harm
from brightline.doors.service import api_cases
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console.case_view import case_view
from brightline.doors.service.console.colleagues import may_take, names_of, next_case, pending_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.doors.service.console.looker import Look
from brightline.doors.service.console.media import check_kind, streamed
from brightline.doors.service.console.state import console_of
from brightline.doors.service.forms import AssignForm, NoteForm, RulingForm
from brightline.review import cases, content, submissions
from brightline.review.alike import alike
from brightline.review.cases import NOTE_LIMIT, Case
from brightline.review.people import May, Person, list_people
from brightline.review.store import now_ms
from brightline.review.submissions import Submission

ROUTER = pages()
CaseId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Seer = Annotated[Person, Depends(needs(May.SEE))]
Reader = Annotated[Person, Depends(needs(May.READ))]
Reviewer = Annotated[Person, Depends(needs(May.REVIEW))]
Lead = Annotated[Person, Depends(needs(May.LEAD))]


@ROUTER.get("/cases/{case}")
def show(
    request: Request,
    case: CaseId,
    person: Seer,
    undo: Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")] = "",
) -> Response:
    """One case; who may decide it holds it from now on."""
    state = state_of(request)
    found, submission = _found(request, case, person)
    if may_take(found, person) and found.claimed_by != person.id:
        with state.store.writing() as connection:
            found = cases.claim(connection, case, person.tenant, person.id, state.setting)
    look = looked_at(request, person, submission)
    with state.store.reading() as connection:
        names = names_of(connection, person.tenant)
        events = cases.history(connection, case)
        others = alike(connection, submission)
        pending = pending_of(connection, undo, person) or pending_of(connection, case, person)
        colleagues = list_people(connection, person.tenant) if person.may(May.LEAD) else []
    blind = api_cases.is_blind(found, person)
    return render(
        request, "case.html", person, case=found, submission=submission, view=case_view(state, submission, look),
        may_read=person.may(May.READ), can=may_take(found, person), names=names, pending=pending, blind=blind,
        events=[event for event in events if not (blind and event.what == "decided")], others=others, now=now_ms(),
        harms=list(Harm), colleagues=colleagues,
    )  # fmt: skip


@ROUTER.get("/cases/{case}/media")
def media(request: Request, case: CaseId, person: Reader) -> Response:
    """The bytes themselves, of pictures, sounds and films alone."""
    _, submission = _found(request, case, person)
    check_kind(submission.kind)
    with state_of(request).store.reading() as connection:
        facts = content.facts_of(connection, submission.content, person.tenant)
    pieces = console_of(request).read(person, submission)
    return streamed(request, pieces, facts.size_bytes, submission.kind)


@ROUTER.post("/cases/{case}/decide")
def decide(request: Request, case: CaseId, person: Reviewer, fields: Fields) -> Response:
    """Decide it, and go on to the next; the decision may be taken back there."""
    ruling = RulingForm.model_validate(
        {"action": text(fields, "action"), "reason": text(fields, "reason"), "note": _note(fields)}
    )
    api_cases.decide(request, case, ruling, person)
    return _onwards(request, person, case, undo=True)


@ROUTER.post("/cases/{case}/undo")
def undo(request: Request, case: CaseId, person: Reviewer) -> Response:
    """Take one's decision back."""
    api_cases.undo(request, case, person)
    return go(f"/cases/{case}")


@ROUTER.post("/cases/{case}/escalate")
def escalate(request: Request, case: CaseId, person: Reviewer, fields: Fields) -> Response:
    """Hand it to a lead."""
    with state_of(request).store.writing() as connection:
        cases.escalate(connection, case, person.tenant, person.id, _note(fields))
    return _onwards(request, person, case, undo=False)


@ROUTER.post("/cases/{case}/comment")
def comment(request: Request, case: CaseId, person: Reviewer, fields: Fields) -> Response:
    """Say something to colleagues."""
    api_cases.comment(request, case, NoteForm(note=_note(fields)), person)
    return go(f"/cases/{case}")


@ROUTER.post("/cases/{case}/assign")
def assign(request: Request, case: CaseId, person: Lead, fields: Fields) -> Response:
    """Put it on somebody's list."""
    api_cases.assign(request, case, AssignForm(person=text(fields, "to") or None), person)
    return go(f"/cases/{case}")


@ROUTER.post("/cases/{case}/next")
def pass_over(request: Request, case: CaseId, person: Reviewer) -> Response:
    """Let go of it undecided, and go on."""
    state = state_of(request)
    with state.store.writing() as connection:
        if cases.get(connection, case, person.tenant).claimed_by == person.id:
            cases.release(connection, case, person.tenant, person.id)
    return _onwards(request, person, case, undo=False)


def _found(request: Request, case: str, person: Person) -> tuple[Case, Submission]:
    with state_of(request).store.reading() as connection:
        found = cases.get(connection, case, person.tenant)
        return found, submissions.get(connection, found.submission, person.tenant)


def looked_at(request: Request, person: Person, submission: Submission) -> Look | None:
    """What this person may look at of a submission, on record; None for who may not read content."""
    if not person.may(May.READ):
        return None
    try:
        return console_of(request).look(person, submission)
    except BrightlineError as error:  # erased, or no worker: the page says so beside all the rest
        return Look(error=str(error))


def _note(fields: FormData) -> str:
    return text(fields, "note", NOTE_LIMIT)


def _onwards(request: Request, person: Person, case: str, *, undo: bool) -> Response:
    with state_of(request).store.reading() as connection:
        following = next_case(connection, person, case)
    path = f"/cases/{following.id}" if following is not None else "/queue"
    return go(f"{path}?undo={case}" if undo else path)
