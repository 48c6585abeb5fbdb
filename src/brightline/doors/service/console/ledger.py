"""The ledger to look through: its entries, their proofs to take away, and verifying one in the browser itself."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import go, pages, render
from brightline.doors.service.problems import ProblemError
from brightline.doors.service.record import DONE
from brightline.ledger.reading import Recorded
from brightline.review.people import May, Person

ROUTER = pages()
PAGE = 25
Auditor = Annotated[Person, Depends(needs(May.AUDIT))]
Index = Annotated[int, Path(ge=0, le=2**53)]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as the list shows it; of another tenant's only that it is there."""

    index: int
    time: str
    is_ours: bool
    kind: str = ""
    action: str = ""
    subject: str = ""
    told: tuple[tuple[str, str], ...] = ()  # what a person decided or did


@ROUTER.get("/ledger")
def browse(
    request: Request,
    person: Auditor,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    find: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Entries, the newest first."""
    ledger = state_of(request).house.ledger
    if find.strip():
        found = ledger.find(find.strip())
        if len(found) == 1:
            return go(f"/ledger/{found[0]}")
        places = sorted(found, reverse=True)[:PAGE]
        recorded = [one for place in places for one in ledger.entries(place, place + 1)]
        start = 0
    else:
        stop = min(ledger.size if before is None else before, ledger.size)
        start = max(0, stop - PAGE)
        recorded = list(ledger.entries(start, stop))[::-1]
    names = _names(request, person)
    return render(
        request, "ledger.html", person, lines=[_line(one, person, names) for one in recorded], start=start, find=find,
        size=ledger.size, checkpoint=ledger.checkpoint(), vkey=ledger.vkey, names=names,
    )  # fmt: skip


@ROUTER.get("/ledger/{index}")
def entry(request: Request, person: Auditor, index: Index) -> Response:
    """One entry, with its proof."""
    recorded = _ours(request, person, index)
    ledger = state_of(request).house.ledger
    names = _names(request, person)
    return render(
        request, "ledger_entry.html", person, line=_line(recorded, person, names), recorded=recorded,
        receipt=ledger.receipt(index), vkey=ledger.vkey, names=names, size=ledger.size,
    )  # fmt: skip


@ROUTER.get("/ledger/{index}/proof")
def proof(request: Request, person: Auditor, index: Index) -> PlainTextResponse:
    """The C2SP `.tlog-proof`, to keep."""
    _ours(request, person, index)
    headers = {"content-disposition": f'attachment; filename="entry-{index}.tlog-proof"'}
    return PlainTextResponse(state_of(request).house.ledger.prove(index), headers=headers)


def _ours(request: Request, person: Person, index: int) -> Recorded:
    """The entry, if it is this tenant's; another's is told apart from none by nobody."""
    ledger = state_of(request).house.ledger
    recorded = next(ledger.entries(index, index + 1), None) if index < ledger.size else None
    if recorded is None or not _is_ours(recorded, person, _names(request, person)):
        raise ProblemError(HTTPStatus.NOT_FOUND, f"no entry `{index}`")
    return recorded


def _names(request: Request, person: Person) -> dict[str, str]:
    with state_of(request).store.reading() as connection:
        return names_of(connection, person.tenant)


def _is_ours(recorded: Recorded, person: Person, names: dict[str, str]) -> bool:
    """Whether it is of this tenant's submissions, or a deed of one of its people."""
    if recorded.examination.context.tenant:
        return recorded.examination.context.tenant == person.tenant
    deeds = [one for one in recorded.examination.findings if one.claim == DONE]
    return any(one.detail("person") in names for one in deeds)


def _line(recorded: Recorded, person: Person, names: dict[str, str]) -> Line:
    entry, place = recorded.entry, recorded.index
    if not _is_ours(recorded, person, names):
        return Line(index=place, time=entry.time, is_ours=False)
    told = [
        (detail.name, names.get(detail.value, detail.value))
        for finding in recorded.examination.findings
        if finding.detector == "review"
        for detail in finding.details
    ]
    return Line(
        index=place, time=entry.time, is_ours=True, kind=entry.kind.value, action=recorded.decision.action.value,
        subject=entry.subject, told=tuple(told),
    )  # fmt: skip
