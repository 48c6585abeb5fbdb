"""Where somebody speaks: found whatever the level and wherever it stands; noise, tones and silence are none."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.audio import activity
from brightline.media.audio import decode_audio

SOUNDS = Path(__file__).parent / "sounds"


def heard(name: str) -> activity.Sound:
    blob = Blob(path=SOUNDS / name)
    context = Context(time="2026-11-23T12:00:00Z")
    return decode_audio(
        Subject(digest="0" * 64, size_bytes=blob.size, kind=Kind.FLAC, context=context, blob=blob)
    )


VOICE = heard("real_en.flac")
QUIET = np.zeros(activity.RATE_HZ, dtype=np.float32)


def seconds(spans: list[tuple[float, float]]) -> float:
    return sum(end - start for start, end in spans)


def test_speech_between_silences_is_found_where_it_stands() -> None:
    spans = activity.speech_spans(np.concatenate([QUIET, VOICE, QUIET]))
    assert spans[0][0] == pytest.approx(1.0, abs=0.2)
    assert spans[-1][1] == pytest.approx(1.0 + len(VOICE) / activity.RATE_HZ, abs=0.3)
    assert seconds(spans) > 0.8 * len(VOICE) / activity.RATE_HZ


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.02])
def test_a_quiet_recording_is_heard_too(gain: float) -> None:
    assert seconds(activity.speech_spans(VOICE * np.float32(gain))) > 0.8 * len(VOICE) / activity.RATE_HZ


def test_a_pause_parts_two_stretches() -> None:
    assert len(activity.speech_spans(np.concatenate([VOICE, QUIET, QUIET, VOICE]))) >= 2


@pytest.mark.parametrize("sound", ["noise", "tone", "silence", "nothing"])
def test_what_is_no_speech_gives_no_stretch(sound: str) -> None:
    times = np.arange(5 * activity.RATE_HZ) / activity.RATE_HZ
    made = {
        "noise": np.random.default_rng(6).normal(0, 0.1, len(times)),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * times),
        "silence": np.zeros(len(times)),
        "nothing": np.zeros(0),
    }[sound]
    assert activity.speech_spans(made.astype(np.float32)) == []


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=12))
def test_a_stream_gives_a_step_for_every_32_ms_however_it_is_cut(sizes: list[int]) -> None:
    listener = activity.Listener()
    sound = np.resize(VOICE, sum(sizes))
    blocks = np.split(sound, np.cumsum(sizes)[:-1])
    steps = sum(len(listener.hear(block)) for block in blocks) + len(listener.end())
    assert steps == -(-len(sound) // activity.STEP)


@given(st.lists(st.floats(0, 1), max_size=200))
def test_stretches_are_in_order_and_within_the_sound(probabilities: list[float]) -> None:
    total = len(probabilities) * activity.STEP / activity.RATE_HZ
    spans = activity.spans_of(probabilities, total)
    flat = [second for span in spans for second in span]
    assert flat == sorted(flat)
    assert all(0 <= second <= total + 1e-3 for second in flat)
