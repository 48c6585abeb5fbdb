"""A voice of somebody who asked to be protected is known again; strangers are not, and nothing is told of them."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from brightline.core.errors import BankError
from brightline.core.finding import Basis, Seconds
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.audio import voices
from brightline.detectors.audio.voices import likeness, mean_voice, voices_of, window_starts
from brightline.detectors.person.register import Person, Register, draft
from brightline.detectors.person.voice import enrolled_voice, probability_of, speakers_in, speakers_of_sound
from brightline.detectors.person.voiced import prepare
from brightline.media.audio import RATE_HZ, decode_audio
from brightline.settings import Limits, Settings
from brightline.weights.store import network_bytes

AUDIO = Path(__file__).parents[1] / "audio"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LAST = date(2029, 11, 1)


def subject(path, kind=Kind.OGG):
    return Subject(
        digest="2" * 64,
        size_bytes=path.stat().st_size,
        kind=kind,
        context=Context(time="2026-11-23T00:00:00Z"),
        blob=Blob(path.read_bytes()),
    )


@pytest.fixture(scope="module")
def scam():
    return subject(AUDIO / "calls/call_scam_en.ogg")


@pytest.fixture(scope="module")
def speakers():
    return speakers_in(subject(AUDIO / "calls/call_plain_en.ogg"), 100.0)


def home_with(voice, folder):
    draft(Register().with_person("p-1", "file 17", LAST, [], NOW, voices=[voice]), folder).save(folder)
    return Settings(home=folder, protect_persons=True, limits=Limits(detector_seconds=100.0))


@pytest.fixture(scope="module")
def settings(tmp_path_factory, speakers):
    return home_with(
        speakers[1].voice, tmp_path_factory.mktemp("home")
    )  # he of the plain call, who says other words


def test_a_protected_voice_is_known_again_in_other_words(settings, scam):
    found = [*prepare(settings)(scam)]
    assert [(one.claim, one.detail("verdict")) for one in found] == [("speaker.enrolled", "found")]
    assert found[0].probability > 0.7
    assert found[0].basis is Basis.ESTIMATE
    assert found[0].harm is None
    assert found[0].where[0] == Seconds(found[0].where[0].start, found[0].where[0].end)
    assert found[0].where[0].start < 1.0 < 6.0 < found[0].where[0].end


def test_a_finding_tells_the_random_record_and_not_the_name(settings, scam):
    found = next(iter(prepare(settings)(scam)))
    assert found.detail("record") == Register.load(settings.home).persons[0].record
    assert "p-1" not in str(found)
    assert "file 17" not in str(found)


def test_of_a_stranger_nothing_is_told_but_that_the_register_was_asked(tmp_path, scam):
    stranger = mean_voice(voices_of(decode_audio(subject(AUDIO / "sounds/real_en.flac", Kind.FLAC))))
    found = [*prepare(home_with(stranger, tmp_path))(scam)]
    assert [one.detail("verdict") for one in found] == ["not_found"]
    assert found[0].probability == 0.0
    assert found[0].where == ()
    assert {one.name for one in found[0].details} == {"register", "verdict", "voices"}


def test_it_is_off_by_default_and_silent_without_voices(settings, scam, tmp_path):
    assert [*prepare(Settings(home=settings.home))(scam)] == []
    assert [*prepare(Settings(home=tmp_path, protect_persons=True))(scam)] == []


def test_one_person_may_have_faces_and_voices_and_old_registers_still_open(tmp_path, speakers):
    face = np.linspace(-1, 1, 128, dtype=np.float32)
    register = Register().with_person("p-1", "file 1", LAST, [face], NOW, voices=[speakers[0].voice])
    register = register.with_person("p-2", "file 2", LAST, [face], NOW)
    draft(register, tmp_path, NOW.date()).save(tmp_path)
    both, old = Register.load(tmp_path).persons
    np.testing.assert_array_equal(both.voice_arrays()[0], speakers[0].voice)
    np.testing.assert_array_equal(both.arrays()[0], face)
    assert old.voice_arrays() == ()
    assert "voices=1" in repr(both)


def test_a_register_keeps_no_person_without_templates_and_no_damaged_voice():
    shared = {
        "record": "0", "name": "a", "consent": "b", "added": "", "expires": "2027-01-01", "model": "",
    }  # fmt: skip
    with pytest.raises(BankError, match="0 pictures"):
        Person(**shared)
    with pytest.raises(BankError, match="damaged"):
        Person(**shared, voices=(b"123",))
    with pytest.raises(BankError, match="at most 16 and 16"):
        Person(**shared, voices=(bytes(1024),) * 17)
    assert Person(**shared, voices=(bytes(1024),), voice_model="another").voice_arrays() == ()


def test_only_a_good_clip_of_the_person_alone_is_enrolled(speakers):
    with pytest.raises(BankError, match="2 voices"):
        enrolled_voice(speakers, "clip")
    with pytest.raises(BankError, match="0 voices"):
        enrolled_voice([], "clip")
    short = decode_audio(subject(AUDIO / "sounds/real_en.flac", Kind.FLAC))
    with pytest.raises(BankError, match=r"s of speech, expected at least 5 s"):
        enrolled_voice(speakers_of_sound([short]), "clip")
    twice = np.tile(short, 3)
    assert likeness(enrolled_voice(speakers_of_sound([twice]), "clip"), mean_voice(voices_of(short))) > 0.9
    telephone = resample_poly(resample_poly(twice, 1, 2), 2, 1)
    with pytest.raises(BankError, match="telephone"):
        enrolled_voice(speakers_of_sound([telephone.astype(np.float32)]), "clip")


def test_a_likeness_is_weaker_the_more_were_compared_and_the_less_like():
    near = [probability_of(0.86, count, is_narrow=False) for count in (1, 10, 100, 10_000)]
    assert near == sorted(near, reverse=True)
    for is_narrow in (False, True):
        falling = [probability_of(0.95 - 0.01 * step, 1, is_narrow=is_narrow) for step in range(50)]
        assert falling == sorted(falling, reverse=True)
        assert falling[-1] == 0.0
    assert probability_of(0.72, 1, is_narrow=True) > probability_of(0.72, 1, is_narrow=False)


def test_voices_have_length_one_whatever_the_level_and_do_not_depend_on_it():
    sound = decode_audio(subject(AUDIO / "sounds/real_en.flac", Kind.FLAC))
    found = voices_of(sound)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert len(found) == len(window_starts(len(sound) // 160 + 1))
    assert likeness(mean_voice(found), mean_voice(voices_of(sound * 0.05))) > 0.99
    assert voices_of(sound[:1000]).shape == (0, 256)
    assert voices_of(sound[: RATE_HZ // 2]).shape == (1, 256)
    assert voices_of(np.zeros(RATE_HZ, dtype=np.float32)).shape[1] == 256


def test_the_weights_are_those_that_the_register_names():
    import hashlib

    assert hashlib.sha256(network_bytes(voices.MODEL)).hexdigest() == voices.MODEL_SHA256
