"""Findings summed up by harm."""

from hypothesis import given
from hypothesis import strategies as st

from brightline.core.finding import Basis, Finding
from brightline.core.harm import Harm
from brightline.core.words import Words
from brightline.examine.combine import combine

FINDINGS = st.lists(
    st.builds(
        Finding,
        detector=st.sampled_from(["a", "b"]),
        claim=st.just("c"),
        basis=st.sampled_from(Basis),
        probability=st.floats(0, 1),
        why=st.just(Words("a", "甲")),
        harm=st.sampled_from([None, Harm.FRAUD_AI, Harm.RUMOUR]),
    ),
    max_size=6,
)


@given(FINDINGS, FINDINGS)
def test_one_more_finding_never_weakens_a_harm(some, more):
    before = {one.harm: one for one in combine(some)}
    after = {one.harm: one for one in combine([*some, *more])}
    for harm, one in before.items():
        assert after[harm].probability >= one.probability
        assert after[harm].basis >= one.basis
        assert set(one.detectors) <= set(after[harm].detectors)


@given(FINDINGS)
def test_every_harmful_finding_is_counted_once(findings):
    counted = sorted(index for one in combine(findings) for index in one.findings)
    assert counted == [index for index, finding in enumerate(findings) if finding.harm is not None]


def test_proof_comes_before_a_surer_estimate():
    words = Words("a", "甲")
    estimate = Finding(
        detector="a", claim="c", basis=Basis.ESTIMATE, probability=0.99, why=words, harm=Harm.RUMOUR
    )
    proof = Finding(
        detector="b", claim="c", basis=Basis.PROOF, probability=0.9, why=words, harm=Harm.FRAUD_AI
    )
    assert [one.harm for one in combine([estimate, proof])] == [Harm.FRAUD_AI, Harm.RUMOUR]
