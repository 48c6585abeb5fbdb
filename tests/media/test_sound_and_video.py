import numpy as np
import pytest
from mediaparts import film, scene, subject, tone

from brightline.core.errors import DetectorError
from brightline.core.subject import Kind
from brightline.media.audio import audio_blocks, decode_audio, duration_s, peaks
from brightline.media.spectrogram import colour_scale, log_mel, spectrogram_png
from brightline.media.video import keyframes, video_facts
from brightline.settings import Limits

SOUNDS = (
    (Kind.WAV, "pcm_s16le"),
    (Kind.FLAC, "flac"),
    (Kind.MP3, "libmp3lame"),
    (Kind.OGG, "libopus"),
    (Kind.M4A, "aac"),
    (Kind.MATROSKA, "libopus"),
)


@pytest.mark.parametrize(("kind", "codec"), SOUNDS)
def test_sounds_become_mono_at_sixteen_kilohertz(kind, codec):
    sound = subject(tone(kind, codec, rate=48_000), kind)
    samples = decode_audio(sound)
    assert samples.dtype == np.float32
    assert abs(len(samples) / 16_000 - 2.0) < 0.1
    assert abs(duration_s(sound) - 2.0) < 0.1
    middle = samples[8_000:24_000]
    assert abs(np.sqrt((middle**2).mean()) - 0.5 / np.sqrt(2)) < 0.03
    assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(440, abs=2)


def test_decoding_stops_at_the_limit_of_seconds():
    sound = subject(tone(Kind.WAV, "pcm_s16le", seconds=5.0), Kind.WAV)
    assert len(decode_audio(sound, seconds=1.5)) == 24_000
    with pytest.raises(DetectorError, match="more than 0 s"):
        decode_audio(sound, wall_s=0.0)


def test_samples_stay_within_one_even_from_wild_floats():
    wild = np.array([np.nan, np.inf, -np.inf, 9.0, -9.0, 0.25] * 4000, dtype="<f4").tobytes()
    header = b"RIFF" + (36 + len(wild)).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\3\0\1\0"
    header += (
        (16_000).to_bytes(4, "little")
        + (64_000).to_bytes(4, "little")
        + b"\4\0\x20\0data"
        + len(wild).to_bytes(4, "little")
    )
    samples = decode_audio(subject(header + wild, Kind.WAV))
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt ", b"\0" * 1000])
def test_broken_sound_is_a_detector_error(data):
    with pytest.raises(DetectorError):
        decode_audio(subject(data, Kind.WAV))
    with pytest.raises(DetectorError):
        list(keyframes(subject(data, Kind.MP4), 3, 64))


def test_a_playlist_cannot_name_other_files(tmp_path):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(tone(Kind.WAV, "pcm_s16le"))
    for playlist in (f"ffconcat version 1.0\nfile '{secret}'\n", f"#EXTM3U\n#EXTINF:2,\n{secret}\n"):
        for kind in (Kind.WAV, Kind.MP3, Kind.OGG, Kind.M4A, Kind.AVI, Kind.FLV, Kind.MATROSKA):
            try:
                samples = decode_audio(subject(playlist.encode(), kind))
            except DetectorError:
                continue
            assert len(samples) == 0


def test_blocks_before_a_fault_are_kept():
    whole = tone(Kind.FLAC, "flac", seconds=4.0)
    blocks = []
    try:
        for block in audio_blocks(subject(whole[: len(whole) // 2], Kind.FLAC)):
            blocks.append(block)  # noqa: PERF402 - an error may come in the middle
    except DetectorError:
        pass
    assert 0.5 < sum(map(len, blocks)) / 16_000 < 3.9


def test_peaks_follow_loudness():
    samples = np.concatenate([np.zeros(1000), np.full(1000, -0.5)]).astype(np.float32)
    drawn = peaks(samples, 10)
    assert drawn[:5].max() == 0.0
    assert drawn[5:].min() == 0.5
    assert len(peaks(np.zeros(3, dtype=np.float32))) == 3
    assert len(peaks(np.zeros(0, dtype=np.float32))) == 0


@pytest.mark.parametrize("kind", [Kind.MP4, Kind.MOV, Kind.MATROSKA, Kind.AVI])
def test_keyframes_are_spread_over_the_video(kind):
    video = subject(film(kind), kind)
    found = list(keyframes(video, 6, 80))
    levels = [float(frame.pixels.mean()) for frame in found]
    assert len(found) == 6
    assert levels == sorted(levels)
    assert levels[0] < 40
    assert levels[-1] > 200
    assert found[0].pixels.shape == (60, 80, 3)
    facts = video_facts(video)
    assert (facts.width, facts.height) == (160, 120)
    assert facts.seconds == pytest.approx(6.0, abs=0.3)


def test_a_codec_that_nobody_knows_is_a_detector_error():
    data = (
        film(Kind.MATROSKA, sound=True)
        .replace(b"V_MPEG4/ISO/ASP", b"V_NOBODY/HAS/IT")
        .replace(b"A_AAC", b"A_ZZZ")
    )
    for look in (video_facts, decode_audio, lambda one: list(keyframes(one, 2, 64))):
        with pytest.raises(DetectorError):
            look(subject(data, Kind.MATROSKA))


def test_a_video_over_the_pixel_limit_is_refused():
    with pytest.raises(DetectorError, match="more than 1000 pixels"):
        list(keyframes(subject(film(), Kind.MP4), 2, 64, Limits(pixels=1000)))


def test_sound_without_pictures_and_pictures_without_sound_are_told():
    with pytest.raises(DetectorError, match="no picture track"):
        list(keyframes(subject(tone(Kind.M4A, "aac"), Kind.M4A), 2, 64))
    with pytest.raises(DetectorError, match="no sound track"):
        decode_audio(subject(film(), Kind.MP4))
    with pytest.raises(DetectorError, match="no sound or video"):
        decode_audio(subject(scene().tobytes(), Kind.PNG))


def test_the_spectrogram_shows_a_tone_at_its_pitch():
    time = np.arange(32_000) / 16_000
    low = log_mel(np.sin(2 * np.pi * 300 * time).astype(np.float32), 16_000).mean(axis=0).argmax()
    high = log_mel(np.sin(2 * np.pi * 3000 * time).astype(np.float32), 16_000).mean(axis=0).argmax()
    assert 0 < low < high < 64
    assert spectrogram_png(np.zeros(100, dtype=np.float32), 16_000) == b""
    noise = np.random.default_rng(1).uniform(-1, 1, 160_000).astype(np.float32)
    assert len(spectrogram_png(noise, 16_000)) <= 26_000
    assert len(spectrogram_png(np.zeros(16_000, dtype=np.float32), 16_000)) < 2_000


def test_the_colour_scale_grows_lighter_at_every_step():
    linear = (colour_scale() / 255.0) ** 2.2
    assert (np.diff(linear @ [0.2126, 0.7152, 0.0722]) > 0).all()
