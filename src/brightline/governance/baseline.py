"""Numbers held to fixed thresholds and to an earlier report: regressions, new failures, checks that no longer run."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from brightline.core.decision import Ground, Severity, Standing
from brightline.core.errors import GovernanceError
from brightline.core.words import Words
from brightline.governance.checks import CheckResult, Measurement, Status
from brightline.governance.report import GateReport, TargetReport

_GROUND = Ground(
    law="House rules", article="thresholds and baselines", standing=Standing.HOUSE, as_of="2026-11-24"
)
_THRESHOLD = re.compile(r"([a-z0-9_.-]+)\s*(<=|>=)\s*(-?\d+(?:\.\d+)?)(%?)")
_BAD = frozenset({Status.FAIL, Status.UNDECIDED})


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """A number that must not be above, or below, a limit."""

    name: str
    at_most: bool
    limit: float

    def __str__(self) -> str:
        return f"{self.name}{'<=' if self.at_most else '>='}{self.limit:g}"


def read_threshold(text: str) -> Threshold:
    """A threshold from words such as `dataset.illegal_source_share<=5%`.

    Raises:
        GovernanceError: it is none.

    >>> str(read_threshold("dataset.rows >= 4000")), read_threshold("dataset.pii<=5%").limit
    ('dataset.rows>=4000', 0.05)
    """
    match = _THRESHOLD.fullmatch(text.strip())
    if match is None:
        raise GovernanceError(f"`{text[:80]}` is no threshold: expected `name<=number` or `name>=number`")
    name, sign, number, percent = match.groups()
    limit = float(number) / (100 if percent else 1)
    return Threshold(name=name, at_most=sign == "<=", limit=limit)


def hold_to(
    thresholds: Sequence[Threshold], measured: Sequence[Measurement], digest: str
) -> Iterator[CheckResult]:
    """What each threshold says of the numbers of one target.

    A number beyond the limit fails; one within it whose interval reaches beyond warns, because the true value may lie
    there; one that was not taken is undecided.
    """
    by_name = {one.name: one for one in measured}
    for threshold in thresholds:
        number = by_name.get(threshold.name)
        if number is None:
            yield _result(
                f"thresholds#{threshold.name}",
                Status.UNDECIDED,
                Words(f"`{threshold}`: nothing measured that", f"`{threshold}`：未测得该数值"),
                digest,
            )
        else:
            yield _held(threshold, number, digest)


def compare(
    target: TargetReport, before: GateReport, *, tolerance: float = 0.0
) -> tuple[tuple[CheckResult, ...], tuple[CheckResult, ...]]:
    """Hold one target's report to the same target in an earlier one.

    Args:
        target: as it is now.
        before: the baseline.
        tolerance: share of the old number by which it may be worse, 0.1 for a tenth.

    Returns:
        The target's results, each marked whether it is new; and what the comparison itself says.
    """
    old = next((one for one in before.targets if one.name == target.name), None)
    if old is None:
        why = Words(f"the baseline has no `{target.name}`", f"基线中没有 `{target.name}`")
        return target.results, (_result("baseline#unknown-target", Status.UNDECIDED, why, target.digest),)
    bad = {one.fingerprint for one in old.results if one.status in _BAD}
    marked = tuple(
        msgspec.structs.replace(one, is_new=one.fingerprint not in bad)
        if one.status in _BAD or one.status is Status.WAIVED
        else one
        for one in target.results
    )
    said = [*_new_failures(marked, target), *_missing(target, old), *_regressions(target, old, tolerance)]
    if not said:
        why = Words("nothing is worse than in the baseline", "与基线相比没有变差")
        said = [_result("baseline#held", Status.PASS, why, target.digest)]
    return marked, tuple(said)


def _held(threshold: Threshold, number: Measurement, digest: str) -> CheckResult:
    beyond = _beyond(number.value, threshold)
    edge = _beyond(number.high if threshold.at_most else number.low, threshold)
    status = Status.FAIL if beyond else Status.WARN if edge else Status.PASS
    shown = f"{number.value:g} [{number.low:g}, {number.high:g}]"
    tail = (
        Words(" and the interval reaches beyond it", "，但区间越过阈值")
        if edge and not beyond
        else Words("", "")
    )
    why = Words(
        f"{number.title.en} is {shown}, threshold `{threshold}`{tail.en}",
        f"{number.title.zh} 为 {shown}，阈值 `{threshold}`{tail.zh}",
    )
    return _result(f"thresholds#{threshold.name}", status, why, digest)


def _beyond(value: float, threshold: Threshold) -> bool:
    return value > threshold.limit if threshold.at_most else value < threshold.limit


def _new_failures(results: Sequence[CheckResult], target: TargetReport) -> Iterator[CheckResult]:
    new = [one for one in results if one.is_new and one.status in _BAD]
    if new:
        names = ", ".join(sorted({one.rule for one in new})[:5])
        why = Words(
            f"{len(new)} results fail that did not in the baseline: {names}",
            f"有 {len(new)} 项结果在基线中未失败而现在失败：{names}",
        )
        yield _result("baseline#new-failure", Status.FAIL, why, target.digest, severity=Severity.HIGH)


def _missing(target: TargetReport, old: TargetReport) -> Iterator[CheckResult]:
    gone = {one.check for one in old.results} - {one.check for one in target.results}
    gone -= {"baseline", "waivers", "thresholds"}
    if gone:
        names = ", ".join(sorted(gone))
        why = Words(f"checks of the baseline no longer run: {names}", f"基线中的检查不再执行：{names}")
        yield _result("baseline#missing-check", Status.FAIL, why, target.digest)


def _regressions(target: TargetReport, old: TargetReport, tolerance: float) -> Iterator[CheckResult]:
    before = {one.name: one for one in old.measurements}
    for now in target.measurements:
        was = before.get(now.name)
        if was is None or now.higher_is_worse is None:
            continue
        sign = 1.0 if now.higher_is_worse else -1.0
        if sign * (now.value - was.value) <= tolerance * abs(was.value):
            continue
        apart = now.low > was.high if now.higher_is_worse else now.high < was.low
        yield _regression(now, was, target.digest, certain=apart)


def _regression(now: Measurement, was: Measurement, digest: str, *, certain: bool) -> CheckResult:
    numbers = f"{was.value:g} [{was.low:g}, {was.high:g}] -> {now.value:g} [{now.low:g}, {now.high:g}]"
    chance = "" if certain else "; the intervals overlap, so it may be chance"
    chance_zh = "" if certain else "；区间重叠，可能出于偶然"
    why = Words(f"{now.title.en} is worse: {numbers}{chance}", f"{now.title.zh} 变差：{numbers}{chance_zh}")
    status = Status.FAIL if certain else Status.WARN
    return _result(f"baseline#worse-{now.name}", status, why, digest)


def _result(
    rule: str, status: Status, why: Words, digest: str, severity: Severity = Severity.MEDIUM
) -> CheckResult:
    check = rule.partition("#")[0]
    titles = {"thresholds": Words("threshold", "阈值"), "baseline": Words("baseline", "基线")}
    return CheckResult(
        check=check, rule=rule, status=status, title=titles[check], why=why, digest=digest, severity=severity,
        grounds=(_GROUND,),
    )  # fmt: skip
