import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.detectors.known.index import RADIUS, Near, build, hamming, load, mapped, save

RNG = np.random.default_rng(20261123)
HASHES = RNG.integers(0, 256, (20_000, 32), dtype=np.uint8)
# A quarter lies close together, as the hashes of one family of pictures do.
HASHES[15_000:] = HASHES[0] ^ np.packbits(RNG.random((5_000, 256)) < 0.09, axis=1)
INDEX = build(HASHES)


def brute_force(query: bytes, radius: int) -> list[Near]:
    distances = hamming(HASHES, np.frombuffer(query, dtype=np.uint8))
    found = sorted((int(distances[row]), int(row)) for row in np.flatnonzero(distances <= radius))
    return [Near(row, distance) for distance, row in found]


def flipped(row: int, bits: np.ndarray) -> bytes:
    pattern = np.zeros(256, dtype=bool)
    pattern[bits] = True
    return (HASHES[row] ^ np.packbits(pattern)).tobytes()


@pytest.mark.parametrize("distance", range(RADIUS + 1))
def test_every_planted_neighbour_is_found_at_every_distance(distance):
    for _ in range(8):
        row = int(RNG.integers(len(HASHES)))
        query = flipped(row, RNG.choice(256, distance, replace=False))
        assert Near(row, distance) in INDEX.search(query)


@settings(max_examples=150, deadline=None)
@given(
    row=st.integers(0, len(HASHES) - 1),
    bits=st.sets(st.integers(0, 255), max_size=40),
    radius=st.integers(0, RADIUS),
)
def test_the_index_finds_exactly_what_brute_force_finds(row, bits, radius):
    query = flipped(row, np.array(sorted(bits), dtype=int))
    assert INDEX.search(query, radius) == brute_force(query, radius)


@settings(max_examples=60, deadline=None)
@given(query=st.binary(min_size=32, max_size=32))
def test_strangers_are_answered_as_brute_force_answers(query):
    assert INDEX.search(query) == brute_force(query, RADIUS)


def test_the_worst_case_of_the_pigeonhole_is_found():
    """31 bits spread so that every band but one differs in two bits."""
    bits = np.array([band * 16 + place for band in range(16) for place in (3, 9)][:-1])
    assert Near(7, 31) in INDEX.search(flipped(7, bits))


def test_beyond_the_radius_the_index_refuses_to_guess():
    with pytest.raises(ValueError, match="radius 32"):
        INDEX.search(bytes(32), RADIUS + 1)
    with pytest.raises(ValueError, match="31 bytes"):
        INDEX.search(bytes(31))


def test_an_empty_index_knows_nothing():
    assert build(np.zeros((0, 32), dtype=np.uint8)).search(bytes(32)) == []


def test_a_saved_index_answers_the_same(tmp_path):
    save(INDEX, tmp_path)
    again = load(tmp_path)
    query = flipped(15_100, np.arange(5))
    assert again.search(query) == INDEX.search(query) != []


def test_a_damaged_index_file_is_refused(tmp_path):
    save(INDEX, tmp_path)
    whole = (tmp_path / "order.npy").read_bytes()
    (tmp_path / "order.npy").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError):
        load(tmp_path)
    np.save(tmp_path / "other.npy", np.zeros(4, dtype=np.float32))
    with pytest.raises(ValueError, match="holds float32"):
        mapped(tmp_path / "other.npy", np.uint8)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError):
        mapped(tmp_path / "objects.npy", np.uint8)
