"""Tricks with letters are undone before the AI-written lane reads, and places still lead to the original."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.detectors.text import ai_written
from brightline.detectors.text.ai_disguise import with_letters, without_markup
from brightline.detectors.text.ai_lane import lane, open_text
from brightline.detectors.text.ai_tokens import plain, token_spans, tokens

PLAIN = "there is nothing like these letters, they are read by people"
DISGUISED = (
    "th*ere is no~thing li_ke these let|ters, they are re·ad by peo^ple",
    "t h e r e is n-o-t-h-i-n-g like t.h.e.s.e letters, they are read by p_e_o_p_l_e",
    "7h3r3 is n07h1ng l1k3 7h353 l3773r5, 7h3y 4r3 r34d by p30pl3",
    "th😀ere is 🔥nothing like these let✨ters, they a💰re read by people",
    "th<b></b>ere is n&#111;thing like <span style='display:none'>meeting agenda</span>these letters, they are read&#32;by people",
    "the re is not hing like the se let ters, they are re ad by peop le",
    "THERE IS NOTHING<br>LIKE THESE LETTERS, they are<!-- x --> read by people",
)


@pytest.mark.parametrize("text", DISGUISED)
def test_a_disguised_text_has_the_words_of_the_plain_one(text):
    assert tokens(plain(text).text) == tokens(PLAIN)


@pytest.mark.parametrize("text", DISGUISED)
def test_places_of_words_lead_to_where_they_begin_in_the_original(text):
    level = plain(text)
    for span in token_spans(level.text):
        there = level.span(span.start, span.end)
        assert 0 <= there.start < there.end <= len(text)
    last = token_spans(level.text)[-1]
    assert plain(text[level.span(last.start, last.end).start :]).text == "people"


@pytest.mark.parametrize(
    "text",
    [
        "30th of 15km at 100th street, windows10, covid19, 2004, b2b",
        "a < b and c > d & e",
        "x-ray, e.g. I a",
        "a way to do so on and on, b and c, some one, in side streets, the e-mails",
    ],
)
def test_numbers_and_signs_that_are_no_trick_stay(text):
    assert plain(text).text == text.lower()


def test_what_a_tag_hides_is_not_read():
    assert without_markup("a<i style='font-size: 0'>b<u>c</u></i>d")[0] == "acd"


def test_split_characters_are_put_together_in_chinese_alone():
    level, words = open_text("加君羊" * 40)
    made, found = lane("zh").whole(level, words)
    assert "群" in found
    assert made.span(1, 2).end - made.span(1, 2).start == 1
    assert lane("en").whole(level, words) == (level, words)


@given(st.text(alphabet=st.sampled_from("ab1 <>/&#;*~.-·é😀汉Ａ\u200b\n"), max_size=60))
def test_every_character_has_its_place_in_order(text):
    level = plain(text)
    if level.offsets is not None:
        assert len(level.offsets) == len(level.text)
        assert list(level.offsets) == sorted(level.offsets)
        assert all(0 <= place < len(text) for place in level.offsets)
    assert with_letters(level.text) == level.text


def test_the_limit_of_what_is_read_holds_for_tags_too():
    assert len(open_text("<b>" * 40_000)[0].text) <= 60_000
    assert ai_written.NAME == "text.ai_written"
