"""The shipped packs file each harm where the crosswalk says it belongs."""

import re

import pytest
from shipped_packs import ALL, ALONE, PACKS, examined, found, matched

from brightline.core.decision import Action
from brightline.core.finding import Basis, Examination
from brightline.core.harm import Harm
from brightline.core.subject import Kind
from brightline.policy.harms import crosswalk


def _item(rule: str) -> str:
    """`QL26-1.4` of `cn/qinglang-2026#ql26-1-4-poisoning`."""
    phase, number = rule.partition("#")[2].split("-")[1:3]
    return f"QL26-{phase}.{number}"


def _strongest(harm: Harm) -> Examination:
    """Everything that could be said of one harm: an estimate that is sure, and a known item."""
    estimate = found("dataset.row", Basis.ESTIMATE, 1.0, harm)
    return examined(Kind.POST, estimate, found("known.match", Basis.MATCH, 1.0, harm, bank="test"))


def test_the_rules_of_qinglang_name_all_fourteen_targets() -> None:
    items = {_item(f"#{rule.id}") for rule in PACKS["cn/qinglang-2026"].rules}
    assert items == {f"QL26-{phase}.{number}" for phase in (1, 2) for number in range(1, 8)}


@pytest.mark.parametrize("harm", Harm)
def test_qinglang_files_a_harm_under_targets_that_the_crosswalk_names(harm: Harm) -> None:
    items = {_item(rule) for rule in matched(ALONE["cn/qinglang-2026"].decide(_strongest(harm)))}
    assert items
    assert items <= set(crosswalk(harm).qinglang_2026)


@pytest.mark.parametrize("harm", Harm)
def test_dsa_files_a_harm_under_the_category_that_the_crosswalk_names(harm: Harm) -> None:
    decision = ALONE["eu/dsa"].decide(_strongest(harm))
    articles = " ".join(ground.article for match in decision.matches for ground in match.grounds)
    named = set(re.findall(r"STATEMENT_CATEGORY_[A-Z_]+", articles))
    categories = [category.category for category in crosswalk(harm).dsa.categories]
    assert bool(named) == bool(categories)
    assert named <= set(categories)


def test_every_harm_is_answered_by_some_rule() -> None:
    for harm in Harm:
        assert ALL.decide(_strongest(harm)).action >= Action.LABEL
