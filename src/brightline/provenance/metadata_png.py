"""PNG text chunks, before and behind the pixels, without decoding any.

Source: PNG (W3C, third edition) 11.3.3 tEXt, zTXt, iTXt and 11.3.5 eXIf; XMP Part 3, 1.1.5.
"""

import zlib
from collections.abc import Iterator

import msgspec

from brightline.core.errors import DetectorError
from brightline.provenance.metadata_image import read_exif, read_iim
from brightline.provenance.metadata_xmp import read_xmp
from brightline.provenance.property import VALUE_LIMIT, Property

CHUNK_LIMIT = 200_000  # chunks of one file; 8 kB of pixels each make 1.6 GB
_SIGNATURE_BYTES = 8
_FRAME_BYTES = 12  # length, type, checksum
_XMP_KEYWORD = "XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "
_EXIF_HEADER = b"Exif\0\0"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"


class _Text(msgspec.Struct, frozen=True):
    keyword: str
    value: bytes


def read_png(data: memoryview) -> Iterator[Property]:
    """Properties of `tEXt`, `zTXt`, `iTXt` and `eXIf` chunks.

    Raises:
        DetectorError: the file ends inside a chunk, or a chunk's text does not unpack within the limit.
    """
    position = _SIGNATURE_BYTES
    for _ in range(CHUNK_LIMIT):
        if position + _FRAME_BYTES > len(data):
            raise DetectorError(f"PNG ends at byte {position} without an IEND chunk")
        length = int.from_bytes(data[position : position + 4], "big")
        kind = bytes(data[position + 4 : position + 8])
        start = position + 8
        if kind == b"IEND":
            return
        if start + length + 4 > len(data):
            raise DetectorError(
                f"PNG chunk at byte {position} is {length} bytes long and ends outside the file"
            )
        yield from _read_chunk(kind, data[start : start + length])
        position = start + length + 4
    raise DetectorError(f"PNG has more than {CHUNK_LIMIT} chunks; the rest was not read")


def _read_chunk(kind: bytes, body: memoryview) -> Iterator[Property]:
    if kind == b"eXIf":
        yield from read_exif(bytes(body))
    elif kind in _READERS:
        if len(body) > VALUE_LIMIT:
            raise DetectorError(f"PNG text chunk has {len(body)} bytes, the limit is {VALUE_LIMIT}")
        text = _READERS[kind](bytes(body))
        if text.keyword == _XMP_KEYWORD:
            yield from read_xmp(text.value)
        elif text.keyword.startswith(_RAW_PROFILE):
            yield from _read_profile(text.keyword.removeprefix(_RAW_PROFILE), text.value)
        else:
            yield Property(f"png.{text.keyword}", decode(text.value))


def _read_profile(name: str, value: bytes) -> Iterator[Property]:
    """Metadata that ImageMagick and ExifTool put into text: a name, a length, hexadecimal digits."""
    lines = value.strip().split(b"\n", 2)
    try:
        block = bytes.fromhex(lines[2].decode("ascii")) if len(lines) == 3 else b""
    except ValueError as error:
        raise DetectorError(f"PNG raw profile `{name[:16]}` is no hexadecimal text") from error
    if name in {"iptc", "8bim"}:
        yield from read_iim(block)
    elif block.startswith(_EXIF_HEADER):
        yield from read_exif(block)
    elif name in {"xmp", "APP1"}:
        yield from read_xmp(block.removeprefix(_XMP_HEADER))


def decode(data: bytes) -> str:
    """Text of a chunk: UTF-8, which many tools write everywhere, or else Latin-1, which the standard asks of tEXt."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _plain(body: bytes) -> _Text:
    keyword, _, value = body.partition(b"\0")
    return _Text(keyword.decode("latin-1"), value)


def _packed(body: bytes) -> _Text:
    keyword, _, rest = body.partition(b"\0")
    return _Text(keyword.decode("latin-1"), _unpack(rest[1:]))


def _international(body: bytes) -> _Text:
    keyword, _, rest = body.partition(b"\0")
    is_packed, rest = rest[:1] == b"\1", rest[2:]
    _, _, rest = rest.partition(b"\0")  # language
    _, _, value = rest.partition(b"\0")  # translated keyword
    return _Text(keyword.decode("latin-1"), _unpack(value) if is_packed else value)


def _unpack(data: bytes) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        value = unpacker.decompress(data, VALUE_LIMIT)
    except zlib.error as error:
        raise DetectorError(f"PNG text chunk does not unpack: {error}") from error
    if unpacker.unconsumed_tail:
        raise DetectorError(f"PNG text chunk unpacks to more than {VALUE_LIMIT} bytes")
    return value


_READERS = {b"tEXt": _plain, b"zTXt": _packed, b"iTXt": _international}
