"""Decisions: which rules speak, how strict the whole is, what counts as not knowing."""

import json

import msgspec
import pytest
from policy_parts import DETECTORS, examination, finding, gap, one_rule, pack_of, pack_yaml, rule_yaml

from brightline.core.decision import Action, AigcStatus, Ground, RuleMatch, Severity, Standing
from brightline.core.errors import PolicyError
from brightline.core.finding import Basis, Detail, Examination
from brightline.core.subject import Facts, Kind
from brightline.core.wire import digest
from brightline.policy.decide import (
    FORMAT,
    GAP_RULE,
    MAX_WITNESSES,
    SILENT_RULE,
    Policy,
    compile_policy,
    policy_bytes,
    policy_from_bytes,
)
from brightline.policy.pack import Effective, Pack

LOOKED = finding(details={"verdict": "not_found"})


def policy(when: str, action: str = "review", **changes: object) -> Policy:
    pack = one_rule(when, action)
    rule = msgspec.structs.replace(pack.rules[0], **changes)
    return compile_policy([msgspec.structs.replace(pack, rules=(rule,))])


def only(policy: Policy, examined: Examination) -> RuleMatch:
    (match,) = policy.decide(examined).matches
    return match


def test_without_a_rule_that_holds_a_subject_is_allowed() -> None:
    decision = policy("findings.exists(f, f.claim == 'text.hidden')").decide(examination([LOOKED]))
    assert decision.action is Action.ALLOW
    assert decision.matches == ()
    assert decision.aigc is AigcStatus.NONE


def test_a_decision_carries_the_digests_of_everything_it_was_made_from() -> None:
    examined = examination([LOOKED])
    in_force = policy("true")
    decision = in_force.decide(examined)
    assert decision.subject == examined.facts.digest
    assert decision.examination == digest(examined)
    assert decision.policy == in_force.digest
    assert decision.detectors == examined.detectors


def test_the_strictest_action_wins_and_matches_are_sorted_by_it_then_by_name() -> None:
    pack = pack_of(
        pack_yaml(
            *(
                rule_yaml("true", action, name)
                for action, name in zip(
                    ["label", "block", "review", "block"], ["a", "z", "m", "b"], strict=True
                )
            )
        )
    )
    decision = compile_policy([pack]).decide(examination())
    assert decision.action is Action.BLOCK
    assert [match.rule.partition("#")[2] for match in decision.matches] == ["b", "z", "m", "a"]


def test_a_match_says_which_findings_made_it_hold() -> None:
    findings = [finding("a"), finding("b", probability=0.4), finding("a", part="1"), finding("c")]
    cases = {
        "findings.exists(f, f.claim == 'a')": (0, 2),
        "findings.exists(f, f.claim in ['a', 'c']) && findings.exists(g, g.claim == 'b')": (0, 1, 2, 3),
        "findings.exists(f, f.claim == 'x') || findings.exists(f, f.claim == 'b')": (1,),
        "findings.exists(f, f.details['k'] == 'x') || findings.exists(f, f.claim == 'b')": (1,),
        "size(findings.filter(f, f.probability > 0.5)) >= 2": (0, 2, 3),
        "2 <= size(findings.filter(f, f.claim == 'a'))": (0, 2),
        "size(findings) > 3": (0, 1, 2, 3),
        "size(findings) + size(gaps) > 3": (0, 1, 2, 3),
        "'c' in findings.map(f, f.claim)": (0, 1, 2, 3),
        "findings.map(f, f.claim).exists(c, c == 'c')": (0, 1, 2, 3),
        "findings.filter(f, f.claim == 'a').exists(f, f.part == '1')": (2,),
        "findings.exists(f, findings.exists(g, g.claim == 'b' && f.claim == 'c'))": (1, 3),
        "subject.kind == 'png' ? findings.exists(f, f.claim == 'b') : findings.exists(f, f.claim == 'a')": (
            1,
        ),
        "subject.kind == 'gif' ? findings.exists(f, f.claim == 'b') : findings.exists(f, f.claim == 'a')": (
            0,
            2,
        ),
        "['a', 'b'].exists(c, findings.exists(f, f.claim == c))": (0, 1, 2),
        "subject.kind == 'png'": (),
    }
    for when, expected in cases.items():
        assert only(policy(when), examination(findings)).findings == expected, when


def test_a_match_over_gaps_names_no_findings() -> None:
    decision = policy("gaps.exists(g, g.kind == 'failed')").decide(examination([LOOKED], [gap()]))
    assert [match.findings for match in decision.matches] == [(), ()]


def test_a_match_lists_a_bounded_number_of_findings() -> None:
    many = examination([finding("a", part=str(index)) for index in range(300)])
    assert only(policy("findings.exists(f, f.claim == 'a')"), many).findings == tuple(range(MAX_WITNESSES))


@pytest.mark.parametrize("action", ["label", "review", "block"])
def test_a_rule_that_cannot_be_evaluated_asks_for_review(action: str) -> None:
    match = only(policy("findings.exists(f, f.details['label'] == '1')", action), examination([LOOKED]))
    assert match.action is Action.REVIEW
    assert match.error == "no such key: label"
    assert match.findings == ()


def test_a_label_rule_does_not_let_a_true_clause_absorb_an_error() -> None:
    # Otherwise the finding that makes it true would soften REVIEW, which the error asked for, to LABEL.
    labels = policy("findings.exists(f, f.details['label'] == '1')", "label", aigc=AigcStatus.SUSPECTED)
    broken, good = LOOKED, finding(details={"label": "1"})
    before = labels.decide(examination([broken]))
    after = labels.decide(examination([good, broken]))
    assert (before.action, before.aigc) == (Action.REVIEW, AigcStatus.NONE)
    assert (after.action, after.aigc) == (Action.REVIEW, AigcStatus.SUSPECTED)
    assert labels.decide(examination([good])).action is Action.LABEL


def test_a_label_rule_evaluates_every_alternative() -> None:
    labels = policy(
        "findings.exists(f, f.claim == 'aigc.mark') || findings.exists(g, g.details['label'] == '1') || subject.kind == 'gif'",
        "label",
    )
    assert labels.decide(examination([LOOKED])).action is Action.REVIEW
    assert labels.decide(examination([finding(details={"label": "2"})])).action is Action.LABEL


def test_a_block_rule_lets_a_true_clause_absorb_an_error_because_it_is_stricter_than_review() -> None:
    blocks = policy("findings.exists(f, f.details['label'] == '1')", "block")
    assert blocks.decide(examination([LOOKED, finding(details={"label": "1"})])).action is Action.BLOCK


def test_any_gap_asks_for_review_in_both_languages() -> None:
    decision = policy("false").decide(examination([], [gap(), gap(part="0")]))
    (match,) = decision.matches
    assert (decision.action, decision.gaps, match.rule) == (Action.REVIEW, 2, GAP_RULE)
    assert match.message.en.startswith("2 parts")
    assert "2项" in match.message.zh


def test_a_rule_that_concludes_possible_or_confirmed_does_not_see_estimates() -> None:
    guess = finding(basis=Basis.ESTIMATE, probability=1.0)
    for status, expected in (
        (AigcStatus.SUSPECTED, Action.LABEL),
        (AigcStatus.POSSIBLE, Action.ALLOW),
        (AigcStatus.CONFIRMED, Action.ALLOW),
    ):
        concludes = policy("findings.exists(f, f.claim == 'aigc.mark')", "label", aigc=status)
        assert concludes.decide(examination([guess])).action is expected
        shown = concludes.decide(examination([guess, finding()]))
        assert shown.aigc is status
        assert 1 in shown.matches[0].findings


def test_the_labelling_status_is_the_strongest_that_any_rule_concludes() -> None:
    pack = one_rule("true", "label")
    rules = tuple(
        msgspec.structs.replace(pack.rules[0], id=status.value, aigc=status)
        for status in (AigcStatus.POSSIBLE, AigcStatus.CONFIRMED, AigcStatus.SUSPECTED)
    )
    decided = compile_policy([msgspec.structs.replace(pack, rules=rules)]).decide(examination())
    assert decided.aigc is AigcStatus.CONFIRMED


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-08-01T15:59:59Z", Action.ALLOW),
        ("2026-08-01T16:00:00Z", Action.REVIEW),
        ("2026-08-02T00:00:00+08:00", Action.REVIEW),
        ("2026-12-31T15:59:59.999999999Z", Action.REVIEW),
        ("2026-12-31T16:00:00Z", Action.ALLOW),
    ],
)
def test_a_rule_speaks_from_midnight_of_its_jurisdiction_until_just_before_the_end(
    time: str, expected: Action
) -> None:
    pack = one_rule("true")
    dated = msgspec.structs.replace(
        pack.rules[0], effective=Effective(since="2026-08-02", until="2027-01-01")
    )
    chinese = compile_policy([msgspec.structs.replace(pack, rules=(dated,), utc_offset=480)])
    assert chinese.decide(examination(time=time)).action is expected


def test_without_a_readable_time_a_dated_rule_asks_for_review() -> None:
    match = only(policy("false", effective=Effective(since="2026-08-02")), examination(time="now"))
    assert (match.action, "RFC 3339" in match.error) == (Action.REVIEW, True)
    assert policy("false").decide(examination(time="now")).action is Action.ALLOW


def requiring(**requirement: object) -> Policy:
    text = pack_yaml(rule_yaml("false"), more=f"requires: [{json.dumps(requirement)}]")
    return compile_policy([pack_of(text)])


def test_a_required_detector_that_is_silent_is_a_gap() -> None:
    decision = requiring(detector=DETECTORS[0], media=["image"]).decide(examination())
    (match,) = decision.matches
    assert (decision.action, decision.gaps, match.rule) == (Action.REVIEW, 1, SILENT_RULE)
    assert DETECTORS[0] in match.message.en
    assert DETECTORS[0] in match.message.zh


def test_a_required_detector_that_spoke_or_left_a_gap_is_not_silent() -> None:
    wants = requiring(detector=DETECTORS[0], media=["image"])
    assert wants.decide(examination([LOOKED])).action is Action.ALLOW
    assert [match.rule for match in wants.decide(examination([], [gap(DETECTORS[0])])).matches] == [GAP_RULE]


def test_a_required_detector_must_look_at_every_part_of_its_media_or_kinds() -> None:
    png = Facts(digest="b" * 64, size_bytes=1, kind=Kind.PNG)
    folder = Facts(digest="c" * 64, size_bytes=1, kind=Kind.ZIP, parts=(png, png))
    whole = examination([finding(part="0"), finding(part="1/0")], kind=Kind.EMAIL, parts=(png, folder))
    for wants in (
        requiring(detector=DETECTORS[0], media=["image"]),
        requiring(detector=DETECTORS[0], kinds=["png"]),
    ):
        assert wants.decide(whole).gaps == 1
        complete = msgspec.structs.replace(whole, findings=(*whole.findings, finding(part="1/1")))
        assert wants.decide(complete).gaps == 0
    assert requiring(detector=DETECTORS[0]).decide(whole).gaps == 3
    assert requiring(detector=DETECTORS[0]).decide(examination(kind=Kind.EMPTY)).gaps == 0


def test_a_rule_over_its_budget_asks_for_its_own_action_or_review_whichever_is_stricter() -> None:
    crossing = "findings.exists(f, findings.exists(g, g.claim != f.claim && g.part == f.part))"
    crowd = examination([finding("a", part=str(index)) for index in range(2_000)])
    for action, expected in (("label", Action.REVIEW), ("block", Action.BLOCK)):
        match = only(policy(crossing, action), crowd)
        assert match.action is expected
        assert "steps" in match.error
    assert policy("findings.exists(f, f.claim == 'b')").decide(crowd).action is Action.ALLOW
    detailed = finding(details={f"k{index}": "v" for index in range(20)})
    assert (
        policy("findings.exists(f, 'k1' in f.details)").decide(examination([detailed])).action
        is Action.REVIEW
    )


def test_a_detail_that_is_given_twice_has_its_first_value() -> None:
    twice = msgspec.structs.replace(LOOKED, details=(Detail("k", "first"), Detail("k", "second")))
    assert only(
        policy("findings.exists(f, f.details['k'] == 'first' && size(f.details) == 1)"), examination([twice])
    )


def test_policy_bytes_hold_everything_but_the_worked_cases() -> None:
    pack = one_rule("findings.exists(f, f.claim == 'aigc.mark')")
    bare = msgspec.structs.replace(pack, rules=(msgspec.structs.replace(pack.rules[0], cases=()),))
    first, second = compile_policy([pack]), compile_policy([bare])
    assert first.digest == second.digest
    assert policy_bytes(first) == policy_bytes(second)
    again = policy_from_bytes(policy_bytes(first))
    assert again.digest == first.digest
    assert again.decide(examination([LOOKED])) == first.decide(examination([LOOKED]))


def test_a_policy_changes_its_digest_with_any_rule() -> None:
    assert policy("true").digest != policy("true ").digest
    assert policy("true", "label").digest != policy("true", "block").digest


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no policy"),
        (b"{}", "no policy"),
        (b'"\xe9', "no policy"),
        (b'{"format":"\xff"}', "no policy"),
        (b"[" * 100_000, "no policy"),
        (b'{"format":"brightline-policy/1","packs":[],"more":1}', "no policy"),
        (b'{"format":"brightline-policy/9","packs":[]}', "format"),
        (b'{"format":"brightline-policy/1","packs":[]}', "no rules"),
    ],
)
def test_bytes_that_are_no_policy_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        policy_from_bytes(data)


def test_a_stored_rule_that_no_longer_compiles_is_named() -> None:
    stored = policy_bytes(policy("true")).replace(b'"when":"true\\n"', b'"when":"t"')
    with pytest.raises(PolicyError, match="house/test#r"):
        policy_from_bytes(stored)
    assert FORMAT.encode() in stored


def test_a_policy_without_rules_or_with_a_pack_twice_is_refused() -> None:
    pack = one_rule("true")
    with pytest.raises(PolicyError, match="no rules"):
        compile_policy([])
    with pytest.raises(PolicyError, match="no rules"):
        compile_policy([msgspec.structs.replace(pack, rules=())])
    with pytest.raises(PolicyError, match="twice"):
        compile_policy([pack, pack])


# Overlays.


def overlay(change: str, rule: str = "house/test#r") -> Pack:
    body = f"tightens: house/test\nraise:\n  - {{rule: {rule}, {change}}}"
    text = pack_yaml(name="house/tenant", more=body).replace("rules:\n", "")
    return pack_of(text)


def test_an_overlay_raises_action_severity_and_span() -> None:
    base = one_rule("true", "label")
    dated = msgspec.structs.replace(
        base.rules[0], effective=Effective(since="2027-01-01", until="2028-01-01")
    )
    below = msgspec.structs.replace(base, rules=(dated,))
    above = overlay("action: block, severity: high, effective: {from: 2026-01-01, until: 2029-01-01}")
    match = only(compile_policy([above, below]), examination())
    assert (match.rule, match.action, match.severity) == ("house/test#r", Action.BLOCK, Severity.HIGH)
    assert compile_policy([below]).decide(examination()).action is Action.ALLOW


def test_an_overlay_may_leave_things_as_they_are_and_add_rules() -> None:
    same = overlay("action: review, severity: low")
    text = pack_yaml(rule_yaml("true", "block", "extra"), name="house/tenant", more="tightens: house/test")
    assert only(compile_policy([one_rule("true"), same]), examination()).action is Action.REVIEW
    assert compile_policy([one_rule("true"), pack_of(text)]).decide(examination()).action is Action.BLOCK


def test_an_overlay_can_soften_nothing() -> None:
    base = one_rule("true", "review")
    dated = msgspec.structs.replace(
        base.rules[0], effective=Effective(since="2026-01-01", until="2028-01-01")
    )
    below = msgspec.structs.replace(base, rules=(dated,))
    for change, words in (
        ("action: label", "soften"),
        ("effective: {from: 2026-06-01, until: 2028-01-01}", "shorten"),
        ("effective: {from: 2026-01-01, until: 2027-01-01}", "shorten"),
        ("effective: {from: 2026-01-01T00:00:01Z}", "shorten"),
    ):
        with pytest.raises(PolicyError, match=words):
            compile_policy([below, overlay(change)])
    severe = msgspec.structs.replace(
        base, rules=(msgspec.structs.replace(base.rules[0], severity=Severity.HIGH),)
    )
    with pytest.raises(PolicyError, match="soften"):
        compile_policy([severe, overlay("severity: low")])


def test_an_overlay_lies_on_a_pack_and_a_rule_that_are_there() -> None:
    with pytest.raises(PolicyError, match="not in force"):
        compile_policy(
            [
                one_rule("true").__class__(
                    **{**msgspec.structs.asdict(one_rule("true")), "tightens": "cn/none"}
                )
            ]
        )
    with pytest.raises(PolicyError, match="house/test#r"):
        compile_policy([one_rule("true"), overlay("action: block", "house/test#q")])
    with pytest.raises(PolicyError, match="no rule of that name"):
        compile_policy([one_rule("true"), overlay("action: block", "house/other#r")])


def test_an_overlay_blocks_on_memory_only_with_a_ground_of_its_own() -> None:
    base = one_rule("true", "review")
    memory = Ground(law="A law", article="9", standing=Standing.MEMORY)
    below = msgspec.structs.replace(base, rules=(msgspec.structs.replace(base.rules[0], grounds=(memory,)),))
    with pytest.raises(PolicyError, match="memory"):
        compile_policy([below, overlay("action: block")])
    own = overlay("action: block, grounds: [{law: House rules, article: '2', standing: house}]")
    match = only(compile_policy([below, own]), examination())
    assert match.action is Action.BLOCK
    assert [ground.standing for ground in match.grounds] == [Standing.MEMORY, Standing.HOUSE]


def test_stored_bounds_that_are_no_dates_are_refused() -> None:
    base = one_rule("true")
    undated = msgspec.structs.replace(base.rules[0], effective=Effective(since="soon"))
    with pytest.raises(PolicyError, match="soon"):
        compile_policy([msgspec.structs.replace(base, rules=(undated,))])
    change = msgspec.structs.replace(overlay("action: block").raises[0], effective=Effective(until="later"))
    with pytest.raises(PolicyError, match="later"):
        compile_policy([base, msgspec.structs.replace(overlay("action: block"), raises=(change,))])


def test_what_loading_checks_is_checked_of_stored_packs_too() -> None:
    base = one_rule("true", "review")
    rule = base.rules[0]
    memory = Ground(law="A law", article="9", standing=Standing.MEMORY)
    for rules, words in (
        ((rule, rule), "two rules"),
        ((msgspec.structs.replace(rule, action=Action.ALLOW),), "allows"),
        ((msgspec.structs.replace(rule, action=Action.BLOCK, grounds=(memory,)),), "memory"),
        ((msgspec.structs.replace(rule, action=Action.BLOCK, grounds=()),), "memory"),
    ):
        with pytest.raises(PolicyError, match=words):
            compile_policy([msgspec.structs.replace(base, rules=rules)])
