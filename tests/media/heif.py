"""A HEIC picture, box by box (ISO/IEC 23008-12), around one HEVC frame that FFmpeg encodes."""

import io
import struct

import av
import numpy as np
from PIL import Image


def heic(image: Image.Image, quarter_turns: int = 0) -> bytes:
    """Encode a picture of even sides; it is to be shown turned anticlockwise by `quarter_turns`."""
    configuration, frame = _hevc(image)
    properties = _box(b"hvcC", configuration) + _full(b"ispe", struct.pack(">II", *image.size))
    properties += _box(b"irot", bytes([quarter_turns]))
    links = _full(b"ipma", struct.pack(">IHBBBB", 1, 1, 3, 0x81, 2, 0x83))
    boxes = [
        _full(b"hdlr", struct.pack(">I4s12x", 0, b"pict") + b"\0"),
        _full(b"pitm", struct.pack(">H", 1)),
        _full(
            b"iinf",
            struct.pack(">H", 1) + _full(b"infe", struct.pack(">HH4s", 1, 0, b"hvc1") + b"\0", version=2),
        ),
        _box(b"iprp", _box(b"ipco", properties) + links),
    ]
    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    place = struct.pack(
        ">BBHHHH", 0x44, 0, 1, 1, 0, 1
    )  # offset and length of four bytes, one item, one extent
    size = len(head) + len(_full(b"meta", b"".join(boxes) + _full(b"iloc", place + bytes(8)))) + 8
    boxes.append(_full(b"iloc", place + struct.pack(">II", size, len(frame))))
    return head + _full(b"meta", b"".join(boxes)) + _box(b"mdat", frame)


def _hevc(image: Image.Image) -> tuple[bytes, bytes]:
    """The decoder configuration record and the one frame, as MP4 holds them."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream(
            "libx265", rate=1, options={"x265-params": "log-level=none:keyint=1:lossless=1"}
        )
        track.width, track.height, track.pix_fmt = image.width, image.height, "yuv420p"
        container.mux(
            track.encode(av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24"))
        )
        container.mux(track.encode(None))
    data = stream.getvalue()
    at = data.index(b"hvcC")
    configuration = data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at])]
    with av.open(io.BytesIO(data)) as container:
        packet = next(packet for packet in container.demux() if packet.size)
        return configuration, bytes(packet)


def _box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + name + data


def _full(name: bytes, data: bytes, version: int = 0) -> bytes:
    return _box(name, struct.pack(">I", version << 24) + data)
