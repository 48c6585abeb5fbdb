"""Exact search by Hamming distance among many 256-bit hashes, in memory or in mapped files.

Pigeonhole: cut 256 bits into 16 bands of 16. Two hashes that differ in at most 31 bits differ in at most one bit
of at least one band (16 bands with two or more would be 32). So probing, in every band, the 16-bit value itself and
its 16 neighbours finds every hash within 31 bits: recall is 100 %, and only about N x 16 x 17 / 65,536 candidates
(N / 240) are compared in full. Source: [norouzi2012] "Fast Search in Hamming Space with Multi-Index Hashing".
"""

from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import BankError

BITS = 256
BANDS = 16
BAND_VALUES = 1 << 16
RADIUS = 2 * BANDS - 1  # 31: beyond it the pigeonhole argument no longer holds
HASHES_LIMIT = 20_000_000  # 2 GB of files; positions are 32-bit

Number = TypeVar("Number", bound=np.generic)
Hashes = npt.NDArray[np.uint8]  # (n, 32)

_FILES = ("hashes", "order", "starts")
_PROBES = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint16)


class Near(msgspec.Struct, frozen=True):
    """One neighbour: its row in the index and its distance in bits."""

    row: int
    distance: int


class HammingIndex(msgspec.Struct, frozen=True):
    """Hashes sorted into 16 tables of 65,536 buckets.

    Attributes:
        hashes: (n, 32) uint8.
        order: (16, n) uint32, rows sorted by the value of each band.
        starts: (16, 65537) uint32, where each bucket begins in `order`.
    """

    hashes: Hashes
    order: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.hashes)

    def search(self, query: bytes, radius: int = RADIUS) -> list[Near]:
        """Find every hash within `radius` bits, nearest first, then by row.

        Args:
            query: 32 bytes.
            radius: 0 to 31.

        Raises:
            ValueError: the query is not 32 bytes, or the radius is beyond what the index finds exactly.
        """
        if len(query) * 8 != BITS or not 0 <= radius <= RADIUS:
            raise ValueError(
                f"query of {len(query)} bytes, radius {radius}; expected 32 bytes and 0 to {RADIUS}"
            )
        if len(self) == 0:
            return []
        wanted = np.frombuffer(query, dtype=np.uint8)
        rows = self._candidates(wanted.view("<u2"))
        distances = hamming(np.asarray(self.hashes[rows]), wanted)
        near = np.flatnonzero(distances <= radius)
        found = sorted({(int(distances[at]), int(rows[at])) for at in near})
        return [Near(row, distance) for distance, row in found]

    def _candidates(self, bands: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint32]:
        """Rows in all probed buckets; a row can come more than once."""
        values = (bands[:, None] ^ _PROBES).astype(np.int64)  # (16, 17)
        tables = np.arange(BANDS)[:, None]
        begins = self.starts[tables, values].astype(np.int64)
        counts = self.starts[tables, values + 1].astype(np.int64) - begins
        positions = (begins + tables * len(self)).ravel()
        counts = counts.ravel()
        ends = np.cumsum(counts)
        steps = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
        return np.asarray(self.order.reshape(-1)[np.repeat(positions, counts) + steps])


def hamming(hashes: Hashes, query: Hashes) -> npt.NDArray[np.int64]:
    """Give the number of bits in which each of (n, 32) hashes differs from the (32,) query."""
    words = np.ascontiguousarray(hashes).view(np.uint64) ^ np.ascontiguousarray(query).view(np.uint64)
    return np.asarray(np.bitwise_count(words).sum(axis=1, dtype=np.int64))


def build(hashes: Hashes) -> HammingIndex:
    """Sort hashes into the 16 tables; about 0.2 s and 100 MB for a million.

    Raises:
        BankError: there are more than `HASHES_LIMIT`.
    """
    if len(hashes) > HASHES_LIMIT:
        raise BankError(f"{len(hashes)} hashes in one bank, expected at most {HASHES_LIMIT}")
    kept = np.ascontiguousarray(hashes, dtype=np.uint8).reshape(-1, BITS // 8)
    bands = kept.view("<u2")  # (n, 16)
    order = np.empty((BANDS, len(kept)), dtype=np.uint32)
    starts = np.zeros((BANDS, BAND_VALUES + 1), dtype=np.uint32)
    for band in range(BANDS):
        column = np.ascontiguousarray(bands[:, band])
        order[band] = np.argsort(column, kind="stable")  # radix sort for 16-bit values
        starts[band, 1:] = np.cumsum(np.bincount(column, minlength=BAND_VALUES))
    return HammingIndex(kept, order, starts)


def save(index: HammingIndex, folder: Path) -> None:
    """Write the three arrays as .npy files, so that many workers map one copy.

    Raises:
        OSError: the folder cannot be written.
    """
    for name in _FILES:
        np.save(folder / f"{name}.npy", getattr(index, name), allow_pickle=False)


def load(folder: Path) -> HammingIndex:
    """Map the three arrays, without reading them.

    Raises:
        OSError: a file is missing.
        ValueError: a file is cut short or has another shape.
    """
    hashes = mapped(folder / "hashes.npy", np.uint8)
    order = mapped(folder / "order.npy", np.uint32)
    starts = mapped(folder / "starts.npy", np.uint32)
    count = len(hashes)
    shapes = (hashes.shape, order.shape, starts.shape)
    if shapes != ((count, BITS // 8), (BANDS, count), (BANDS, BAND_VALUES + 1)):
        raise ValueError(f"index arrays have shapes {shapes}")
    return HammingIndex(hashes, order, starts)


def mapped(file: Path, kind: type[Number]) -> npt.NDArray[Number]:
    """Map one .npy file of that element type, without reading it; small ones are read.

    Raises:
        OSError: the file is missing.
        ValueError: it is cut short or holds other elements.
    """
    array = np.load(file, mmap_mode="r" if file.stat().st_size > 4096 else None, allow_pickle=False)
    if array.dtype != np.dtype(kind):
        raise ValueError(f"`{file.name}` holds {array.dtype}, expected {np.dtype(kind)}")
    return np.asarray(array)
