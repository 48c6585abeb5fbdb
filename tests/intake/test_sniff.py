import pickle
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.subject import Blob, Kind
from brightline.intake.sniff import sniff
from brightline.intake.sniff_model import sniff_model
from brightline.intake.sniff_text import delimiter_of
from hostile.samples import CHINESE, ENGLISH, HTML, box, picture, samples, zipped


def kind_of(data):
    return sniff(Blob(data)).kind


def notes_of(data):
    return [(note.name, note.value) for note in sniff(Blob(data)).notes]


@pytest.mark.parametrize(
    ("major", "others", "kind"),
    [
        (b"isom", b"mp42", Kind.MP4),
        (b"qt  ", b"", Kind.MOV),
        (b"M4A ", b"isom", Kind.M4A),
        (b"heic", b"mif1", Kind.HEIF),
        (b"mif1", b"avif", Kind.AVIF),
        (b"avif", b"mif1", Kind.AVIF),
    ],
)
def test_brands_tell_iso_files_apart(major, others, kind):
    assert kind_of(box(b"ftyp", major, bytes(4), others) + box(b"free")) is kind


def test_an_old_quicktime_file_without_brand_is_mov():
    assert kind_of(box(b"moov", bytes(20)) + box(b"mdat")) is Kind.MOV


def test_an_mp3_is_known_by_two_frames_or_its_tag():
    sound = samples()["sound.mp3"][0]
    start = sound.index(b"\xff\xfb") if b"\xff\xfb" in sound else sound.index(b"\xff\xf3")
    assert kind_of(sound[start:]) is Kind.MP3
    assert kind_of(b"\xff\xfb" + bytes(600)) is Kind.UNKNOWN


def test_an_id3_tag_before_flac_is_flac():
    assert kind_of(b"ID3\x04\0\0\0\0\0\x02xx" + samples()["sound.flac"][0]) is Kind.FLAC


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ENGLISH, Kind.TEXT),
        ("Dear all,\n\nplease note, that we, as usual, meet.\nBye, Ann\n", Kind.TEXT),
        ("Note: buy milk\nTodo: call Ann\n", Kind.TEXT),
        (HTML, Kind.HTML),
        ("  \n<div>a</div><p>b</p>", Kind.HTML),
        ("<?xml version='1.0'?><feed/>", Kind.TEXT),
        ("x < y and y > z", Kind.TEXT),
        ("# Title\n\n- a\n- b\n", Kind.MARKDOWN),
        ("---\ntitle: x\nAIGC: y\n---\nwords\n", Kind.MARKDOWN),
        ("```\ncode\n```\n", Kind.MARKDOWN),
        ("- one thing\n", Kind.TEXT),
        ("# a comment\nimport os\n# another\nprint(1)\n", Kind.TEXT),
        ("From: a@b.test\nSubject: x\n\nhi", Kind.EMAIL),
        ('{"a": 1}', Kind.JSON),
        ('{"a": 1}\n{"a": 2}\n', Kind.JSON),
        ("{not json}", Kind.TEXT),
        ("[a note in brackets]", Kind.TEXT),
        ("a,b\n1,2\n", Kind.CSV),
        ("a\tb\n1\t2\n", Kind.CSV),
        ("姓名;电话\n甲;1\n", Kind.CSV),
        ("From: a@b.test\nTo: c@d.test\nSubject: x\n\nhi", Kind.EMAIL),
        ("Received: by x\n\tfor y\nMessage-ID: <1>\nSubject: =?utf-8?q?x?=\n\n", Kind.EMAIL),
        ("From a@b.test Mon Nov 23 12:00:00 2026\nSubject: x\n\n", Kind.MBOX),
        ("From now on we meet on Mondays\n", Kind.TEXT),
    ],
)
def test_structure_tells_texts_apart(text, kind):
    assert kind_of(text.encode()) is kind


def test_binary_with_nuls_is_no_text():
    assert kind_of(b"ab\0\0cd\0" * 100) is Kind.UNKNOWN


def test_a_polyglot_is_noted_and_opened_as_what_it_starts_with():
    both = picture("PNG") + zipped({"a.txt": b"hidden"})
    assert kind_of(both) is Kind.PNG
    assert ("polyglot", "zip") in notes_of(both)
    assert ("polyglot", "html") in notes_of(b"GIF89a<script>alert(1)</script>")
    assert ("polyglot", "pdf") in notes_of(b"<html>%PDF-1.7</html>" + CHINESE.encode()) or kind_of(
        b"<html>%PDF-1.7</html>"
    ) is Kind.PDF
    assert notes_of(picture("PNG")) == []


def test_office_documents_are_told_by_their_members():
    for folder, kind in (("word", Kind.DOCX), ("ppt", Kind.PPTX), ("xl", Kind.XLSX), ("other", Kind.ZIP)):
        assert kind_of(zipped({"[Content_Types].xml": b"<T/>", f"{folder}/x.xml": b"<x/>"})) is kind


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from([data[:40] for data, _, _ in samples().values()]))
def test_any_bytes_have_a_kind(tail, head):
    for data in (tail, head + tail):
        assert sniff(Blob(data)) == sniff(Blob(data))


@pytest.mark.parametrize(
    "start",
    [
        "I stopped in for dinner",
        "In this work, we analyze",
        "Spectral embedding is",
        "Save up to 70%",
        "Selling Wedded Bliss",
        "(N.B. this is",
        "cat",
        "ID339380",
    ],
)
def test_prose_that_starts_with_letters_that_mean_something_elsewhere_is_text(start):
    for rest in (".", "\nof it all.\n", " a\nb.\n.", "\n.....\n and so on, as said.\n"):
        assert kind_of((start + rest).encode()) is Kind.TEXT


LINES = st.lists(st.text(string.ascii_letters + "([{}]).0123456789", min_size=1, max_size=9), min_size=2)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=40), st.sampled_from([b"", b" tail" * 20_000]))
def test_lines_of_several_words_are_never_a_model(lines, tail):
    text = "\n".join(" ".join(line) for line in lines).encode() + tail
    assert sniff_model(text[:65_536], len(text)) is None


MEMBERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(deadline=None)
@given(st.lists(MEMBERS), st.integers(0, 5))
def test_every_pickle_of_a_list_is_known_in_every_protocol(members, protocol):
    assert kind_of(pickle.dumps(members, protocol)) is Kind.PICKLE


def test_a_pickle_that_runs_a_program_is_known_without_a_protocol():
    for data in (
        b"cos\nsystem\n(S'id'\ntR.",
        b"(S'id'\nios\nsystem\n.",
        b"(cos\nsystem\nS'id'\no.",
        b"N0cos\nsystem\n(Vid\ntR.",
    ):
        assert kind_of(data) is Kind.PICKLE


def test_words_copied_from_word_with_its_field_marks_are_text():
    words = (
        'See our hotel @ \x13 HYPERLINK "http://www.hotel.example" \x01\x14www.hotel.example\x15 in December.'
    )
    assert kind_of(words.encode()) is Kind.TEXT


@pytest.mark.parametrize(
    "text",
    [
        "Your prescriptions, delivered for free\n Your prescriptions, delivered for free click here",
        "Personal loans from $100 - $40,000\n ____ up to $40,000 within as little as a day",
        "Bank robber gets the loot, makes it out, shoots self\n the junk, gets hit, dies\n and, so, on",
        "Fw: hello; my worthy friend, how are you\n ____ De: a@example.com; my friend",
        "Your device |\u2122 Antivirus\n look | here",
    ],
)
def test_a_title_and_a_line_with_as_many_commas_are_no_table(text):
    assert kind_of(text.encode()) is Kind.TEXT


def test_no_lines_make_no_table():
    assert delimiter_of([]) == ""
