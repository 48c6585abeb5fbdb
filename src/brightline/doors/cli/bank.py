"""`brightline bank`: make banks of known items from files, and check bank files."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from brightline.core.errors import IntakeError
from brightline.core.subject import Context, Subject
from brightline.detectors.known.banks import bank_from_subjects, compile_rows
from brightline.detectors.known.rows import inspect, read, write_rows
from brightline.doors.answer import Answer
from brightline.doors.cli.bank_claims import claims, find
from brightline.doors.cli.options import read_settings
from brightline.doors.cli.walk import regular_files
from brightline.doors.exits import Exit
from brightline.intake.open import open_file
from brightline.settings import Limits


@click.group(name="bank")
def command() -> None:
    """Make banks of known items from files."""


@command.command()
@click.argument("bank", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("paths", nargs=-1, required=True)
def make(bank: Path, paths: tuple[str, ...]) -> int:
    """Write BANK (JSON lines, sealed) of the files at PATHS: SHA-256, PDQ of pictures and videos, TLSH and words of texts."""
    problems: list[str] = []
    subjects = _open_all(paths, read_settings(None).limits, problems)
    count = write_rows(bank_from_subjects(subjects), bank)
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{count} rows in `{bank}`")
    return Exit.NOT_JUDGED if problems else Exit.ALLOWED


@command.command()
@click.argument("bank", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(bank: Path) -> None:
    """Check every line of BANK."""
    file = inspect(bank)
    known = compile_rows(read(file))
    click.echo(
        f"`{bank}`: {sum(len(one) for one in known.items)} rows, SHA-256 {file.digest}, {'sealed' if file.sealed else 'no seal'}"
    )


command.add_command(claims)
command.add_command(find)


def _open_all(paths: tuple[str, ...], limits: Limits, problems: list[str]) -> Iterator[Subject]:
    context = Context(channel="bank", time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for path in paths:
        unread: list[Answer] = []
        for file in regular_files(path, unread, []):
            try:
                yield open_file(Path(file), context=context, limits=limits, name=Path(file).name)
            except IntakeError as error:
                problems.append(str(error))
        problems.extend(answer.error for answer in unread)
