"""Results become findings, and the policy over them gives the verdict: so that it stands in the ledger and replays.

Each result that is not a pass is one finding, `gate.<check>`, with rule and status as details; the pack `house/gate` says
what follows. An undecided result is a gap as well, and a gap never allows.
"""

from collections.abc import Sequence

from brightline.core.decision import Action, Decision
from brightline.core.finding import Basis, Examination, Finding, details
from brightline.core.subject import Context, Facts, Gap, GapKind, Kind
from brightline.core.words import Words
from brightline.governance.checks import CheckResult, Status, Target
from brightline.governance.report import Verdict

RESULTS_LISTED = 2_000  # in one record, the worst first; the others are counted in a gap
SHOWN_CHARACTERS = 200  # of a path in a record
OWN_RULES = "brightline#"  # the policy's own, such as that a gap never allows


def examination_of(
    target: Target, results: Sequence[CheckResult], context: Context, *, detectors: str
) -> Examination:
    """All that the checks said of a target, as what a policy decides on.

    Args:
        target: its manifest's digest is the subject.
        results: of all checks, the worst first.
        context: of the run.
        detectors: digest of the detectors in force.
    """
    telling = [one for one in results if one.status is not Status.PASS]
    findings = [_finding(one) for one in telling[:RESULTS_LISTED]]
    gaps = [_gap(one) for one in telling[:RESULTS_LISTED] if one.status is Status.UNDECIDED]
    if len(telling) > RESULTS_LISTED:
        why = Words(
            f"{len(telling) - RESULTS_LISTED} results beyond {RESULTS_LISTED} are not in this record",
            f"超出 {RESULTS_LISTED} 项的 {len(telling) - RESULTS_LISTED} 项结果未记入",
        )
        gaps.append(Gap(source="gate", kind=GapKind.LIMIT, why=why))
    return Examination(
        facts=Facts(
            digest=target.digest,
            size_bytes=target.manifest.size_bytes,
            kind=Kind.UNKNOWN,
            name=target.name[-255:],
        ),
        context=context,
        findings=tuple(findings),
        gaps=tuple(gaps),
        detectors=detectors,
    )


def verdict_of(decision: Decision, fail_on: Action = Action.REVIEW) -> Verdict:
    """What a pipeline is told of a decision.

    Failed when a rule asked for at least `fail_on` because of what was found; undecided when something could not be
    looked at; warnings when a rule asked for less.
    """
    asked = [one for one in decision.matches if not one.rule.startswith(OWN_RULES) and not one.error]
    caught = max((one.action for one in asked), default=Action.ALLOW)
    if caught >= fail_on:
        return Verdict.FAILED
    if decision.gaps or len(asked) < len(decision.matches):
        return Verdict.UNDECIDED
    return Verdict.WARNINGS if caught > Action.ALLOW else Verdict.PASS


def _finding(result: CheckResult) -> Finding:
    return Finding(
        detector="gate",
        claim=f"gate.{result.check}",
        basis=Basis.PROOF,
        probability=1.0,
        why=result.why,
        details=details(
            digest=result.digest,
            path=result.path[-SHOWN_CHARACTERS:],
            rule=result.rule,
            severity=result.severity.value,
            status=result.status.value,
            waiver=result.waiver,
        ),
    )


def _gap(result: CheckResult) -> Gap:
    return Gap(source=f"gate.{result.check}", kind=GapKind.FAILED, why=result.why)
