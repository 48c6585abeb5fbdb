"""A sound file is written anew with edited samples, block by block, with its tags kept.

WAV, FLAC and ALAC stay exact where nothing was edited; MP3, AAC, Opus and Vorbis are decoded and encoded again at the
same bit rate. Tags come over byte by byte (`rewrite_tags`), in Ogg as comments. FFmpeg's own Vorbis encoder knows two
channels only: one channel is written as two equal ones, more than two are refused.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import av
import av.audio.stream
import av.container
import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.media.audio import BROKEN, Samples
from brightline.media.demuxers import DEMUXERS
from brightline.media.rewrite_tags import keep_tags
from brightline.media.rewrite_wav import Native, wav_blocks, wav_form, write_wav

Sound = npt.NDArray[np.float32]  # (n, channels), in [-1, 1]
SoundEdit = Callable[[Sound, int], Sound]
"""Samples (n, channels) float32 in [-1, 1] and their rate in Hz, in; the same number of channels out."""

WRITTEN_KINDS = (Kind.WAV, Kind.FLAC, Kind.MP3, Kind.OGG, Kind.M4A)
EDITED_VALUES = (
    400_000_000  # samples x channels that an edit gets at once: 1.6 GB, 75 minutes of stereo at 44.1 kHz
)
_MUXERS = {Kind.FLAC: "flac", Kind.MP3: "mp3", Kind.OGG: "ogg", Kind.M4A: "ipod"}
_MUXER_OPTIONS = {Kind.MP3: {"id3v2_version": "0", "write_id3v1": "0"}}
_ENCODERS = {
    "flac": "flac", "alac": "alac", "mp3": "libmp3lame", "mp3float": "libmp3lame", "aac": "aac", "opus": "libopus",
    "libopus": "libopus", "vorbis": "vorbis",
}  # fmt: skip
_EXACT = {"flac", "alac"}
_PACKED = {"f4": "flt", "i2": "s16", "i4": "s32"}  # numpy's numbers in FFmpeg's words
_BIT_RATE_PER_CHANNEL = 96_000  # where the file does not say; transparent for AAC and Opus, good for MP3
_BIT_RATES = (16_000, 320_000)  # what all these encoders take for one file
_VORBIS_CHANNELS = 2  # the only number that FFmpeg's own encoder takes; any other fails in `avcodec_open2`
_VORBIS_SHARE = 1.5  # FFmpeg's own Vorbis encoder needs more bits than the usual one for the same quality


class SoundForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a file's first sound track is: rate in Hz, channels, codec, and whether samples come back exactly."""

    rate_hz: int
    channels: int
    codec: str
    exact: bool


def sound_form(source: Path, kind: Kind) -> SoundForm:
    """Read what the file's sound is, without decoding it.

    Raises:
        MarkingError: there is no sound, or none that we write.
    """
    with _reading(source, kind) as track:
        return track.form


def rewrite_audio(source: Path, target: Path, kind: Kind, edits: Sequence[SoundEdit]) -> None:
    """Write the sound with each edit applied to all of it, one after the other.

    Raises:
        MarkingError: the file is broken or of a form that is not written, has more than `EDITED_VALUES` samples, or
            an edit changed the number of channels.
    """
    with _reading(source, kind) as track:
        native = _all_of(track)
        sound = _to_float(native)
        for edit in edits:
            sound = edit(sound, track.form.rate_hz)
            if sound.ndim != 2 or sound.shape[1] != track.form.channels:
                raise MarkingError(f"an edit gave samples of shape {sound.shape}")
        track.write(target, iter([_merged(native, sound)]))


def insert_sound(source: Path, target: Path, kind: Kind, head: Sound | None, tail: Sound | None) -> None:
    """Write the sound with other sound before and after it; block by block, whatever its length.

    Args:
        source: the file.
        target: the new file.
        kind: of both.
        head: (n, channels) at the file's own rate, or None.
        tail: likewise.

    Raises:
        MarkingError: the file is broken or of a form that is not written.
    """
    with _reading(source, kind) as track:
        track.write(target, _around(track, head, tail))


def _around(track: "_Track", head: Sound | None, tail: Sound | None) -> Iterator[Native]:
    if head is not None:
        yield _from_float(head, track.dtype)
    yield from track.blocks()
    if tail is not None:
        yield _from_float(tail, track.dtype)


def sound_blocks(source: Path, kind: Kind) -> Iterator[Sound]:
    """All samples of the file, block by block, as floats.

    Raises:
        MarkingError: the file is broken or of a form that is not written.
    """
    with _reading(source, kind) as track:
        for block in track.blocks():
            yield _to_float(block)


class _Track(msgspec.Struct, frozen=True, kw_only=True):
    """An open file: its form, its numbers, how to read its blocks, and how to write others in their place."""

    form: SoundForm
    dtype: np.dtype[np.generic]
    blocks: Callable[[], Iterator[Native]]
    write: Callable[[Path, Iterator[Native]], None]


@contextmanager
def _reading(source: Path, kind: Kind) -> Iterator[_Track]:
    if kind not in WRITTEN_KINDS:
        raise MarkingError(f"`{kind}` is no sound file that we write")
    try:
        with ExitStack() as stack:
            file = stack.enter_context(source.open("rb"))
            if kind is Kind.WAV:
                yield _wav_track(file)
            else:
                container = stack.enter_context(
                    av.open(file, "r", format=DEMUXERS[kind], metadata_errors="ignore")
                )
                yield _coded_track(container, source, kind)
    except MarkingError:
        raise
    except (*BROKEN, MemoryError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise MarkingError(f"the {kind} sound cannot be written anew: {said[:120]}") from error


def _wav_track(file: BinaryIO) -> _Track:
    form = wav_form(file)

    def write(target: Path, blocks: Iterator[Native]) -> None:
        with target.open("w+b") as out:
            write_wav(file, out, form, blocks)

    stated = SoundForm(rate_hz=form.rate_hz, channels=form.channels, codec="pcm", exact=True)
    return _Track(form=stated, dtype=form.dtype, blocks=lambda: wav_blocks(file, form), write=write)


def _coded_track(container: av.container.InputContainer, source: Path, kind: Kind) -> _Track:
    stream = _only_sound(container, kind)
    name = stream.codec_context.name
    if name not in _ENCODERS:
        raise MarkingError(f"sound of codec `{name}` is not written; known: {', '.join(sorted(_ENCODERS))}")
    channels = stream.codec_context.layout.nb_channels
    if name == "vorbis" and channels > _VORBIS_CHANNELS:
        raise MarkingError(
            f"Vorbis of {channels} channels is not written, only of one or two; write FLAC or Opus"
        )
    dtype = np.dtype(_number(stream, exact=name in _EXACT))
    form = SoundForm(
        rate_hz=stream.codec_context.sample_rate,
        channels=channels,
        codec=name,
        exact=name in _EXACT,
    )

    def write(target: Path, blocks: Iterator[Native]) -> None:
        _encode(stream, target, kind, form, blocks)
        keep_tags(source, target, kind)

    return _Track(form=form, dtype=dtype, blocks=lambda: _decoded(container, stream, dtype), write=write)


def _only_sound(container: av.container.InputContainer, kind: Kind) -> av.audio.stream.AudioStream:
    pictures = [stream for stream in container.streams.video if _is_cover(stream)]
    if len(container.streams.audio) != 1 or len(container.streams) - len(pictures) != 1:
        raise MarkingError(f"the {kind} file has other tracks beside one of sound, which would not survive")
    if pictures and kind is Kind.OGG:
        raise MarkingError("the Ogg file holds a cover picture, which would not survive; write FLAC or M4A")
    return container.streams.audio[0]


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _number(stream: av.audio.stream.AudioStream, *, exact: bool) -> str:
    if not exact:
        return "f4"
    return "i2" if stream.codec_context.format.name.startswith("s16") else "i4"


def _decoded(
    container: av.container.InputContainer, stream: av.audio.stream.AudioStream, dtype: np.dtype[np.generic]
) -> Iterator[Native]:
    container.seek(0)
    form = _PACKED[dtype.str[1:]]
    context = stream.codec_context
    resampler = av.AudioResampler(format=form, layout=context.layout, rate=context.sample_rate)
    for frame in container.decode(stream):
        for piece in resampler.resample(frame):
            yield piece.to_ndarray().reshape(-1, context.layout.nb_channels)
    for piece in resampler.resample(None):
        yield piece.to_ndarray().reshape(-1, context.layout.nb_channels)


def _encode(
    old: av.audio.stream.AudioStream, target: Path, kind: Kind, form: SoundForm, blocks: Iterator[Native]
) -> None:
    options = _MUXER_OPTIONS.get(kind, {})
    copies = _VORBIS_CHANNELS // form.channels if form.codec == "vorbis" else 1
    layout = old.codec_context.layout.name if copies == 1 else "stereo"
    with target.open("w+b") as file, av.open(file, "w", format=_MUXERS[kind], options=options) as out:
        stream = out.add_stream(_ENCODERS[form.codec], rate=form.rate_hz, layout=layout)
        assert isinstance(stream, av.AudioStream)  # what the encoders above give
        context = stream.codec_context
        if form.codec == "vorbis":
            context.options = {"strict": "experimental"}
        if form.exact:
            planar = "p" if form.codec == "alac" else ""
            context.format = av.AudioFormat(f"{_PACKED[_number(old, exact=True)]}{planar}")
        else:
            context.bit_rate = _bit_rate(old, form)
        if kind is Kind.OGG:
            stream.metadata.update(old.metadata)
            out.metadata.update(old.container.metadata)
        position = 0
        for block in blocks:
            for frame in _frames(np.repeat(block, copies, axis=1), layout, form.rate_hz):
                frame.pts = position
                position += frame.samples
                out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _frames(block: Native, layout: str, rate_hz: int) -> Iterator[av.AudioFrame]:
    """Blocks of a second, so that a whole track isn't copied once more."""
    form = _PACKED[block.dtype.str[1:]]
    for start in range(0, len(block), rate_hz):
        packed = np.ascontiguousarray(block[start : start + rate_hz]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format=form, layout=layout)
        frame.sample_rate = rate_hz
        yield frame


def _bit_rate(old: av.audio.stream.AudioStream, form: SoundForm) -> int:
    container = old.container
    assert isinstance(container, av.container.InputContainer)  # it was opened for reading
    stated = old.codec_context.bit_rate or container.bit_rate
    rate = stated or _BIT_RATE_PER_CHANNEL * form.channels
    if form.codec == "vorbis":
        rate = round(rate * _VORBIS_SHARE)
    return min(max(rate, _BIT_RATES[0]), _BIT_RATES[1])


def _all_of(track: _Track) -> Native:
    blocks, values = [], 0
    for block in track.blocks():
        blocks.append(block)
        values += block.size
        if values > EDITED_VALUES:
            raise MarkingError(
                f"the sound has more than {EDITED_VALUES} samples, which is too long for this edit"
            )
    if not blocks:
        raise MarkingError("the file holds no sound")
    return np.concatenate(blocks)


def _merged(native: Native, sound: Sound) -> Native:
    """The file's own numbers where nothing was edited; floats hold 24 bits, and some files have more."""
    if len(sound) != len(native):
        return _from_float(sound, native.dtype)
    merged = _from_float(sound, native.dtype)
    np.copyto(merged, native, where=sound == _to_float(native))
    return merged


def _to_float(native: Native) -> Sound:
    if native.dtype.kind == "f":
        return native.astype(np.float32)
    if native.dtype.kind == "u":
        return ((native.astype(np.float32) - 128.0) / 128.0).astype(np.float32)
    return (native.astype(np.float64) / float(2 ** (8 * native.dtype.itemsize - 1))).astype(np.float32)


def _from_float(sound: Sound, dtype: np.dtype[np.generic]) -> Native:
    if dtype.kind == "f":
        return np.asarray(sound, dtype=dtype)
    if dtype.kind == "u":
        return np.asarray(np.clip(np.rint(sound * 128.0 + 128.0), 0, 255), dtype=np.uint8)
    full = float(2 ** (8 * dtype.itemsize - 1))
    return np.asarray(np.clip(np.rint(sound.astype(np.float64) * full), -full, full - 1), dtype=dtype)


def mono(sound: Sound) -> Samples:
    """Channels averaged: (n,) float32."""
    return np.asarray(sound.mean(axis=1), dtype=np.float32)
