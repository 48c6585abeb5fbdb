"""Content numbers (ProduceID, PropagateID): by time, or derived from the content, so that a second run gives the same."""

import hashlib
import secrets
import time
import uuid


def new_id() -> str:
    """A UUID of version 7: milliseconds since 1970, then 74 random bits; sorts by time (RFC 9562 5.7)."""
    stamp = (time.time_ns() // 1_000_000) & ((1 << 48) - 1)
    chance = secrets.randbits(74)
    number = stamp << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & ((1 << 62) - 1)
    return str(uuid.UUID(int=number))


def id_of_content(digest: str, who: str) -> str:
    """A UUID of version 8 (RFC 9562 5.8) from a content's digest and who gives the number; the same every time.

    Args:
        digest: SHA-256 of the unmarked file, hex.
        who: provider code or name, so that two providers give different numbers.

    >>> id_of_content("00" * 32, "Example") == id_of_content("00" * 32, "Example")
    True
    """
    number = int.from_bytes(hashlib.sha256(f"brightline\0{who}\0{digest}".encode()).digest()[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76
    return str(uuid.UUID(int=number & ~(3 << 62) | 2 << 62))
