"""The queue: what waits for a person, the most urgent first; and one decision for several, after a preview."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response

from brightline.core.errors import NotThereError
from brightline.core.harm import Harm
from brightline.core.subject import Kind
from brightline.doors.service import api_cases
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console.clusters import clusters_of
from brightline.doors.service.console.colleagues import names_of, pending_of
from brightline.doors.service.console.layout import Fields, pages, render, text
from brightline.doors.service.forms import BulkForm, RulingForm
from brightline.doors.service.problems import ProblemError
from brightline.review import cases
from brightline.review.cases import Case, State
from brightline.review.people import May, Person
from brightline.review.store import now_ms

ROUTER = pages()
PAGE = 50
Seer = Annotated[Person, Depends(needs(May.SEE))]
Lead = Annotated[Person, Depends(needs(May.LEAD))]
Which = Literal["", "open", "second", "escalated", "decided", "closed"]


@ROUTER.get("/queue")
def show(
    request: Request,
    person: Seer,
    state: Which = "",
    harm: Annotated[str, Query(max_length=32)] = "",
    kind: Annotated[str, Query(max_length=16)] = "",
    mine: bool = False,
    skip: Annotated[int, Query(ge=0, le=100_000)] = 0,
    undo: Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")] = "",
) -> Response:
    """The queue's page."""
    with state_of(request).store.reading() as connection:
        found = cases.queue(
            connection, person.tenant, states=(State(state),) if state else cases.UNDECIDED, harm=harm, kind=kind,
            person=person.id if mine else "", count=PAGE + 1, skip=skip,
        )  # fmt: skip
        counts = cases.counts(connection, person.tenant)
        names = names_of(connection, person.tenant)
        pending = pending_of(connection, undo, person)
    asked = {"state": state, "harm": harm, "kind": kind, "mine": "true" if mine else ""}
    return render(
        request, "queue.html", person, found=found[:PAGE], more=len(found) > PAGE, skip=skip, page=PAGE, counts=counts,
        names=names, pending=pending, now=now_ms(), asked=asked, harms=list(Harm), kinds=list(Kind),
        blind=api_cases.is_blind,
    )  # fmt: skip


@ROUTER.get("/queue/clusters")
def show_clusters(request: Request, person: Lead) -> Response:
    """Undecided cases that look alike to the rules, to be decided together after a preview."""
    found = clusters_of(state_of(request), person)
    return render(request, "clusters.html", person, found=found, now=now_ms(), harms=list(Harm))


@ROUTER.post("/queue/bulk")
def bulk(request: Request, person: Lead, fields: Fields) -> Response:
    """What would become of the chosen cases; and, once that was seen, the deed."""
    chosen = [value for value in fields.getlist("case") if isinstance(value, str)]
    if not chosen:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no case is chosen: tick some in the queue")
    ruling = RulingForm.model_validate(
        {
            "action": text(fields, "action"),
            "reason": text(fields, "reason"),
            "note": text(fields, "note", 4000),
        }
    )
    preview = text(fields, "confirmed") != "yes"
    told = api_cases.bulk(request, BulkForm(cases=chosen, ruling=ruling, preview=preview), person)
    return render(
        request, "bulk.html", person, cases=_known(request, person, chosen), done=set(told["decided"]),
        refused=told["refused"], preview=preview, ruling=ruling,
    )  # fmt: skip


def _known(request: Request, person: Person, chosen: list[str]) -> list[Case]:
    """The chosen cases that are this tenant's."""
    found = []
    with state_of(request).store.reading() as connection:
        for case in chosen:
            try:
                found.append(cases.get(connection, case, person.tenant))
            except NotThereError:
                continue
    return found
