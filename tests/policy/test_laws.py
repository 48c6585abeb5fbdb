"""The laws of the house, on random policies and on the shipped ones."""

from collections.abc import Iterator

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, assume, given, settings
from policy_parts import (
    DETECTORS,
    PARTS,
    WHY,
    examination,
    examinations,
    findings_strategy,
    gaps_strategy,
    one_rule,
)
from random_expressions import growing

from brightline.core.decision import Action, AigcStatus, Severity
from brightline.core.errors import PolicyError
from brightline.core.finding import Basis, Detail, Examination, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Audience, Declaration, Gap, Kind
from brightline.core.wire import canonical, read
from brightline.policy.decide import Policy, compile_policy, policy_bytes, policy_from_bytes
from brightline.policy.language.expression import condition
from brightline.policy.language.syntax import Binary, Expression, Index, Items, Literal, Select, children
from brightline.policy.pack import Pack
from brightline.policy.packs import load_packs, shipped

LAX = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
ACTIONS = [Action.LABEL, Action.REVIEW, Action.BLOCK]
SHIPPED = compile_policy(load_packs(shipped()))
BASE = one_rule("true").rules[0]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """One to three random rules in the monotone subset, with random actions and labelling statuses."""
    rules = []
    for index in range(draw(st.integers(1, 2))):
        when = draw(growing(depth=draw(st.integers(0, 2))))
        try:
            condition(when)
        except PolicyError:
            assume(False)
        rules.append(
            msgspec.structs.replace(
                BASE,
                id=f"r{index}",
                when=when,
                action=draw(st.sampled_from(ACTIONS)),
                severity=draw(st.sampled_from(list(Severity))),
                aigc=draw(st.sampled_from(list(AigcStatus))),
            )
        )
    pack = msgspec.structs.replace(one_rule("true"), rules=tuple(rules))
    return compile_policy([pack])


def literals(packs: tuple[Pack, ...]) -> Iterator[tuple[str, str]]:
    """What the shipped conditions compare: (field or detail, literal)."""

    def walk(node: Expression) -> Iterator[tuple[str, str]]:
        if isinstance(node, Binary):
            name = _name(node.left)
            right = node.right.items if isinstance(node.right, Items) else (node.right,)
            yield from ((name, str(item.value)) for item in right if isinstance(item, Literal))
        for part in children(node):
            yield from walk(part)

    for pack in packs:
        for rule in pack.rules:
            yield from walk(condition(rule.when).checked.tree)


def _name(node: Expression) -> str:
    if isinstance(node, Select):
        return node.field
    if isinstance(node, Index) and isinstance(node.key, Literal):
        return f"details.{node.key.value}"
    return ""


SPOKEN = sorted(set(literals(SHIPPED.packs)))
CLAIMS = [value for name, value in SPOKEN if name == "claim"]
DETAILS = [(name.removeprefix("details."), value) for name, value in SPOKEN if name.startswith("details.")]


@st.composite
def likely_findings(draw: st.DrawFn) -> Finding:
    """A finding made of the words that the shipped packs ask for; from no detector that they require."""
    details = dict(draw(st.lists(st.sampled_from(DETAILS), max_size=3)))
    return Finding(
        detector=draw(st.sampled_from([*DETECTORS[1:], "message.links"])),
        claim=draw(st.sampled_from(CLAIMS)),
        basis=draw(st.sampled_from(list(Basis))),
        probability=draw(st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.9, 0.95, 1.0])),
        why=WHY,
        harm=draw(st.sampled_from([None, *Harm])),
        details=tuple(Detail(name, value) for name, value in sorted(details.items())),
        part=draw(st.sampled_from(PARTS)),
    )


likely_examinations = st.builds(
    lambda findings, gaps, kind, declared, audience, time: examination(
        findings, gaps, kind=kind, declared=declared, audience=audience, time=time
    ),
    st.lists(likely_findings(), max_size=4),
    st.lists(gaps_strategy, max_size=1),
    st.sampled_from([Kind.PNG, Kind.TEXT, Kind.EMAIL, Kind.MP4]),
    st.sampled_from(list(Declaration)),
    st.sampled_from(list(Audience)),
    st.sampled_from(["2026-11-23T12:00:00Z", "2025-01-01T00:00:00Z", "2028-02-01T00:00:00Z"]),
)


# Without gaps, which would make every decision a REVIEW at least and hide what the rules do.
gapless = examinations.map(lambda examined: msgspec.structs.replace(examined, gaps=()))


def with_finding(before: Examination, new: Finding, at: int) -> Examination:
    at %= len(before.findings) + 1
    findings = (*before.findings[:at], new, *before.findings[at:])
    return msgspec.structs.replace(before, findings=findings)


def never_softer(policy: Policy, before: Examination, after: Examination) -> None:
    first, second = policy.decide(before), policy.decide(after)
    assert second.action >= first.action
    assert second.aigc >= first.aigc


@LAX
@given(policy=policies(), before=gapless, new=findings_strategy, at=st.integers(0, 5))
def test_one_more_finding_never_softens_a_decision(
    policy: Policy, before: Examination, new: Finding, at: int
) -> None:
    never_softer(policy, before, with_finding(before, new, at))


@LAX
@given(policy=policies(), before=examinations, new=gaps_strategy)
def test_one_more_gap_never_softens_a_decision(policy: Policy, before: Examination, new: Gap) -> None:
    never_softer(policy, before, msgspec.structs.replace(before, gaps=(*before.gaps, new)))


@LAX
@given(before=likely_examinations, new=likely_findings(), at=st.integers(0, 5))
def test_one_more_finding_never_softens_what_the_shipped_packs_decide(
    before: Examination, new: Finding, at: int
) -> None:
    never_softer(SHIPPED, before, with_finding(before, new, at))


@LAX
@given(before=likely_examinations, new=gaps_strategy)
def test_one_more_gap_never_softens_what_the_shipped_packs_decide(before: Examination, new: Gap) -> None:
    after = SHIPPED.decide(msgspec.structs.replace(before, gaps=(*before.gaps, new)))
    assert after.action >= max(Action.REVIEW, SHIPPED.decide(before).action)


@LAX
@given(policy=policies(), examined=examinations)
def test_an_estimate_never_confirms_and_never_makes_possible(policy: Policy, examined: Examination) -> None:
    status = policy.decide(examined).aigc
    if status >= AigcStatus.POSSIBLE:
        firm = tuple(finding for finding in examined.findings if finding.basis is not Basis.ESTIMATE)
        assert policy.decide(msgspec.structs.replace(examined, findings=firm)).aigc is status


@LAX
@given(examined=likely_examinations)
def test_the_shipped_packs_confirm_nothing_from_estimates_alone(examined: Examination) -> None:
    guesses = tuple(msgspec.structs.replace(finding, basis=Basis.ESTIMATE) for finding in examined.findings)
    decided = SHIPPED.decide(msgspec.structs.replace(examined, findings=guesses))
    assert decided.aigc is not AigcStatus.CONFIRMED


@settings(LAX, max_examples=100)
@given(policy=policies(), examined=examinations)
def test_a_replay_from_stored_bytes_gives_the_same_bytes(policy: Policy, examined: Examination) -> None:
    again = policy_from_bytes(policy_bytes(policy))
    stored = read(canonical(examined), Examination)
    assert canonical(again.decide(stored)) == canonical(policy.decide(examined))
    assert again.digest == policy.digest


@settings(LAX, max_examples=50)
@given(examined=likely_examinations)
def test_a_replay_of_the_shipped_packs_gives_the_same_bytes(examined: Examination) -> None:
    again = policy_from_bytes(policy_bytes(SHIPPED))
    assert canonical(again.decide(examined)) == canonical(SHIPPED.decide(examined))
