"""A mailbox (RFC 4155): each message a part, found by the `From ` lines between them."""

from collections.abc import Iterator

from brightline.core.subject import Blob, Role
from brightline.intake.draft import Draft, Part

_MARK = b"\nFrom "
STEP_BYTES = 8 * 1024 * 1024  # searched at once


def read(blob: Blob, draft: Draft) -> None:
    """Open the messages of a mailbox as parts; a mailbox may be larger than memory."""
    with blob.open() as stream:
        starts = list(_starts(blob, draft))
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else blob.size
            draft.room_for_part()
            draft.budget.take_bytes(end - start)
            stream.seek(start)
            stream.readline(1024)  # the separator is not part of the message
            left = end - stream.tell()
            message = stream.read(max(0, left))
            draft.part(Part(data=message, name=f"message {number + 1}", role=Role.MEMBER), charged=True)


def _starts(blob: Blob, draft: Draft) -> Iterator[int]:
    """Offsets of the separators: at the start, and after each line break."""
    yield 0
    count, base, kept = 1, 0, b""
    with blob.open() as stream:
        while data := stream.read(STEP_BYTES):
            draft.budget.check_time()
            window = kept + data
            at = window.find(_MARK)
            while at >= 0:
                yield base - len(kept) + at + 1
                count += 1
                if count > draft.budget.limits.parts:
                    return
                at = window.find(_MARK, at + 1)
            base += len(data)
            kept = window[-(len(_MARK) - 1) :]
