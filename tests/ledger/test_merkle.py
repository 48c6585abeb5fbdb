"""The tree against the plain recursive definition of RFC 6962."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.errors import VerificationError
from brightline.ledger import merkle

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(70_000)]
SIZES = st.one_of(st.integers(0, 1100), st.integers(65_000, 70_000))


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return merkle.node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


NODES = {(node.level, node.number): node.hash for node in merkle.extend(merkle.Frontier(), LEAVES).nodes}


def hashes(level: int, first: int, count: int) -> bytes:
    if level == 0:
        return b"".join(LEAVES[first : first + count])
    return b"".join(NODES[level, number] for number in range(first, first + count))


def test_hashes_are_those_of_rfc_6962() -> None:
    # Known answers of the Certificate Transparency reference tests.
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert (
        merkle.node_hash(merkle.leaf_hash(b""), merkle.leaf_hash(b"\x00")).hex()
        == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    )


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.integers(0, 700), max_size=6))
def test_appending_in_any_steps_gives_the_same_tree(steps: list[int]) -> None:
    frontier, nodes = merkle.Frontier(), {}
    for step in steps:
        growth = merkle.extend(frontier, LEAVES[frontier.size : frontier.size + step])
        frontier = growth.frontier
        nodes.update({(node.level, node.number): node.hash for node in growth.nodes})
    assert merkle.root(frontier) == plain_root(LEAVES[: sum(steps)])
    assert frontier == merkle.load_frontier(sum(steps), hashes)
    assert nodes == {
        (level, number): value
        for (level, number), value in NODES.items()
        if (number + 1) << (8 * level) <= sum(steps)
    }


@settings(max_examples=60, deadline=None)
@given(size=SIZES, data=st.data())
def test_proofs_of_every_kind_hold_and_none_holds_for_anything_else(size: int, data: st.DataObject) -> None:
    root = merkle.root(merkle.load_frontier(size, hashes))
    old = data.draw(st.integers(0, size))
    old_root = merkle.root(merkle.load_frontier(old, hashes))
    proof = merkle.consistency_proof(old, size, hashes)
    merkle.verify_consistency(old, old_root, size, root, proof)
    if old not in {0, size}:
        _refuses_consistency(old, old_root, size, root, proof)
    if size:
        index = data.draw(st.integers(0, size - 1))
        path = merkle.inclusion_proof(index, size, hashes)
        merkle.verify_inclusion(LEAVES[index], index, size, path, root)
        _refuses_inclusion(index, size, path, root)


def _refuses_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> None:
    other = b"\x01" * 32
    wrong = [
        (old, other, size, root, proof),
        (old, old_root, size, other, proof),
        (old, old_root, size, root, proof[:-1]),
        (old, old_root, size, root, [*proof, other]),
        (old, old_root, size, root, [other, *proof[1:]]),
        (old, old_root, size, root, []),
        (size + 1, old_root, size, root, proof),
        (0, old_root, size, root, proof),
        (size, old_root, size, root, proof),
    ]
    for given_proof in wrong:
        with pytest.raises(VerificationError):
            merkle.verify_consistency(*given_proof)


def _refuses_inclusion(index: int, size: int, path: list[bytes], root: bytes) -> None:
    leaf, other = LEAVES[index], b"\x01" * 32
    wrong = [
        (other, index, size, path, root),
        (leaf, index, size, [*path, other], root),
        (leaf, index, size, path, other),
        (leaf, size, size, path, root),
        (leaf, -1, size, path, root),
    ]
    if path:
        wrong += [(leaf, index, size, path[:-1], root), (leaf, index ^ 1, size, path, root)]
    for given_proof in wrong:
        with pytest.raises(VerificationError):
            merkle.verify_inclusion(*given_proof)


def test_proofs_are_made_only_of_what_is_there() -> None:
    for index, size in ((-1, 5), (5, 5), (0, 0)):
        with pytest.raises(VerificationError, match="no entry"):
            merkle.inclusion_proof(index, size, hashes)
    for old, size in ((-1, 5), (6, 5)):
        with pytest.raises(VerificationError, match="no tree"):
            merkle.consistency_proof(old, size, hashes)


def test_tile_paths_are_those_of_the_specification() -> None:
    # The examples of C2SP tlog-tiles.
    assert merkle.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert merkle.tile_path("entries", 999, 112) == "tile/entries/999.p/112"
    assert merkle.tile_path(1, 1000) == "tile/1/x001/000"


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_read_back_and_a_cut_bundle_is_refused(entries: list[bytes]) -> None:
    data = merkle.bundle(entries)
    assert merkle.unbundle(data) == entries
    if entries:
        with pytest.raises(VerificationError, match=f"ends inside entry {len(entries) - 1}"):
            merkle.unbundle(data[:-1])


def test_a_length_that_is_cut_in_two_is_refused() -> None:
    with pytest.raises(VerificationError, match="ends inside entry 1"):
        merkle.unbundle(b"\x00\x01a\x00")
    with pytest.raises(VerificationError, match="ends inside entry 0"):
        merkle.unbundle(b"\x00\x02a")
    with pytest.raises(VerificationError, match="expected a multiple of 32"):
        merkle.split_hashes(b"x" * 33)
