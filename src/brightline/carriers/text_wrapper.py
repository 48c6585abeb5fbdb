"""Where a well-formed C2PA wrapper stands in a text: hidden characters that are a manifest and nothing else.

C2PA 2.4, A.8. Whoever looks for hidden messages passes over these characters, because they are declared and
`provenance.c2pa` reads them; so nothing may ride along: not in the padding, not in place of a manifest store.
"""

from brightline.carriers.text_manifest import HEADER_BYTES, MAGIC, find_manifest
from brightline.core.errors import CarrierError
from brightline.core.finding import Span
from brightline.core.subject import Kind

_SIGN = (
    f"\ufeff{chr(0xE0100 + MAGIC[0] - 16)}"  # how a wrapper begins, to look for before the text is encoded
)
_ZERO, _SIXTEEN = "\ufe00", "\U000e0100"  # selectors of the bytes 0 and 16: all that padding is made of
_SIXTEENS = 2  # in padding; more are needed for no length, and could spell something
_BOX_HEADER_BYTES = 8
_STORE_TYPE = bytes.fromhex(
    "63327061001100108000 00AA00389B71"
)  # of a C2PA manifest store (C2PA 2.4, 11.1.4)


def find_wrapper(text: str) -> Span | None:
    """The characters of the one well-formed wrapper, its padding among them; None where there is none or it is odd.

    Well-formed: one wrapper, whole, with a JUMBF manifest store that fills it, and padding that spells nothing.
    """
    if _SIGN not in text:
        return None
    data = text.encode("utf-8", "replace")  # a lone surrogate becomes `?`, one character as well
    try:
        framed = find_manifest(data, Kind.TEXT)
    except CarrierError:
        return None
    if framed is None or not is_store(framed.store):
        return None
    start = len(data[: framed.start].decode("utf-8"))
    end = start + len(data[framed.start : framed.end].decode("utf-8"))
    padding = text[start + 1 + HEADER_BYTES + len(framed.store) : end]  # each byte is one character
    return Span(start, end) if _is_blank(padding) else None


def is_store(data: bytes) -> bool:
    """Whether the bytes are one C2PA manifest store: a JUMBF superbox of that type with nothing but manifests in it.

    Source: ISO/IEC 19566-5, A.2 (superbox), A.3 (description box); C2PA 2.4, 11.1.4.
    """
    if data[4:8] != b"jumb" or _size(data, 0) != len(data):
        return False
    at = _BOX_HEADER_BYTES
    if data[at + 4 : at + 8] != b"jumd" or data[at + 8 : at + 24] != _STORE_TYPE:
        return False
    at += max(_size(data, at), _BOX_HEADER_BYTES + len(_STORE_TYPE))
    manifests = 0
    while data[at + 4 : at + 8] == b"jumb" and _size(data, at) > _BOX_HEADER_BYTES:
        at += _size(data, at)
        manifests += 1
    return at == len(data) and manifests > 0


def _size(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _is_blank(padding: str) -> bool:
    return set(padding) <= {_ZERO, _SIXTEEN} and padding.count(_SIXTEEN) <= _SIXTEENS
