"""Fetches what a caller names by URL: from the addresses that were checked and no others, within a time and a size.

Each hop is a session of its own: no cookie, no reference, no proxy of the environment, no connection that is used again.
"""

import asyncio
import logging
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http import HTTPStatus

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from brightline.doors.service.fetch_guard import Address, check_addresses, literal_of, url_of
from brightline.doors.service.problems import ProblemError
from brightline.doors.service.state import Names
from brightline.settings_service import ServiceSetting

LOGGER = logging.getLogger(__name__)
REDIRECTS_LIMIT = 5  # of one fetch; browsers follow 20, honest sites need two or three
HEAD_LIMIT_BYTES = 16 * 1024  # of one line of an answer's head
NAMES_AT_ONCE = 4  # threads that resolve; a slow name server holds these and nothing else
PIECE_BYTES = 64 * 1024  # that are read at a time
MOVED = frozenset({301, 302, 303, 307, 308})
HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "brightline"}


class Fetched:
    """What a URL led to.

    Attributes:
        url: where it was in the end, after redirects.
        data: its bytes.
    """

    def __init__(self, url: URL, data: bytes) -> None:
        self.url, self.data = url, data

    @property
    def name(self) -> str:
        """Host and path: queries may hold secrets, and names are shown."""
        return f"{self.url.raw_host}{self.url.raw_path}"[:200]


@cache
def _resolving() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(NAMES_AT_ONCE, "fetch-names")


async def system_names(host: str, port: int) -> Sequence[str]:
    """All addresses of a host, as the system resolves it; none where it does not."""
    asked = asyncio.get_running_loop().run_in_executor(
        _resolving(), lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    try:
        return [str(row[4][0]) for row in await asked]
    except (OSError, UnicodeError):
        return []


async def fetch(written: str, setting: ServiceSetting, names: Names | None = None) -> Fetched:
    """The bytes behind a URL; `names` in place of the system's resolver.

    Raises:
        ProblemError: 422, it or where it leads may not be fetched; 502, whoever answers there refuses, breaks off, or sends too much;
            504, it takes longer than `service.fetch_seconds`.
    """
    try:
        async with asyncio.timeout(setting.fetch_seconds):
            return await _follow(written, setting, names or system_names)
    except TimeoutError:
        raise ProblemError(
            HTTPStatus.GATEWAY_TIMEOUT, f"the URL took longer than {setting.fetch_seconds:g} s"
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        LOGGER.info("fetch: %s", type(error).__name__)
        raise ProblemError(
            HTTPStatus.BAD_GATEWAY, "whoever answers at the URL cannot be reached, or breaks off"
        ) from None


async def _follow(written: str, setting: ServiceSetting, names: Names) -> Fetched:
    url = url_of(written, setting)
    for _ in range(REDIRECTS_LIMIT + 1):
        found = await _hop(url, setting, await _addresses(url, setting, names))
        if isinstance(found, bytes):
            return Fetched(url, found)
        url = url_of(str(url.join(found)), setting)
    raise ProblemError(HTTPStatus.BAD_GATEWAY, f"the URL leads through more than {REDIRECTS_LIMIT} redirects")


async def _addresses(url: URL, setting: ServiceSetting, names: Names) -> tuple[Address, ...]:
    host, port = url.raw_host or "", url.port or 0
    found = [host] if literal_of(host) is not None else await names(host, port)
    return check_addresses(host, found, setting)


async def _hop(url: URL, setting: ServiceSetting, addresses: Sequence[Address]) -> bytes | URL:
    """What one URL answers: its bytes, or where it leads."""
    connector = aiohttp.TCPConnector(
        resolver=Pinned(url.raw_host or "", addresses), use_dns_cache=False, force_close=True
    )
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False, trust_env=False, max_line_size=HEAD_LIMIT_BYTES, max_field_size=HEAD_LIMIT_BYTES,
        ) as session,
        session.get(url, headers=HEADERS, allow_redirects=False) as answer,
    ):  # fmt: skip
        if answer.status in MOVED and "location" in answer.headers:
            return URL(answer.headers["location"])
        if answer.status != HTTPStatus.OK:
            raise ProblemError(HTTPStatus.BAD_GATEWAY, f"the URL answered with status {answer.status}")
        if answer.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise ProblemError(
                HTTPStatus.BAD_GATEWAY, "the URL answered with a content coding that was not asked for"
            )
        return await _body(answer, setting.upload_bytes)


async def _body(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    held = bytearray()
    too_large = ProblemError(HTTPStatus.BAD_GATEWAY, f"the URL has more than {limit} bytes")
    if (answer.content_length or 0) > limit:
        raise too_large
    async for piece in answer.content.iter_chunked(PIECE_BYTES):
        held += piece
        if len(held) > limit:
            raise too_large
    return bytes(held)


class Pinned(AbstractResolver):
    """Knows one host, and of it the addresses that were checked: what the name leads to by now is not asked again."""

    def __init__(self, host: str, addresses: Sequence[Address]) -> None:
        self._host, self._addresses = host, addresses

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - the library names it; the addresses say it
    ) -> list[ResolveResult]:
        """The checked addresses; an error for any other host."""
        if host != self._host:
            raise OSError(f"`{host[:80]}` was not checked")
        return [
            ResolveResult(
                hostname=host, host=str(one), port=port, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET if one.version == 4 else socket.AF_INET6,
            )
            for one in self._addresses
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is held."""
