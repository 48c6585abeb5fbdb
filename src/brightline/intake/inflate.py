"""Decompression in small steps, so that a bomb is noticed while it grows and never after."""

import bz2
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

PACKED_BYTES = 64 * 1024  # handed to a decompressor at once
GROWN_BYTES = 1024 * 1024  # taken from it at once


def chunks(stream: BinaryIO, size_bytes: int) -> Iterator[bytes]:
    """The next `size_bytes` bytes of a stream, or what there is of them, in pieces."""
    left = size_bytes
    while left and (data := stream.read(min(left, PACKED_BYTES))):
        left -= len(data)
        yield data


def inflate(packed: Iterable[bytes]) -> Iterator[bytes]:
    """What a raw deflate stream (RFC 1951) unpacks to, in pieces of at most 1 MiB.

    Raises:
        zlib.error: the stream is broken.
    """
    state = zlib.decompressobj(-zlib.MAX_WBITS)
    for data in packed:
        piece = state.decompress(data, GROWN_BYTES)
        while piece:
            yield piece
            piece = state.decompress(state.unconsumed_tail, GROWN_BYTES)
        if state.eof:
            return


def bunzip(packed: Iterable[bytes]) -> Iterator[bytes]:
    """What a bzip2 stream unpacks to, in pieces of at most 1 MiB.

    Raises:
        OSError: the stream is broken.
    """
    state = bz2.BZ2Decompressor()
    for data in packed:
        if state.eof:
            return
        rest = data
        while piece := state.decompress(rest, GROWN_BYTES):
            yield piece
            rest = b""
            if _is_done(state):
                return


def _is_done(state: bz2.BZ2Decompressor) -> bool:
    """Asked in a function, since the type checker believes that the state never changes."""
    return state.eof


def gunzip(packed: Iterable[bytes]) -> Iterator[bytes]:
    """What a gzip file (RFC 1952), of one member or several, unpacks to, in pieces of at most 1 MiB.

    Raises:
        zlib.error: a member is broken.
        EOFError: the last member is cut short.
    """
    state = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for data in packed:
        rest = data
        while rest:
            if state.eof:
                if not rest.strip(b"\0"):  # padding after the last member
                    break
                state = zlib.decompressobj(16 + zlib.MAX_WBITS)
            piece = state.decompress(rest, GROWN_BYTES)
            rest = state.unused_data if state.eof else state.unconsumed_tail
            if piece:
                yield piece
        while not state.eof and (piece := state.decompress(b"", GROWN_BYTES)):
            yield piece
    if not state.eof:
        raise EOFError("the gzip stream is cut short")
