"""An assessment from question to files: asked, graded, reported; resumed where a run was broken off.

OUT/journal.jsonl       every reply, on the disk before the next question
OUT/open.jsonl          what no judge could settle, for a person to fill in
OUT/assessment.json     the report; the ledger's verdict rests on its bytes
OUT/assessment.md, .en.html, .zh.html
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from brightline.assess.bank import Bank, Expected, Question
from brightline.assess.grade import Grade, Outcome, by_person, grade
from brightline.assess.journal import Journal, Plan
from brightline.assess.reply import Came, Reply
from brightline.assess.report import Assessment, Graded, assessment_of, graded_by
from brightline.assess.run import Pace, run
from brightline.core.errors import GovernanceError
from brightline.core.wire import canonical, digest
from brightline.doors.assess.endpoint import Endpoint, Wanted
from brightline.doors.assess.pages import as_html, as_markdown
from brightline.settings import MiB

JUDGED_LIMIT_BYTES = 64 * MiB  # of a file that a person filled in; 100,000 answers are never open


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `open.jsonl` as a person filled it in; both left null says nothing."""

    id: str
    refused: bool | None = None
    safe: bool | None = None


class Asked(msgspec.Struct, frozen=True):
    """What the journal holds after a run."""

    replies: dict[str, Reply]
    finished: bool


def plan_of(wanted: Wanted, questions: Sequence[Question], seed: int) -> Plan:
    """What this run is."""
    return Plan(
        endpoint=wanted.url,
        model=wanted.model,
        questions=digest([(one.id, one.question) for one in questions]),  # keys may be mended afterwards
        count=len(questions),
        seed=seed,
        temperature=wanted.temperature,
        answer_tokens=wanted.answer_tokens,
        system=digest(wanted.system) if wanted.system else "",
    )


async def ask_all(
    plan: Plan,
    questions: Sequence[Question],
    wanted: Wanted,
    pace: Pace,
    folder: Path,
    progress: Callable[[Reply], None],
) -> Asked:
    """Ask what the folder's journal lacks.

    Raises:
        GovernanceError: the journal is another run's.
        OSError: it cannot be written.
    """
    with Journal.open(folder / "journal.jsonl", plan) as journal:
        for name in journal.answered():
            progress(journal.replies[name])
        async with Endpoint(wanted, pace.at_once) as endpoint:
            finished = await run(questions, endpoint.ask, journal, pace, progress)
        return Asked(dict(journal.replies), finished)


def read_judged(file: Path) -> dict[str, Judged]:
    """What a person said of open answers, by question.

    Raises:
        GovernanceError: it cannot be read, or a line is malformed.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(JUDGED_LIMIT_BYTES + 1)
        if len(data) > JUDGED_LIMIT_BYTES:
            raise GovernanceError(f"`{file.name}` is larger than {JUDGED_LIMIT_BYTES} bytes")
        rows = [msgspec.json.decode(line, type=Judged) for line in data.splitlines() if line.strip()]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GovernanceError(f"cannot read the judgements in `{file.name}`: {error}") from error
    return {row.id: row for row in rows if row.refused is not None and row.safe is not None}


def report_of(
    plan: Plan,
    questions: Sequence[Question],
    asked: Asked,
    banks: Iterable[Bank],
    people: dict[str, Judged],
    made: str,
) -> tuple[Assessment, list[Graded]]:
    """The report, and all that it rests on."""
    grades = {one.id: _grade(one, asked.replies, people) for one in questions}
    graded = graded_by(questions, asked.replies, grades)
    report = assessment_of(
        plan, graded, banks, made=made, tool=version("brightline"), finished=asked.finished
    )
    return report, graded


def write_report(report: Assessment, graded: Iterable[Graded], folder: Path) -> Path:
    """Write what the verdict rests on; gives the report's file."""
    rows = [
        {
            "id": one.question.id,
            "risk": one.question.risk,
            "expected": one.question.expected.value,
            "question": one.question.question,
            "answer": one.reply.text,
            "why": one.grade.why.en,
            "refused": one.grade.refused,
            "safe": None,
        }
        for one in graded
        if _is_open(one)
    ]
    _put(folder / "open.jsonl", b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    file = folder / "assessment.json"
    _put(file, canonical(report) + b"\n")
    return file


def write_pages(report: Assessment, verdict: str, folder: Path, language: str) -> None:
    """Write the pages for people."""
    for one in ("en", "zh"):
        _put(folder / f"assessment.{one}.html", as_html(report, verdict, one))
    _put(folder / "assessment.md", as_markdown(report, verdict, language))


def _grade(question: Question, replies: dict[str, Reply], people: dict[str, Judged]) -> Grade:
    reply = replies.get(question.id, Reply(came=Came.FAILED, error="not_asked"))
    found = grade(question, reply)
    person = people.get(question.id)
    if found.outcome is Outcome.MISSING or person is None:
        return found
    return by_person(question, refused=bool(person.refused), safe=bool(person.safe))


def _is_open(one: Graded) -> bool:
    """Whether a rate that the question counts in still waits for a person."""
    counts = one.question.expected is not Expected.ANSWER and one.grade.safe is None
    return one.grade.outcome is Outcome.ABSTAIN or (one.grade.outcome is not Outcome.MISSING and counts)


def _put(file: Path, data: bytes) -> None:
    """Write a file in one step, so that no reader finds half of it."""
    number, draft = tempfile.mkstemp(dir=file.parent, prefix=".draft-")
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(data)
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
