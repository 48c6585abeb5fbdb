"""Group commit: decisions that come while the last batch is being written share the next durable write."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from brightline.core.decision import Decision
from brightline.core.errors import LedgerError
from brightline.core.finding import Examination
from brightline.core.receipt import Receipt
from brightline.doors.gateway.judge import Judged
from brightline.exchange.faults import Fault

BATCH = 256  # decisions of one durable write
Write = Callable[[Sequence[tuple[Examination, Decision]]], Sequence[Receipt]]


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    judged: Judged
    done: "asyncio.Future[Receipt]"


class Recorder:
    """Writes to the ledger beside the event loop; one write at a time.

    Attributes:
        written: decisions that are durable since the start.
        batches: durable writes since the start.
    """

    def __init__(self, write: Write, *, queue_limit: int) -> None:
        self._write, self._limit = write, queue_limit
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._task: asyncio.Task[None] | None = None
        self.written = 0
        self.batches = 0

    def begin(self, judged: Judged) -> "asyncio.Future[Receipt]":
        """Have a decision written; the receipt comes when it is durable.

        A result that nobody waits for any more is no error of anybody's.

        Raises:
            Fault: 503, too many are waiting.
        """
        if len(self._waiting) >= self._limit:
            raise Fault(503, "overloaded", "the ledger has too much to write", retry_after_s=1)
        done = asyncio.get_running_loop().create_future()
        done.add_done_callback(_seen)
        self._waiting.append(_Waiting(judged, done))
        self._wake.set()
        return done

    async def record(self, judged: Judged) -> Receipt:
        """Write a decision; returns when it is durable.

        Raises:
            Fault: 503, it could not be made durable.
        """
        return await receipt_of(self.begin(judged))

    def start(self) -> None:
        """Begin writing."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Write what is waiting, and end."""
        if self._task is not None:
            while self._waiting and not self._task.done():
                await asyncio.wait([one.done for one in self._waiting])
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            if not self._waiting:
                self._wake.clear()
            pairs = [(one.judged.examination, one.judged.decision) for one in batch]
            writing = loop.run_in_executor(self._thread, self._write, pairs)
            try:
                receipts = await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait([writing])
                raise
            except Exception as error:  # whatever it was, nothing of this batch is durable
                for one in batch:
                    _settle(one.done, error)
                continue
            self.written += len(batch)
            self.batches += 1
            for one, receipt in zip(batch, receipts, strict=True):
                _settle(one.done, receipt)


async def receipt_of(recording: "asyncio.Future[Receipt]") -> Receipt:
    """The receipt of a decision that is being written; hanging up does not undo the write.

    Raises:
        Fault: 503, it could not be made durable: what was decided is not given out.
    """
    try:
        return await asyncio.shield(recording)
    except LedgerError as error:
        raise Fault(503, "ledger_unavailable", "the ledger cannot be written") from error


def _settle(done: "asyncio.Future[Receipt]", outcome: Receipt | Exception) -> None:
    if done.done():
        return
    if isinstance(outcome, Exception):
        done.set_exception(
            outcome if isinstance(outcome, LedgerError) else LedgerError(type(outcome).__name__)
        )
    else:
        done.set_result(outcome)


def _seen(done: "asyncio.Future[Receipt]") -> None:
    if not done.cancelled():
        done.exception()
