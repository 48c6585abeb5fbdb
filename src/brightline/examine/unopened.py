"""What can be said of a subject that could not be opened: its digest, its size, and the gap that says why."""

import os
from pathlib import Path

from brightline.core.finding import Examination
from brightline.core.subject import Blob, Gap, Kind, Subject, facts_of
from brightline.examine.messages import Task
from brightline.intake.digests import sha256


def bare_subject(task: Task, gap: Gap) -> Subject:
    """What is known of a subject that could not be opened: its digest and size, and the gap that says why.

    Raises:
        OSError: it cannot even be read.
    """
    blob = Blob(path=Path(os.fsdecode(task.path))) if task.path else Blob(task.data)
    return Subject(
        digest=task.digest or sha256(blob),
        size_bytes=blob.size,
        kind=Kind.UNKNOWN,
        name=task.name,
        context=task.context,
        gaps=(gap,),
        blob=blob,
    )


def bare_examination(task: Task, gap: Gap, digest: str) -> Examination:
    """The examination of a subject whose opening killed a worker.

    Raises:
        OSError: the bytes cannot be read.
    """
    subject = bare_subject(task, gap)
    return Examination(
        facts=facts_of(subject), context=task.context, findings=(), gaps=(gap,), detectors=digest
    )
