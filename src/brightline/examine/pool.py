"""The parent side of the workers: feeds tasks, watches the clock, replaces the dead, keeps what was found."""

import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from brightline.core.errors import DetectorError
from brightline.core.scratch import keep_sockets_in_scratch, scratch_folder
from brightline.core.subject import Gap, GapKind
from brightline.core.words import Words
from brightline.examine.catalogue import Entry, digest_of
from brightline.examine.journal import read_journal
from brightline.examine.messages import (
    AFTERWARDS,
    MESSAGE_LIMIT_BYTES,
    OPENING,
    Examined,
    Task,
    encode_settings,
)
from brightline.examine.run import Resume
from brightline.examine.unopened import bare_examination
from brightline.settings import Settings, worker_count

WINDOW = 4  # tasks a worker holds, so that it never waits for us
TICK_S = 0.05  # how often the clock is looked at
STILLBORN_LIMIT = 8
GRACE_S = 0.5  # a detector stops itself at its limit; after this much more it is ended


class Pool:
    """Worker processes that examine subjects in isolation.

    >>> with Pool(settings, catalogue()) as pool:  # doctest: +SKIP
    ...     for batch in pool.run(tasks):
    ...         for examined in batch: ...
    """

    def __init__(self, settings: Settings, entries: Sequence[Entry]) -> None:
        self.digest = digest_of(entries, settings)
        self._settings, self._entries = settings, tuple(entries)
        self._encoded = (encode_settings(settings), msgspec.msgpack.encode(tuple(entries)))
        self._context = multiprocessing.get_context("forkserver")
        # Loading the modules once in the server makes a replacement worker start in milliseconds.
        self._context.set_forkserver_preload(
            ["brightline.examine.worker", *(entry.module for entry in entries)]
        )
        # One thread a process: the workers are the parallelism, and a fork must not meet library threads.
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        keep_sockets_in_scratch()
        forkserver.ensure_running()
        self._workers: list[_Worker] = []
        self._stillborn = 0  # workers in a row that died before they began a task

    def __enter__(self) -> Self:
        """Begin; the workers start with the first run, since whoever starts one waits until the modules are loaded."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.end()
            worker.clear()
        self._workers = []

    def start(self) -> None:
        """Start the workers, unless they run; returns when their modules are loaded."""
        if not self._workers:
            self._workers = [self._start() for _ in range(worker_count(self._settings))]

    def change(self, settings: Settings) -> None:
        """Examine under other settings, such as other banks, from the next run on; never while one is under way."""
        self.digest = digest_of(self._entries, settings)
        self._settings = settings
        self._encoded = (encode_settings(settings), self._encoded[1])
        self.__exit__(None, None, None)

    def run(self, tasks: Iterable[Task | None]) -> Iterator[list[Examined]]:
        """Examine tasks, in any order; gives what is done since the last look, and an empty list on idle ticks.

        Args:
            tasks: as they come; None lets the caller take a turn before the next one.
        """
        self.start()
        waiting = iter(tasks)
        exhausted = False
        while True:
            exhausted = exhausted or not self._feed(waiting)
            busy = [worker for worker in self._workers if worker.tasks]
            if exhausted and not busy:
                return
            yield self._collect(busy) if busy else []

    def _feed(self, waiting: Iterator[Task | None]) -> bool:
        """Give tasks to whoever has room; says whether there may be more."""
        while (free := self._freest()) is not None:
            try:
                task = next(waiting)
            except StopIteration:
                return False
            if task is None:
                return True
            free.give(task)
        return True

    def _freest(self) -> "_Worker | None":
        worker = min(self._workers, key=lambda worker: len(worker.tasks))
        return worker if len(worker.tasks) < WINDOW else None

    def _collect(self, busy: Sequence["_Worker"]) -> list[Examined]:
        done: list[Examined] = []
        ready = set(wait([worker.connection for worker in busy], timeout=TICK_S))
        for worker in busy:
            if worker.connection in ready:
                done += worker.receive()
            if worker.gone:
                done += self._replace(worker, GapKind.CRASH)
            elif worker.tasks and worker.overdue(self._settings):
                done += self._replace(worker, GapKind.TIMEOUT)
        return done

    def _replace(self, dead: "_Worker", kind: GapKind) -> list[Examined]:
        """Start a fresh worker with the dead one's tasks; the one that was running goes on after its step."""
        dead.end()
        done = dead.receive()  # what it had said before it died
        fresh = self._start()
        self._workers[self._workers.index(dead)] = fresh
        number, step, since, _ = (dead.progress[index] for index in range(4))
        began = bool(dead.tasks) and number == dead.tasks[0].number
        self._stillborn = 0 if began or done else self._stillborn + 1
        if self._stillborn > STILLBORN_LIMIT:
            raise DetectorError(f"{self._stillborn} workers died before they began; see their messages above")
        if began and step == OPENING:
            done.append(self._unopened(dead.tasks.popleft(), kind))
        elif began:
            task = dead.tasks.popleft()
            spent = time.monotonic() - since
            resume = dead.found_of(task, Resume(int(step), kind, spent_s=spent))
            preview = task.preview and step < AFTERWARDS
            fresh.give(msgspec.structs.replace(task, resume=resume, preview=preview))
        for task in dead.tasks:
            fresh.give(task)
        dead.clear()
        return done

    def _unopened(self, task: Task, kind: GapKind) -> Examined:
        en, zh = (
            ("opening it took too long and was ended", "打开耗时过长，已被终止")
            if kind is GapKind.TIMEOUT
            else ("opening it crashed a process", "打开时导致进程崩溃")
        )
        gap = Gap(source="intake", kind=kind, why=Words(en=en, zh=zh))
        try:
            return Examined(task.number, bare_examination(task, gap, self.digest))
        except OSError as error:
            return Examined(task.number, None, error=f"cannot read `{task.name}`: {error.strerror}")

    def _start(self) -> "_Worker":
        ours, theirs = self._context.Pipe(duplex=True)
        progress = self._context.RawArray("d", [-1.0, OPENING, time.monotonic(), time.monotonic()])
        descriptor, journal = tempfile.mkstemp(".journal", dir=scratch_folder())
        os.close(descriptor)
        process = self._context.Process(
            target=_work, args=(theirs, progress, journal, *self._encoded, self.digest), daemon=True
        )
        try:
            process.start()
        except (EOFError, OSError) as error:
            raise DetectorError("worker processes cannot be started; see the message above") from error
        theirs.close()
        return _Worker(process, ours, progress, Path(journal))


def _work(
    connection: Connection,
    progress: MutableSequence[float],
    journal: str,
    settings: bytes,
    entries: bytes,
    digest: str,
) -> None:
    from brightline.examine.worker import work  # in the worker only: the parent needs no decoders

    work(connection, progress, journal, settings, entries, digest)


class _Worker:
    """One process with its connection, and the tasks it holds, oldest first."""

    def __init__(
        self, process: ForkServerProcess, connection: Connection, progress: Sequence[float], journal: Path
    ) -> None:
        self.process = process
        self.connection = connection
        self.progress = progress
        self.journal = journal
        self.gone = False
        self.tasks: deque[Task] = deque()

    def give(self, task: Task) -> None:
        self.tasks.append(task)
        try:
            self.connection.send_bytes(msgspec.msgpack.encode(task))
        except OSError:
            return  # it is dead; the next look at it finds out and hands its tasks on

    def found_of(self, task: Task, resume: Resume) -> Resume:
        """What was found of a task before the process died, by this one and by those before it."""
        before = task.resume or resume
        findings, gaps = read_journal(self.journal, task.number)
        return msgspec.structs.replace(
            resume, findings=(*before.findings, *findings), gaps=(*before.gaps, *gaps)
        )

    def receive(self) -> list[Examined]:
        """All answers that have come; sees whether the process is gone."""
        done: list[Examined] = []
        try:
            while self.connection.poll():
                data = self.connection.recv_bytes(MESSAGE_LIMIT_BYTES)
                done.append(msgspec.msgpack.decode(data, type=Examined))
                self.tasks.popleft()
        except (EOFError, OSError, msgspec.MsgspecError):
            self.gone = True
        return done

    def overdue(self, settings: Settings) -> bool:
        """Whether the running step, or the whole task, is past its limit and did not stop by itself."""
        number, step, task_since, step_since = (self.progress[index] for index in range(4))
        if number != self.tasks[0].number:
            return False
        now = time.monotonic()
        step_limit = settings.limits.subject_seconds if step == OPENING else settings.limits.detector_seconds
        return (
            now - step_since > step_limit + GRACE_S
            or now - task_since > settings.limits.subject_seconds + GRACE_S
        )

    def end(self) -> None:
        self.process.kill()
        self.process.join()

    def clear(self) -> None:
        """Close and remove what belonged to it, once it has ended."""
        self.connection.close()
        self.journal.unlink(missing_ok=True)
