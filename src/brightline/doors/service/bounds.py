"""What one request may send: how many bytes, how slowly, in which coding; refused before anything holds it in memory.

FastAPI reads a JSON body whole before it asks who sends it. So the size is bounded here, by the path; somebody unknown sends no more
than a form; a body that comes too slowly ends the request, which then holds neither a worker nor memory; and no content coding is
undone, so that no few bytes become many.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brightline.doors.service.access import person_of, state_of
from brightline.doors.service.problems import ProblemError

FORM_BYTES = (
    2 * 1024 * 1024
)  # of a body that is neither an upload nor a batch: the longest policy fits, escaped
BATCH_BYTES = 64 * 1024 * 1024  # of a batch of texts
LOOK_BYTES = 33 * 1024 * 1024  # of a file that is looked up in the banks, with its form
AROUND_BYTES = 65_536  # of the form around an upload
LEAST_BYTES_PER_S = 4096  # on the whole, after the grace: a modem's pace
TOO_SLOW = "the body comes too slowly: send it again"
ENDS = {"connection": "close"}
Told = Callable[[Request, HTTPStatus, str, Mapping[str, str]], Response]


class Pace(NamedTuple):
    """How slowly a body may come.

    Attributes:
        pause_s: between two pieces; a phone that changes cells is back by then.
        grace_s: that any body may take.
    """

    pause_s: float = 15.0
    grace_s: float = 30.0


PACE = Pace()


class Bounded:
    """Refuses bodies that are too large, too slow or coded.

    Args:
        app: what comes next.
        told: makes the answer that says why.
        pace: how slowly a body may come.
    """

    def __init__(self, app: ASGIApp, told: Told, pace: Pace) -> None:
        self._app, self._told, self._pace = app, told, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if (fault := await _fault(request)) is not None:
            answer = self._told(request, fault.status, fault.detail, fault.headers)
            await answer(scope, receive, send)
            return
        body = _Body(receive, send, limit_of(request), self._pace)
        await self._app(scope, body.receive, body.send)


class _Body:
    """The body of one request, counted and timed as it comes."""

    def __init__(self, receive: Receive, send: Send, limit: int, pace: Pace) -> None:
        self._receive, self._send, self._limit, self._pace = receive, send, limit, pace
        self._begun, self._size = time.monotonic(), 0
        self._is_whole = self._is_answered = False

    async def send(self, message: Message) -> None:
        """Pass a piece of the answer on."""
        self._is_answered = True
        await self._send(message)

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            HTTPException: 408 where it comes too slowly, 413 where there is too much of it.
        """
        if self._is_whole:  # what still comes is that the caller went away, and that has time
            return await self._receive()
        try:
            return await self._next()
        except HTTPException:
            if not self._is_answered:
                raise
            return {"type": "http.disconnect"}  # nobody asked for the rest: the answer is under way

    async def _next(self) -> Message:
        left = self._begun + self._pace.grace_s + self._size / LEAST_BYTES_PER_S - time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), min(self._pace.pause_s, max(left, 0)))
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, TOO_SLOW, dict(ENDS)) from None
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
        if self._size > self._limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large(self._limit), dict(ENDS))
        return message


def limit_of(request: Request) -> int:
    """Bytes that the body of a request to this path has at most."""
    upload = state_of(request).setting.upload_bytes + AROUND_BYTES
    match request.url.path:
        case "/v1/submissions":
            return upload
        case "/v1/submissions/batch":
            return min(BATCH_BYTES, upload)
        case "/v1/banks/search" | "/banks/look":
            return LOOK_BYTES
        case _:
            return FORM_BYTES


def too_large(limit: int) -> str:
    """What is said of a body above a limit."""
    return f"the body has more than {limit} bytes"


async def _fault(request: Request) -> ProblemError | None:
    """What is wrong with a request by its head alone."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        # RFC 9110, 15.5.16: the codings that would do.
        return ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bodies are sent as they are, without a content coding",
            {"accept-encoding": "identity", **ENDS},
        )  # fmt: skip
    if "\x00" in request.url.path or b"%00" in request.scope["query_string"]:
        return ProblemError(HTTPStatus.BAD_REQUEST, "a NUL is no character of an address")
    length, limit = request.headers.get("content-length", ""), limit_of(request)
    size = int(length) if length.isdecimal() and len(length) < 20 else None
    if size is not None and size > limit:
        return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large(limit), ENDS)
    is_long = "transfer-encoding" in request.headers if size is None else size > FORM_BYTES
    if is_long and limit > FORM_BYTES and await person_of(request) is None:
        return ProblemError(
            HTTPStatus.UNAUTHORIZED, "sign in, or send a token", {"www-authenticate": "Bearer", **ENDS}
        )
    return None
