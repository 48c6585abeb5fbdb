"""How a recorded decision is explained in the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape

from brightline.core.decision import Decision
from brightline.core.finding import Examination, Finding
from brightline.core.receipt import Receipt
from brightline.core.words import Words
from brightline.doors.cli.show import STYLES
from brightline.doors.places import part_names, place_words
from brightline.doors.words import ACTIONS, BASES
from brightline.ledger.entry import Entry
from brightline.policy.explain import Clause, RuleTrace


def show_explanation(
    entry: Entry,
    decision: Decision,
    examination: Examination,
    receipt: Receipt,
    traces: Sequence[RuleTrace],
    language: str,
) -> None:
    """Print a decision: the subject, each rule with its witnesses, the gaps, the receipt, the traces."""
    out = Console(highlight=False, soft_wrap=True)

    def say(en: str, zh: str) -> str:
        return Words(en, zh).in_language(language)

    word = ACTIONS[decision.action].in_language(language)
    out.print(f"[{STYLES[decision.action]}]{word}[/]  {escape(examination.facts.name)}")
    out.print(f"{entry.kind}, {entry.size_bytes} B, SHA-256 {entry.subject}", style="dim")
    out.print(
        say(f"entry {receipt.index}, {entry.time}", f"第 {receipt.index} 条，{entry.time}"), style="dim"
    )
    names = dict(part_names(examination.facts))
    for match in decision.matches:
        out.print()
        action = ACTIONS[match.action].in_language(language)
        out.print(f"[{STYLES[match.action]}]{action}[/]  {escape(match.message.in_language(language))}")
        grounds = "; ".join(f"{one.law} {one.article} ({one.standing})" for one in match.grounds)
        out.print(escape(f"  {match.rule}  {grounds}"), style="dim")
        if match.error:
            out.print(escape(f"  {match.error}"))
        for index in match.findings:
            out.print(escape(f"  {_finding_line(examination.findings[index], names, language)}"))
    if examination.gaps:
        out.print()
        out.print(say("not looked at:", "未能检查："))
    for gap in examination.gaps:
        where = f" [{names[gap.part]}]" if names.get(gap.part) else ""
        out.print(escape(f"  {gap.why.in_language(language)} ({gap.source}, {gap.kind}){where}"))
    for trace in traces:
        out.print()
        out.print(escape(f"{trace.rule}: {trace.asked if trace.in_force else say('not in force', '未生效')}"))
        for line in _clauses(trace.condition, 1):
            out.print(escape(line))


def _finding_line(finding: Finding, names: dict[str, str], language: str) -> str:
    where = ", ".join(place_words(place).in_language(language) for place in finding.where[:4])
    place = " ".join(one for one in (names.get(finding.part, ""), where) if one)
    return (
        f"- {finding.why.in_language(language)} "
        f"({BASES[finding.basis].in_language(language)}, {finding.probability:.0%}, {finding.detector}"
        f"{', ' + place if place else ''})"
    )


def _clauses(clause: Clause, depth: int) -> Iterator[str]:
    held = clause.error or {True: "true", False: "false", None: "?"}[clause.holds]
    yield f"{'  ' * depth}{held:<6}{clause.source}"
    for inner in clause.clauses:
        yield from _clauses(inner, depth + 1)
