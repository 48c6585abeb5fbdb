"""Text submissions a second that the service accepts durably, and how long they take to be decided.

    python benchmarks/bench_service.py [--seconds 10] [--clients 16] [--postgres]

One server on loopback, started as an operator starts it; the clients are threads of this process, so on two cores the server has one.
"""

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx
from kill_service import Server, database_of

from brightline.review import people, submissions
from brightline.review.people import Role
from brightline.review.store import Store, open_store
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting


def load(url: str, token: str, seconds: float, taken: list[float], number: int) -> None:
    """One client: a text after the other, each durable before the next."""
    end, count = time.monotonic() + seconds, 0
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        while time.monotonic() < end:
            began = time.monotonic()
            answer = client.post("/v1/submissions", json={"text": f"note {number}.{count} about the harbour"})
            answer.raise_for_status()
            taken.append(time.monotonic() - began)
            count += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--postgres", action="store_true")
    told = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        database_of(Path(folder), postgres=told.postgres) as database,
    ):
        settings = Settings(home=Path(folder), database=database, jobs=1, service=ServiceSetting())
        with open_store(settings) as store:
            token = people.add_token(store, "t", "load", (Role.SUBMITTER,))[1]
        began = time.monotonic()
        server = Server(Path(folder), database)
        url = f"http://127.0.0.1:{server.port}"
        try:
            wait_for(url)
            print(f"listening after {time.monotonic() - began:.1f} s")
            taken: list[float] = []
            clients = [
                threading.Thread(target=load, args=(url, token, told.seconds, taken, number))
                for number in range(told.clients)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            told_of(taken, told.seconds, "PostgreSQL" if told.postgres else "SQLite", told.clients)
            with open_store(settings) as store:
                drain(store, len(taken))
        finally:
            server.stop()


def wait_for(url: str) -> None:
    """Until the server answers."""
    for _ in range(600):
        try:
            if httpx.get(f"{url}/healthz", timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise SystemExit("the server did not begin to listen")


def told_of(taken: list[float], seconds: float, where: str, clients: int) -> None:
    """Print what accepting took."""
    ordered = sorted(taken)
    p95 = ordered[len(ordered) * 95 // 100]
    print(
        f"{where}: {len(taken) / seconds:,.0f} submissions a second accepted durably by {clients} clients,"
        f" median {1000 * statistics.median(ordered):.1f} ms, p95 {1000 * p95:.1f} ms"
    )


def drain(store: Store, count: int) -> None:
    """Wait until all are decided, and print how fast."""
    began = time.monotonic()
    with store.reading() as connection:
        left = submissions.waiting(connection)
    while left:
        time.sleep(0.5)
        with store.reading() as connection:
            now = submissions.waiting(connection)
        if not now:
            break
    seconds = time.monotonic() - began
    if left:
        print(
            f"the {left} of {count} that still waited were decided in {seconds:.1f} s, {left / seconds:,.0f} a second"
        )


if __name__ == "__main__":
    main()
