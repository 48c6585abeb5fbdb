"""`brightline mark verify` and `brightline mark diff`: what marks are there, and what became of them."""

from pathlib import Path

import click
import msgspec

from brightline.core.errors import BrightlineError
from brightline.core.subject import GapKind, Kind, Subject
from brightline.core.words import Words
from brightline.doors.answer import Answer
from brightline.doors.cli.mark_jobs import mark_files
from brightline.doors.cli.mark_options import MarkTally, regimes_of
from brightline.doors.cli.mark_show import MarkShow
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.mark_answer import DiffAnswer, LayerAnswer, VerifyAnswer
from brightline.marking.compare import compare
from brightline.marking.found import Layer
from brightline.marking.inventory import Inventory, is_read, open_subject_at, take_inventory
from brightline.marking.plan import Regime, demanded
from brightline.settings import Settings

_TWICE = Words("more than one implicit mark (GB 45438-2025 6.1 c)", "隐式标识多于一个（GB 45438-2025 6.1 c）")
_BROKEN = Words("the C2PA manifest no longer holds", "C2PA 清单已不成立")


@click.command(name="verify")
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--policy", "policies", default="cn", show_default=True, help="Whose law: cn, eu, us, with commas."
)
@click.option("--json", "as_json", is_flag=True, help="Answers as JSON Lines on standard output.")
@click.option("--quiet", is_flag=True, help="Only files that lack something.")
@settings_options
def verify(
    paths: tuple[str, ...], policies: str, settings_file: Path | None, home: Path | None, language: str | None,
    *, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Read every mark of PATHS, and say what a policy demands of generated content and they lack.

    Exit code 1 when a mark is missing or defective, 2 when a file cannot be read for marks at all, because it is of no
    format that we know or of one without a place for marks, 3 when a part could not be looked at.
    """
    settings = read_settings(settings_file, home=home, language=language)
    regimes = regimes_of(policies)
    problems: list[Answer] = []
    tally = MarkTally()
    with MarkShow(language=settings.language, quiet=quiet, as_json=as_json) as show:
        for path in paths:
            for file in mark_files(path, problems):
                answer = verified(Path(file), regimes, settings)
                _count(answer, tally)
                show.verified(answer)
        for problem in problems:
            tally.failed = True
            show.verified(VerifyAnswer(name=problem.name, error=problem.error, complete=False))
    return tally.exit


@click.command(name="diff")
@click.argument("before", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("after", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON on standard output.")
@settings_options
def diff(
    before: Path,
    after: Path,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
    *,
    as_json: bool,
) -> int:
    """Say what became of the marks of BEFORE in AFTER, and which step most likely lost them.

    Exit code 1 when a mark was lost or changed, 3 when something could not be looked at.
    """
    settings = read_settings(settings_file, home=home, language=language)
    answer = compared(before, after, settings)
    with MarkShow(language=settings.language, quiet=False, as_json=as_json) as show:
        show.compared(answer)
    tally = MarkTally()
    count_diff(answer, tally)
    return tally.exit


def verified(path: Path, regimes: tuple[Regime, ...], settings: Settings) -> VerifyAnswer:
    """Every mark of one file, and what is missing or wrong."""
    try:
        subject = open_subject_at(path, settings)
        if not is_read(subject):
            return VerifyAnswer(name=str(path), error=_unreadable(subject), complete=False)
        inventory = take_inventory(subject, settings)
    except (BrightlineError, OSError) as error:
        return VerifyAnswer(name=str(path), error=str(error), complete=False)
    return VerifyAnswer(
        name=str(path),
        complete=not inventory.unread,
        missing=tuple(_missing(inventory, regimes)),
        defects=tuple(_defects(inventory)),
        inventory=inventory,
    )


def compared(before: Path, after: Path, settings: Settings) -> DiffAnswer:
    """What became of each mark."""
    names = DiffAnswer(before=str(before), after=str(after))
    try:
        subjects = [open_subject_at(path.resolve(), settings) for path in (before, after)]
        unread = next((subject for subject in subjects if not is_read(subject)), None)
        if unread is not None:
            return msgspec.structs.replace(names, error=_unreadable(unread))
        old, new = (take_inventory(subject, settings) for subject in subjects)
    except (BrightlineError, OSError) as error:
        return msgspec.structs.replace(names, error=str(error))
    comparison = compare(old, new)
    return msgspec.structs.replace(names, whole=comparison.is_whole, comparison=comparison)


def _unreadable(subject: Subject) -> str:
    """Why nothing can be said of a file's marks: to find none there would prove nothing."""
    if subject.kind is Kind.EMPTY:
        return "cannot be read for marks: it is empty"
    if subject.kind is Kind.UNKNOWN:
        limit = next((f": {gap.why.en}" for gap in subject.gaps if gap.kind is GapKind.LIMIT), "")
        return f"cannot be read for marks: its format is not known{limit}"
    return f"cannot be read for marks: no reader of marks knows `{subject.kind}`"


def count_diff(answer: DiffAnswer, tally: MarkTally) -> None:
    """Take one comparison into account."""
    if answer.comparison is None:
        tally.failed = True
        return
    tally.missing |= not answer.whole
    tally.incomplete |= bool(answer.comparison.unread)


def _count(answer: VerifyAnswer, tally: MarkTally) -> None:
    tally.failed |= answer.inventory is None
    tally.missing |= bool(answer.missing or answer.defects)
    tally.incomplete |= not answer.complete


def _missing(inventory: Inventory, regimes: tuple[Regime, ...]) -> list[LayerAnswer]:
    """Layers that a policy demands of generated content of this kind, whoever could have written them."""
    return [
        LayerAnswer(
            layer=step.layer,
            words=Words("demanded of generated content, and not found", "生成合成内容应当具有，但未发现"),
            grounds=step.grounds,
        )
        for step in demanded(inventory.kind, regimes)
        if not inventory.of(step.layer)
    ]


def _defects(inventory: Inventory) -> list[Words]:
    implicit = inventory.of(Layer.IMPLICIT)
    codes = [mark.fact("defects") for mark in implicit if mark.fact("defects")]
    broken = [
        mark
        for mark in inventory.of(Layer.C2PA)
        if mark.fact("integrity") == "broken" or mark.fact("signature") == "invalid"
    ]
    return [
        *([_TWICE] if len(implicit) > 1 else []),
        *(Words(f"the implicit mark is defective: {code}", f"隐式标识不合规：{code}") for code in codes),
        *(_BROKEN for _ in broken),
    ]
