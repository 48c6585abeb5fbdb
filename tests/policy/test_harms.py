"""The list of misuse codes: complete, well formed, and in step with its reference page."""

import re
import runpy
from pathlib import Path

import pytest

from brightline.core.errors import PolicyError
from brightline.core.harm import Harm
from brightline.policy.harms import crosswalk, harm_words, read_harms, shipped_harms

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "brightline" / "policies" / "harms.yaml"

QINGLANG = re.compile(r"QL2[56]-[12]\.[1-7]")
GB_45654 = re.compile(r"A1\.[a-h]|A2\.[a-i]|A3\.[a-e]|A4\.[a-g]|A5\.[ab]")
ATLAS = re.compile(r"T\d{4}(\.\d{3})?|M\d{4}")
OWASP = re.compile(r"LLM(0[1-9]|10)")
# The sixteen categories and the twelve risks, as the two lists print them.
DSA_CATEGORIES = {
    f"STATEMENT_CATEGORY_{name}"
    for name in (
        "ANIMAL_WELFARE",
        "CONSUMER_INFORMATION",
        "CYBER_VIOLENCE",
        "CYBER_VIOLENCE_AGAINST_WOMEN",
        "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
        "ILLEGAL_OR_HARMFUL_SPEECH",
        "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
        "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
        "NOT_SPECIFIED_NOTICE",
        "OTHER_VIOLATION_TC",
        "PROTECTION_OF_MINORS",
        "RISK_FOR_PUBLIC_SECURITY",
        "SCAMS_AND_FRAUD",
        "SELF_HARM",
        "UNSAFE_AND_PROHIBITED_PRODUCTS",
        "VIOLENCE",
    )
}
NIST_RISKS = {
    "CBRN Information or Capabilities",
    "Confabulation",
    "Dangerous, Violent, or Hateful Content",
    "Data Privacy",
    "Environmental Impacts",
    "Harmful Bias and Homogenization",
    "Human-AI Configuration",
    "Information Integrity",
    "Information Security",
    "Intellectual Property",
    "Obscene, Degrading, and/or Abusive Content",
    "Value Chain and Component Integration",
}


def test_every_harm_has_a_row_and_every_row_is_a_harm() -> None:
    assert tuple(row.code for row in shipped_harms().harms) == tuple(Harm)
    assert all(crosswalk(harm).code is harm for harm in Harm)


@pytest.mark.parametrize("harm", Harm)
def test_every_harm_has_words_and_a_definition_in_both_languages(harm: Harm) -> None:
    row = crosswalk(harm)
    for words in (harm_words(harm), row.definition):
        assert words.en.isascii()
        assert re.search(r"[\u4e00-\u9fff]", words.zh)
    assert row.definition.en.endswith(".")
    assert row.definition.zh.endswith("。")


def test_no_two_harms_share_their_words() -> None:
    for language in ("en", "zh"):
        names = [harm_words(harm).in_language(language) for harm in Harm]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("harm", Harm)
def test_every_cell_is_a_name_that_the_other_list_has(harm: Harm) -> None:
    row = crosswalk(harm)
    assert all(QINGLANG.fullmatch(item) and item.startswith("QL25") for item in row.qinglang_2025)
    assert all(QINGLANG.fullmatch(item) and item.startswith("QL26") for item in row.qinglang_2026)
    assert all(GB_45654.fullmatch(risk) for risk in row.gb_45654)
    assert all(ATLAS.fullmatch(technique) for technique in row.atlas)
    assert all(OWASP.fullmatch(risk) for risk in row.owasp_llm)
    assert set(row.nist_600_1) <= NIST_RISKS
    assert {category.category for category in row.dsa.categories} <= DSA_CATEGORIES


def test_all_fourteen_targets_of_the_2026_campaign_are_covered() -> None:
    covered = {item for harm in Harm for item in crosswalk(harm).qinglang_2026}
    assert covered == {f"QL26-{phase}.{item}" for phase in (1, 2) for item in range(1, 8)}


def test_a_missing_harm_is_refused_by_name() -> None:
    text = SHIPPED.read_text("utf-8")
    start = text.index("  - code: geo")
    end = text.index("  - code: open_model_unvetted")
    with pytest.raises(PolicyError, match="no row for `geo`"):
        read_harms(text[:start] + text[end:], "mine.yaml")


def test_a_harm_listed_twice_is_refused_by_name() -> None:
    text = SHIPPED.read_text("utf-8")
    row = text[text.index("  - code: geo") : text.index("  - code: open_model_unvetted")]
    with pytest.raises(PolicyError, match="two rows for `geo`"):
        read_harms(text + row, "mine.yaml")


@pytest.mark.parametrize(
    "text",
    ["harms: [", "3", "as_of: tomorrow\nharms: []", "as_of: 2026-11-23\nharms: []\nnotes: none", ""],
    ids=["no yaml", "no mapping", "no date", "unknown field", "empty"],
)
def test_a_damaged_list_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(PolicyError, match=r"`mine\.yaml` is not a list of harms: ") as caught:
        read_harms(text, "mine.yaml")
    assert "\n" not in str(caught.value)


def test_a_code_that_core_does_not_know_is_refused() -> None:
    text = SHIPPED.read_text("utf-8").replace("code: geo", "code: moonshine")
    with pytest.raises(PolicyError, match="moonshine"):
        read_harms(text, "mine.yaml")


def test_the_reference_page_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "make_harms.py"))
    assert (ROOT / "docs" / "reference" / "harms.md").read_text("utf-8") == script["page"]()


@pytest.mark.parametrize("text", ["a: 2026-13-01", "[" * 5_000, "\0", "- !!python/name:os.system"])
def test_yaml_that_trips_its_reader_is_refused_as_a_list(text: str) -> None:
    with pytest.raises(PolicyError, match="is not a list of harms"):
        read_harms(text, "harms.yaml")
