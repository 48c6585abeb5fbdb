"""Limits a minute that several gateways share, in Valkey or Redis: one script a request, which nobody can interleave.

While the server does not answer, each gateway keeps the limits by itself, and says so in logs and metrics: a limit is
there against overload, and a lost server must not be an outage of every model.
"""

import asyncio
import time

from brightline.core.errors import SettingsError
from brightline.doors.gateway.keys import Key
from brightline.doors.gateway.logs import LOGGER
from brightline.doors.gateway.quota import MINUTE_S, Quota, slow

WAIT_S = 0.25  # for the server's answer; more would be felt by callers
REST_S = 5.0  # that the server is left alone after it failed
PREFIX = "brightline:gateway:"
# Two buckets that fill evenly; takes one request if both have something. Gives seconds to wait, as text, or "0".
_TAKE = """
local now = redis.call('TIME'); local t = now[1] + now[2] / 1000000
local function left(name, size)
  if size <= 0 then return 1 end
  local row = redis.call('HMGET', KEYS[1], name, name .. '_at')
  local have, at = tonumber(row[1]) or size, tonumber(row[2]) or t
  have = math.min(size, have + (t - at) / 60 * size)
  redis.call('HSET', KEYS[1], name, tostring(have), name .. '_at', tostring(t))
  return have
end
local requests, tokens = tonumber(ARGV[1]), tonumber(ARGV[2])
local r, k = left('requests', requests), left('tokens', tokens)
redis.call('PEXPIRE', KEYS[1], 120000)
if requests > 0 and r < 1 then return {'requests', tostring((1 - r) / requests * 60)} end
if tokens > 0 and k <= 0 then return {'tokens', tostring((1 - k) / tokens * 60)} end
if requests > 0 then redis.call('HSET', KEYS[1], 'requests', tostring(r - 1)) end
return {'', '0'}
"""


class Shared:
    """The server; made within a running event loop.

    Attributes:
        is_up: it answered the last time.
    """

    def __init__(self, url: str) -> None:
        """Connect at the first request.

        Raises:
            SettingsError: the extra is not installed, or the address malformed.
        """
        try:
            import redis.asyncio as client
            from redis.exceptions import RedisError
        except ImportError as error:
            raise SettingsError(
                "`gateway.shared_limits` needs the extra `valkey`: pip install brightline[valkey]"
            ) from error
        try:
            self._server = client.Redis.from_url(url, socket_timeout=WAIT_S, socket_connect_timeout=WAIT_S)
        except ValueError as error:
            raise SettingsError(f"`gateway.shared_limits`: {error}") from error
        self._take = self._server.register_script(_TAKE)
        self._failures = (RedisError, OSError, TimeoutError)
        self._rests_until = 0.0
        self._spending: set[asyncio.Task[None]] = set()
        self.is_up = True

    async def admit(self, key: Key, quota: Quota) -> None:
        """Count a request.

        Raises:
            Fault: 429, a limit of the key is reached.
        """
        if not (key.requests_per_minute or key.tokens_per_minute) or time.monotonic() < self._rests_until:
            quota.admit(key)
            return
        try:
            async with asyncio.timeout(WAIT_S):
                what, wait = await self._take(
                    keys=[PREFIX + key.id], args=[key.requests_per_minute, key.tokens_per_minute]
                )
        except self._failures as error:
            self._rest(error)
            quota.admit(key)
            return
        self.is_up = True
        if what:
            raise slow(what.decode(), min(MINUTE_S, float(wait)))
        quota.admit(key, by_minute=False)

    def spend(self, key: Key, tokens: int) -> None:
        """Take tokens out of the shared bucket, beside the request."""
        if key.tokens_per_minute and tokens and time.monotonic() >= self._rests_until:
            task = asyncio.get_running_loop().create_task(self._spend(key, tokens))
            self._spending.add(task)
            task.add_done_callback(self._spending.discard)

    async def close(self) -> None:
        """End the connections."""
        await asyncio.gather(*self._spending)
        await self._server.aclose()

    async def _spend(self, key: Key, tokens: int) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                await self._server.hincrbyfloat(PREFIX + key.id, "tokens", -tokens)
        except self._failures as error:
            self._rest(error)

    def _rest(self, error: Exception) -> None:
        if self.is_up:
            LOGGER.getChild("errors").error(
                "shared limits: %s; each gateway keeps its own", type(error).__name__
            )
        self.is_up = False
        self._rests_until = time.monotonic() + REST_S
