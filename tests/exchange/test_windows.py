"""What goes out of a guarded channel is what the whole, judged at once, would have let out; whatever the chunks."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.words import Words
from brightline.detectors.exchange.automaton import Automaton
from brightline.detectors.exchange.listed import merged
from brightline.detectors.exchange.patterns import literal
from brightline.detectors.exchange.scan import Scan
from brightline.exchange.guard import Cut, Stop, WindowGuard

STOP = Stop("content_filter", Words("stopped", "已停止"))
LITERALS = ["open sesame", "毒品", "rm -rf", "b", "aa", "ab ab"]
PATTERNS = [r"\bkey-[a-z0-9]{4,40}\b", "a{2,3}b", "[ab]{2,12}c", r"\d{4,30}", "x.{0,60}y", "好.{0,3}好"]
RULES = st.lists(
    st.tuples(st.sampled_from([*map(literal, LITERALS), *PATTERNS]), st.sampled_from(["stop", "cut", "cut"])),
    min_size=1, max_size=4, unique_by=lambda rule: rule[0],
)  # fmt: skip
SECRETS = st.sampled_from([
    "open sesame", "ＯＰＥＮ sesame", "o\u200bpen  sеsame", "毒品", "毒\u200b品", "rm -rf", "key-abcd99", "aaab", "abababc",
    "20261123", "x some y", "好a好", base64.b64encode(b"now open sesame please").decode(), b"rm -rf /".hex() * 2,
])  # fmt: skip
PLAIN = st.text(st.sampled_from("ab .!。\n，好xy-k1"), max_size=40)
LONG = st.sampled_from(["All is calm here. ", "word " * 60, "长" * 150, "w" * 300])
TEXTS = st.lists(st.one_of(SECRETS, PLAIN, LONG), max_size=8).map(lambda parts: "".join(parts))
CUTS = st.lists(st.integers(0, 800), max_size=40)


def pieces_of(text, cuts):
    places = sorted({min(cut, len(text)) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def judge_of(rules, machine):
    """The judgement of a text at once: stops where a stopping rule hits, else cuts of all that the others hit."""

    def judge(text):
        scan = Scan(machine)
        hits = [*{*scan.feed(text), *scan.close()}]
        if any(rules[hit.pattern][1] == "stop" for hit in hits):
            return STOP
        return tuple(Cut(span.start, span.end, "█") for span in merged(hits))

    return judge


def applied(text, cuts):
    for cut in sorted(cuts, reverse=True):
        text = text[: cut.start] + cut.words + text[cut.end :]
    return text


def run(guard, pieces):
    out = []
    for piece in [*pieces, None]:
        given_out = guard.close() if piece is None else guard.feed(piece)
        if isinstance(given_out, Stop):
            return "".join(out), given_out
        out.append(given_out)
    return "".join(out), None


@settings(max_examples=400, deadline=None)
@given(RULES, TEXTS, CUTS, st.sampled_from([5, 40, 400]), st.sampled_from([0, 10, 96]))
def test_what_goes_out_is_what_the_whole_would_let_out(rules, text, cuts, window, hold):
    machine = Automaton([pattern for pattern, _ in rules])
    judge = judge_of(rules, machine)
    guard = WindowGuard(judge, window=window, hold=hold, machine=machine)
    said, stop = run(guard, pieces_of(text, cuts))
    whole = judge(text)
    assert (stop is STOP) is (whole is STOP)
    if whole is STOP:
        assert judge(said) in (None, ()), "a part of what is forbidden went out"
        assert guard.feed("more") is STOP
        stopping = Automaton([pattern for pattern, action in rules if action == "stop"])
        scan = Scan(stopping)
        first = min(hit.start for hit in {*scan.feed(text), *scan.close()})
        passing = Scan(Automaton([pattern for pattern, action in rules if action == "cut"]))
        taken = merged([*{*passing.feed(text), *passing.close()}])
        before = applied(text, [Cut(one.start, one.end, "█") for one in taken])
        assert before.startswith(said)
        assert not said.replace("█", "") or first > 0
    else:
        assert said == applied(text, whole)


@given(TEXTS, CUTS, st.sampled_from([5, 40, 400]))
def test_words_that_pass_are_neither_lost_nor_doubled(text, cuts, window):
    guard = WindowGuard(lambda _: None, window=window, hold=20, machine=Automaton(["zz"]))
    assert run(guard, pieces_of(text, cuts)) == (text, None)


@given(TEXTS, CUTS)
def test_a_channel_that_is_useless_in_parts_comes_at_its_end(text, cuts):
    guard = WindowGuard(lambda words: (Cut(0, 1, "*"),) if words else None, window=5, hold=1, whole=True)
    assert all(guard.feed(piece) == "" for piece in pieces_of(text, cuts))
    assert guard.close() == ("*" + text[1:] if text else "")


def test_words_far_from_anything_listed_are_held_no_longer_than_window_and_margin():
    guard = WindowGuard(lambda _: None, window=100, hold=20, machine=Automaton([literal("open sesame")]))
    fed = released = 0
    for _ in range(1000):
        released += len(guard.feed("opening up"))
        fed += 10
        assert fed - released <= 100 + 20 + 20
