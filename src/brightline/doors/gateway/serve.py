"""Puts the gateway together and runs it: opens ledger and keys, serves, and at the end lets what is under way finish."""

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import uvicorn

from brightline.assembly import open_ledger, policy_in_force
from brightline.core.decision import Decision
from brightline.core.errors import LedgerError, SettingsError
from brightline.core.finding import Examination
from brightline.core.receipt import Receipt
from brightline.doors.gateway.app import App
from brightline.doors.gateway.client import Client
from brightline.doors.gateway.judge import Judge
from brightline.doors.gateway.keys import Keyring, load_secret
from brightline.doors.gateway.logs import LOGGER
from brightline.doors.gateway.quota import Quota, today
from brightline.doors.gateway.recorder import Recorder
from brightline.doors.gateway.state import State
from brightline.doors.gateway.store import Store
from brightline.doors.gateway.transport import bounded_protocol
from brightline.doors.gateway.upstreams import Pool, Upstream
from brightline.ledger.ledger import Ledger
from brightline.policy.decide import policy_bytes
from brightline.settings import Settings
from brightline.settings_gateway import GatewaySetting, read_key

REFRESH_S = 1.0  # between two looks at the store: so long a revoked key may still work
_ENDS = (signal.SIGINT, signal.SIGTERM)
BACKLOG = 2_048  # connections that the system holds while we are busy


class Gateway:
    """The gateway of some settings."""

    def __init__(self, settings: Settings) -> None:
        """Load policy, detectors and keys.

        Raises:
            BrightlineError: something of it cannot be had.
        """
        self._settings = settings
        self._upstream_keys = _upstream_keys(settings.gateway)
        self._store = Store(settings)
        self._keys = Keyring(self._store, load_secret(settings.home))
        self._judge: Judge | None = None
        self._ledger: Ledger | None = None
        if settings.gateway.guards:
            policy = policy_in_force(settings)
            self._judge = Judge(settings, policy)
            self._ledger = open_ledger(settings)
            self._ledger.save_policy(policy.digest, policy_bytes(policy))
        self._app = App()
        self._server = _Server(_config(self._app, settings.gateway))

    def run(self, ready: Callable[[int], None] | None = None) -> None:
        """Serve until told to stop; `ready` hears the port.

        Raises:
            SettingsError: the address cannot be listened on.
        """
        gc.freeze()  # what was loaded lives as long as we do, and need not be walked again and again
        try:
            asyncio.run(self._run(ready))
        finally:
            self._store.close()
            if self._ledger is not None:
                self._ledger.close()

    def stop(self) -> None:
        """Take no more requests, let those under way finish, and end; from any thread."""
        if self._app.state is not None:
            self._app.state.is_draining = True
        self._server.should_exit = True

    async def _run(self, ready: Callable[[int], None] | None) -> None:
        async with self._state() as state:
            self._app.state = state
            background = [
                asyncio.create_task(one) for one in (self._refresh(state), self._check_health(state))
            ]
            self._server.ready = ready
            try:
                await self._server.serve()
            except SystemExit as error:  # uvicorn's way to say that it cannot listen
                if self._server.started:
                    raise
                setting = self._settings.gateway
                raise SettingsError(f"cannot listen on `{setting.host}` port {setting.port}") from error
            finally:
                state.is_draining = True
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)

    @asynccontextmanager
    async def _state(self) -> AsyncIterator[State]:
        setting = self._settings.gateway
        pool = Pool(setting.upstreams, self._upstream_keys, setting.limits)
        recorder = None
        if self._ledger is not None:
            recorder = Recorder(_writer(self._ledger), queue_limit=setting.limits.ledger_queue)
            recorder.start()
        state = State(
            settings=self._settings,
            keys=self._keys,
            quota=Quota(self._store),
            pool=pool,
            client=Client(pool),
            judge=self._judge,
            recorder=recorder,
        )
        try:
            yield state
        finally:
            await state.client.close()
            if recorder is not None:
                await recorder.close()
            with contextlib.suppress(LedgerError):
                self._store.add_used(state.quota.take())

    async def _refresh(self, state: State) -> None:
        """Hear of new and revoked keys, and share what was used."""
        while True:
            await asyncio.sleep(REFRESH_S)
            taken = state.quota.take()
            day = today()
            try:
                if taken:
                    await asyncio.to_thread(self._store.add_used, taken)
                taken = []
                await asyncio.to_thread(self._keys.load)
                rows = await asyncio.to_thread(self._store.used, day)
            except LedgerError as error:  # the keys that we know stay in force; next time more
                LOGGER.getChild("errors").error("store of keys: %s", error)
                state.quota.put_back(taken)
            else:
                state.quota.settle(day, rows)

    async def _check_health(self, state: State) -> None:
        asked = [one for one in state.pool.upstreams if one.setting.health_seconds > 0]
        await asyncio.gather(*(_keep_checking(state.client, one) for one in asked))


class _Server(uvicorn.Server):
    """Says when it listens, and where: port 0 is whichever is free; a signal to end is an orderly end and no failure."""

    ready: Callable[[int], None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in _ENDS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _ENDS:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.ready is not None and self.started:
            self.ready(self.servers[0].sockets[0].getsockname()[1])


async def _keep_checking(client: Client, upstream: Upstream) -> None:
    while True:
        await client.check(upstream)
        await asyncio.sleep(upstream.setting.health_seconds)


def _writer(ledger: Ledger) -> Callable[[Sequence[tuple[Examination, Decision]]], Sequence[Receipt]]:
    def write(batch: Sequence[tuple[Examination, Decision]]) -> Sequence[Receipt]:
        return ledger.record(batch)

    return write


def _upstream_keys(setting: GatewaySetting) -> dict[str, str]:
    try:
        return {one.name: read_key(one) for one in setting.upstreams}
    except OSError as error:
        raise SettingsError(f"cannot read the key file `{error.filename}`: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(str(error)) from error


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
