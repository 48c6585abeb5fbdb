"""A gzip file has one part: what it unpacks to."""

import zlib

from brightline.core.subject import Blob, GapKind, Role
from brightline.intake.draft import Draft, Part
from brightline.intake.inflate import chunks, gunzip

SMALL_BYTES = 1024 * 1024  # what unpacks to less is no bomb, whatever its ratio


def read_gzip(blob: Blob, draft: Draft) -> None:
    """Open what a gzip file holds as its one part."""
    pieces: list[bytes] = []
    size, limit = 0, draft.budget.limits.ratio
    try:
        with blob.open() as stream:
            for piece in gunzip(chunks(stream, blob.size)):
                size += len(piece)
                draft.budget.take_bytes(len(piece))
                draft.budget.check_time()
                if size > SMALL_BYTES and size > limit * blob.size:
                    raise draft.limit(
                        f"{blob.size} bytes unpack to more than {limit} times their size; not opened",
                        f"压缩数据仅 {blob.size} 字节，解包后超过其 {limit} 倍，未打开",
                    )
                pieces.append(piece)
    except (zlib.error, EOFError):
        draft.gap(GapKind.MALFORMED, "the gzip stream is broken or cut short", "gzip 数据损坏或不完整")
    if pieces:
        draft.part(Part(data=b"".join(pieces), name=_name(blob.head(1024)), role=Role.MEMBER), charged=True)


def _name(head: bytes) -> str:
    """The original file name in the header (RFC 1952 2.3.1), or `contents`."""
    flags = head[3] if len(head) > 10 else 0
    start = 10
    if flags & 4:
        start += 2 + int.from_bytes(head[10:12], "little")
    if not flags & 8:
        return "contents"
    return head[start:].split(b"\0", 1)[0].decode("utf-8", "replace") or "contents"
