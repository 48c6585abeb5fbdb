"""Runs a pack's worked cases: they are its tests."""

import msgspec

from brightline.core.decision import Decision, RuleMatch
from brightline.policy.decide import Policy, compile_policy
from brightline.policy.pack import Case, Pack


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one case came out.

    Attributes:
        rule: full name, `cn/labelling#suspected`.
        case: the case's name.
        wrong: what came out otherwise than the case expects, one line each; empty for a case that passed.
    """

    rule: str
    case: str
    wrong: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.wrong


def run_cases(pack: Pack) -> list[CaseResult]:
    """All cases of a pack, in the order of the file, decided under this pack alone.

    A case takes it that every required detector looked, so that it need not list what each of them said.

    Raises:
        PolicyError: the pack does not compile.
    """
    if not pack.rules:
        return []  # an overlay that only raises
    alone = msgspec.structs.replace(pack, tightens="", raises=(), requires=())
    policy = compile_policy([alone])
    return [_run(policy, f"{pack.id}#{rule.id}", case) for rule in pack.rules for case in rule.cases]


def _run(policy: Policy, name: str, case: Case) -> CaseResult:
    decision = policy.decide(case.examination)
    match = next((match for match in decision.matches if match.rule == name), None)
    wrong = (*_matching(case, match), *_whole(case, decision))
    return CaseResult(rule=name, case=case.name, wrong=wrong)


def _matching(case: Case, match: RuleMatch | None) -> tuple[str, ...]:
    if match is not None and match.error:
        return (f"the rule could not be evaluated: {match.error}",)
    if case.matches == (match is not None):
        return ()
    return ("the rule matched and should not" if match else "the rule did not match and should",)


def _whole(case: Case, decision: Decision) -> tuple[str, ...]:
    wrong = []
    if case.action is not None and case.action is not decision.action:
        wrong.append(f"the pack decides {decision.action}, expected {case.action}")
    if case.aigc is not None and case.aigc is not decision.aigc:
        wrong.append(f"the labelling status is {decision.aigc}, expected {case.aigc}")
    return tuple(wrong)
