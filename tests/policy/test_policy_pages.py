"""What the pages on policy show is what the loader and the language do."""

import re
from pathlib import Path

import pytest
from policy_parts import pack_of, pack_yaml

from brightline.core.errors import PolicyError
from brightline.policy.language import functions, limits, types
from brightline.policy.language.expression import condition
from brightline.policy.language.parser import MACROS
from brightline.policy.testing import run_cases

ROOT = Path(__file__).parents[2]
CONCEPT = (ROOT / "docs" / "concepts" / "policy.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "policy-language.md").read_text("utf-8")
SHOWN = re.findall(r"```yaml\n(.*?)```", CONCEPT, flags=re.DOTALL)


def test_the_rule_on_the_concept_page_loads_and_passes_its_cases() -> None:
    pack = pack_of(pack_yaml("\n" + SHOWN[0]))
    assert [result.wrong for result in run_cases(pack)] == [(), ()]


def test_the_requirement_and_the_overlay_on_the_concept_page_load() -> None:
    pack = pack_of(pack_yaml("\n" + SHOWN[0], more=SHOWN[1]))
    assert pack.requires[0].detector == "provenance.aigc"
    change = SHOWN[2][SHOWN[2].index("tightens:") :]
    overlay = pack_of(pack_yaml(name="tenant/acme", more=change).replace("rules:\n", ""))
    assert overlay.raises[0].rule == "cn/labelling#suspected"


def test_the_reference_lists_every_field_function_and_macro() -> None:
    for variable, record in (
        ("subject", "subject"),
        ("context", "context"),
        ("findings", "finding"),
        ("gaps", "gap"),
    ):
        row = next(line for line in REFERENCE.splitlines() if line.startswith(f"| `{variable}` |"))
        assert set(re.findall(r"`([a-z_]+)`", row)) == {variable, *types.RECORDS[record]}
    for name in (*functions.FUNCTIONS, *MACROS):
        assert f"{name}(" in REFERENCE, name


def test_the_reference_has_the_limits_in_force() -> None:
    for number in (
        f"{limits.MAX_CHARACTERS:,}; {limits.MAX_LITERAL}; {limits.MAX_PATTERN}",
        f"{limits.MAX_NODES}; {limits.MAX_DEPTH}; {limits.MAX_ITEMS}",
        f"{limits.MAX_COST:,}",
        f"{limits.ASSUMED_FINDINGS} findings of {limits.ASSUMED_DETAILS} details and {limits.ASSUMED_GAPS} gaps",
    ):
        assert number in REFERENCE


@pytest.mark.parametrize("source", re.findall(r"`(findings\.exists\([^`]*\))`", REFERENCE))
def test_whole_conditions_in_the_reference_compile(source: str) -> None:
    assert condition(source)


def test_the_mistake_that_the_reference_shows_has_the_words_it_shows() -> None:
    with pytest.raises(PolicyError) as caught:
        condition("findings.exists(f, f.basis == 'prof')")
    assert str(caught.value) in REFERENCE
