"""One worker process: opens and examines subjects one after the other, with no network and bounded memory.

A crash or hang of a native decoder ends this process and not the line. The pool reads from `progress` which task
and step were running.
"""

import logging
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import msgspec

from brightline.core.alarm import StepTimeout, ring_again, time_limit
from brightline.core.errors import IntakeError
from brightline.core.finding import Examination, Finding, Span
from brightline.core.subject import Blob, Gap, GapKind, Subject
from brightline.core.words import Words
from brightline.examine.catalogue import Entry
from brightline.examine.journal import Journal
from brightline.examine.messages import (
    AFTERWARDS,
    MESSAGE_LIMIT_BYTES,
    OPENING,
    Examined,
    PartPreview,
    Task,
    decode_settings,
)
from brightline.examine.run import Loaded, examine, load_all, nodes
from brightline.examine.sandbox import (
    deny_network,
    die_with_parent,
    give_back_memory,
    limit_cores,
    limit_memory,
)
from brightline.examine.unopened import bare_subject
from brightline.intake.open import open_file, open_subject
from brightline.media.preview import preview
from brightline.settings import Settings

PREVIEWS_PER_SUBJECT = 8  # parts that a report shows of one subject
PREVIEW_SECONDS = 3.0  # a picture is a courtesy


class Progress(Protocol):
    """Shared memory: [task number, step number, start of task, start of step], times by the monotonic clock."""

    def __setitem__(self, index: int, value: float, /) -> None: ...
    def __getitem__(self, index: int, /) -> float: ...


def work(
    connection: Connection, progress: Progress, journal: str, settings: bytes, entries: bytes, digest: str
) -> None:
    """Serve tasks until the connection closes.

    Args:
        connection: tasks in, replies out.
        progress: four shared doubles.
        journal: the file that keeps what is found, in case this process dies.
        settings: encoded Settings.
        entries: encoded catalogue entries.
        digest: digest of the detectors in force.
    """
    sys.unraisablehook = ring_again
    # Pillow tells standard error of oddities that our findings and gaps tell better.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    die_with_parent()  # the fork server, which ends when the pool's process ends
    limit_cores()
    give_back_memory()
    frozen = decode_settings(settings)
    detectors = load_all(msgspec.msgpack.decode(entries, type=tuple[Entry, ...]), frozen)
    limit_memory(frozen.limits.worker_memory_bytes)
    deny_network()
    kept = Journal(journal)
    while True:
        try:
            data = connection.recv_bytes(MESSAGE_LIMIT_BYTES)
        except EOFError:
            return
        task = msgspec.msgpack.decode(data, type=Task)
        reply = _serve(task, kept, progress, detectors, frozen, digest)
        connection.send_bytes(msgspec.msgpack.encode(reply))


def _serve(
    task: Task,
    journal: Journal,
    progress: Progress,
    detectors: Sequence[Loaded],
    settings: Settings,
    digest: str,
) -> Examined:
    began = time.monotonic()
    spent = task.resume.spent_s if task.resume is not None else 0.0
    progress[0], progress[1], progress[2], progress[3] = task.number, OPENING, began - spent, began
    journal.begin(task.number)
    try:
        subject = _open(task, settings)
    except (IntakeError, OSError) as error:
        return Examined(task.number, None, error=str(error)[:500])

    def report(step: int, item: Finding | Gap | None) -> None:
        if item is None:
            progress[1], progress[3] = step, time.monotonic()
        else:
            journal.keep(item)

    examination = examine(
        subject,
        detectors,
        settings,
        digest,
        report=report,
        resume=task.resume,
        deadline=began - spent + settings.limits.subject_seconds,
    )
    progress[1], progress[3] = AFTERWARDS, time.monotonic()
    previews = _previews(subject, examination) if task.preview else ()
    return Examined(task.number, examination, previews=previews, seconds=time.monotonic() - began + spent)


def _open(task: Task, settings: Settings) -> Subject:
    try:
        if task.path:
            return open_file(
                Path(os.fsdecode(task.path)),
                name=task.name,
                context=task.context,
                limits=settings.limits,
                digest=task.digest,
            )
        return open_subject(Blob(task.data), name=task.name, context=task.context, limits=settings.limits)
    except MemoryError:
        limit = settings.limits.worker_memory_bytes // 2**20
        words = Words(
            en=f"opening it needs more than {limit} MiB of memory", zh=f"打开它需要超过 {limit} MiB 内存"
        )
        return bare_subject(task, Gap(source="intake", kind=GapKind.LIMIT, why=words))


def _previews(subject: Subject, examination: Examination) -> tuple[PartPreview, ...]:
    wanted = {"", *(finding.part for finding in examination.findings)}
    drawn: list[PartPreview] = []
    try:
        with time_limit(PREVIEW_SECONDS):
            for part, node in nodes(subject):
                if len(drawn) >= PREVIEWS_PER_SUBJECT:
                    break
                if part in wanted:
                    drawn.append(PartPreview(part, preview(node, _spans(examination, part))))
    except (StepTimeout, MemoryError):
        return tuple(drawn)
    return tuple(drawn)


def _spans(examination: Examination, part: str) -> list[Span]:
    found = (finding for finding in examination.findings if finding.part == part)
    return [place for finding in found for place in finding.where if isinstance(place, Span)]
