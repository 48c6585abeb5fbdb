"""Evidence to take away: what a bundle of a case or an entry holds, and how whoever gets it verifies it."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from brightline.doors.service.access import needs, state_of
from brightline.doors.service.api_evidence import wanted_of_case
from brightline.doors.service.api_manage import check_own
from brightline.doors.service.console.layout import pages, render
from brightline.review.people import May, Person

ROUTER = pages()
CaseId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Index = Annotated[int, Path(ge=0, le=2**53)]
Seer = Annotated[Person, Depends(needs(May.SEE))]
Auditor = Annotated[Person, Depends(needs(May.AUDIT))]


@ROUTER.get("/cases/{case}/evidence")
def of_case(request: Request, case: CaseId, person: Seer) -> Response:
    """The page of a case's bundle."""
    wanted = wanted_of_case(request, case, person, content=False)
    return _page(
        request, person, f"/v1/cases/{case}/evidence", f"/cases/{case}", wanted.indices, has_case=True
    )


@ROUTER.get("/ledger/{index}/evidence")
def of_entry(request: Request, index: Index, person: Auditor) -> Response:
    """The page of an entry's bundle."""
    check_own(request, index, person)
    return _page(
        request, person, f"/v1/ledger/entries/{index}/evidence", f"/ledger/{index}", (index,), has_case=False
    )


def _page(
    request: Request, person: Person, source: str, back: str, indices: tuple[int, ...], *, has_case: bool
) -> Response:
    return render(
        request, "evidence.html", person, source=source, back=back, indices=indices, has_case=has_case,
        may_read=has_case and person.may(May.READ), vkey=state_of(request).house.ledger.vkey,
    )  # fmt: skip
