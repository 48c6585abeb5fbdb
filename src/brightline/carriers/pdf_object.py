"""One object of a PDF at its place in the file, and the data of its stream with the filter undone.

ISO 32000-2 7.3.8, 7.3.10, 7.4.4. A stream is inflated in bounded steps, up to a size that honest cross-references,
object streams and metadata stay under.
"""

import re
import zlib
from collections.abc import Callable

import msgspec

from brightline.carriers.candidate import MiB
from brightline.carriers.pdf_predictor import unpredict
from brightline.carriers.pdf_values import Dictionary, Name, Value, parse, skip_space
from brightline.core.errors import CarrierError

OBJECT_LIMIT_BYTES = MiB  # of one object that is not a stream's data
STREAM_LIMIT_BYTES = 16 * MiB  # unpacked, of one stream that is read; a million objects' section takes 6 MiB
OBJECT_HEAD = re.compile(
    rb"[\0\t\n\f\r ]{0,16}([0-9]{1,10})[\0\t\n\f\r ]{1,16}([0-9]{1,5})[\0\t\n\f\r ]{1,16}obj"
)
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")

Resolve = Callable[[Value], Value]
"""What a value leads to, if it is a reference."""


class Loaded(msgspec.Struct, frozen=True):
    """An object: its value, the window that its byte ranges refer to, and its byte range in the file."""

    value: Value
    window: bytes
    start: int
    end: int
    generation: int = 0
    stream_start: int = -1  # of a stream's data, offset in the file


def window_at(data: memoryview, position: int) -> bytes:
    """As many bytes from there as one object may have."""
    return bytes(data[position : position + OBJECT_LIMIT_BYTES])


def object_at(data: memoryview, position: int, number: int | None) -> Loaded:
    """The object that stands there, of that number where one is given.

    Raises:
        CarrierError: there is none, or another one, or it is broken.
    """
    window = window_at(data, position)
    match = OBJECT_HEAD.match(window)
    if match is None or number not in (None, int(match[1])):
        raise CarrierError(
            f"no object {number} at byte {position}, where the cross-reference section puts it"
        )
    found = parse(window, match.end())
    behind = skip_space(window, found.end)
    stream = _STREAM.match(window, behind)
    return Loaded(
        value=found.value,
        window=window,
        start=position,
        end=position + found.end,
        generation=int(match[2]),
        stream_start=position + stream.end() if stream else -1,
    )


def stream_data(data: memoryview, loaded: Loaded, resolve: Resolve) -> bytes | None:
    """A stream's data with its filter undone; None when it has a filter that we do not undo, or is too large.

    Raises:
        CarrierError: it is no stream, is cut or does not inflate.
    """
    words = loaded.value
    if not isinstance(words, Dictionary) or loaded.stream_start < 0:
        raise CarrierError("a PDF object is no stream")
    length = resolve(words.get("Length"))
    if not isinstance(length, int) or not 0 <= length <= len(data) - loaded.stream_start:
        raise CarrierError("a PDF stream has no length, or reaches beyond the file's end")
    raw = data[loaded.stream_start : loaded.stream_start + length]
    filters = resolve(words.get("Filter"))
    names = filters if isinstance(filters, list) else [filters]
    if names in ([None], []):
        return bytes(raw) if length <= STREAM_LIMIT_BYTES else None
    if names not in ([Name("FlateDecode")], [Name("Fl")]):
        return None
    inflated = _inflate(raw)
    return None if inflated is None else _unpredicted(inflated, words, resolve)


def _inflate(raw: memoryview) -> bytes | None:
    state = zlib.decompressobj()
    try:
        data = state.decompress(raw, STREAM_LIMIT_BYTES + 1)
    except zlib.error as error:
        raise CarrierError("a PDF stream does not inflate") from error
    return data if len(data) <= STREAM_LIMIT_BYTES else None


def _unpredicted(data: bytes, words: Dictionary, resolve: Resolve) -> bytes:
    found = resolve(words.get("DecodeParms"))
    if isinstance(found, list):
        found = resolve(found[0]) if found else None
    if not isinstance(found, Dictionary):
        return data
    predictor, columns = found.get("Predictor"), found.get("Columns")
    if predictor in (None, 1):
        return data
    if not isinstance(predictor, int) or predictor < 10:
        raise CarrierError("a PDF stream has a predictor other than 1 and 10 to 15")
    return unpredict(data, columns if isinstance(columns, int) else 1)
