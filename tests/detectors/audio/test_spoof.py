"""Voices that machines made: told from a person's, by seconds; out of scope is said; broken files keep what was heard."""

import io
import tracemalloc
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, Seconds
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.audio import spoof
from brightline.detectors.audio.spoof_hearing import Hearing
from brightline.detectors.audio.spoof_model import open_judge, shipped
from brightline.media.audio import decode_audio
from brightline.provenance import explicit_audio
from brightline.settings import Limits
from films import encoded, filmed, shot

SOUNDS = Path(__file__).parent / "sounds"
RATE = 16_000
PATIENT = Limits(detector_seconds=60.0)


def subject(data: bytes, kind: Kind) -> Subject:
    blob = Blob(data)
    context = Context(time="2026-11-23T12:00:00Z")
    return Subject(digest="0" * 64, size_bytes=blob.size, kind=kind, context=context, blob=blob)


def sound_of(name: str) -> np.ndarray:
    return decode_audio(subject((SOUNDS / name).read_bytes(), Kind.FLAC))


REAL = sound_of("real_en.flac")
MADE = sound_of("made_joe.flac")
OTHER = sound_of("made_flite.flac")
PAUSE = np.zeros(RATE // 3, dtype=np.float32)


def wav(sound: np.ndarray, rate: int = RATE) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def coded(sound: np.ndarray, container: str, codec: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=48_000 if codec == "libopus" else RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray((sound * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = RATE
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, "mono", context.rate, context.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            file.mux(stream.encode(piece))
    return out.getvalue()


def said(data: bytes, kind: Kind = Kind.WAV, limits: Limits = PATIENT) -> Finding:
    (finding,) = spoof.judged(subject(data, kind), shipped(), limits)
    return finding


@pytest.mark.parametrize("made", [MADE, OTHER], ids=["joe", "flite"])
def test_a_made_voice_is_told_from_a_person(made: np.ndarray) -> None:
    one, other = said(wav(made)), said(wav(REAL))
    assert one.probability > 0.7 > 0.5 > other.probability
    assert one.basis is Basis.ESTIMATE
    assert other.detail("verdict") == "real"
    assert other.harm is None
    assert other.where == ()


def test_a_made_voice_is_found_with_its_seconds_and_for_a_person_to_hear() -> None:
    finding = said(wav(np.concatenate([PAUSE, PAUSE, PAUSE, MADE, PAUSE, OTHER])))
    assert finding.claim == "synthetic.speech"
    assert finding.detail("verdict") == "synthetic"
    assert finding.harm is Harm.UNLABELLED_AIGC
    (place,) = finding.where
    assert isinstance(place, Seconds)
    assert place.start == pytest.approx(1.0, abs=0.3)
    assert finding.detail("timeline")


def test_what_was_put_into_a_real_recording_is_found_where_it_stands() -> None:
    before = np.concatenate([REAL, PAUSE] * 4)
    middle = np.concatenate([OTHER, PAUSE, MADE, PAUSE, OTHER, PAUSE, MADE, PAUSE])
    finding = said(wav(np.concatenate([before, middle, before])))
    begin, end = len(before) / RATE, (len(before) + len(middle)) / RATE
    assert finding.detail("verdict") == "synthetic"
    assert finding.detail("extent") == "part"
    (place,) = finding.where
    assert isinstance(place, Seconds)
    assert place.start == pytest.approx(begin, abs=2.5)
    assert place.end == pytest.approx(end, abs=2.5)


@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [("mp3", "libmp3lame", Kind.MP3), ("ogg", "libopus", Kind.OGG), ("mp4", "aac", Kind.M4A), ("flac", "flac", Kind.FLAC)],
)  # fmt: skip
def test_every_format_is_heard(container: str, codec: str, kind: Kind) -> None:
    finding = said(coded(MADE, container, codec), kind)
    assert finding.probability > 0.5
    assert float(finding.detail("speech_s")) == pytest.approx(len(MADE) / RATE, abs=0.5)


@pytest.mark.parametrize("name", ["silence", "noise", "tone", "nothing"])
def test_what_holds_no_speech_is_out_of_scope(name: str) -> None:
    times = np.arange(3 * RATE) / RATE
    made = {
        "silence": np.zeros(len(times)),
        "noise": np.random.default_rng(6).normal(0, 0.1, len(times)),
        "tone": 0.3 * np.sin(2 * np.pi * 700 * times),
        "nothing": np.zeros(0),
    }[name]
    finding = said(wav(made))
    assert finding.detail("verdict") == "not_applicable"
    assert finding.probability == 0.0
    assert finding.harm is None


def test_a_word_alone_is_too_short() -> None:
    finding = said(wav(np.concatenate([PAUSE, MADE[: RATE * 7 // 10], PAUSE])))
    assert finding.detail("verdict") == "not_applicable"


def test_narrow_sound_says_so() -> None:
    narrow = decode_audio(subject(wav(MADE[::2], 8_000), Kind.WAV))
    finding = said(wav(narrow))
    assert finding.detail("band") == "narrow"
    assert finding.detail("verdict") in {"synthetic", "processed", "real"}
    if finding.detail("verdict") != "processed":
        assert "reduced confidence" in finding.why.en
        assert "可信度较低" in finding.why.zh


def test_a_silent_film_has_no_voice() -> None:
    (finding,) = spoof.judged(filmed(encoded(shot(1, 1))), shipped(), PATIENT)
    assert finding.detail("reason") == "no_sound"
    assert finding.basis is Basis.PROOF


def test_a_file_that_breaks_off_is_judged_up_to_there() -> None:
    data = coded(np.concatenate([MADE, PAUSE, OTHER] * 4), "flac", "flac")
    found = spoof.judged(subject(data[: len(data) * 2 // 3], Kind.FLAC), shipped(), PATIENT)
    assert 2.0 < float(next(found).detail("heard_s")) < float(said(data, Kind.FLAC).detail("heard_s"))
    with pytest.raises(DetectorError):
        next(found)


def test_time_that_runs_out_leaves_what_was_heard_and_a_gap() -> None:
    data = wav(np.tile(np.concatenate([MADE, PAUSE]), 20))
    found = spoof.judged(subject(data, Kind.WAV), shipped(), Limits(detector_seconds=0.02))
    assert next(found).claim == "synthetic.speech"
    with pytest.raises(DetectorError, match="takes more than"):
        next(found)


def test_a_long_recording_is_heard_at_places_in_bounded_memory() -> None:
    data = wav(np.tile(np.concatenate([REAL, PAUSE]), 170))  # eleven minutes
    said(wav(REAL))
    tracemalloc.start()
    finding = said(data, limits=Limits(detector_seconds=60.0, media_seconds=120.0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert finding.detail("places") == "8"
    assert float(finding.detail("heard_s")) == pytest.approx(120.0, abs=2.0)
    assert peak < 24 * 2**20
    assert "8 places" in finding.why.en


@pytest.mark.parametrize("sizes", [400, 16_000, 200_000])
def test_blocks_of_any_size_give_the_same_windows(sizes: int) -> None:
    sound = np.concatenate([REAL, PAUSE, MADE, PAUSE, PAUSE, PAUSE, PAUSE, OTHER])
    whole, cut = Hearing(shipped()), Hearing(shipped())
    one = [*whole.hear(sound), *whole.end()]
    pieces = [sound[at : at + sizes] for at in range(0, len(sound), sizes)]
    two = [window for piece in pieces for window in cut.hear(piece)] + [*cut.end()]
    assert len(one) == len(two)
    assert np.allclose([w.begin_s for w in one], [w.begin_s for w in two], atol=0.1)


def test_a_mark_that_is_heard_stands_beside_the_estimate() -> None:
    tones = 0.3 * np.sin(2 * np.pi * 800 * np.arange(RATE * 2) / RATE)
    data = subject(wav(np.concatenate([tones.astype(np.float32), MADE])), Kind.WAV)
    claims = [one.claim for one in explicit_audio.detect(data)]
    claims += [one.claim for one in spoof.judged(data, shipped(), PATIENT)]
    assert claims[0] == "mark.explicit"
    assert claims[-1] == "synthetic.speech"


def test_other_weights_than_the_manifest_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text(f'[speech_spoof]\nsha256 = "{"0" * 64}"\n')
    (tmp_path / "speech_spoof.onnx").write_bytes(b"no network")
    (tmp_path / "speech_spoof.toml").write_text(
        (Path(str(spoof.__file__)).parents[2] / "weights" / "speech_spoof.toml").read_text("utf-8")
    )
    with pytest.raises(DetectorError, match="not those"):
        open_judge(tmp_path)
