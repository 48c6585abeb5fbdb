"""Canonical bytes of the nouns, and digests over them.

Encoding is JSON with keys sorted, no white space and shortest-round-trip floats, so the same value gives the
same bytes on every machine.
"""

import hashlib
from typing import TypeVar

import msgspec

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """Canonical JSON bytes of a noun.

    >>> canonical({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return _ENCODER.encode(value)


def read(data: bytes, kind: type[T]) -> T:
    """Decode canonical bytes as a noun of type `kind`, strictly.

    Raises:
        msgspec.ValidationError: the bytes are JSON but not of that type.
        msgspec.DecodeError: the bytes are no JSON, no UTF-8, or nested too deep.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except UnicodeDecodeError as error:  # msgspec passes it on as it is
        raise msgspec.DecodeError(f"byte {error.start} of a string is not UTF-8") from error
    except RecursionError as error:
        raise msgspec.DecodeError("JSON is nested too deep") from error


def digest(value: object) -> str:
    """SHA-256 over the canonical bytes, 64 lower-case hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
