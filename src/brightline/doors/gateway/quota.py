"""How much each key may: requests and tokens a minute, tokens and money a day, money a month."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from brightline.doors.gateway.keys import Key
from brightline.doors.gateway.store import Store, Used
from brightline.exchange.faults import Fault

MINUTE_S = 60.0
NANO = 1_000_000_000  # of the prices' currency
STATES_LIMIT = 50_000  # keys and people whose use is held in memory; idle ones are forgotten first (count)


class _State(msgspec.Struct):
    """Of one key: what is left of this minute, and what was used today and this month."""

    requests: float
    tokens: float
    since: float
    day: str
    used: int = 0
    nano: int = 0
    month_nano: int = 0
    new_requests: int = 0
    new_tokens: int = 0
    new_nano: int = 0


class Quota:
    """Buckets that fill evenly over a minute, and budgets of the day and month, which the store keeps.

    Limits a minute are this process's own, unless `shared.py` stands before them; budgets are shared through the
    store, as of the last `settle`. Everything here runs on the event loop; what reads and writes the store may run
    beside it. What requests under way will use is not known before they end, so a budget may be overrun by those.
    """

    def __init__(self, store: Store) -> None:
        self._states: dict[str, _State] = {}
        self._day = today()
        self._before = {one.key: one for one in store.used(self._day)}
        self._spent: Mapping[str, int] = store.spent(self._day[:7])

    def admit(self, key: Key, *, by_minute: bool = True) -> None:
        """Count a request.

        Args:
            key: whose.
            by_minute: its limits a minute are kept here.

        Raises:
            Fault: 429, a limit of the key is reached.
        """
        state = self._state(key)
        _within_budget(key, state)
        if by_minute:
            if key.requests_per_minute and state.requests < 1:
                raise slow("requests", (1 - state.requests) / key.requests_per_minute * MINUTE_S)
            if key.tokens_per_minute and state.tokens <= 0:
                raise slow("tokens", (1 - state.tokens) / key.tokens_per_minute * MINUTE_S)
        state.requests -= 1
        state.new_requests += 1

    def spend(self, key: Key, tokens: int, nano: int = 0) -> None:
        """Count tokens of a request that was answered, and what they cost."""
        state = self._state(key)
        state.tokens -= tokens
        state.used += tokens
        state.nano += nano
        state.month_nano += nano
        state.new_tokens += tokens
        state.new_nano += nano

    def take(self) -> list[Used]:
        """What was used since the last time, to be written."""
        new = []
        for name, state in self._states.items():
            if state.new_requests or state.new_tokens:
                new.append(Used(name, state.day, state.new_requests, state.new_tokens, state.new_nano))
                state.new_requests = state.new_tokens = state.new_nano = 0
        return new

    def put_back(self, taken: Iterable[Used]) -> None:
        """Keep what could not be written, for the next time."""
        for one in taken:
            state = self._states[one.key]
            state.new_requests += one.requests
            state.new_tokens += one.tokens
            state.new_nano += one.nano

    def settle(self, day: str, rows: Iterable[Used], spent: Mapping[str, int]) -> None:
        """Take over what the store says of a day and its month, with what other gateways wrote."""
        used = {one.key: one for one in rows}
        self._day, self._before, self._spent = day, used, spent
        for name, state in self._states.items():
            row = used.get(name)
            state.used = (row.tokens if row is not None else 0) + state.new_tokens
            state.nano = (row.nano if row is not None else 0) + state.new_nano
            state.month_nano = spent.get(name, 0) + state.new_nano
            state.day = day
        if len(self._states) > STATES_LIMIT:
            idle = time.monotonic() - MINUTE_S  # whose buckets are full again
            kept = {
                k: one
                for k, one in self._states.items()
                if one.since > idle or one.new_requests or one.new_tokens
            }
            self._states = kept

    def _state(self, key: Key) -> _State:
        now = time.monotonic()
        state = self._states.get(key.id)
        if state is None:
            before = self._before.get(key.id) or Used(key.id, self._day, 0, 0)
            state = self._states[key.id] = _State(
                key.requests_per_minute,
                key.tokens_per_minute,
                now,
                self._day,
                before.tokens,
                before.nano,
                self._spent.get(key.id, 0),
            )
        passed = (now - state.since) / MINUTE_S
        state.requests = min(key.requests_per_minute, state.requests + passed * key.requests_per_minute)
        state.tokens = min(key.tokens_per_minute, state.tokens + passed * key.tokens_per_minute)
        state.since = now
        return state


def _within_budget(key: Key, state: _State) -> None:
    if key.tokens_per_day and state.used >= key.tokens_per_day:
        raise _used_up("tokens for today")
    if key.money_per_day and state.nano >= key.money_per_day * NANO:
        raise _used_up("money for today")
    if key.money_per_month and state.month_nano >= key.money_per_month * NANO:
        raise _used_up("money for this month")


def _used_up(what: str) -> Fault:
    return Fault(429, "insufficient_quota", f"the key's budget of {what} is used up")


def slow(what: str, seconds: float) -> Fault:
    """The fault for a caller that is too fast."""
    wait = max(1, round(seconds + 0.5))
    return Fault(429, "rate_limit_exceeded", f"too many {what} a minute for this key", retry_after_s=wait)


def today() -> str:
    """The day, UTC, `2026-11-23`."""
    return datetime.now(UTC).strftime("%Y-%m-%d")
