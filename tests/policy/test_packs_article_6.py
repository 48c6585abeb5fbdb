"""Article 6 of the Labelling Measures in `cn/labelling`, against a second telling of its table."""

import itertools

import pytest
from shipped_packs import ALONE, examined, found, mark

from brightline.core.decision import Action, AigcStatus
from brightline.core.finding import Basis, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Audience, Declaration, Facts, Kind

MARKS: dict[str, Finding] = {
    "none": mark("not_found"),
    "unreadable": mark("inconclusive"),
    "1": mark("compliant", label="1"),
    "2": mark("compliant", label="2"),
    "3": mark("compliant", label="3"),
    "1 with errors": mark("noncompliant", label="1"),
    "errors only": mark("noncompliant", label="AIGC"),
}
TRACES: dict[str, Finding] = {
    "explicit mark": found("mark.explicit", Basis.DECLARED, verdict="found", position="end"),
    "generator's metadata": found("origin.ai_declared", Basis.DECLARED, 0.95, by="generator"),
    "detector, nearly sure": found("synthetic.image", Basis.ESTIMATE, 0.97, Harm.UNLABELLED_AIGC),
    "detector, sure": found("synthetic.image", Basis.ESTIMATE, 1.0, Harm.UNLABELLED_AIGC),
}
HINTS: dict[str, Finding] = {
    "nothing": found("origin.c2pa", present="no"),
    "detector, in doubt": found("synthetic.image", Basis.ESTIMATE, 0.6, Harm.UNLABELLED_AIGC),
    "no explicit mark": found("mark.explicit", verdict="not_found"),
}

SAID_AND_DECLARED = list(itertools.product(MARKS, Declaration))


def article_6(said: str, declared: Declaration, *, has_trace: bool) -> AigcStatus:
    """The table of Art. 6 in its own words; Labels 2 and 3 are what a platform before us concluded."""
    if said in {"1", "1 with errors"}:
        return AigcStatus.CONFIRMED
    if said == "2":
        return AigcStatus.POSSIBLE
    if said in {"3", "errors only"}:
        return AigcStatus.SUSPECTED
    if declared is Declaration.AI_GENERATED:
        return AigcStatus.POSSIBLE
    return AigcStatus.SUSPECTED if has_trace else AigcStatus.NONE


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.MARKDOWN])
@pytest.mark.parametrize(("said", "declared"), SAID_AND_DECLARED)
def test_article_6_gives_the_status_of_its_table(said: str, declared: Declaration, kind: Kind) -> None:
    for name, other in {**TRACES, **HINTS}.items():
        decision = ALONE["cn/labelling"].decide(examined(kind, MARKS[said], other, declared=declared))
        assert decision.aigc is article_6(said, declared, has_trace=name in TRACES), name
        if decision.aigc is not AigcStatus.NONE:
            assert decision.action >= Action.LABEL


@pytest.mark.parametrize(("said", "declared"), SAID_AND_DECLARED)
def test_article_6_does_not_bind_internal_use(said: str, declared: Declaration) -> None:
    for other in TRACES.values():
        internal = examined(Kind.PNG, MARKS[said], other, declared=declared, audience=Audience.INTERNAL)
        decision = ALONE["cn/labelling"].decide(internal)
        assert decision.aigc is AigcStatus.NONE
        assert decision.action is Action.ALLOW


@pytest.mark.parametrize("trace", TRACES)
def test_a_file_without_a_place_for_a_mark_can_be_suspected_and_possible(trace: str) -> None:
    labelling = ALONE["cn/labelling"]
    assert labelling.decide(examined(Kind.TEXT, TRACES[trace])).aigc is AigcStatus.SUSPECTED
    declared = examined(Kind.TEXT, TRACES[trace], declared=Declaration.AI_GENERATED)
    assert labelling.decide(declared).aigc is AigcStatus.POSSIBLE


def test_one_marked_picture_in_a_mail_confirms_that_picture() -> None:
    parts = tuple(Facts(digest=f"{n}{n}" * 32, size_bytes=9, kind=Kind.PNG) for n in range(2))
    mail = examined(
        Kind.EMAIL, mark("not_found", part="0"), mark("compliant", part="1", label="1"), parts=parts
    )
    decision = ALONE["cn/labelling"].decide(mail)
    assert decision.aigc is AigcStatus.CONFIRMED
    assert [match.findings for match in decision.matches] == [(1,)]
