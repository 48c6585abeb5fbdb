"""The front end of the speech spoof network: what training and run time hear must be the same, whatever comes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.detectors.audio import spoof_features as features

RATE = features.RATE_HZ


def _voice(seconds: float, seed: int = 6) -> features.Sound:
    chance = np.random.default_rng(seed)
    times = np.arange(int(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * 140 * part * times) / part for part in range(1, 20))
    return (0.1 * tones * (1 + np.sin(2 * np.pi * 3 * times)) + chance.normal(0, 0.01, len(times))).astype(
        np.float32
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 100_000))
def test_every_length_gives_whole_windows(samples: int) -> None:
    sound = _voice(1)[:samples] if samples < RATE else np.resize(_voice(1), samples)
    heard = features.windows(sound)
    assert heard.shape[1:] == (features.BANDS, features.WINDOW_FRAMES)
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()


@given(st.integers(1, 5_000))
def test_windows_reach_from_the_first_to_the_last_frame(frames: int) -> None:
    begun = features.starts(frames)
    assert begun[0] == 0
    assert begun[-1] == max(frames - features.WINDOW_FRAMES, 0)
    assert all(0 < after - before <= features.WINDOW_STEP for before, after in itertools.pairwise(begun))


@pytest.mark.parametrize("gain", [0.001, 0.1, 8.0])
def test_loudness_changes_nothing(gain: float) -> None:
    sound = _voice(3.5)
    assert np.allclose(
        features.windows(sound), features.windows((sound * gain).astype(np.float32)), atol=0.02
    )


def test_silence_at_both_ends_is_cut_and_changes_nothing() -> None:
    sound = _voice(3)
    quiet = np.zeros(RATE, np.float32)
    kept = features.trim(np.concatenate([quiet, sound, quiet]))
    assert abs(len(kept) - len(sound)) < 1_200


@pytest.mark.parametrize("samples", [0, 10, 399, 16_000])
def test_silence_alone_leaves_nothing(samples: int) -> None:
    assert len(features.trim(np.zeros(samples, np.float32))) == 0


def test_a_sound_that_ends_at_3400_hz_is_narrow() -> None:
    spectrum = np.fft.rfft(_voice(3) + np.random.default_rng(1).normal(0, 0.05, 3 * RATE))
    hertz = np.fft.rfftfreq(3 * RATE, 1 / RATE)
    narrow = np.fft.irfft(np.where(hertz < 3400, spectrum, 0)).astype(np.float32)
    assert features.bandwidth_hz(features.spectrogram(narrow)) == pytest.approx(3400, abs=130)
    wide = np.fft.irfft(spectrum).astype(np.float32)
    assert features.bandwidth_hz(features.spectrogram(wide)) > 7_800
