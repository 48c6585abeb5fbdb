"""A back-test beside what people decided: how often a policy catches what people did not allow, and what they did.

Only what came to a person has an answer, and that is mostly what the policy of that time held: what it let pass, nobody
looked at. So a recall here is one among the subjects that people saw, and an upper bound of the true one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from brightline.core.decision import Action, Decision
from brightline.core.finding import Examination
from brightline.core.share import Share, share_of
from brightline.policy.backtest import BacktestReport, backtest
from brightline.policy.decide import Policy

ENOUGH = 20  # answers of people below which no share is worth reading


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's decisions against people's answers; caught is whatever is not allowed.

    Attributes:
        right: caught, and people did not allow it either.
        needless: caught, and people allowed it.
        missed: let pass, and people did not allow it.
        passed: let pass by both.
        precision: of what was caught, how much people did not allow either; None where nothing was.
        recall: of what people did not allow, how much was caught; None where there is none.
    """

    right: int
    needless: int
    missed: int
    passed: int
    precision: Share | None
    recall: Share | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would have done, and how both policies stand against people's answers.

    Attributes:
        report: of all decisions.
        answers: how many of them people answered.
        is_enough: whether those are enough to read shares from.
        before: the policies that decided.
        after: the policy that was tried.
    """

    report: BacktestReport
    answers: int
    is_enough: bool
    before: Answered
    after: Answered


def try_policy(
    recorded: Iterable[tuple[Examination, Decision, Action | None]], policy: Policy, listed: int
) -> Tried:
    """Decide every recorded examination again.

    Args:
        recorded: examinations, the decisions made on them, and what a person decided, if one did; read once.
        policy: the policy to try.
        listed: how many changes to list.
    """
    current: list[Action | None] = [None]
    before: Counter[tuple[bool, bool]] = Counter()
    after: Counter[tuple[bool, bool]] = Counter()

    def pairs() -> Iterator[tuple[Examination, Decision]]:
        for examination, decision, answer in recorded:
            current[0] = answer
            yield examination, decision

    def heard(old: Decision, new: Decision) -> None:
        if current[0] is not None:
            wrong = current[0] is not Action.ALLOW
            before[old.action is not Action.ALLOW, wrong] += 1
            after[new.action is not Action.ALLOW, wrong] += 1

    report = backtest(pairs(), policy, listed, heard)
    answers = before.total()
    return Tried(
        report=report,
        answers=answers,
        is_enough=answers >= ENOUGH,
        before=_answered(before),
        after=_answered(after),
    )


def _answered(counts: Counter[tuple[bool, bool]]) -> Answered:
    right, needless = counts[True, True], counts[True, False]
    missed, passed = counts[False, True], counts[False, False]
    return Answered(
        right=right, needless=needless, missed=missed, passed=passed,
        precision=share_of(right, right + needless), recall=share_of(right, right + missed),
    )  # fmt: skip
