"""`/v1/submissions`: hand in, wait for the decision, read it back with its findings, receipt and proof."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.datastructures import UploadFile

from brightline.core.errors import ConflictError, NotThereError
from brightline.core.subject import Audience, Context, Declaration
from brightline.doors.answer import answer_of
from brightline.doors.service import record
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.forms import BatchForm, Page, SubmissionOut, TextForm
from brightline.doors.service.problems import ProblemError
from brightline.doors.service.state import State
from brightline.line import Job, Judgement
from brightline.review import content, submissions
from brightline.review.people import May, Person
from brightline.review.submissions import KEY_LIMIT, Offer, Submission

ROUTER = APIRouter(prefix="/v1/submissions", tags=["submissions"])
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The bytes, as they came."}
}
TOO_LARGE = "more than {} bytes: raise `service.upload_bytes`"
Submitter = Annotated[Person, Depends(needs(May.SUBMIT))]
Seer = Annotated[Person, Depends(needs(May.SEE))]
Reader = Annotated[Person, Depends(needs(May.READ))]
SubmissionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Wait = Annotated[float, Query(ge=0, le=300, description="seconds to wait for the decision")]
Key = Annotated[str, Header(alias="idempotency-key", max_length=KEY_LIMIT)]


@ROUTER.post("", status_code=HTTPStatus.ACCEPTED, openapi_extra={"requestBody": {"content": {
    "application/json": {"schema": TextForm.model_json_schema()},
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    "message/rfc822": {"schema": {"type": "string", "format": "binary"}},
    "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {
        "file": {"type": "string", "format": "binary"}}}},
}}})  # fmt: skip
async def submit(
    request: Request, response: Response, person: Submitter, wait: Wait = 0.0, key: Key = ""
) -> SubmissionOut:
    """Hand something in: a JSON text, the bytes themselves, or a multipart file. Durable when this answers."""
    state = state_of(request)
    offer = await _offer_of(request, person, key)
    accepted = await accept(state, offer)
    found = await awaited(state, accepted.id, person.tenant, wait)
    if found.state in {"done", "dead"}:
        response.status_code = HTTPStatus.OK
    return as_told(found, repeated=accepted.repeated)


@ROUTER.post("/batch", status_code=HTTPStatus.ACCEPTED)
async def submit_batch(request: Request, form: BatchForm, person: Submitter) -> list[SubmissionOut]:
    """Hand several texts in, each under its own idempotency key."""
    state = state_of(request)
    offers = [_text_offer(one, person, one.key) for one in form.items]
    done = await asyncio.to_thread(submissions.accept, state.store, offers, state.setting)
    if clash := next((one for one in done if isinstance(one, ConflictError)), None):
        raise clash
    _wake(state)
    with state.store.reading() as connection:
        return [
            as_told(submissions.get(connection, one.id, person.tenant), repeated=one.repeated)
            for one in done
            if not isinstance(one, ConflictError)
        ]


@ROUTER.get("")
def list_submissions(
    request: Request,
    person: Seer,
    before: Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")] = "",
    count: Annotated[int, Query(ge=1, le=200)] = 50,
    state: Annotated[str, Query(pattern="^(waiting|leased|done|dead)?$")] = "",
    action: Annotated[str, Query(pattern="^(allow|label|review|block)?$")] = "",
) -> Page:
    """The newest submissions of your tenant."""
    with state_of(request).store.reading() as connection:
        found = submissions.page(
            connection, person.tenant, before=before, count=count, state=state, action=action
        )
    return Page(items=[as_told(one) for one in found], next=found[-1].id if len(found) == count else "")


@ROUTER.get("/{submission}")
async def get_submission(
    request: Request, submission: SubmissionId, person: Submitter, wait: Wait = 0.0
) -> SubmissionOut:
    """One submission, with its decision once there is one."""
    return as_told(await awaited(state_of(request), submission, person.tenant, wait))


@ROUTER.get("/{submission}/answer")
def get_answer(request: Request, submission: SubmissionId, person: Seer) -> Response:
    """Everything that was found and decided, as `brightline scan --json` gives it."""
    state = state_of(request)
    answer = answer_of(judgement_of(state, _decided(state, submission, person.tenant)))
    return Response(msgspec.json.encode(answer), media_type="application/json")


@ROUTER.get("/{submission}/receipt")
def get_receipt(request: Request, submission: SubmissionId, person: Seer) -> dict[str, Any]:
    """Proof that the decision is in the ledger, in short."""
    state = state_of(request)
    found = _decided(state, submission, person.tenant)
    told: dict[str, Any] = msgspec.to_builtins(state.house.ledger.receipt(found.entry or 0))
    return told


@ROUTER.get("/{submission}/proof", response_class=PlainTextResponse)
def get_proof(request: Request, submission: SubmissionId, person: Seer) -> str:
    """A C2SP `.tlog-proof` that anybody verifies with the log's public key alone."""
    state = state_of(request)
    return state.house.ledger.prove(_decided(state, submission, person.tenant).entry or 0)


@ROUTER.get("/{submission}/content", response_class=StreamingResponse, responses=BYTES)
def get_content(request: Request, submission: SubmissionId, person: Reader) -> StreamingResponse:
    """The bytes themselves, as a download that no browser opens; the reading is in the ledger before the first byte."""
    state = state_of(request)
    with state.store.reading() as connection:
        found = submissions.get(connection, submission, person.tenant)
    return StreamingResponse(
        read_on_record(state, person, found),
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{found.id}.bin"'},
    )


def read_on_record(state: State, person: Person, found: Submission) -> Iterator[bytes]:
    """The bytes of a submission, after the ledger holds who reads them.

    Raises:
        NotThereError: they were erased.
        LedgerError: the reading could not be recorded; nothing is given out.
    """
    pieces = content.read(state.store, found.content, found.tenant)
    first = next(pieces)
    record.done(state, person, "content.read", found, {"submission": found.id})

    def give() -> Iterator[bytes]:
        yield first
        yield from pieces

    return give()


def judgement_of(state: State, found: Submission) -> Judgement:
    """A decided submission as the line gave it out, read back from the ledger."""
    ledger, entry = state.house.ledger, found.entry or 0
    decision = ledger.decision(entry)
    return Judgement(
        job=Job(name=found.name, context=found.context),
        examination=ledger.examination(decision.examination),
        decision=decision,
        receipt=ledger.receipt(entry),
        recorded_before=True,
    )


def _decided(state: State, submission: str, tenant: str) -> Submission:
    with state.store.reading() as connection:
        found = submissions.get(connection, submission, tenant)
    if found.entry is None:
        raise NotThereError(f"submission `{submission}` has no decision: it is {found.state}")
    return found


async def accept(state: State, offer: Offer) -> submissions.Accepted:
    """Durable in the queue.

    Raises:
        ProblemError: 503, the queue is full.
        ConflictError: the key was used for other bytes before.
    """
    try:
        accepted = await state.intake.accept(offer)
    except asyncio.QueueFull:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "too many submissions at once: come again later",
            {"retry-after": "1"},
        ) from None
    _wake(state)
    return accepted


def _wake(state: State) -> None:
    if state.worker is not None:
        state.worker.wake()


async def awaited(state: State, submission: str, tenant: str, wait: float) -> Submission:
    """The submission, when it is decided or the caller has waited long enough."""
    until = time.monotonic() + min(wait, state.setting.request_seconds)
    while True:
        found = await asyncio.to_thread(_get, state, submission, tenant)
        left = until - time.monotonic()
        if found.state in {"done", "dead"} or left <= 0:
            return found
        await state.waiters.wait(submission, left)


def _get(state: State, submission: str, tenant: str) -> Submission:
    with state.store.reading() as connection:
        return submissions.get(connection, submission, tenant)


async def _offer_of(request: Request, person: Person, key: str) -> Offer:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit = state_of(request).setting.upload_bytes
    if kind == "application/json":
        form = TextForm.model_validate_json(await _body(request, limit))
        return _text_offer(form, person, key or form.key)
    name = unquote(request.headers.get("x-name", ""), errors="replace")[:200]
    if kind == "multipart/form-data":
        _check_length(request, limit)
        async with request.form(max_files=1, max_fields=8) as fields:
            file = fields.get("file")
            if not isinstance(file, UploadFile):
                raise ProblemError(
                    HTTPStatus.UNPROCESSABLE_ENTITY, "the form has no field `file` with a file in it"
                )
            if (file.size or 0) > limit:
                raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE.format(limit))
            data, name = await file.read(), (file.filename or "")[:200]
    else:
        data = await _body(request, limit)
    name = name.replace("\x00", "") or "upload"  # databases take no NUL
    return make_offer(person, data, name, key, Audience.PUBLIC, Declaration.NONE, 0)


def _check_length(request: Request, limit: int) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise ProblemError(HTTPStatus.LENGTH_REQUIRED, "a form says its length in `content-length`")
    if int(length) > limit + 65536:
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE.format(limit))


async def _body(request: Request, limit: int) -> bytes:
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > limit:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE.format(limit))
    return bytes(held)


def _text_offer(form: TextForm, person: Person, key: str) -> Offer:
    data = form.text.encode("utf-8", "surrogatepass")
    return make_offer(
        person, data, form.name, key, Audience(form.audience), Declaration(form.declared), form.priority
    )


def make_offer(
    person: Person, data: bytes, name: str, key: str, audience: Audience, declared: Declaration, priority: int,
    *, asked: str = "",
) -> Offer:  # fmt: skip
    """What a person hands in; `asked` stands for the bytes where these are not the caller's, so that a key repeats the request."""
    context = Context(
        channel="api", actor=person.id, tenant=person.tenant, audience=audience, declared=declared,
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )  # fmt: skip
    told = (name, audience.value, declared.value, asked or hashlib.sha256(data).hexdigest())
    request = hashlib.sha256(msgspec.json.encode(told)).hexdigest()
    return Offer(
        tenant=person.tenant, name=name, data=data, context=context, asked=request, key=key, priority=priority
    )


def as_told(found: Submission, *, repeated: bool = False) -> SubmissionOut:
    """A submission as the interface tells it."""
    names = SubmissionOut.model_fields.keys() - {"repeated"}
    return SubmissionOut(**{name: getattr(found, name) for name in names}, repeated=repeated)
