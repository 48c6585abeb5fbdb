"""MP4, MOV and M4A files for tests: real ones that FFmpeg writes in memory, and skeletons written box by box.

The walker and the finder of offsets here are written from ISO/IEC 14496-12 on their own, so that a misunderstanding
in `brightline.carriers` cannot hide in both.
"""

import functools
import io
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from marks import box

CONTAINERS = {
    b"moov",
    b"trak",
    b"mdia",
    b"minf",
    b"stbl",
    b"dinf",
    b"udta",
    b"moof",
    b"traf",
    b"mfra",
    b"mvex",
    b"edts",
}
FORMS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "mp4": ("mp4", {}, {}),
    "faststart": ("mp4", {"movflags": "faststart"}, {}),
    "itunes": ("mp4", {"movflags": "faststart"}, {"title": "Sea", "artist": "Example"}),
    "keys": ("mp4", {"movflags": "faststart+use_metadata_tags"}, {"title": "Sea", "com.example.id": "7"}),
    "reserved": ("mp4", {"moov_size": "20000"}, {"title": "Sea"}),
    "fragments": ("mp4", {"movflags": "frag_keyframe+empty_moov"}, {}),
    "default-base": ("mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}, {"title": "Sea"}),
    "indexed": ("mp4", {"movflags": "dash+global_sidx+frag_keyframe"}, {}),
    "mov": ("mov", {"movflags": "faststart"}, {"title": "Sea"}),
    "mov-keys": ("mov", {"movflags": "faststart+use_metadata_tags"}, {"title": "Sea"}),
    "m4a": ("ipod", {"movflags": "faststart"}, {"title": "Sea"}),
}


@functools.cache
def film(form: str) -> bytes:
    """Half a second of colours and a tone (only the tone in an M4A) in one of `FORMS`."""
    container, options, tags = FORMS[form]
    with tempfile.TemporaryDirectory() as folder:  # `faststart` opens its file a second time
        path = Path(folder) / "film"
        _record(path, container, options, tags)
        return path.read_bytes()


def _record(path: Path, container: str, options: dict[str, str], tags: dict[str, str]) -> None:
    with av.open(str(path), "w", format=container, options=options) as output:
        output.metadata.update(tags)
        video = None
        if container != "ipod":
            video = output.add_stream("mpeg4", rate=10, options={"g": "2"})
            video.width, video.height, video.pix_fmt = 48, 32, "yuv420p"
        sound = output.add_stream("aac", rate=8000, layout="mono")
        for number in range(5):
            if video is not None:
                picture = np.full((32, 48, 3), 40 * number, np.uint8)
                output.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            tone = np.sin(np.arange(800) * 0.3 + number).astype(np.float32)[None, :]
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate = 8000
            output.mux(sound.encode(frame))
        for track in (video, sound):
            if track is not None:
                output.mux(track.encode(None))


def decoded(data: bytes) -> list[tuple[str, int | None, bytes]]:
    """Every frame: kind of track, time, samples."""
    with av.open(io.BytesIO(data)) as container:
        return [
            (packet.stream.type, frame.pts, frame.to_ndarray().tobytes())
            for packet in container.demux()
            for frame in packet.decode()
        ]


class Leaf(NamedTuple):
    """A box that holds no others: its path, where its content lies, and the content."""

    path: tuple[bytes, ...]
    start: int
    content: bytes


def leaves(
    data: bytes, start: int = 0, stop: int | None = None, path: tuple[bytes, ...] = ()
) -> Iterator[Leaf]:
    """All leaves in file order; a `meta` box counts as one."""
    stop = len(data) if stop is None else stop
    while start + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        end = start + size if size else stop
        if kind in CONTAINERS:
            yield from leaves(data, start + head, end, (*path, kind))
        else:
            yield Leaf((*path, kind), start + head, data[start + head : end])
        start = end


def offsets(data: bytes) -> list[int]:
    """Every offset from the file's start in tables of chunks and fragments, in file order."""
    found: list[int] = []
    for leaf in leaves(data):
        kind, content = leaf.path[-1], leaf.content
        if kind == b"stco":
            found += struct.unpack_from(f">{struct.unpack_from('>I', content, 4)[0]}I", content, 8)
        elif kind == b"co64":
            found += struct.unpack_from(f">{struct.unpack_from('>I', content, 4)[0]}Q", content, 8)
        elif kind == b"saio" and b"moov" in leaf.path:
            at, width = (16 if content[3] & 1 else 8), ("Q" if content[0] else "I")
            found += struct.unpack_from(
                f">{struct.unpack_from('>I', content, at - 4)[0]}{width}", content, at
            )
        elif kind == b"tfhd" and content[3] & 1:
            found += struct.unpack_from(">Q", content, 8)
        elif kind == b"tfra":
            wide, (lengths, count) = bool(content[0]), struct.unpack_from(">II", content, 8)
            entry = 8 + 8 * wide + 3 + (lengths & 3) + (lengths >> 2 & 3) + (lengths >> 4 & 3)
            layout, at = (">Q", 8) if wide else (">I", 4)
            found += [struct.unpack_from(layout, content, 16 + entry * n + at)[0] for n in range(count)]
        elif kind == b"meta":
            found += item_offsets(leaf)
    return found


def item_offsets(meta: Leaf) -> list[int]:
    """Offsets of one-extent items of construction method 0, fields as wide as `iloc` says."""
    content = meta.content[0 if meta.content[4:8] == b"hdlr" else 4 :]
    found: list[int] = []
    for leaf in leaves(content):
        if leaf.path != (b"iloc",):
            continue
        body, version = leaf.content, leaf.content[0]
        widths = body[4] >> 4, body[4] & 15, body[5] >> 4, (body[5] & 15 if version else 0)
        at = 6
        wide = 4 if version == 2 else 2

        def take(width: int, body: bytes = body) -> int:
            nonlocal at
            at += width
            return int.from_bytes(body[at - width : at], "big")

        for _ in range(take(wide)):
            take(wide)
            method = take(2) if version else 0
            take(2)
            base = take(widths[2])
            for _ in range(take(2)):
                take(widths[3])
                offset = take(widths[0])
                take(widths[1])
                found += [base + offset] if method == 0 else []
    return found


def with_movie_boxes(data: bytes, *added: bytes) -> bytes:
    """The same file with boxes at the end of its `moov`, which is the last box, so that nothing moves."""
    at = data.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", data, at)
    assert at + size == len(data), "`moov` is not the last box"
    more = b"".join(added)
    return data[:at] + struct.pack(">I", size + len(more)) + data[at + 4 :] + more


def without_tags(data: bytes) -> bytes:
    """A film that ends with `moov`, without the `udta` that FFmpeg puts at its end."""
    at, user = data.index(b"moov") - 4, data.index(b"udta") - 4
    assert user + struct.unpack_from(">I", data, user)[0] == len(data)
    return data[:at] + struct.pack(">I", user - at) + data[at + 4 : user]


def big_box(kind: bytes, content: bytes) -> bytes:
    """A box with a 64-bit size."""
    return struct.pack(">I4sQ", 1, kind, len(content) + 16) + content


def endless_box(kind: bytes, content: bytes) -> bytes:
    """A last box that reaches to the file's end without a size."""
    return struct.pack(">I4s", 0, kind) + content


def table(kind: bytes, places: list[int], *, wide: bool = False) -> bytes:
    """`stco` or `co64`, or `saio` of version 0 or 1."""
    body = struct.pack(f">I{len(places)}{'Q' if wide else 'I'}", len(places), *places)
    version = 1 if kind == b"saio" and wide else 0
    return box(kind, struct.pack(">I", version << 24), body)


def track(*tables: bytes, flags: int = 1) -> bytes:
    """A `trak` box around tables of offsets; without flag 1 its samples lie in another file."""
    reference = box(b"dref", struct.pack(">II", 0, 1), box(b"url ", struct.pack(">I", flags)))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"dinf", reference), box(b"stbl", *tables))))
