"""`/v1`: evidence bundles of a case or of an entry, to be verified anywhere."""

from collections.abc import Iterator
from typing import IO, Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse

from brightline.core.errors import NotThereError, RefusedError
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.api_cases import is_blind, told
from brightline.doors.service.api_manage import Index, check_own
from brightline.doors.service.evidence import Wanted, make_bundle, pieces_of
from brightline.review import cases, submissions
from brightline.review.people import May, Person

ROUTER = APIRouter(prefix="/v1", tags=["evidence"])
Seer = Annotated[Person, Depends(needs(May.SEE))]
Auditor = Annotated[Person, Depends(needs(May.AUDIT))]
CaseId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
WithContent = Annotated[bool, Query(description="the content itself too, for who may read it")]
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {}}, "description": "The bundle."}
}


@ROUTER.get("/cases/{case}/evidence", response_class=StreamingResponse, responses=ZIP)
def of_case(request: Request, case: CaseId, person: Seer, content: WithContent = False) -> StreamingResponse:
    """Everything about a case, as a `.zip` whose every byte the ledger vouches for."""
    wanted = wanted_of_case(request, case, person, content=content)
    return download(make_bundle(state_of(request), person, wanted), f"case-{case}")


@ROUTER.get("/ledger/entries/{index}/evidence", response_class=StreamingResponse, responses=ZIP)
def of_entry(request: Request, index: Index, person: Auditor) -> StreamingResponse:
    """One entry with all it rests on, likewise; without content."""
    check_own(request, index, person)
    return download(make_bundle(state_of(request), person, Wanted(indices=(index,))), f"entry-{index}")


def wanted_of_case(request: Request, case: str, person: Person, *, content: bool) -> Wanted:
    """What a bundle of a case holds for this person: the first reviewer's decision is not shown to the second.

    Raises:
        NotThereError: this tenant has none of that id, or nothing was decided of it.
        RefusedError: content is asked for by somebody who may not read it.
    """
    if content and not person.may(May.READ):
        raise RefusedError("your roles do not allow you to read content: ask for the bundle without it")
    with state_of(request).store.reading() as connection:
        found = cases.get(connection, case, person.tenant)
        submission = submissions.get(connection, found.submission, person.tenant)
        events = cases.history(connection, case)
    indices = tuple(index for index in (submission.entry, found.entry) if index is not None)
    if not indices:
        raise NotThereError(f"case `{case}` has no entry in the ledger: nothing was decided of it")
    blind = is_blind(found, person)
    shown = [event for event in events if not (blind and event.what == "decided")]
    history: list[dict[str, Any]] = [msgspec.to_builtins(event) for event in shown]
    if not content:  # notes may quote it
        history = [one | {"data": {k: v for k, v in one["data"].items() if k != "note"}} for one in history]
    return Wanted(
        indices=indices,
        submission=submission,
        case=told(found, person) | {"history": history},
        content=content,
    )


def download(file: IO[bytes], name: str) -> StreamingResponse:
    """A bundle as a file to keep."""
    pieces: Iterator[bytes] = pieces_of(file)
    headers = {"content-disposition": f'attachment; filename="evidence-{name}.zip"'}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
