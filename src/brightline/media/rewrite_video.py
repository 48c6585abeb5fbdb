"""A video is written anew with edited frames: streamed, times kept, sound and subtitles copied as they are.

The codec stays in its family (H.264 stays H.264). Frames that no edit changed go from decoder to encoder without a
detour through RGB. A turn in the container is carried out on the pixels, because the edit sees them upright.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import av.container
import av.stream
import msgspec
import numpy as np
from av.video.frame import PictureType

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.media.audio import BROKEN
from brightline.media.demuxers import DEMUXERS
from brightline.media.image import DEFAULT_LIMITS, Pixels
from brightline.media.rewrite_tags import keep_tags
from brightline.settings import Limits

FrameEdit = Callable[[Pixels, float], Pixels]
"""Pixels (height, width, 3) uint8 sRGB, upright, and the second at which they are shown, from the video's start, in;
the same array when nothing changes, or another of the same shape."""

WRITTEN_KINDS = (Kind.MP4, Kind.MOV, Kind.MATROSKA, Kind.AVI, Kind.FLV)
_MUXERS = {Kind.MP4: "mp4", Kind.MOV: "mov", Kind.MATROSKA: "matroska", Kind.AVI: "avi", Kind.FLV: "flv"}


class Encoder(msgspec.Struct, frozen=True):
    """FFmpeg's encoder for a codec family, and how to ask it for near-invisible loss."""

    name: str
    options: dict[str, str]


_GOOD_MPEG = {"qscale": "3"}
# CRF 18 is the value that x264's own documentation calls visually lossless; others are set to like sizes.
_ENCODERS = {
    "h264": Encoder("libx264", {"crf": "18", "preset": "faster"}),
    "hevc": Encoder("libx265", {"crf": "20", "preset": "fast", "x265-params": "log-level=error:pools=1"}),
    "vp8": Encoder("libvpx", {"crf": "8", "b": "20M", "deadline": "good", "cpu-used": "4"}),
    "vp9": Encoder("libvpx-vp9", {"crf": "22", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"}),
    "av1": Encoder("libsvtav1", {"crf": "24", "preset": "8", "svtav1-params": "lp=1"}),
    "mpeg4": Encoder("mpeg4", _GOOD_MPEG),
    "mjpeg": Encoder("mjpeg", {"qscale": "2"}),
    "mpeg2video": Encoder("mpeg2video", _GOOD_MPEG),
    "flv1": Encoder("flv", _GOOD_MPEG),
    "prores": Encoder("prores_ks", {}),
    "ffv1": Encoder("ffv1", {}),
    "rawvideo": Encoder("rawvideo", {}),
}
_FAMILIES = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9", "flv": "flv1"}
_SHALLOW_BITS = 8
_COLOUR = ("color_range", "color_primaries", "color_trc", "colorspace")


def rewrite_video(
    source: Path, target: Path, kind: Kind, frame_edit: FrameEdit, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Write the video with every frame as the edit gives it.

    Args:
        source: the video.
        target: the new file, of the same kind.
        kind: of both.
        frame_edit: called for each frame in the order of showing.
        limits: pixels of a frame and seconds of the whole.

    Raises:
        MarkingError: the file is broken or over a limit, has no picture track or several, more than 8 bits a channel
            (HDR), transparency, or a codec without an encoder.
    """
    if kind not in WRITTEN_KINDS:
        raise MarkingError(f"`{kind}` is no video that we write")
    try:
        _rewrite(source, target, kind, frame_edit, limits)
        keep_tags(source, target, kind)
    except MarkingError:
        raise
    except (*BROKEN, MemoryError) as error:
        raise MarkingError(f"the {kind} video cannot be written anew: {str(error)[:120]}") from error


def _rewrite(source: Path, target: Path, kind: Kind, frame_edit: FrameEdit, limits: Limits) -> None:
    with (
        source.open("rb") as file,
        av.open(file, "r", format=DEMUXERS[kind], metadata_errors="ignore") as before,
        target.open("w+b") as out,
        av.open(out, "w", format=_muxer(source, kind)) as after,
    ):
        picture = _picture(before, limits)
        turned = _turn(source, kind)
        after.metadata.update(before.metadata)
        written = _prepared(after, picture, turned)
        copied = _copied(before, after, picture, kind)
        if kind in {Kind.MATROSKA, Kind.MP4, Kind.MOV}:
            after.set_chapters(before.chapters())
        edit = _Edited(frame_edit, turned, picture.start_time or 0)
        for packet in before.demux(picture, *copied):
            if packet.stream is picture:
                for frame in packet.decode():
                    assert isinstance(frame, av.VideoFrame)  # what a picture track gives
                    after.mux(written.encode(edit(frame)))
            elif packet.dts is not None:
                packet.stream = copied[packet.stream]
                after.mux(packet)
        after.mux(written.encode(None))


def _muxer(source: Path, kind: Kind) -> str:
    """WebM says so in its first element, EBML DocType."""
    with source.open("rb") as file:
        return "webm" if kind is Kind.MATROSKA and b"webm" in file.read(64) else _MUXERS[kind]


def _picture(container: av.container.InputContainer, limits: Limits) -> av.VideoStream:
    """The one picture track, if it is of a form that can be written."""
    tracks = [stream for stream in container.streams.video if not _is_cover(stream)]
    if len(tracks) != 1:
        raise MarkingError(f"the video has {len(tracks)} picture tracks, expected one")
    stream, seconds = tracks[0], (container.duration or 0) / av.time_base
    if stream.width * stream.height > limits.pixels:
        raise MarkingError(f"the video is {stream.width} x {stream.height}, over `limits.pixels`")
    if seconds > limits.media_seconds:
        raise MarkingError(f"the video lasts {seconds:.0f} s, over `limits.media_seconds`")
    if _encoder(stream) is None:
        raise MarkingError(
            f"video of codec `{stream.codec_context.name}` is not written; known: {', '.join(_ENCODERS)}"
        )
    form = stream.codec_context.format
    if form is None:
        raise MarkingError("the video does not say in what form its pixels are")
    if any(part.bits > _SHALLOW_BITS or part.is_alpha for part in form.components):
        raise MarkingError(
            f"video of form `{form.name}` (HDR, deep colour or transparency) is not written, "
            "because it would be cut to 8 opaque bits"
        )
    stream.thread_type = "AUTO"
    return stream


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _encoder(stream: av.VideoStream) -> Encoder | None:
    name = stream.codec_context.name
    return _ENCODERS.get(_FAMILIES.get(name, name))


def _turn(source: Path, kind: Kind) -> int:
    """Quarter turns to the left that the container asks for, 0 to 3."""
    with source.open("rb") as file, av.open(file, "r", format=DEMUXERS[kind]) as container:
        frame = next(container.decode(video=0), None)
        if frame is None:
            raise MarkingError("the video has no frame that can be decoded")
        return (frame.rotation // 90) % 4


def _prepared(after: av.container.OutputContainer, picture: av.VideoStream, turned: int) -> av.VideoStream:
    """The new picture track: size, rate, colours and times as in the old one."""
    encoder = _encoder(picture)
    assert encoder is not None  # `_picture` has looked
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 talks to stderr otherwise, and has no other switch
    old = picture.codec_context
    stream = after.add_stream(encoder.name, rate=picture.average_rate or picture.base_rate or 25)
    assert isinstance(stream, av.VideoStream)  # what the encoders above give
    new = stream.codec_context
    new.width, new.height = (old.height, old.width) if turned % 2 else (old.width, old.height)
    new.pix_fmt = old.pix_fmt
    if picture.time_base is not None:
        new.time_base = picture.time_base
    new.options = {key: value for key, value in encoder.options.items() if key != "qscale"}
    if "qscale" in encoder.options:
        new.qscale = True
        new.global_quality = 118 * int(encoder.options["qscale"])  # FF_QP2LAMBDA
    if old.sample_aspect_ratio:
        aspect = old.sample_aspect_ratio
        new.sample_aspect_ratio = 1 / aspect if turned % 2 else aspect
    for name in _COLOUR:
        setattr(new, name, getattr(old, name))
    stream.metadata.update(picture.metadata)
    return stream


def _copied(
    before: av.container.InputContainer,
    after: av.container.OutputContainer,
    picture: av.VideoStream,
    kind: Kind,
) -> dict[av.stream.Stream, av.stream.Stream]:
    """All other tracks, to be copied packet by packet."""
    copied = {}
    for stream in before.streams:
        if stream is picture:
            continue
        if stream.type == "data" and kind in {Kind.MP4, Kind.MOV}:
            continue  # time codes, and chapters as text, which go over as chapters
        if stream.type not in {"audio", "subtitle", "video", "attachment", "data"}:
            raise MarkingError(f"the video has a track of type `{stream.type}`, which would not survive")
        copied[stream] = after.add_stream_from_template(stream, opaque=True)
        copied[stream].metadata.update(stream.metadata)
    return copied


class _Edited:
    """Gives the frames to encode: the decoder's own where the edit changed nothing."""

    def __init__(self, frame_edit: FrameEdit, turned: int, start: int) -> None:
        self._edit = frame_edit
        self._turned = turned
        self._start = start

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        second = float((frame.pts or self._start) - self._start) * float(frame.time_base or 0)
        before: Pixels = np.ascontiguousarray(
            np.rot90(frame.to_ndarray(format="rgb24"), k=self._turned).astype(np.uint8, copy=False)
        )
        after = self._edit(before, second)
        if after is before and not self._turned:
            frame.pict_type = PictureType.NONE  # the encoder chooses its own keyframes
            return frame
        if after.shape != before.shape or after.dtype != np.uint8:
            raise MarkingError(f"an edit turned a frame of {before.shape} into {after.shape} {after.dtype}")
        return _like(frame, after)


def _like(frame: av.VideoFrame, pixels: Pixels) -> av.VideoFrame:
    """The pixels as a frame with the time, form and colours of another."""
    shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    new = shown.reformat(
        format=frame.format.name, dst_colorspace=frame.colorspace, dst_color_range=frame.color_range
    )
    new.pts, new.time_base, new.duration = frame.pts, frame.time_base, frame.duration
    new.color_primaries, new.color_trc = frame.color_primaries, frame.color_trc
    return new


def frame_times(source: Path, kind: Kind) -> Iterator[float]:
    """Seconds at which frames are shown, from the video's start, in the order of coding; decodes nothing.

    Raises:
        MarkingError: the file is broken or has no picture track.
    """
    try:
        with source.open("rb") as file, av.open(file, "r", format=DEMUXERS[kind]) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if packet.pts is not None and stream.time_base is not None:
                    yield float((packet.pts - (stream.start_time or 0)) * stream.time_base)
    except BROKEN as error:
        raise MarkingError(f"the {kind} video cannot be read: {str(error)[:120]}") from error
