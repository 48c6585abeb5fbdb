"""Sound and video files with tags of our own, byte by byte, independent of the readers in `brightline.carriers`.

They hold hardly any sound: what matters is the structure around it. `marks.py` lists them; `recordings.py` has whole
recordings from FFmpeg's encoders.
"""

import struct

SOUND = b"\xff\xfb\x90\x64" + bytes(413)  # one frame of MPEG 1 layer III, 128 kbit/s, 44.1 kHz


# MP3


def synchsafe(value: int, digits: int = 4) -> bytes:
    """Seven bits a byte."""
    return bytes((value >> (7 * (digits - 1 - place))) & 127 for place in range(digits))


def id3_frame(name: bytes, content: bytes, *, version: int = 4, flags: bytes = b"\x00\x00") -> bytes:
    """One ID3v2 frame."""
    if version == 2:
        return name[:3] + struct.pack(">I", len(content))[1:] + content
    size = synchsafe(len(content)) if version == 4 else struct.pack(">I", len(content))
    return name + size + flags + content


def txxx(value: str, *, key: str = "AIGC", version: int = 4, encoding: str = "latin-1") -> bytes:
    """A `TXXX` frame (`TXX` in version 2)."""
    code = {"latin-1": 0, "utf-16": 1, "utf-16-be": 2, "utf-8": 3}[encoding]
    end = b"\x00\x00" if code in {1, 2} else b"\x00"
    return id3_frame(
        b"TXXX", bytes([code]) + key.encode(encoding) + end + value.encode(encoding), version=version
    )


def id3(*frames: bytes, version: int = 4, padding: int = 0, flags: int = 0, extended: bytes = b"") -> bytes:
    """A tag; a footer where the flags ask for one."""
    body = extended + b"".join(frames) + bytes(padding)
    head = bytes([version, 0, flags]) + synchsafe(len(body))
    return b"ID3" + head + body + (b"3DI" + head if flags & 0x10 else b"")


def ape(*items: tuple[str, bytes]) -> bytes:
    """An APEv2 tag with header and footer."""
    body = b"".join(
        struct.pack("<II", len(value), 0) + key.encode() + b"\x00" + value for key, value in items
    )
    counts = struct.pack("<III", 2000, len(body) + 32, len(items))
    head = b"APETAGEX" + counts + struct.pack("<I", 0xA0000000) + bytes(8)
    return head + body + b"APETAGEX" + counts + struct.pack("<I", 0x80000000) + bytes(8)


def mp3(*frames: bytes, version: int = 4, behind: bytes = b"") -> bytes:
    """One frame of silence with a tag in front, if there are frames for it."""
    return (id3(*frames, version=version) if frames else b"") + SOUND + behind


# FLAC and Ogg


def comments(*each: str) -> bytes:
    """A block of Vorbis comments."""
    packed = b"".join(struct.pack("<I", len(one.encode())) + one.encode() for one in each)
    return struct.pack("<I", 4) + b"test" + struct.pack("<I", len(each)) + packed


def flac_block(kind: int, content: bytes, *, last: bool = False) -> bytes:
    """One metadata block."""
    return bytes([kind | 128 * last]) + struct.pack(">I", len(content))[1:] + content


def flac(*each: str, padding: int = -1, front: bytes = b"", behind: bytes = b"") -> bytes:
    """A FLAC of unknown length without sound: STREAMINFO, comments, and padding where asked for."""
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + (16000 << 44 | 15 << 36).to_bytes(8, "big") + bytes(16)
    blocks = flac_block(0, info) + flac_block(4, comments(*each), last=padding < 0)
    blocks += flac_block(1, bytes(padding), last=True) if padding >= 0 else b""
    return front + b"fLaC" + blocks + behind


def ogg_checksum(data: bytes) -> int:
    """Bit by bit, as RFC 3533 describes it."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def ogg_page(content: bytes, *, number: int, flags: int = 0, serial: int = 7) -> bytes:
    """One page with one whole packet of less than 64 KiB."""
    lacing = bytes([255] * (len(content) // 255) + [len(content) % 255])
    head = b"OggS" + struct.pack("<BBqII", 0, flags, 0, serial, number)
    tail = bytes([len(lacing)]) + lacing + content
    return head + struct.pack("<I", ogg_checksum(head + bytes(4) + tail)) + tail


def ogg(*each: str, serial: int = 7, behind: bytes = b"") -> bytes:
    """An Opus stream of one empty packet."""
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48000, 0, 0)
    pages = (head, b"OpusTags" + comments(*each), b"\xf8")
    made = zip(pages, (2, 0, 4), strict=True)
    return (
        b"".join(ogg_page(one, number=n, flags=f, serial=serial) for n, (one, f) in enumerate(made)) + behind
    )


# Matroska


def ebml(kind: str, *content: bytes | str, width: int = 4) -> bytes:
    """One element, its id in hexadecimal digits; the size takes `width` bytes, 0 leaves it open."""
    body = b"".join(one.encode() if isinstance(one, str) else one for one in content)
    size = (len(body) | 1 << 7 * width).to_bytes(width, "big") if width else b"\x01" + b"\xff" * 7
    return bytes.fromhex(kind) + size + body


def simple_tag(value: str, *inside: bytes, key: str = "AIGC", kind: str = "4487") -> bytes:
    """A `SimpleTag` with a name and a string."""
    return ebml("67C8", ebml("45A3", key), ebml(kind, value), *inside)


def mkv_tags(*simple: bytes) -> bytes:
    """`Tags` with one `Tag`."""
    return ebml("1254C367", ebml("7373", ebml("63C0"), *simple))


def mkv(*inside: bytes, live: bool = False, behind: bytes = b"") -> bytes:
    """A Matroska file of one empty cluster; a live one has no sizes."""
    head = ebml("1A45DFA3", ebml("4282", "matroska"))
    info = ebml("1549A966", ebml("4D80", "test"), ebml("5741", "test"))
    width = 0 if live else 8
    cluster = ebml("1F43B675", ebml("E7", b"\x00"), ebml("A3", bytes(100)), width=width)
    return head + ebml("18538067", info, cluster, *inside, width=width) + behind


# FLV


def amf_string(value: str) -> bytes:
    """A string with its marker."""
    return b"\x02" + struct.pack(">H", len(value.encode())) + value.encode()


def amf_members(**values: bytes) -> bytes:
    """Keys and values, and the end of them."""
    packed = b"".join(struct.pack(">H", len(key)) + key.encode() + value for key, value in values.items())
    return packed + b"\x00\x00\x09"


def flv_tag(kind: int, content: bytes) -> bytes:
    """A tag and its size."""
    return (
        bytes([kind])
        + struct.pack(">I", len(content))[1:]
        + bytes(7)
        + content
        + struct.pack(">I", len(content) + 11)
    )


def flv_script(name: str = "onMetaData", **values: bytes) -> bytes:
    """A script that sets `name` to an ECMA array."""
    return flv_tag(18, amf_string(name) + b"\x08" + struct.pack(">I", len(values)) + amf_members(**values))


def flv(*tags: bytes, behind: bytes = b"") -> bytes:
    """An FLV of these tags."""
    return b"FLV\x01\x05" + struct.pack(">I", 9) + bytes(4) + b"".join(tags) + behind
