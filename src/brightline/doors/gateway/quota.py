"""How much each key may: requests and tokens a minute, tokens a day."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from brightline.doors.gateway.keys import Key
from brightline.doors.gateway.store import Store, Used
from brightline.exchange.faults import Fault

MINUTE_S = 60.0


class _State(msgspec.Struct):
    """Of one key: what is left of this minute, and what was used today."""

    requests: float
    tokens: float
    since: float
    day: str
    used: int = 0
    new_requests: int = 0
    new_tokens: int = 0


class Quota:
    """Buckets that fill evenly over a minute, and the day's budget, which the store keeps.

    Limits a minute are this process's own; the day's budget is shared through the store, as of the last `settle`.
    Everything here runs on the event loop; what reads and writes the store may run beside it.
    What requests under way will use is not known before they end, so a budget may be overrun by those.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._states: dict[str, _State] = {}
        self._day = today()
        self._before = {one.key: one.tokens for one in store.used(self._day)}

    def admit(self, key: Key) -> None:
        """Count a request.

        Raises:
            Fault: 429, a limit of the key is reached.
        """
        state = self._state(key)
        if key.tokens_per_day and state.used >= key.tokens_per_day:
            raise Fault(429, "insufficient_quota", "the key's budget of tokens for today is used up")
        if key.requests_per_minute and state.requests < 1:
            raise self._slow("requests", (1 - state.requests) / key.requests_per_minute)
        if key.tokens_per_minute and state.tokens <= 0:
            raise self._slow("tokens", (1 - state.tokens) / key.tokens_per_minute)
        state.requests -= 1
        state.new_requests += 1

    def spend(self, key: Key, tokens: int) -> None:
        """Count tokens of a request that was answered."""
        state = self._state(key)
        state.tokens -= tokens
        state.used += tokens
        state.new_tokens += tokens

    def take(self) -> list[Used]:
        """What was used since the last time, to be written."""
        new = []
        for name, state in self._states.items():
            if state.new_requests or state.new_tokens:
                new.append(Used(name, state.day, state.new_requests, state.new_tokens))
                state.new_requests = state.new_tokens = 0
        return new

    def put_back(self, taken: Iterable[Used]) -> None:
        """Keep what could not be written, for the next time."""
        for one in taken:
            state = self._states[one.key]
            state.new_requests += one.requests
            state.new_tokens += one.tokens

    def settle(self, day: str, rows: Iterable[Used]) -> None:
        """Take over what the store says of a day, with what other gateways wrote; a new day begins at nothing."""
        used = {one.key: one.tokens for one in rows}
        if day != self._day:
            self._day, self._before = day, used
        for name, state in self._states.items():
            state.used = used.get(name, 0) + state.new_tokens
            state.day = day

    def _state(self, key: Key) -> _State:
        now = time.monotonic()
        state = self._states.get(key.id)
        if state is None:
            used = self._before.get(key.id, 0)
            state = self._states[key.id] = _State(
                key.requests_per_minute, key.tokens_per_minute, now, self._day, used
            )
        passed = (now - state.since) / MINUTE_S
        state.requests = min(key.requests_per_minute, state.requests + passed * key.requests_per_minute)
        state.tokens = min(key.tokens_per_minute, state.tokens + passed * key.tokens_per_minute)
        state.since = now
        return state

    def _slow(self, what: str, minutes: float) -> Fault:
        seconds = max(1, round(minutes * MINUTE_S + 0.5))
        return Fault(
            429, "rate_limit_exceeded", f"too many {what} a minute for this key", retry_after_s=seconds
        )


def today() -> str:
    """The day, UTC, `2026-11-23`."""
    return datetime.now(UTC).strftime("%Y-%m-%d")
