"""`brightline policy`: list, check, test, explain and back-test packs."""

from pathlib import Path

import click

from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.policy.packs import find_pack, load_packs, shipped


@click.group(name="policy")
def command() -> None:
    """Check, test, explain and back-test policies."""


@command.command(name="list")
def list_packs() -> None:
    """List the packs that ship."""
    for pack in load_packs(shipped()):
        click.echo(
            f"{pack.id:<22}{pack.version:<12}{len(pack.rules):>3} rules  {pack.title.en} / {pack.title.zh}"
        )


@command.command()
@click.argument("packs", nargs=-1)
def check(packs: tuple[str, ...]) -> int:
    """Check PACKS (names or files; default: all that ship): every problem with its line and column."""
    from brightline.policy.check import check_pack

    errors = 0
    for name in packs or shipped():
        problems = check_pack(find_pack(name))
        errors += sum(not problem.warning for problem in problems)
        for problem in problems:
            click.echo(str(problem), err=True)
    click.echo(f"{len(packs or shipped())} packs checked, {errors} errors")
    return Exit.CAUGHT if errors else Exit.ALLOWED


@command.command()
@click.argument("packs", nargs=-1)
def test(packs: tuple[str, ...]) -> int:
    """Run the worked cases of PACKS (default: all that ship)."""
    from brightline.policy.testing import run_cases

    failed = total = 0
    for pack in load_packs(packs or shipped()):
        for result in run_cases(pack):
            total += 1
            failed += not result.passed
            for line in result.wrong:
                click.echo(f"{result.rule}: {result.case}: {line}", err=True)
    click.echo(f"{total} cases, {failed} failed")
    return Exit.CAUGHT if failed else Exit.ALLOWED


@command.command()
@click.argument("receipt")
@click.argument("packs", nargs=-1)
@settings_options
def explain(
    receipt: str, packs: tuple[str, ...], settings_file: Path | None, home: Path | None, language: str | None
) -> None:
    """Show what PACKS (default: settings) make of the recorded examination of RECEIPT, clause by clause."""
    from brightline.assembly import existing_ledger
    from brightline.doors.cli.ledger import one_entry
    from brightline.doors.cli.show_explanation import show_explanation
    from brightline.policy.decide import compile_policy
    from brightline.policy.explain import explain as trace

    settings = read_settings(settings_file, home=home, language=language, policies=packs)
    policy = compile_policy(load_packs(settings.policies))
    with existing_ledger(settings) as ledger:
        index = one_entry(ledger, receipt)
        entry = ledger.entry(index)
        examination = ledger.examination(ledger.decision(index).examination)
        found = ledger.receipt(index)
    show_explanation(
        entry, policy.decide(examination), examination, found, trace(policy, examination), settings.language
    )


@command.command()
@click.argument("packs", nargs=-1, required=True)
@click.option("--limit", default=50, show_default=True, help="How many changes to list.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@settings_options
def backtest(
    packs: tuple[str, ...],
    limit: int,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
    *,
    as_json: bool,
) -> None:
    """What PACKS would change on the decisions recorded so far."""
    from brightline.assembly import existing_ledger
    from brightline.core.wire import canonical
    from brightline.policy.backtest import backtest as run_backtest
    from brightline.policy.decide import compile_policy

    settings = read_settings(settings_file, home=home, language=language)
    policy = compile_policy(load_packs(packs))
    with existing_ledger(settings) as ledger:
        recorded = ((one.examination, one.decision) for one in ledger.entries())
        report = run_backtest(recorded, policy, limit)
    if as_json:
        click.echo(canonical(report))
        return
    for row in report.transitions:
        click.echo(f"{row.before:>7} -> {row.after:<7}{row.count:>8}")
    for change in report.changed:
        gained = "".join(f" +{rule}" for rule in change.gained)
        lost = "".join(f" -{rule}" for rule in change.lost)
        click.echo(f"{change.subject[:16]}  {change.before} -> {change.after}{gained}{lost}")
    if report.unlisted:
        click.echo(f"and {report.unlisted} more")
    click.echo(f"{report.total} decisions: {report.stricter} stricter, {report.softer} softer")
