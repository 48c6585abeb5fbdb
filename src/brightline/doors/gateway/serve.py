"""Puts the gateway together and runs it: opens ledger and keys, serves, and at the end lets what is under way finish."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager

import uvicorn

from brightline.assembly import open_ledger
from brightline.core.decision import Decision
from brightline.core.errors import BrightlineError, LedgerError, PolicyError, SettingsError
from brightline.core.finding import Examination
from brightline.core.receipt import Receipt
from brightline.doors.gateway.app import App
from brightline.doors.gateway.client import Client
from brightline.doors.gateway.conduct import Conduct
from brightline.doors.gateway.contents import Contents
from brightline.doors.gateway.further import Further
from brightline.doors.gateway.guards import Guards
from brightline.doors.gateway.keys import Keyring, load_secret
from brightline.doors.gateway.logs import LOGGER
from brightline.doors.gateway.metrics import Metrics
from brightline.doors.gateway.parts import Parts, load_parts, refuse_fixed
from brightline.doors.gateway.quota import Quota, today
from brightline.doors.gateway.recorder import Recorder
from brightline.doors.gateway.running import Notice
from brightline.doors.gateway.shared import Shared
from brightline.doors.gateway.state import Load, State
from brightline.doors.gateway.store import Store
from brightline.doors.gateway.telemetry import telemetry_for
from brightline.doors.gateway.transport import bounded_protocol
from brightline.doors.gateway.upstreams import Pool, Upstream
from brightline.doors.gateway.workers import Workers
from brightline.doors.listening import Server
from brightline.ledger.ledger import Ledger
from brightline.settings import Settings
from brightline.settings_gateway import GatewaySetting

REFRESH_S = 1.0  # between two looks at the store: so long a revoked key may still work
ERASE_S = 3600.0  # between two looks for contents whose time is over
_ERRORS = LOGGER.getChild("errors")
BACKLOG = 2_048  # connections that the system holds while we are busy


class Gateway:
    """The gateway of some settings."""

    def __init__(self, settings: Settings, reread: Callable[[], Settings] | None = None) -> None:
        """Load policy, detectors and keys.

        Args:
            settings: as they were read.
            reread: reads them anew, for a reload; without it the same ones are loaded again.

        Raises:
            BrightlineError: something of it cannot be had.
        """
        self._settings = settings
        self._reread = reread or (lambda: settings)
        self._store = Store(settings)
        self._keys = Keyring(self._store, load_secret(settings.home))
        self._ledger: Ledger | None = open_ledger(settings) if settings.gateway.guards else None
        self._parts = load_parts(settings, self._ledger)
        self._contents = Contents(settings, self._store)
        self._conduct = Conduct(self._store.engine)
        self._telemetry = telemetry_for(settings.gateway.telemetry)
        self._app = App()
        self._server = Server(_config(self._app, settings.gateway))
        self._load = Load()
        self._tasks: set[asyncio.Task[None]] = set()
        self._health: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._notice: Notice | None = None
        self._reloading = asyncio.Lock()

    def run(self, ready: Callable[[int], None] | None = None) -> None:
        """Serve until told to stop; `ready` hears the port.

        Raises:
            SettingsError: the address cannot be listened on.
        """
        gc.freeze()  # what was loaded lives as long as we do, and need not be walked again and again
        try:
            asyncio.run(self._run(ready))
        finally:
            self._contents.close()
            self._telemetry.close()
            self._store.close()
            if self._ledger is not None:
                self._ledger.close()

    def stop(self) -> None:
        """Take no more requests, let those under way finish, and end; from any thread."""
        self._load.is_draining = True
        self._server.should_exit = True

    def reload(self) -> "Future[None]":
        """Read settings, policy and keys anew; from any thread.

        Requests under way go on as they began. When something of the new cannot be had, all stays as it was.

        Raises:
            BrightlineError: through the future; why nothing was changed.
        """
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(self._reload(), self._loop)

    async def _run(self, ready: Callable[[int], None] | None) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._state() as state:
            await self._parts.people.ask()
            self._app.state = state
            self._watch_health(state)
            background = [asyncio.create_task(one) for one in (self._refresh(), self._expire())]
            self._server.ready = lambda port: self._ready(port, ready)
            self._server.reload = self._reload_logged
            try:
                await self._server.serve()
            except SystemExit as error:  # uvicorn's way to say that it cannot listen
                if self._server.started:
                    raise
                setting = self._settings.gateway
                raise SettingsError(f"cannot listen on `{setting.host}` port {setting.port}") from error
            finally:
                self._load.is_draining = True
                await self._end(
                    [*background, *self._tasks, *([self._health] if self._health is not None else [])]
                )
                if self._notice is not None:
                    self._notice.close()

    async def _end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ready(self, port: int, ready: Callable[[int], None] | None) -> None:
        try:
            self._notice = Notice(self._settings.home, port)
        except OSError as error:  # nobody can tell us to reload by the command; a signal still can
            _ERRORS.error("no notice in `%s`: %s", self._settings.home, error.strerror)
        if ready is not None:
            ready(port)

    @asynccontextmanager
    async def _state(self) -> AsyncIterator[State]:
        setting = self._settings.gateway
        recorder = None
        if self._ledger is not None:
            recorder = Recorder(_writer(self._ledger), queue_limit=setting.limits.ledger_queue)
            recorder.start()
        shared = Shared(setting.shared_limits) if setting.shared_limits else None
        first = self._made_of(self._parts, Quota(self._store), Metrics(), recorder, shared, None)
        try:
            yield first
        finally:
            state = self._app.state or first
            await state.client.close()
            await state.further.close()
            if recorder is not None:
                await recorder.close()
            if shared is not None:
                await shared.close()
            with contextlib.suppress(LedgerError):
                self._store.add_used(state.quota.take())

    def _made_of(
        self,
        parts: Parts,
        quota: Quota,
        metrics: Metrics,
        recorder: Recorder | None,
        shared: Shared | None,
        before: Pool | None,
    ) -> State:
        setting = parts.settings.gateway
        pool = Pool(setting.upstreams, parts.upstream_keys, setting.limits, before)
        workers = Workers(parts.settings) if setting.media_workers and setting.guards else None
        return State(
            settings=parts.settings,
            keys=self._keys,
            quota=quota,
            pool=pool,
            client=Client(pool),
            people=parts.people,
            further=Further(setting, Guards(setting.guard_models, parts.guard_keys), workers),
            contents=self._contents,
            conduct=self._conduct,
            judges=parts.judges,
            recorder=recorder,
            metrics=metrics,
            shared=shared,
            telemetry=self._telemetry,
            load=self._load,
        )

    async def _reload(self) -> None:
        async with self._reloading:
            old = self._app.state
            assert old is not None
            parts = await asyncio.to_thread(self._load_again)
            await parts.people.ask()
            await asyncio.to_thread(self._keys.load)
            new = self._made_of(parts, old.quota, old.metrics, old.recorder, old.shared, old.pool)
            self._parts, self._settings = parts, parts.settings
            self._app.state = new
            self._watch_health(new)
            self._keep(asyncio.create_task(_retire(old)))

    def _load_again(self) -> Parts:
        settings = self._reread()
        refuse_fixed(self._settings, settings)
        return load_parts(settings, self._ledger)

    async def _reload_logged(self) -> None:
        """A reload by signal or command: what comes of it is told in the log, the metrics and the notice."""
        said = ""
        try:
            await self._reload()
        except BrightlineError as error:
            said = str(error)
            _ERRORS.error("reload: %s", said)
        except Exception as error:  # whatever it was, the old settings stay in force
            said = type(error).__name__
            _ERRORS.exception("reload")
        else:
            _ERRORS.info("reload: settings, policy and keys were read anew")
        if self._app.state is not None:
            self._app.state.metrics.count("reloads_total", (("outcome", "failed" if said else "done"),))
        if self._notice is not None:
            self._notice.reloaded(said)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refresh(self) -> None:
        """Hear of new and revoked keys, and share what was used."""
        while True:
            await asyncio.sleep(REFRESH_S)
            state = self._app.state
            assert state is not None
            taken = state.quota.take()
            day = today()
            try:
                if taken:
                    await asyncio.to_thread(self._store.add_used, taken)
                taken = []
                await asyncio.to_thread(self._keys.load)
                if state.judges is not None:
                    await asyncio.to_thread(state.judges.prepare, self._keys.policies)
                rows = await asyncio.to_thread(self._store.used, day)
                spent = await asyncio.to_thread(self._store.spent, day[:7])
            except (LedgerError, PolicyError) as error:  # the keys that we know stay in force; next time more
                _ERRORS.error("store of keys: %s", error)
                state.quota.put_back(taken)
            else:
                state.quota.settle(day, rows, spent)
            await state.people.ask()

    async def _expire(self) -> None:
        """Destroy what was kept long enough, at the start and every hour."""
        while True:
            try:
                gone = await asyncio.to_thread(self._contents.expire)
                if gone:
                    _ERRORS.info("contents: %d whose time was over are erased", gone)
            except (BrightlineError, OSError) as error:
                _ERRORS.error("contents: %s", error)
            await asyncio.sleep(ERASE_S)

    def _watch_health(self, state: State) -> None:
        if self._health is not None:
            self._health.cancel()
        asked = [one for one in state.pool.upstreams if one.setting.health_seconds > 0]

        async def watch() -> None:
            await asyncio.gather(*(_keep_checking(state.client, one) for one in asked))

        self._health = asyncio.create_task(watch())


async def _retire(old: State) -> None:
    """Close what only requests of before a reload used, when the last of them has ended."""
    old.is_retired = True
    while old.in_flight:  # noqa: ASYNC110 - rare, and nothing on the way of a request has to tell us
        await asyncio.sleep(REFRESH_S / 10)
    await old.client.close()
    await old.further.close()


async def _keep_checking(client: Client, upstream: Upstream) -> None:
    while True:
        await client.check(upstream)
        await asyncio.sleep(upstream.setting.health_seconds)


def _writer(ledger: Ledger) -> Callable[[Sequence[tuple[Examination, Decision]]], Sequence[Receipt]]:
    def write(batch: Sequence[tuple[Examination, Decision]]) -> Sequence[Receipt]:
        return ledger.record(batch)

    return write


def _config(app: App, setting: GatewaySetting) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=setting.host,
        port=setting.port,
        http=bounded_protocol(setting.limits),
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=int(setting.limits.drain_seconds) + 1,
    )
