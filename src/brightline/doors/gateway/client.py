"""Asks upstreams over HTTP: each wait has its own limit, and nothing is read beyond what was agreed."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from brightline.doors.gateway.telemetry import TRACE
from brightline.doors.gateway.upstreams import Pool, Upstream
from brightline.exchange.faults import Fault
from brightline.exchange.nouns import Call
from brightline.settings_gateway import UpstreamKind

ERROR_LIMIT_BYTES = 64 * 1024  # of an upstream's error that is read for its code
HEAD_LIMIT_BYTES = 16 * 1024  # of one header line of an upstream
CONNECTIONS = 1_000  # to all upstreams together; requests under way are fewer
_CODE = re.compile(r"[a-z0-9_]{1,64}").fullmatch
Body = Callable[[str], tuple[bytes, str]]
"""Makes a request's bytes, with their content type, for an upstream's name of the model."""
_FAILURES = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class Reply:
    """An upstream's answer that has begun.

    Attributes:
        upstream: who answers.
        kind: its content type, lower case, without parameters.
    """

    def __init__(self, upstream: Upstream, response: aiohttp.ClientResponse) -> None:
        self.upstream = upstream
        self._response = response
        self.kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response.content.at_eof() and kind is None:
            self._response.release()
        else:
            self._response.close()  # what is left belongs to nobody's answer

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its bytes as they come; the next are read when these were taken.

        Raises:
            Fault: 504, it stalls or takes too long; 502, it breaks off or lies about its length.
        """
        setting = self.upstream.setting
        loop = asyncio.get_running_loop()
        end = loop.time() + setting.total_seconds
        try:
            while True:
                # Each wait is timed by itself: a limit around the whole would also end whoever takes the bytes.
                async with asyncio.timeout_at(min(loop.time() + setting.idle_seconds, end)):
                    chunk = await self._response.content.readany()
                if not chunk:
                    return
                yield chunk
        except TimeoutError as error:
            raise Fault(
                504, "upstream_timeout", "the upstream stalled in the middle of its answer"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Fault(
                502, "upstream_broke_off", "the upstream broke off in the middle of its answer"
            ) from error

    async def whole(self, limit_bytes: int) -> bytes:
        """All of its bytes.

        Raises:
            Fault: as `chunks`; 502, they are too many.
        """
        parts: list[bytes] = []
        left = limit_bytes
        async for chunk in self.chunks():
            left -= len(chunk)
            if left < 0:
                raise Fault(
                    502, "upstream_too_long", f"the upstream's answer is larger than {limit_bytes} bytes"
                )
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Client:
    """Connections to all upstreams; made within a running event loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, ttl_dns_cache=60),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),  # a cookie of one caller's answer must not go out with another's
            auto_decompress=False,
            trust_env=False,
            max_line_size=HEAD_LIMIT_BYTES,
            max_field_size=HEAD_LIMIT_BYTES,
        )

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def ask(self, call: Call, path: str, body: Body) -> Reply:
        """Ask the first upstream that answers.

        Args:
            call: what is asked.
            path: of the route behind `/v1`.
            body: makes the bytes for an upstream.

        Raises:
            Fault: what the last of them said, in our words.
        """
        last = Fault(503, "upstream_unavailable", "no upstream of this model answers now", retry_after_s=1)
        for upstream in self._pool.candidates(call.protocol, call.model):
            if not upstream.take():
                continue
            try:
                return await self._ask_one(upstream, call, path, body)
            except _Next as failed:
                last = failed.fault
            except asyncio.CancelledError:
                upstream.gave_no_answer()
                raise
        raise last

    async def _ask_one(self, upstream: Upstream, call: Call, path: str, body: Body) -> Reply:
        setting = upstream.setting
        model = setting.models[call.model]
        data, kind = body(model)
        headers = {**upstream.headers, "content-type": kind}
        if trace := TRACE.get():
            headers["traceparent"] = trace
        try:
            async with asyncio.timeout(setting.first_byte_seconds):
                response = await self._session.post(
                    upstream.url(path, model),
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=setting.connect_seconds),
                )
        except _FAILURES as error:
            upstream.failed()
            late = isinstance(error, TimeoutError)
            said = "did not answer in time" if late else "cannot be reached, or speaks no HTTP"
            status, code = (504, "upstream_timeout") if late else (502, "upstream_unavailable")
            raise _Next(Fault(status, code, f"the upstream {said}")) from error
        if 200 <= response.status < 300:
            upstream.succeeded()
            return Reply(upstream, response)
        raise await self._refused(upstream, response)

    async def _refused(self, upstream: Upstream, response: aiohttp.ClientResponse) -> "Fault | _Next":
        """What an upstream's error means for the caller.

        Its own words may quote anybody, so only its code and status are told.
        """
        status = response.status
        try:
            code = await _code_of(response, upstream.setting.idle_seconds)
        finally:
            response.close()
        if status >= 500 or status in {408, 429}:
            upstream.failed()
            if status == 429:
                wait = _seconds(response.headers.get("retry-after", ""))
                return _Next(
                    Fault(429, "upstream_busy", "the upstream asks for fewer requests", retry_after_s=wait)
                )
            return _Next(Fault(502, "upstream_error", f"the upstream answered with status {status}"))
        upstream.succeeded()
        if status in {400, 404, 413, 422}:
            return Fault(
                400, code or "upstream_refused", f"the upstream refused the request with status {status}"
            )
        return Fault(502, "upstream_refused_us", f"the upstream refused the gateway with status {status}")

    async def check(self, upstream: Upstream) -> None:
        """Ask an upstream for its models, and note whether it answers."""
        setting = upstream.setting
        if setting.kind is UpstreamKind.AZURE:
            return  # it lists models at another place and under other rights
        try:
            async with asyncio.timeout(setting.connect_seconds):
                url = f"{setting.base_url.rstrip('/')}/models"
                async with self._session.get(
                    url, headers=upstream.headers, allow_redirects=False
                ) as response:
                    upstream.is_healthy = response.status < 500
        except _FAILURES:
            upstream.is_healthy = False


class _Next(Exception):  # noqa: N818 - an upstream gives way to the next
    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


async def _code_of(response: aiohttp.ClientResponse, seconds: float) -> str:
    """The `code` of an upstream's error, e.g. `context_length_exceeded`, or empty."""
    try:
        async with asyncio.timeout(seconds):
            data = await response.content.read(ERROR_LIMIT_BYTES)
        body = msgspec.json.decode(data)
    except (*_FAILURES, RecursionError):
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE(code) else ""


def _seconds(text: str) -> int:
    return min(int(text), 3600) if text.isdecimal() and len(text) < 6 else 1
