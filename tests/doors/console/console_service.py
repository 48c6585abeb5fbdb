"""A real service with its console on loopback, over a real house: accounts, tokens, and what was handed in."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from console_content import PASSWORD

from brightline.doors.service.serve import open_state
from brightline.doors.service.state import State
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting
from serving import served

HOUSE = Settings(jobs=1)
Roles = Mapping[str, tuple[Role, ...]]


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


@contextlib.contextmanager
def opened(
    home: Path,
    setting: ServiceSetting,
    roles: Roles,
    things: Iterable[tuple[str, bytes]],
    *,
    house: Settings = HOUSE,
) -> Iterator[Console]:
    """A console with an account and a token for each role, over what was handed in."""
    with open_state(msgspec.structs.replace(house, home=home, service=setting)) as state:
        tokens = {}
        for who, has in roles.items():
            people.add_person(state.store, "house", who, who.capitalize(), has, PASSWORD)
            tokens[who] = people.add_token(state.store, "house", who, has)[1]
        people.add_person(state.store, "other", "stranger", "Stranger", (Role.LEAD, Role.ADMIN), PASSWORD)
        with served(state) as url:
            made = Console(url, state, tokens)
            try:
                made.hand_in(things)
                yield made
            finally:
                made.close()
