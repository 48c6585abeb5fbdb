"""Runs the checks over targets, waives what somebody answers for, and has the policy decide; the verdict is recorded.

1. Every file is digested; what is read later is held to that.
2. Checks: links, rows of data files, every file on the line, licence, signature.
3. Thresholds, baseline, waivers.
4. Policy over all results, into the ledger.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
from cryptography import x509

from brightline.assembly import House
from brightline.core.chinese import words_of
from brightline.core.decision import Action, Ground, Severity, Standing
from brightline.core.errors import BrightlineError
from brightline.core.subject import Context, Media
from brightline.core.words import Words
from brightline.detectors.dataset.audit import Plan
from brightline.doors.answer import OWN_RULES
from brightline.doors.gate.rows import DATA_ENDINGS, audited, is_covered
from brightline.examine.catalogue import catalogue, digest_of
from brightline.governance.baseline import Threshold, compare, hold_to
from brightline.governance.card import read_card
from brightline.governance.checks import CheckResult, Nature, Status, Target, undecided
from brightline.governance.keys import PublicKey
from brightline.governance.licences import licence_results
from brightline.governance.manifest import read_manifest
from brightline.governance.report import REPORT_VERSION, GateReport, TargetReport, Verdict, ordered
from brightline.governance.signing import Verdict as Signed
from brightline.governance.signing import signature_file_of, verify_model
from brightline.governance.verdict import examination_of, verdict_of
from brightline.governance.waivers import Waiver, apply_waivers
from brightline.line import Job, Judgement

MODEL_ENDINGS = (
    ".safetensors", ".gguf", ".onnx", ".pkl", ".pickle", ".pt", ".pth", ".bin", ".h5", ".keras", ".pb", ".npy", ".npz",
    ".joblib", ".ckpt",
)  # fmt: skip
_NEVER_TEXT = (
    ".safetensors", ".gguf", ".onnx", ".pkl", ".pickle", ".pt", ".pth", ".h5", ".npy", ".npz", ".keras", ".joblib", ".ckpt",
)  # fmt: skip
_STATUSES = {Action.LABEL: Status.WARN, Action.REVIEW: Status.FAIL, Action.BLOCK: Status.FAIL}
_GROUND = Ground(law="House rules", article="release gate", standing=Standing.HOUSE, as_of="2026-11-24")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asks of a run.

    Attributes:
        keys: public keys that may have signed.
        roots: root certificates that may.
        thresholds: for numbers.
        baseline: an earlier report.
        baseline_digest: of its bytes.
        tolerance: share by which a number may be worse.
        waivers: exceptions.
        approvers: whose signature approves one; None takes names.
        fail_on: the action from which a rule fails the run.
        warnings_fail: warnings give exit code 2.
        plan: how data sets are audited.
    """

    keys: tuple[PublicKey, ...] = ()
    roots: tuple[x509.Certificate, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    baseline: GateReport | None = None
    baseline_digest: str = ""
    tolerance: float = 0.0
    waivers: tuple[Waiver, ...] = ()
    approvers: dict[str, PublicKey] | None = None
    fail_on: Action = Action.REVIEW
    warnings_fail: bool = False
    plan: Plan = Plan()


def exit_of(verdict: Verdict, *, warnings_fail: bool) -> int:
    """The exit code of a verdict: 0 pass, 1 failed, 2 warnings that were asked to count, 3 undecided."""
    codes = {
        Verdict.PASS: 0,
        Verdict.WARNINGS: 2 if warnings_fail else 0,
        Verdict.UNDECIDED: 3,
        Verdict.FAILED: 1,
    }
    return codes[verdict]


def run_gate(house: House, paths: Sequence[str], context: Context, wishes: Wishes) -> GateReport:
    """The report over all targets; every verdict in it is in the ledger.

    Raises:
        LedgerError: a verdict could not be made durable.
    """
    targets, problems = _targets(paths)
    results = {target.name: [*_looked_at(house, target, context, wishes)] for target in targets}
    reports = [_unjudged(target, results[target.name]) for target in targets]
    reports = [_held(report, wishes) for report in reports]
    flat = [one for report in reports for one in report.results]
    today = datetime.now(UTC).date().isoformat()
    waived = apply_waivers(flat, wishes.waivers, targets, today, wishes.approvers).results
    judged, at = [], 0
    for report, target in zip(reports, targets, strict=True):
        end = at + len(report.results)
        mine = waived[at:end] + (waived[len(flat) :] if report is reports[0] else ())
        judged.append(_judged(house, target, report, mine, context, wishes))
        at = end
    verdict = max((one.verdict for one in judged), default=Verdict.UNDECIDED)
    if problems:
        verdict = max(verdict, Verdict.UNDECIDED)
    return GateReport(
        version=REPORT_VERSION,
        tool=version("brightline"),
        made=context.time,
        verdict=verdict,
        exit=exit_of(verdict, warnings_fail=wishes.warnings_fail),
        policies=tuple(pack.id for pack in house.policy.packs),
        policy=house.policy.digest,
        detectors=digest_of(catalogue(), house.settings),
        targets=tuple(judged),
        waivers=wishes.waivers,
        baseline=wishes.baseline_digest,
        problems=tuple(problems),
    )


def path_name(target: Target, path: str) -> str:
    """The name of a file in lower case; that of the target where it is one file."""
    return (target.path.name if path == "." else path).lower()


def nature_of(paths: Iterable[str]) -> Nature:
    """What a target is, by the endings of its files; which decides only what is asked of it besides the scan."""
    names = [path.lower() for path in paths]
    if any(name.endswith(MODEL_ENDINGS) for name in names):
        return Nature.MODEL
    return Nature.DATASET if any(name.endswith(DATA_ENDINGS) for name in names) else Nature.OTHER


def _targets(paths: Sequence[str]) -> tuple[list[Target], list[str]]:
    targets, problems = [], []
    for path in dict.fromkeys(paths):
        try:
            manifest = read_manifest(Path(path))
        except BrightlineError as error:
            problems.append(str(error))
            continue
        names = [Path(path).name] if Path(path).is_file() else [one.path for one in manifest.files]
        targets.append(Target(name=path, path=Path(path), nature=nature_of(names), manifest=manifest))
    return targets, problems


def _looked_at(house: House, target: Target, context: Context, wishes: Wishes) -> Iterator[CheckResult]:
    yield from _files(target)
    rows = audited(house, target, context, wishes.plan)
    yield from rows.results
    yield from _scan(house, target, context, wishes.fail_on, rows.paths)
    asked = bool(wishes.keys or wishes.roots) or signature_file_of(target.path) is not None
    if target.nature is not Nature.OTHER and target.path.is_dir():
        try:
            yield from licence_results(target, read_card(target.path))
        except BrightlineError as error:
            yield undecided("licence", target, words_of(str(error)))
    if target.nature is Nature.MODEL or asked:
        try:
            yield _signature(target, wishes)
        except BrightlineError as error:
            yield undecided("signature", target, words_of(str(error)))


def _files(target: Target) -> Iterator[CheckResult]:
    """What of a target cannot be looked at as a file."""
    for path in (*target.manifest.links, *target.manifest.others):
        why = Words(
            f"`{path}` is a link or no file; it was not followed", f"`{path}` 是链接或并非文件，未予跟随"
        )
        yield msgspec.structs.replace(undecided("files", target, why, rule="files#link"), path=path)
    if not target.manifest.files:
        why = Words("there is no file in it", "其中没有文件")
        yield undecided("files", target, why, rule="files#empty")


def _scan(
    house: House, target: Target, context: Context, fail_on: Action, audited_paths: frozenset[str]
) -> Iterator[CheckResult]:
    """Every file on the line; a file that is not what was digested before is undecided.

    What an audited file holds row by row is the audit's; of the scan counts only what is said of the file itself.
    """
    digests = {str(target.place(one.path)): (one.path, one.digest) for one in target.manifest.files}
    jobs = (Job(name=name, path=name, context=context) for name in digests)
    clean = 0
    for judgement in house.line.judge(jobs):
        path, digest = digests[judgement.job.path]
        found = [*_of_file(target, judgement, path, digest, fail_on, house.settings.limits.subject_bytes)]
        if (
            path in audited_paths
            and judgement.examination is not None
            and is_covered(judgement, target.place(path))
        ):
            found = [one for one in found if one.rule == "scan#changed" or _is_of_the_file(one)]
        clean += not found
        yield from found
    if digests:
        yield CheckResult(
            check="scan",
            rule="scan#clean",
            status=Status.PASS,
            title=Words("scan", "扫描"),
            why=Words(
                f"{clean} of {len(digests)} files: no rule asks for anything",
                f"{len(digests)} 个文件中 {clean} 个未触发规则",
            ),
            digest=target.digest,
        )


def _of_file(
    target: Target, judgement: Judgement, path: str, digest: str, fail_on: Action, limit_bytes: int
) -> Iterator[CheckResult]:
    if judgement.decision is None or judgement.examination is None:
        yield msgspec.structs.replace(
            undecided("scan", target, words_of(judgement.error), rule="scan#unread"), path=path, digest=digest
        )
        return
    seen = judgement.examination.facts
    if seen.digest != digest and seen.size_bytes <= limit_bytes:
        why = Words(f"`{path}` changed while it was looked at", f"`{path}` 在检查期间发生变化")
        yield msgspec.structs.replace(undecided("scan", target, why, rule="scan#changed"), path=path)
    if path_name(target, path).endswith(_NEVER_TEXT) and seen.kind.media in {
        Media.TEXT,
        Media.DATA,
        Media.MESSAGE,
    }:
        why = Words(
            f"`{path}` is named like a model, but holds text, as a Git LFS pointer does: fetch the file itself",
            f"`{path}` 以模型文件命名，内容却是文本（例如 Git LFS 指针）：请取得文件本身",
        )
        yield msgspec.structs.replace(
            undecided("files", target, why, rule="files#text-for-model"), path=path, digest=digest
        )
    for match in judgement.decision.matches:
        own = match.rule.startswith(OWN_RULES) or bool(match.error)
        status = (
            Status.UNDECIDED if own else Status.FAIL if match.action >= fail_on else _STATUSES[match.action]
        )
        yield CheckResult(
            check="scan",
            rule=match.rule,
            status=status,
            title=match.message,
            why=_why(judgement, match.findings, match.message),
            severity=match.severity,
            path=path,
            digest=digest,
            findings=tuple(judgement.examination.findings[index] for index in match.findings),
            grounds=match.grounds,
        )


def _is_of_the_file(result: CheckResult) -> bool:
    return any(finding.part == "" and finding.detector.startswith("artefact.") for finding in result.findings)


def _why(judgement: Judgement, findings: Sequence[int], message: Words) -> Words:
    assert judgement.examination is not None
    if findings:
        return judgement.examination.findings[findings[0]].why
    gaps = judgement.examination.gaps
    return gaps[0].why if gaps else message


def _signature(target: Target, wishes: Wishes) -> CheckResult:
    file = signature_file_of(target.path)
    if file is None:
        asked = bool(wishes.keys or wishes.roots)
        why = Words("nobody signed it (OpenSSF Model Signing)", "没有签名（OpenSSF Model Signing）")
        return _signed("missing", Status.FAIL if asked else Status.WARN, why, target)
    verified = verify_model(target.path, file, keys=wishes.keys, roots=wishes.roots)
    more = "; ".join(
        [*verified.differences[:3], *([f"expired {verified.expired}"] if verified.expired else [])]
    )
    said = f"{verified.why}{': ' + more if more else ''}"
    who = f" ({verified.signer[:80]})" if verified.signer else ""
    why = Words(f"signature: {said}{who}", f"签名：{said}{who}")
    statuses = {Signed.VERIFIED: Status.PASS, Signed.WRONG: Status.FAIL, Signed.UNDECIDED: Status.UNDECIDED}
    if verified.verdict is Signed.VERIFIED and (verified.uncovered or verified.expired):
        extra = ", ".join(verified.uncovered[:3]) or f"expired {verified.expired}"
        return _signed(
            "uncovered",
            Status.WARN,
            Words(f"signed, but not covered: {extra}", f"已签名，但未覆盖：{extra}"),
            target,
        )
    return _signed(verified.verdict.value, statuses[verified.verdict], why, target)


def _signed(rule: str, status: Status, why: Words, target: Target) -> CheckResult:
    return CheckResult(
        check="signature", rule=f"signature#{rule}", status=status, title=Words("signature", "签名"), why=why,
        severity=Severity.HIGH, digest=target.digest, grounds=(_GROUND,),
    )  # fmt: skip


def _unjudged(target: Target, results: Sequence[CheckResult]) -> TargetReport:
    return TargetReport(
        name=target.name,
        nature=target.nature,
        digest=target.digest,
        files=len(target.manifest.files),
        size_bytes=target.manifest.size_bytes,
        verdict=Verdict.UNDECIDED,
        results=tuple(results),
    )


def _held(report: TargetReport, wishes: Wishes) -> TargetReport:
    """The report with what thresholds and baseline add to it."""
    results = (*report.results, *hold_to(wishes.thresholds, report.measurements, report.digest))
    report = msgspec.structs.replace(report, results=results)
    if wishes.baseline is None:
        return report
    marked, said = compare(report, wishes.baseline, tolerance=wishes.tolerance)
    return msgspec.structs.replace(report, results=(*marked, *said))


def _judged(
    house: House,
    target: Target,
    report: TargetReport,
    results: Sequence[CheckResult],
    context: Context,
    wishes: Wishes,
) -> TargetReport:
    """Decide over a target's results, and record it."""
    in_order = ordered(tuple(results))
    examination = examination_of(target, in_order, context, detectors=digest_of(catalogue(), house.settings))
    decision = house.policy.decide(examination)
    (receipt,) = house.ledger.record([(examination, decision)])
    return msgspec.structs.replace(
        report,
        results=in_order,
        verdict=verdict_of(decision, wishes.fail_on),
        rules=tuple(match.rule for match in decision.matches),
        decision=decision.examination,
        receipt=receipt,
    )
