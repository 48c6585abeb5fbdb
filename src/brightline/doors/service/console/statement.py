"""The statement of reasons of a case's decision: as the DSA database takes it, and what its author is told."""

import msgspec
from fastapi import Request, Response

from brightline.doors.service.access import state_of
from brightline.doors.service.api_incidents import make_notice, stated
from brightline.doors.service.asks import Seer, SomeId, Submitter
from brightline.doors.service.console.layout import pages, render
from brightline.review import cases, statements
from brightline.review.people import Person

ROUTER = pages()


@ROUTER.get("/cases/{case}/statement")
def show(request: Request, case: SomeId, person: Seer) -> Response:
    """The page."""
    return _page(request, case, person, "")


@ROUTER.post("/cases/{case}/statement")
def with_code(request: Request, case: SomeId, person: Submitter) -> Response:
    """The page with the code that the author needs for an appeal."""
    with state_of(request).store.reading() as connection:
        found = cases.get(connection, case, person.tenant)
    return _page(request, case, person, make_notice(request, found.submission, person)["code"])


def _page(request: Request, case: str, person: Person, code: str) -> Response:
    state = state_of(request)
    with state.store.reading() as connection:
        found = cases.get(connection, case, person.tenant)
    body, notice = stated(state, found.submission, person.tenant, code=code)
    written = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    return render(
        request, "statement.html", person, case=found, body=body, written=written, notice=notice, code=code,
        faults=statements.faults_of(body),
    )  # fmt: skip
