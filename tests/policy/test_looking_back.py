"""Explaining a decision, running worked cases, and trying a policy on recorded decisions."""

from collections.abc import Iterator

import msgspec
from policy_parts import examination, finding, gap, one_rule, pack_of, pack_yaml, rule_yaml

from brightline.core.decision import Action, AigcStatus, Decision
from brightline.core.finding import Basis, Examination
from brightline.policy.backtest import backtest
from brightline.policy.decide import Policy, compile_policy
from brightline.policy.explain import explain
from brightline.policy.load import load_pack
from brightline.policy.pack import Effective
from brightline.policy.packs import find_pack, load_packs, shipped
from brightline.policy.testing import run_cases

LOOKED = finding(details={"verdict": "not_found"})


def policy_of(*rules: str) -> Policy:
    return compile_policy([pack_of(pack_yaml(*rules))])


# Explain.


def test_an_explanation_takes_a_condition_apart() -> None:
    when = """subject.kind == 'gif'
  || (findings.exists(f, f.claim == 'aigc.mark')
      && context.audience == 'public')"""
    (trace,) = explain(policy_of(rule_yaml(when, "block")), examination([LOOKED]))
    whole = trace.condition
    assert (trace.rule, trace.in_force, trace.asked, trace.error) == ("house/test#r", True, Action.BLOCK, "")
    assert (whole.holds, whole.findings) == (True, (0,))
    gif, both = whole.clauses
    assert (gif.source, gif.holds, gif.findings) == ("subject.kind == 'gif'", False, ())
    assert [(part.source, part.holds, part.findings) for part in both.clauses] == [
        ("findings.exists(f, f.claim == 'aigc.mark')", True, (0,)),
        ("context.audience == 'public'", True, ()),
    ]
    assert both.source == "findings.exists(f, f.claim == 'aigc.mark') && context.audience == 'public'"


def test_an_explanation_shows_the_clause_that_failed() -> None:
    when = "findings.exists(f, f.details['label'] == '1') && subject.kind == 'png'"
    (trace,) = explain(policy_of(rule_yaml(when)), examination([LOOKED]))
    assert trace.asked is Action.REVIEW
    assert trace.error == "no such key: label"
    assert trace.condition.holds is None
    failed, good = trace.condition.clauses
    assert (failed.holds, failed.error) == (None, "no such key: label")
    assert good.holds is True


def test_an_explanation_shows_rules_that_are_not_in_force_too() -> None:
    base = one_rule("true", "block")
    later = msgspec.structs.replace(base.rules[0], effective=Effective(since="2030-01-01"))
    policy = compile_policy([msgspec.structs.replace(base, rules=(later,))])
    (trace,) = explain(policy, examination())
    assert (trace.in_force, trace.asked, trace.condition.holds) == (False, Action.ALLOW, True)
    (unclear,) = explain(policy, examination(time="now"))
    assert (unclear.in_force, unclear.asked) == (False, Action.REVIEW)


def test_an_explanation_hides_estimates_where_the_decision_does() -> None:
    base = one_rule("findings.exists(f, f.claim == 'aigc.mark')")
    firm = msgspec.structs.replace(base.rules[0], aigc=AigcStatus.CONFIRMED)
    policy = compile_policy([msgspec.structs.replace(base, rules=(firm,))])
    (trace,) = explain(policy, examination([finding(basis=Basis.ESTIMATE)]))
    assert (trace.asked, trace.condition.holds) == (Action.ALLOW, False)


def test_every_shipped_rule_can_be_explained() -> None:
    policy = compile_policy(load_packs(shipped()))
    traces = explain(policy, examination([LOOKED], [gap()]))
    assert [trace.rule for trace in traces] == [rule.active.name for rule in policy.rules]


# Worked cases.


def test_the_cases_of_every_shipped_pack_pass() -> None:
    for name in shipped():
        results = run_cases(load_pack(find_pack(name)))
        assert results
        assert [result for result in results if not result.passed] == []


def test_a_case_that_comes_out_otherwise_says_how() -> None:
    matches, silent = run_cases(one_rule("false"))
    assert matches.wrong == ("the rule did not match and should",)
    assert silent.passed
    matches, silent = run_cases(one_rule("true"))
    assert matches.passed
    assert silent.wrong == ("the rule matched and should not",)
    failed, _ = run_cases(one_rule("int(subject.name) == 1"))
    assert failed.wrong == ("the rule could not be evaluated: cannot convert string to int",)


def test_a_case_can_expect_the_whole_packs_action_and_status() -> None:
    text = pack_yaml(rule_yaml("true", "label"), rule_yaml("true", "block", "b"))
    wanted = text.replace(
        "expect: {matches: true}", "expect: {matches: true, action: label, aigc: confirmed}", 1
    )
    result = run_cases(pack_of(wanted))[0]
    assert result.wrong == (
        "the pack decides block, expected label",
        "the labelling status is none, expected confirmed",
    )


def test_cases_need_not_say_that_required_detectors_looked() -> None:
    text = pack_yaml(rule_yaml("subject.kind == 'png'"), more="requires: [{detector: a.b}]")
    wanted = text.replace("{matches: false}", "{matches: false, action: allow}")
    assert run_cases(pack_of(wanted))[1].passed


def test_an_overlay_that_only_raises_has_no_cases() -> None:
    text = pack_yaml(more="tightens: house/base\nraise: [{rule: house/base#r, action: block}]").replace(
        "rules:\n", ""
    )
    assert run_cases(pack_of(text)) == []


# Back-tests.


def history(old: Policy, examinations: list[Examination]) -> Iterator[tuple[Examination, Decision]]:
    return ((examined, old.decide(examined)) for examined in examinations)


def test_a_backtest_counts_transitions_and_names_rules_gained_and_lost() -> None:
    old = policy_of(rule_yaml("findings.exists(f, f.claim == 'a')", "review", "a"))
    new = policy_of(
        rule_yaml("findings.exists(f, f.claim == 'a')", "block", "b"),
        rule_yaml("findings.exists(f, f.claim == 'c')", "label", "c"),
    )
    past = [examination([finding(claim)]) for claim in ("a", "a", "c", "d")] + [examination([], [gap()])]
    report = backtest(history(old, past), new)
    assert (report.total, report.stricter, report.softer, report.unlisted) == (5, 3, 0, 0)
    assert [(step.before, step.after, step.count) for step in report.transitions] == [
        (Action.ALLOW, Action.ALLOW, 1),
        (Action.ALLOW, Action.LABEL, 1),
        (Action.REVIEW, Action.REVIEW, 1),
        (Action.REVIEW, Action.BLOCK, 2),
    ]
    assert report.policy == new.digest
    first = report.changed[0]
    assert (first.before, first.after) == (Action.REVIEW, Action.BLOCK)
    assert (first.gained, first.lost) == (("house/test#b",), ("house/test#a",))


def test_a_backtest_shows_softer_decisions_and_changes_of_rules_alone() -> None:
    old = policy_of(rule_yaml("true", "block", "a"))
    report = backtest(history(old, [examination()]), policy_of(rule_yaml("true", "label", "a")))
    assert (report.softer, report.changed[0].gained, report.changed[0].lost) == (1, (), ())
    report = backtest(history(old, [examination()]), policy_of(rule_yaml("true", "block", "b")))
    assert (report.softer, report.stricter, len(report.changed)) == (0, 0, 1)


def test_a_backtest_of_the_same_policy_changes_nothing() -> None:
    policy = policy_of(rule_yaml("true"))
    report = backtest(history(policy, [examination()] * 3), policy)
    assert (report.total, report.changed) == (3, ())
    assert backtest(iter(()), policy).total == 0


def test_a_backtest_lists_a_bounded_number_of_changes_and_counts_the_rest() -> None:
    old, new = policy_of(rule_yaml("false")), policy_of(rule_yaml("true"))
    report = backtest(history(old, [examination()] * 30), new, listed=10)
    assert (len(report.changed), report.unlisted, report.stricter) == (10, 20, 30)
