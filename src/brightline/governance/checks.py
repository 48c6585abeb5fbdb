"""A check looks at one target and says what it found; the gate joins all of them into one verdict.

    for result in check.run(target, context): ...

A check that cannot say anything gives `UNDECIDED`, never nothing: the gate holds every check to at least one result.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from brightline.core.decision import Ground, Severity
from brightline.core.finding import Finding
from brightline.core.ordered import OrderedEnum
from brightline.core.words import Words
from brightline.governance.manifest import Manifest


class Status(OrderedEnum):
    """What a result says, the worst last."""

    PASS = "pass"  # noqa: S105 - no password
    WAIVED = "waived"  # it fails, and somebody answers for letting it
    WARN = "warn"
    UNDECIDED = "undecided"
    FAIL = "fail"


class Nature(OrderedEnum):
    """What a target is, from its files."""

    MODEL = "model"
    DATASET = "dataset"
    OTHER = "other"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A model or data set as it lies on disk.

    Attributes:
        name: how it was named on the command line, for people.
        path: folder or file.
        nature: decides which checks apply.
        manifest: every file with its digest; what was read after is held to it.
    """

    name: str
    path: Path
    nature: Nature
    manifest: Manifest

    @property
    def digest(self) -> str:
        """The one digest over all files."""
        return self.manifest.digest

    def place(self, path: str) -> Path:
        """Where a file of the manifest lies."""
        return self.path if path == "." else self.path / path


class GateContext(msgspec.Struct, frozen=True, kw_only=True):
    """What all checks of a run share.

    Attributes:
        now: the run's time; waivers and certificates are held to it.
        language: of what people read.
    """

    now: datetime
    language: str = "en"

    @property
    def day(self) -> str:
        """The run's ISO date in UTC."""
        return self.now.astimezone(UTC).date().isoformat()


class Measurement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One number with the interval in which the true value lies.

    Attributes:
        name: dotted, e.g. `dataset.illegal_source_share`.
        title: for people.
        value: as measured.
        low: lower end of the interval; equal to `value` for an exact count.
        high: its upper end.
        unit: e.g. `share`, `count`, `bytes`.
        level: confidence of the interval, 0 for an exact number.
        size: how many items it was measured on, 0 where that means nothing.
        higher_is_worse: which way a change is a regression; None where neither is.
    """

    name: str
    title: Words
    value: float
    low: float
    high: float
    unit: str = "share"
    level: float = 0.0
    size: int = 0
    higher_is_worse: bool | None = None


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that one check says of a target or of one file of it.

    Attributes:
        check: the check's name, e.g. `scan`, `signature`.
        rule: what a waiver and a baseline name it by: a policy rule such as `house/models#pickle-calls`, or
            `signature#missing`.
        status: see there.
        title: a few words.
        why: one or two sentences.
        severity: how bad, where it fails.
        path: the file in the target; empty for the whole.
        digest: of that file, or of the target: what a waiver is bound to.
        findings: claims that it rests on.
        measurements: numbers that it rests on.
        grounds: the articles of law or rules of the house behind it.
        waiver: id of the waiver that lets it pass.
        is_new: it did not stand in the baseline; None without one.
    """

    check: str
    rule: str
    status: Status
    title: Words
    why: Words
    severity: Severity = Severity.MEDIUM
    path: str = ""
    digest: str = ""
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    grounds: tuple[Ground, ...] = ()
    waiver: str = ""
    is_new: bool | None = None

    @property
    def fingerprint(self) -> str:
        """What stays the same from run to run, whatever the file's other bytes: rule, path and what was claimed."""
        claims = sorted({one.claim for one in self.findings})
        return hashlib.sha256("\n".join([self.check, self.rule, self.path, *claims]).encode()).hexdigest()


class Check(Protocol):
    """One check; what it needs beyond target and context it was made with."""

    name: str

    def run(self, target: Target, context: GateContext) -> Iterable[CheckResult]:
        """What it says of the target, at least one result where it applies, none where it does not.

        Raises:
            BrightlineError: it could not look; the gate makes an undecided result of that.
        """


def exact(
    name: str, title: Words, value: float, unit: str = "count", **more: bool | int | None
) -> Measurement:
    """A number that was counted, not estimated."""
    return Measurement(name=name, title=title, value=value, low=value, high=value, unit=unit, **more)  # type: ignore[arg-type]  # counted below by the struct itself


def undecided(check: str, target: Target, why: Words, *, rule: str = "") -> CheckResult:
    """The result of a check that could not look."""
    return CheckResult(
        check=check,
        rule=rule or f"{check}#undecided",
        status=Status.UNDECIDED,
        title=Words("could not decide", "未能判定"),
        why=why,
        digest=target.digest,
    )


def worst(results: Sequence[CheckResult]) -> Status:
    """The worst status of several; PASS of none."""
    return max((one.status for one in results), default=Status.PASS)
