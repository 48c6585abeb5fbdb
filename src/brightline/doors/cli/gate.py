"""`brightline gate`: one verdict over a model or data set, for pipelines."""

import hashlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from brightline.assembly import assemble
from brightline.core.decision import Action
from brightline.core.errors import BrightlineError, PolicyError, SettingsError
from brightline.core.subject import Audience, Context
from brightline.detectors.dataset.audit import Plan
from brightline.detectors.dataset.manifest import read_manifest
from brightline.detectors.dataset.sampling import SAMPLE_ROWS
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.cli.walk import shown_path
from brightline.doors.gate.outputs import WRITERS, write_outputs
from brightline.doors.gate.run import Wishes, run_gate
from brightline.governance.baseline import read_threshold
from brightline.governance.certificates import load_certificates
from brightline.governance.checks import Status
from brightline.governance.keys import load_public
from brightline.governance.report import GateReport, read_report
from brightline.governance.waivers import read_approvers, read_waivers

GATE_PACK = "house/gate"
DEFAULT_PACKS = ("house/default",)
USAGE, UNDECIDED = 4, 3


class _Usage(click.UsageError):
    exit_code = USAGE


class GateCommand(click.Command):
    """Ends with 4 on a usage error, since 2 means warnings here."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """As click does it, with our exit code."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise _Usage(error.message, error.ctx) from error


@click.command(name="gate", cls=GateCommand)
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--policy", "policies", multiple=True, help="Pack in force; repeat for several [default: house/default]."
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORM=FILE",
    help="json, sarif, junit, github, gitlab, markdown or oscal, to a file.",
)
@click.option("--format", "form", type=click.Choice(["table", *WRITERS]), default="table", show_default=True, help="On standard output.")  # fmt: skip
@click.option(
    "--public-key", "keys", multiple=True, type=click.Path(path_type=Path), help="Key that may have signed."
)
@click.option(
    "--root", "roots", multiple=True, type=click.Path(path_type=Path), help="Root certificates that may have."
)
@click.option("--threshold", "thresholds", multiple=True, help="Such as `dataset.rows>=4000`.")
@click.option("--baseline", type=click.Path(path_type=Path), help="An earlier report in JSON.")
@click.option(
    "--tolerance", type=click.FloatRange(0), default=0.0, help="Share by which a number may be worse."
)
@click.option("--waivers", type=click.Path(path_type=Path), help="Waivers in YAML.")
@click.option("--approvers", type=click.Path(path_type=Path), help="Whose signature approves a waiver.")
@click.option("--sources", type=click.Path(path_type=Path), help="Manifest of a data set's sources, in TOML.")
@click.option(
    "--evaluation",
    "evaluations",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Evaluation set that must not be in the rows.",
)
@click.option("--keywords", type=click.Path(path_type=Path), help="Listed words, one a line.")
@click.option("--sample", type=click.IntRange(1), default=SAMPLE_ROWS, show_default=True, help="Rows that are drawn and judged one by one.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of every draw.")
@click.option("--fail-on", type=click.Choice(["label", "review", "block"]), default="review", show_default=True, help="From which action on a rule fails the run.")  # fmt: skip
@click.option("--fail-on-warn", is_flag=True, help="Warnings end with 2.")
@click.option("--audience", type=click.Choice([one.value for one in Audience]), default="internal", show_default=True, help="Whom it is released to.")  # fmt: skip
@settings_options
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Judge the models and data sets PATHS, each a folder or file, and end with one verdict.

    Exit codes: 0 pass, 1 policy failed, 2 warnings with --fail-on-warn, 3 could not decide, 4 usage.
    """
    try:
        outputs = dict(_output(text) for text in given["outputs"])
        settings = read_settings(
            given["settings_file"],
            home=given["home"],
            language=given["language"],
            policies=(*(given["policies"] or DEFAULT_PACKS), GATE_PACK),
        )
        wishes = _wishes(given)
    except (BrightlineError, OSError) as error:
        click.echo(f"brightline: {error}", err=True)
        return USAGE
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    context = Context(channel="gate", tenant=settings.tenant, audience=Audience(given["audience"]), time=time)
    try:
        with assemble(settings) as house:
            report = run_gate(house, paths, context, wishes)
    except (PolicyError, SettingsError) as error:
        click.echo(f"brightline: {error}", err=True)
        return USAGE
    except Exception as error:
        click.echo(f"brightline: could not decide: {error}", err=True)
        return UNDECIDED
    for failed in write_outputs(report, outputs, settings.language):
        click.echo(f"brightline: {failed}", err=True)
    _show(report, given["form"], settings.language)
    return report.exit


def _wishes(given: dict[str, Any]) -> Wishes:
    baseline = given["baseline"].read_bytes() if given["baseline"] else None
    return Wishes(
        keys=tuple(load_public(file) for file in given["keys"]),
        roots=tuple(one for file in given["roots"] for one in load_certificates(file)),
        thresholds=tuple(map(read_threshold, given["thresholds"])),
        baseline=read_report(baseline) if baseline is not None else None,
        baseline_digest=hashlib.sha256(baseline).hexdigest() if baseline is not None else "",
        tolerance=given["tolerance"],
        waivers=read_waivers(given["waivers"]) if given["waivers"] else (),
        approvers=read_approvers(given["approvers"]) if given["approvers"] else None,
        fail_on=Action(given["fail_on"]),
        warnings_fail=given["fail_on_warn"],
        plan=_plan(given),
    )


def _plan(given: dict[str, Any]) -> Plan:
    keywords: tuple[str, ...] = ()
    if given["keywords"]:
        lines = given["keywords"].read_text("utf-8").splitlines()
        keywords = tuple(line.strip() for line in lines if line.strip())
    return Plan(
        seed=given["seed"],
        sample=given["sample"],
        keywords=keywords,
        evaluations=given["evaluations"],
        sources=read_manifest(given["sources"]) if given["sources"] else (),
        processes=os.cpu_count() or 1,
    )


def _output(text: str) -> tuple[str, Path]:
    form, sign, file = text.partition("=")
    if not sign or not file or form not in WRITERS:
        raise SettingsError(f"`--output {text[:80]}`: expected FORM=FILE with one of {', '.join(WRITERS)}")
    return form, Path(file)


def _show(report: GateReport, form: str, language: str) -> None:
    try:
        if form != "table":
            sys.stdout.buffer.write(WRITERS[form](report, language))
            sys.stdout.buffer.flush()
            return
        _table(report, language)
    except OSError as error:  # whoever read us has gone: the verdict stays
        click.echo(f"brightline: the report could not be shown: {error.strerror}", err=True)


def _table(report: GateReport, language: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    for target in report.targets:
        table = Table(
            box=None,
            pad_edge=False,
            title=escape(f"{shown_path(target.name)}: {target.verdict.value}"),
            title_justify="left",
        )
        for name in ("status", "rule", "file", "why"):
            table.add_column(name, overflow="fold")
        for one in target.results:
            waiver = f" ({one.waiver})" if one.waiver else ""
            table.add_row(
                one.status.value + escape(waiver),
                escape(one.rule),
                escape(shown_path(one.path)),
                escape(shown_path(one.why.in_language(language))),
            )
        console.print(table)
    for problem in report.problems:
        click.echo(f"brightline: {problem}", err=True)
    waived = report.count(Status.WAIVED)
    console.print(f"verdict: {report.verdict.value}" + (f", {waived} waived" if waived else ""))
