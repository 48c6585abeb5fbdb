"""Sound and video: duration and streams from the container's headers, without decoding."""

from typing import Any, BinaryIO

from brightline.core.subject import Blob, GapKind, Kind
from brightline.intake import boxes, sound_ends
from brightline.intake.draft import Draft
from brightline.media.demuxers import DEMUXERS

STREAMS = 64  # a broadcast file has some tens
PROBE_BYTES = 2 * 1024 * 1024  # that FFmpeg may read to find streams
PROBE_MICROSECONDS = 2_000_000
_SEGMENT = b"\x18\x53\x80\x67"
_EBML_BYTES = 1024  # an EBML header has under 100
_ISO = {Kind.M4A, Kind.MP4, Kind.MOV}
_RIFF = {Kind.WAV, Kind.AVI}
_SOUND_ENDS = {
    Kind.MP3: sound_ends.mp3_is_cut,
    Kind.FLAC: sound_ends.flac_is_cut,
    Kind.OGG: sound_ends.ogg_is_cut,
}


def read(blob: Blob, draft: Draft) -> None:
    """Note duration and streams; a recording cut short or over the limit leaves a gap."""
    with blob.open() as stream:
        if _is_cut(stream, blob.size, draft.kind):
            draft.gap(
                GapKind.MALFORMED,
                f"the {draft.kind} is shorter than its header says",
                f"{draft.kind} 文件不完整，比头部声明的长度短",
            )
    _probe(blob, draft)


def _probe(blob: Blob, draft: Draft) -> None:
    import av

    options = {
        "probesize": str(PROBE_BYTES),
        "analyzeduration": str(PROBE_MICROSECONDS),
        "protocol_whitelist": "",
    }
    with blob.open() as stream:
        try:
            container: Any = av.open(
                stream, format=DEMUXERS[draft.kind], options=options, metadata_errors="replace"
            )
        except av.error.FFmpegError as error:
            raise draft.malformed(
                f"the {draft.kind} has no readable header", f"{draft.kind} 文件头部无法读取"
            ) from error
        with container:
            seconds = container.duration / av.time_base if container.duration else 0.0
            _note(container, max(0.0, seconds), draft)


def _note(container: Any, seconds: float, draft: Draft) -> None:
    draft.header("duration", f"{seconds:.3f}")
    for stream in list(container.streams)[:STREAMS]:
        codec = stream.codec_context.name if stream.codec_context else "unknown"
        size = f" {stream.width}x{stream.height}" if stream.type == "video" else ""
        draft.header(f"stream.{stream.type}", f"{codec}{size}")
    limit = draft.budget.limits.media_seconds
    if seconds > limit:
        draft.gap(
            GapKind.LIMIT,
            f"{seconds:.0f} seconds long, more than {limit:g}; the rest is not decoded",
            f"时长 {seconds:.0f} 秒，超过 {limit:g} 秒，其余不解码",
        )


def _is_cut(stream: BinaryIO, size: int, kind: Kind) -> bool:
    if kind in _ISO:
        return boxes.is_cut(stream, size)
    if kind in _RIFF:
        head = stream.read(8)
        declared = int.from_bytes(head[4:8], "big" if head[:4] == b"RIFX" else "little")
        return head[:4] != b"RF64" and declared not in {0, 0xFFFFFFFF} and declared + 8 > size + 1
    ends = _SOUND_ENDS.get(kind)
    if ends is not None:
        return ends(stream, size)
    if kind is Kind.MATROSKA:
        return _segment_end(stream.read(_EBML_BYTES)) > size
    return kind is Kind.FLV and _flv_is_cut(stream, size)


def _segment_end(head: bytes) -> int:
    """Where a Matroska's segment ends by its own word (RFC 8794 4), 0 where it does not say or does not follow."""
    header_end = _element_end(head, 0, 4)
    return _element_end(head, header_end, 4) if head[header_end : header_end + 4] == _SEGMENT else 0


def _element_end(head: bytes, start: int, id_bytes: int) -> int:
    at = start + id_bytes
    width = 9 - head[at].bit_length() if at < len(head) else 9
    if width > 8 or at + width > len(head):
        return 0
    length = int.from_bytes(head[at : at + width], "big") & ((1 << 7 * width) - 1)
    return 0 if length == (1 << 7 * width) - 1 else at + width + length  # all ones: live, of unknown length


def _flv_is_cut(stream: BinaryIO, size: int) -> bool:
    """Each FLV tag is followed by its own size (FLV 10.1, E.3); the last one is not, where the file was cut."""
    stream.seek(max(0, size - 4))
    length = int.from_bytes(stream.read(4), "big")
    stream.seek(max(0, size - 4 - length))
    tag = stream.read(4)
    return not 11 <= length <= size - 13 or int.from_bytes(tag[1:4], "big") + 11 != length
