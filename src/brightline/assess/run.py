"""Asks the questions: so many at once, each so often, and waits where the service asks for it.

What no attempt answers is written down as failed and asked again by the next run. When the endpoint gives nothing but
failures the run gives up early, and what was not asked counts as missing.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from brightline.assess.bank import Question
from brightline.assess.journal import Journal
from brightline.assess.reply import Ask, Came, Reply

PAUSE_S = 1.0  # before the second attempt; doubled before each further one
PAUSE_MOST_S = 60.0  # the longest pause, also of those that a service asks for


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a run asks.

    Attributes:
        at_once: questions under way together.
        attempts: at each question.
        give_up: failures in a row after which nothing more is asked.
        pause_s: before the second attempt, seconds.
    """

    at_once: int = 4
    attempts: int = 3
    give_up: int = 20
    pause_s: float = PAUSE_S


class _State:
    """What the askers of one run share."""

    def __init__(self, left: Sequence[Question]) -> None:
        self.left = list(reversed(left))
        self.failed_in_row = 0
        self.quiet_until = 0.0  # the service asked for silence until then, by the monotonic clock


async def run(
    questions: Sequence[Question],
    ask: Ask,
    journal: Journal,
    pace: Pace,
    progress: Callable[[Reply], None] = lambda _: None,
) -> bool:
    """Ask all that the journal lacks; True when every question was tried, False when the run gave up.

    Raises:
        OSError: the journal cannot be written.
    """
    known = journal.answered()
    state = _State([one for one in questions if one.id not in known])

    async def asker() -> None:
        while state.left and state.failed_in_row < pace.give_up:
            question = state.left.pop()
            reply = await _asked(question, ask, pace, state)
            journal.add(question.id, reply)
            state.failed_in_row = state.failed_in_row + 1 if reply.came is Came.FAILED else 0
            progress(reply)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(pace.at_once, len(state.left))):
                group.create_task(asker())
    except ExceptionGroup as several:  # one says it: the others only stand in the same trouble
        raise several.exceptions[0] from several
    return not state.left


async def _asked(question: Question, ask: Ask, pace: Pace, state: _State) -> Reply:
    """The first reply that is none of failure, or the last failure."""
    reply = Reply(came=Came.FAILED, error="not_asked")
    for attempt in range(pace.attempts):
        await asyncio.sleep(max(0.0, state.quiet_until - time.monotonic()))
        reply = await ask(question)
        if reply.came is not Came.FAILED or not reply.again or state.failed_in_row >= pace.give_up:
            break
        if reply.wait_s:
            state.quiet_until = max(state.quiet_until, time.monotonic() + min(reply.wait_s, PAUSE_MOST_S))
        elif attempt + 1 < pace.attempts:
            await asyncio.sleep(min(pace.pause_s * 2**attempt, PAUSE_MOST_S))
    return reply
