"""uvicorn's HTTP protocol with the bounds that it lacks: of a request's head, in bytes and seconds, and of connections.

Without them a client that sends its head a byte a minute, or forever, holds a connection or our memory.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from brightline.settings_gateway import GatewayLimits

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)


def bounded_protocol(limits: GatewayLimits) -> type[HttpToolsProtocol]:
    """The protocol class with these limits; uvicorn makes an instance a connection."""

    class Bounded(HttpToolsProtocol):
        _head_timer: asyncio.TimerHandle | None = None
        _head_bytes = 0
        _is_in_head = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                self._refuse(TOO_MANY)
                return
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget_timer()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._is_in_head:
                if self._head_timer is None:
                    self._await_head()
                self._head_bytes += len(data)
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self._is_in_head and self._head_bytes > limits.header_bytes:
                self._refuse(TOO_LARGE)

        def on_headers_complete(self) -> None:
            self._is_in_head = False
            self._head_bytes = 0
            self._forget_timer()
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._is_in_head = True
            super().on_message_complete()

        def _await_head(self) -> None:
            self._head_timer = self.loop.call_later(limits.header_seconds, self._refuse, TOO_SLOW)

        def _forget_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _refuse(self, answer: bytes) -> None:
            self._forget_timer()
            if self.transport.is_closing():
                return
            is_answering = getattr(self.cycle, "response_complete", True) is False
            if not is_answering:  # else it would stand in the middle of an answer
                self.transport.write(answer)
            self.transport.close()

    return Bounded
