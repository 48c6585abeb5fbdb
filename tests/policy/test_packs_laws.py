"""The laws of the house, under the packs that are in force."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped_packs import ALL, TIMES, WHY, examined, found, matched, with_context

from brightline.core.decision import Action, AigcStatus
from brightline.core.finding import Basis, Examination, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Audience, Context, Declaration, Gap, GapKind, Kind

_CLAIMS = (
    "aigc.mark",
    "aigc.mark.defect",
    "mark.explicit",
    "origin.c2pa",
    "origin.c2pa.broken",
    "origin.ai_declared",
    "synthetic.image",
    "synthetic.text",
    "text.hidden",
    "text.bidi",
    "text.confusable",
    "link.imitates_brand",
    "link.mismatch",
    "link.obscured",
    "mail.sender_mismatch",
    "mail.authentication",
    "known.match",
    "known.allowed",
    "personal.id",
    "dataset.source",
)
_DETAILS = st.dictionaries(
    st.sampled_from(["verdict", "label", "level", "present", "by", "integrity"]),
    st.sampled_from(
        ["not_found", "found", "noncompliant", "inconclusive", "1", "2", "3", "error", "no", "yes", "c2pa"]
    ),
    max_size=4,
)
_FINDINGS = st.builds(
    lambda claim, basis, probability, harm, details: found(claim, basis, probability, harm, **details),
    st.sampled_from(_CLAIMS),
    st.sampled_from(Basis),
    st.sampled_from([0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]),
    st.none() | st.sampled_from(Harm),
    _DETAILS,
)
_GAPS = st.builds(lambda kind: Gap(source="test.detector", kind=kind, why=WHY), st.sampled_from(GapKind))
_EXAMINATIONS = st.builds(
    lambda kind, findings, gaps, audience, declared, channel, time: examined(
        kind, *findings, gaps=tuple(gaps), audience=audience, declared=declared, channel=channel, time=time
    ),
    st.sampled_from([Kind.TEXT, Kind.PNG, Kind.EMAIL, Kind.MP4, Kind.SAFETENSORS]),
    st.lists(_FINDINGS, max_size=4),
    st.lists(_GAPS, max_size=1),
    st.sampled_from(Audience),
    st.sampled_from(Declaration),
    st.sampled_from(["cli", "upload", "generate", "export"]),
    st.sampled_from(TIMES),
)


@settings(max_examples=150, deadline=None)
@given(_EXAMINATIONS, _FINDINGS)
def test_one_more_finding_never_softens_what_the_shipped_packs_decide(
    before: Examination, more: Finding
) -> None:
    after = msgspec.structs.replace(before, findings=(*before.findings, more))
    first, second = ALL.decide(before), ALL.decide(after)
    assert second.action >= first.action
    assert second.aigc >= first.aigc
    assert matched(second) - {"brightline#silent"} >= matched(first) - {"brightline#silent"}


@settings(max_examples=150, deadline=None)
@given(_EXAMINATIONS)
def test_no_shipped_rule_fails_to_evaluate(examination: Examination) -> None:
    assert [match.error for match in ALL.decide(examination).matches if match.error] == []


@settings(max_examples=150, deadline=None)
@given(_EXAMINATIONS)
def test_estimates_alone_never_confirm_and_never_block(examination: Examination) -> None:
    estimates = tuple(finding for finding in examination.findings if finding.basis is Basis.ESTIMATE)
    alone = msgspec.structs.replace(examination, findings=estimates)
    decision = ALL.decide(alone)
    assert decision.aigc < AigcStatus.CONFIRMED
    assert decision.action < Action.BLOCK


@settings(max_examples=150, deadline=None)
@given(_EXAMINATIONS)
def test_what_is_public_is_judged_no_softer_than_what_stays_inside(examination: Examination) -> None:
    both = {
        audience: ALL.decide(with_context(examination, _for(examination.context, audience)))
        for audience in Audience
    }
    assert both[Audience.INTERNAL].action <= both[Audience.PUBLIC].action


def _for(context: Context, audience: Audience) -> Context:
    return msgspec.structs.replace(context, audience=audience)
