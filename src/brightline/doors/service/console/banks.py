"""Banks of known items: what is in them, what is like something, and changes by two people."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.datastructures import UploadFile

from brightline.core.words import Words
from brightline.doors.service import api_banks, banking
from brightline.doors.service.access import CSRF_FIELD, needs, state_of
from brightline.doors.service.api_banks import LOOK_BYTES, WORDS_MOST, ChangeForm
from brightline.doors.service.banking import Hit
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.doors.service.problems import ProblemError
from brightline.review import bank_changes, cases
from brightline.review.bank_changes import NAME_MOST, REASON_LIMIT
from brightline.review.people import May, Person

PAGE = 50
Seer = Annotated[Person, Depends(needs(May.SEE))]
Reader = Annotated[Person, Depends(needs(May.READ))]
Lead = Annotated[Person, Depends(needs(May.LEAD))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
METHODS = {
    "sha256": Words("same bytes", "字节相同"),
    "pdq": Words("picture, bits of 256", "画面，256 位中相差"),
    "tlsh": Words("file, TLSH points", "文件，TLSH 分"),
    "text": Words("words, 1 − similarity", "文字，1 − 相似度"),
    "video": Words("video", "视频"),
}
STATES = {
    "proposed": Words("waits for a second person", "等待第二人批准"),
    "agreed": Words("in force", "已生效"),
    "refused": Words("refused", "已驳回"),
}
DEEDS = {"add": Words("add", "添加"), "retire": Words("retire", "停用")}


async def bounded_file(request: Request) -> AsyncIterator[None]:
    """Refuse a form with a file that is too long before anything reads it; let go of the file whatever comes."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LOOK_BYTES:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a form with a file has at most {LOOK_BYTES} bytes and says how many",
        )
    try:
        yield
    finally:
        await request.close()


ROUTER = pages()
LOOKS = APIRouter(include_in_schema=False, dependencies=[Depends(bounded_file)])


@ROUTER.get("/banks")
def show(request: Request, person: Seer, q: Annotated[str, Query(max_length=WORDS_MOST)] = "") -> Response:
    """Banks, changes that wait, and a search."""
    state = state_of(request)
    hits = banking.search(state, banking.prints_of_words(q)) if q.strip() else None
    return _page(request, person, hits, q)


@LOOKS.post("/banks/look")
async def look(request: Request, person: Reader) -> Response:
    """What a file is like; it is looked up in a worker and not kept."""
    state = state_of(request)
    async with request.form(max_files=1, max_fields=8) as fields:
        file = fields.get("file")
        if CSRF_FIELD not in fields or not isinstance(file, UploadFile):
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "choose a file to look up")
        data = await file.read()

    def found() -> list[Hit]:
        return banking.search(state, banking.prints_of_bytes(state, "looked up", [data]))

    hits = await anyio.to_thread.run_sync(found)
    return await anyio.to_thread.run_sync(_page, request, person, hits, "")


@ROUTER.get("/banks/items")
def items(
    request: Request,
    person: Seer,
    bank: Annotated[str, Query(max_length=200)],
    find: Annotated[str, Query(max_length=200)] = "",
    skip: Annotated[int, Query(ge=0, le=banking.ROWS_LOOKED)] = 0,
) -> Response:
    """Rows of one bank."""
    state = state_of(request)
    banking.check_house(state, person)
    found = banking.items_of(state, bank, find, skip, PAGE + 1)
    return render(
        request, "bank_items.html", person, bank=bank, find=find, skip=skip, page=PAGE, items=found[:PAGE],
        more=len(found) > PAGE, may_change=banking.is_house(state, person) and person.may(May.READ), most=REASON_LIMIT,
    )  # fmt: skip


@ROUTER.get("/banks/add")
def add_form(
    request: Request, person: Reader, case: Annotated[str, Query(pattern=r"^[0-9a-f]{32}$")]
) -> Response:
    """Add the content of a case."""
    state = state_of(request)
    with state.store.reading() as connection:
        found = cases.get(connection, case, person.tenant)
    return render(
        request, "bank_add.html", person, case=found, banks=[setting for setting, _ in state.rules.banks()],
        may_change=banking.is_house(state, person), most=REASON_LIMIT, name_most=NAME_MOST,
    )  # fmt: skip


@ROUTER.post("/banks/changes")
def propose(request: Request, person: Reader, fields: Fields) -> Response:
    """Propose to add or retire an item."""
    form = ChangeForm.model_validate(
        {
            "deed": text(fields, "deed"), "bank": text(fields, "bank"), "item": text(fields, "item", NAME_MOST),
            "reason": text(fields, "reason", REASON_LIMIT), "submission": text(fields, "submission") or None,
            "words": text(fields, "words") == "on",
        }
    )  # fmt: skip
    api_banks.proposed(request, form, person)
    return go("/banks#changes")


@ROUTER.post("/banks/changes/{change}/agree")
def agree(request: Request, change: SomeId, person: Lead) -> Response:
    """Put it into force."""
    banking.agree(state_of(request), person, change)
    return go("/banks#changes")


@ROUTER.post("/banks/changes/{change}/refuse")
def refuse(request: Request, change: SomeId, person: Lead) -> Response:
    """Refuse it."""
    banking.refuse(state_of(request), person, change)
    return go("/banks#changes")


def _page(request: Request, person: Person, hits: list[Hit] | None, asked: str) -> Response:
    state = state_of(request)
    with state.store.reading() as connection:
        changes = bank_changes.listed(connection, person.tenant)
        names = names_of(connection, person.tenant)
    return render(
        request, "banks.html", person, banks=banking.banks_shown(state), changes=changes, names=names, hits=hits,
        asked=asked, methods=METHODS, states=STATES, deeds=DEEDS, is_house=banking.is_house(state, person),
    )  # fmt: skip
