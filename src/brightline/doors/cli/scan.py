"""`brightline scan`: judge files, folders or standard input, and record every decision."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from brightline.assembly import assemble
from brightline.core.decision import Action
from brightline.core.errors import IntakeError
from brightline.core.scratch import scratch_folder
from brightline.core.subject import Audience, Context, Declaration
from brightline.core.wire import canonical
from brightline.doors.answer import Answer, answer_of
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.cli.show import Watcher
from brightline.doors.cli.walk import regular_files, shown_path
from brightline.doors.exits import Tally
from brightline.examine.messages import DATA_LIMIT_BYTES
from brightline.line import Job
from brightline.settings import Limits

CHUNK_BYTES = 1024 * 1024  # standard input is read in pieces of this size


@click.command(name="scan")
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--policy", "policies", multiple=True, help="Pack in force; repeat for several [default: settings]."
)
@click.option("--fail-on", type=click.Choice(["label", "review", "block"]), default="review", show_default=True,
              help="Exit with 1 when a rule asks for at least this.")  # fmt: skip
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML report.")
@click.option("--json", "as_json", is_flag=True, help="Answers as JSON Lines on standard output.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes [default: one for each core].")
@click.option(
    "--audience",
    type=click.Choice([one.value for one in Audience]),
    default="public",
    show_default=True,
    help="Who will see it.",
)
@click.option("--declared", type=click.Choice([one.value for one in Declaration]), default="none", show_default=True,
              help="What the uploader declared.")  # fmt: skip
@click.option("--channel", default="cli", show_default=True, help="Where it came from.")
@click.option("--actor", default="", help="Who submitted it, an opaque id.")
@click.option("--tenant", help="Whose overlay applies.")
@click.option("--again", is_flag=True, help="Judge even what the ledger has already.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
@settings_options
def command(
    paths: tuple[str, ...],
    policies: tuple[str, ...],
    fail_on: str,
    report: Path | None,
    jobs: int | None,
    audience: str,
    declared: str,
    channel: str,
    actor: str,
    tenant: str | None,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
    *,
    as_json: bool,
    again: bool,
    quiet: bool,
) -> int:
    """Judge PATHS: files, folders (recursively) or - for standard input.

    Each decision is in the ledger before it is shown. Run the same command again to resume: what was already
    judged in the same context by the same policy and detectors is not judged again.
    """
    settings = read_settings(
        settings_file, home=home, language=language, jobs=jobs, tenant=tenant, policies=policies
    )
    context = Context(
        channel=channel,
        actor=actor,
        tenant=settings.tenant,
        audience=Audience(audience),
        declared=Declaration(declared),
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    tally = Tally(Action(fail_on))
    with ExitStack() as stack:
        house = stack.enter_context(assemble(settings))
        watcher = stack.enter_context(
            Watcher(language=settings.language, quiet=quiet, total=_count(paths), lines=not as_json)
        )
        spool = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch_folder())))
        writer = None
        if report is not None:
            from brightline.doors.report.writer import ReportWriter  # only who asks for a report pays for it

            writer = stack.enter_context(ReportWriter(report, language=settings.language))
        found = _Finder(paths, context, settings.limits, spool, again=again)
        for judgement in house.line.judge(found.jobs(), preview=writer is not None):
            tally.add(judgement)
            watcher.see(judgement)
            if as_json:
                sys.stdout.buffer.write(canonical(msgspec.to_builtins(answer_of(judgement))) + b"\n")
                sys.stdout.buffer.flush()
            if writer is not None:
                writer.add(judgement)
        for problem in found.problems:
            tally.could_not_read()
            watcher.tell(problem.error)
            if as_json:
                sys.stdout.buffer.write(canonical(msgspec.to_builtins(problem)) + b"\n")
        if found.links:
            watcher.tell(f"not followed: {len(found.links)} links that lead out of the folders, or nowhere")
        if writer is not None:
            writer.finish(checkpoint=house.ledger.checkpoint())
            watcher.tell(f"report: {report}")
        watcher.finish(ledger_size=house.ledger.size)
    return tally.exit


class _Finder:
    """Turns the arguments into jobs; what cannot be read is told at the end and makes the exit code 2."""

    def __init__(
        self, paths: tuple[str, ...], context: Context, limits: Limits, spool: Path, *, again: bool
    ) -> None:
        self._paths = paths
        self._context = context
        self._limits = limits
        self._spool = spool
        self._again = again
        self.problems: list[Answer] = []
        self.links: list[str] = []

    def jobs(self) -> Iterator[Job]:
        for path in self._paths:
            if path == "-":
                yield self._stdin()
                continue
            for file in regular_files(path, self.problems, self.links):
                yield Job(name=shown_path(file), path=file, context=self._context, again=self._again)

    def _stdin(self) -> Job:
        """Standard input as a job: small input in memory, larger input spooled to a file.

        Raises:
            IntakeError: it is larger than a subject may be.
        """
        data = sys.stdin.buffer.read(DATA_LIMIT_BYTES + 1)
        if len(data) <= DATA_LIMIT_BYTES:
            return Job(name="-", data=data, context=self._context, again=self._again)
        file = self._spool / "stdin"
        size = 0
        with file.open("wb") as stream:
            while data:
                size += len(data)
                if size > self._limits.subject_bytes:
                    raise IntakeError(
                        f"standard input is larger than {self._limits.subject_bytes} bytes, the limit `subject_bytes`"
                    )
                stream.write(data)
                data = sys.stdin.buffer.read(CHUNK_BYTES)
        return Job(name="-", path=str(file), context=self._context, again=self._again)


def _count(paths: tuple[str, ...]) -> int:
    return sum(1 if path == "-" else sum(1 for _ in regular_files(path, [], [])) for path in paths)
