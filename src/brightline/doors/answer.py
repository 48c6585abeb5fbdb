"""The one JSON answer that all doors give, versioned."""

import msgspec

from brightline.core.decision import Action, AigcStatus, Decision, RuleMatch
from brightline.core.finding import Finding
from brightline.core.receipt import Receipt
from brightline.core.subject import Facts, Gap
from brightline.examine.combine import HarmSummary, combine
from brightline.line import Judgement

ANSWER_VERSION = 1
OWN_RULES = "brightline#"  # rules that the house itself adds, e.g. that a gap never allows


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a caller gets for one subject.

    Attributes:
        version: of this form.
        name: as the caller named the subject.
        error: why the subject could not be read at all; then everything below is missing.
        action: what is to be done.
        caught: a rule asked for more than ALLOW because of a finding.
        complete: nothing that should have been looked at was left out.
        aigc: labelling status (Labelling Measures Art. 6).
        matches: the rules that asked, strictest first, with their grounds.
        harms: what all findings together say of each harm.
        findings: claims with basis, probability, place and reason.
        gaps: what was not looked at.
        facts: what the subject is, without content.
        policy: digest of the policy.
        detectors: digest of the detectors.
        receipt: proof that the decision is in the ledger.
        recorded_before: the ledger had this decision already.
        seconds: time of the examination.
    """

    version: int
    name: str
    error: str = ""
    action: Action | None = None
    caught: bool = False
    complete: bool = True
    aigc: AigcStatus = AigcStatus.NONE
    matches: tuple[RuleMatch, ...] = ()
    harms: tuple[HarmSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    facts: Facts | None = None
    policy: str = ""
    detectors: str = ""
    receipt: Receipt | None = None
    recorded_before: bool = False
    seconds: float = 0.0


def answer_of(judgement: Judgement) -> Answer:
    """The answer that a judgement gives to its caller."""
    examination, decision = judgement.examination, judgement.decision
    if examination is None or decision is None:
        return Answer(version=ANSWER_VERSION, name=judgement.job.name, error=judgement.error, complete=False)
    return Answer(
        version=ANSWER_VERSION,
        name=judgement.job.name,
        action=decision.action,
        caught=caught_by(decision) > Action.ALLOW,
        complete=not is_incomplete(decision),
        aigc=decision.aigc,
        matches=decision.matches,
        harms=combine(examination.findings),
        findings=examination.findings,
        gaps=examination.gaps,
        facts=examination.facts,
        policy=decision.policy,
        detectors=decision.detectors,
        receipt=judgement.receipt,
        recorded_before=judgement.recorded_before,
        seconds=round(judgement.seconds, 4),
    )


def caught_by(decision: Decision) -> Action:
    """The strictest action that a policy's rule asked for because of what was found, gaps and errors apart."""
    asked = (match.action for match in decision.matches if not _is_own(match) and not match.error)
    return max(asked, default=Action.ALLOW)


def is_incomplete(decision: Decision) -> bool:
    """Whether something that should have been looked at was not, or a rule could not be evaluated."""
    return decision.gaps > 0 or any(_is_own(match) or match.error for match in decision.matches)


def _is_own(match: RuleMatch) -> bool:
    return match.rule.startswith(OWN_RULES)
