"""Digests of whole subjects, and of those that are too large to read."""

import hashlib
import os

from brightline.core.subject import Blob

CHUNK_BYTES = 1024 * 1024  # read at once while hashing
EDGE_BYTES = 1024 * 1024  # of each end of a file too large to open, that its digest covers


def sha256(blob: Blob) -> str:
    """SHA-256 of a blob, 64 lower-case hex digits, read in chunks.

    Raises:
        OSError: the file behind the blob cannot be read.
    """
    state = hashlib.sha256()
    with blob.open() as stream:
        while chunk := stream.read(CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def edge_digest(blob: Blob) -> str:
    """SHA-256 over the size and both ends of a blob, 64 hex digits: what a subject over the limit is known by.

    Raises:
        OSError: the file behind the blob cannot be read.
    """
    with blob.open() as stream:
        state = hashlib.sha256(f"{blob.size} bytes\n".encode())
        state.update(stream.read(EDGE_BYTES))
        stream.seek(-min(EDGE_BYTES, blob.size), os.SEEK_END)
        state.update(stream.read(EDGE_BYTES))
    return state.hexdigest()
