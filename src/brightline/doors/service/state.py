"""What one running service holds: the house, the store, and those who wait for a decision."""

import asyncio
import contextlib
import math
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from brightline.assembly import House
from brightline.core.errors import ConflictError
from brightline.doors.service.resting import Resting
from brightline.doors.service.rules import Rules
from brightline.doors.service.worker import Worker
from brightline.policy.decide import Policy
from brightline.review import submissions
from brightline.review.store import Store
from brightline.review.submissions import Accepted, Offer
from brightline.settings_service import ServiceSetting

BATCH = 128  # submissions that become durable together
WAITING = 2048  # that may wait for the disk; more are told to come again
FETCHES_AT_ONCE = 4  # of URLs; each may hold `service.upload_bytes`
BUCKETS = 10_000  # callers whose rate is remembered
POLL_S = 0.2  # between looks for a decision that another process makes

Names = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives all addresses of a host."""


@dataclass
class State:
    """Shared by all requests of one process."""

    house: House
    store: Store
    review_policy: Policy
    worker: Worker | None = None
    intake: "Intake" = field(init=False)
    waiters: "Waiters" = field(init=False)
    rates: "Rates" = field(init=False)
    rules: Rules = field(init=False)
    names: Names | None = None  # in place of the system's resolver, when URLs are fetched
    resting: Resting = field(default_factory=Resting)  # decisions that could not take effect yet
    fetches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FETCHES_AT_ONCE))

    def __post_init__(self) -> None:
        self.intake = Intake(self.store, self.setting)
        self.waiters = Waiters()
        self.rules = Rules(self.house, self.store)
        self.rates = Rates(self.setting.requests_per_minute)

    @property
    def setting(self) -> ServiceSetting:
        """The table `[service]`."""
        return self.house.settings.service


class Intake:
    """Many requests' submissions in one durable transaction: a disk syncs some hundred times a second, no more."""

    def __init__(self, store: Store, setting: ServiceSetting) -> None:
        self._store, self._setting = store, setting
        self._queue: asyncio.Queue[tuple[Offer, asyncio.Future[Accepted]]] = asyncio.Queue(WAITING)

    async def accept(self, offer: Offer) -> Accepted:
        """Durable when it returns.

        Raises:
            ConflictError: the key names another request.
            LedgerError: the database failed.
            asyncio.QueueFull: too many wait already.
        """
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((offer, future))
        return await future

    async def run(self) -> None:
        """Write batches until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            offers = [offer for offer, _ in batch]
            try:
                done = await asyncio.to_thread(submissions.accept, self._store, offers, self._setting)
            except Exception as error:
                # Whatever it is, each request of the batch hears of it as a failure (5xx) and none as accepted; the loop
                # goes on, since without it every later request would wait for ever.
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), one in zip(batch, done, strict=True):
                if future.done():
                    continue
                if isinstance(one, ConflictError):
                    future.set_exception(one)
                else:
                    future.set_result(one)


class Waiters:
    """Requests that wait for their submission's decision."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._events: dict[str, list[asyncio.Event]] = defaultdict(list)

    def begin(self) -> None:
        """Belong to the loop that runs now."""
        self._loop = asyncio.get_running_loop()

    def told(self, ids: Sequence[str]) -> None:
        """These are decided; called from the worker's thread."""
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop is ending, and nobody waits any more
                self._loop.call_soon_threadsafe(self._wake, list(ids))

    async def wait(self, submission: str, seconds: float) -> None:
        """Return when it may be decided, or after a while."""
        event = asyncio.Event()
        self._events[submission].append(event)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), min(seconds, POLL_S))
        finally:
            waiting = self._events.get(submission, [])
            if event in waiting:
                waiting.remove(event)
            if not waiting:
                self._events.pop(submission, None)

    def _wake(self, ids: Sequence[str]) -> None:
        for one in ids:
            for event in self._events.get(one, ()):
                event.set()


class Rates:
    """Requests a minute of each caller, as a bucket that refills."""

    def __init__(self, per_minute: int, name: str = "requests") -> None:
        self._most, self._name = float(per_minute), name
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> float:
        """0 when the request may go on, otherwise the seconds to wait."""
        now = time.monotonic()
        left, since = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + (now - since) * self._most / 60)
        allowed = left >= 1
        self._buckets[caller] = (left - 1 if allowed else left, now)
        if len(self._buckets) > BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self._most

    def fields(self, caller: str) -> dict[str, str]:
        """What an answer's head says of it: the policy, the requests left, and the seconds until all are there again.

        Source: IETF draft-ietf-httpapi-ratelimit-headers-10, 3 and 4.
        """
        left, _ = self._buckets.get(caller, (self._most, 0.0))
        full_s = math.ceil((self._most - left) * 60 / self._most)
        return {
            "ratelimit-policy": f'"{self._name}";q={int(self._most)};w=60',
            "ratelimit": f'"{self._name}";r={int(left)};t={full_s}',
        }
