"""Real nouns and ledgers for the ledger's tests."""

import hashlib
from pathlib import Path

from brightline.core.decision import Action, AigcStatus, Decision, Ground, RuleMatch, Severity, Standing
from brightline.core.finding import Basis, Examination, Finding, Span
from brightline.core.harm import Harm
from brightline.core.subject import Context, Facts, Kind
from brightline.core.wire import digest
from brightline.core.words import Words
from brightline.ledger.ledger import Ledger

ORIGIN = "log.example.com/decisions"
POLICY_DATA = b"rules: one\n"
POLICY = hashlib.sha256(POLICY_DATA).hexdigest()
DETECTORS = hashlib.sha256(b"detectors").hexdigest()


def make_examination(number: int, note: str = "") -> Examination:
    """An examination of an invented text with one finding."""
    finding = Finding(
        detector="text.unicode",
        claim="text.hidden",
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.PROMPT_INJECTION,
        why=Words(en=f"hidden characters {note}", zh="隐藏字符"),
        where=(Span(start=1, end=4),),
    )
    return Examination(
        facts=Facts(digest=hashlib.sha256(b"%d" % number).hexdigest(), size_bytes=number, kind=Kind.TEXT),
        context=Context(time="2026-11-23T12:00:00Z"),
        findings=(finding,),
        gaps=(),
        detectors=DETECTORS,
    )


def decide(examination: Examination, rules: int = 1) -> Decision:
    """What an invented policy makes of an examination."""
    match = RuleMatch(
        rule="house/default#hidden",
        action=Action.REVIEW,
        severity=Severity.MEDIUM,
        message=Words(en="hidden text", zh="含有隐藏文本"),
        grounds=(Ground(law="house", article="1", standing=Standing.HOUSE),),
        findings=(0,),
    )
    return Decision(
        action=Action.REVIEW,
        subject=examination.facts.digest,
        examination=digest(examination),
        policy=POLICY,
        detectors=examination.detectors,
        matches=(match,) * rules,
        aigc=AigcStatus.NONE,
    )


def make_item(number: int, note: str = "", rules: int = 1) -> tuple[Examination, Decision]:
    """An examination and the decision on it."""
    examination = make_examination(number, note)
    return examination, decide(examination, rules)


def make_items(start: int, stop: int) -> list[tuple[Examination, Decision]]:
    """Items of the numbers [start, stop)."""
    return [make_item(number) for number in range(start, stop)]


def job_key(number: int) -> str:
    """A job key as a scan would make one."""
    return hashlib.sha256(b"job %d" % number).hexdigest()


def open_ledger(folder: Path, url: str = "", *, check: bool = True) -> Ledger:
    """A ledger in a folder, or at a URL with its key in the folder."""
    return Ledger.open(
        url=url or f"sqlite:///{folder / 'ledger.sqlite'}",
        key_file=folder / "ledger.key",
        origin=ORIGIN,
        check=check,
    )
