"""Hold the gateway at the highest load it sustains while its upstream misbehaves; then count what the ledger kept.

    python benchmarks/soak_gateway.py [--minutes 10] [--together 48] [--write]      # `make soak-gateway MINUTES=10`

Four tenants ask, each with words of its own, which the upstream says back; one request in eight meets an upstream that
stalls, resets, sends broken events, lies about its length or answers 5xx. Held to:

1. No answer holds another tenant's words, and no receipt names an entry of another tenant.
2. Every prompt that was answered is in the ledger, by its digest and tenant, at the position that its receipt named.
3. The ledger verifies, and holds as many entries as the gateway counted.
4. Memory is flat: over the second half the resident size grows by less than 5 %.

Exit status 1 where one of them does not hold.
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import aiohttp
from bench_gateway import cpu_s, wait_for
from gateway_page import machine, write_section

from brightline.assembly import existing_ledger
from brightline.doors.gateway.keys import Key, load_secret, make_key
from brightline.doors.gateway.serve import Gateway
from brightline.doors.gateway.store import Store
from brightline.ledger.audit import verify_store
from brightline.settings import Settings
from brightline.settings_gateway import GatewayLimits, GatewaySetting, UpstreamSetting

TENANTS = 4
FAULTS = ("stall", "reset", "broken", "lies", "error", "torn")
FAULTY = 8  # one request in so many
SAMPLE_S = 5.0
GROWTH = 0.05  # of the resident size over the second half
HEAD = b"HTTP/1.1 %s\r\ncontent-type: %s\r\n%s\r\n"


def chunk(text, reason=None):
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": reason}
    body = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


async def answer(writer, body):
    """What the model's name says, with the prompt's own words."""
    said, fault = body["messages"][-1]["content"], body["model"]
    if fault == "error":
        writer.write(HEAD % (b"503 Busy", b"application/json", b"content-length: 2\r\n") + b"{}")
        return True
    if fault == "reset":
        writer.transport.abort()
        return False
    if body.get("stream"):
        writer.write(HEAD % (b"200 OK", b"text/event-stream", b"transfer-encoding: chunked\r\n"))
        pieces = [chunk(said[at : at + 20]) for at in range(0, len(said), 20)]
        pieces += [chunk("", "stop"), b"data: [DONE]\n\n"]
        if fault == "broken":
            pieces = [pieces[0], b"data: {no\n\n"]
        for number, piece in enumerate(pieces):
            if number == 2 and fault in {"stall", "torn"}:
                await asyncio.sleep(3 if fault == "stall" else 0)
                writer.transport.abort()
                return False
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        return True
    choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
    data = json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice],
                       "usage": {"prompt_tokens": 20, "completion_tokens": 20}}).encode()  # fmt: skip
    length = len(data) + (1000 if fault in {"lies", "torn"} else 0)
    if fault == "stall":
        await asyncio.sleep(3)
    if fault == "broken":
        data = b"{no" + data[3:]
    writer.write(HEAD % (b"200 OK", b"application/json", b"content-length: %d\r\n" % length) + data)
    await writer.drain()
    return fault not in {"lies", "torn", "stall"}


async def upstream(port):
    async def serve(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
                if not await answer(writer, json.loads(await reader.readexactly(size))):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    port.value = server.sockets[0].getsockname()[1]
    await asyncio.Event().wait()


def run_upstream(port):
    asyncio.run(upstream(port))


def settings_of(home, upstream_port):
    one = UpstreamSetting(
        name="scripted",
        base_url=f"http://127.0.0.1:{upstream_port}/v1",
        models={name: name for name in ("m", *FAULTS)},
        health_seconds=0,
        idle_seconds=1.0,
        first_byte_seconds=2.0,
    )
    limits = GatewayLimits(
        failures=10**9, attempts=1
    )  # the one upstream must not be given up for its scripted faults
    return Settings(
        home=home, gateway=GatewaySetting(port=0, upstreams=(one,), limits=limits, media_workers=0)
    )


def run_gateway(home, port, upstream_port):
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))

    def ready(found):
        port.value = found

    Gateway(settings_of(home, upstream_port)).run(ready)


class Soak:
    """The callers, and what they saw."""

    def __init__(self, url, tokens, seconds):
        self.url, self.tokens, self.end = url, tokens, time.monotonic() + seconds
        self.statuses, self.mixed, self.count = Counter(), [], 0
        self.kept = []  # (position, digest, tenant) that a receipt named for a prompt or answer

    async def run(self, together):
        """Ask until the time is over."""
        timeout = aiohttp.ClientTimeout(total=60)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            await asyncio.gather(*(self.ask(session, random.Random(n)) for n in range(together)))

    async def ask(self, session, dice):
        """One caller, who asks again as soon as it is answered."""
        while time.monotonic() < self.end:
            self.count += 1
            number = self.count
            tenant = dice.randrange(TENANTS)
            fault = dice.choice(FAULTS) if dice.randrange(FAULTY) == 0 else "m"
            stream = dice.randrange(3) == 0
            words = (
                f"mark-{tenant}-{number} is of tenant {tenant}. " * 3
                + "The harbour is calm. " * dice.randrange(12)
            )
            data = json.dumps(
                {"model": fault, "stream": stream, "messages": [{"role": "user", "content": words}]}
            ).encode()
            headers = {"authorization": f"Bearer {self.tokens[tenant]}"}
            try:
                async with session.post(
                    f"{self.url}/v1/chat/completions", data=data, headers=headers
                ) as response:
                    text = (await response.read()).decode()
                    self.saw(response, text, tenant, number, words, fault, data)
            except (aiohttp.ClientError, TimeoutError) as error:
                self.statuses[f"caller: {type(error).__name__}"] += 1

    def saw(self, response, text, tenant, number, words, fault, data):
        """Hold an answer to what was asked."""
        self.statuses[f"{'fault' if fault != 'm' else 'good'} {response.status}"] += 1
        others = [f"of tenant {other}." for other in range(TENANTS) if other != tenant]
        if any(other in text for other in others):
            self.mixed.append((number, tenant))
        said = "".join(
            json.loads(line[6:])["choices"][0]["delta"].get("content", "")
            for line in text.splitlines()
            if line.startswith('data: {"') and '"choices":[{' in line
        ) if response.content_type == "text/event-stream" else ""  # fmt: skip
        if (
            fault == "m"
            and response.status == 200
            and words not in (said or json.loads(text)["choices"][0]["message"]["content"])
        ):
            self.mixed.append((number, "words are missing"))
        receipt = response.headers.get("x-brightline-receipt")
        if receipt:
            self.kept.append(
                (int(receipt.split(";")[0]), hashlib.sha256(data).hexdigest(), f"tenant-{tenant}")
            )
        elif response.status == 200:
            self.mixed.append((number, "no receipt"))


def rss_mib(pid):
    line = next(
        one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024


async def watched(soak, together, pid):
    sizes = []

    async def watch():
        while True:
            await asyncio.sleep(SAMPLE_S)
            sizes.append(rss_mib(pid))

    watching = asyncio.create_task(watch())
    await soak.run(together)
    watching.cancel()
    return sizes


def audited(home, soak, upstream_port):
    """Receipts that name another's entry, the ledger's entries, and what verifying it says."""
    wrong = []
    ledger = existing_ledger(settings_of(home, upstream_port))
    size = ledger.size
    for position, digest, tenant in soak.kept:
        entry = ledger.entry(position)
        examination = ledger.examination(entry.examination)
        facts, context = examination.facts, examination.context
        # The receipt of a whole answer is the answer's entry, whose parent is the prompt.
        if digest not in {facts.digest, context.parent} or context.tenant != tenant:
            wrong.append(position)
    audit = verify_store(ledger)
    ledger.close()
    return wrong, size, audit


def growth(sizes):
    """By how much the resident size grew over the second half: mean of its last quarter against its first."""
    half = sizes[len(sizes) // 2 :]
    quarter = max(1, len(half) // 4)
    first, last = sum(half[:quarter]) / quarter, sum(half[-quarter:]) / quarter
    return last / first - 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--together", type=int, default=48)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ports = [context.Value("i", 0), context.Value("i", 0)]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = Store(Settings(home=home))
        secret = load_secret(home)
        tokens = [make_key(store, secret, Key(id="", tenant=f"tenant-{n}"))[1] for n in range(TENANTS)]
        store.close()
        below = context.Process(target=run_upstream, args=(ports[0],), daemon=True)
        below.start()
        upstream_port = wait_for(ports[0], below)
        gateway = context.Process(target=run_gateway, args=(home, ports[1], upstream_port), daemon=True)
        gateway.start()
        about = machine()
        try:
            url = f"http://127.0.0.1:{wait_for(ports[1], gateway)}"
            soak = Soak(url, tokens, arguments.minutes * 60)
            before = cpu_s(gateway.pid)
            sizes = asyncio.run(watched(soak, arguments.together, gateway.pid))
            cpu = cpu_s(gateway.pid) - before
        finally:
            gateway.terminate()
            gateway.join(60)
            below.terminate()
            below.join(10)
        wrong, size, audit = audited(home, soak, upstream_port)
    answered = sum(soak.statuses.values())
    grew = growth(sizes)
    rows = [
        (
            f"{about}; {arguments.minutes:g} minutes, {arguments.together} callers of {TENANTS} tenants, one request in "
            f"{FAULTY} to an upstream that misbehaves, a third streams, guards on with the default policy."
        ),
        "",
        "| | |",
        "|---|---|",
        f"| requests | {answered:,}, {answered / arguments.minutes / 60:.0f} a second |",
        f"| CPU of the gateway | {cpu / answered * 1000:.2f} ms a request, streams and faults among them |",
        f"| answers | {', '.join(f'{name}: {count:,}' for name, count in sorted(soak.statuses.items()))} |",
        f"| entries in the ledger | {size:,}, verified with {len(audit.faults)} faults |",
        f"| receipts held against it | {len(soak.kept):,}, of which wrong {len(wrong)} |",
        f"| answers with another tenant's words, or without their own | {len(soak.mixed)} |",
        (
            f"| resident memory | {sizes[0]:.0f} MiB at first, {sizes[len(sizes) // 2]:.0f} halfway, {sizes[-1]:.0f} at the "
            f"end; second half {grew:+.1%} |"
        ),
    ]
    print("\n".join(rows))
    if arguments.write:
        write_section("soak", "\n".join(rows))
    failed = bool(
        wrong or soak.mixed or grew > GROWTH or any(name.startswith("caller") for name in soak.statuses)
    )
    print("failed" if failed else "held", soak.mixed[:5], wrong[:5])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
