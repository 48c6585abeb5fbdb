"""Puts the service together and runs it."""

import contextlib
from collections.abc import Callable, Iterator

import uvicorn

from brightline.assembly import House, assemble
from brightline.core.errors import SettingsError
from brightline.doors.listening import Server
from brightline.doors.patience import Patient
from brightline.doors.service.app import make_app
from brightline.doors.service.bounds import PACE, Pace
from brightline.doors.service.state import State
from brightline.doors.service.worker import Worker
from brightline.policy.decide import compile_policy, policy_bytes
from brightline.policy.packs import load_packs
from brightline.review.store import Store, open_store
from brightline.settings import Settings

REVIEW_PACK = "house/review"
DRAIN_S = 20  # requests under way may take, after the signal to end


@contextlib.contextmanager
def open_state(settings: Settings) -> Iterator[State]:
    """House, store and worker, opened; ended in turn.

    Raises:
        BrightlineError: one of the parts cannot be had; the message says which.
    """
    with assemble(settings) as house, open_store(settings) as store:
        yield make_state(house, store)


def make_state(house: House, store: Store) -> State:
    """A state over an open house and store."""
    policy = compile_policy(load_packs([REVIEW_PACK]))
    house.ledger.save_policy(policy.digest, policy_bytes(policy))
    state = State(house=house, store=store, review_policy=policy)
    state.rules.refresh()  # a promoted policy decides from the first submission on
    if house.settings.service.workers:
        state.worker = Worker(house, store, state.waiters.told, state.rules)
    return state


def config_of(state: State, host: str, port: int, pace: Pace = PACE) -> uvicorn.Config:
    """How the service is served: connections that say nothing end soon, and no proxy's word is taken for an address."""
    return uvicorn.Config(
        make_app(state, pace), host=host, port=port, http=Patient, ws="none", access_log=False, log_config=None,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=DRAIN_S, lifespan="on",
    )  # fmt: skip


def run(settings: Settings, ready: Callable[[int], None]) -> None:
    """Serve until told to stop; requests and submissions under way are then finished.

    Raises:
        BrightlineError: one of the parts cannot be had.
        SettingsError: the address cannot be listened on.
    """
    setting = settings.service
    with open_state(settings) as state:
        server = Server(config_of(state, setting.host, setting.port))
        server.ready = ready
        try:
            server.run()
        except SystemExit as error:  # uvicorn's way to say that it cannot listen
            raise SettingsError(f"cannot listen on `{setting.host}:{setting.port}`: is it taken?") from error
