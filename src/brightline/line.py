"""The line: examine -> decide -> record, for one subject or a stream of them.

A judgement is given out only when its decision is durable in the ledger. A subject that was already judged in the
same context, by the same policy and detectors, is not judged again: its record is given back.
"""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from brightline.core.decision import Decision
from brightline.core.finding import Examination
from brightline.core.receipt import Receipt
from brightline.core.subject import Blob, Context
from brightline.core.wire import digest
from brightline.examine.messages import Examined, PartPreview, Task
from brightline.examine.pool import Pool
from brightline.intake.digests import edge_digest, sha256
from brightline.policy.decide import Policy
from brightline.settings import Settings

BATCH = 256  # decisions that share one durable write
LOOKUP = 64  # jobs that are looked up in the ledger together
BATCH_AGE_S = 0.1  # and how long the first of them may wait for the others
TURN_S = 0.05  # how long the workers wait to be heard while a digest is computed


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a door was told to judge.

    Attributes:
        name: what people call it.
        context: as the door knows it.
        path: a file; or
        data: the bytes themselves, at most 32 KiB.
        again: judge it even if the ledger has it already.
    """

    name: str
    context: Context
    path: str = ""
    data: bytes = b""
    again: bool = False


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a job.

    Attributes:
        job: the job.
        examination: findings and gaps; None when its bytes could not be read.
        decision: None when its bytes could not be read.
        receipt: proof that the decision is in the ledger; None when its bytes could not be read.
        error: why its bytes could not be read, or empty.
        recorded_before: the decision was in the ledger already.
        previews: for the report.
        seconds: time its examination took.
    """

    job: Job
    examination: Examination | None = None
    decision: Decision | None = None
    receipt: Receipt | None = None
    error: str = ""
    recorded_before: bool = False
    previews: tuple[PartPreview, ...] = ()
    seconds: float = 0.0


class Keyed(msgspec.Struct, frozen=True):
    """A decision on its way into the ledger.

    The key makes recording it twice the same as once; without one it is recorded again.
    """

    examination: Examination
    decision: Decision
    key: str


class Known(msgspec.Struct, frozen=True):
    """What the ledger already holds under a key."""

    examination: Examination
    decision: Decision
    receipt: Receipt


class Line:
    """Everything between a door and the ledger."""

    def __init__(
        self,
        *,
        pool: Pool,
        policy_of: Callable[[Context], Policy],
        limit_bytes: int,
        record: Callable[[Sequence[Keyed]], Sequence[Receipt]],
        known: Callable[[Sequence[str]], Mapping[str, Known]],
    ) -> None:
        """Put the parts together.

        Args:
            pool: examines.
            policy_of: the policy that is in force for a context at this moment.
            limit_bytes: a larger file is known by its size and ends, because nobody is going to read it.
            record: makes decisions durable.
            known: finds decisions that were recorded under the same key.
        """
        self._pool = pool
        self._policy_of = policy_of
        self._limit_bytes = limit_bytes
        self._record = record
        self._known = known

    def start(self) -> None:
        """Start the workers now, so that the first job does not wait for them."""
        self._pool.start()

    def change(self, settings: Settings) -> None:
        """Examine under other settings, such as other banks, from the next job on; never while jobs are under way."""
        self._pool.change(settings)
        self._pool.start()

    def judge(self, jobs: Iterable[Job], *, preview: bool = False) -> Iterator[Judgement]:
        """Judge jobs as they come; judgements come in the order in which they are done.

        Raises:
            LedgerError: a decision could not be made durable; nothing of that batch was given out.
        """
        under_way = _UnderWay()
        settled: deque[Judgement] = deque()
        pending: list[Examined] = []
        since = 0.0
        for batch in self._pool.run(self._tasks(jobs, under_way, settled, preview=preview)):
            yield from _drain(settled)
            if batch and not pending:
                since = time.monotonic()
            pending += batch
            if len(pending) >= BATCH or (pending and time.monotonic() - since >= BATCH_AGE_S):
                yield from self._settle(pending, under_way)
                pending = []
        yield from _drain(settled)
        yield from self._settle(pending, under_way)

    def _tasks(
        self, jobs: Iterable[Job], under_way: "_UnderWay", settled: deque[Judgement], *, preview: bool
    ) -> Iterator[Task | None]:
        """The jobs that need judging; the others go to `settled` at once."""
        number = 0
        waiting = iter(jobs)
        while chunk := list(islice(waiting, LOOKUP)):
            for keyed in self._keyed(chunk, settled, preview=preview):
                job = keyed.job
                if under_way.join(keyed.key, job):
                    continue
                number += 1
                under_way.begin(number, keyed)
                yield Task(
                    number=number,
                    digest=keyed.digest,
                    path=os.fsencode(job.path),
                    data=job.data,
                    name=job.name,
                    context=job.context,
                    preview=preview,
                )
            yield None  # let what is settled be given out

    def _keyed(
        self, chunk: Sequence[Job], settled: deque[Judgement], *, preview: bool
    ) -> Iterator["_KeyedJob"]:
        """Jobs that need a worker, with their keys and what the ledger knows of them; the others are settled.

        A job that the ledger knows needs a worker only to draw its preview.
        """
        keyed: list[tuple[Job, str, str, Policy]] = []
        for job in chunk:
            try:
                content = _digest_of(job, self._limit_bytes)
            except OSError as error:
                settled.append(Judgement(job=job, error=f"cannot read `{job.name}`: {error.strerror}"))
                continue
            # What makes two jobs the same: bytes, context without its time, policy and detectors.
            context = msgspec.structs.replace(job.context, time="")
            policy = self._policy_of(job.context)
            key = digest([content, context, policy.digest, self._pool.digest])
            keyed.append((job, content, key, policy))
        known = self._known([key for job, _, key, _ in keyed if not job.again])
        for job, content, key, policy in keyed:
            if key in known and not preview:
                settled.append(_from_record(job, known[key]))
            else:
                yield _KeyedJob(job, content, key, known.get(key), policy)

    def _settle(self, examined: Sequence[Examined], under_way: "_UnderWay") -> Iterator[Judgement]:
        """Decide, record, and only then give out."""
        if not examined:
            return
        judged = [
            (done, done.examination)
            for done in examined
            if done.examination is not None and under_way.known(done.number) is None
        ]
        keyed = [
            Keyed(
                examination,
                under_way.policy(done.number).decide(examination),
                under_way.record_key(done.number, examination),
            )
            for done, examination in judged
        ]
        receipts = self._record(keyed) if keyed else ()
        recorded = {
            done.number: (one.decision, receipt)
            for (done, _), one, receipt in zip(judged, keyed, receipts, strict=True)
        }
        for done in examined:
            before = under_way.known(done.number)
            for place, job in enumerate(under_way.end(done.number)):
                if before is not None:
                    yield msgspec.structs.replace(_from_record(job, before), previews=done.previews)
                    continue
                if done.number not in recorded:
                    yield Judgement(job=job, error=done.error)
                    continue
                decision, receipt = recorded[done.number]
                yield Judgement(
                    job=job,
                    examination=done.examination,
                    decision=decision,
                    receipt=receipt,
                    recorded_before=place > 0,
                    previews=done.previews,
                    seconds=done.seconds,
                )


class _KeyedJob(msgspec.Struct, frozen=True):
    job: Job
    digest: str  # of the bytes
    key: str
    known: Known | None
    policy: Policy  # that its key names: it decides even if another comes into force meanwhile


def _digest_of(job: Job, limit_bytes: int) -> str:
    if not job.path:
        return hashlib.sha256(job.data).hexdigest()
    blob = Blob(path=Path(job.path))
    return sha256(blob) if blob.size <= limit_bytes else edge_digest(blob)


class _UnderWay:
    """Jobs that are being examined; those with the same key share one examination."""

    def __init__(self) -> None:
        self._jobs: dict[int, list[Job]] = {}
        self._keyed: dict[int, _KeyedJob] = {}
        self._numbers: dict[str, int] = {}

    def begin(self, number: int, keyed: _KeyedJob) -> None:
        self._jobs[number], self._keyed[number], self._numbers[keyed.key] = [keyed.job], keyed, number

    def join(self, key: str, job: Job) -> bool:
        """Let a job wait for the same one that is under way; says whether there is one."""
        if key not in self._numbers:
            return False
        self._jobs[self._numbers[key]].append(job)
        return True

    def record_key(self, number: int, examination: Examination) -> str:
        """The key to record under.

        None for a job that is to be judged again, nor for a file that changed after its key was made: the decision is
        about other bytes than the key says.
        """
        keyed = self._keyed[number]
        changed = examination.facts.digest != keyed.digest
        return "" if keyed.job.again or changed else keyed.key

    def known(self, number: int) -> Known | None:
        """What the ledger held of it before."""
        return self._keyed[number].known

    def policy(self, number: int) -> Policy:
        """What decides it."""
        return self._keyed[number].policy

    def end(self, number: int) -> list[Job]:
        del self._numbers[self._keyed.pop(number).key]
        return self._jobs.pop(number)


def _from_record(job: Job, known: Known) -> Judgement:
    return Judgement(
        job=job,
        examination=known.examination,
        decision=known.decision,
        receipt=known.receipt,
        recorded_before=True,
    )


def _drain(settled: deque[Judgement]) -> Iterator[Judgement]:
    while settled:
        yield settled.popleft()
