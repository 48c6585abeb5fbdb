"""CPU of the gateway a request and a streamed event, against a scripted upstream on loopback.

    python benchmarks/bench_gateway.py [--requests 600] [--together 8]      # `make bench-gateway`

The gateway runs in a process of its own; its CPU is what the system counts for that process, so that neither the
upstream nor the load count. Each row says what was on. The same load goes to a raw ASGI application with an aiohttp
client (the floor), so that figures on a busy machine can be read as ratios.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvicorn

from brightline.doors.gateway.keys import Key, load_secret, make_key
from brightline.doors.gateway.serve import Gateway
from brightline.doors.gateway.store import Store
from brightline.settings import Settings
from brightline.settings_gateway import GatewaySetting, UpstreamSetting

EVENTS = 42  # of one stream, as the peers were measured
PROMPT = (
    "The quick brown fox jumps over the lazy dog near the river bank while the sun sets. " * 25
)  # 500 tokens
TICKS = os.sysconf("SC_CLK_TCK")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n"


def answer():
    message = {"role": "assistant", "content": "The fox is quick. " * 10}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 50}}  # fmt: skip
    return json.dumps(body).encode()


def events():
    for number in range(EVENTS - 2):
        delta = {"content": " fox." if number % 10 == 9 else " word"}
        body = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}  # fmt: skip
        yield b"data: " + json.dumps(body).encode() + b"\n\n"
    last = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}  # fmt: skip
    yield b"data: " + json.dumps(last).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


async def upstream(port, gap_s):
    whole, pieces = answer(), [*events()]

    async def serve(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(size)
                if b'"stream":true' not in body:
                    writer.write(HEAD % (b"application/json", b"content-length: %d\r\n" % len(whole)) + whole)
                    continue
                writer.write(HEAD % (b"text/event-stream", b"transfer-encoding: chunked\r\n"))
                for piece in pieces:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await writer.drain()
                    await asyncio.sleep(gap_s)
                writer.write(b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port.value = server.sockets[0].getsockname()[1]
    await asyncio.Event().wait()


def run_upstream(port):
    asyncio.run(upstream(port, gap_s=0.005))


def run_gateway(home, port, upstream_port, guards):
    os.environ.pop("BRIGHTLINE_HOME", None)
    one = UpstreamSetting(
        name="scripted", base_url=f"http://127.0.0.1:{upstream_port}/v1", models={"m": "m"}, health_seconds=0
    )
    gateway = GatewaySetting(port=0, guards=guards, upstreams=(one,))

    def ready(found):
        port.value = found

    Gateway(Settings(home=home, gateway=gateway)).run(ready)


def run_floor(_home, port, upstream_port, _guards):
    session = None

    async def app(scope, receive, send):
        nonlocal session
        session = session or aiohttp.ClientSession(auto_decompress=False)
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        url = f"http://127.0.0.1:{upstream_port}{scope['path']}"
        async with session.post(url, data=body) as response:
            kind = response.headers["content-type"].encode()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
            async for chunk in response.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            port.value = self.servers[0].sockets[0].getsockname()[1]

    Server(
        uvicorn.Config(
            app, port=0, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
        )
    ).run()


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def load(url, token, count, together, stream):
    """Seconds each request took, sorted."""
    left, took = count, []
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {token}"}) as session:

        async def worker():
            nonlocal left
            while left > 0:
                left -= 1
                # Each prompt is another one: what the gateway remembers of a turn must not flatter it.
                messages = [{"role": "user", "content": f"{left} {PROMPT}"}]
                begun = time.perf_counter()
                body = json.dumps(
                    {"model": "m", "stream": stream, "messages": messages}, separators=(",", ":")
                )
                async with session.post(f"{url}/v1/chat/completions", data=body) as response:
                    data = await response.read()
                    if response.status != 200 or (stream and b"[DONE]" not in data):
                        raise RuntimeError(f"status {response.status}: {data[:200]!r}")
                took.append(time.perf_counter() - begun)

        await asyncio.gather(*(worker() for _ in range(together)))
    return sorted(took)


def wait_for(port, process):
    for _ in range(600):
        if port.value:
            return port.value
        if not process.is_alive():
            raise RuntimeError("a server ended before it listened")
        time.sleep(0.1)
    raise RuntimeError("a server does not listen")


def measure(name, target, guards, upstream_port, arguments):
    context = multiprocessing.get_context("spawn")
    port = context.Value("i", 0)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = Store(Settings(home=home))
        _, token = make_key(
            store, load_secret(home), Key(id="", tenant="bench", requests_per_minute=10_000_000)
        )
        store.close()
        process = context.Process(target=target, args=(home, port, upstream_port, guards), daemon=True)
        process.start()
        try:
            url = f"http://127.0.0.1:{wait_for(port, process)}"
            asyncio.run(load(url, token, 50, arguments.together, stream=False))  # warm
            for stream in (False, True):
                count = arguments.requests if not stream else arguments.requests // 4
                before, begun = cpu_s(process.pid), time.perf_counter()
                took = asyncio.run(load(url, token, count, arguments.together, stream))
                spent, wall = cpu_s(process.pid) - before, time.perf_counter() - begun
                each = spent / count * 1000
                more = f", {each / EVENTS * 1000:.0f} us an event" if stream else ""
                print(
                    f"{name:<22} {'stream' if stream else 'whole':<7} {each:6.2f} ms of CPU{more}; "
                    f"{count / wall:5.0f} a second, p50 {took[len(took) // 2] * 1000:.1f} ms"
                )
        finally:
            process.terminate()
            process.join(20)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--together", type=int, default=8)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    port = context.Value("i", 0)
    process = context.Process(target=run_upstream, args=(port,), daemon=True)
    process.start()
    upstream_port = wait_for(port, process)
    print(
        f"{arguments.together} at once, 500-token prompts, {EVENTS}-event streams 5 ms apart; load {os.getloadavg()[0]:.1f}"
    )
    try:
        measure("floor: raw ASGI", run_floor, False, upstream_port, arguments)
        measure("gateway, guards off", run_gateway, False, upstream_port, arguments)
        measure("gateway, guards on", run_gateway, True, upstream_port, arguments)
    finally:
        process.terminate()
        process.join(10)


if __name__ == "__main__":
    sys.exit(main())
