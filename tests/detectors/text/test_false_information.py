"""Rumours by style, claims against fact-checks, stance, sources that cannot exist."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core.errors import BankError, DetectorError
from brightline.core.finding import Basis
from brightline.core.harm import Harm
from brightline.core.subject import Context, Kind, Subject
from brightline.core.wire import canonical
from brightline.detectors.text import claims, rumour, sources
from brightline.detectors.text.checkworthy import sentences, worthy
from brightline.detectors.text.claim_bank import open_bank, verify_bank, write_bank
from brightline.detectors.text.claim_match import rank
from brightline.detectors.text.claim_sense import senses
from brightline.detectors.text.claim_words import grams, hashed, plain, stems
from brightline.detectors.text.fact_checks import FactCheck, Verdict, read_fact_checks, verdict_of
from brightline.detectors.text.rumour_model import likelihood
from brightline.detectors.text.stance import Stance, stance_of
from brightline.detectors.text.wordpiece import pieces
from brightline.settings import ClaimsSetting, Settings

CONTEXT = Context(time="2026-11-23T00:00:00Z")
REVIEW = {
    "@context": "https://schema.org",
    "@type": "ClaimReview",
    "claimReviewed": "Drinking hot lemon water destroys cancer cells.",
    "reviewRating": {"@type": "Rating", "alternateName": "Mostly False", "ratingValue": "1"},
    "author": {"@type": "Organization", "name": "Example Check"},
    "url": "https://example.org/lemon",
    "datePublished": "2026-03-01",
}
CHECKS = (
    FactCheck(claim="Drinking hot lemon water destroys cancer cells.", verdict=Verdict.FALSE, rating="False", publisher="Example Check"),
    FactCheck(claim="Banks will close for ten days.", verdict=Verdict.FALSE, rating="False"),
    FactCheck(claim="The bridge over the river was closed on Monday.", verdict=Verdict.TRUE, rating="True"),
    FactCheck(claim="虾和维生素C同食会产生砒霜导致中毒死亡", verdict=Verdict.FALSE, rating="谣言", publisher="某核查机构"),
)  # fmt: skip
RUMOUR = "紧急通知！！听说城东来了一伙人贩子，开面包车，已经丢了三个孩子，器官都被摘了，赶紧转发给家人！"


def subject(text, kind=Kind.TEXT):
    return Subject(digest="ab" * 32, size_bytes=1, kind=kind, context=CONTEXT, text=text)


@pytest.fixture
def folder(tmp_path):
    write_bank(tmp_path / "facts", CHECKS, ())
    return tmp_path / "facts"


def found(text, folder):
    detect = claims.prepare(Settings(claims=(ClaimsSetting(name="facts", path=folder),)))
    return [finding for finding in detect(subject(text)) if finding.claim == "claim.match"]


# Fact-checks


@pytest.mark.parametrize(
    "shape", [lambda one: one, lambda one: [one], lambda one: {"@graph": [{"@type": "WebPage"}, one]},
              lambda one: {"dataFeedElement": [{"item": [one]}]}],
)  # fmt: skip
def test_a_claim_review_is_read_from_every_shape_that_carries_it(tmp_path, shape):
    file = tmp_path / "reviews.json"
    file.write_text(json.dumps(shape(REVIEW)))
    (check,) = read_fact_checks(file)
    assert check.claim == REVIEW["claimReviewed"]
    assert (check.verdict, check.rating, check.publisher) == (Verdict.FALSE, "Mostly False", "Example Check")
    assert (check.url, check.date) == ("https://example.org/lemon", "2026-03-01")


def test_a_claim_review_is_read_from_a_page_and_from_tables(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f'<p>x</p><script type="application/ld+json">{json.dumps(REVIEW)}</script>')
    table = tmp_path / "table.csv"
    table.write_text("claim,verdict,url\nThe moon is cheese,Pants on Fire,https://example.org/m\n")
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"vclaim": "The moon is cheese", "title": "Cheese?", "rating": "假"}\n')
    assert [check.verdict for file in (page, table, rows) for check in read_fact_checks(file)] == [
        Verdict.FALSE
    ] * 3


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("a.json", "{", "not JSON"), ("a.jsonl", "{}\n", ":1"), ("a.csv", "x,y\n1,2\n", "claim"),
     ("a.csv", "claim,url\n,u\n", ":2"), ("a.txt", "x", "ends in none"), ("a.json", "[" * 5000, "JSON")],
)  # fmt: skip
def test_what_is_no_fact_check_is_refused_with_its_place(tmp_path, name, text, said):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(BankError, match=said):
        list(read_fact_checks(file))


def test_a_rating_is_read_by_its_words_and_else_by_its_number(tmp_path):
    assert verdict_of("Not true") is Verdict.FALSE
    assert verdict_of("部分属实") is Verdict.MISLEADING
    assert verdict_of("Unproven") is Verdict.UNPROVEN
    file = tmp_path / "a.json"
    for value, verdict in (
        ("1", Verdict.FALSE),
        ("5", Verdict.TRUE),
        ("3", Verdict.MISLEADING),
        ("9", Verdict.OTHER),
    ):
        rating = {"alternateName": "snails", "ratingValue": value, "bestRating": 5, "worstRating": 1}
        file.write_text(json.dumps(REVIEW | {"reviewRating": rating}))
        assert next(read_fact_checks(file)).verdict is verdict


# Banks


def test_a_bank_grows_without_repeating_itself(folder):
    assert write_bank(folder, CHECKS[:2], ()) == len(CHECKS)
    assert write_bank(folder, [FactCheck(claim="The sea is dry.")], ()) == len(CHECKS) + 1
    assert verify_bank(folder) == len(CHECKS) + 1


def test_growing_a_bank_embeds_only_what_is_new_and_changes_no_vector(tmp_path):
    models = senses()
    write_bank(tmp_path / "one", CHECKS, models)
    write_bank(tmp_path / "two", CHECKS[:2], models)
    write_bank(tmp_path / "two", CHECKS[2:], models)
    one, two = (open_bank(name, tmp_path / name) for name in ("one", "two"))
    assert set(one.senses) == {"minilm", "e5"}
    for name, vectors in one.senses.items():
        assert np.array_equal(vectors, two.senses[name])


@pytest.mark.parametrize("name", ["claims.jsonl", "words_claims.npy", "bank.json"])
def test_a_damaged_bank_is_refused(folder, name):
    file = folder / name
    file.write_bytes(file.read_bytes()[:-3] + b"xyz")
    with pytest.raises(BankError):
        verify_bank(folder)


def test_an_index_that_points_outside_the_bank_is_refused(folder):
    numbers = np.load(folder / "letters_claims.npy")
    numbers[0] = 4_000_000
    np.save(folder / "letters_claims.npy", numbers)
    with pytest.raises(BankError, match="fit"):
        open_bank("facts", folder)


# Matching


def test_the_fact_check_is_found_by_words_and_shown_with_its_rating(folder):
    (finding,) = found("my aunt says drinking hot lemon water destroys cancer cells in a week", folder)
    assert finding.harm is Harm.FALSE_INFO
    assert finding.detail("verdict") == "false"
    assert finding.detail("publisher") == "Example Check"
    assert "Example Check" in finding.why.en


def test_the_same_wording_is_a_match_and_a_rewording_an_estimate(folder):
    (same,) = found("Drinking hot lemon water destroys cancer cells!", folder)
    assert same.basis is Basis.MATCH
    bank = open_bank("facts", folder)
    assert not rank(bank, "hot lemon water kills tumours", ())[0].same


def test_a_text_that_denies_the_claim_is_not_accused(folder):
    (finding,) = found(
        "It is a myth that drinking hot lemon water destroys cancer cells. Stop sharing it.", folder
    )
    assert finding.harm is None
    assert finding.detail("stance") == "denies"


def test_a_claim_that_checkers_found_true_accuses_nobody(folder):
    (finding,) = found("The bridge over the river was closed on Monday.", folder)
    assert (finding.harm, finding.detail("verdict")) == (None, "true")


def test_a_chinese_post_finds_its_fact_check(folder):
    finding = found("快转！虾和维生素C一起吃会产生砒霜，中毒死亡", folder)[0]
    assert finding.harm is Harm.FALSE_INFO
    assert finding.detail("publisher") == "某核查机构"


def test_what_no_fact_check_speaks_of_matches_nothing(folder):
    assert found("Lovely weather, we walked along the beach and had ice cream.", folder) == []


def test_reworded_claims_are_found_by_sense(tmp_path):
    models = senses()
    assert [model.name for model in models] == ["minilm", "e5"]
    write_bank(tmp_path / "facts", CHECKS, models)
    bank = open_bank("facts", tmp_path / "facts")
    best = rank(bank, "citrus in warm drinks makes tumours vanish, who needs chemo", models)[0]
    assert best.check.claim.startswith("Drinking hot lemon")
    assert best.method == "words+minilm"
    assert rank(bank, "海鲜配橙子吃了会毒死人", models)[0].check.claim.startswith("虾")


def test_a_claim_deep_in_a_long_text_is_found(folder):
    padding = " ".join(
        f"On day {number} the council announced that {number} people signed." for number in range(60)
    )
    findings = found(f"{padding} Drinking hot lemon water destroys cancer cells. {padding}", folder)
    assert [finding.detail("verdict") for finding in findings] == ["false"]


def test_what_was_not_looked_up_leaves_a_gap(folder):
    with pytest.raises(DetectorError, match="not looked up"):
        found("The council announced that 12 people died of cancer.\n" * 300, folder)


def test_without_a_bank_nothing_is_said():
    assert list(claims.prepare(Settings())(subject(RUMOUR))) == []


@given(st.text(max_size=300))
def test_any_text_can_be_looked_up(text):
    assert len(hashed(grams(plain(text)))) == len(grams(plain(text)))
    assert all(stems(plain(text)))
    assert pieces(text, 32)[0] == 101
    for span in sentences(text):
        assert 0 <= span.start < span.end <= len(text)
    stance_of(text)
    worthy(text)


# Stance


@pytest.mark.parametrize(
    ("text", "stance"),
    [("This is a hoax, please stop sharing it", Stance.DENIES), ("They don't want you to know this", Stance.ASSERTS),
     ("Is it true that banks close on Monday?", Stance.ASKS), ("警方辟谣：网传视频系旧闻", Stance.DENIES),
     ("这不是谣言，亲眼所见，快转", Stance.ASSERTS), ("听说要封城，是真的吗", Stance.ASKS)],
)  # fmt: skip
def test_stance_is_read(text, stance):
    assert stance_of(text).stance is stance


# Rumours


def test_a_typical_rumour_is_likely_and_its_signs_are_shown():
    finding = next(iter(rumour.detect(subject(RUMOUR))))
    assert finding.detail("verdict") == "likely"
    assert finding.harm is Harm.RUMOUR
    assert {"forwarding", "hearsay", "crime"} <= set(finding.detail("signs").split(","))
    assert finding.basis is Basis.ESTIMATE
    assert "not checked" in finding.why.en
    quoted = [RUMOUR[place.start : place.end] for place in finding.where]
    assert any("转发" in words for words in quoted)


def test_plain_news_with_its_source_is_less_likely_than_the_rumour():
    news = (
        "【全市中小学9月1日开学】记者从市教育局了解到，新学期将于9月1日开始，各校已完成校舍检修。（本报记者）"
    )
    assert likelihood(news) < 0.5 < likelihood(RUMOUR)


@pytest.mark.parametrize(
    "text", ["太短了", "The quick brown fox jumps over the lazy dog. " * 3, "长文" * 2000, ""]
)
def test_what_it_was_not_trained_on_is_not_judged(text):
    assert list(rumour.detect(subject(text))) == []


def test_a_debunking_post_is_not_accused():
    text = "【辟谣】网传城东有人贩子开面包车拐走孩子、摘取器官，经公安机关核实为不实信息，请不要转发，发布者已被行政拘留。"
    assert all(finding.harm is None for finding in rumour.detect(subject(text)))


def test_the_same_post_gives_the_same_finding():
    assert [canonical(one) for one in rumour.detect(subject(RUMOUR))] == [
        canonical(one) for one in rumour.detect(subject(RUMOUR))
    ]


def test_a_notice_without_number_or_date_is_told():
    bare = "关于全市中小学停课的紧急通知：各单位请立即执行，请各位家长相互转告，明天起全部停课。"
    whole = bare.replace("紧急通知：", "紧急通知（市教发〔2026〕12号）：")
    claimed = {finding.claim for finding in rumour.detect(subject(bare))}
    assert "rumour.unsigned_notice" in claimed
    assert "rumour.unsigned_notice" not in {finding.claim for finding in rumour.detect(subject(whole))}


# Sources


@pytest.mark.parametrize(
    ("text", "kind"),
    [("ISBN 978-7-111-12345-6", "isbn"), ("ISSN 0028-0837", "issn"), ("doi:11.1234/abc", "doi"), ("doi: 10.12/x", "doi"),
     ("arXiv:2313.12345", "arxiv"), ("arXiv:2712.00001", "arxiv"), ("PMID: 123456789012", "pmid"), ("依据GB/T 1234-2031执行", "standard"),
     ("（2031）沪01刑终12号", "court_case"), ("（2022）乌0105民初12号", "court_case"), ("教发〔2099〕3号", "document"),
     ("统一社会信用代码：91110000600037341X", "uscc"), ("自2月30日起", "day"), ("2023年2月29日", "day")],
)  # fmt: skip
def test_a_source_that_cannot_exist_is_told(text, kind):
    (finding,) = sources.detect(subject(text))
    assert (finding.detail("kind"), finding.basis, finding.harm) == (kind, Basis.PROOF, None)


@pytest.mark.parametrize(
    "text",
    ["ISBN 9787302511625", "ISSN 0028-0836", "doi:10.1038/nature12373", "arXiv:2401.01234", "arXiv:0704.0001", "PMID: 31452104",
     "GB/T 45438-2025", "（2023）京0105民初12345号", "国办发〔2023〕12号", "2024年2月29日", "2月29日", "13月1日", "10.12元", "6月1日"],
)  # fmt: skip
def test_a_source_that_can_exist_is_left_alone(text):
    assert list(sources.detect(subject(text))) == []


def test_findings_keep_their_places_within_the_text():
    for text in (RUMOUR, RUMOUR * 3, "İ" * 20 + RUMOUR, "ﬁ" * 30 + RUMOUR):
        for finding in rumour.detect(subject(text)):
            for place in finding.where:
                assert 0 <= place.start < place.end <= len(text)
            msgspec.json.encode(finding)
