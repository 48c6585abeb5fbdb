"""What is said is written down with seconds and speakers, judged as text, and not invented where nobody speaks."""

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Seconds
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.audio import transcript
from brightline.detectors.audio.heard import Ear, Segment, believed, is_believed
from brightline.detectors.audio.pieces import HELD_S, PAUSE_S, Cutter, Piece, Stretch
from brightline.detectors.audio.turns import SPEAKERS_LIMIT, Window, speaker_between, speakers_of
from brightline.examine.catalogue import CATALOGUE, digest_of
from brightline.media import recogniser
from brightline.media.audio import RATE_HZ, decode_audio
from brightline.media.recogniser import PIECE_S, Reading, Words
from brightline.settings import Limits, Settings

CALLS = Path(__file__).parent / "calls"
SOUNDS = Path(__file__).parent / "sounds"
PATIENT = Limits(detector_seconds=200.0)


def subject(path, kind=Kind.OGG):
    data = path.read_bytes()
    return Subject(
        digest="1" * 64,
        size_bytes=len(data),
        kind=kind,
        context=Context(time="2026-11-23T00:00:00Z"),
        blob=Blob(data),
    )


@pytest.fixture(scope="module")
def detect():
    return transcript.prepare(Settings(transcribe_speech=True, limits=PATIENT))


@pytest.fixture(scope="module")
def scam(detect):
    return [*detect(subject(CALLS / "call_scam_en.ogg"))]


def test_a_call_is_written_down_with_two_speakers_in_turn(scam):
    told = scam[0]
    assert told.claim == "speech.transcript"
    assert told.basis is Basis.ESTIMATE
    assert told.detail("language") == "en"
    assert told.detail("speakers") == "2"
    assert [part.split(":")[1] for part in told.detail("segments").split()] == [*"ABAABAA"]
    assert told.probability > 0.6


def test_a_scam_call_is_found_with_the_seconds_in_which_it_is_one(scam):
    found = [one for one in scam if one.claim == "text.scam"]
    assert len(found) == 2  # the words, and the conversation
    for one in found:
        assert one.detector == "speech.transcript"
        assert one.detail("lane") == "message.fraud"
        assert one.detail("type") == "impersonation"
        assert one.probability > 0.9
        assert all(isinstance(place, Seconds) and 0 <= place.start < place.end <= 41 for place in one.where)
    assert found[1].detail("turns") == "5"


def test_tactics_point_at_the_seconds_in_which_they_are_said(scam):
    asked = next(one for one in scam if one.detail("tactic") == "credential_request")
    assert 30 < asked.where[0].start < asked.where[-1].end < 41


def test_no_more_than_eighty_characters_are_quoted(scam):
    for one in scam:
        for quoted in one.why.en.split("“")[1:]:
            assert len(quoted.split("”")[0]) <= 80


def test_an_ordinary_call_is_written_down_and_not_suspected(detect):
    found = [*detect(subject(CALLS / "call_plain_en.ogg"))]
    assert found[0].detail("verdict") == "words"
    assert "park" in found[0].why.en
    assert not [one for one in found if one.claim == "text.scam"]


def test_what_a_person_reads_comes_out_nearly_word_for_word():
    sound = decode_audio(subject(SOUNDS / "real_en.flac", Kind.FLAC))
    reading = recogniser.read_speech(sound)
    assert reading.language == "en"
    assert reading.confidence > 0.5
    assert 5 <= len(reading.text.split()) <= 15


def test_the_same_sound_gives_the_same_words():
    sound = decode_audio(subject(SOUNDS / "real_en.flac", Kind.FLAC))
    assert recogniser.read_speech(sound) == recogniser.read_speech(sound)


@pytest.mark.parametrize("kind", ["silence", "noise", "hum"])
def test_where_nobody_speaks_nothing_is_said(kind, detect, tmp_path):
    rng = np.random.default_rng(3)
    times = np.arange(6 * RATE_HZ) / RATE_HZ
    sound = {
        "silence": np.zeros(len(times)),
        "noise": 0.1 * rng.standard_normal(len(times)),
        "hum": 0.3 * np.sin(2 * np.pi * 50 * times),
    }[kind]
    path = tmp_path / "sound.wav"
    data = (sound * 32767).clip(-32768, 32767).astype("<i2").tobytes()
    sizes = (36 + len(data)).to_bytes(4, "little"), len(data).to_bytes(4, "little")
    form = b"\x10\0\0\0\x01\0\x01\0\x80>\0\0\0}\0\0\x02\0\x10\0"
    path.write_bytes(b"RIFF" + sizes[0] + b"WAVEfmt " + form + b"data" + sizes[1] + data)
    found = [*detect(subject(path, Kind.WAV))]
    assert [one.detail("verdict") for one in found] == ["no_words"]


def test_it_is_off_by_default_and_then_opens_nothing():
    assert Settings().transcribe_speech is False
    recogniser.opened.cache_clear()
    assert [*transcript.prepare(Settings())(subject(CALLS / "call_plain_en.ogg"))] == []
    assert recogniser.opened.cache_info().currsize == 0


def test_asked_for_without_the_extra_it_says_what_to_install(monkeypatch):
    recogniser.opened.cache_clear()
    monkeypatch.setattr(recogniser, "PARTS", ("brightline_no_such_wheel",))
    with pytest.raises(DetectorError, match=r"pip install brightline\[speech\]"):
        transcript.prepare(Settings(transcribe_speech=True))
    monkeypatch.undo()
    recogniser.opened.cache_clear()


def test_other_weights_are_refused(monkeypatch):
    recogniser.opened.cache_clear()
    monkeypatch.setattr(recogniser, "MODEL_SHA256", "0" * 64)
    with pytest.raises(DetectorError, match="not the one that we measured"):
        recogniser.opened()
    monkeypatch.undo()
    recogniser.opened.cache_clear()


def test_when_time_runs_out_what_was_heard_is_said_and_the_rest_is_missed(detect, monkeypatch):
    left = iter([100.0])
    monkeypatch.setattr(transcript, "seconds_left", lambda: next(left, 0.1))
    made = []
    with pytest.raises(DetectorError, match=r"written down up to 2\d s of 40 s"):
        made.extend(one for one in _kept(detect(subject(CALLS / "call_scam_en.ogg")), made))
    assert made[0].detail("verdict") == "words"
    assert any(one.claim == "text.scam" for one in made)


def _kept(findings, made):
    for one in findings:
        made.append(one)
        yield from ()


def test_a_file_that_breaks_off_is_told_and_what_came_before_is_judged(detect):
    whole = subject(CALLS / "call_scam_en.ogg")
    data = whole.blob.head(60_000)
    made = []
    broken = msgspec.structs.replace(whole, blob=Blob(data[:50_000] + b"\0" * 4_000), size_bytes=54_000)
    try:
        made.extend(detect(broken))
    except DetectorError:
        made.append(None)
    assert made


def _reading(text, confidence=0.9, silence=0.0, end_s=3.0):
    return Reading((Words(text, 0.0, end_s),), "en", 0.99, confidence, silence)


def _piece(seconds=10.0):
    return Piece(np.zeros(round(seconds * RATE_HZ), dtype=np.float32), (Stretch(0.0, seconds),))


@pytest.mark.parametrize(
    ("reading", "is_kept"),
    [
        (_reading("please send the money to the new account"), True),
        (_reading("please send the money", confidence=0.29), False),
        (_reading("please send the money", confidence=0.4, silence=0.7), False),
        (_reading("Thanks for watching!", confidence=0.4), False),
        (_reading("字幕由志愿者提供", confidence=0.45), False),
        (_reading("Thanks for watching!", confidence=0.8), True),
        (_reading("no no no " * 30), False),
    ],
)
def test_inventions_are_told_from_words(reading, is_kept):
    assert is_believed(reading) is is_kept


def test_words_outside_speech_and_faster_than_a_mouth_are_left_out():
    piece = Piece(np.zeros(RATE_HZ * 20, dtype=np.float32), (Stretch(5.0, 15.0), Stretch(100.0, 110.0)))
    reading = Reading((Words("slow words", 0.0, 3.0), Words("x" * 300, 3.0, 5.0)), "en", 0.9, 0.9, 0.0)
    kept = [*believed(reading, piece)]
    assert [(one.text, one.start_s, one.end_s) for one in kept] == [("slow words", 5.0, 8.0)]
    assert not [*believed(_reading("我" * 40, end_s=2.0), _piece())]


def test_a_piece_knows_the_time_of_the_recording():
    piece = Piece(np.zeros(1, dtype=np.float32), (Stretch(5.0, 7.0), Stretch(30.0, 33.0)))
    assert piece.time_of(0.0) == 5.0
    assert piece.time_of(2.0) == 7.0
    assert piece.time_of(2.0 + PAUSE_S + 1.0) == pytest.approx(31.0)
    assert piece.time_of(99.0) == 33.0


@pytest.fixture(scope="module")
def speech():
    return decode_audio(subject(CALLS / "call_scam_en.ogg"))


def test_a_long_stream_is_cut_in_bounded_memory_and_loses_no_speech(speech):
    cutter, pieces, most = Cutter(), [], 0
    for _ in range(6):
        for at in range(0, len(speech), 4_000):
            pieces += cutter.hear(speech[at : at + 4_000])
            most = max(most, cutter._samples)
    pieces += cutter.end()
    assert most <= (HELD_S + 1) * RATE_HZ
    assert all(len(one.sound) <= (PIECE_S + 0.1) * RATE_HZ for one in pieces)
    places = [stretch for piece in pieces for stretch in piece.stretches]
    assert all(one.end_s <= other.start_s + 0.2 for one, other in pairwise(places))
    heard = sum(one.seconds for one in places)
    assert heard == pytest.approx(6 * 36.5, rel=0.06)
    assert cutter.heard_s == pytest.approx(6 * len(speech) / RATE_HZ)


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=12))
def test_however_a_stream_comes_the_pieces_are_the_same(speech, sizes):
    whole = Cutter()
    expected = [*whole.hear(speech), *whole.end()]
    cutter, found, at = Cutter(), [], 0
    for size in sizes:
        found += cutter.hear(speech[at : at + size])
        at += size
    found += [*cutter.hear(speech[at:]), *cutter.end()]
    for one, other in zip(expected, found, strict=True):
        assert one.stretches == other.stretches
        np.testing.assert_array_equal(one.sound, other.sound)


def _windows(numbers, seconds=1.6):
    rng = np.random.default_rng(5)
    centres = np.maximum(rng.standard_normal((20, 256)), 0)
    made = []
    for at, number in enumerate(numbers):
        voice = centres[number] + 0.1 * np.abs(rng.standard_normal(256))
        made.append(
            Window(at * seconds, (at + 1) * seconds, (voice / np.linalg.norm(voice)).astype(np.float32))
        )
    return made


def test_speakers_are_numbered_as_they_are_first_heard():
    voiced = speakers_of(_windows([4, 4, 4, 9, 9, 9, 4, 4]))
    assert [one.speaker for one in voiced] == [0, 0, 0, 1, 1, 1, 0, 0]
    assert speaker_between(voiced, 5.0, 9.0) == 1
    assert speaker_between(voiced, 100.0, 101.0) == 0
    assert speaker_between([], 0.0, 1.0) == 0


def test_a_cough_is_no_speaker_and_speakers_are_bounded():
    assert {one.speaker for one in speakers_of(_windows([1] * 6 + [7] + [1] * 6))} == {0}
    many = speakers_of(_windows([number for number in range(15) for _ in range(4)]))
    assert {one.speaker for one in many} <= set(range(SPEAKERS_LIMIT))
    assert speakers_of([]) == []


def test_an_ear_remembers_the_language():
    ear = Ear()
    sound = decode_audio(subject(SOUNDS / "real_en.flac", Kind.FLAC))
    piece = Piece(sound, (Stretch(0.0, len(sound) / RATE_HZ),))
    assert all(isinstance(one, Segment) and one.language == "en" for one in ear.read(piece))


def test_whether_speech_is_written_down_is_part_of_what_findings_depend_on():
    on, off = (digest_of(CATALOGUE, Settings(transcribe_speech=flag)) for flag in (True, False))
    assert on != off
