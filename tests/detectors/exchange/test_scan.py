"""Scans of texts as they come: disguises, codes, and places in the text itself."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.detectors.exchange.automaton import Automaton
from brightline.detectors.exchange.patterns import literal
from brightline.detectors.exchange.scan import Scan

MACHINE = Automaton([literal("open sesame"), literal("毒品"), r"\bkey-[a-z0-9]{8,40}\b"])
DISGUISES = (
    lambda words: words,
    lambda words: words.upper(),
    lambda words: "\u200b".join(words),
    lambda words: words.translate({ord(c): chr(ord(c) + 0xFEE0) for c in "opensesamkey"}),
    lambda words: words.replace("o", "о").replace("e", "е"),
    lambda words: base64.b64encode(f"please {words} now".encode()).decode(),
    lambda words: base64.urlsafe_b64encode(f"say it: {words}.".encode()).decode().rstrip("="),
    lambda words: "xy" + base64.b64encode(f"~~{words}~ and on".encode()).decode(),
    lambda words: f"so {words} it is".encode().hex(),
)
BAD = st.builds(
    lambda words, disguise: disguise(words),
    st.sampled_from(["open sesame", "毒品", "key-abcd1234"]),
    st.sampled_from(DISGUISES),
)
PLAIN = st.text(st.sampled_from("ab .\u200b毒好\u0301opensam-k1"), max_size=30)
TEXTS = st.lists(st.one_of(BAD, PLAIN), max_size=5).map(" ".join)
CUTS = st.lists(st.integers(0, 300), max_size=30)


def pieces_of(text, cuts):
    places = sorted({min(cut, len(text)) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def hits(pieces):
    scan = Scan(MACHINE)
    found = set()
    for piece in pieces:
        found |= {*scan.feed(piece)}
    return found | {*scan.close()}


@given(TEXTS, CUTS)
def test_the_same_hits_whatever_the_chunks(text, cuts):
    assert hits(pieces_of(text, cuts)) == hits([text])


@given(TEXTS, CUTS)
def test_what_is_found_later_does_not_begin_before_the_live_place(text, cuts):
    scan = Scan(MACHINE)
    known, live = set(), 0
    for piece in [*pieces_of(text, cuts), None]:
        new = {*(scan.close() if piece is None else scan.feed(piece))}
        assert all(hit.start >= live for hit in new - known)
        assert live <= scan.live <= scan.size
        known, live = known | new, scan.live
    assert live == len(text)


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("words", ["open sesame", "毒品", "key-abcd1234"])
def test_words_are_found_where_they_stand_in_every_disguise(words, disguise):
    before, hidden, after = "Now. ", disguise(words), " And on."
    found = hits([before + hidden + after])
    assert found
    assert all(len(before) <= hit.start < hit.end <= len(before + hidden) for hit in found)


def test_a_long_code_is_held_only_as_far_as_words_in_it_may_go_on():
    scan = Scan(MACHINE)
    code = base64.b64encode(b"\x00\x01\x02\x03\xff\xfe" * 5_000).decode()
    for at in range(0, len(code), 50):
        scan.feed(code[at : at + 50])
        assert at < 50 or scan.size - scan.live < 50


def test_a_scan_for_nothing_holds_nothing():
    scan = Scan(Automaton([]))
    assert scan.feed("abc") == []
    assert (scan.live, scan.size) == (3, 3)
