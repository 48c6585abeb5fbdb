"""A real service on loopback, over a real house: accounts, tokens and a worker."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn

from brightline.doors.service.app import make_app
from brightline.doors.service.serve import open_state
from brightline.doors.service.state import State
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting

PASSWORD = "correct horse battery"
ROLES = {
    "sub": (Role.SUBMITTER,), "rev": (Role.REVIEWER,), "rev2": (Role.REVIEWER,), "lead": (Role.LEAD,),
    "author": (Role.AUTHOR,), "aud": (Role.AUDITOR,), "admin": (Role.ADMIN,),
}  # fmt: skip


@dataclass
class Running:
    """A service that answers."""

    url: str
    state: State
    tokens: dict[str, str]
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def as_(self, who: str) -> httpx.Client:
        """A program with the token of that role; `nobody` has none, `other-...` is another tenant's."""
        if who not in self.clients:
            headers = {"authorization": f"Bearer {self.tokens[who]}"} if who != "nobody" else {}
            self.clients[who] = httpx.Client(base_url=self.url, headers=headers, timeout=60)
        return self.clients[who]

    def close(self) -> None:
        """Let go of all connections."""
        for client in self.clients.values():
            client.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all tests; each hands in what it needs."""
    home: Path = tmp_path_factory.mktemp("service")
    setting = ServiceSetting(undo_seconds=0.5, requests_per_minute=100_000)
    with open_state(Settings(home=home, jobs=1, service=setting)) as state:
        tokens = {}
        for tenant in ("t", "other"):
            for name, roles in ROLES.items():
                who = name if tenant == "t" else f"other-{name}"
                people.add_person(state.store, tenant, who, who, roles, PASSWORD)
                tokens[who] = people.add_token(state.store, tenant, who, roles)[1]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make_app(state), port=port, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        found = Running(f"http://127.0.0.1:{port}", state, tokens)
        yield found
        found.close()
        server.should_exit = True
        thread.join()
