"""The worker: leases submissions, sends them down the line, and writes down what became of them.

What dies with a worker is leased again by another; what it had recorded already is found in the ledger by its job key.
"""

import contextlib
import logging
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from brightline.assembly import House
from brightline.core.decision import Decision, Severity
from brightline.core.errors import BrightlineError
from brightline.core.finding import Examination
from brightline.core.scratch import scratch_folder
from brightline.doors.answer import caught_by
from brightline.doors.service.rules import Rules
from brightline.line import Job, Judgement
from brightline.review import content, submissions
from brightline.review.store import Store
from brightline.review.submissions import Judged, Leased

LOGGER = logging.getLogger(__name__)
BATCH = 64  # submissions that are leased together
IN_MEMORY_BYTES = 32 * 1024  # larger ones go to the workers through a file
IDLE_S = 0.25  # between two looks at an empty queue
FAILED_S = 2.0  # after the database or the ledger failed


class Worker:
    """One thread over the house's line; `stop` lets what is under way finish."""

    def __init__(
        self, house: House, store: Store, told: Callable[[Sequence[str]], None], rules: Rules
    ) -> None:
        """Put it together.

        Args:
            house: its line examines, decides and records.
            store: the queue.
            told: hears of the ids that were completed, from the worker's thread.
            rules: what runs in shadow, and the banks that the line should know.
        """
        self.name = f"{socket.gethostname()[:20]}/{os.getpid()}/{secrets.token_hex(4)}"
        self._house, self._store, self._told, self._rules = house, store, told, rules
        self._setting = house.settings.service
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to lease."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """Lease nothing more, and wait for what is under way."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        self._house.line.start()
        while not self._stop.is_set():
            try:
                self._rules.apply(self._house.line)
                held = submissions.lease(self._store, self.name, BATCH, self._setting)
                if held:
                    self._judge(held)
                else:
                    self._wake.wait(IDLE_S)
                    self._wake.clear()
            except BrightlineError as error:  # a lost database comes back; the leases run out meanwhile
                LOGGER.warning("worker: %s", error)
                self._stop.wait(FAILED_S)
            except Exception:
                # A full disk, or a fault of ours. A worker that ended here would leave a service that takes in and judges
                # nothing; so it goes on, the leases run out, and what fails each time is dead and a person gets it.
                LOGGER.exception("worker: failed, leases run out")
                self._stop.wait(FAILED_S)

    def _judge(self, held: Sequence[Leased]) -> None:
        with tempfile.TemporaryDirectory(dir=scratch_folder()) as folder, self._heartbeat(held):
            jobs: dict[int, Leased] = {}
            kept: list[Job] = []  # by identity: two submissions may be equal
            for one in held:
                if (job := self._job(one, Path(folder))) is not None:
                    jobs[id(job)] = one
                    kept.append(job)
            for judgement in self._house.line.judge(kept):
                self._settle(jobs[id(judgement.job)], judgement)

    def _job(self, one: Leased, folder: Path) -> Job | None:
        """The submission as a job; None where its bytes are gone, and then it is dead."""
        try:
            pieces = content.read(self._store, one.content, one.tenant)
            first = next(pieces, b"")
            if len(first) <= IN_MEMORY_BYTES:
                return Job(name=one.name, context=one.context, data=first)
            path = folder / one.id
            with path.open("xb") as file:
                file.write(first)
                for piece in pieces:
                    file.write(piece)
            return Job(name=one.name, context=one.context, path=str(path))
        except BrightlineError as error:
            submissions.fail(self._store, self.name, one.id, str(error), self._setting)
            return None

    def _settle(self, one: Leased, judgement: Judgement) -> None:
        done = judged(one.id, judgement)
        if done is None:
            submissions.fail(self._store, self.name, one.id, judgement.error, self._setting)
            self._told([one.id])
        else:
            beside = self._rules.beside(one.tenant, judgement)
            self._told(submissions.complete(self._store, self.name, [done], self._setting, beside))

    @contextlib.contextmanager
    def _heartbeat(self, held: Sequence[Leased]) -> Iterator[None]:
        """Extend the leases while somebody works on them."""
        over = threading.Event()
        ids = [one.id for one in held]

        def beat() -> None:
            while not over.wait(self._setting.lease_seconds / 3):
                try:
                    submissions.extend(self._store, self.name, ids, self._setting)
                except BrightlineError as error:
                    LOGGER.warning("worker: %s", error)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def judged(submission: str, judgement: Judgement) -> Judged | None:
    """What a row keeps of a judgement; None when the bytes could not be read."""
    examination, decision, receipt = judgement.examination, judgement.decision, judgement.receipt
    if examination is None or decision is None or receipt is None:
        return None
    strongest = _strongest(examination, decision)
    return Judged(
        id=submission,
        entry=receipt.index,
        leaf=receipt.leaf,
        digest=examination.facts.digest,
        kind=examination.facts.kind.value,
        action=decision.action,
        harm=strongest[0],
        severity=max((match.severity for match in decision.matches), default=Severity.LOW).value,
        probability=strongest[1],
        gaps=decision.gaps,
        seconds=round(judgement.seconds, 4),
    )


def _strongest(examination: Examination, decision: Decision) -> tuple[str, float]:
    """Harm and probability of the finding that weighed most in the strictest rules."""
    strict = [match for match in decision.matches if match.action == decision.action]
    found = [
        examination.findings[at]
        for match in strict
        for at in match.findings
        if examination.findings[at].harm is not None
    ]
    if not found or not caught_by(decision):
        found = [finding for finding in examination.findings if finding.harm is not None] if strict else []
    best = max(found, key=lambda finding: finding.probability, default=None)
    return (best.harm.value, best.probability) if best is not None and best.harm is not None else ("", 0.0)
