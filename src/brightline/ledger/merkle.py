"""RFC 6962 Merkle trees kept as C2SP tlog-tiles: hashing, tile paths, the growing edge, proofs and their checks.

Pure functions over bytes. Hashes that a proof needs come through a `HashReader`, so that the same code serves a
database, a folder of tiles and a list in memory.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

import msgspec

from brightline.core.errors import VerificationError

HASH_BYTES = 32  # SHA-256
TILE_HEIGHT = 8  # C2SP tlog-tiles fixes it: one tile spans eight levels of the tree
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = hashlib.sha256(b"").digest()  # RFC 6962 2.1: the hash of an empty tree

HashReader = Callable[[int, int, int], bytes]
"""(tile level, first hash, count) -> count x 32 bytes: consecutive hashes of one tile level."""


class Node(msgspec.Struct, frozen=True):
    """The hash of a full tile: hash `number` of tile level `level` (level 0 is the leaves, which are not Nodes)."""

    level: int
    number: int
    hash: bytes


class Peak(msgspec.Struct, frozen=True):
    """Root of a perfect subtree of 2^height leaves at the tree's right edge."""

    height: int
    hash: bytes


class Frontier(msgspec.Struct, frozen=True):
    """All that appending needs to know of a tree: its size and its perfect subtrees, largest first."""

    size: int = 0
    peaks: tuple[Peak, ...] = ()


class Growth(msgspec.Struct, frozen=True):
    """A frontier after appending, and the tiles that appending filled."""

    frontier: Frontier
    nodes: tuple[Node, ...]


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 2.1: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split_hashes(data: bytes) -> list[bytes]:
    """Cut concatenated hashes apart.

    Raises:
        VerificationError: the length is no multiple of 32.
    """
    if len(data) % HASH_BYTES:
        raise VerificationError(f"{len(data)} bytes of hashes, expected a multiple of {HASH_BYTES}")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root of a perfect tree over 2^k hashes, k >= 0."""
    sha256 = hashlib.sha256
    while len(hashes) > 1:
        pairs = iter(hashes)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


def extend(frontier: Frontier, leaves: Sequence[bytes]) -> Growth:
    """Append leaf hashes; whole tiles are folded at once, which is what makes batches fast."""
    size, peaks, nodes, at = frontier.size, list(frontier.peaks), list[Node](), 0
    while at < len(leaves):
        if size % TILE_WIDTH == 0 and len(leaves) - at >= TILE_WIDTH:
            step, height, value = TILE_WIDTH, TILE_HEIGHT, fold(leaves[at : at + TILE_WIDTH])
        else:
            step, height, value = 1, 0, leaves[at]
        at, size = at + step, size + step
        _push(peaks, nodes, size, Peak(height, value))
    return Growth(Frontier(size, tuple(peaks)), tuple(nodes))


def _push(peaks: list[Peak], nodes: list[Node], size: int, peak: Peak) -> None:
    height, value = peak.height, peak.hash
    while True:
        if height and height % TILE_HEIGHT == 0:
            nodes.append(Node(height // TILE_HEIGHT, (size >> height) - 1, value))
        if not peaks or peaks[-1].height != height:
            break
        value = node_hash(peaks.pop().hash, value)
        height += 1
    peaks.append(Peak(height, value))


def root(frontier: Frontier) -> bytes:
    """Root hash of the tree, 32 bytes."""
    if not frontier.peaks:
        return EMPTY_ROOT
    value = frontier.peaks[-1].hash
    for peak in reversed(frontier.peaks[:-1]):
        value = node_hash(peak.hash, value)
    return value


def load_frontier(size: int, hashes: HashReader) -> Frontier:
    """The right edge of the tree over the first `size` leaves, read from its open tiles."""
    peaks = [
        Peak(height, _subtree(hashes, height, (size >> height) - 1))
        for height in reversed(range(size.bit_length()))
        if size >> height & 1
    ]
    return Frontier(size, tuple(peaks))


def inclusion_proof(index: int, size: int, hashes: HashReader) -> list[bytes]:
    """RFC 6962 2.1.1: siblings of leaf `index` from the bottom up, in the tree of `size` leaves.

    Raises:
        VerificationError: there is no such leaf in that tree.
    """
    if not 0 <= index < size:
        raise VerificationError(f"no entry {index} in a tree of {size}")
    low, high, path = 0, size, list[bytes]()
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(hashes, middle, high))
            high = middle
        else:
            path.append(_range(hashes, low, middle))
            low = middle
    return path[::-1]


def consistency_proof(old: int, size: int, hashes: HashReader) -> list[bytes]:
    """RFC 6962 2.1.2: hashes that show the tree of `old` leaves to be a prefix of the tree of `size` leaves.

    Raises:
        VerificationError: `old` is not between 0 and `size`.
    """
    if not 0 <= old <= size:
        raise VerificationError(f"no tree of {old} inside a tree of {size}")
    low, high, path, complete = 0, size, list[bytes](), True
    while low < old < high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range(hashes, middle, high))
            high = middle
        else:
            path.append(_range(hashes, low, middle))
            low, complete = middle, False
    if not complete:
        path.append(_range(hashes, low, high))
    return path[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> None:
    """Check an inclusion proof (RFC 9162 2.1.3.2).

    Raises:
        VerificationError: the proof does not lead from the leaf to the root.
    """
    if not 0 <= index < size:
        raise VerificationError(f"no entry {index} in a tree of {size}")
    number, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise VerificationError(f"inclusion proof of entry {index} is longer than the tree is high")
        if number & 1 or number == last:
            value = node_hash(sibling, value)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        number, last = number >> 1, last >> 1
    if last or value != expected_root:
        raise VerificationError(f"inclusion proof of entry {index} does not lead to the root of size {size}")


def verify_consistency(old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check a consistency proof (RFC 9162 2.1.4.2).

    Raises:
        VerificationError: the older tree is not shown to be a prefix of the newer one.
    """
    fault = VerificationError(f"the tree of {size} does not contain the tree of {old} as it was")
    if not 0 <= old <= size:
        raise fault
    if old in {0, size}:
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected:
            raise fault
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise fault
    number, last = old - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    older = newer = path[0]
    for value in path[1:]:
        if last == 0:
            raise fault
        if number & 1 or number == last:
            older, newer = node_hash(value, older), node_hash(value, newer)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            newer = node_hash(newer, value)
        number, last = number >> 1, last >> 1
    if last or older != old_root or newer != new_root:
        raise fault


def tile_path(level: int | str, number: int, width: int = TILE_WIDTH) -> str:
    """C2SP tlog-tiles path of a tile (`level` 0 to 63) or of an entry bundle (`level` is `entries`).

    >>> tile_path(0, 1234067), tile_path("entries", 5, 7)
    ('tile/0/x001/x234/067', 'tile/entries/005.p/7')
    """
    name = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        name = f"x{number % 1000:03d}/{name}"
    return f"tile/{level}/{name}" + (f".p/{width}" if width < TILE_WIDTH else "")


def bundle(entries: Iterable[bytes]) -> bytes:
    """C2SP tlog-tiles entry bundle: each entry after its length as a big-endian uint16."""
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def unbundle(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        VerificationError: the bundle ends in the middle of an entry.
    """
    entries, at = list[bytes](), 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise VerificationError(f"entry bundle ends inside entry {len(entries)}")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _range(hashes: HashReader, low: int, high: int) -> bytes:
    size = high - low
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return _subtree(hashes, height, low >> height)
    middle = low + _split(size)
    return node_hash(_range(hashes, low, middle), _range(hashes, middle, high))


def _subtree(hashes: HashReader, height: int, number: int) -> bytes:
    level, rest = divmod(height, TILE_HEIGHT)
    return fold(split_hashes(hashes(level, number << rest, 1 << rest)))
