"""One request of a caller over ASGI: its head, its body within bounds, and the answer, all of it timed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from brightline.exchange.faults import Fault, fault_body
from brightline.exchange.nouns import Dialect
from brightline.settings_gateway import GatewayLimits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
JSON = b"application/json"
EVENTS = b"text/event-stream; charset=utf-8"


class Gone(Exception):  # noqa: N818 - says what happened, and is nobody's fault
    """The caller has hung up."""


class Caller:
    """One request.

    Attributes:
        request: its id.
        method: of HTTP.
        path: without the query.
        is_started: the head of the answer went out.
        started_at: when, `time.perf_counter()`.
        has_gone: the caller has hung up.
    """

    def __init__(
        self, scope: Message, receive: Receive, send: Send, request: str, limits: GatewayLimits
    ) -> None:
        self._receive, self._send, self._limits = receive, send, limits
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._watch: asyncio.Future[None] | None = None
        self._cancel: Callable[[], object] | None = None
        self.request = request
        self.method = str(scope["method"])
        self.path = str(scope["path"])
        self.is_started = False
        self.started_at = 0.0
        self.has_gone = False

    def header(self, name: bytes) -> str:
        """A header's value, or empty."""
        return self._headers.get(name, b"").decode("latin-1")

    async def body(self, limit_bytes: int) -> bytes:
        """The whole body.

        Raises:
            Fault: 413, it is too large; 408, it takes too long.
            Gone: the caller hung up in its middle.
        """
        said = self.header(b"content-length")
        too_large = Fault(413, "request_too_large", f"the body is larger than {limit_bytes} bytes")
        if said.isdecimal() and int(said[:20]) > limit_bytes:
            raise too_large
        parts: list[bytes] = []
        left = limit_bytes
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        self.has_gone = True
                        raise Gone
                    part: bytes = message.get("body", b"")
                    left -= len(part)
                    if left < 0:
                        raise too_large
                    parts.append(part)
                    if not message.get("more_body"):
                        break
        except TimeoutError as error:
            seconds = f"{self._limits.body_seconds:g}"
            raise Fault(408, "request_timeout", f"the body was not there within {seconds} s") from error
        self._watch = asyncio.ensure_future(self._await_hanging_up())
        return b"".join(parts)

    async def _await_hanging_up(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_gone = True
        if self._cancel is not None:
            self._cancel()

    @contextmanager
    def while_there(self) -> Iterator[None]:
        """A stretch of waiting that ends when the caller hangs up.

        Raises:
            Gone: the caller hung up.
        """
        if self.has_gone:
            raise Gone
        task = asyncio.current_task()
        assert task is not None
        self._cancel = task.cancel
        try:
            yield
        except asyncio.CancelledError:
            if self._hung_up() and task.uncancel() == 0:
                raise Gone from None
            raise
        finally:
            self._cancel = None

    def _hung_up(self) -> bool:
        return self.has_gone

    async def answer(self, status: int, body: bytes, headers: Headers, kind: bytes = JSON) -> None:
        """A whole answer."""
        length = (b"content-length", str(len(body)).encode())
        await self.start(status, [*headers, length], kind)
        await self._send({"type": "http.response.body", "body": body})

    async def fault(self, fault: Fault, dialect: Dialect, headers: Headers) -> None:
        """An error: as the answer, or as an event where a stream has begun."""
        body = fault_body(fault, dialect, self.request)
        if self.is_started:
            name = b"event: error\n" if dialect is Dialect.ANTHROPIC else b""
            await self.write(name + b"data: " + body + b"\n\n")
            await self.finish()
            return
        more = [(b"retry-after", str(fault.retry_after_s).encode())] if fault.retry_after_s else []
        if fault.status in {408, 413}:  # what is left of the body is not read
            more.append((b"connection", b"close"))
        await self.answer(fault.status, body, [*headers, *more])

    async def start(self, status: int, headers: Headers, kind: bytes) -> None:
        """The head of the answer."""
        self.is_started = True
        self.started_at = time.perf_counter()
        fixed = [
            (b"content-type", kind),
            (b"x-request-id", self.request.encode()),
            (b"cache-control", b"no-store"),
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})

    async def write(self, data: bytes) -> None:
        """A piece of the answer; waits while the caller does not take what was sent.

        Raises:
            Gone: the caller hung up, or takes nothing.
        """
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except TimeoutError as error:
            raise Gone from error
        if self.has_gone:
            raise Gone

    async def finish(self) -> None:
        """The end of an answer in pieces."""
        await self._send({"type": "http.response.body", "body": b""})

    def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
