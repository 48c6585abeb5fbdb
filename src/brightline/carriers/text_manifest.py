"""C2PA manifest stores inside text: the variation-selector wrapper, the armoured block, the HTML script element.

C2PA 2.4, appendix A.8 (unstructured text: `C2PATextManifestWrapper`), A.9 (structured text) and A.7 (HTML). A frame
is the run of bytes that carries the store; the hash that binds the store to the text leaves exactly the frame out.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from brightline.core.errors import CarrierError
from brightline.core.subject import Kind

STORE_LIMIT_BYTES = 16 * 1024 * 1024  # a store with a long history has 1 MB; a wrapper is four times as long
MAGIC = b"C2PATXT\x00\x01"  # identifier and version of A.8.3
HEADER_BYTES = 13  # magic 8, version 1, big-endian length 4

_MARKER = "\ufeff"
_TO_SELECTORS = {byte: 0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16 for byte in range(256)}
_FROM_SELECTORS = {selector: byte for byte, selector in _TO_SELECTORS.items()}
_RUN = re.compile(rb"(?:\xef\xb8[\x80-\x8f]|\xf3\xa0[\x84-\x86][\x80-\xbf]|\xf3\xa0\x87[\x80-\xaf])*")
_WRAPPER_START = (_MARKER + MAGIC.decode("latin-1").translate(_TO_SELECTORS)).encode("utf-8")

_DATA_URI = b"data:application/c2pa;base64,"
_BLOCK_START = b"-----BEGIN C2PA MANIFEST-----"
_BLOCK_END = b"-----END C2PA MANIFEST-----"
_SCRIPT_START = b'<script type="application/c2pa">'
_SCRIPT_END = b"</script>"
_HEAD_END = re.compile(rb"</head\s*>", re.IGNORECASE)


class Framed(msgspec.Struct, frozen=True):
    """A store found in a text.

    Attributes:
        store: the manifest store (JUMBF).
        start: offset of the frame's first byte.
        end: offset behind its last byte, padding included.
    """

    store: bytes
    start: int
    end: int


class Opened(msgspec.Struct, frozen=True):
    """A text, split where its frame is or belongs; the frame itself is in neither half."""

    before: bytes
    after: bytes


def find_manifest(data: bytes, kind: Kind) -> Framed | None:
    """The one manifest store in a text, or None.

    Args:
        data: the whole text, in UTF-8.
        kind: one of `KINDS`; it decides which of the three frames is looked for.

    Raises:
        CarrierError: there are two frames, or one is cut off, too large or malformed.
    """
    return _FRAMES[kind].find(data)


def open_text(data: bytes, kind: Kind) -> Opened:
    """The text without its frame, split at the frame's place; at the place of a new one if there is none.

    Raises:
        CarrierError: the frame is damaged, or the text has no place for one.
    """
    found = find_manifest(data, kind)
    if found is not None:
        return Opened(data[: found.start], data[found.end :])
    return _FRAMES[kind].place(data)


def frame_bytes(kind: Kind, store_bytes: int) -> int:
    """Length of the frame of a store of that length; it depends on nothing else (A.8.4, deterministic padding)."""
    return _FRAMES[kind].length(store_bytes)


def frame(kind: Kind, store: bytes) -> bytes:
    """The frame that carries the store, in UTF-8, `frame_bytes(kind, len(store))` long."""
    return _FRAMES[kind].write(store)


def is_padded_plainly(kind: Kind, store: bytes) -> bool:
    """Whether the frame of this store needs no padding but zeros, the only padding that every verifier accepts."""
    return kind is not Kind.TEXT or _gap(store) % 3 == 0


def _find_wrapper(data: bytes) -> Framed | None:
    start = _only(data, _WRAPPER_START)
    if start < 0:
        return None
    run = _RUN.match(data, start + len(_MARKER.encode("utf-8")))
    assert run is not None  # the pattern matches the empty run too
    body = run.group().decode("utf-8").translate(_FROM_SELECTORS).encode("latin-1")
    length = int.from_bytes(body[len(MAGIC) : HEADER_BYTES], "big")
    if len(body) < HEADER_BYTES or HEADER_BYTES + length > len(body):
        raise CarrierError("the C2PA wrapper in the text is cut off")
    return Framed(_checked(body[HEADER_BYTES : HEADER_BYTES + length]), start, run.end())


def _find_block(data: bytes) -> Framed | None:
    start = _only(data, _BLOCK_START)
    if start < 0:
        return None
    end = data.find(_BLOCK_END, start)
    if end < 0:
        raise CarrierError("the C2PA block in the text has no end")
    reference = data[start + len(_BLOCK_START) : end].strip()
    if not reference.startswith(_DATA_URI):
        raise CarrierError("the C2PA block names a manifest elsewhere, which is not fetched")
    line_end = data.find(b"\n", end)
    # The frame is the whole line, so that the comment's own signs are left out of the hash as well.
    return Framed(
        _from_base64(reference[len(_DATA_URI) :]),
        data.rfind(b"\n", 0, start) + 1,
        len(data) if line_end < 0 else line_end,
    )


def _find_script(data: bytes) -> Framed | None:
    start = _only(data, _SCRIPT_START)
    if start < 0:
        return None
    end = data.find(_SCRIPT_END, start)
    if end < 0:
        raise CarrierError("the C2PA script element has no end")
    return Framed(_from_base64(data[start + len(_SCRIPT_START) : end]), start, end + len(_SCRIPT_END))


def _only(data: bytes, sign: bytes) -> int:
    """Offset of the sign, -1 where there is none."""
    start = data.find(sign)
    if start >= 0 and data.find(sign, start + 1) >= 0:
        raise CarrierError("the text carries more than one C2PA manifest")
    return start


def _from_base64(text: bytes) -> bytes:
    if len(text) > STORE_LIMIT_BYTES * 4 // 3 + 4:
        raise CarrierError(f"the C2PA manifest in the text is larger than {STORE_LIMIT_BYTES} bytes")
    try:
        return _checked(base64.b64decode(text.strip(), validate=True))
    except binascii.Error as error:
        raise CarrierError(f"the C2PA manifest in the text is no base64: {error}") from error


def _checked(store: bytes) -> bytes:
    if len(store) > STORE_LIMIT_BYTES:
        raise CarrierError(f"the C2PA manifest in the text is larger than {STORE_LIMIT_BYTES} bytes")
    return store


def _place_at_end(data: bytes) -> Opened:
    return Opened(data, b"")


def _place_on_a_line(data: bytes) -> Opened:
    ended = not data or data.endswith(b"\n")
    return Opened(data if ended else data + b"\n", b"\n")


def _place_in_head(data: bytes) -> Opened:
    head = _HEAD_END.search(data)
    if head is None:
        raise CarrierError("the HTML has no `</head>` to put a manifest before; sign it with a sidecar")
    return Opened(data[: head.start()], data[head.start() :])


def _wrapper_bytes(store_bytes: int) -> int:
    return 3 + (HEADER_BYTES + store_bytes) * 4 + 6


def _unpadded(store: bytes) -> bytes:
    body = MAGIC + len(store).to_bytes(4, "big") + store
    return (_MARKER + body.decode("latin-1").translate(_TO_SELECTORS)).encode("utf-8")


def _gap(store: bytes) -> int:
    low = sum((MAGIC + len(store).to_bytes(4, "big") + store).count(byte) for byte in range(16))
    return 6 + low  # selectors of bytes under 16 take three bytes of the four that are counted for each


def _write_wrapper(store: bytes) -> bytes:
    unpadded = _unpadded(store)
    gap = _wrapper_bytes(len(store)) - len(unpadded)
    long = gap % 3  # selectors of 0x10 take four bytes, those of zero three
    padding = bytes((gap - 4 * long) // 3) + b"\x10" * long
    return unpadded + padding.decode("latin-1").translate(_TO_SELECTORS).encode("utf-8")


def _write_block(store: bytes) -> bytes:
    reference = _DATA_URI + base64.b64encode(store)
    return b"<!-- " + _BLOCK_START + b" " + reference + b" " + _BLOCK_END + b" -->"


def _write_script(store: bytes) -> bytes:
    return _SCRIPT_START + base64.b64encode(store) + _SCRIPT_END


class _Frame(msgspec.Struct, frozen=True):
    find: Callable[[bytes], Framed | None]
    place: Callable[[bytes], Opened]
    length: Callable[[int], int]
    write: Callable[[bytes], bytes]


_FRAMES: Mapping[Kind, _Frame] = MappingProxyType(
    {
        Kind.TEXT: _Frame(_find_wrapper, _place_at_end, _wrapper_bytes, _write_wrapper),
        Kind.MARKDOWN: _Frame(
            _find_block, _place_on_a_line, lambda size: len(_write_block(bytes(size))), _write_block
        ),
        Kind.HTML: _Frame(
            _find_script, _place_in_head, lambda size: len(_write_script(bytes(size))), _write_script
        ),
    }
)
KINDS = frozenset(_FRAMES)
"""The kinds of text that carry a manifest within themselves."""
