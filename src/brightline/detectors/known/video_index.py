"""Finds the known video that another one copies or quotes: stills that are alike vote for how far the two are apart.

A copy, an excerpt, or a longer video that holds the known one has stills that match it one after the other with the
same offset; strangers that share a picture by chance don't.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.known import index as hashes_by_distance
from brightline.detectors.known.index import RADIUS, HammingIndex, hamming, mapped
from brightline.detectors.known.video_rows import Records, joined

OFFSET_S = 1.5  # votes within such a window agree: known stills lie half a second apart, in long videos more
NEIGHBOURS = (
    4_000  # known stills that one still may meet, the nearest: a still picture of half an hour is one
)
PICTURES_MOST = 4  # different pictures among those that match are counted so far
_FOLDER = "video"


class Seen(msgspec.Struct, frozen=True):
    """A still that is looked up: its second and the 32 bytes of its hash."""

    second: float
    bits: bytes


class VideoNear(msgspec.Struct, frozen=True):
    """A known video that stills match.

    Attributes:
        video: its number.
        seconds: of the stills that match, in order.
        compared: stills that could have matched: those that the offset lays upon the known video.
        pictures: how many really different pictures are among those that match, at most `PICTURES_MOST`.
        distance: median distance in bits of those that match.
        offset_s: how much later the known video shows the same.
    """

    video: int
    seconds: tuple[float, ...]
    compared: int
    pictures: int
    distance: float
    offset_s: float


class VideoIndex(msgspec.Struct, frozen=True):
    """Stills of all known videos.

    Attributes:
        stills: their hashes.
        video: (n,) uint32, the number of the video of each, ascending.
        at_ms: (n,) uint32, when it is shown there.
    """

    stills: HammingIndex
    video: npt.NDArray[np.uint32]
    at_ms: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.stills)

    def search(self, seen: Sequence[Seen]) -> list[VideoNear]:
        """Find the known videos that stills match with one offset, those with the most matches first."""
        votes: dict[int, list[_Vote]] = defaultdict(list)
        for number, still in enumerate(seen):
            for near in self.stills.search(still.bits, RADIUS)[:NEIGHBOURS] if len(self) else ():
                offset_s = int(self.at_ms[near.row]) / 1000 - still.second
                votes[int(self.video[near.row])].append(_Vote(offset_s, number, near.distance))
        found = [self._agreed(video, cast, seen) for video, cast in votes.items()]
        return sorted(found, key=lambda near: (-len(near.seconds), near.distance, near.video))

    def _agreed(self, video: int, cast: list["_Vote"], seen: Sequence[Seen]) -> VideoNear:
        best = _fullest(cast)
        offset_s = median(vote.offset_s for vote in best.values())
        numbers = sorted(best)
        seconds = tuple(sorted(seen[number].second for number in numbers))
        own = self._of(video)
        first_s, last_s = int(own[0]) / 1000 - OFFSET_S / 2, int(own[-1]) / 1000 + OFFSET_S / 2
        over = [one for one in seen if first_s <= one.second + offset_s <= last_s]
        return VideoNear(
            video,
            seconds,
            max(len(seconds), len(over)),
            _pictures([seen[number].bits for number in numbers]),
            median(vote.distance for vote in best.values()),
            round(offset_s, 3),
        )

    def _of(self, video: int) -> npt.NDArray[np.uint32]:
        begin, end = np.searchsorted(self.video, [video, video + 1])
        return np.asarray(self.at_ms[begin:end])


class _Vote(msgspec.Struct, frozen=True):
    offset_s: float
    still: int
    distance: int


def build(videos: Iterable[Records]) -> VideoIndex:
    """Index known videos; number i is the i-th of them.

    Raises:
        BankError: there are more stills than an index holds.
    """
    numbers, all_records = joined(list(videos))
    return VideoIndex(hashes_by_distance.build(all_records.hashes), numbers, all_records.at_ms)


def save(index: VideoIndex, folder: Path) -> None:
    """Write the arrays as .npy files.

    Raises:
        OSError: the folder cannot be written.
    """
    inner = folder / _FOLDER
    inner.mkdir()
    hashes_by_distance.save(index.stills, inner)
    np.save(inner / "video.npy", index.video, allow_pickle=False)
    np.save(inner / "at_ms.npy", index.at_ms, allow_pickle=False)


def load(folder: Path) -> VideoIndex:
    """Map the arrays, without reading them.

    Raises:
        OSError: a file is missing.
        ValueError: a file is cut short or has another shape.
    """
    inner = folder / _FOLDER
    index = VideoIndex(
        hashes_by_distance.load(inner),
        mapped(inner / "video.npy", np.uint32),
        mapped(inner / "at_ms.npy", np.uint32),
    )
    if not index.video.shape == index.at_ms.shape == (len(index),):
        raise ValueError(f"video index arrays have shapes {index.video.shape}, {index.at_ms.shape}")
    return index


def _fullest(cast: list[_Vote]) -> dict[int, _Vote]:
    """The window of offsets with votes of the most stills, and each still's nearest vote in it."""
    ordered = sorted(cast, key=lambda vote: vote.offset_s)
    held: Counter[int] = Counter()
    begin, best, bounds = 0, 0, (0, 0)
    for end, vote in enumerate(ordered):
        held[vote.still] += 1
        while vote.offset_s - ordered[begin].offset_s > OFFSET_S:
            left = ordered[begin].still
            held[left] -= 1
            if not held[left]:
                del held[left]
            begin += 1
        if len(held) > best:
            best, bounds = len(held), (begin, end + 1)
    chosen: dict[int, _Vote] = {}
    for vote in ordered[bounds[0] : bounds[1]]:
        if vote.still not in chosen or vote.distance < chosen[vote.still].distance:
            chosen[vote.still] = vote
    return chosen


def _pictures(bits: Sequence[bytes]) -> int:
    """How many of these hashes are farther from each other than copies are."""
    kept: list[npt.NDArray[np.uint8]] = []
    for one in bits:
        row = np.frombuffer(one, dtype=np.uint8)
        if not kept or int(hamming(np.stack(kept), row).min()) > RADIUS:
            kept.append(row)
        if len(kept) >= PICTURES_MOST:
            break
    return len(kept)
