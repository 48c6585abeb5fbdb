"""`/v1/complaints` and `/v1/measures`: what others complain of, and what was taken down or disposed of."""

import hashlib
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from brightline.doors.service import record
from brightline.doors.service.access import state_of
from brightline.doors.service.asks import Count, Reader, Reviewer, Seer, Skip, SomeId, Submitter, told
from brightline.doors.service.forms import Form, Id
from brightline.review import complaints, measures, submissions
from brightline.review.complaints import CONTACT_LIMIT, WORDS_LIMIT, Ground, Outcome
from brightline.review.measures import COUNT_LIMIT, TARGET_LIMIT, Deed, Disposed, Entered
from brightline.review.rows import PAGE_LIMIT

ROUTER = APIRouter(prefix="/v1", tags=["complaints and measures"])
Said = Annotated[str, Field(min_length=1, max_length=WORDS_LIMIT)]


class ComplaintForm(Form):
    """What somebody outside complains of; `contact` is kept encrypted."""

    what: Literal["intimate", "minor", "impersonation", "personal", "false", "unlabelled", "illegal", "other"]
    said: Said
    place: Annotated[str, Field(max_length=WORDS_LIMIT)] = ""
    contact: Annotated[str, Field(max_length=CONTACT_LIMIT)] = ""
    submission: Id | None = None


class AnswerForm(Form):
    """What became of a complaint."""

    outcome: Literal["acted", "rejected"]
    answer: Said


class MeasureForm(Form):
    """What was done, and to what."""

    kind: Literal["product", "account", "site", "dataset", "item"]
    deed: Literal["removed", "disabled", "restricted", "labelled", "suspended", "reported", "restored"]
    target: Annotated[str, Field(min_length=1, max_length=TARGET_LIMIT)]
    count: Annotated[int, Field(ge=1, le=COUNT_LIMIT)] = 1
    harm: Annotated[str, Field(max_length=32)] = ""
    ground: Annotated[str, Field(max_length=TARGET_LIMIT)] = ""
    note: Annotated[str, Field(max_length=4000)] = ""
    submission: Id | None = None
    complaint: Id | None = None


@ROUTER.get("/complaints")
def list_complaints(
    request: Request,
    person: Seer,
    state: Annotated[str, Query(pattern="^(open|answered)$")] = "open",
    count: Count = PAGE_LIMIT,
    skip: Skip = 0,
) -> list[dict[str, Any]]:
    """Complaints of your tenant, those due first."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in complaints.listed(connection, person.tenant, state, count, skip)]


@ROUTER.post("/complaints", status_code=HTTPStatus.CREATED)
def enter_complaint(request: Request, form: ComplaintForm, person: Submitter) -> dict[str, Any]:
    """Write a complaint down; that it came, and the digest of its words, are in the ledger."""
    state = state_of(request)
    with state.store.writing() as connection:
        made = complaints.enter(
            connection, state.store.vault, person.tenant, person.id, what=Ground(form.what), said=form.said,
            place=form.place, contact=form.contact, submission=form.submission,
        )  # fmt: skip
        about = submissions.get(connection, made.submission, person.tenant) if made.submission else None
    facts = {"of": made.id, "what": made.what.value, "said": _digest(made.said)}
    record.done(state, person, "complaint.enter", about, facts)
    return told(made)


@ROUTER.get("/complaints/{complaint}")
def get_complaint(request: Request, complaint: SomeId, person: Seer) -> dict[str, Any]:
    """One complaint, without the way to answer it."""
    with state_of(request).store.reading() as connection:
        return told(complaints.get(connection, complaint, person.tenant))


@ROUTER.post("/complaints/{complaint}/contact")
def get_contact(request: Request, complaint: SomeId, person: Reader) -> dict[str, str]:
    """The way to answer it; who asked is in the ledger first."""
    state = state_of(request)
    with state.store.reading() as connection:
        way = complaints.contact_of(connection, state.store.vault, complaint, person.tenant)
    record.done(state, person, "complaint.contact", None, {"of": complaint})
    return {"contact": way}


@ROUTER.post("/complaints/{complaint}/answer")
def answer_complaint(
    request: Request, complaint: SomeId, form: AnswerForm, person: Reviewer
) -> dict[str, Any]:
    """Answer a complaint; the outcome, and the digest of the answer, are in the ledger."""
    state = state_of(request)
    with state.store.writing() as connection:
        made = complaints.answer(
            connection, complaint, person.tenant, person.id, Outcome(form.outcome), form.answer
        )
    facts = {"of": complaint, "outcome": form.outcome, "said": _digest(form.answer)}
    record.done(state, person, "complaint.answer", None, facts)
    return told(made)


@ROUTER.get("/measures")
def list_measures(
    request: Request, person: Seer, count: Count = PAGE_LIMIT, skip: Skip = 0
) -> list[dict[str, Any]]:
    """The register of your tenant, the newest entry first."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in measures.listed(connection, person.tenant, count=count, skip=skip)]


@ROUTER.post("/measures", status_code=HTTPStatus.CREATED)
def enter_measure(request: Request, form: MeasureForm, person: Reviewer) -> dict[str, Any]:
    """Put a measure into the register; what was done, and the digest of its target, are in the ledger."""
    state = state_of(request)
    entered = Entered(
        kind=Disposed(form.kind), deed=Deed(form.deed), target=form.target, count=form.count, harm=form.harm,
        ground=form.ground, note=form.note, submission=form.submission, complaint=form.complaint,
    )  # fmt: skip
    with state.store.writing() as connection:
        made = measures.enter(connection, person.tenant, person.id, entered)
        about = submissions.get(connection, made.submission, person.tenant) if made.submission else None
    facts = {
        "of": made.id, "kind": made.kind.value, "measure": made.deed.value, "count": str(made.count),
        "harm": made.harm, "target": _digest(made.target),
    }  # fmt: skip
    record.done(state, person, "measure.enter", about, facts)
    return told(made)


def _digest(words: str) -> str:
    """What people wrote may name others, and the ledger keeps no content."""
    return hashlib.sha256(words.encode()).hexdigest()
