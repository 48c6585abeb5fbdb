"""The GB 45438 mark as property `TC260:AIGC` of an XMP packet: put in, or exchanged where it stands.

TC260-PG-20259A: namespace and prefix as `carriers/xmp.py` reads them, value the bare object.
"""

import json
from collections.abc import Callable

from brightline.carriers.candidate import Candidate
from brightline.carriers.xmp import NAMESPACE, read_xmp
from brightline.carriers.xmp_edit import Name, set_property
from brightline.core.errors import CarrierError

PacketEdit = Callable[[bytes | None], bytes]
"""What becomes of a file's XMP packet; None where it has none."""

AIGC = Name(NAMESPACE, "TC260", "AIGC")


def mark_edit(mark: str) -> PacketEdit:
    """The edit that sets the mark; it refuses a packet that would not read back as exactly this one mark."""

    def edit(packet: bytes | None) -> bytes:
        new = set_property(packet, AIGC, mark)
        items = list(read_xmp(new, "xmp", 0, len(new)))
        texts = [item.text for item in items if isinstance(item, Candidate) and not item.oddities]
        if len(items) != 1 or texts != [mark.strip()]:
            raise CarrierError(
                "the XMP packet holds a mark that is not a plain property, and it cannot be replaced"
            )
        return new

    return edit


def wrapped_ascii(mark: str) -> str:
    r"""The mark as `{"AIGC":{...}}`, characters outside ASCII as JSON's own escapes: the same value in any encoding.

    Raises:
        CarrierError: the mark is no JSON object.

    >>> wrapped_ascii('{"Label":"\u4e00"}')
    '{"AIGC":{"Label":"\\u4e00"}}'
    """
    try:
        value = json.loads(mark)
    except (ValueError, RecursionError) as error:
        raise CarrierError("the mark is no JSON") from error
    if not isinstance(value, dict):
        raise CarrierError("the mark is no JSON object")
    return "".join(_escape(character) for character in f'{{"AIGC":{mark}}}')


def _escape(character: str) -> str:
    if character.isascii():
        return character
    pairs = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at]:02x}{pairs[at + 1]:02x}" for at in range(0, len(pairs), 2))
