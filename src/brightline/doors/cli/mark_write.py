"""`brightline mark write`: write marks on files, to another place or in place, and read them back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import click

from brightline.doors.answer import Answer
from brightline.doors.cli.mark_jobs import MarkJob, MarkReply, jobs_of, mark_all, mark_one
from brightline.doors.cli.mark_options import MarkTally, order_of, order_options
from brightline.doors.cli.mark_show import MarkShow
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.mark_answer import Ending, MarkAnswer
from brightline.settings import Settings


@click.command(name="write")
@click.argument("paths", nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File or folder for the marked files.")
@click.option("--in-place", is_flag=True, help="Replace each file by its marked self, in one step.")
@order_options
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML report.")
@click.option("--json", "as_json", is_flag=True, help="Answers as JSON Lines on standard output.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes [default: one for each core].")
@click.option("--quiet", is_flag=True, help="Only what was refused or failed.")
@settings_options
def write(
    paths: tuple[str, ...],
    out: Path | None,
    report: Path | None,
    jobs: int | None,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
    *,
    in_place: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Mark PATHS, files or folders: to OUT, or in place.

    Each file is written anew beside its target, read back field by field, compared with what it carried before, and
    put into place in one step; nothing is ever removed. A second run of the same command changes nothing. Links below a
    folder are not followed; those that lead out of it, and pipes, are told and make the exit code 2.
    """
    if (out is None) is not in_place:
        raise click.UsageError("say where marked files go: -o OUT, or --in-place")
    settings = read_settings(settings_file, home=home, language=language, jobs=jobs)
    order = order_of(settings, options, in_place=in_place)
    problems: list[Answer] = []
    tally = MarkTally()
    with (
        MarkShow(language=settings.language, quiet=quiet, as_json=as_json) as show,
        _Reports(report, settings.language) as reports,
    ):
        found = jobs_of(paths, out, order, settings, problems, previews=report is not None)
        for reply in _replies(paths, found, settings, show):
            count(reply.answer, tally)
            show.see(reply.answer)
            reports.add(reply)
        for problem in problems:
            answer = unread(problem)
            count(answer, tally)
            show.see(answer)
            reports.add(MarkReply(answer=answer))
        reports.finish()
        show.finish()
    return tally.exit


def _replies(
    paths: tuple[str, ...], found: Iterator[MarkJob], settings: Settings, show: MarkShow
) -> Iterator[MarkReply]:
    """One file is marked right here, with its progress shown; several in a pool."""
    if len(paths) == 1 and not Path(paths[0]).is_dir():
        yield from (mark_one(job, show.progress) for job in found)
    else:
        yield from mark_all(found, settings)


def count(answer: MarkAnswer, tally: MarkTally) -> None:
    """Take one answer into account."""
    tally.missing |= answer.ending is Ending.REFUSED
    tally.failed |= answer.ending is Ending.FAILED
    tally.incomplete |= not answer.complete


def unread(problem: Answer) -> MarkAnswer:
    """The answer for what could not be taken up, such as a link that leads out of the folder."""
    return MarkAnswer(name=problem.name, ending=Ending.FAILED, error=problem.error, complete=False)


class _Reports:
    """The report, if one is wanted; who asks for none does not pay for one."""

    def __init__(self, path: Path | None, language: str) -> None:
        self._writer: Any = None
        if path is not None:
            from brightline.doors.report.mark_writer import MarkReportWriter

            self._writer = MarkReportWriter(path, language=language)

    def __enter__(self) -> Self:
        if self._writer is not None:
            self._writer.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.__exit__(*error)

    def add(self, reply: MarkReply) -> None:
        if self._writer is not None:
            self._writer.add(reply.answer, reply.before, reply.after)

    def finish(self) -> None:
        if self._writer is not None:
            self._writer.finish()
