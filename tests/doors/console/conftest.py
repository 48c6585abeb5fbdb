"""A real service with its console on loopback, a few real submissions judged by the real line, and Debian's Chromium."""

import shutil
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from console_content import PASSWORD, submissions

from brightline.doors.service.app import make_app
from brightline.doors.service.serve import open_state
from brightline.doors.service.state import State
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ROLES = {
    "rev": (Role.REVIEWER,), "rev2": (Role.REVIEWER,), "boss": (Role.LEAD, Role.ADMIN), "aud": (Role.AUDITOR,),
    "sub": (Role.SUBMITTER,), "coded": (Role.REVIEWER,), "coded2": (Role.REVIEWER,),
}  # fmt: skip


@dataclass
class Console:
    """A console that answers, and what was handed in, by name."""

    url: str
    state: State
    tokens: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def program(self, who: str) -> httpx.Client:
        """A program with the token of that role."""
        if who not in self.clients:
            headers = {"authorization": f"Bearer {self.tokens[who]}"}
            self.clients[who] = httpx.Client(base_url=self.url, headers=headers, timeout=60)
        return self.clients[who]

    def visitor(self) -> httpx.Client:
        """Somebody who is not signed in, and asks for pages."""
        client = httpx.Client(base_url=self.url, headers={"accept": "text/html"}, timeout=60)
        self.clients[f"visitor {len(self.clients)}"] = client
        return client

    def signed_in(self, who: str, password: str = PASSWORD) -> httpx.Client:
        """Somebody with a session, without a browser."""
        client = self.visitor()
        client.post("/sign-in", data={"login": who, "password": password, "next": "/"})
        return client

    def close(self) -> None:
        """Let go of all connections."""
        for client in self.clients.values():
            client.close()

    def case(self, name: str) -> str:
        """The case of a submission."""
        client = self.program("rev")
        listed = [
            one
            for state in ("", "decided", "closed")
            for one in client.get("/v1/cases", params={"count": 200, "state": state}).json()
        ]
        return next(one["id"] for one in listed if one["submission"] == self.ids[name])

    def hand_in(self, things: Iterable[tuple[str, bytes]]) -> None:
        """Hand in, and wait until all are decided."""
        client, made = self.program("sub"), {}
        for name, data in things:
            answer = client.post("/v1/submissions", files={"file": (name, data)})
            assert answer.status_code == 202, answer.text
            made[name] = answer.json()["id"]
        for one in made.values():
            while client.get(f"/v1/submissions/{one}?wait=30").json()["state"] != "done":
                pass
        self.ids |= made


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home: Path = tmp_path_factory.mktemp("console")
    setting = ServiceSetting(undo_seconds=8, requests_per_minute=100_000)
    with open_state(Settings(home=home, jobs=1, service=setting)) as state:
        tokens = {}
        for who, roles in ROLES.items():
            people.add_person(state.store, "house", who, who.capitalize(), roles, PASSWORD)
            tokens[who] = people.add_token(state.store, "house", who, roles)[1]
        people.add_person(state.store, "other", "stranger", "Stranger", (Role.LEAD, Role.ADMIN), PASSWORD)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(make_app(state), port=port, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        made = Console(f"http://127.0.0.1:{port}", state, tokens)
        try:
            made.hand_in(submissions())
            yield made
        finally:
            made.close()
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; .ci/run installs Debian's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
