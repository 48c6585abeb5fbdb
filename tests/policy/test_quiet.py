"""What is remembered of subjects without findings is what the rules would say again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core.finding import Examination
from brightline.core.subject import Audience, Context, Declaration, Facts, Gap, GapKind, Kind, Role
from brightline.core.words import Words
from brightline.policy.decide import compile_policy, evaluate
from brightline.policy.packs import load_packs, shipped
from brightline.policy.rows import view

POLICY = compile_policy(load_packs(shipped()))
TIMES = ["2019-01-01T00:00:00Z", "2025-08-31T15:59:59Z", "2025-09-01T00:00:00Z", "2026-08-01T22:00:00Z",
         "2026-11-23T12:00:00Z", "2031-01-01T00:00:00Z"]  # fmt: skip
EXAMINATIONS = st.builds(
    Examination,
    facts=st.builds(
        Facts,
        digest=st.sampled_from(["a" * 64, "b" * 64]),
        size_bytes=st.integers(0, 10**10),
        kind=st.sampled_from([*Kind]),
        name=st.sampled_from(["", "a.png", "turn 1 user"]),
        role=st.sampled_from([*Role]),
        characters=st.integers(0, 10**6),
    ),
    context=st.builds(
        Context,
        channel=st.sampled_from(["cli", "gateway", "upload", "mail"]),
        tenant=st.sampled_from(["", "a"]),
        audience=st.sampled_from([*Audience]),
        declared=st.sampled_from([*Declaration]),
        time=st.sampled_from([*TIMES, "no time"]),
    ),
    findings=st.just(()),
    gaps=st.just(()),
    detectors=st.just("d" * 64),
)


@given(EXAMINATIONS)
def test_a_decision_on_nothing_found_is_what_every_rule_says_by_itself(examination):
    seen = view(examination)
    asked = {match.rule for rule in POLICY.rules if (match := evaluate(rule, seen)) is not None}
    for _ in range(2):
        decision = POLICY.decide(examination)
        assert {match.rule for match in decision.matches if not match.rule.startswith("brightline#")} == asked


@given(EXAMINATIONS)
def test_a_gap_is_never_answered_from_memory(examination):
    gap = Gap(source="x", kind=GapKind.FAILED, why=Words("x", "x"))
    POLICY.decide(examination)
    assert POLICY.quiet.key(view(msgspec.structs.replace(examination, gaps=(gap,)))) is None


def test_most_shipped_rules_are_asked_once():
    assert len(POLICY.quiet.once_asked) > 5 * len(POLICY.quiet.always_asked)


@pytest.mark.parametrize("time", TIMES)
def test_rules_come_into_force_on_their_day(time):
    facts = Facts(digest="a" * 64, size_bytes=1, kind=Kind.PNG)
    examination = Examination(
        facts=facts, context=Context(time=time), findings=(), gaps=(), detectors="d" * 64
    )
    seen = view(examination)
    POLICY.decide(msgspec.structs.replace(examination, context=Context(time="2026-11-23T12:00:00Z")))
    asked = {match.rule for rule in POLICY.rules if (match := evaluate(rule, seen)) is not None}
    assert {
        match.rule for match in POLICY.decide(examination).matches if "brightline#" not in match.rule
    } == asked
