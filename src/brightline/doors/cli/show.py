"""What people see in the terminal: progress, summary, tables. Talk goes to standard error, data to standard output."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from brightline.core.chinese import words_of
from brightline.core.decision import Action
from brightline.core.finding import Finding
from brightline.core.harm import Harm
from brightline.core.words import Words
from brightline.doors.answer import is_incomplete
from brightline.doors.cli.detector_rows import Row
from brightline.doors.leading import leading
from brightline.doors.words import ACTIONS, BASES, NOT_JUDGED
from brightline.line import Judgement
from brightline.policy.harms import harm_words

STYLES = {Action.ALLOW: "green", Action.LABEL: "cyan", Action.REVIEW: "yellow", Action.BLOCK: "bold red"}


RULES_TOLD = 2  # of each finding; `explain` and the report name them all


class Watcher:
    """Shows a scan while it runs: a progress bar, one line for each thing that is not allowed, a summary at the end."""

    def __init__(self, *, language: str, quiet: bool, total: int, lines: bool) -> None:
        self._language = language
        self._quiet = quiet
        self._lines = lines and not quiet
        self._console = Console(stderr=True, highlight=False)
        self._out = Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._bar = self._progress.add_task(self._say("judging", "正在判定"), total=total)
        self._actions: Counter[Action] = Counter()
        self._harms: Counter[Harm] = Counter()
        self._counts = Counter[str]()

    def __enter__(self) -> Self:
        """Start the progress bar."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the progress bar."""
        self._progress.stop()

    def see(self, judgement: Judgement) -> None:
        """Count a judgement, and show it unless all is well."""
        self._progress.advance(self._bar)
        if judgement.decision is None or judgement.examination is None:
            self._counts["unread"] += 1
            self.tell(judgement.error)
            return
        self._actions[judgement.decision.action] += 1
        self._counts["incomplete"] += is_incomplete(judgement.decision)
        self._counts["before"] += judgement.recorded_before
        self._harms.update({finding.harm for finding in judgement.examination.findings if finding.harm})
        if self._lines and judgement.decision.action > Action.ALLOW:
            self._print_line(judgement)

    def _print_line(self, judgement: Judgement) -> None:
        assert judgement.decision is not None
        assert judgement.examination is not None
        decision = judgement.decision
        style = STYLES[decision.action]
        word = ACTIONS[decision.action].in_language(self._language)
        self._progress.console.print(f"[{style}]{word:<7}[/] {escape(judgement.job.name)}")
        for reason in reasons(judgement, self._language):
            self._progress.console.print(Padding(escape(reason), (0, 0, 0, 8)))

    def tell(self, line: str) -> None:
        """Print one line of talk, even when quiet."""
        said = words_of(line).in_language(self._language)
        self._progress.console.print(escape(said), soft_wrap=True)

    def finish(self, *, ledger_size: int) -> None:
        """Print the summary."""
        self._progress.stop()
        if self._quiet:
            return
        table = Table(box=None, pad_edge=False)
        table.add_column(self._say("action", "处置"))
        table.add_column(self._say("subjects", "数量"), justify="right")
        for action in reversed(Action):
            table.add_row(
                f"[{STYLES[action]}]{ACTIONS[action].in_language(self._language)}[/]",
                str(self._actions[action]),
            )
        if self._counts["unread"]:
            table.add_row(NOT_JUDGED.in_language(self._language), str(self._counts["unread"]))
        self._console.print(table)
        if self._harms:
            named = ", ".join(
                f"{harm_words(harm).in_language(self._language)} {count}"
                for harm, count in self._harms.most_common()
            )
            self._console.print(escape(self._say(f"harms: {named}", f"涉及危害：{named}")))
        if self._counts["incomplete"]:
            count = self._counts["incomplete"]
            self._console.print(
                self._say(f"{count} not fully examined (gaps)", f"{count} 项未能完整检查（存在缺口）")
            )
        if self._counts["before"]:
            count = self._counts["before"]
            self._console.print(self._say(f"{count} already in the ledger", f"{count} 项此前已入账"))
        self._console.print(self._say(f"ledger: {ledger_size} entries", f"账本：{ledger_size} 条记录"))

    def _say(self, en: str, zh: str) -> str:
        return Words(en, zh).in_language(self._language)


def reasons(judgement: Judgement, language: str, most: int = 3) -> Iterator[str]:
    """What, how sure, on what basis, under which rules: the strictest first; the gaps when nothing was caught."""
    assert judgement.decision is not None
    assert judgement.examination is not None
    decision, examination = judgement.decision, judgement.examination
    rules: dict[Finding, list[str]] = {}
    for match in decision.matches:
        if match.findings:
            witness = leading(examination.findings[index] for index in match.findings)
            rules.setdefault(witness, []).append(match.rule)
    for finding, names in [*rules.items()][:most]:
        basis = BASES[finding.basis].in_language(language)
        why = finding.why.in_language(language)
        more = f" +{len(names) - RULES_TOLD}" if len(names) > RULES_TOLD else ""
        yield f"{why} ({basis}, {finding.probability:.0%}) <- {', '.join(names[:RULES_TOLD])}{more}"
    if not rules:
        for gap in examination.gaps[:most]:
            yield f"{gap.why.in_language(language)} ({gap.source})"
        for match in decision.matches[: 0 if examination.gaps else most]:
            yield f"{match.message.in_language(language)} <- {match.rule}"


def show_detectors(rows: Sequence[Row]) -> None:
    """The table of detectors, to standard output."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for title in ("detector", "basis", "looks at", "purpose"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(row.name, " ".join(row.basis), " ".join(row.looks_at), escape(row.purpose))
    width = None if sys.stdout.isatty() else 160
    Console(highlight=False, width=width).print(table)
