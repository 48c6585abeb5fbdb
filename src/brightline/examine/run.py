"""Run detectors over a subject: each step is one detector on one part, and every failure becomes a Gap.

Steps are numbered in a fixed order, so that the process that watches us knows which step was running when we
died, and a fresh worker can go on with the next one.
"""

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from brightline.core.alarm import StepTimeout, time_limit
from brightline.core.errors import DetectorError
from brightline.core.finding import Examination, Finding
from brightline.core.signatures import Detect
from brightline.core.subject import Gap, GapKind, Kind, Media, Role, Subject, facts_of
from brightline.core.wire import canonical
from brightline.core.words import Words
from brightline.examine.cascade import spared
from brightline.examine.catalogue import Entry, fits, load
from brightline.settings import Settings

FINDINGS_PER_STEP = 200  # findings one detector may make on one part; a page shows no more
CONTAINERS = {Media.ARCHIVE, Media.MESSAGE}  # their parts are what there is to look at


class Loaded(msgspec.Struct, frozen=True):
    """A catalogue entry and its detector, or why it could not be loaded."""

    entry: Entry
    detect: Detect | None
    error: str = ""


class Step(msgspec.Struct, frozen=True):
    """One detector on one part."""

    part: str
    subject: Subject
    loaded: Loaded


Report = Callable[[int, Finding | Gap | None], None]
"""Hears the number of a step: with None when it starts, with each finding or gap that it makes."""


def load_all(entries: Sequence[Entry], settings: Settings) -> tuple[Loaded, ...]:
    """Load detectors; one that cannot be loaded is kept as missing, so that it leaves a gap wherever it fits."""
    loaded = []
    for entry in entries:
        try:
            loaded.append(Loaded(entry, load(entry, settings)))
        except Exception as error:  # noqa: BLE001 - a broken detector must leave gaps, not stop the line
            loaded.append(Loaded(entry, None, f"{type(error).__name__}: {error}"[:300]))
    return tuple(loaded)


def nodes(subject: Subject, part: str = "") -> Iterator[tuple[str, Subject]]:
    """A subject and all its parts with their paths, depth first."""
    yield part, subject
    for index, child in enumerate(subject.parts):
        yield from nodes(child, f"{part}/{index}" if part else str(index))


def plan(subject: Subject, detectors: Sequence[Loaded]) -> list[Step]:
    """Every detector that fits, on every part, in a fixed order: those that others can spare come last."""
    ordered = sorted(detectors, key=lambda loaded: loaded.entry.spared)
    return [
        Step(part, node, loaded)
        for part, node in nodes(subject)
        for loaded in ordered
        if fits(loaded.entry, node)
    ]


def examine(
    subject: Subject,
    detectors: Sequence[Loaded],
    settings: Settings,
    digest: str,
    *,
    report: Report | None = None,
    resume: "Resume | None" = None,
    deadline: float | None = None,
) -> Examination:
    """Examine a subject with all fitting detectors; keeps what was found before any failure.

    Args:
        subject: opened subject.
        detectors: what is in force.
        settings: for the limits.
        digest: digest of the detectors in force.
        report: hears of every step, finding and gap at once.
        resume: where an earlier process died on this subject, and what it had made.
        deadline: `time.monotonic()` at which the subject's time is used up; by default it begins now.
    """
    steps = plan(subject, detectors)
    made: list[Finding | Gap] = [*opening_gaps(subject, detectors)]
    first = 0
    if resume is not None:
        made += [*resume.findings, *resume.gaps]
        for gap in _died(steps, resume):
            made.append(gap)
            if report is not None:
                report(int(resume.step), gap)  # so that it outlives this process too
        first = resume.step + 1
    if deadline is None:
        deadline = time.monotonic() + settings.limits.subject_seconds
    for number in range(first, len(steps)):
        if time.monotonic() >= deadline:
            made.append(_out_of_time(len(steps) - number, len(steps), settings))
            break
        said = spared(steps[number].loaded.entry, steps[number].part, made)
        if said is None:
            made.extend(run_step(steps[number], number, settings, deadline, report))
            continue
        made.append(said)
        if report is not None:
            report(number, None)
            report(number, said)
    return assemble(subject, made, digest)


class Resume(msgspec.Struct, frozen=True):
    """Where an earlier process died on a subject.

    Attributes:
        step: number of the step that was running.
        kind: TIMEOUT if it was stopped, CRASH if it died by itself.
        findings: made before.
        gaps: made before.
        spent_s: seconds already spent on the subject.
    """

    step: int
    kind: GapKind
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    spent_s: float = 0.0


def _died(steps: Sequence[Step], resume: Resume) -> Iterator[Gap]:
    if not 0 <= resume.step < len(steps):
        return  # it died afterwards, while drawing the preview
    step = steps[resume.step]
    en, zh = (
        ("did not stop in time and was ended", "未能按时停止，已被终止")
        if resume.kind is GapKind.TIMEOUT
        else ("crashed its process", "导致其进程崩溃")
    )
    yield msgspec.structs.replace(_gap(step.loaded.entry.name, resume.kind, en, zh), part=step.part)


def _out_of_time(left: int, total: int, settings: Settings) -> Gap:
    seconds = settings.limits.subject_seconds
    return _gap(
        "examine",
        GapKind.TIMEOUT,
        f"{left} of {total} steps not run: the subject used up its {seconds:g} s",
        f"共 {total} 个检测步骤，有 {left} 个未运行：该内容已用尽 {seconds:g} 秒时限",
    )


def opening_gaps(subject: Subject, detectors: Sequence[Loaded]) -> Iterator[Gap]:
    """What intake could not open, and parts that no detector looks into."""
    for part, node in nodes(subject):
        for gap in node.gaps:
            yield msgspec.structs.replace(gap, part=part)
        if not _looked_into(node, detectors):
            yield Gap(
                source="examine",
                kind=GapKind.MISSING,
                part=part,
                why=Words(
                    en=f"no detector looks into a file of kind `{node.kind}`",
                    zh=f"没有检测器能检查 `{node.kind}` 类型的文件",
                ),
            )


def _looked_into(node: Subject, detectors: Sequence[Loaded]) -> bool:
    if node.kind is Kind.EMPTY or node.gaps or (node.kind.media in CONTAINERS and node.parts):
        return True
    if node.kind.media is Media.ARCHIVE:
        return True  # an empty archive holds nothing to look at
    if node.role is not Role.ROOT and node.kind in {Kind.TURN, Kind.POST} and not node.text:
        return True  # a turn without words
    return any(not loaded.entry.whole and fits(loaded.entry, node) for loaded in detectors)


def run_step(
    step: Step, number: int, settings: Settings, deadline: float, report: Report | None = None
) -> list[Finding | Gap]:
    """Findings of one detector on one part, and a gap if it failed or ran out of time."""
    made: list[Finding | Gap] = []

    def keep(item: Finding | Gap) -> None:
        placed = msgspec.structs.replace(item, part=step.part)
        made.append(placed)
        if report is not None:
            report(number, placed)

    if report is not None:
        report(number, None)
    gap = _detect(step, settings, deadline, keep)
    if gap is not None:
        keep(gap)
    return made


def _detect(
    step: Step, settings: Settings, deadline: float, keep: Callable[[Finding | Gap], None]
) -> Gap | None:
    """Run the detector; findings go to `keep` as they come, and a failure is given back as a gap."""
    name, detect = step.loaded.entry.name, step.loaded.detect
    if detect is None:
        return _gap(name, GapKind.MISSING, step.loaded.error, "检测器无法加载")
    allowed = max(0.001, min(settings.limits.detector_seconds, deadline - time.monotonic()))
    try:
        with time_limit(allowed):
            for count, finding in enumerate(detect(step.subject), 1):
                keep(finding)
                if count >= FINDINGS_PER_STEP:
                    return _gap(
                        name, GapKind.LIMIT, f"stopped after {count} findings", f"已达到 {count} 条发现的上限"
                    )
    except StepTimeout:
        return _gap(name, GapKind.TIMEOUT, f"stopped after {allowed:.1f} s", f"运行 {allowed:.1f} 秒后被停止")
    except DetectorError as error:
        return _gap(name, GapKind.FAILED, str(error), f"无法判断：{error}")
    except MemoryError:
        limit = settings.limits.worker_memory_bytes // 2**20
        return _gap(
            name, GapKind.LIMIT, f"needs more than {limit} MiB of memory", f"需要超过 {limit} MiB 内存"
        )
    except Exception as error:  # noqa: BLE001 - whatever a detector raises leaves a gap, never a clean result
        kind = type(error).__name__
        return _gap(name, GapKind.FAILED, f"failed with {kind}", f"运行出错：{kind}")
    return None


def _gap(source: str, kind: GapKind, en: str, zh: str) -> Gap:
    return Gap(source=source, kind=kind, why=Words(en=en[:300], zh=zh[:300]))


def assemble(subject: Subject, made: Sequence[Finding | Gap], digest: str) -> Examination:
    """An Examination in canonical order, so that the same findings give the same bytes."""
    return Examination(
        facts=facts_of(subject),
        context=subject.context,
        findings=tuple(
            sorted(
                (item for item in made if isinstance(item, Finding)),
                key=lambda finding: (finding.part, finding.detector, finding.claim, canonical(finding)),
            )
        ),
        gaps=tuple(
            sorted(
                (item for item in made if isinstance(item, Gap)),
                key=lambda gap: (gap.part, gap.source, canonical(gap)),
            )
        ),
        detectors=digest,
    )
