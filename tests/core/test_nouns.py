"""The nouns: order, validation, canonical bytes."""

import copy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core import decision, finding, subject, words
from brightline.core.decision import Action, AigcStatus, Severity
from brightline.core.finding import Basis, Box, Detail, Examination, Finding, Seconds, Span
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Facts, Gap, GapKind, Kind, Media, Subject, facts_of
from brightline.core.wire import canonical, digest, read
from brightline.core.words import Words

CONTEXT = Context(time="2026-11-23T00:00:00Z")
SHORT = st.text(max_size=12)
PLACES = st.one_of(
    st.builds(Span, start=st.integers(0, 99), end=st.integers(0, 99)),
    st.builds(Box, x=st.integers(), y=st.integers(), width=st.integers(), height=st.integers()),
    st.builds(Seconds, start=st.floats(0, 1e6), end=st.floats(0, 1e6)),
    st.builds(finding.ByteRange, start=st.integers(0), end=st.integers(0)),
    st.builds(finding.Field, name=SHORT),
)
FINDINGS = st.builds(
    Finding,
    detector=SHORT,
    claim=SHORT,
    basis=st.sampled_from(Basis),
    probability=st.floats(0, 1),
    why=st.builds(Words, en=SHORT, zh=SHORT),
    harm=st.sampled_from([None, *Harm]),
    where=st.lists(PLACES, max_size=3).map(tuple),
    details=st.lists(st.builds(Detail, name=SHORT, value=SHORT), max_size=3).map(tuple),
    part=SHORT,
)
GAPS = st.builds(
    Gap, source=SHORT, kind=st.sampled_from(GapKind), why=st.builds(Words, en=SHORT, zh=SHORT), part=SHORT
)
EXAMINATIONS = st.builds(
    Examination,
    facts=st.builds(Facts, digest=SHORT, size_bytes=st.integers(0, 2**53), kind=st.sampled_from(Kind)),
    context=st.just(CONTEXT),
    findings=st.lists(FINDINGS, max_size=4).map(tuple),
    gaps=st.lists(GAPS, max_size=3).map(tuple),
    detectors=SHORT,
)


def test_actions_bases_severities_and_statuses_are_ordered():
    assert [*Action] == sorted(Action) == [Action.ALLOW, Action.LABEL, Action.REVIEW, Action.BLOCK]
    assert Basis.PROOF > Basis.MATCH > Basis.DECLARED > Basis.ESTIMATE
    assert Severity.CRITICAL >= Severity.HIGH
    assert Severity.LOW <= Severity.LOW
    assert max(AigcStatus) is AigcStatus.CONFIRMED


def test_order_is_only_within_one_set():
    with pytest.raises(TypeError):
        assert Action.ALLOW < Basis.PROOF
    for compare in ("__lt__", "__le__", "__gt__", "__ge__"):
        assert getattr(Action.ALLOW, compare)("block") is NotImplemented


@pytest.mark.parametrize("probability", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_probability_outside_zero_to_one_is_refused(probability):
    with pytest.raises(ValueError, match="expected 0 to 1"):
        Finding(detector="d", claim="c", basis=Basis.PROOF, probability=probability, why=Words("a", "b"))


@given(EXAMINATIONS)
def test_canonical_bytes_round_trip(examination):
    data = canonical(examination)
    again = read(data, Examination)
    assert again == examination
    assert canonical(again) == data
    assert digest(again) == digest(examination)


@given(EXAMINATIONS, EXAMINATIONS)
def test_different_examinations_have_different_digests(one, other):
    assert (digest(one) == digest(other)) == (canonical(one) == canonical(other))


def test_decoding_is_strict():
    with pytest.raises(msgspec.ValidationError):
        read(b'{"en": 1, "zh": "x"}', Words)


def test_every_kind_has_a_family_but_empty_and_unknown():
    assert {kind for kind in Kind if kind.media is Media.UNKNOWN} == {Kind.EMPTY, Kind.UNKNOWN}


def test_facts_hold_no_content():
    part = Subject(
        digest="1" * 64, size_bytes=6, kind=Kind.TEXT, context=CONTEXT, text="secret", name="a.txt"
    )
    whole = Subject(
        digest="2" * 64,
        size_bytes=9,
        kind=Kind.ZIP,
        context=CONTEXT,
        parts=(part,),
        blob=Blob(b"secret bytes"),
    )
    facts = facts_of(whole)
    assert b"secret" not in canonical(facts)
    assert facts.parts[0].characters == 6


def test_a_blob_reads_from_memory_and_from_a_file(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"0123456789")
    for blob in (Blob(b"0123456789"), Blob(path=file), copy.copy(Blob(path=file))):
        assert blob.size == 10
        assert bytes(blob.view()) == b"0123456789"
        assert blob.head(4) == b"0123"
        with blob.open() as stream:
            assert stream.read() == b"0123456789"
    assert Blob(path=file).path == file
    assert Blob(b"x").path is None
    assert bytes(Blob().view()) == b""
    with Blob().open() as stream:
        assert stream.read() == b""


def test_words_fall_back_to_english():
    assert Words("a", "甲").in_language("fr") == "a"
    assert Words("a", "甲").in_language("ZH-hans") == "甲"


def test_headers_and_details_are_found_by_name():
    made = Finding(
        detector="d",
        claim="c",
        basis=Basis.PROOF,
        probability=1,
        why=Words("", ""),
        details=(Detail("k", "v"),),
    )
    assert (made.detail("k"), made.detail("other")) == ("v", "")
    held = Subject(
        digest="",
        size_bytes=0,
        kind=Kind.EMAIL,
        context=CONTEXT,
        headers=(subject.Header("from", "a@example.com"),),
    )
    assert (held.header("from"), held.header("to")) == ("a@example.com", "")


def test_nouns_are_frozen():
    with pytest.raises(AttributeError):
        words.Words("a", "b").en = "c"
    assert decision.Standing.MEMORY == "memory"


@pytest.mark.parametrize("data", [b'{"en":"\x83","zh":""}', b"[" * 100_000, b"", b"\xff"])
def test_bytes_that_are_no_json_are_refused_with_one_error(data):
    with pytest.raises(msgspec.DecodeError):
        read(data, Facts)
    with pytest.raises(msgspec.DecodeError):
        read(data, Words)
