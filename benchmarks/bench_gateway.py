"""CPU and time of the gateway a request and a streamed event, side by side with LiteLLM's proxy, on one scripted upstream.

    python benchmarks/bench_gateway.py [--requests 600] [--together 8] [--litellm build/litellm] [--write]  # `make bench-gateway`

Each proxy runs in a process of its own; its CPU is what the system counts for that process and its children, so that
neither the upstream nor the load count. The same load goes to a raw ASGI application with an aiohttp client (the
floor), so that figures on a busy machine can be read as ratios. `--write` puts the table into
docs/reference/gateway-speed.md.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import subprocess  # noqa: TID251 - the other proxy is a program of its own
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import msgspec
import uvicorn
from gateway_page import machine, write_section

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
                _, _, length = head.partition(b"content-length: ")
                size = int(length.split(b"\r\n")[0] or 0)  # LiteLLM asks now and then with no body at all
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
    """CPU seconds of a process and its children that still run."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_s(child) for child in children)


async def load(url, token, count, together, stream):
    """Seconds each request took, sorted, and seconds until its first word."""
    left, took, first = count, [], []
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
                    data = await response.content.readany()
                    first.append(time.perf_counter() - begun)
                    data += await response.read()
                    if response.status != 200 or (stream and b"[DONE]" not in data):
                        raise RuntimeError(f"status {response.status}: {data[:200]!r}")
                took.append(time.perf_counter() - begun)

        await asyncio.gather(*(worker() for _ in range(together)))
    return sorted(took), sorted(first)


def wait_for(port, process):
    for _ in range(3000):
        if port.value:
            return port.value
        if not process.is_alive():
            raise RuntimeError("a server ended before it listened")
        time.sleep(0.1)
    raise RuntimeError("a server does not listen")


class Row(msgspec.Struct):
    """One proxy's figures; CPU in ms, times in ms, and requests a second as they came under this load."""

    name: str
    cpu: float = 0.0
    rate: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    stream_cpu: float = 0.0
    first_p50: float = 0.0

    def line(self):
        """As a row of the table."""
        event = self.stream_cpu / EVENTS * 1000
        return (f"| {self.name} | {self.cpu:.2f} | {1000 / self.cpu:.0f} | {self.rate:.0f} | {self.p50:.1f} | {self.p95:.1f} "
                f"| {self.stream_cpu:.2f} | {event:.0f} | {self.first_p50:.0f} |")  # fmt: skip


def loaded(row, pid, url, token, arguments):
    """Put the load on a proxy that listens."""
    asyncio.run(load(url, token, 50, arguments.together, stream=False))  # warm
    for stream in (False, True):
        count = arguments.requests if not stream else arguments.requests // 4
        before, begun = cpu_s(pid), time.perf_counter()
        took, first = asyncio.run(load(url, token, count, arguments.together, stream))
        spent, wall = (cpu_s(pid) - before) / count * 1000, time.perf_counter() - begun
        if stream:
            row.stream_cpu, row.first_p50 = spent, first[len(first) // 2] * 1000
        else:
            row.cpu, row.rate = spent, count / wall
            row.p50, row.p95 = took[len(took) // 2] * 1000, took[int(len(took) * 0.95)] * 1000
    print(row.line(), flush=True)
    return row


def measure(name, target, guards, upstream_port, arguments):
    context = multiprocessing.get_context("spawn")
    port = context.Value("i", 0)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = Store(Settings(home=home))
        key = Key(id="", tenant="bench", requests_per_minute=10_000_000, tokens_per_day=10**12)
        _, token = make_key(store, load_secret(home), key)
        store.close()
        process = context.Process(target=target, args=(home, port, upstream_port, guards), daemon=True)
        process.start()
        try:
            url = f"http://127.0.0.1:{wait_for(port, process)}"
            return loaded(Row(name), process.pid, url, token, arguments)
        finally:
            process.terminate()
            process.join(20)


LITELLM = """
model_list:
  - model_name: m
    litellm_params: {{model: openai/m, api_base: "http://127.0.0.1:{port}/v1", api_key: none}}
general_settings: {{master_key: sk-bench, disable_spend_logs: true}}
litellm_settings: {{telemetry: false, request_timeout: 60}}
"""
FILTER = """
guardrails:
  - guardrail_name: local-filter
    litellm_params:
      guardrail: litellm_content_filter
      mode: [pre_call, post_call]
      default_on: true
      patterns:
        - {pattern_type: prebuilt, pattern_name: us_ssn, action: BLOCK}
        - {pattern_type: prebuilt, pattern_name: email, action: MASK}
"""


def measure_litellm(name, folder, filtered, upstream_port, arguments):
    """LiteLLM's proxy, one worker, without a database; None where it is not installed or does not start."""
    program = (Path(folder) / "bin" / "litellm").resolve()  # it starts in a folder of its own
    if not program.exists():
        print(f"{name}: not installed in {folder}")
        return None
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "config.yaml"
        config.write_text(LITELLM.format(port=upstream_port) + (FILTER if filtered else ""))
        environ = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": home, "LITELLM_LOG": "ERROR",
                   "LITELLM_LOCAL_MODEL_COST_MAP": "True", "DISABLE_ADMIN_UI": "True"}  # fmt: skip
        command = [
            program,
            "--config",
            config,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--num_workers",
            "1",
        ]
        log = Path(home) / "log"
        with (
            log.open("wb") as out,
            subprocess.Popen(command, env=environ, cwd=home, stdout=out, stderr=out) as process,
        ):
            try:
                if not listens(port, process):
                    print(f"{name}: does not start\n{log.read_text()[-500:]}")
                    return None
                return loaded(Row(name), process.pid, f"http://127.0.0.1:{port}", "sk-bench", arguments)
            finally:
                process.terminate()


def listens(port, process):
    for _ in range(1200):
        if process.poll() is not None:
            return False
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


HEAD_OF_TABLE = """| proxy | CPU ms a request | requests a second a core | under this load | p50 ms | p95 ms | CPU ms a stream | µs an event | first word ms |
|---|---|---|---|---|---|---|---|---|"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--together", type=int, default=8)
    parser.add_argument("--litellm", default="build/litellm")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    port = context.Value("i", 0)
    process = context.Process(target=run_upstream, args=(port,), daemon=True)
    process.start()
    upstream_port = wait_for(port, process)
    about = (f"{machine()}; {arguments.together} at once, {arguments.requests} requests of 500 tokens, each never seen "
             f"before, and {arguments.requests // 4} streams of {EVENTS} events 5 ms apart.")  # fmt: skip
    print(about)
    print(HEAD_OF_TABLE)
    try:
        rows = [
            measure("floor: raw ASGI on uvicorn with aiohttp", run_floor, False, upstream_port, arguments),
            measure("gateway, guards off", run_gateway, False, upstream_port, arguments),
            measure("gateway, guards on", run_gateway, True, upstream_port, arguments),
            measure_litellm("LiteLLM's proxy", arguments.litellm, False, upstream_port, arguments),
            measure_litellm(
                "LiteLLM's proxy, local filter", arguments.litellm, True, upstream_port, arguments
            ),
        ]
    finally:
        process.terminate()
        process.join(10)
    if arguments.write:
        lines = [row.line() for row in rows if row is not None]
        write_section("speed", "\n".join([about, "", HEAD_OF_TABLE, *lines]))


if __name__ == "__main__":
    sys.exit(main())
