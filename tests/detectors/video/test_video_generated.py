"""The video room: stills, shots and time brought together, with a network that takes bright frames for generated ones."""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxparts import brightness, said, weights
from PIL import Image, ImageDraw

from brightline.core.alarm import StepTimeout
from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, Seconds
from brightline.core.harm import Harm
from brightline.core.subject import Kind
from brightline.core.wire import canonical
from brightline.detectors.video.course import Moment, Scale, curve, judge, shots_of, trimmed
from brightline.detectors.video.generated import NAME, RULE, judged, prepare
from brightline.detectors.video.model import FrameJudge, open_frame_judge
from brightline.media.image import Pixels
from brightline.settings import Limits, Settings
from films import RATE, encoded, filmed, sound_only

SIDE = 96
CAT = Path(__file__).parents[3] / "examples" / "image" / "cat.jpg"
SCALE = Scale(slope=1.0, offset=0.0, most=4.6)
CALIBRATION = """
crops = 2
least_stills = 3
threshold = 0.9
abstain = [0.4, 0.9]
[scale]
slope = 0.5
offset = 0.0
most = 4.0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = brightness(side=SIDE, gain=60.0)
    place = weights(tmp_path_factory.mktemp("weights"), data, said(SIDE))
    (place / "video_generated.toml").write_text(CALIBRATION)
    return place


@pytest.fixture(scope="module")
def frames(folder):
    return open_frame_judge(folder)


def photo(width: int, height: int, light: int, turned: bool = False) -> Pixels:
    """A photograph, made lighter or darker around middle grey."""
    with Image.open(CAT) as image:
        shown = image.convert("RGB").rotate(180) if turned else image.convert("RGB")
        pixels = np.asarray(shown.resize((width, height)), dtype=np.float32)
    flat = (pixels - pixels.mean()) * 0.6
    return np.clip(flat + 128 + light, 0, 255).astype(np.uint8)


def pan(light: int, seconds: float, size: tuple[int, int] = (160, 120), turned: bool = False) -> list[Pixels]:
    width, height = size
    count = round(seconds * RATE)
    wide = photo(width + count, height, light, turned)
    return [np.ascontiguousarray(wide[:, x : x + width]) for x in range(count)]


def looked(data: bytes, frames, kind: Kind = Kind.MP4) -> Finding:
    (finding,) = judged(filmed(data, kind), frames, Limits())
    return finding


# What is said


def test_a_bright_video_is_likely_and_a_dark_one_unlikely(frames):
    bright, dark = looked(encoded(pan(50, 4)), frames), looked(encoded(pan(-50, 4)), frames)
    assert bright.claim == dark.claim == "synthetic.video"
    assert bright.basis is Basis.ESTIMATE
    assert (bright.detail("verdict"), dark.detail("verdict")) == ("likely", "unlikely")
    assert (bright.harm, dark.harm) == (Harm.UNLABELLED_AIGC, None)
    assert bright.probability > 0.9 > 0.1 > dark.probability
    assert bright.detail("frames") == "8"
    assert bright.where == (Seconds(0.0, 4.0),)
    assert dark.where == ()


def test_between_the_two_nothing_is_claimed(frames):
    found = [looked(encoded(pan(light, 2)), frames) for light in range(-16, 29, 4)]
    ranks = ["unlikely", "unclear", "likely"]
    ranked = [ranks.index(finding.detail("verdict")) for finding in found]
    assert ranked == sorted(ranked)
    assert set(ranked) == {0, 1, 2}
    assert {finding.harm for finding in found if finding.detail("verdict") == "unclear"} == {None}


def test_reasons_tell_what_was_looked_at_in_both_languages(frames):
    finding = looked(encoded([*pan(-50, 6), *pan(50, 6, turned=True)]), frames)
    for words in (finding.why.en, finding.why.zh):
        assert "160x120" in words
        assert "24" in words
        assert "%" in words
    assert "帧" in finding.why.zh


def test_one_generated_shot_among_real_ones_is_found_and_shown(frames):
    film = [*pan(-50, 6), *pan(50, 6, turned=True), *pan(-50, 6)]
    finding = looked(encoded(film), frames)
    assert finding.detail("extent") == "shot"
    assert finding.detail("shots") == "3"
    (place,) = finding.where
    assert place.start == pytest.approx(6.0, abs=0.6)
    assert place.end == pytest.approx(12.0, abs=0.6)


def test_a_flash_of_bright_frames_is_no_shot_of_its_own(frames):
    film = [*pan(-50, 4), *pan(50, 0.5), *pan(-50, 4)]
    assert looked(encoded(film), frames).detail("verdict") == "unlikely"


def test_the_timeline_follows_the_video(frames):
    finding = looked(encoded([*pan(-50, 5), *pan(50, 5, turned=True)]), frames)
    points = [tuple(map(float, point.split(":"))) for point in finding.detail("timeline").split()]
    assert len(points) == 20
    assert max(percent for second, percent in points if second < 4.9) < 30
    assert min(percent for second, percent in points if second > 5.1) > 70


def test_the_same_bytes_give_the_same_finding(frames):
    data = encoded(pan(5, 3))
    assert canonical(looked(data, frames)) == canonical(looked(data, frames))


# What cannot be judged


def test_graphics_blank_and_tiny_videos_get_no_number(frames):
    card = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(card).rectangle((40, 60, 280, 120), fill="navy")
    for film, reason in (
        ([np.asarray(card)] * 24, "palette"),
        ([np.full((120, 160, 3), 90, dtype=np.uint8)] * 24, "blank"),
        (pan(50, 2, (64, 48)), "tiny"),
    ):
        finding = looked(encoded(film), frames)
        assert finding.claim == "video.scope"
        assert finding.detail("verdict") == "not_applicable"
        assert finding.detail("reason") in {reason, "blank"}


def test_sound_alone_has_nothing_to_look_at(frames):
    finding = looked(sound_only(), frames)
    assert finding.claim == "video.scope"
    assert finding.detail("reason") == "no_pictures"
    assert finding.basis is Basis.PROOF


def test_black_frames_between_shots_do_not_count(frames):
    black = [np.zeros((120, 160, 3), dtype=np.uint8)] * (2 * RATE)
    finding = looked(encoded([*pan(50, 4), *black, *pan(50, 4)]), frames)
    assert finding.detail("verdict") == "likely"
    assert 16 <= int(finding.detail("frames")) <= 18


# When time runs out, a file breaks off or is very long


class Interrupted(FrameJudge):
    """Runs out of time at its sixth frame, wherever the clock stands."""

    def score(self, pixels: Pixels, number: int) -> float:
        if number >= 5:
            raise StepTimeout
        return super().score(pixels, number)


def test_what_was_seen_before_the_time_ran_out_is_said(frames):
    hasty = Interrupted(frames._judge, frames.said)
    found: list[Finding] = []
    with pytest.raises(StepTimeout):
        found.extend(judged(filmed(encoded(pan(50, 8))), hasty, Limits()))
    (finding,) = found
    assert finding.claim == "synthetic.video"
    assert finding.detail("frames") == "5"
    assert "from 0 to 2 s" in finding.why.en


def test_a_broken_tail_leaves_what_was_seen_and_an_error(frames):
    whole = bytearray(encoded(pan(50, 8), Kind.AVI, "mpeg4", gop=RATE))
    whole[len(whole) * 6 // 10 :] = bytes(len(whole) - len(whole) * 6 // 10)
    found: list[Finding] = []
    with pytest.raises(DetectorError, match=r"broken|end at"):
        found.extend(judged(filmed(bytes(whole), Kind.AVI), frames, Limits()))
    (finding,) = found
    assert finding.detail("verdict") == "likely"
    assert int(finding.detail("frames")) < 16


@pytest.mark.parametrize("kind", [Kind.MP4, Kind.MATROSKA, Kind.AVI, Kind.FLV, Kind.MOV])
def test_bytes_that_are_no_video_are_detector_errors(frames, kind):
    for data in (b"", b"\0" * 2000, encoded(pan(0, 1))[:700]):
        with pytest.raises(DetectorError):
            list(judged(filmed(data, kind), frames, Limits()))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=40))
def test_changed_bytes_end_in_findings_or_in_detector_errors(frames, at, junk):
    data = bytearray(_SMALL)
    data[at % len(data) : at % len(data) + len(junk)] = junk
    with suppress(DetectorError):
        for finding in judged(filmed(bytes(data)), frames, Limits()):
            assert finding.detector == NAME


_SMALL = encoded(pan(0, 1, (128, 96)), gop=6)


def test_a_long_video_is_looked_at_from_beginning_to_end(frames):
    film = filmed(encoded((frame for _ in range(10) for frame in pan(20, 9)), crf=35))
    (finding,) = judged(film, frames, Limits())
    assert int(finding.detail("frames")) <= RULE.frames + RULE.cuts
    assert float(finding.detail("timeline").split()[-1].split(":")[0]) > 80


# Calibration


@pytest.mark.parametrize(
    ("line", "changed"),
    [("slope = 0.5", "slope = -1.0"), ("threshold = 0.9", "threshold = 0.2"), ("crops = 2", "crops = 9"), ("most = 4.0", "most = inf")],
)  # fmt: skip
def test_a_malformed_calibration_is_refused(folder, tmp_path, line, changed):
    for name in ("manifest.toml", "image_generated.onnx", "image_generated.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (folder / "video_generated.toml").read_text().replace(line, changed)
    (tmp_path / "video_generated.toml").write_text(text)
    with pytest.raises(DetectorError, match="malformed"):
        open_frame_judge(tmp_path)


# Laws of bringing scores together

SCORES = st.lists(st.floats(-9, 9), min_size=1, max_size=40)


@given(SCORES)
def test_a_trimmed_mean_lies_within_its_scores(scores):
    assert min(scores) - 1e-9 <= trimmed(scores) <= max(scores) + 1e-9


@given(SCORES, st.integers(0, 39), st.floats(0, 5))
def test_a_higher_score_never_lowers_the_odds(scores, at, more):
    higher = [score + more * (number == at % len(scores)) for number, score in enumerate(scores)]
    before, after = (
        judge(
            [Moment(number / 2, score, number // 7) for number, score in enumerate(one)], len(one) / 2, SCALE
        )
        for one in (scores, higher)
    )
    assert after.log_odds >= before.log_odds - 1e-9


@given(SCORES)
def test_shots_cover_the_video_without_overlap(scores):
    moments = [Moment(number / 2, score, number // 5) for number, score in enumerate(scores)]
    found = shots_of(moments, len(scores) / 2)
    assert found[0].begin_s == 0.0
    assert found[-1].end_s == max(len(scores) / 2, moments[-1].second + 0.5)
    assert all(one.end_s == other.begin_s for one, other in pairwise(found))
    assert sum(one.stills for one in found) == len(scores)


def test_a_striking_shot_among_many_counts_less():
    def film(shots: int) -> list[Moment]:
        return [Moment(number / 2, 3.0 if number < 8 else -4.0, number // 8) for number in range(8 * shots)]

    few, many = (judge(film(count), 4.0 * count, SCALE) for count in (3, 12))
    assert few.extent == many.extent == "shot"
    assert few.log_odds > many.log_odds


@given(SCORES)
def test_a_curve_stays_small(scores):
    drawn = curve([Moment(number / 2, score, 0) for number, score in enumerate(scores * 8)], SCALE)
    assert len(drawn.split()) <= 64
    assert all(0 <= int(point.split(":")[1]) <= 100 for point in drawn.split())


def test_the_settings_limits_hold(frames, tmp_path):
    film = filmed(encoded(pan(0, 1)))
    with pytest.raises(DetectorError, match="more than 100 pixels"):
        list(judged(film, frames, Limits(pixels=100)))
    assert callable(prepare(Settings(home=tmp_path)))
