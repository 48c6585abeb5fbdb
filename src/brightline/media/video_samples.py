"""Video becomes sampled stills: every part of a short one, places spread evenly over a long one, in bounded work.

A short video is decoded from end to end and sampled at a steady rate and at every cut. A long one is entered at
keyframes, which encoders set at cuts, in an order that halves the widest gap first; from each some seconds are
decoded as far as the work allows. One frame is held at a time.
"""

from collections.abc import Iterator, Sequence
from statistics import median

import av
import av.container
import av.error
import av.video.stream
import msgspec
from av.stream import Disposition

from brightline.core.errors import DetectorError
from brightline.core.subject import Subject
from brightline.media.audio import opened, stated_seconds
from brightline.media.image import DEFAULT_LIMITS, Pixels
from brightline.media.video_frames import Glance, change, glance, shown
from brightline.settings import Limits

PER_SECOND = 2.0
WORK_PIXELS = 1_500_000_000  # 720 frames of 1080p, 24 s of it: about 2 s of one core
INDEX_ENTRIES = (
    400_000  # of a container's index that are walked: 0.2 s; two hours at 60 frames a second have as many
)
FAULTS_MOST = 50  # packets that cannot be decoded, after which we stop
CUT = 0.3  # of `change`: frames in a row that differ so much are two shots
SUDDEN_CUT = 0.14  # of `change`, where it is twice what went before
_FAST_HZ = 10.0  # frames a second; of slower videos every frame may be one of two a second
_BEFORE = 9  # changes that the last one is measured against
_SLACK_S = 1.5  # by which decoding may end before the index does: skipped frames, edit lists


class SampleRule(msgspec.Struct, frozen=True, kw_only=True):
    """How many stills, and what they may cost.

    Attributes:
        frames: stills at most, not counting those at cuts.
        per_second: stills a second where the video is short enough.
        cuts: further stills at most, one where a shot begins between two others.
        work_pixels: pixels that may be decoded, width x height x frames.
        side: longest side of a still, shrunk to it; 0 leaves native pixels.
    """

    frames: int
    per_second: float = PER_SECOND
    cuts: int = 0
    work_pixels: float = WORK_PIXELS
    side: int = 0


class Still(msgspec.Struct, frozen=True):
    """One frame of a video.

    Attributes:
        second: when it is shown, from the start of the picture track.
        pixels: as shown.
        glance: for telling shots apart.
        cut: a shot begins between the still before it in the same stretch and this one.
        stretch: number of the stretch that it was decoded in; in each, stills follow in time.
        total_s: length of the picture track, 0.0 where nothing states it.
    """

    second: float
    pixels: Pixels
    glance: Glance
    cut: bool
    stretch: int
    total_s: float


class _Track(msgspec.Struct, frozen=True):
    """A picture track: where it begins and how long it is, in seconds; frames a second; keyframes, if an index says."""

    stream: av.video.stream.VideoStream
    start_s: float
    seconds: float
    rate_hz: float
    keys: tuple[float, ...]
    last_s: float  # when the last frame is shown, as the index or else the track says; 0.0 where neither does


class _Stretch(msgspec.Struct, frozen=True):
    begin_s: float
    end_s: float
    stills: int
    step_s: float
    frames: int  # that may be decoded


def has_pictures(subject: Subject) -> bool:
    """Whether there is a picture track, a cover picture not counted.

    Raises:
        DetectorError: the container cannot be read.
    """
    with opened(subject) as container:
        return _picture_stream(container) is not None


def stills(subject: Subject, rule: SampleRule, limits: Limits = DEFAULT_LIMITS) -> Iterator[Still]:
    """Give stills; stretch by stretch, and in time within a stretch.

    Raises:
        DetectorError: there is no picture track, a frame is over `limits.pixels`, or something could not be decoded
            or reached; stills before that, and after single broken places, have been given.
    """
    with opened(subject) as container:
        track = _track(container, limits)
        reader = _Reader(container, track, rule, limits)
        for number, stretch in enumerate(_stretches(track, rule)):
            yield from reader.read(stretch, number)
        reader.complain()


def shots(samples: Sequence[Still]) -> tuple[int, ...]:
    """Give the number of each still's shot, for stills in the order of time."""
    numbers = [0] * len(samples)
    for at in range(1, len(samples)):
        before, after = samples[at - 1], samples[at]
        begins = after.cut if before.stretch == after.stretch else change(before.glance, after.glance) > CUT
        numbers[at] = numbers[at - 1] + begins
    return tuple(numbers)


def _picture_stream(container: av.container.InputContainer) -> av.video.stream.VideoStream | None:
    covers = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    return next((one for one in container.streams.video if not one.disposition & covers), None)


def _track(container: av.container.InputContainer, limits: Limits) -> _Track:
    stream = _picture_stream(container)
    if stream is None:
        raise DetectorError("there is no picture track")
    _check_size(stream.width, stream.height, limits)
    stream.codec_context.thread_count = 1  # the pool gives each worker one core
    tick = float(stream.time_base or 0)
    start_s = (stream.start_time or 0) * tick
    stated = (stream.duration or 0) * tick or stated_seconds(container)
    entries = stream.index_entries
    keys: tuple[float, ...] = ()
    last_s = (
        stream.duration or 0
    ) * tick  # of the track itself; a container's length may be that of its sound
    if len(entries) > 1:
        # MP4 indexes by when a frame is decoded, but seeks by when it is shown: later by a constant.
        first_s = min(start_s, entries[0].timestamp * tick)
        last_s = entries[-1].timestamp * tick - first_s
        if len(entries) <= INDEX_ENTRIES:
            keys = tuple(entry.timestamp * tick - first_s for entry in entries if entry.is_keyframe)
    rate_hz = float(stream.average_rate or stream.guessed_rate or 25)
    if rate_hz >= _FAST_HZ:  # leave out frames that no other leans on: half of them, most of the time
        stream.codec_context.skip_frame = "NONREF"
    return _Track(stream, start_s, max(0.0, stated), min(240.0, max(1.0, rate_hz)), keys, last_s)


def _stretches(track: _Track, rule: SampleRule) -> list[_Stretch]:
    size = max(1, track.stream.width * track.stream.height)
    affordable = max(rule.frames, int(rule.work_pixels / size))
    step_s = 1.0 / rule.per_second
    if (
        track.seconds
        and track.seconds <= rule.frames * step_s
        and track.seconds * track.rate_hz <= affordable
    ):
        return [_Stretch(0.0, float("inf"), rule.frames + 1, step_s, affordable * 2)]
    if not track.seconds:
        return [_Stretch(0.0, float("inf"), rule.frames, step_s, affordable)]
    begins = _spread(track, rule.frames)
    ends = [*begins[1:], track.seconds]
    each, decoded = max(1, rule.frames // len(begins)), max(1, affordable // len(begins))
    found = []
    for begin_s, end_s in zip(begins, ends, strict=True):
        reached_s = min(end_s - begin_s, decoded / track.rate_hz)
        found.append(_Stretch(begin_s, end_s, each, max(step_s, reached_s / each), decoded))
    return [found[at] for at in halving(len(found))]


def _spread(track: _Track, count: int) -> list[float]:
    """Where to enter a long video: its keyframes, thinned evenly in time; where the index tells none, even places."""
    even = [track.seconds * step / count for step in range(count)]
    keys = sorted(set(track.keys))
    untold = [place for place in even if place > max(track.last_s, *keys[-1:], 0.0) + _SLACK_S]
    keys += untold if len(untold) > 1 else []  # an index can end early, as that of FLV does
    if len(keys) <= count:
        return keys or even
    chosen: list[float] = []
    at = 0
    for place in even:
        while at + 1 < len(keys) and abs(keys[at + 1] - place) <= abs(keys[at] - place):
            at += 1
        if not chosen or keys[at] > chosen[-1]:
            chosen.append(keys[at])
    return chosen


def halving(count: int) -> list[int]:
    """Give 0 to count - 1 in an order that halves the widest gap first, so that any beginning covers the whole.

    >>> halving(6)
    [0, 4, 2, 1, 5, 3]
    """
    bits = max(1, (count - 1).bit_length())
    turned = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(1 << bits))
    return [number for number in turned if number < count]


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels:
        raise DetectorError(
            f"the video is {width} x {height}, more than {limits.pixels} pixels (`limits.pixels`)"
        )


class _Reader:
    """Decodes stretches and remembers what went wrong."""

    def __init__(
        self, container: av.container.InputContainer, track: _Track, rule: SampleRule, limits: Limits
    ) -> None:
        self._container = container
        self._track = track
        self._rule = rule
        self._limits = limits
        self._cuts_left = rule.cuts
        self._faults = 0
        self._empty = 0
        self._last_s = 0.0
        self._whole = False
        self._seen: set[float] = set()

    def read(self, stretch: _Stretch, number: int) -> Iterator[Still]:
        """Stills of one stretch."""
        step_s = stretch.step_s
        wanted_s, given, cut, frames = stretch.begin_s, 0, False, 0
        watch = _Watch()
        for second, frame in self._frames(stretch):
            seen = glance(frame)
            new_shot = watch.is_cut(seen)
            cut = cut or new_shot
            # Without an index, seeking ends at a keyframe before the place: it is as good, the first time.
            due = second + 1e-3 >= wanted_s or (frames == 0 and second not in self._seen)
            frames += 1
            extra = new_shot and not due and self._cuts_left > 0
            if not due and not extra:
                continue
            self._seen.add(second)
            pixels = shown(frame, self._rule.side)
            yield Still(round(second, 3), pixels, seen, cut, number, self._track.seconds)
            self._cuts_left -= extra
            given, cut = given + due, False
            wanted_s = max(wanted_s, second - step_s / 2) + step_s if due else wanted_s
            if given >= stretch.stills:
                return
        self._empty += frames == 0

    def complain(self) -> None:
        """Say what could not be seen.

        Raises:
            DetectorError: something could not be.
        """
        if self._faults or self._empty:
            raise DetectorError(
                f"the pictures of the video are broken: {self._faults} packets could not be decoded, "
                f"{self._empty} places not reached"
            )
        if self._whole and self._last_s + _SLACK_S < self._track.last_s:
            raise DetectorError(
                f"the pictures of the video end at {self._last_s:.1f} s of {self._track.last_s:.1f} s"
            )
        if not self._track.seconds and not self._whole:
            raise DetectorError(
                f"the video states no length: only its first {self._last_s:.1f} s were looked at"
            )

    def _frames(self, stretch: _Stretch) -> Iterator[tuple[float, av.VideoFrame]]:
        """Decoded frames of a stretch with their seconds, as many as it may cost."""
        self._seek(stretch.begin_s)
        second = stretch.begin_s
        for decoded, frame in enumerate(self._decoded()):
            timed = frame.pts is not None
            second = frame.time - self._track.start_s if timed else second + 1 / self._track.rate_hz
            second = max(0.0, second)
            _check_size(frame.width, frame.height, self._limits)
            if second >= stretch.end_s:
                return
            self._last_s = max(self._last_s, second)
            yield second, frame
            if decoded + 1 >= stretch.frames:
                return
        self._whole = self._whole or stretch.begin_s == 0.0

    def _seek(self, second: float) -> None:
        if second <= 0.0:
            return
        stream = self._track.stream
        ticks = round((second + self._track.start_s) / float(stream.time_base or 1))
        try:
            # One more: rounding must not fall before a keyframe.
            self._container.seek(ticks + 1, stream=stream, backward=True)
        except av.error.FFmpegError:  # an index that ends early; nothing is read there
            self._faults += 1

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Frames; a packet that cannot be decoded is counted and left out."""
        packets = self._container.demux(self._track.stream)
        while self._faults <= FAULTS_MOST:
            try:
                frames = next(packets).decode()
            except StopIteration:
                return
            except (av.error.InvalidDataError, av.error.EOFError):
                self._faults += 1
                continue
            yield from (frame for frame in frames if not frame.is_corrupt)


class _Watch:
    """Tells cuts from movement: a change is sudden against those just before it."""

    def __init__(self) -> None:
        self._last: Glance | None = None
        self._changes: list[float] = []

    def is_cut(self, seen: Glance) -> bool:
        """Whether this frame begins a shot; never the first one."""
        last, self._last = self._last, seen
        if last is None:
            return False
        moved = change(last, seen)
        usual = median(self._changes) if self._changes else 0.0
        self._changes = [*self._changes[1 - _BEFORE :], moved]
        return moved > CUT or (moved > SUDDEN_CUT and moved > 2.0 * usual and len(self._changes) > 2)
