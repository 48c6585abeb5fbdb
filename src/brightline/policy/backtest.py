"""Back-tests a policy: what it would change on the decisions recorded so far."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from brightline.core.decision import Action, Decision
from brightline.core.finding import Examination
from brightline.policy.decide import Policy

CHANGES_LISTED = 1_000  # in one report; the counts go on


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """How many subjects went from one action to another, or stayed."""

    before: Action
    after: Action
    count: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One subject that would be decided otherwise.

    Attributes:
        subject: digest.
        before: recorded action.
        after: action under the new policy.
        gained: rules that ask now and did not.
        lost: rules that asked and no longer do.
    """

    subject: str
    before: Action
    after: Action
    gained: tuple[str, ...]
    lost: tuple[str, ...]


class BacktestReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would change.

    Attributes:
        policy: digest of the new policy.
        total: decisions looked at.
        stricter: subjects with a stricter action than recorded.
        softer: subjects with a softer one.
        transitions: counts of (before, after), softest first, unchanged actions too.
        changed: subjects whose action or rules differ, the first `CHANGES_LISTED` of them.
        unlisted: how many more there are.
    """

    policy: str
    total: int
    stricter: int
    softer: int
    transitions: tuple[Transition, ...]
    changed: tuple[Change, ...]
    unlisted: int


def backtest(
    recorded: Iterable[tuple[Examination, Decision]],
    policy: Policy,
    listed: int = CHANGES_LISTED,
    heard: Callable[[Decision, Decision], None] | None = None,
) -> BacktestReport:
    """Decide every recorded examination again and compare; memory does not grow with their number.

    Args:
        recorded: examinations with the decisions made on them, read once.
        policy: the policy to try.
        listed: how many changes to list.
        heard: is told of each decision as recorded and as it comes out now, in turn.
    """
    counts: Counter[tuple[Action, Action]] = Counter()
    changes: list[Change] = []
    differing = 0
    for examination, before in recorded:
        after = policy.decide(examination)
        if heard is not None:
            heard(before, after)
        counts[before.action, after.action] += 1
        change = _change(before, after)
        if change is not None:
            differing += 1
            if len(changes) < listed:
                changes.append(change)
    return BacktestReport(
        policy=policy.digest,
        total=counts.total(),
        stricter=sum(count for (before, after), count in counts.items() if after > before),
        softer=sum(count for (before, after), count in counts.items() if after < before),
        transitions=tuple(
            Transition(before=before, after=after, count=counts[before, after])
            for before, after in sorted(counts, key=lambda pair: (pair[0].rank, pair[1].rank))
        ),
        changed=tuple(changes),
        unlisted=differing - len(changes),
    )


def _change(before: Decision, after: Decision) -> Change | None:
    old = {match.rule for match in before.matches}
    new = {match.rule for match in after.matches}
    if before.action is after.action and old == new:
        return None
    return Change(
        subject=after.subject,
        before=before.action,
        after=after.action,
        gained=tuple(sorted(new - old)),
        lost=tuple(sorted(old - new)),
    )
