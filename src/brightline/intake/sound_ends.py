"""Whether a sound file ends where its own numbers say: MP3, FLAC and Ogg have no end marker that a cut would miss."""

import struct
from typing import BinaryIO

ID3_BYTES = 10
XING_SLACK_BYTES = 512  # some encoders count a tag that others strip
FLAC_HEADER_BYTES = 64 * 1024  # where `fLaC` is looked for: behind an ID3 tag with a small cover
FLAC_FRAME_BYTES = 1024 * 1024  # where the header does not say how large a frame may be
FLAC_FRAME_LIMIT_BYTES = 2 * 1024 * 1024  # 65,535 samples of 8 channels of 32 bits
FLAC_SYNC_LIMIT = 50_000  # places that may begin a frame; noise has 32 in a mebibyte
OGG_PAGE_BYTES = 65_307  # the largest page: 27 + 255 + 255 * 255 (RFC 3533 6)


def mp3_is_cut(stream: BinaryIO, size: int) -> bool:
    """Whether fewer bytes follow than the `Xing` or `Info` frame counts; False where there is no such frame."""
    head = stream.read(ID3_BYTES)
    start = 0
    if head.startswith(b"ID3") and len(head) == ID3_BYTES:
        start = ID3_BYTES + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)
        )
    stream.seek(start)
    frame = stream.read(64)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or frame[:1] != b"\xff" or at + 16 > len(frame):
        return False
    flags, first, second = struct.unpack_from(">III", frame, at + 4)
    counted = (second if flags & 1 else first) if flags & 2 else 0
    return start + int(counted) > size + XING_SLACK_BYTES


def flac_is_cut(stream: BinaryIO, size: int) -> bool:
    """Whether no frame at the end is the last by the header's number of samples (RFC 9639 8.2 and 9.1)."""
    head = stream.read(FLAC_HEADER_BYTES)
    at = head.find(b"fLaC")
    if at < 0 or at + 42 > len(head):
        return False
    info = head[at + 8 : at + 42]
    total = int.from_bytes(info[13:18], "big") & ((1 << 36) - 1)
    if total == 0:
        return False
    largest = int.from_bytes(info[7:10], "big") or FLAC_FRAME_BYTES
    reach = min(size, largest + FLAC_HEADER_BYTES, FLAC_FRAME_LIMIT_BYTES)
    stream.seek(size - reach)
    tail, block = stream.read(reach), int.from_bytes(info[0:2], "big")
    ends = _frame_ends(tail, block)
    return total not in ends and (bool(ends) or reach == size)


def ogg_is_cut(stream: BinaryIO, size: int) -> bool:
    """Whether the last page reaches beyond the end of the file (RFC 3533 6)."""
    reach = min(size, 2 * OGG_PAGE_BYTES)
    stream.seek(size - reach)
    tail = stream.read(reach)
    at = tail.rfind(b"OggS\x00")
    if at < 0:
        return False
    if at + 27 > len(tail) or at + 27 + tail[at + 26] > len(tail):
        return True
    laces = tail[at + 27 : at + 27 + tail[at + 26]]
    return at + 27 + len(laces) + sum(laces) > len(tail)


def _frame_ends(tail: bytes, block: int) -> set[int]:
    """One past the last sample of every FLAC frame whose header is whole and checks."""
    ends: set[int] = set()
    for sync in (b"\xff\xf8", b"\xff\xf9"):
        at = tail.find(sync)
        for _ in range(FLAC_SYNC_LIMIT):
            if at < 0:
                break
            end = _frame_end(tail[at : at + 16].ljust(16, b"\0"), block)  # a frame of silence is shorter
            if end:
                ends.add(end)
            at = tail.find(sync, at + 1)
    return ends


def _frame_end(header: bytes, block: int) -> int:
    """One past the last sample of the frame with this header, 0 if it is none."""
    if header[3] & 1:
        return 0
    size_code, rate_code = header[2] >> 4, header[2] & 15
    extra = 8 - (header[4] ^ 0xFF).bit_length() if header[4] >= 0x80 else 1  # bytes of the UTF-8-like number
    if extra == 0 or size_code == 0 or extra > 7:
        return 0
    number = header[4] & (0xFF >> (extra + 1)) if extra > 1 else header[4]
    for byte in header[5 : 4 + extra]:
        number = number << 6 | (byte & 0x3F)
    at = 4 + extra
    width = {6: 1, 7: 2}.get(size_code, 0)
    samples = _block_samples(size_code, header[at : at + width])
    at += width + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if at >= len(header) or _crc8(header[:at]) != header[at]:
        return 0
    return (number if header[1] & 1 else number * block) + samples


def _block_samples(code: int, stored: bytes) -> int:
    if stored:
        return int.from_bytes(stored, "big") + 1
    if code == 1:
        return 192
    return int(576 << (code - 2)) if code <= 5 else int(256 << (code - 8))


def _crc8(data: bytes) -> int:
    """CRC-8 with polynomial x^8 + x^2 + x + 1 (RFC 9639 9.1.8)."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value
