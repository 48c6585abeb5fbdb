"""`brightline assess`: a model endpoint questioned against risk banks, as GB/T 45654 asks."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from brightline.assess.bank import LANGUAGES, Bank, Question, joined, read_bank, shipped_banks
from brightline.assess.draw import draw, tokens_of
from brightline.assess.reply import Reply
from brightline.assess.report import Assessment
from brightline.assess.risks import risks
from brightline.assess.run import Pace
from brightline.core.errors import BrightlineError, SettingsError
from brightline.core.subject import Audience, Context
from brightline.doors.cli.gate import GATE_PACK, UNDECIDED, USAGE, GateCommand
from brightline.doors.cli.options import read_settings, settings_options
from brightline.settings import Settings

KEY_CHARACTERS = 4_096  # of a bearer token; JWTs stay below
SYSTEM_CHARACTERS = 100_000  # of a system prompt


@click.command(name="assess", cls=GateCommand)
@click.argument("url")
@click.option("--model", required=True, help="Name of the model at the endpoint.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the run; one that was broken off goes on.")  # fmt: skip
@click.option("--bank", "banks", multiple=True, type=click.Path(path_type=Path), help="Bank in TOML, JSONL or CSV; repeat for several.")  # fmt: skip
@click.option("--only-given", is_flag=True, help="Leave out the banks that ship.")
@click.option("--ask", "languages", multiple=True, type=click.Choice(LANGUAGES), help="Language of the questions; repeat for several [default: all].")  # fmt: skip
@click.option("--risk", "chosen", multiple=True, help="Code of a risk such as A2e; repeat for several [default: all].")  # fmt: skip
@click.option("--each", type=click.IntRange(0), default=0, help="Questions of each risk, language and kind; 0 asks all.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the draw.")
@click.option("--at-once", type=click.IntRange(1, 256), default=4, show_default=True, help="Questions under way together.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True, help="Seconds for one answer.")  # fmt: skip
@click.option(
    "--attempts", type=click.IntRange(1, 20), default=3, show_default=True, help="At each question."
)
@click.option("--give-up", type=click.IntRange(1), default=20, show_default=True, help="Failures in a row after which the run ends.")  # fmt: skip
@click.option("--pause", type=click.FloatRange(0, 60), default=1.0, show_default=True, help="Seconds before a second attempt.")  # fmt: skip
@click.option("--answer-tokens", type=click.IntRange(16, 32_768), default=512, show_default=True, help="Most tokens of an answer.")  # fmt: skip
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.0, show_default=True, help="As the endpoint takes it.")  # fmt: skip
@click.option("--system", type=click.Path(path_type=Path), help="File with the system prompt.")
@click.option(
    "--key-file", type=click.Path(path_type=Path), help="File whose first line is the endpoint's key."
)
@click.option("--key-variable", help="Variable of the environment that holds the endpoint's key.")
@click.option(
    "--judged", type=click.Path(path_type=Path), help="The run's open.jsonl, filled in by a person."
)
@click.option("--policy", "policies", multiple=True, help="Pack laid over house/gate; repeat for several.")
@click.option("--statutory", is_flag=True, help="Sizes of GB/T 45654 that are not met leave it undecided.")
@click.option("--fail-on-warn", is_flag=True, help="Warnings end with 2.")
@click.option("--audience", type=click.Choice([one.value for one in Audience]), default="internal", show_default=True, help="Whom the model serves.")  # fmt: skip
@click.option("--output", "outputs", multiple=True, metavar="FORM=FILE", help="json, sarif, junit, github or markdown of the gate, to a file.")  # fmt: skip
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be asked, and ask nothing.")
@click.option("--quiet", is_flag=True, help="No progress.")
@settings_options
def command(url: str, **given: Any) -> int:
    """Question the model behind URL, an OpenAI-compatible address, against banks of risks, and grade its answers.

    Exit codes: 0 pass, 1 a rate misses its threshold, 2 warnings with --fail-on-warn, 3 could not decide, 4 usage.
    """
    from brightline.doors.assess.run import plan_of, read_judged  # late: `--help` needs no network

    try:
        wanted = _wanted(url, given)
        banks = [*([] if given["only_given"] else shipped_banks()), *map(read_bank, given["banks"])]
        questions = _drawn(banks, given)
        settings = read_settings(
            given["settings_file"],
            home=given["home"],
            language=given["language"],
            policies=(*given["policies"], GATE_PACK),
        )
        outputs = _outputs(given["outputs"])
        people = read_judged(given["judged"]) if given["judged"] else {}
        if given["only_plan"]:
            _tell_plan(questions, given)
            return 0
        given["out"].mkdir(parents=True, exist_ok=True, mode=0o700)
        plan = plan_of(wanted, questions, given["seed"])
    except (BrightlineError, OSError) as error:
        click.echo(f"brightline: {_told(error, given['language'])}", err=True)
        return USAGE
    try:
        return _assessed(wanted, plan, questions, banks, people, settings, outputs, given)
    except (BrightlineError, OSError) as error:
        click.echo(f"brightline: {_told(error, given['language'])}", err=True)
        return UNDECIDED


def _assessed(
    wanted: Any,
    plan: Any,
    questions: tuple[Question, ...],
    banks: list[Bank],
    people: Any,
    settings: Settings,
    outputs: dict[str, Path],
    given: dict[str, Any],
) -> int:
    from brightline.doors.assess.checks import judge
    from brightline.doors.assess.run import ask_all, report_of, write_pages, write_report
    from brightline.doors.gate.outputs import write_outputs

    out: Path = given["out"]
    pace = Pace(
        at_once=given["at_once"],
        attempts=given["attempts"],
        give_up=given["give_up"],
        pause_s=given["pause"],
    )
    with click.progressbar(
        length=len(questions), file=sys.stderr, hidden=given["quiet"] or not sys.stderr.isatty()
    ) as bar:

        def progress(_: Reply) -> None:
            bar.update(1)

        asked = asyncio.run(ask_all(plan, questions, wanted, pace, out, progress))
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    report, graded = report_of(plan, questions, asked, banks, people, made)
    file = write_report(report, graded, out)
    context = Context(
        channel="assess", tenant=settings.tenant, audience=Audience(given["audience"]), time=made
    )
    verdict = judge(
        report, file, settings, context, statutory=given["statutory"], warnings_fail=given["fail_on_warn"]
    )
    write_pages(report, verdict.verdict.value, out, settings.language)
    for failed in write_outputs(verdict, {"json": out / "gate.json", **outputs}, settings.language):
        click.echo(f"brightline: {failed}", err=True)
    _tell(report, verdict.verdict.value, settings.language)
    return verdict.exit


def _told(error: Exception, language: str | None) -> str:
    from brightline.core.chinese import in_chinese  # late: English needs none of it

    return in_chinese(str(error)) if language == "zh" else str(error)


def _wanted(url: str, given: dict[str, Any]) -> Any:
    from brightline.doors.assess.endpoint import Wanted, completions_of

    name = given["key_variable"]
    if name and name not in os.environ:
        raise SettingsError(f"no variable `{name[:80]}` in the environment")
    key = _line(given["key_file"]) if given["key_file"] else os.environ[name] if name else ""
    if len(key) > KEY_CHARACTERS or not key.isprintable() or not key.isascii():
        raise SettingsError("the endpoint's key is no line of printable ASCII")
    system = given["system"].read_text("utf-8")[:SYSTEM_CHARACTERS] if given["system"] else ""
    return Wanted(
        url=completions_of(url),
        model=given["model"],
        key=key,
        system=system,
        temperature=given["temperature"],
        answer_tokens=given["answer_tokens"],
        timeout_s=given["timeout"],
    )


def _line(file: Path) -> str:
    with file.open("r", encoding="utf-8", errors="replace") as stream:
        return stream.readline(KEY_CHARACTERS + 2).strip()


def _drawn(banks: list[Bank], given: dict[str, Any]) -> tuple[Question, ...]:
    unknown = [one for one in given["chosen"] if one not in risks()]
    if unknown:
        raise SettingsError(f"no risk `{unknown[0][:20]}`, expected A1a to A5b")
    languages = given["languages"] or LANGUAGES
    questions = [
        one
        for one in joined(banks)
        if one.language in languages and (not given["chosen"] or one.risk in given["chosen"])
    ]
    if not questions:
        raise SettingsError("no bank has a question of these risks and languages")
    return draw(questions, each=given["each"], seed=given["seed"])


def _outputs(texts: tuple[str, ...]) -> dict[str, Path]:
    from brightline.doors.gate.outputs import WRITERS

    outputs = {}
    for text in texts:
        form, _, file = text.partition("=")
        if not file or form not in WRITERS:
            raise SettingsError(
                f"`--output {text[:80]}`: expected FORM=FILE with one of {', '.join(WRITERS)}"
            )
        outputs[form] = Path(file)
    return outputs


def _tell_plan(questions: tuple[Question, ...], given: dict[str, Any]) -> None:
    read, written = tokens_of(questions, given["answer_tokens"])
    longest = len(questions) * given["timeout"] / given["at_once"] / 60
    click.echo(f"{len(questions)} questions, about {read} tokens read and at most {written} written")
    click.echo(f"at most {longest:.0f} min if each is answered within --timeout")
    for code in risks():
        count = sum(one.risk == code for one in questions)
        click.echo(f"{code} {count}")


def _tell(report: Assessment, verdict: str, language: str) -> None:
    for one in report.measures:
        rate = one.rate
        share = "-" if rate.share is None else f"{rate.share:.1%}"
        click.echo(
            f"{one.title.in_language(language)}: {share} [{rate.low:.1%}, {rate.high:.1%}], "
            f"{rate.open}/{rate.total} open: {one.held.value}"
        )
    click.echo(f"verdict: {verdict}")
