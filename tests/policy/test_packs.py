"""The shipped packs: well formed, truthful about their grounds, explained in both languages."""

import re
from datetime import date
from pathlib import Path

import pytest
from shipped_packs import NAMES, PACKS

from brightline.core.decision import Action, Standing
from brightline.policy.check import check_pack
from brightline.policy.pack import Rule
from brightline.policy.packs import find_pack, load_packs, shipped
from brightline.policy.testing import run_cases

ROOT = Path(__file__).parents[2]
PEOPLES = "house/review"  # the service decides by it alone where a person has spoken
RULES: list[tuple[str, Rule]] = [(name, rule) for name, pack in PACKS.items() for rule in pack.rules]
RULE_NAMES = [f"{name}#{rule.id}" for name, rule in RULES]
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_the_packs_in_force_by_default_are_the_packs_that_ship() -> None:
    assert {*NAMES, PEOPLES, "house/gate"} == set(shipped())  # the gate lays its own pack by itself
    assert [pack.id for pack in load_packs(NAMES)] == list(NAMES)


def test_what_people_decide_is_a_pack_of_its_own_whose_cases_hold() -> None:
    assert PEOPLES not in NAMES
    assert all(result.passed for result in run_cases(load_packs([PEOPLES])[0]))


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_has_no_problem(name: str) -> None:
    assert check_pack(find_pack(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_worked_case_comes_out_as_written(name: str) -> None:
    results = run_cases(PACKS[name])
    assert results
    assert [(result.rule, result.case, result.wrong) for result in results if not result.passed] == []


@pytest.mark.parametrize(("name", "rule"), RULES, ids=RULE_NAMES)
def test_every_rule_has_a_case_that_matches_and_one_that_does_not(name: str, rule: Rule) -> None:
    assert {case.matches for case in rule.cases} == {True, False}


@pytest.mark.parametrize(("name", "rule"), RULES, ids=RULE_NAMES)
def test_every_ground_says_how_well_it_is_known_and_since_when(name: str, rule: Rule) -> None:
    for ground in rule.grounds:
        assert date.fromisoformat(ground.as_of) >= date(2025, 1, 1)
        assert (ground.standing is Standing.HOUSE) == (name == "house/default")


@pytest.mark.parametrize(("name", "rule"), RULES, ids=RULE_NAMES)
def test_no_rule_blocks_on_a_ground_from_memory(name: str, rule: Rule) -> None:
    if rule.action is Action.BLOCK:
        assert all(ground.standing is not Standing.MEMORY for ground in rule.grounds)


@pytest.mark.parametrize(("name", "rule"), RULES, ids=RULE_NAMES)
def test_every_rule_of_law_says_from_when_it_holds(name: str, rule: Rule) -> None:
    assert rule.effective.since or name == "house/default"


@pytest.mark.parametrize(("name", "rule"), RULES, ids=RULE_NAMES)
def test_every_message_is_a_whole_sentence_in_both_languages(name: str, rule: Rule) -> None:
    words = rule.message
    assert words.en.isascii()
    assert words.en[0].isupper()
    assert words.en.endswith(".")
    assert HAN.search(words.zh)
    assert words.zh.endswith("。")
    assert not re.search(r"[\u4e00-\u9fff，。；：（）“”] +[\u4e00-\u9fff，。；：（）“”]", words.zh), (
        "a folded line broke"
    )
    assert not re.search(r"[\u4e00-\u9fff][,;:?!]", words.zh), "half-width punctuation in 中文"


def test_no_two_rules_of_a_pack_say_the_same() -> None:
    for pack in PACKS.values():
        for language in ("en", "zh"):
            messages = [rule.message.in_language(language) for rule in pack.rules]
            assert len(set(messages)) == len(messages), pack.id


@pytest.mark.parametrize("name", NAMES)
def test_titles_are_written_in_both_languages(name: str) -> None:
    for words in (PACKS[name].title, PACKS[name].about):
        assert HAN.search(words.zh)
        assert not HAN.search(words.en)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_explained_in_the_packs_guide(name: str) -> None:
    guide = (ROOT / "docs" / "guides" / f"{name.replace('/', '-')}.md").read_text("utf-8")
    assert [rule.id for rule in PACKS[name].rules if f"`{rule.id}`" not in guide] == []


def test_the_guide_in_chinese_explains_every_rule_too() -> None:
    guide = (ROOT / "docs" / "guides" / "zh" / "cn-labelling.md").read_text("utf-8")
    assert [rule.id for rule in PACKS["cn/labelling"].rules if f"`{rule.id}`" not in guide] == []
