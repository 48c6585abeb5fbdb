"""Decides: an examination under a policy gives the strictest action that any rule asks for, and why.

1. Every rule that is in force at the context's time is evaluated.
2. A rule that holds asks for its action; one that cannot be evaluated asks for REVIEW, never for nothing.
3. Any gap, and any required detector that is silent, asks for REVIEW.

The laws (one more finding, one more gap never soften; an estimate never confirms) hold for every policy that loads:
see `decisions/0004-policy-language.md` for the argument.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from brightline.core.decision import Action, AigcStatus, Decision, RuleMatch, Severity
from brightline.core.errors import PolicyError
from brightline.core.finding import Examination
from brightline.core.wire import canonical, digest, read
from brightline.core.words import Words
from brightline.policy.language.cost import cost, exceeds
from brightline.policy.language.errors import EvaluationError, ExpressionError
from brightline.policy.language.expression import Condition, condition
from brightline.policy.language.limits import MAX_COST
from brightline.policy.language.witness import Collect, compile_witness
from brightline.policy.overlay import ActiveRule, lay
from brightline.policy.pack import Pack, Requirement
from brightline.policy.quiet import Quiet
from brightline.policy.required import silent
from brightline.policy.rows import View, view

FORMAT = "brightline-policy/1"  # a change of what expressions mean needs a new one
MAX_WITNESSES = 100  # positions of findings that one match lists
GAP_RULE = "brightline#gap"
SILENT_RULE = "brightline#silent"


class PolicyRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is stored of a policy: enough to decide again, without the worked cases."""

    format: str
    packs: tuple[Pack, ...]


class CompiledRule(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A rule that is ready to run.

    Attributes:
        active: the rule after overlays.
        match: what it says when it holds, without witnesses.
        condition: when it holds.
        witness: which findings made it hold.
        firm: it must not see estimates, because it concludes that content is, or may be, generated.
        strict: an absorbed error counts, because the rule's own action is softer than an error's.
    """

    active: ActiveRule
    match: RuleMatch
    condition: Condition
    witness: Collect
    firm: bool
    strict: bool


class Policy(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Packs in force, compiled.

    Attributes:
        packs: without their worked cases.
        rules: of all packs, after overlays.
        requirements: of all packs.
        quiet: what the rules say where nothing was found.
        digest: SHA-256 of `policy_bytes`, 64 hex digits.
    """

    packs: tuple[Pack, ...]
    rules: tuple[CompiledRule, ...]
    requirements: tuple[Requirement, ...]
    quiet: Quiet
    digest: str

    def decide(self, examination: Examination) -> Decision:
        """The decision on an examination; pure, so the same examination gives the same bytes."""
        seen = view(examination)
        missing = silent(self.requirements, examination)
        found: list[RuleMatch | None] = [*self._matches(seen)]
        found += [_gap_match(len(examination.gaps)), _silent_match(missing)]
        matches = sorted((match for match in found if match is not None), key=_strictest_first)
        return Decision(
            action=matches[0].action if matches else Action.ALLOW,
            subject=examination.facts.digest,
            examination=digest(examination),
            policy=self.digest,
            detectors=examination.detectors,
            matches=tuple(matches),
            aigc=max((match.aigc for match in matches), default=AigcStatus.NONE),
            gaps=len(examination.gaps) + len(missing),
        )

    def _matches(self, seen: View) -> Iterator[RuleMatch]:
        """What the rules ask for; where nothing was found, most of them were asked before."""
        key = self.quiet.key(seen)
        if key is None:
            yield from _asked(self.rules, range(len(self.rules)), seen)
            return
        before = self.quiet.said(key)
        if before is None:
            before = tuple(_asked(self.rules, self.quiet.once_asked, seen))
            self.quiet.keep(key, before)
        yield from before
        yield from _asked(self.rules, self.quiet.always_asked, seen)


def _asked(rules: Sequence[CompiledRule], numbers: Iterable[int], seen: View) -> Iterator[RuleMatch]:
    for number in numbers:
        match = evaluate(rules[number], seen)
        if match is not None:
            yield match


def compile_policy(packs: Sequence[Pack]) -> Policy:
    """The policy that these packs make together; overlays may stand anywhere among them.

    Raises:
        PolicyError: no pack, no rule, two packs of one id, an overlay that softens, or a rule that does not compile.
    """
    if not any(pack.rules for pack in packs):
        raise PolicyError("the policy has no rules: everything would pass; name at least one pack with rules")
    ids = [pack.id for pack in packs]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise PolicyError(f"pack `{twice[0]}` is in the policy twice")
    bare = tuple(_without_cases(pack) for pack in packs)
    rules = tuple(_compile(active) for active in lay(bare))
    return Policy(
        packs=bare,
        rules=rules,
        quiet=Quiet([(rule.condition.checked.tree, rule.active.span) for rule in rules]),
        requirements=tuple(requirement for pack in bare for requirement in pack.requires),
        digest=hashlib.sha256(_record(bare)).hexdigest(),
    )


def policy_bytes(policy: Policy) -> bytes:
    """Canonical bytes of a policy, for the ledger; their SHA-256 is the policy's digest."""
    return _record(policy.packs)


def policy_from_bytes(data: bytes) -> Policy:
    """The policy that `policy_bytes` wrote.

    Raises:
        PolicyError: the bytes are no policy, or of a format that this version does not know.
    """
    try:
        record = read(data, PolicyRecord)
    except (
        msgspec.MsgspecError,
        ValueError,
        RecursionError,
    ) as error:  # bytes that are no text, or nested deep
        raise PolicyError(f"these bytes are no policy: {error}") from error
    if record.format != FORMAT:
        raise PolicyError(f"the policy has format `{record.format}`, expected `{FORMAT}`")
    return compile_policy(record.packs)


def evaluate(rule: CompiledRule, seen: View) -> RuleMatch | None:
    """What one rule says to one examination: a match, a match with an error, or None."""
    span = rule.active.span
    if not span.is_always:
        if seen.time is None:
            return _failed(rule, "the context's time is no RFC 3339 time", Action.REVIEW)
        if not span.start <= seen.time < span.end:
            return None
    env = seen.firm if rule.firm else seen.everything
    if exceeds(seen.sizes) and cost(rule.condition.checked, seen.sizes) > MAX_COST:
        # Stricter than other errors: whether it would hold is unknown, and more findings keep it unknown.
        return _failed(rule, f"it would take more than {MAX_COST:,} steps", rule.match.action)
    try:
        holds = rule.condition.holds_strictly(env) if rule.strict else rule.condition.holds(env)
    except EvaluationError as fault:
        return _failed(rule, str(fault), Action.REVIEW, holds_anyway=rule.strict and _holds(rule, env))
    return _with_witnesses(rule, env) if holds else None


def _compile(active: ActiveRule) -> CompiledRule:
    rule = active.rule
    try:
        compiled = condition(rule.when)
    except ExpressionError as error:
        raise PolicyError(f"`{active.name}`: {error.message} (character {error.start + 1})") from error
    return CompiledRule(
        active=active,
        match=RuleMatch(
            rule=active.name,
            action=rule.action,
            severity=rule.severity,
            message=rule.message,
            grounds=rule.grounds,
            aigc=rule.aigc,
            remedy=rule.remedy,
        ),
        condition=compiled,
        witness=compile_witness(compiled.checked, compiled.growing),
        firm=rule.aigc in {AigcStatus.POSSIBLE, AigcStatus.CONFIRMED},
        strict=rule.action < Action.REVIEW,
    )


def _without_cases(pack: Pack) -> Pack:
    rules = tuple(msgspec.structs.replace(rule, cases=()) for rule in pack.rules)
    return msgspec.structs.replace(pack, rules=rules)


def _record(packs: tuple[Pack, ...]) -> bytes:
    return canonical(PolicyRecord(format=FORMAT, packs=packs))


def _holds(rule: CompiledRule, env: list[object]) -> bool:
    """Whether the rule holds as CEL has it, where a true clause absorbs an error."""
    try:
        return bool(rule.condition.holds(env))
    except EvaluationError:
        return False


def _with_witnesses(rule: CompiledRule, env: list[object]) -> RuleMatch:
    positions: set[int] = set()
    rule.witness(env, positions)
    return msgspec.structs.replace(rule.match, findings=tuple(sorted(positions)[:MAX_WITNESSES]))


def _failed(rule: CompiledRule, reason: str, action: Action, *, holds_anyway: bool = False) -> RuleMatch:
    return msgspec.structs.replace(
        rule.match,
        action=max(action, Action.REVIEW),
        aigc=rule.match.aigc if holds_anyway else AigcStatus.NONE,
        error=reason,
    )


def _gap_match(gaps: int) -> RuleMatch | None:
    if not gaps:
        return None
    message = Words(
        en=f"{gaps} part{'s' if gaps > 1 else ''} of the examination could not be carried out; a person has to look",
        zh=f"有{gaps}项检查未能完成，需要人工复核",
    )
    return RuleMatch(rule=GAP_RULE, action=Action.REVIEW, severity=Severity.MEDIUM, message=message)


def _silent_match(missing: tuple[str, ...]) -> RuleMatch | None:
    if not missing:
        return None
    names = ", ".join(sorted(set(missing)))
    message = Words(
        en=f"required detectors did not look: {names}; a person has to look",
        zh=f"必须运行的检测器未给出结果：{names}，需要人工复核",
    )
    return RuleMatch(rule=SILENT_RULE, action=Action.REVIEW, severity=Severity.MEDIUM, message=message)


def _strictest_first(match: RuleMatch) -> tuple[int, str]:
    return -match.action.rank, match.rule
