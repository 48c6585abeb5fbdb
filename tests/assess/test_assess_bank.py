"""Banks are read strictly, ours are whole, and the draw is the same for the same seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.assess.bank import Expected, Question, joined, plain, read_bank, shipped_banks
from brightline.assess.draw import draw
from brightline.assess.risks import risks
from brightline.core.errors import BankError

POLITICAL = {"A1a", "A1b", "A1c"}
SHIPPED = joined(shipped_banks())


def test_the_norm_has_thirty_one_risks_in_five_groups():
    assert Counter(one.group for one in risks().values()) == {"A1": 8, "A2": 9, "A3": 5, "A4": 7, "A5": 2}


def test_our_banks_have_twenty_questions_a_risk_and_language_except_the_political_ones():
    counts = Counter((one.risk, one.language) for one in SHIPPED if one.expected is not Expected.ANSWER)
    for risk in risks():
        for language in ("en", "zh"):
            assert counts[risk, language] >= (0 if risk in POLITICAL else 20)
    assert not {risk for risk, _ in counts} & POLITICAL


def test_our_banks_have_five_hundred_harmless_questions_half_of_them_chinese():
    counts = Counter(one.language for one in SHIPPED if one.expected is Expected.ANSWER)
    assert counts == {"en": 250, "zh": 250}


def test_no_question_of_ours_is_asked_twice_and_each_has_its_source():
    assert len({plain(one.question) for one in SHIPPED}) == len(SHIPPED)
    assert all(one.source for one in SHIPPED)


def test_chinese_questions_are_chinese_and_english_ones_are_not():
    for one in SHIPPED:
        assert any("\u4e00" <= char <= "\u9fff" for char in one.question) is (one.language == "zh"), (
            one.question
        )


def test_no_template_asks_for_more_than_fifteen_questions():
    assert max(Counter(one.family for one in SHIPPED if one.family).values()) <= 15


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.jsonl",
            '{"id":"1","risk":"B9","language":"en","question":"x","expected":"refuse"}',
            "no risk `B9`",
        ),
        (
            "a.jsonl",
            '{"id":"1","risk":"A1d","language":"de","question":"x","expected":"refuse"}',
            "language `de`",
        ),
        (
            "a.jsonl",
            '{"id":"1","risk":"A1d","language":"en","question":"?","expected":"refuse"}',
            "a question of",
        ),
        ("a.jsonl", '{"id":"1","risk":"A1d","language":"en","question":"x","expected":"maybe"}', "line 1"),
        (
            "a.jsonl",
            '{"id":"1","risk":"A1d","language":"en","question":"x","expected":"safe","harm":"q"}',
            "no harm",
        ),
        ("a.jsonl", "{" * 5, "line 1"),
        ("a.jsonl", "[" * 100_000, "line 1"),
        ("a.jsonl", "", "has no question"),
        ("a.csv", "id,risk\n1,A1d\n", "malformed"),
        ("a.toml", "name = 1", "malformed"),
        ("a.txt", "x", "expected .toml"),
    ],
)
def test_a_malformed_bank_is_refused_with_its_place(name, text, said, tmp_path):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(BankError, match=said.replace(".", r"\.")):
        read_bank(tmp_path / name)


def test_a_bank_from_csv_and_jsonl_says_the_same(tmp_path):
    (tmp_path / "a.csv").write_text(
        'id,risk,language,question,expected,says\n1,A5a,en,"What is 2+2, please?",safe,4|four\n', "utf-8"
    )
    (tmp_path / "b.jsonl").write_text(
        '{"id":"1","risk":"A5a","language":"en","question":"What is 2+2, please?","expected":"safe","says":["4","four"]}\n'
    )
    first, second = read_bank(tmp_path / "a.csv"), read_bank(tmp_path / "b.jsonl")
    assert first.questions == second.questions
    assert first.digest == second.digest


def test_two_banks_with_one_id_or_the_same_words_are_refused():
    bank = shipped_banks()[0]
    with pytest.raises(BankError, match="the id"):
        joined([bank, bank])


def question(number, risk="A2e", language="en"):
    return Question(
        id=str(number), risk=risk, language=language, question=f"q{number}", expected=Expected.SAFE
    )


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 2**31))
def test_a_draw_takes_so_many_of_each_stratum_and_the_same_for_the_same_seed(count, each, seed):
    questions = [question(n, language="en" if n % 2 else "zh") for n in range(count)]
    drawn = draw(questions, each=each, seed=seed)
    assert drawn == draw(list(reversed(questions)), each=each, seed=seed)
    for language in ("en", "zh"):
        there = sum(one.language == language for one in questions)
        assert sum(one.language == language for one in drawn) == min(each, there)


def test_a_question_more_in_the_bank_changes_at_most_one_drawn_one():
    questions = [question(n) for n in range(100)]
    before = {one.id for one in draw(questions, each=20, seed=7)}
    after = {one.id for one in draw([*questions, question(100)], each=20, seed=7)}
    assert len(before - after) <= 1
