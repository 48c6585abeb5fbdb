"""Packs laid over packs: an overlay adds rules and tightens those below; it can soften nothing."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from brightline.core.decision import Action
from brightline.core.errors import PolicyError
from brightline.core.ordered import OrderedEnum
from brightline.policy.effective import Span, span_of
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.suggest import hint
from brightline.policy.pack import Pack, Raise, Rule, rests_on_memory

Level = TypeVar("Level", bound=OrderedEnum)


class ActiveRule(msgspec.Struct, frozen=True):
    """A rule as it is after all overlays.

    Attributes:
        name: with its pack, `cn/labelling#suspected`.
        rule: the rule.
        span: when it holds.
        utc_offset: of its pack, in minutes.
    """

    name: str
    rule: Rule
    span: Span
    utc_offset: int


def lay(packs: Sequence[Pack]) -> tuple[ActiveRule, ...]:
    """All rules of the packs, tightened by the overlays among them.

    Raises:
        PolicyError: an overlay lies on a pack that is not there, or would soften a rule.
    """
    ids = [pack.id for pack in packs]
    rules = {active.name: active for pack in packs for active in _rules(pack)}
    for pack in packs:
        if pack.tightens and pack.tightens not in ids:
            raise PolicyError(f"`{pack.id}` tightens `{pack.tightens}`, which is not in force; name both")
        for change in pack.raises:
            rules[change.rule] = _tightened(pack, change, rules)
    return tuple(rules.values())


def _rules(pack: Pack) -> list[ActiveRule]:
    _check(pack)
    try:
        return [
            ActiveRule(
                f"{pack.id}#{rule.id}", rule, span_of(rule.effective, pack.utc_offset), pack.utc_offset
            )
            for rule in pack.rules
        ]
    except EvaluationError as fault:
        raise PolicyError(f"`{pack.id}`: {fault}") from fault


def _check(pack: Pack) -> None:
    """What loading from YAML has checked already; a pack may also come from stored bytes."""
    seen: set[str] = set()
    for rule in pack.rules:
        if rule.id in seen:
            raise PolicyError(f"`{pack.id}` has two rules named `{rule.id}`")
        if rule.action is Action.ALLOW:
            raise PolicyError(f"`{pack.id}#{rule.id}` allows; a rule may label, review or block")
        if rule.action is Action.BLOCK and rests_on_memory(rule.grounds):
            raise PolicyError(f"`{pack.id}#{rule.id}` rests on memory alone and may not block")
        seen.add(rule.id)


def _tightened(pack: Pack, change: Raise, rules: dict[str, ActiveRule]) -> ActiveRule:
    below = rules.get(change.rule)
    if below is None or not change.rule.startswith(f"{pack.tightens}#"):
        known = [name for name in rules if name.startswith(f"{pack.tightens}#")]
        raise PolicyError(
            f"`{pack.id}` raises `{change.rule}`, no rule of that name{hint(change.rule, known)}"
        )
    rule = msgspec.structs.replace(
        below.rule,
        action=_raised(pack, change.rule, below.rule.action, change.action),
        severity=_raised(pack, change.rule, below.rule.severity, change.severity),
        grounds=(*below.rule.grounds, *change.grounds),
    )
    if rule.action is Action.BLOCK and rests_on_memory(rule.grounds):
        raise PolicyError(
            f"`{pack.id}`: `{change.rule}` rests on memory alone and may not block; add a ground"
        )
    return msgspec.structs.replace(below, rule=rule, span=_widened(pack, change, below))


def _raised(pack: Pack, name: str, before: Level, after: Level | None) -> Level:
    if after is None:
        return before
    if after < before:
        raise PolicyError(
            f"`{pack.id}` would soften `{name}` from {before} to {after}; an overlay only tightens"
        )
    return after


def _widened(pack: Pack, change: Raise, below: ActiveRule) -> Span:
    if change.effective is None:
        return below.span
    try:
        span = span_of(change.effective, below.utc_offset)
    except EvaluationError as fault:
        raise PolicyError(f"`{pack.id}`: {fault}") from fault
    if not span.covers(below.span):
        raise PolicyError(f"`{pack.id}` would shorten when `{change.rule}` holds; an overlay only tightens")
    return span
