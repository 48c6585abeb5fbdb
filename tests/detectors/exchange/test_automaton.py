"""The machine of listed patterns against an oracle that tries every stretch, and chunks against the whole."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core.errors import DetectorError
from brightline.detectors.exchange.automaton import Automaton, Match, Scanner
from brightline.detectors.exchange.patterns import literal
from brightline.detectors.exchange.shadow import fold, shadow

PATTERNS = st.lists(
    st.sampled_from([
        "ab", r"\bab\b", "a{2,3}b", "(a|bc)d?", "[ab]{1,4}c", "a.{0,3}b", r"\d{2,4}", "(ab){1,2}(c|d)", "[^ab]b",
        r"a\sb", r"\w{3}\b", "好的?", "d", r"\bc.{0,6}\b", r"b\b",
    ]),
    min_size=1, max_size=4,
)  # fmt: skip
TEXT = st.text(st.sampled_from("abcd 12好的"), max_size=24)
CUTS = st.lists(st.integers(0, 24), max_size=8)


def pieces_of(text, cuts):
    places = sorted({min(cut, len(text)) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def by_hand(patterns, text):
    """For each pattern and each end the earliest start from which the pattern takes exactly that stretch."""
    found = set()
    for number, pattern in enumerate(patterns):
        for end in range(1, len(text) + 1):
            for start in range(end):
                if _takes(pattern, text, start, end):
                    found.add(Match(number, start, end))
                    break
    return found


def _takes(pattern, text, start, end):
    rest = (
        len(text) - end
    )  # the lookahead pins the end, so that edges of words still see the characters around
    return re.compile(rf"(?:{pattern})(?=[\s\S]{{{rest}}}\Z)", re.ASCII).match(text, start) is not None


def run(machine, pieces):
    scanner = Scanner(machine)
    found = set()
    for piece in pieces:
        found |= {*scanner.feed(piece)}
    return found | {*scanner.close()}


@given(PATTERNS, TEXT, CUTS)
def test_every_match_is_found_whatever_the_chunks(patterns, text, cuts):
    assert run(Automaton(patterns), pieces_of(text, cuts)) == by_hand(patterns, text)


@given(PATTERNS, TEXT, st.integers(0, 24))
def test_nothing_begins_before_the_live_place_that_is_not_known_yet(patterns, text, cut):
    scanner = Scanner(Automaton(patterns))
    known = {*scanner.feed(text[:cut])}
    live = scanner.live
    later = {*scanner.feed(text[cut:])} | {*scanner.close()}
    assert all(match.start >= live for match in later - known)


def test_long_stretches_are_looked_through_as_they_come():
    machine = Automaton(["x{3}", "x{2}[xy]{0,3000}z"])
    scanner = Scanner(machine)
    found = set()
    for _ in range(800):
        found |= {*scanner.feed("xyx")}
        assert scanner.size - scanner.live <= 3002 + 512 + 3
    assert found == set()
    found |= {*scanner.feed("xxxyz ")}
    assert {match.pattern for match in found} == {0, 1}


@pytest.mark.parametrize(
    "pattern",
    ["a*", "a+", "(a", "a)", "[a", "a{3,2}", "", "a?", r"\b", "a{5000}", "(a{100}){100}", r"\q", "^a", "[z-a]", "{2}",
     "(" * 30 + "a" + ")" * 30, "x" * 3000],
)  # fmt: skip
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(DetectorError):
        Automaton([pattern])


@pytest.mark.parametrize(
    ("words", "text", "is_there"),
    [
        ("Example Bomb", "an EXAMPLE\u00a0\u00a0b\u200bomb!", True),
        ("bomb", "bombastic", False),
        ("bomb", "а bоmb", True),  # Cyrillic letters
        ("bomb", "ｂｏｍｂ", True),
        ("bomb", "b\u0301omb", True),
        ("毒品", "卖毒\u200b品的", True),
        ("C++", "learn c++ now", True),
        ("café", "CAFE", True),
    ],
)
def test_listed_words_are_found_in_disguise(words, text, is_there):
    assert bool(run(Automaton([literal(words)]), [fold(text)])) is is_there


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_text_folds_as_its_pieces_do_and_equal_forms_fold_equally(one, other):
    assert fold(one + other) == fold(one) + fold(other)
    assert fold(unicodedata.normalize("NFKC", one)) == fold(one)
    assert fold(unicodedata.normalize("NFD", one)) == fold(one)


@given(st.text(max_size=60), st.data())
def test_the_way_back_leads_to_the_characters_that_were_folded(text, data):
    folded = shadow(text)
    assert folded.text == fold(text)
    if folded.text:
        start = data.draw(st.integers(0, len(folded.text) - 1))
        end = data.draw(st.integers(start + 1, len(folded.text)))
        first, last = folded.original(start, end)
        assert folded.text[start:end] in fold(text[first:last])
        assert fold(text[first])
        assert fold(text[last - 1])
