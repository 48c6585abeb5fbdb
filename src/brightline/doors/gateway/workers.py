"""Pictures and sounds go to the line's worker processes, beside the event loop; what they say comes back in time or is a gap.

The workers start with the first picture or sound, since most gateways see none and their libraries take memory.
"""

import asyncio
import hashlib
import logging
import queue
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import msgspec

from brightline.core.finding import Examination
from brightline.core.scratch import scratch_folder
from brightline.core.subject import Context
from brightline.examine.catalogue import catalogue
from brightline.examine.messages import DATA_LIMIT_BYTES, Task
from brightline.examine.pool import Pool
from brightline.settings import Settings

REMEMBERED = (
    1_024  # examinations kept by tenant and digest: a conversation is sent again with each turn (count)
)
IDLE_S = 0.5  # how long the feeding thread waits for the next when nothing is under way
BUSY_S = 0.001  # and when something is: the pool itself waits for its workers
LOGGER = logging.getLogger("brightline.gateway.errors")
Result = Future[Examination | None]


class Busy(Exception):  # noqa: N818 - says what is, and is nobody's fault
    """Too much waits already."""


class Workers:
    """Examines bytes in processes of their own."""

    def __init__(self, settings: Settings) -> None:
        setting = settings.gateway
        self._settings = msgspec.structs.replace(settings, jobs=setting.media_workers)
        self._waiting: queue.Queue[tuple[Task, Result]] = queue.Queue(setting.limits.media_queue)
        self._under_way: dict[int, tuple[Result, str]] = {}
        self._seen: OrderedDict[tuple[str, str], Examination] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._ends = threading.Event()

    async def examine(self, data: bytes, name: str, context: Context) -> Examination | None:
        """Findings and gaps of some bytes; None when the workers could not be had.

        Raises:
            Busy: the queue is full.
        """
        digest = await asyncio.to_thread(_sha256, data)
        key = (context.tenant, digest)
        known = self._seen.get(key)
        if known is not None:
            self._seen.move_to_end(key)
            return msgspec.structs.replace(known, context=context)
        self._start()
        examined = await asyncio.wrap_future(await asyncio.to_thread(self._give, data, name, context))
        if examined is not None and not examined.gaps:
            self._seen[key] = examined
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return examined

    def close(self) -> None:
        """End the workers; waits for the thread that feeds them."""
        self._ends.set()
        if self._thread is not None:
            self._thread.join()

    def _give(self, data: bytes, name: str, context: Context) -> Result:
        done: Result = Future()
        path = ""
        if len(data) > DATA_LIMIT_BYTES:
            with tempfile.NamedTemporaryFile(dir=scratch_folder(), delete=False) as file:
                file.write(data)
            path, data = file.name, b""
        task = Task(number=0, context=context, path=path.encode(), data=data, name=name)
        try:
            self._waiting.put_nowait((task, done))
        except queue.Full:
            if path:
                Path(path).unlink(missing_ok=True)
            raise Busy from None
        return done

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="media", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                with Pool(self._settings, catalogue()) as pool:
                    for batch in pool.run(self._tasks()):
                        for one in batch:
                            self._settle(one.number, one.examination)
            except Exception:  # the workers are gone: who waits hears it, the next one starts them anew
                LOGGER.exception("workers for pictures and sounds")
            self._give_up()

    def _tasks(self) -> Iterator[Task | None]:
        number = 0
        while not self._ends.is_set():
            try:
                task, done = self._waiting.get(timeout=BUSY_S if self._under_way else IDLE_S)
            except queue.Empty:
                yield None
                continue
            if done.cancelled():  # who asked has no time left
                _clear(task.path)
                continue
            number += 1
            self._under_way[number] = (done, task.path.decode())
            yield msgspec.structs.replace(task, number=number)

    def _settle(self, number: int, examination: Examination | None) -> None:
        done, path = self._under_way.pop(number)
        _clear(path.encode())
        if done.set_running_or_notify_cancel():
            done.set_result(examination)

    def _give_up(self) -> None:
        for number in [*self._under_way]:
            self._settle(number, None)


def _clear(path: bytes) -> None:
    if path:
        Path(path.decode()).unlink(missing_ok=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
