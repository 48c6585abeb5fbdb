"""A real service on loopback, for tests that speak to one: started, waited for, and ended."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from brightline.doors.patience import HEAD_S, Patient
from brightline.doors.service.bounds import PACE, Pace
from brightline.doors.service.serve import config_of
from brightline.doors.service.state import State


@contextlib.contextmanager
def served(state: State, pace: Pace = PACE, head_s: float = HEAD_S) -> Iterator[str]:
    """The address of a service over an open state, while the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = config_of(state, "127.0.0.1", port, pace)
    config.http = type("Waiting", (Patient,), {"head_s": head_s})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
