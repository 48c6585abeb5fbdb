"""The shipped packs: well formed, truthful about their grounds, quiet about ordinary content, right about Art. 6."""

import itertools
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.decision import Action, AigcStatus, Decision, Standing
from brightline.core.finding import Basis, Detail, Examination, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Audience, Context, Declaration, Facts, Gap, GapKind, Kind, Role
from brightline.core.words import Words
from brightline.policy.check import check_pack
from brightline.policy.decide import Policy, compile_policy
from brightline.policy.harms import crosswalk
from brightline.policy.load import load_pack
from brightline.policy.pack import Pack, Rule
from brightline.policy.packs import find_pack, load_packs, shipped
from brightline.policy.testing import run_cases
from brightline.settings import Settings

ROOT = Path(__file__).parents[2]
NAMES = Settings().policies
PACKS: dict[str, Pack] = {name: load_pack(find_pack(name)) for name in NAMES}
RULES: list[tuple[str, Rule]] = [(name, rule) for name, pack in PACKS.items() for rule in pack.rules]
RULE_NAMES = [f"{name}#{rule.id}" for name, rule in RULES]
ALL: Policy = compile_policy(list(PACKS.values()))
ALONE: dict[str, Policy] = {name: compile_policy([pack]) for name, pack in PACKS.items()}
HAN = re.compile(r"[\u4e00-\u9fff]")
WHY = Words(en="for a test", zh="用于测试")
TODAY = "2026-11-23T12:00:00Z"
# Every date at which a shipped rule begins or ends, and one beyond all of them.
TIMES = (
    "2025-10-01T00:00:00Z",
    TODAY,
    "2026-12-03T00:00:00Z",
    "2027-01-02T00:00:00Z",
    "2029-01-01T00:00:00Z",
)


def found(
    claim: str,
    basis: Basis = Basis.PROOF,
    probability: float = 1.0,
    harm: Harm | None = None,
    detector: str = "test.detector",
    part: str = "",
    **details: str,
) -> Finding:
    """A finding with as little ceremony as a worked case has."""
    facts = tuple(Detail(name, value) for name, value in sorted(details.items()))
    return Finding(
        detector=detector,
        claim=claim,
        basis=basis,
        probability=probability,
        harm=harm,
        why=WHY,
        details=facts,
        part=part,
    )


def mark(verdict: str, part: str = "", **details: str) -> Finding:
    """What `provenance.aigc` says of one file."""
    basis = Basis.DECLARED if "label" in details else Basis.PROOF
    return found("aigc.mark", basis, detector="provenance.aigc", part=part, verdict=verdict, **details)


def examined(
    kind: Kind,
    *findings: Finding,
    audience: Audience = Audience.PUBLIC,
    declared: Declaration = Declaration.NONE,
    channel: str = "cli",
    time: str = TODAY,
    gaps: tuple[Gap, ...] = (),
    parts: tuple[Facts, ...] = (),
) -> Examination:
    """An examination of a subject of that kind."""
    return Examination(
        facts=Facts(digest="ab" * 32, size_bytes=1000, kind=kind, characters=500, parts=parts),
        context=Context(channel=channel, audience=audience, declared=declared, time=time),
        findings=findings,
        gaps=gaps,
        detectors="cd" * 32,
    )


def matched(decision: Decision) -> set[str]:
    """Names of the rules that asked for something."""
    return {match.rule for match in decision.matches}


# Form.


def test_the_packs_in_force_by_default_are_the_packs_that_ship() -> None:
    assert set(NAMES) == set(shipped())
    assert [pack.id for pack in load_packs(NAMES)] == list(NAMES)


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
        assert date(2025, 1, 1) <= date.fromisoformat(ground.as_of) <= date(2026, 11, 23)
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


# Ordinary content.

CLEAN_IMAGE = (
    mark("not_found", complete="yes", marks="0"),
    found("origin.c2pa", present="no", trust_list="c2pa/2026-11", detector="provenance.c2pa"),
)
CLEAN_TEXT = (found("mark.explicit", verdict="not_found"),)
CLEAN_MAIL = (
    found("mail.authentication", Basis.DECLARED, dkim="pass", spf="pass", dmarc="pass"),
    found("link.mismatch", kind="tracking", host="click.news.example", shown="news.example"),
    found("link.obscured", kind="shortener", host="short.example"),
    found("text.hidden", Basis.ESTIMATE, 0.5, kind="padding"),
    found("mark.explicit", part="0", verdict="not_found"),
)
ORDINARY: dict[str, Examination] = {
    "text": examined(Kind.TEXT, *CLEAN_TEXT),
    "article": examined(Kind.MARKDOWN, mark("not_found"), *CLEAN_TEXT),
    "photograph": examined(Kind.JPEG, *CLEAN_IMAGE),
    "drawing": examined(Kind.PNG, *CLEAN_IMAGE),
    "animation": examined(Kind.GIF, CLEAN_IMAGE[1]),
    "signed photograph": examined(
        Kind.JPEG,
        mark("not_found"),
        found(
            "origin.c2pa", present="yes", integrity="intact", trust="trusted", source_type="digitalCapture"
        ),
    ),
    "photograph of an unknown signer": examined(
        Kind.JPEG,
        mark("not_found"),
        found(
            "origin.c2pa",
            Basis.DECLARED,
            present="yes",
            integrity="intact",
            trust="untrusted",
            time="claimed",
        ),
    ),
    "photograph that a detector takes for half synthetic": examined(
        Kind.JPEG, *CLEAN_IMAGE, found("synthetic.image", Basis.ESTIMATE, 0.55, Harm.UNLABELLED_AIGC)
    ),
    "essay in a style that detectors dislike": examined(
        Kind.TEXT, *CLEAN_TEXT, found("synthetic.text", Basis.ESTIMATE, 0.7, Harm.UNLABELLED_AIGC)
    ),
    "newsletter": examined(Kind.EMAIL, *CLEAN_MAIL),
    "mail with a picture": examined(
        Kind.EMAIL,
        *CLEAN_MAIL,
        mark("not_found", part="1"),
        found("origin.c2pa", part="1", present="no"),
        parts=(
            Facts(digest="11" * 32, size_bytes=9, kind=Kind.TEXT, role=Role.BODY),
            Facts(digest="22" * 32, size_bytes=9, kind=Kind.PNG, role=Role.ATTACHMENT),
        ),
    ),
    "mail of a small firm": examined(
        Kind.EMAIL,
        found("mail.authentication", Basis.DECLARED, verdict="not_found"),
        found("mail.sender_mismatch", Basis.ESTIMATE, 0.5, Harm.FRAUD_AI, kind="freemail_company"),
        found("mail.sender_mismatch", kind="return_path"),
        found("mail.headers", kind="date_odd"),
    ),
    "invoice kept inside": examined(
        Kind.PDF, found("personal.id", Basis.ESTIMATE, 0.5, Harm.PERSONAL_DATA, type="iban", country="DE")
    ),
    "photograph of a camera": examined(
        Kind.JPEG,
        *CLEAN_IMAGE,
        found(
            "origin.trace", Basis.DECLARED, found="yes", camera="Example X100", source_type="digitalCapture"
        ),
        found("known.not_compared", method="pdq"),
    ),
    "known and vouched for": examined(
        Kind.JPEG, *CLEAN_IMAGE, found("known.allowed", Basis.MATCH, bank="press")
    ),
    "number that is no identifier": examined(
        Kind.TEXT,
        found("personal.id", Basis.ESTIMATE, 0.3, Harm.PERSONAL_DATA, type="resident_id", country="CN"),
    ),
    "weights": examined(Kind.SAFETENSORS),
    "recording": examined(Kind.WAV, found("origin.c2pa", present="no")),
    "table": examined(Kind.CSV),
    "empty file": examined(Kind.EMPTY),
}


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_content_is_allowed_under_all_packs_together(
    name: str, time: str, audience: Audience
) -> None:
    subject = ORDINARY[name]
    for channel in ("cli", "upload", "mail"):
        context = Context(channel=channel, audience=audience, declared=Declaration.NONE, time=time)
        decision = ALL.decide(_with_context(subject, context))
        assert matched(decision) == set()
        assert decision.action is Action.ALLOW
        assert decision.aigc is AigcStatus.NONE


def test_a_picture_whose_mark_nobody_looked_for_is_not_clean() -> None:
    decision = ALL.decide(examined(Kind.PNG, CLEAN_IMAGE[1]))
    assert decision.action is Action.REVIEW


def test_a_gap_alone_asks_for_a_person() -> None:
    gap = Gap(source="intake", kind=GapKind.ENCRYPTED, why=WHY)
    decision = ALL.decide(examined(Kind.TEXT, *CLEAN_TEXT, gaps=(gap,)))
    assert decision.action is Action.REVIEW


# Article 6, against a second telling of it.

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


# Taxonomies, against the crosswalk.


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


# Laws, under the packs that are in force.

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


def _with_context(examination: Examination, context: Context) -> Examination:
    return Examination(
        facts=examination.facts,
        context=context,
        findings=examination.findings,
        gaps=examination.gaps,
        detectors=examination.detectors,
    )


@settings(max_examples=150, deadline=None)
@given(_EXAMINATIONS, _FINDINGS)
def test_one_more_finding_never_softens_what_the_shipped_packs_decide(
    before: Examination, more: Finding
) -> None:
    after = Examination(
        facts=before.facts,
        context=before.context,
        findings=(*before.findings, more),
        gaps=before.gaps,
        detectors=before.detectors,
    )
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
    alone = Examination(
        facts=examination.facts,
        context=examination.context,
        findings=estimates,
        gaps=examination.gaps,
        detectors=examination.detectors,
    )
    decision = ALL.decide(alone)
    assert decision.aigc < AigcStatus.CONFIRMED
    assert decision.action < Action.BLOCK


@settings(max_examples=150, deadline=None)
@given(_EXAMINATIONS)
def test_what_is_public_is_judged_no_softer_than_what_stays_inside(examination: Examination) -> None:
    both = {
        audience: ALL.decide(_with_context(examination, _for(examination.context, audience)))
        for audience in Audience
    }
    assert both[Audience.INTERNAL].action <= both[Audience.PUBLIC].action


def _for(context: Context, audience: Audience) -> Context:
    return Context(channel=context.channel, audience=audience, declared=context.declared, time=context.time)
