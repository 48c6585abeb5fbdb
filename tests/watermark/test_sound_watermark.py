"""The watermark in sound: found with its payload after what happens to sound, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from brightline.core.errors import MarkingError
from brightline.watermark.keyring import Key
from brightline.watermark.sound import RATE_HZ, THRESHOLD, detect, embed

FIRST, SECOND, *OTHERS = (
    Key(id=name, secret=name.encode().ljust(32, b"."), created="2026-11-23T12:00:00Z")
    for name in ("first", "second", "third", "fourth", "fifth")
)
KEYS = (FIRST, SECOND)


def programme(seconds: float, rate: int = RATE_HZ, seed: int = 0) -> np.ndarray:
    """Something like speech: syllables of harmonics and hiss, with pauses, float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.4 * time + rng.uniform(0, 6))
    voice = sum(np.sin(k * 2 * np.pi * np.cumsum(pitch) / rate) / k for k in range(1, 30))
    hiss = signal.lfilter([1, -0.9], [1], rng.normal(0, 1, len(time)))
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * time + rng.uniform(0, 6)), 0, 1) ** 0.5
    sound = (0.2 * voice + 0.1 * hiss) * syllables + rng.normal(0, 0.001, len(time))
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


@settings(max_examples=12, deadline=None)
@given(
    payload=st.integers(0, 65535),
    seed=st.integers(0, 99),
    rate=st.sampled_from([16_000, 22_050, 44_100, 48_000]),
)
def test_what_is_embedded_is_found_again_with_its_payload(payload, seed, rate):
    marked = embed(programme(10, rate, seed), rate, KEYS[0], payload)
    found = detect(marked, rate, KEYS)
    assert found is not None
    assert (found.key, found.payload) == ("first", payload)
    assert found.p_value < THRESHOLD


def test_the_mark_is_quiet_and_the_sound_keeps_its_shape():
    stereo = np.stack([programme(8, 44_100), programme(8, 44_100, seed=1)], axis=1)
    marked = embed(stereo, 44_100, KEYS[0], 7)
    assert marked.shape == stereo.shape
    assert marked.dtype == np.float32
    ratio = 10 * np.log10((stereo**2).sum() / ((marked - stereo) ** 2).sum())
    assert ratio > 19


@pytest.mark.parametrize(
    ("name", "happen"),
    [
        ("cut in the middle of a unit", lambda x: (x[11_111:], RATE_HZ)),
        ("telephone band", lambda x: (signal.resample_poly(x, 1, 2).astype(np.float32), RATE_HZ // 2)),
        ("quieter", lambda x: (x * np.float32(0.1), RATE_HZ)),
        ("upside down", lambda x: (-x, RATE_HZ)),
        ("16 bits", lambda x: (np.round(x * 32767).astype(np.float32) / 32767, RATE_HZ)),
        ("another rate", lambda x: (signal.resample_poly(x, 441, 160).astype(np.float32), 44_100)),
    ],
)
def test_it_survives(name, happen):
    marked = embed(programme(15), RATE_HZ, KEYS[1], 0xBEEF)
    found = detect(*happen(marked), KEYS)
    assert found is not None
    assert (found.key, found.payload) == ("second", 0xBEEF)


def test_long_sound_is_worked_through_in_blocks_that_do_not_show():
    sound = programme(70)
    marked = embed(sound, RATE_HZ, KEYS[0], 1)
    change = np.abs(marked - sound)
    edge = 31 * RATE_HZ - RATE_HZ // 4
    assert change[edge : edge + RATE_HZ].max() < 3 * change.max() / 2
    assert detect(marked[35 * RATE_HZ :], RATE_HZ, KEYS).payload == 1


def test_sound_without_the_mark_and_with_other_keys_stays_unmarked():
    marked = embed(programme(12), RATE_HZ, KEYS[0], 3)
    assert detect(marked, RATE_HZ, OTHERS) is None
    for seed in range(6):
        assert detect(programme(6, seed=seed), RATE_HZ, KEYS) is None


def test_silence_noise_and_tones_hold_no_mark():
    rng = np.random.default_rng(3)
    tone = np.sin(np.arange(8 * RATE_HZ) / 9).astype(np.float32)
    for sound in (
        np.zeros(8 * RATE_HZ, np.float32),
        tone,
        rng.normal(0, 0.1, 8 * RATE_HZ).astype(np.float32),
    ):
        assert detect(sound, RATE_HZ, KEYS) is None


def test_a_second_mark_of_the_same_key_is_refused():
    marked = embed(programme(10), RATE_HZ, KEYS[0], 5)
    with pytest.raises(MarkingError, match="already holds"):
        embed(marked, RATE_HZ, KEYS[0], 6)


def test_a_mark_of_another_key_stays_beside_ours():
    twice = embed(embed(programme(20), RATE_HZ, KEYS[0], 5), RATE_HZ, KEYS[1], 6)
    assert detect(twice, RATE_HZ, KEYS[:1]).payload == 5
    assert detect(twice, RATE_HZ, KEYS[1:]).payload == 6


@pytest.mark.parametrize(
    ("sound", "rate", "payload"),
    [(programme(2), RATE_HZ, 1), (programme(4), RATE_HZ, 70_000), (programme(8), 4_000, 1)],
)
def test_what_cannot_be_marked_is_refused(sound, rate, payload):
    with pytest.raises(MarkingError):
        embed(sound, rate, KEYS[0], payload)
