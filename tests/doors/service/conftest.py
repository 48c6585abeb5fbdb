"""A real service on loopback, over a real house: accounts, tokens and a worker; once on SQLite, once on a real PostgreSQL."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from brightline.doors.service.serve import open_state
from brightline.doors.service.state import State
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting
from serving import served

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


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service on each database for all tests; each hands in what it needs."""
    home: Path = tmp_path_factory.mktemp("service")
    database = ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        schema = f"running{os.getpid()}"
        server.psql(f"CREATE SCHEMA {schema}")
        plain = str(server.get_uri())
        database = f"{plain}{'&' if '?' in plain else '?'}options=-csearch_path%3D{schema}"
    setting = ServiceSetting(undo_seconds=0.5, requests_per_minute=100_000)
    with open_state(Settings(home=home, jobs=1, database=database, service=setting)) as state:
        tokens = {}
        for tenant in ("t", "other"):
            for name, roles in ROLES.items():
                who = name if tenant == "t" else f"other-{name}"
                people.add_person(state.store, tenant, who, who, roles, PASSWORD)
                tokens[who] = people.add_token(state.store, tenant, who, roles)[1]
        with served(state) as url:
            found = Running(url, state, tokens)
            yield found
            found.close()
