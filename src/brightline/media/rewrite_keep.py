"""What a picture file holds besides pixels goes into the newly encoded file, byte by byte and in its old order."""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
_PNG_OF_COLOUR = {b"bKGD", b"sBIT", b"hIST"}  # written in the units of the old colour type
_PNG_DROPPED = {b"iDOT"}  # Apple's offsets into the old IDAT, meaningless afterwards
_PNG_BEFORE_PIXELS = {b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"hIST", b"pHYs",
                      b"sPLT", b"eXIf"}  # fmt: skip
_WEBP_PIXELS = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
_WEBP_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_AVIF_CODED = {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip"}
PIECES_LIMIT = 200_000  # segments, chunks or blocks of one file; a GIF of an hour has some ten thousand


class Piece(msgspec.Struct, frozen=True):
    """One segment, chunk or block: its name, the bytes of all of it, and where its content begins in them."""

    name: bytes
    whole: bytes
    start: int = 0

    @property
    def content(self) -> bytes:
        """What it holds, without name, size and padding."""
        return self.whole[self.start :]


def keep_others(old: bytes, new: bytes, kind: Kind) -> bytes:
    """The new file's pixels with the old file's everything else.

    Raises:
        MarkingError: the old file's structure is broken.
    """
    try:
        match kind:
            case Kind.PNG:
                return _keep_png(old, new)
            case Kind.JPEG:
                return _keep_jpeg(old, new)
            case Kind.WEBP:
                return _keep_webp(old, new)
            case Kind.GIF:
                return _keep_gif(old, new)
            case Kind.AVIF:
                return _keep_avif(old, new)
            case _:
                raise MarkingError(f"`{kind}` is no picture that we write")
    except (struct.error, IndexError) as error:
        raise MarkingError(f"the {kind} file ends in the middle of its structure") from error


def refuse_unkept(data: bytes, kind: Kind) -> None:
    """Refuse what would not survive: deep colour, several pictures in one JPEG, print colours.

    Raises:
        MarkingError: with the reason.
    """
    if kind is Kind.PNG and len(data) > 25 and data[24] == 16:
        raise MarkingError(
            "the PNG has 16 bits a channel, which would be cut to 8; convert it to 8 bits first"
        )
    if kind is Kind.JPEG:
        try:
            pieces = list(_jpeg_pieces(data))
        except (struct.error, IndexError) as error:
            raise MarkingError("the JPEG ends in the middle of its structure") from error
        if any(piece.name == b"\xe2" and piece.content.startswith(b"MPF\0") for piece in pieces):
            raise MarkingError(
                "the JPEG holds several pictures (MPF), of which only one would be marked; save it as a single one first"
            )


def _keep_png(old: bytes, new: bytes) -> bytes:
    before, after = list(_png_pieces(old)), list(_png_pieces(new))
    same_colour = old[25] == new[25]
    kept = [piece for piece in before if piece.name not in _PNG_PIXELS | _PNG_DROPPED]
    kept = [piece for piece in kept if same_colour or piece.name not in _PNG_OF_COLOUR]
    pixels_at = next((index for index, piece in enumerate(before) if piece.name == b"IDAT"), len(before))
    early = {id(piece) for piece in before[:pixels_at]}
    out = [_PNG_START, after[0].whole]
    out += [piece.whole for piece in kept if piece.name in _PNG_BEFORE_PIXELS]
    out += [piece.whole for piece in after[1:] if piece.name in {b"PLTE", b"tRNS"}]
    rest = [piece for piece in kept if piece.name not in _PNG_BEFORE_PIXELS]
    out += [piece.whole for piece in rest if id(piece) in early and piece.name]
    out += [p.whole for p in after if p.name in {b"acTL", b"fcTL", b"IDAT", b"fdAT"}]
    out += [piece.whole for piece in rest if id(piece) not in early and piece.name]
    out += [piece.whole for piece in after if piece.name == b"IEND"]
    return b"".join([*out, *(piece.whole for piece in before if not piece.name)])


def _png_pieces(data: bytes) -> Iterator[Piece]:
    """Chunks in order; what follows IEND comes last, without a name."""
    position = len(_PNG_START)
    for _ in range(PIECES_LIMIT):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise MarkingError("a PNG chunk goes beyond the end of the file")
        if zlib.crc32(data[position + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise MarkingError(f"the PNG chunk `{name.decode('latin-1')}` has a wrong checksum")
        yield Piece(name, data[position:end], 8)
        position = end
        if name == b"IEND":
            yield Piece(b"", data[position:])
            return
    raise MarkingError(f"the PNG has more than {PIECES_LIMIT} chunks")


def _keep_jpeg(old: bytes, new: bytes) -> bytes:
    before, after = list(_jpeg_pieces(old)), list(_jpeg_pieces(new))
    kept = [p for p in before if 0xE0 <= p.name[0] <= 0xEF or p.name == b"\xfe"]
    # Adobe's marker tells how colours are coded, and we write YCbCr: only the one that says so may stay.
    kept = [p for p in kept if not (p.name == b"\xee" and p.content[:5] == b"Adobe" and p.whole[-1] != 1)]
    if all(piece.name != b"\xe0" for piece in kept) and all(piece.name != b"\xee" for piece in kept):
        kept = [*(piece for piece in after if piece.name == b"\xe0"), *kept]
    coded = [p for p in after if not (0xE0 <= p.name[0] <= 0xEF or p.name in {b"\xfe", b"\xda"})]
    scans = next(piece for piece in after if piece.name == b"\xda")
    trailing = _after_jpeg(next(piece for piece in before if piece.name == b"\xda").whole)
    return b"".join([b"\xff\xd8", *(piece.whole for piece in [*kept, *coded]), scans.whole, trailing])


def _jpeg_pieces(data: bytes) -> Iterator[Piece]:
    """Segments up to the first scan; that last piece goes to the end of the file."""
    position = 2
    for _ in range(PIECES_LIMIT):
        if data[position] != 0xFF:
            raise MarkingError(f"a JPEG segment was expected at byte {position}")
        while data[position + 1] == 0xFF:  # fill bytes, ISO/IEC 10918-1 B.1.1.2
            position += 1
        name = data[position + 1 : position + 2]
        if name == b"\xda":
            yield Piece(name, data[position:], 4)
            return
        (length,) = struct.unpack_from(">H", data, position + 2)
        if length < 2 or position + 2 + length > len(data):
            raise MarkingError(f"a JPEG segment at byte {position} goes beyond the end of the file")
        yield Piece(name, data[position : position + 2 + length], 4)
        position += 2 + length
    raise MarkingError(f"the JPEG has more than {PIECES_LIMIT} segments")


def _after_jpeg(scans: bytes) -> bytes:
    """What follows the end-of-image marker; `scans` begins at the first SOS."""
    position = 2
    while (position := scans.find(b"\xff", position)) >= 0 and position + 1 < len(scans):
        marker = scans[position + 1]
        if marker == 0xD9:
            return scans[position + 2 :]
        if marker in {0x00, 0xFF} or 0xD0 <= marker <= 0xD7:
            position += 1 if marker == 0xFF else 2
            continue
        position += 2 + struct.unpack_from(">H", scans, position + 2)[0]  # tables between progressive scans
    return b""


def _keep_webp(old: bytes, new: bytes) -> bytes:
    before, after = list(_riff_pieces(old)), list(_riff_pieces(new))
    kept = [piece for piece in before if piece.name not in _WEBP_PIXELS]
    flags = sum({_WEBP_FLAGS.get(piece.name, 0) for piece in kept if piece.name})
    pixels = [piece for piece in after if piece.name in _WEBP_PIXELS - {b"VP8X"}]
    # Whatever the file holds besides one plain picture needs the extended form.
    extended = [_extended(after, flags)] if len(pixels) > 1 or any(piece.name for piece in kept) else []
    profile = [piece.whole for piece in kept if piece.name == b"ICCP"]
    rest = [piece.whole for piece in kept if piece.name not in {b"ICCP", b""}]
    body = b"".join([b"WEBP", *extended, *profile, *(piece.whole for piece in pixels), *rest])
    trailing = b"".join(piece.whole for piece in kept if not piece.name)
    return b"RIFF" + struct.pack("<I", len(body)) + body + trailing


def _extended(after: list[Piece], flags: int) -> bytes:
    """A VP8X chunk: what our encoder wrote, or one made from the plain picture's own header."""
    for piece in after:
        if piece.name == b"VP8X":
            return piece.whole[:8] + bytes([piece.whole[8] & 0x12 | flags]) + piece.whole[9:]
    plain = next(piece for piece in after if piece.name in {b"VP8 ", b"VP8L"}).content
    if plain[:1] == b"\x2f":  # VP8L: signature, then 14 + 14 bits of size and one of alpha
        (bits,) = struct.unpack_from("<I", plain, 1)
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    else:
        width, height, alpha = *(size - 1 & 0x3FFF for size in struct.unpack_from("<HH", plain, 6)), 0
    flags |= 0x10 * alpha
    return (
        b"VP8X"
        + struct.pack("<IB3x", 10, flags)
        + struct.pack("<I", width)[:3]
        + struct.pack("<I", height)[:3]
    )


def _riff_pieces(data: bytes) -> Iterator[Piece]:
    """Chunks in order, with their padding; what follows the RIFF comes last, without a name."""
    (size,) = struct.unpack_from("<I", data, 4)
    position, end = 12, min(len(data), 8 + size)
    for _ in range(PIECES_LIMIT):
        if position + 8 > end:
            yield Piece(b"", data[position:])
            return
        name, length = struct.unpack_from("<4sI", data, position)
        after = position + 8 + length + (length & 1)
        if position + 8 + length > len(data):
            raise MarkingError("a RIFF chunk goes beyond the end of the file")
        yield Piece(name, data[position:after], 8)
        position = after
    raise MarkingError(f"the RIFF file has more than {PIECES_LIMIT} chunks")


def _keep_gif(old: bytes, new: bytes) -> bytes:
    kept = [p.whole for p in _gif_pieces(old) if p.name in {b"\xfe", b"\x01"} or _is_foreign_application(p)]
    trailing = b"".join(piece.whole for piece in _gif_pieces(old) if not piece.name)
    head = 13 + _table_bytes(new[10])
    version = b"GIF89a" if kept else new[:6]
    body = list(_gif_pieces(new))
    own = [piece.whole for piece in body if piece.name == b"\xff"]  # looping stays first, where players look
    rest = [piece.whole for piece in body if piece.name not in {b"\xff", b"\xfe", b""}]
    return b"".join([version, new[6:head], *own, *kept, *rest, trailing])


def _is_foreign_application(piece: Piece) -> bool:
    return piece.name == b"\xff" and piece.whole[3:14] not in {b"NETSCAPE2.0", b"ANIMEXTS1.0"}


def _gif_pieces(data: bytes) -> Iterator[Piece]:
    """Blocks in order (GIF89a 12 to 27), named by extension label, `,` or `;`; what follows the trailer has no name."""
    position = 13 + _table_bytes(data[10])
    for _ in range(PIECES_LIMIT):
        start, kind = position, data[position : position + 1]
        if kind == b";":
            yield Piece(b";", b";")
            yield Piece(b"", data[position + 1 :])
            return
        if kind == b"!":
            name, position = data[position + 1 : position + 2], position + 2
        elif kind == b",":
            name, position = b",", position + 10 + _table_bytes(data[position + 9]) + 1
        else:
            raise MarkingError(f"a GIF block was expected at byte {position}")
        while data[position]:
            position += 1 + data[position]
        position += 1
        yield Piece(name, data[start:position])
    raise MarkingError(f"the GIF has more than {PIECES_LIMIT} blocks")


def _table_bytes(packed: int) -> int:
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _keep_avif(old: bytes, new: bytes) -> bytes:
    position, out = 0, [new]
    while position + 8 <= len(old):
        size, name = struct.unpack_from(">I4s", old, position)
        if size == 1:
            (size,) = struct.unpack_from(">Q", old, position + 8)
        end = len(old) if size == 0 else position + size
        if size and (size < 8 or end > len(old)):
            return b"".join([*out, old[position:]])  # loose bytes behind the last box
        if name not in _AVIF_CODED:
            out.append(old[position:end])
        position = end
    return b"".join([*out, old[position:]])
