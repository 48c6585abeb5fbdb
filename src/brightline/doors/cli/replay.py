"""`brightline replay`: recompute recorded decisions from stored inputs, and examinations from content."""

import os
from pathlib import Path

import click
from msgspec.structs import replace

from brightline.assembly import existing_ledger
from brightline.core.errors import IntakeError
from brightline.core.finding import Examination
from brightline.core.signatures import Decide
from brightline.core.wire import canonical
from brightline.doors.cli.ledger import one_entry
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.examine.catalogue import catalogue
from brightline.examine.messages import Task
from brightline.examine.pool import Pool
from brightline.ledger.replay import replay
from brightline.policy.decide import Policy, policy_from_bytes
from brightline.settings import Settings


@click.command(name="replay")
@click.argument("references", nargs=-1)
@click.option("--content", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="The subject's bytes: examine them again, too.")  # fmt: skip
@settings_options
def command(
    references: tuple[str, ...],
    content: Path | None,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Recompute the decisions of REFERENCES (index, leaf or subject digest; default: all) and compare the bytes."""
    settings = read_settings(settings_file, home=home, language=language, jobs=1 if content else None)
    if content is not None and len(references) != 1:
        raise click.UsageError("--content needs exactly one reference")
    policies = _Policies()
    with existing_ledger(settings) as ledger:
        indices = [one_entry(ledger, reference) for reference in references] or range(ledger.size)
        differing = 0
        for index in indices:
            result = replay(ledger, index, policies.decide_for)
            differing += not result.same
            for line in result.differences:
                click.echo(f"entry {index}: {line}")
        if content is not None:
            recorded = ledger.examination(ledger.decision(indices[0]).examination)
            differing += not _same_examination(settings, content, recorded)
    click.echo(f"{len(indices)} decisions recomputed, {differing} differ")
    return Exit.CAUGHT if differing else Exit.ALLOWED


class _Policies:
    """Compiles each stored policy once."""

    def __init__(self) -> None:
        self._compiled: dict[bytes, Policy] = {}

    def decide_for(self, data: bytes) -> Decide:
        if data not in self._compiled:
            self._compiled[data] = policy_from_bytes(data)
        return self._compiled[data].decide


def _same_examination(settings: Settings, content: Path, recorded: Examination) -> bool:
    """Examine the bytes again in the recorded context, and say what differs."""
    with Pool(settings, catalogue()) as pool:
        task = Task(
            number=0, path=os.fsencode(content.resolve()), name=recorded.facts.name, context=recorded.context
        )
        (examined,) = [one for batch in pool.run([task]) for one in batch]
    if examined.examination is None:
        raise IntakeError(examined.error)
    again = examined.examination
    if again.facts.digest != recorded.facts.digest:
        click.echo(f"`{content}` is {again.facts.digest}, the recorded subject is {recorded.facts.digest}")
        return False
    if again.detectors != recorded.detectors:
        click.echo("note: other detectors, limits or banks are in force now than then")
        again = replace(again, detectors=recorded.detectors)
    for name, now, then in (
        ("findings", again.findings, recorded.findings),
        ("gaps", again.gaps, recorded.gaps),
    ):
        if canonical(now) != canonical(then):
            click.echo(f"{name} differ: {len(then)} then, {len(now)} now")
    same = canonical(again) == canonical(recorded)
    click.echo("examined again: the same bytes" if same else "examined again: not the same")
    return same
