"""HTTP/1.1 connections whose head comes in time and stays small, so that half-open ones hold nothing for long.

uvicorn ends a connection that rests between two requests, but waits for ever for the first one, and for one that was begun; and
httptools takes heads, chunk extensions and trailers of any length. Both are bounded here. What comes of a body, and how fast,
is bounded where the paths are known (`service/bounds.py`).
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_S = 10.0  # from the connection, or the first byte after an answer, to a whole head
HEAD_BYTES = (
    65_536  # without a body's bytes between them: a head, a trailer or extensions; browsers send some 2 kB
)
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Patient(HttpToolsProtocol):
    """One connection; give the class to uvicorn as `http`."""

    head_s: float = HEAD_S

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._unsaid = 0  # bytes that came and told nothing yet
        self._ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much for a head."""
        self._unsaid += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unsaid > HEAD_BYTES:
            self._end(_TOO_LONG)
        elif self._is_idle():
            self._wait()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._unsaid = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there."""
        self._unsaid = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._unsaid = 0
        super().on_message_complete()

    def _is_idle(self) -> bool:
        """Whether nobody works for this connection, so that only the caller can go on."""
        return bool(
            getattr(self.cycle, "response_complete", True)
        )  # uvicorn has no cycle before the first request

    def _wait(self) -> None:
        if self._ends is None:
            self._ends = self.loop.call_later(self.head_s, self._end, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None

    def _end(self, answer: bytes) -> None:
        """Say why, where no answer is under way, and close."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._is_idle():  # else it would stand in the middle of an answer
            self.transport.write(answer)
        self.transport.close()
