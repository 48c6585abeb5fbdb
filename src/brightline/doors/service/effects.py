"""What happens by itself: decisions take effect, notices are delivered, content whose time is over is erased."""

import asyncio
import contextlib
import importlib
import ipaddress
import logging
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from brightline.core.decision import Action
from brightline.core.errors import BrightlineError
from brightline.doors.service import record
from brightline.doors.service.quality import close_golden, serve_golden
from brightline.doors.service.state import State
from brightline.review import appeals, cases, content, outbox, scores, submissions
from brightline.review.appeals import Appeal, Outcome
from brightline.review.cases import Case
from brightline.review.outbox import Notice
from brightline.review.store import now_ms

if TYPE_CHECKING:
    from aiohttp import ClientSession

LOGGER = logging.getLogger(__name__)
TICK_S = 0.5
SWEEP_S = 600.0  # between two looks for content whose retention has ended
SOME = 64  # cases, or notices, a turn
DELIVERY_S = 10.0  # a receiver may take
LEASE_S = 60.0  # of a notice


async def keep_effects(state: State) -> None:
    """Let decisions whose undo window has closed take effect, until cancelled."""
    while True:
        try:
            await asyncio.to_thread(take_effect, state)
            await asyncio.to_thread(serve_golden, state)
        except BrightlineError as error:
            LOGGER.warning("effects: %s", error)
        except Exception:
            # A fault of ours must not end the loop: what was due stays due, and the next turn takes it up again.
            LOGGER.exception("effects: failed")
        await asyncio.sleep(TICK_S)


def take_effect(state: State) -> int:
    """Record due decisions and outcomes of appeals in the ledger, close and announce cases; says how many.

    A crash between the two leaves the case decided: the next turn records it under the same key, which is once. One that
    fails rests, is told of, and comes again; the others go on.
    """
    resting = state.resting.now()
    with state.store.reading() as connection:
        due = cases.due_for_effect(connection, SOME, resting)
        contested = appeals.unrecorded(connection, SOME, resting)
    done = 0
    for case in due:
        done += _tried(state, case, partial(_close, state, case))
    for appeal in contested:
        done += _tried(state, appeal, partial(_record_appeal, state, appeal))
    return done


def _tried(state: State, one: Case | Appeal, deed: Callable[[], None]) -> bool:
    """Do it; a failure is told, once to people and each time to operators."""
    try:
        deed()
    except Exception as error:
        times = state.resting.failed(one.id)
        LOGGER.exception("effects: `%s` failed %d times, it comes again", one.id, times)
        if times == 1:
            _tell_stuck(state, one, type(error).__name__)
        return False
    state.resting.worked(one.id)
    return True


def _tell_stuck(state: State, one: Case | Appeal, why: str) -> None:
    """Tell the case's page and the hooks; where even that fails, the log has it."""
    facts = {"case" if isinstance(one, Case) else "appeal": one.id, "submission": one.submission, "why": why}
    with contextlib.suppress(BrightlineError), state.store.writing() as connection:
        if isinstance(one, Case):
            cases.add_event(connection, one.id, None, "stuck", {"why": why})
        if isinstance(one, Appeal) or not one.golden:  # nobody outside is told of golden cases
            outbox.announce(connection, one.tenant, "decision.stuck", facts)


def _close(state: State, case: Case) -> None:
    with state.store.reading() as connection:
        submission = submissions.get(connection, case.submission, case.tenant)
        ruling = cases.ruling_of(connection, case.id)
    if case.golden:
        close_golden(state, case, submission, ruling)
        return
    receipt = record.write(state, *record.decided(state, case, submission, ruling))
    with state.store.writing() as connection:
        if cases.close(connection, case.id, receipt.index):
            scores.answer(connection, case.submission, ruling.action, ruling.reason or case.harm)
            facts = {
                "case": case.id, "submission": case.submission, "action": ruling.action.value,
                "asked": case.asked, "reason": ruling.reason, "entry": receipt.index, "leaf": receipt.leaf,
            }  # fmt: skip
            outbox.announce(connection, case.tenant, "case.decided", facts)


def _record_appeal(state: State, appeal: Appeal) -> None:
    with state.store.reading() as connection:
        submission = submissions.get(connection, appeal.submission, appeal.tenant)
    receipt = record.write(state, *record.contested(state, appeal, submission))
    with state.store.writing() as connection:
        appeals.recorded(connection, appeal.id, receipt.index)
        if appeal.outcome == Outcome.UPHELD:
            scores.answer(connection, submission.id, Action.ALLOW, submission.harm)


async def keep_delivering(state: State) -> None:
    """Deliver notices until cancelled."""
    session: ClientSession | None = None
    try:
        while True:
            try:
                notices = await asyncio.to_thread(outbox.lease_notices, state.store, SOME, LEASE_S)
                if notices:
                    session = session or await _client()
                    await asyncio.gather(*(_deliver(state, session, notice) for notice in notices))
            except BrightlineError as error:
                LOGGER.warning("notices: %s", error)
                notices = []
            except Exception:
                # A fault of ours must not end the loop: what was due stays due, and the next turn takes it up again.
                LOGGER.exception("notices: failed")
                notices = []
            if not notices:
                await asyncio.sleep(TICK_S)
    finally:
        if session is not None:
            await session.close()


async def _client() -> "ClientSession":
    """Made with the first notice: loading the library takes a tenth of a start."""
    aiohttp = await asyncio.to_thread(importlib.import_module, "aiohttp")
    timeout = aiohttp.ClientTimeout(total=DELIVERY_S)
    made: ClientSession = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
    return made


async def _deliver(state: State, session: "ClientSession", notice: Notice) -> None:
    from aiohttp import ClientError  # loaded already, with the client

    if not (state.setting.egress or is_loopback(notice.url)):
        said = "not sent: `service.egress` is off and the address is beyond loopback"
        await asyncio.to_thread(outbox.refused, state.store, notice, said, state.setting)
        return
    headers = {
        "content-type": "application/json",
        "brightline-event": notice.event,
        "brightline-signature": outbox.signature(notice.secret, int(time.time()), notice.body),
    }
    try:
        async with session.post(
            notice.url, data=notice.body, headers=headers, allow_redirects=False
        ) as answer:
            taken, said = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES, str(answer.status)
    except (ClientError, TimeoutError, ValueError) as error:
        taken, said = False, type(error).__name__
    if taken:
        await asyncio.to_thread(outbox.delivered, state.store, notice.id, said)
    else:
        await asyncio.to_thread(outbox.refused, state.store, notice, said, state.setting)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine by number or as `localhost`: a name could be made to lead anywhere.

    >>> is_loopback("http://127.0.0.1:9/x"), is_loopback("http://example.com/")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def keep_sweeping(state: State) -> None:
    """Erase content whose retention has ended, until cancelled."""
    while True:
        try:
            while await asyncio.to_thread(content.erase_due, state.store, now_ms()) == content.ERASED_LIMIT:
                pass
        except BrightlineError as error:
            LOGGER.warning("retention: %s", error)
        except Exception:
            # A fault of ours must not end the loop: what was due stays due, and the next turn takes it up again.
            LOGGER.exception("retention: failed")
        await asyncio.sleep(SWEEP_S)
