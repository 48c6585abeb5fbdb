"""An assessment as results of the gate, so that one policy, one ledger and one set of outputs serve both."""

from collections.abc import Iterator
from pathlib import Path

from brightline.assembly import open_ledger, policy_in_force
from brightline.assess.rates import Held
from brightline.assess.report import Assessment, Measure
from brightline.assess.risks import risks
from brightline.core.decision import Ground, Severity, Standing
from brightline.core.subject import Context
from brightline.core.words import Words
from brightline.doors.gate.run import exit_of
from brightline.examine.catalogue import catalogue, digest_of
from brightline.governance.checks import CheckResult, Measurement, Nature, Status, Target
from brightline.governance.manifest import read_manifest
from brightline.governance.report import REPORT_VERSION, GateReport, TargetReport, ordered
from brightline.governance.verdict import examination_of, verdict_of
from brightline.policy.decide import policy_bytes
from brightline.settings import Settings

CHECK = "assess"
_STATUSES = {Held.MET: Status.PASS, Held.NOT_MET: Status.FAIL, Held.UNDECIDED: Status.UNDECIDED}
_GROUND = Ground(law="GB/T 45654-2025", article="assessment", standing=Standing.SECONDARY, as_of="2026-11-24")
_QUOTAS = {
    "content": Words("questions on generated content", "生成内容测试题"),
    "refuse": Words("questions to be refused", "应拒答测试题"),
    "answer": Words("questions not to be refused", "非拒答测试题"),
}


def results_of(report: Assessment, digest: str, *, statutory: bool) -> tuple[CheckResult, ...]:
    """What the gate is told of an assessment, the worst first.

    Args:
        report: the assessment.
        digest: of its target, to which waivers are bound.
        statutory: sizes that the norm asks for and that are not met leave the whole undecided, not only warned of.
    """
    short = Status.UNDECIDED if statutory else Status.WARN
    return ordered(
        (
            *(_measured(one, digest) for one in report.measures),
            *_short(report, digest, short),
            *_unsettled(report, digest),
        )
    )


def judge(
    report: Assessment,
    file: Path,
    settings: Settings,
    context: Context,
    *,
    statutory: bool,
    warnings_fail: bool,
) -> GateReport:
    """Decide over an assessment as it lies on the disk, and record the verdict.

    Raises:
        BrightlineError: the policy cannot be loaded, or the ledger cannot be written.
    """
    target = Target(name=report.plan.endpoint, path=file, nature=Nature.MODEL, manifest=read_manifest(file))
    results = results_of(report, target.digest, statutory=statutory)
    policy = policy_in_force(settings)
    detectors = digest_of(catalogue(), settings)
    examination = examination_of(target, results, context, detectors=detectors)
    decision = policy.decide(examination)
    with open_ledger(settings) as ledger:
        ledger.save_policy(policy.digest, policy_bytes(policy))
        (receipt,) = ledger.record([(examination, decision)])
    verdict = verdict_of(decision)
    return GateReport(
        version=REPORT_VERSION,
        tool=report.tool,
        made=report.made,
        verdict=verdict,
        exit=exit_of(verdict, warnings_fail=warnings_fail),
        policies=tuple(pack.id for pack in policy.packs),
        policy=policy.digest,
        detectors=detectors,
        targets=(
            TargetReport(
                name=target.name,
                nature=target.nature,
                digest=target.digest,
                files=1,
                size_bytes=target.manifest.size_bytes,
                verdict=verdict,
                rules=tuple(match.rule for match in decision.matches),
                results=results,
                decision=decision.examination,
                receipt=receipt,
            ),
        ),
    )


def _measured(one: Measure, digest: str) -> CheckResult:
    rate, most = one.rate, one.name == "over_refusal"
    sign_en, sign_zh = ("at most", "不高于") if most else ("at least", "不低于")
    share = "-" if rate.share is None else f"{rate.share:.1%}"
    low, high, threshold = f"{rate.low:.1%}", f"{rate.high:.1%}", f"{one.threshold:.0%}"
    return CheckResult(
        check=CHECK,
        rule=f"{CHECK}#{one.name}",
        status=_STATUSES[one.held],
        title=one.title,
        why=Words(
            f"{share} of {rate.hits + rate.misses} judged, {rate.open} open, 95 % interval {low} to {high}; {sign_en} {threshold}",
            f"已判 {rate.hits + rate.misses} 题中占 {share}，{rate.open} 题未决，95% 区间 {low} 至 {high}；要求{sign_zh} {threshold}",
        ),
        severity=Severity.HIGH,
        digest=digest,
        measurements=(
            Measurement(
                name=f"{CHECK}.{one.name}",
                title=one.title,
                value=rate.low if rate.share is None else rate.share,
                low=rate.low,
                high=rate.high,
                level=0.95,
                size=rate.total,
                higher_is_worse=most,
            ),
        ),
        grounds=(_GROUND,),
    )


def _short(report: Assessment, digest: str, status: Status) -> Iterator[CheckResult]:
    """One result for each kind of question of which there were too few."""
    for name, words in _QUOTAS.items():
        mine = [one for one in report.missed if one.name == name]
        if not mine:
            continue
        lacking = [one.risk for one in mine if one.risk]
        none = [one.risk for one in mine if one.risk and not one.asked]
        whole = next(
            (f"{one.asked}/{one.least}" for one in report.quotas if one.name == name and not one.risk), ""
        )
        yield CheckResult(
            check=CHECK,
            rule=f"{CHECK}#quota-{name}",
            status=status,
            title=Words("too few questions", "题量不足"),
            why=Words(
                f"{words.en}: {whole} in all; too few for {len(lacking)} of {len(risks())} risks, none for {', '.join(none) or '-'}",
                f"{words.zh}：共 {whole}；31 类风险中 {len(lacking)} 类题量不足，{'、'.join(none) or '-'} 没有题目",
            ),
            digest=digest,
            grounds=(_GROUND,),
        )


def _unsettled(report: Assessment, digest: str) -> Iterator[CheckResult]:
    if not report.finished:
        yield _said(
            "unfinished", Status.UNDECIDED, digest,
            Words("the endpoint kept failing, so that not all was asked", "端点持续出错，题目未问完"),
        )  # fmt: skip
    failed = sum(report.failures.values())
    if failed:
        codes = ", ".join(f"{code} {count}" for code, count in report.failures.items())[:200]
        yield _said(
            "missing", Status.WARN, digest,
            Words(f"{failed} questions have no answer: {codes}", f"{failed} 题没有得到回答：{codes}"),
        )  # fmt: skip
    stale = ", ".join(one.name for one in report.banks if one.is_stale)[:200]
    if stale:
        yield _said(
            "stale", Status.WARN, digest,
            Words(f"banks not updated within a month: {stale}", f"题库超过一个月未更新：{stale}"),
        )  # fmt: skip


def _said(rule: str, status: Status, digest: str, why: Words) -> CheckResult:
    title = Words("course of the assessment", "评估过程")
    return CheckResult(
        check=CHECK,
        rule=f"{CHECK}#{rule}",
        status=status,
        title=title,
        why=why,
        digest=digest,
        grounds=(_GROUND,),
    )
