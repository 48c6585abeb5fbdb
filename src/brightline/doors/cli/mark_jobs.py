"""Many files to be marked: which goes where, and a pool of processes that survives a file that kills one."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import msgspec

from brightline.core.errors import BrightlineError
from brightline.core.preview import Preview
from brightline.core.scratch import keep_sockets_in_scratch
from brightline.doors.answer import ANSWER_VERSION, Answer
from brightline.doors.cli.mark_options import is_refusal
from brightline.doors.cli.walk import regular_files
from brightline.doors.mark_answer import Ending, MarkAnswer, answer_of
from brightline.marking.draft import Progress, is_draft
from brightline.marking.inventory import open_subject_at
from brightline.marking.order import Order
from brightline.marking.write import mark_file
from brightline.media.preview import preview
from brightline.settings import Settings, worker_count

_PRELOADED = (
    __name__, "brightline.provenance.c2pa", "brightline.provenance.generators", "brightline.provenance.explicit",
)  # fmt: skip
_AHEAD = 4  # files handed to each worker beyond the one at hand


class MarkJob(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be marked, and where it goes."""

    source: Path
    target: Path
    order: Order
    settings: Settings
    previews: bool = False


class MarkReply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, and how it looks before and after where that was asked for."""

    answer: MarkAnswer
    before: Preview | None = None
    after: Preview | None = None


def mark_one(job: MarkJob, progress: Progress | None = None) -> MarkReply:
    """Mark one file; a failure is an answer too."""
    try:
        outcome = mark_file(job.source, job.target, job.order, job.settings, progress)
    except BrightlineError as error:
        ending = Ending.REFUSED if is_refusal(error) else Ending.FAILED
        return MarkReply(answer=_unmarked(job, str(error), ending))
    except OSError as error:
        return MarkReply(answer=_unmarked(job, f"{error.strerror or error}", Ending.FAILED))
    except MemoryError:
        return MarkReply(answer=_unmarked(job, "it takes more memory than there is", Ending.FAILED))
    if not job.previews:
        return MarkReply(answer=answer_of(outcome))
    before = None if job.order.in_place else _seen(job.source, job.settings)
    return MarkReply(
        answer=answer_of(outcome), before=before, after=_seen(Path(outcome.target), job.settings)
    )


def mark_all(jobs: Iterable[MarkJob], settings: Settings) -> Iterator[MarkReply]:
    """Mark files in a pool, in order; a file that kills its worker fails alone."""
    waiting = iter(jobs)
    count = worker_count(settings)
    while True:
        unanswered: list[MarkJob] = []
        with _pool(count) as pool:
            yield from _pooled(pool, waiting, count * _AHEAD, unanswered)
        if not unanswered:
            return
        yield from (_alone(job) for job in unanswered)


def _pooled(
    pool: ProcessPoolExecutor, waiting: Iterator[MarkJob], most: int, unanswered: list[MarkJob]
) -> Iterator[MarkReply]:
    """Replies until there are no more jobs, or a worker dies: then those without a reply are in `unanswered`."""
    running: deque[Future[MarkReply]] = deque()
    with suppress(BrokenProcessPool):
        while True:
            for job in islice(waiting, most - len(running)):
                unanswered.append(job)
                running.append(pool.submit(mark_one, job))
            if not running:
                return
            reply = running.popleft().result()
            del unanswered[0]
            yield reply


def _alone(job: MarkJob) -> MarkReply:
    """One file in a process of its own."""
    with _pool(1) as pool:
        try:
            return pool.submit(mark_one, job).result()
        except BrokenProcessPool:
            return MarkReply(answer=_unmarked(job, "it ended the process that marked it", Ending.FAILED))


def jobs_of(
    paths: tuple[str, ...],
    out: Path | None,
    order: Order,
    settings: Settings,
    problems: list[Answer],
    *,
    previews: bool,
) -> Iterator[MarkJob]:
    """Each file with its target: itself in place, the file `out`, or its own place below the folder `out`."""
    into_folder = out is not None and is_folder_target(paths, out)
    for path in paths:
        top = Path(path)
        for file in mark_files(path, problems):
            source = Path(file)
            if is_draft(source) or (out is not None and into_folder and lies_in(source, out)):
                continue  # our own
            if out is None:
                target = source
            elif into_folder:
                target = out / (source.relative_to(top) if top.is_dir() else Path(path).name)
                with suppress(OSError):  # told when the file is written
                    target.parent.mkdir(parents=True, exist_ok=True)
            else:
                target = out
            yield MarkJob(
                source=source if top.is_dir() else top,
                target=target,
                order=order,
                settings=settings,
                previews=previews,
            )


def mark_files(path: str, problems: list[Answer]) -> Iterator[str]:
    """Regular files at or below a path, in name order, as `scan` walks them.

    A link that is named is followed. Links below a folder are not, so nothing outside it is touched; those that lead
    out of it or nowhere are told as problems, as are pipes and devices: people may think that these were marked.
    """
    links: list[str] = []
    others: list[str] = []
    yield from regular_files(path, problems, links, others)
    problems += [_aside(link, "a link that leads nowhere") for link in links if not Path(link).exists()]
    problems += [
        _aside(link, "a link that leads out of the folder and is not followed: name what it leads to")
        for link in links
        if Path(link).exists()
    ]
    problems += [_aside(other, "neither a file nor a folder") for other in others]


def _aside(path: str, why: str) -> Answer:
    return Answer(version=ANSWER_VERSION, name=path, error=why, complete=False)


def is_folder_target(paths: tuple[str, ...], out: Path) -> bool:
    """Whether `out` is to be a folder: it is one, or more than one file is to go there."""
    return out.is_dir() or len(paths) > 1 or any(Path(path).is_dir() for path in paths)


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path lies in a folder, links resolved."""
    return os.path.realpath(path).startswith(os.path.realpath(folder) + os.sep)


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Workers; an error or a signal to end drops what they have not begun."""
    # A fork server: a forked copy of a process with threads, as a progress bar has, may hang.
    context = get_context("forkserver")
    context.set_forkserver_preload([*_PRELOADED])  # loaded once, not once a worker
    keep_sockets_in_scratch()
    pool = ProcessPoolExecutor(max_workers=count, mp_context=context)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _seen(path: Path, settings: Settings) -> Preview | None:
    try:
        return preview(open_subject_at(path, settings))
    except BrightlineError:
        return None


def _unmarked(job: MarkJob, why: str, ending: Ending) -> MarkAnswer:
    return MarkAnswer(name=str(job.source), ending=ending, error=why, complete=False)
