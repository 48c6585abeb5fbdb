"""The bytes themselves of pictures, sounds and films, for people who ask for them; of no other kind.

What may be shown is chosen by the kind that the examination found in the bytes, never by a name; HTML, SVG and documents
are not among them. A range that a player asks for is given out, and the reading is on record before the first byte.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from brightline.core.subject import Kind
from brightline.doors.service.problems import ProblemError

TYPES = {
    Kind.PNG: "image/png", Kind.JPEG: "image/jpeg", Kind.WEBP: "image/webp", Kind.GIF: "image/gif",
    Kind.WAV: "audio/wav", Kind.MP3: "audio/mpeg", Kind.FLAC: "audio/flac", Kind.OGG: "audio/ogg",
    Kind.M4A: "audio/mp4", Kind.MP4: "video/mp4", Kind.MOV: "video/mp4", Kind.MATROSKA: "video/webm",
}  # fmt: skip
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


def media_type(kind: str) -> str:
    """The media type under which a browser may open the kind; empty for none."""
    return TYPES.get(Kind(kind), "") if kind in set(Kind) else ""


def check_kind(kind: str) -> None:
    """Refuse a kind that no browser should open, before anything is read.

    Raises:
        ProblemError: it is one.
    """
    if not media_type(kind):
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content of this kind is shown as text, never opened"
        )


def streamed(request: Request, pieces: Iterator[bytes], size_bytes: int, kind: str) -> Response:
    """An answer with the bytes, or the stretch of them that was asked for.

    Raises:
        ProblemError: the stretch lies outside.
    """
    first, last, status = 0, size_bytes - 1, HTTPStatus.OK
    if asked := _RANGE.fullmatch(request.headers.get("range", "")):
        first, last = int(asked[1]), min(int(asked[2] or last), last)
        status = HTTPStatus.PARTIAL_CONTENT
        if first > last:
            raise ProblemError(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"the content has {size_bytes} bytes"
            )
    headers = {
        "accept-ranges": "bytes",
        "content-length": str(last - first + 1),
        "content-disposition": "inline",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    if status is HTTPStatus.PARTIAL_CONTENT:
        headers["content-range"] = f"bytes {first}-{last}/{size_bytes}"
    return StreamingResponse(
        _cut(pieces, first, last), status_code=status, media_type=media_type(kind), headers=headers
    )


def _cut(pieces: Iterator[bytes], first: int, last: int) -> Iterator[bytes]:
    """Bytes first to last, both included."""
    at = 0
    for piece in pieces:
        if at + len(piece) > first:
            yield piece[max(0, first - at) : last + 1 - at]
        at += len(piece)
        if at > last:
            return
