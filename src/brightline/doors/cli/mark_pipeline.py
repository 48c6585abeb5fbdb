"""`brightline mark pipeline`: run a transcoder over marked files, and say which marks it lost. For CI."""

import os
import signal
import subprocess  # noqa: TID251 - the one command of this house that runs another program: the operator's own
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import click
import msgspec

from brightline.core.errors import BrightlineError
from brightline.core.scratch import scratch_folder
from brightline.core.subject import Kind
from brightline.doors.answer import Answer
from brightline.doors.cli.mark_check import compared, count_diff
from brightline.doors.cli.mark_jobs import mark_files
from brightline.doors.cli.mark_options import MarkTally, order_of, order_options
from brightline.doors.cli.mark_show import MarkShow, shown
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.mark_answer import DiffAnswer
from brightline.marking.order import Order
from brightline.marking.samples import SUFFIXES, sample, sample_kinds
from brightline.marking.write import mark_file
from brightline.settings import Settings

_IN, _OUT = "{in}", "{out}"
SAID_BYTES = 2_000  # of what a failed command wrote, that is told


@click.command(name="pipeline", context_settings={"ignore_unknown_options": False})
@click.argument("fixtures", type=click.Path(path_type=Path, file_okay=False))
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--make", is_flag=True,
              help="First fill FIXTURES, an empty or new folder, with a marked file of every format we mark.")  # fmt: skip
@click.option("--only", help="Formats to try, with commas between, e.g. jpeg,png.")
@click.option(
    "--suffix", help="Suffix of the files that COMMAND writes, e.g. .webp [default: that of its input]."
)
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1, 3600), default=60, show_default=True,
              help="Seconds that COMMAND may take over one file.")  # fmt: skip
@order_options
@click.option("--json", "as_json", is_flag=True, help="Answers as JSON Lines on standard output.")
@click.option("--quiet", is_flag=True, help="Only files that lost a mark.")
@settings_options
def pipeline(
    fixtures: Path,
    command: tuple[str, ...],
    only: str | None,
    suffix: str | None,
    timeout_s: float,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
    *,
    make: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Run COMMAND over every marked file in FIXTURES and compare the marks before and after.

    COMMAND stands behind `--`; in its words `{in}` and `{out}` become the paths of one file and of its result. It is
    started as it is, without a shell, and ended with all it started after the timeout. Exit code 1 when a mark was
    lost or changed, 2 when the command failed.
    """
    settings = read_settings(settings_file, home=home, language=language)
    if not any(_IN in word for word in command) or not any(_OUT in word for word in command):
        raise click.UsageError("COMMAND needs `{in}` and `{out}` among its words")
    if suffix is not None and (not suffix.startswith(".") or "/" in suffix):
        raise click.UsageError(f"--suffix is `{suffix}`, expected something like .webp")
    kinds = _kinds(only)
    tally = MarkTally()
    with MarkShow(language=settings.language, quiet=quiet, as_json=as_json) as show:
        if make:
            _fill(fixtures, kinds, order_of(settings, options), settings, show)
        for answer in tried(fixtures, command, suffix, timeout_s, settings, kinds):
            count_diff(answer, tally)
            show.compared(answer)
    return tally.exit


def tried(
    fixtures: Path,
    command: Sequence[str],
    suffix: str | None,
    timeout_s: float,
    settings: Settings,
    kinds: frozenset[Kind],
) -> Iterator[DiffAnswer]:
    """What became of the marks of each file.

    Raises:
        click.UsageError: there is no file to try.
    """
    problems: list[Answer] = []
    wanted = {SUFFIXES[kind] for kind in kinds}
    files = [Path(file) for file in mark_files(str(fixtures), problems)]
    files = [file for file in files if len(kinds) == len(sample_kinds()) or file.suffix in wanted]
    if not files:
        raise click.UsageError(problems[0].error if problems else f"no file in `{fixtures}`; --make fills it")
    for problem in problems:
        yield DiffAnswer(before=problem.name, after="", error=problem.error)
    for file in files:
        with tempfile.TemporaryDirectory(dir=scratch_folder()) as place:
            out = Path(place) / f"out{suffix or file.suffix}"
            words = [word.replace(_IN, str(file.absolute())).replace(_OUT, str(out)) for word in command]
            error = run_command(words, timeout_s)
            if not error and not out.is_file():
                error = f"the command ended well and wrote no file for `{file.name}`"
            if error:
                yield DiffAnswer(before=str(file), after="", error=error)
                continue
            yield msgspec.structs.replace(compared(file, out, settings), after=f"{_OUT}{out.suffix}")


def run_command(words: Sequence[str], timeout_s: float) -> str:
    """Run a program by its words; empty when it ended with 0 in time, else what went wrong."""
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(  # noqa: S603 - the operator's own command, word by word
                [*words], stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        except OSError as error:
            return f"`{shown(words[0])}` cannot be run: {error.strerror}"
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return f"the command took longer than {timeout_s:g} s and was ended"
        finally:
            _end(child)
        return "" if code == 0 else f"the command ended with {code}: {_last(said)}"


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End the command and everything that it started and left behind."""
    try:
        os.killpg(child.pid, signal.SIGKILL)  # its own session, so its group is its own
    except ProcessLookupError:
        pass
    finally:
        child.wait()


def _last(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - SAID_BYTES))
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return shown(lines[-1])[:200] if lines else "it said nothing"


def _kinds(only: str | None) -> frozenset[Kind]:
    known = {kind.value: kind for kind in sample_kinds()}
    names = [name.strip() for name in (only or "").split(",") if name.strip()] or [*known]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"no format `{unknown[0]}` for --only; known: {', '.join(known)}")
    return frozenset(known[name] for name in names)


def _fill(folder: Path, kinds: frozenset[Kind], order: Order, settings: Settings, show: MarkShow) -> None:
    """A marked file of every kind; a kind that cannot be marked is told.

    Raises:
        click.UsageError: the folder has something in it, or nothing could be marked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise click.UsageError(f"`{folder}` is not empty; --make only fills a new folder")
    with tempfile.TemporaryDirectory(dir=scratch_folder()) as place:
        for kind in (kind for kind in sample_kinds() if kind in kinds):
            plain = Path(place) / f"{kind}{SUFFIXES[kind]}"
            plain.write_bytes(sample(kind))
            try:
                mark_file(plain, folder / plain.name, order, settings)
            except BrightlineError as error:
                show.tell(f"no fixture of {kind}: {error}", f"未生成 {kind} 样本：{error}")
    if not any(folder.iterdir()):
        raise click.UsageError("no fixture could be marked")
