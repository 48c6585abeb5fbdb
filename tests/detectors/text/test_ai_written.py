"""The AI-written lane: what it says, where it is silent, that disguises change little, that it is quick."""

import time
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.finding import Basis, Span
from brightline.core.subject import Context, Kind, Subject
from brightline.core.wire import canonical
from brightline.detectors.text import ai_written
from brightline.detectors.text.ai_lane import lane, language_of, open_text
from brightline.detectors.text.ai_tokens import plain, token_spans, tokens

MACHINE_EN = (
    "In today's rapidly evolving world, it is important to note that effective communication plays a crucial role in "
    "fostering meaningful relationships. By embracing empathy and active listening, individuals can not only enhance "
    "their understanding of others but also create a more inclusive environment. Furthermore, it is essential to "
    "recognize that every person brings a unique perspective, which can significantly contribute to the overall success "
    "of a team. Additionally, regular feedback allows individuals to identify areas for improvement and ensures that "
    "everyone feels valued. Overall, investing in communication skills is a valuable step towards personal and "
    "professional growth. In conclusion, by prioritizing open dialogue, organizations can build a culture of trust and "
    "collaboration that benefits everyone involved."
)
PERSON_EN = (
    "So we got there about ten past seven, no booking, and the guy at the door just waved us in. I had the lamb, which "
    "was a bit dry to be honest, and Dave had some kind of fish thing he won't shut up about. Took them forever to bring "
    "the bill. Then they'd charged us for two bottles of wine - we had one! They fixed it, fair enough, but nobody said "
    "sorry. Parking round the back is free after six, which I wish I'd known. Would I go again? Maybe for the desserts. "
    "The wife says no. Anyway if you do go, get the window table, and don't bother with the garlic bread."
)
MACHINE_ZH = (
    "随着社会的不断发展，时间管理已经成为一个重要的话题。首先，您可以制定一个合理的计划，明确自己的目标，并根据实际情况进行调整。其次，建议您将任务按照"
    "重要性和紧急程度进行分类，这样可以帮助您更好地分配时间和精力。此外，保持良好的生活习惯也是非常重要的，包括充足的睡眠、合理的饮食和适当的运动。"
    "最后，如果您在执行过程中遇到困难，可以寻求朋友、家人或专业人士的帮助和支持。总的来说，时间管理是一个需要不断学习和实践的过程，希望这些建议能够"
    "对您有所帮助，让您的生活更加充实和有意义。"
)
PERSON_ZH = (
    "昨天跟老张去吃那家新开的羊肉馆子，排了快一个钟头的队，腿都站麻了。羊肉倒是真嫩，就是太咸，喝了三壶茶还渴。老板嗓门大得很，一边切肉一边跟熟客骂球，"
    "听着怪有意思。结账的时候多收了我们一盘花生米的钱，说了半天才退。旁边桌两口子吵架，盘子都摔了，吓我一跳。回来路上又下雨，伞让我落在店里了，今天打电话"
    "去问，说没见着。唉，算了，就当买个教训，下回还是去老地方吃。"
)


def subject_of(text: str) -> Subject:
    return Subject(
        digest="0" * 64,
        size_bytes=len(text),
        kind=Kind.TEXT,
        text=text,
        context=Context(time="2026-11-23T00:00:00Z"),
    )


def findings(text: str):
    return list(ai_written.detect(subject_of(text)))


def probability(text: str) -> float:
    return findings(text)[0].probability


@pytest.mark.parametrize(("machine", "person"), [(MACHINE_EN, PERSON_EN), (MACHINE_ZH, PERSON_ZH)])
def test_a_machines_platitudes_are_likelier_than_a_persons_anecdote(machine, person):
    assert probability(machine) >= ai_written.LIKELY
    # The anecdotes, too, were written by a machine, told to be casual: below `likely` is all that can be asked.
    assert probability(person) < min(probability(machine), ai_written.LIKELY)


def test_a_finding_says_language_length_verdict_and_the_words_that_decided():
    finding = findings(MACHINE_EN)[0]
    assert (finding.claim, finding.basis) == ("synthetic.text", Basis.ESTIMATE)
    assert finding.detail("language") == "en"
    assert finding.detail("verdict") == "likely"
    assert int(finding.detail("length")) == pytest.approx(118, abs=3)
    assert all(MACHINE_EN[place.start : place.end].endswith((".", "!")) for place in finding.where)
    quoted = finding.why.en.split("most telling: ")[1]
    assert len(quoted) <= ai_written.QUOTE_CHARACTERS
    assert all(
        phrase.replace("'", "") in MACHINE_EN.lower().replace("'", "") for phrase in quoted.split(" … ")
    )


def test_a_person_is_warned_of_nothing():
    finding = findings(PERSON_EN)[0]
    assert finding.harm is None
    assert finding.detail("verdict") == "unlikely"
    assert finding.where == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "word " * 49,
        "的" * 79,
        "Der schnelle braune Fuchs springt über den faulen Hund. " * 20,
        "\u200b" * 500,
        "1 " * 400,
    ],
)
def test_short_texts_and_other_languages_are_passed_over_in_silence(text):
    assert findings(text) == []


DISGUISES = {
    "capitals": str.upper,
    "spaces": lambda text: text.replace(" ", "   "),
    "lines": lambda text: text.replace(". ", ".\n\n").replace("。", "。\n"),
    "zero width": lambda text: "\u200b".join(text),
    "look-alikes": lambda text: text.translate(str.maketrans("aeopcx", "аеорсх")),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "curly quotes": lambda text: text.replace("'", "’"),
    "soft hyphens": lambda text: text.replace("e", "e\u00ad"),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize("text", [MACHINE_EN, PERSON_EN, MACHINE_ZH, PERSON_ZH])
def test_a_disguise_changes_the_probability_by_less_than_five_points(disguise, text):
    assert probability(disguise(text)) == pytest.approx(probability(text), abs=0.05)


def test_traditional_characters_count_as_simplified_ones():
    traditional = MACHINE_ZH.translate(
        str.maketrans(
            "随着会断发题这时间计标实际调严议务进类为帮您给养饮当动习师门",
            "隨著會斷發題這時間計標實際調嚴議務進類為幫您給養飲當動習師門",
        )
    )
    assert probability(traditional) == pytest.approx(probability(MACHINE_ZH), abs=0.05)


def test_spans_point_into_the_text_as_it_was_given():
    text = "\u200b\u200b" + MACHINE_EN.replace("important", "imp\u00adortant")
    for place in findings(text)[0].where:
        assert isinstance(place, Span)
        assert 0 <= place.start < place.end <= len(text)
        assert text[place.end - 1] == "."


def test_the_same_bytes_give_the_same_finding():
    assert canonical(findings(MACHINE_ZH)) == canonical(findings(MACHINE_ZH))


def test_a_text_mixed_of_both_shows_its_machine_part_or_is_unclear():
    text = " ".join([PERSON_EN] * 4 + [MACHINE_EN] * 2 + [PERSON_EN] * 4)
    whole, *parts = findings(text)
    assert whole.probability < ai_written.LIKELY
    assert [part.claim for part in parts] == ["synthetic.text.part"]
    marked = [text[place.start : place.end] for place in parts[0].where]
    assert any("effective communication" in piece or "regular feedback" in piece for piece in marked)
    assert not any("garlic bread" in piece and "communication" not in piece for piece in marked)


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_levelling_keeps_its_way_back(text):
    level = plain(text)
    assert level.offsets is None or len(level.offsets) == len(level.text)
    spans = token_spans(level.text)
    assert len(spans) == len(tokens(level.text))
    for span in spans:
        back = level.span(span.start, span.end)
        assert 0 <= back.start < back.end <= len(text)


@given(st.text(alphabet="the cat. ,\u200bа的是不了I'm\n1-", min_size=100, max_size=900))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_findings_that_hold_together(text):
    for finding in ai_written.detect(subject_of(text)):
        assert 0.0 < finding.probability < 1.0
        assert all(0 <= place.start < place.end <= len(text) for place in finding.where)


@pytest.mark.parametrize(
    "text",
    ["a " * 500_000, "的" * 1_000_000, "\u200b" * 1_000_000, "the. " * 200_000, "a b c d e " * 100_000],
)
def test_a_million_hostile_characters_take_under_two_seconds(text):
    began = time.process_time()
    findings(text)
    assert time.process_time() - began < 2.0


def test_a_document_of_five_hundred_words_takes_a_few_milliseconds():
    text = (MACHINE_EN + " " + PERSON_EN) * 2
    findings(text)
    began = time.process_time()
    for _ in range(50):
        findings(text)
    assert (
        time.process_time() - began
    ) / 50 < 0.02  # the budget is 3.3 ms on an idle core; `bench-text` measures it


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_model_is_sorted_finite_and_small(language):
    model = lane(language).model
    assert (model.keys[1:] > model.keys[:-1]).all()
    assert abs(model.weights).max() < 100
    assert (model.rarity > 0).all()
    assert (
        files("brightline.weights").joinpath(f"ai_written_{language}.safetensors").stat().st_size < 4_000_000
    )


def test_longer_texts_of_one_kind_are_judged_more_surely():
    judge = lane("en")
    assert judge.log_odds(2.0, 400) >= judge.log_odds(2.0, 60)


def test_the_card_states_what_the_code_holds():
    card = tomllib.loads(
        files("brightline.detectors.text").joinpath("ai_written.card.toml").read_text("utf-8")
    )
    assert card["name"] == ai_written.NAME
    assert card["claims"] == ["synthetic.text", "synthetic.text.part"]
    assert card["thresholds"] == {"likely": ai_written.LIKELY, "unlikely": ai_written.UNLIKELY}


def test_french_is_no_english():
    _, words = open_text(
        "Le conseil municipal a adopté hier soir le budget de la ville pour l'année prochaine. " * 8
    )
    assert language_of(words) == ""
