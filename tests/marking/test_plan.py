"""Plans: every layer that a law asks for is a step or is said to be left out, with its article."""

import pytest

from brightline.core.subject import Kind, Media
from brightline.marking.found import Layer
from brightline.marking.plan import Abilities, Regime, Statement, demanded, make_plan

EVERYTHING = Abilities(
    implicit=frozenset(Kind),
    iptc=frozenset(Kind),
    explicit=frozenset(Kind),
    watermark=frozenset(Kind),
    has_watermark_key=True,
    has_signer=True,
)
MARKABLE = [
    kind for kind in Kind if kind.media in {Media.IMAGE, Media.AUDIO, Media.VIDEO, Media.TEXT, Media.DOCUMENT}
]


@pytest.mark.parametrize("kind", MARKABLE)
@pytest.mark.parametrize("regime", Regime)
def test_what_a_law_asks_for_is_a_step_or_is_said_to_be_left_out(kind, regime):
    with_all = make_plan(kind, Statement.GENERATED, [regime], EVERYTHING)
    with_none = make_plan(kind, Statement.GENERATED, [regime], Abilities())
    asked = {*with_all.layers, *(left.layer for left in with_all.left_out)}
    assert {left.layer for left in with_none.left_out} | {*with_none.layers} == asked
    assert not with_none.steps
    for left in with_none.left_out:
        assert left.why.en
        assert left.why.zh
        assert left.grounds


@pytest.mark.parametrize("kind", MARKABLE)
def test_steps_come_in_the_one_order_and_each_names_its_article(kind):
    plan = make_plan(kind, Statement.GENERATED, [*Regime], EVERYTHING)
    order = [Layer.EXPLICIT, Layer.WATERMARK, Layer.IMPLICIT, Layer.IPTC, Layer.C2PA]
    assert [order.index(layer) for layer in plan.layers] == sorted(
        order.index(layer) for layer in plan.layers
    )
    assert all(step.grounds for step in plan.steps)
    assert len({*plan.layers}) == len(plan.layers)


def test_the_signature_is_always_last():
    plan = make_plan(Kind.JPEG, Statement.GENERATED, [Regime.EU, Regime.CN], EVERYTHING)
    assert plan.layers == (Layer.EXPLICIT, Layer.WATERMARK, Layer.IMPLICIT, Layer.IPTC, Layer.C2PA)


@pytest.mark.parametrize("statement", [Statement.CONFIRMED, Statement.POSSIBLE, Statement.SUSPECTED])
def test_a_platform_writes_propagation_fields_and_nothing_else(statement):
    plan = make_plan(Kind.JPEG, statement, [*Regime], EVERYTHING)
    assert plan.layers == (Layer.IMPLICIT,)
    assert plan.steps[0].grounds[0].article == "Art. 6"


def test_a_platform_under_other_laws_is_told_that_it_writes_nothing():
    plan = make_plan(Kind.JPEG, Statement.CONFIRMED, [Regime.EU], EVERYTHING)
    assert plan.steps == ()
    assert plan.left_out[0].why.en


def test_a_watermark_is_only_encouraged_in_china_and_demanded_by_the_code_of_practice():
    china, union = (
        make_plan(Kind.PNG, Statement.GENERATED, [one], Abilities()) for one in (Regime.CN, Regime.EU)
    )
    assert [left.asked for left in china.left_out if left.layer is Layer.WATERMARK] == [False]
    assert [left.asked for left in union.left_out if left.layer is Layer.WATERMARK] == [True]


def test_an_explicit_mark_is_written_on_request_where_no_law_demands_it():
    assert Layer.EXPLICIT not in make_plan(Kind.PNG, Statement.GENERATED, [Regime.EU], EVERYTHING).layers
    plan = make_plan(Kind.PNG, Statement.GENERATED, [Regime.EU], EVERYTHING, explicit=True)
    assert plan.layers[0] is Layer.EXPLICIT


def test_verification_demands_no_more_than_a_format_can_hold():
    assert Layer.IMPLICIT not in [step.layer for step in demanded(Kind.TEXT, [Regime.CN])]
    assert [step.layer for step in demanded(Kind.JPEG, [Regime.CN])] == [Layer.EXPLICIT, Layer.IMPLICIT]
    assert Layer.C2PA not in [step.layer for step in demanded(Kind.MATROSKA, [Regime.EU])]


def test_edited_content_is_a_composite_to_iptc():
    assert Statement.EDITED.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert Statement.GENERATED.source_type == "trainedAlgorithmicMedia"
