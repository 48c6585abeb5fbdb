"""A known video as text: records of a second and a PDQ hash, in hexadecimal, so that a bank's file stays lines of text.

One record is 36 bytes: when the still is shown, in milliseconds (four bytes, big-endian), and its hash.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import BankError
from brightline.core.subject import Subject
from brightline.media.fingerprint import Pdq
from brightline.media.video import video_facts
from brightline.media.video_prints import FramePrint, frame_prints
from brightline.media.video_samples import SampleRule

RECORD_BYTES = 36
RECORDS_MOST = 3_600  # half an hour at two a second; longer videos are sampled less often. 253 KiB of text
VIDEO_MINIMUM_QUALITY = 50  # of PDQ; below it, flat pictures of any content lie close together
_PER_SECOND = 8.0
_ANY_WORK = 1e18  # pixels: whoever makes a bank waits for it
_STILL_S = 0.45  # stills this far apart are kept however alike
_HARDLY_BITS = 6  # of 256
_LATEST_MS = 24 * 3600 * 1000  # a day

_VALUE = re.compile(rf"(?:[0-9a-f]{{{2 * RECORD_BYTES}}}){{1,{RECORDS_MOST}}}")


class Records(msgspec.Struct, frozen=True):
    """Milliseconds and hashes of a known video, in the order of time."""

    at_ms: npt.NDArray[np.uint32]  # (n,)
    hashes: npt.NDArray[np.uint8]  # (n, 32)


def video_value(prints: Iterable[FramePrint]) -> str:
    """Give a video's row value; empty when none of its stills has enough detail."""
    told = [one for one in prints if is_told(one.plain)]
    told.sort(key=lambda one: one.second)
    return "".join(_record(one) for one in told[:RECORDS_MOST])


def known_video(subject: Subject) -> str:
    """Give the row value that knows a video again; empty when none of its stills has enough detail.

    Where pictures move, stills lie an eighth of a second apart: copies are sampled at other moments.

    Raises:
        DetectorError: the video cannot be decoded to its end, and so would be known in part only.
    """
    seconds = video_facts(subject).seconds
    per_second = min(_PER_SECOND, RECORDS_MOST / (seconds + 2.0))  # a little room: tracks differ in length
    rule = SampleRule(frames=RECORDS_MOST, per_second=per_second, work_pixels=_ANY_WORK)
    return video_value(_thinned(frame_prints(subject, rule)))


def _thinned(prints: Iterable[FramePrint]) -> Iterator[FramePrint]:
    """Leave out stills that are soon and hardly different."""
    kept: FramePrint | None = None
    for one in prints:
        soon = kept is not None and 0.0 <= one.second - kept.second < _STILL_S
        if kept is None or not soon or _bits(kept, one) > _HARDLY_BITS:
            kept = one
            yield one


def _bits(one: FramePrint, other: FramePrint) -> int:
    return (int.from_bytes(one.plain.bits, "big") ^ int.from_bytes(other.plain.bits, "big")).bit_count()


def is_told(hashed: Pdq) -> bool:
    """Whether a still has enough detail to be told from others."""
    return hashed.quality >= VIDEO_MINIMUM_QUALITY


def records(value: str) -> Records:
    """Read a row value.

    Raises:
        BankError: it is malformed.
    """
    if not _VALUE.fullmatch(value):
        raise BankError(
            f"`{value[:40]}` is no video: expected 1 to {RECORDS_MOST} records of {2 * RECORD_BYTES} hex digits"
        )
    table = np.frombuffer(bytes.fromhex(value), dtype=np.uint8).reshape(-1, RECORD_BYTES)
    at_ms = np.ascontiguousarray(table[:, :4]).view(">u4")[:, 0].astype(np.uint32)
    if (np.diff(at_ms.astype(np.int64)) < 0).any() or at_ms[-1] > _LATEST_MS:
        raise BankError("the records of a video are not in the order of time, or later than a day")
    return Records(at_ms, np.ascontiguousarray(table[:, 4:]))


def joined(videos: Sequence[Records]) -> tuple[npt.NDArray[np.uint32], Records]:
    """Give all records of many videos as one table, and the number of the video of each."""
    numbers = [np.full(len(one.at_ms), at, dtype=np.uint32) for at, one in enumerate(videos)]
    empty_hashes = np.zeros((0, 32), dtype=np.uint8)
    return (
        np.concatenate([np.zeros(0, dtype=np.uint32), *numbers]),
        Records(
            np.concatenate([np.zeros(0, dtype=np.uint32), *(one.at_ms for one in videos)]),
            np.concatenate([empty_hashes, *(one.hashes for one in videos)]),
        ),
    )


def _record(one: FramePrint) -> str:
    at_ms = min(_LATEST_MS, max(0, round(one.second * 1000)))
    return at_ms.to_bytes(4, "big").hex() + one.plain.bits.hex()
