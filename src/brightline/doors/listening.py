"""A uvicorn server that says when it listens and where, and for which a signal to end is an orderly end and no failure."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator

import uvicorn

ENDS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """Serves until told to stop.

    Attributes:
        ready: hears the port, since port 0 is whichever is free.
        reload: what SIGHUP does, one at a time; None leaves the signal alone.
    """

    ready: Callable[[int], None] | None = None
    reload: Callable[[], Coroutine[None, None, None]] | None = None
    _reloads: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in order at the first signal; uvicorn itself would send it again to whoever called us."""
        if threading.current_thread() is not threading.main_thread():
            yield  # a thread hears no signals
            return
        loop = asyncio.get_running_loop()
        heard = [*ENDS, signal.SIGHUP] if self.reload is not None else [*ENDS]
        for number in ENDS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        if self.reload is not None:
            loop.add_signal_handler(signal.SIGHUP, self._reload)
        try:
            yield
        finally:
            for number in heard:
                loop.remove_signal_handler(number)

    def _reload(self) -> None:
        if self.reload is not None and (self._reloads is None or self._reloads.done()):
            self._reloads = asyncio.get_running_loop().create_task(self.reload())

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        if self.ready is not None and self.started:
            self.ready(self.servers[0].sockets[0].getsockname()[1])
