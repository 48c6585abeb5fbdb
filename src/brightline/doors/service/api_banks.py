"""`/v1/banks`: banks of known items, what in them is like something, and changes that a second person agrees to."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from brightline.doors.service import banking
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.forms import Form, Id
from brightline.doors.service.problems import ProblemError
from brightline.review import bank_changes, submissions
from brightline.review.bank_changes import ADD, NAME_MOST, REASON_LIMIT, Change
from brightline.review.people import May, Person

ROUTER = APIRouter(prefix="/v1/banks", tags=["banks"])
Seer = Annotated[Person, Depends(needs(May.SEE))]
Reader = Annotated[Person, Depends(needs(May.READ))]
Lead = Annotated[Person, Depends(needs(May.LEAD))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
LOOK_BYTES = 32 * 1024 * 1024  # of a file that is looked up
WORDS_MOST = 20_000  # characters of a text that is looked up

BYTES = {
    "requestBody": {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    }
}


class ChangeForm(Form):
    """A change of a bank: an item to add, of a submission's content, or one to retire."""

    deed: Literal["add", "retire"]
    bank: Annotated[str, Field(min_length=1, max_length=200)]
    item: Annotated[str, Field(min_length=1, max_length=NAME_MOST)]
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LIMIT)]
    submission: Id | None = None
    words: Annotated[bool, Field(description="keep a text's own words, so that rewordings are found too")] = (
        False
    )


@ROUTER.get("", dependencies=[Depends(needs(May.SEE))])
def list_banks(request: Request) -> list[dict[str, Any]]:
    """The banks in use, with how much is in each."""
    found: list[dict[str, Any]] = msgspec.to_builtins(banking.banks_shown(state_of(request)))
    return found


@ROUTER.get("/items")
def list_items(
    request: Request,
    person: Seer,
    bank: Annotated[str, Query(max_length=200)],
    find: Annotated[str, Query(max_length=200)] = "",
    skip: Annotated[int, Query(ge=0, le=banking.ROWS_LOOKED)] = 0,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[dict[str, Any]]:
    """Rows of a bank, for people of the house; of texts their begin alone, for who may read content."""
    state = state_of(request)
    banking.check_house(state, person)
    found: list[dict[str, Any]] = msgspec.to_builtins(banking.items_of(state, bank, find, skip, count))
    may_read = person.may(May.READ)
    return [one if may_read or one["type"] != "text" else one | {"value": ""} for one in found]


@ROUTER.get("/search", dependencies=[Depends(needs(May.SEE))])
def search_words(
    request: Request, q: Annotated[str, Query(min_length=1, max_length=WORDS_MOST)]
) -> list[dict[str, Any]]:
    """Items that a SHA-256, a PDQ, a TLSH or a text is, or is like, with their distance."""
    found: list[dict[str, Any]] = msgspec.to_builtins(
        banking.search(state_of(request), banking.prints_of_words(q))
    )
    return found


@ROUTER.post("/search", dependencies=[Depends(needs(May.READ))], openapi_extra=BYTES)
async def search_bytes(request: Request) -> list[dict[str, Any]]:
    """Items that a file is, or is like, such as a picture; the file is looked up and not kept."""
    state = state_of(request)
    held = bytearray()
    stream: AsyncIterator[bytes] = request.stream()
    async for chunk in stream:
        held += chunk
        if len(held) > LOOK_BYTES:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {LOOK_BYTES} bytes to look up"
            )

    def look() -> list[dict[str, Any]]:
        hits = banking.search(state, banking.prints_of_bytes(state, "looked up", [bytes(held)]))
        told: list[dict[str, Any]] = msgspec.to_builtins(hits)
        return told

    return await anyio.to_thread.run_sync(look)


@ROUTER.get("/changes")
def list_changes(request: Request, person: Seer) -> list[dict[str, Any]]:
    """Changes that wait for a second person, and those decided."""
    with state_of(request).store.reading() as connection:
        found: list[dict[str, Any]] = msgspec.to_builtins(bank_changes.listed(connection, person.tenant))
    return found


@ROUTER.post("/changes", status_code=HTTPStatus.CREATED)
def propose(request: Request, form: ChangeForm, person: Reader) -> dict[str, Any]:
    """Propose a change; a lead other than you agrees or refuses."""
    return _told(proposed(request, form, person))


@ROUTER.post("/changes/{change}/agree")
def agree(request: Request, change: SomeId, person: Lead) -> dict[str, Any]:
    """Agree: it is in force within seconds, on every server."""
    return _told(banking.agree(state_of(request), person, change))


@ROUTER.post("/changes/{change}/refuse")
def refuse(request: Request, change: SomeId, person: Lead) -> dict[str, Any]:
    """Refuse it."""
    return _told(banking.refuse(state_of(request), person, change))


def proposed(request: Request, form: ChangeForm, person: Person) -> Change:
    """The change that a form asks for, proposed.

    Raises:
        ProblemError: an item is to be added and no submission is named.
        BrightlineError: it cannot be proposed.
    """
    state = state_of(request)
    if form.deed != ADD:
        return banking.propose_retire(state, person, form.bank, form.item, form.reason)
    if form.submission is None:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "an item is added from a submission: name it")
    with state.store.reading() as connection:
        found = submissions.get(connection, form.submission, person.tenant)
    return banking.propose_add(state, person, found, form.bank, form.item, form.reason, words=form.words)


def _told(change: Change) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(change)
    return told
