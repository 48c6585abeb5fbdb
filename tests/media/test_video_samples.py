import io
import resource

import av
import numpy as np
import pytest

from brightline.core.errors import DetectorError
from brightline.core.subject import Kind
from brightline.media.video_frames import HLG, PQ, change, glance_of, shown, upper_field
from brightline.media.video_samples import SampleRule, Still, halving, has_pictures, shots, stills
from brightline.settings import Limits
from films import RATE, encoded, filmed, shapes, shot, sound_only

RULE = SampleRule(frames=48, cuts=16)


def seen(data: bytes, kind: Kind = Kind.MP4, rule: SampleRule = RULE) -> list[Still]:
    return sorted(stills(filmed(data, kind), rule), key=lambda still: still.second)


def levels(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    return [
        np.full((height, width, 3), 20 + number * 200 // count, dtype=np.uint8) for number in range(count)
    ]


def test_a_short_video_gives_two_stills_a_second_in_time():
    found = seen(encoded(shot(1, 5)))
    assert len(found) == 10
    assert np.allclose(np.diff([still.second for still in found]), 0.5, atol=0.1)
    assert found[0].pixels.shape == (120, 160, 3)
    assert found[0].total_s == pytest.approx(5.0, abs=0.1)


def test_every_shot_gives_a_still_however_short():
    film = [*shot(1, 2), *shot(2, 0.25), *shot(3, 0.25), *shot(4, 2)]
    found = seen(encoded(film))
    numbers = shots(found)
    assert numbers[0] == 0
    assert numbers[-1] == 3
    assert set(numbers) == {0, 1, 2, 3}


def test_a_moving_camera_is_one_shot():
    assert set(shots(seen(encoded(shot(1, 4, speed=40.0))))) == {0}


def test_a_video_of_nothing_but_cuts_keeps_to_its_stills():
    strobe = [np.asarray(shapes(64, 48, number)) for number in range(60)]
    found = seen(encoded(strobe), rule=SampleRule(frames=12, cuts=4))
    assert len(found) <= 12 + 1 + 4


def test_a_long_video_is_seen_from_beginning_to_end_within_its_work():
    film = levels(120 * RATE, 32, 32)
    rule = SampleRule(frames=16, work_pixels=32 * 32 * 200)
    found = seen(encoded(film, gop=48), rule=rule)
    assert 12 <= len(found) <= 16
    gaps = np.diff([0.0, *(still.second for still in found), 120.0])
    assert gaps.max() < 16.0
    brightness = [float(still.pixels.mean()) for still in found]
    assert brightness == sorted(brightness)


def test_between_few_keyframes_a_long_video_is_decoded_as_far_as_the_work_allows():
    found = seen(encoded(shot(1, 20), gop=10_000), rule=SampleRule(frames=10, work_pixels=1e9))
    assert len(found) == 10
    assert found[-1].second == pytest.approx(18.0, abs=0.5)
    less = seen(encoded(shot(1, 20), gop=10_000), rule=SampleRule(frames=10, work_pixels=160 * 120 * 60))
    assert less[-1].second < 12.0


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        (Kind.MOV, "libx264"),
        (Kind.MATROSKA, "libvpx"),
        (Kind.AVI, "mpeg4"),
        (Kind.FLV, "flv"),
        (Kind.MP4, "libx265"),
    ],
)
def test_containers_and_codecs_give_the_same_moments(kind, codec):
    found = seen(encoded(shot(1, 4), kind, codec), kind)
    assert len(found) == 8
    many = seen(encoded(shot(1, 12), kind, codec, gop=RATE), kind, SampleRule(frames=6))
    assert 4 <= len(many) <= 6
    assert many[-1].second > 7.0


def test_frames_at_uneven_times_are_sampled_by_time():
    frames = shot(1, 2.5)
    times = [number * 20 for number in range(20)] + [400 + number * 800 for number in range(10)]
    found = seen(encoded(frames, times=times, rate=25))
    seconds = [still.second for still in found]
    assert seconds[0] == 0.0
    assert len([second for second in seconds if second < 0.4]) == 1
    assert len(seconds) in {10, 11}


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_is_shown_upright(degrees):
    turned = np.zeros((48, 80, 3), dtype=np.uint8)
    turned[:24, :40] = 255
    data = encoded([turned] * 6)
    with av.open(io.BytesIO(data)) as source:
        stream = io.BytesIO()
        with av.open(stream, "w", format="mp4") as target:
            track = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = track
                    target.mux(packet)
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    data = with_matrix(stream.getvalue(), matrix)
    (still,) = seen(data)
    turns = {90: -1, 180: 2, 270: 1}[degrees]
    upright = np.rot90(turned, k=turns)
    assert still.pixels.shape == upright.shape
    assert np.abs(still.pixels.astype(int) - upright).mean() < 8


def with_matrix(data: bytes, turn: tuple[int, int, int, int]) -> bytes:
    """Write a turn into the track header's matrix (ISO/IEC 14496-12, 8.3.2)."""
    at = data.index(b"tkhd") + 4
    matrix_at = at + 4 + (20 if data[at] == 0 else 32) + 16
    a, b, c, d = (value << 16 for value in turn)
    entries = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    packed = b"".join((entry & 0xFFFFFFFF).to_bytes(4, "big") for entry in entries)
    return data[:matrix_at] + packed + data[matrix_at + 36 :]


def test_high_dynamic_range_is_brought_down_to_ordinary_pixels():
    for transfer, white in ((PQ, 0.58), (HLG, 0.75)):  # diffuse white of ITU-R BT.2408
        signal = np.zeros((64, 96, 3), dtype=np.uint16)
        signal[:, :32], signal[:, 32:64], signal[:, 64:] = 0, round(white * 65535), 65535
        frame = av.VideoFrame.from_ndarray(signal, format="rgb48le")
        frame.color_trc = transfer
        pixels = shown(frame)
        assert pixels.dtype == np.uint8
        assert pixels[32, 16].max() < 5
        assert 200 < pixels[32, 48].min() < 250
        assert pixels[32, 80].min() >= 250


def test_ten_bits_without_hdr_are_only_rounded():
    picture = np.asarray(shapes(96, 64, 1))
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv444p10le")
    assert np.abs(shown(frame).astype(int) - picture).max() <= 4


def grey(seed: int) -> np.ndarray:
    return np.asarray(shapes(96, 64, seed).convert("L").convert("RGB"))


def test_of_an_interlaced_video_one_field_is_shown():
    early, late = grey(1), grey(2)
    woven = early.copy()
    woven[1::2] = late[1::2]
    stream = io.BytesIO()
    with av.open(stream, "w", format="matroska") as container:
        track = container.add_stream("mpeg2video", rate=25, options={"flags": "+ildct+ilme"})
        track.width, track.height, track.pix_fmt, track.bit_rate = 96, 64, "yuv420p", 6_000_000
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(woven, format="rgb24")
            frame.pts = number
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    found = seen(stream.getvalue(), Kind.MATROSKA)
    error = np.abs(found[-1].pixels.astype(int) - upper_field(early)).mean()
    assert error < 14
    assert error < np.abs(found[-1].pixels.astype(int) - woven).mean()


@pytest.mark.parametrize(("width", "height"), [(2, 2), (98, 54), (16, 160)])
def test_odd_sizes_are_read(width, height):
    found = seen(encoded(levels(RATE, width, height)))
    assert found[0].pixels.shape == (height, width, 3)


def test_odd_numbers_of_pixels_are_read():
    frames = [np.asarray(shapes(97, 55, 1))] * 8
    found = seen(encoded(frames, Kind.AVI, "ffv1"), Kind.AVI)
    assert found[0].pixels.shape == (55, 97, 3)


def test_a_container_without_pictures_is_told():
    assert not has_pictures(filmed(sound_only()))
    assert has_pictures(filmed(encoded(levels(4))))
    with pytest.raises(DetectorError, match="no picture track"):
        seen(sound_only())


def index_first(data: bytes, folder) -> bytes:
    """The same MP4 with its index before the pictures."""
    path = folder / "film.mp4"
    with (
        av.open(io.BytesIO(data)) as source,
        av.open(str(path), "w", options={"movflags": "faststart"}) as target,
    ):
        track = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                target.mux(packet)
    return path.read_bytes()


def test_a_broken_tail_gives_what_came_before_and_says_so(tmp_path):
    whole = index_first(encoded(shot(1, 6), gop=RATE), tmp_path)
    found: list[Still] = []
    with pytest.raises(DetectorError, match=r"broken|end at"):
        found.extend(stills(filmed(whole[: len(whole) * 6 // 10]), RULE))
    assert 3 <= len(found) < 12


@pytest.mark.parametrize(("kind", "codec"), [(Kind.MP4, "libx264"), (Kind.AVI, "mpeg4")])
def test_bytes_overwritten_in_the_middle_never_pass_for_whole(kind, codec):
    whole = bytearray(encoded(shot(1, 8, 320, 240), kind, codec, crf=5, gop=RATE))
    middle, length = len(whole) // 2, len(whole) // 8
    whole[middle : middle + length] = bytes(length)
    found: list[Still] = []
    with pytest.raises(DetectorError, match=r"broken|end at"):
        found.extend(stills(filmed(bytes(whole), kind), RULE))
    assert len(found) > 6


def test_a_frame_over_the_pixel_limit_is_refused():
    with pytest.raises(DetectorError, match="more than 1000 pixels"):
        list(stills(filmed(encoded(levels(4))), RULE, Limits(pixels=1000)))


def test_stills_of_large_frames_are_held_one_at_a_time():
    data = encoded(levels(60, 1280, 720), gop=10)
    next(stills(filmed(data), RULE))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in stills(filmed(data), SampleRule(frames=48, per_second=12.0)):
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB


def test_glances_tell_a_cut_from_a_pan():
    wide, other = np.asarray(shapes(48 * 3, 28, 1)), np.asarray(shapes(48, 28, 2))
    still = glance_of(np.ascontiguousarray(wide[:, 40:88]))
    moved = glance_of(np.ascontiguousarray(wide[:, 41:89]))
    assert change(still, still) == 0.0
    assert change(still, moved) < 0.14 < 0.25 < change(still, glance_of(other))


def test_any_beginning_of_the_order_covers_the_whole():
    order = halving(37)
    assert sorted(order) == list(range(37))
    first = sorted(order[:8])
    assert max(np.diff([0, *first, 37])) <= 8
