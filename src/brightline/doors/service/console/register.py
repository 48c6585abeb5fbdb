"""Complaints of people outside, and the register of what was taken down, restricted, suspended or restored."""

from typing import Annotated, Literal

from fastapi import Query, Request, Response

from brightline.core.harm import Harm
from brightline.doors.service import api_register
from brightline.doors.service.access import state_of
from brightline.doors.service.api_register import AnswerForm, ComplaintForm, MeasureForm
from brightline.doors.service.asks import Reader, Reviewer, Seer, Skip, SomeId, Submitter
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.review import cases, complaints, measures, submissions
from brightline.review.complaints import CONTACT_LIMIT, HOURS, WORDS_LIMIT
from brightline.review.measures import TARGET_LIMIT
from brightline.review.people import Person
from brightline.review.store import now_ms

ROUTER = pages()
PAGE = 50
SomeRow = Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")]
Which = Annotated[Literal["open", "answered"], Query()]


@ROUTER.get("/complaints")
def show_complaints(
    request: Request, person: Seer, state: Which = "open", submission: SomeRow = "", skip: Skip = 0
) -> Response:
    """Complaints, and the form of a new one; `submission` is what is complained of."""
    with state_of(request).store.reading() as connection:
        found = complaints.listed(connection, person.tenant, state, PAGE + 1, skip)
        about = submissions.get(connection, submission, person.tenant) if submission else None
    return render(
        request, "complaints.html", person, found=found[:PAGE], more=len(found) > PAGE, which=state, skip=skip,
        page=PAGE, about=about, now=now_ms(), hours=HOURS, limit=WORDS_LIMIT, contact_limit=CONTACT_LIMIT,
    )  # fmt: skip


@ROUTER.post("/complaints")
def enter_complaint(request: Request, person: Submitter, fields: Fields) -> Response:
    """Write a complaint down."""
    form = ComplaintForm.model_validate(
        {
            "what": text(fields, "what"), "said": text(fields, "said", WORDS_LIMIT),
            "place": text(fields, "place", WORDS_LIMIT), "contact": text(fields, "contact", CONTACT_LIMIT),
            "submission": text(fields, "submission") or None,
        }
    )  # fmt: skip
    made = api_register.enter_complaint(request, form, person)
    return go(f"/complaints/{made['id']}")


@ROUTER.get("/complaints/{complaint}")
def show_complaint(request: Request, complaint: SomeId, person: Seer) -> Response:
    """One complaint."""
    return _complaint(request, complaint, person)


@ROUTER.post("/complaints/{complaint}/contact")
def show_contact(request: Request, complaint: SomeId, person: Reader) -> Response:
    """The same page with the way to answer; who asked is in the ledger first."""
    way = api_register.get_contact(request, complaint, person)["contact"]
    return _complaint(request, complaint, person, way)


@ROUTER.post("/complaints/{complaint}/answer")
def answer(request: Request, complaint: SomeId, person: Reviewer, fields: Fields) -> Response:
    """Answer it."""
    form = AnswerForm.model_validate(
        {"outcome": text(fields, "outcome"), "answer": text(fields, "answer", WORDS_LIMIT)}
    )
    api_register.answer_complaint(request, complaint, form, person)
    return go(f"/complaints/{complaint}")


@ROUTER.get("/register")
def show_register(
    request: Request, person: Seer, submission: SomeRow = "", complaint: SomeRow = "", skip: Skip = 0
) -> Response:
    """The register, and the form of a new entry."""
    with state_of(request).store.reading() as connection:
        found = measures.listed(connection, person.tenant, count=PAGE + 1, skip=skip)
        about = submissions.get(connection, submission, person.tenant) if submission else None
        asked = complaints.get(connection, complaint, person.tenant) if complaint else None
        names = names_of(connection, person.tenant)
    return render(
        request, "register.html", person, found=found[:PAGE], more=len(found) > PAGE, skip=skip, page=PAGE,
        about=about, asked=asked, names=names, harms=list(Harm), limit=TARGET_LIMIT,
    )  # fmt: skip


@ROUTER.post("/register")
def enter_measure(request: Request, person: Reviewer, fields: Fields) -> Response:
    """Put a measure into the register."""
    asked = {
        name: text(fields, name, TARGET_LIMIT)
        for name in ("kind", "deed", "target", "count", "harm", "ground")
    }
    form = MeasureForm.model_validate(
        {
            **asked, "note": text(fields, "note", 4000), "submission": text(fields, "submission") or None,
            "complaint": text(fields, "complaint") or None,
        }
    )  # fmt: skip
    api_register.enter_measure(request, form, person)
    return go("/register")


def _complaint(request: Request, complaint: str, person: Person, way: str = "") -> Response:
    with state_of(request).store.reading() as connection:
        found = complaints.get(connection, complaint, person.tenant)
        taken = measures.listed(connection, person.tenant, complaint=complaint)
        about = submissions.get(connection, found.submission, person.tenant) if found.submission else None
        case = cases.of_submission(connection, about.id, person.tenant) if about is not None else ""
        names = names_of(connection, person.tenant)
    return render(
        request, "complaint.html", person, complaint=found, taken=taken, about=about, case=case, names=names,
        now=now_ms(), way=way, limit=WORDS_LIMIT,
    )  # fmt: skip
