"""A WAV file with other samples: every RIFF chunk but `data` stays byte by byte, and so do samples that no edit touched."""

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import MarkingError

Native = npt.NDArray[Any]  # (n, channels) in the file's own numbers; 24 bits in the upper bits of int32
BLOCK_SAMPLES = 65_536  # per channel, read at once
CHUNKS_LIMIT = 10_000  # of one file; broadcast files have some ten
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE  # wFormatTag, RFC 2361 and mmreg.h
_RIFF_LIMIT_BYTES = 2**32 - 2**16  # sizes are 32 bits; larger files are RF64


class WavForm(msgspec.Struct, frozen=True, kw_only=True):
    """How a WAV file's samples lie: rate in Hz, channels, bits a sample, floats or integers, and where in the file."""

    rate_hz: int
    channels: int
    bits: int
    floats: bool
    data_at: int  # first byte of the data chunk's header
    data_bytes: int

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The numbers that `Native` blocks hold."""
        if self.floats:
            return np.dtype(f"<f{self.bits // 8}")
        return np.dtype({8: "u1", 16: "<i2"}.get(self.bits, "<i4"))


def wav_form(file: BinaryIO) -> WavForm:
    """Read the header.

    Raises:
        MarkingError: the file is broken, larger than 4 GiB (RF64), or holds other samples than PCM.
    """
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise MarkingError(f"a WAV file that begins with `{head[:4].decode('latin-1')}` is not written anew")
    form: bytes | None = None
    for _ in range(CHUNKS_LIMIT):
        at, name_size = file.tell(), file.read(8)
        if len(name_size) < 8:
            break
        name, size = struct.unpack("<4sI", name_size)
        if name == b"fmt ":
            form = file.read(size)
        elif name == b"data":
            if form is None:
                raise MarkingError("the WAV file has its samples before their form")
            return _form(form, at, size)
        file.seek(at + 8 + size + (size & 1))
    raise MarkingError("the WAV file has no samples")


def wav_blocks(file: BinaryIO, form: WavForm) -> Iterator[Native]:
    """All samples, block by block."""
    frame = form.channels * form.bits // 8
    file.seek(form.data_at + 8)
    left = form.data_bytes - form.data_bytes % frame
    while left and (piece := file.read(min(left, BLOCK_SAMPLES * frame))):
        left -= len(piece)
        yield _numbers(piece[: len(piece) - len(piece) % frame], form)


def write_wav(source: BinaryIO, target: BinaryIO, form: WavForm, blocks: Iterator[Native]) -> None:
    """Copy the file with other samples.

    Raises:
        MarkingError: it would grow beyond 4 GiB.
    """
    source.seek(0)
    _copy(source, target, form.data_at)
    target.write(b"data\0\0\0\0")
    size = sum(target.write(_bytes(block, form)) for block in blocks)
    target.write(b"\0" * (size & 1))
    source.seek(0, 2)
    end = source.tell()
    rest = min(end, form.data_at + 8 + form.data_bytes + (form.data_bytes & 1))
    source.seek(4)
    (old_size,) = struct.unpack("<I", source.read(4))
    source.seek(rest)
    _copy(source, target, end - rest)
    grown = size + (size & 1) - (rest - form.data_at - 8)
    if old_size + grown > _RIFF_LIMIT_BYTES or target.tell() > _RIFF_LIMIT_BYTES:
        raise MarkingError("the WAV file would grow beyond 4 GiB")
    _put(target, 4, min(old_size, end - 8) + grown)
    _put(target, form.data_at + 4, size)


def _form(fmt: bytes, at: int, size: int) -> WavForm:
    if len(fmt) < 16:
        raise MarkingError("the WAV file's form is cut short")
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
    if tag == _EXTENSIBLE and len(fmt) >= 26:
        (tag,) = struct.unpack_from("<H", fmt, 24)
    fits = (tag == _PCM and bits in {8, 16, 24, 32}) or (tag == _FLOAT and bits in {32, 64})
    if not fits or not 0 < channels <= 64 or not 0 < rate <= 1_000_000:
        raise MarkingError(
            f"the WAV file holds samples of form {tag} with {bits} bits; PCM and floats are written"
        )
    return WavForm(
        rate_hz=rate, channels=channels, bits=bits, floats=tag == _FLOAT, data_at=at, data_bytes=size
    )


def _numbers(piece: bytes, form: WavForm) -> Native:
    if form.bits == 24:
        wide = np.zeros((len(piece) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(piece, dtype=np.uint8).reshape(-1, 3)
        return wide.view("<i4").reshape(-1, form.channels)
    return np.frombuffer(piece, dtype=form.dtype).reshape(-1, form.channels)


def _bytes(block: Native, form: WavForm) -> bytes:
    if form.bits == 24:
        wide = np.ascontiguousarray(block, dtype="<i4").reshape(-1, 1).view(np.uint8)
        return np.ascontiguousarray(wide[:, 1:]).tobytes()
    return np.ascontiguousarray(block, dtype=form.dtype).tobytes()


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size > 0 and (piece := source.read(min(size, 1 << 20))):
        target.write(piece)
        size -= len(piece)


def _put(target: BinaryIO, place: int, value: int) -> None:
    target.seek(place)
    target.write(struct.pack("<I", value))
    target.seek(0, 2)
