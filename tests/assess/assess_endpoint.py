"""A real HTTP server on loopback that answers chat completions as a script says, well, badly, or never."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

Script = Callable[[str, int], Awaitable[web.StreamResponse]]
"""Given the question and how often it was asked before, the response."""


def said(text, finish="stop", **more) -> web.Response:
    message = {"role": "assistant", "content": text, **more}
    return web.json_response(
        {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": {"total_tokens": 9}}
    )


class Scripted:
    """The server's own count of what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: dict[str, int] = {}
        self.together = self.most_together = 0
        self.heads: list[dict[str, str]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.heads.append(dict(request.headers))
        question = body["messages"][-1]["content"]
        before = self.asked.get(question, 0)
        self.asked[question] = before + 1
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        try:
            return await self.script(question, before)
        finally:
            self.together -= 1


@contextlib.contextmanager
def serving(script: Script) -> Iterator[tuple[str, Scripted]]:
    """The base address of a server, and what it counted, while the block runs."""
    scripted = Scripted(script)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    port: list[int] = []

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", scripted.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.append(runner.addresses[0][1])
        return runner

    def live() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(begin())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    ready.wait(10)
    try:
        yield f"http://127.0.0.1:{port[0]}/v1", scripted
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
