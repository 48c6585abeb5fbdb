"""The pattern that a key and a payload give: one square tile, made of a keyed choice of its spatial frequencies.

A fifth of the frequencies is known from the key alone: a few strong pilots, by which scale and rotation are found,
and weaker ones that with the pilots find the shift and carry the proof. The rest carry the payload.
"""

import hashlib
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.watermark.coding import encode
from brightline.watermark.keyring import Key

Floats = npt.NDArray[np.float64]

TILE = 96  # canonical pixels a side; two thirds of a 256-px picture's half still hold a whole one
# Cycles a tile: below lies the picture's own energy, above what JPEG discards.
RADIUS_LOW, RADIUS_HIGH = 4.6, 19.5
PILOT_LOW, PILOT_HIGH = 6.5, 17.5
PILOTS = 40
SYNCHRONISING = 80  # frequencies known from the key besides the pilots
PILOT_GAIN = 2.0  # against the amplitude of all others
_PILOT_DISTANCES = (2.5, 1.5)  # cycles a tile between two pilots at least: neighbours must not be confused


class Layout(msgspec.Struct, frozen=True, eq=False):
    """Which frequency does what, for one key. Frequencies are in cycles a tile, in one half of the plane.

    Attributes:
        frequencies: (n, 2) integers, along x and along y: pilots first, then synchronising, then payload.
        phases: (n,) radians in [0, 2 pi), independent and uniform for whoever lacks the key.
    """

    frequencies: npt.NDArray[np.int64]
    phases: Floats

    @property
    def known(self) -> int:
        """How many of the frequencies, from the first, are known without the payload."""
        return PILOTS + SYNCHRONISING

    @property
    def pilots(self) -> npt.NDArray[np.int64]:
        """(PILOTS, 2) the pilots' frequencies."""
        return self.frequencies[:PILOTS]

    @property
    def places(self) -> int:
        """How many bits the payload's frequencies hold: two each."""
        return 2 * (len(self.frequencies) - self.known)


@lru_cache(maxsize=64)
def layout_of(key: Key) -> Layout:
    """The layout that a key gives, the same on every machine and with every version of every library."""
    band = _band()
    noise = np.frombuffer(
        hashlib.shake_256(b"layout" + key.secret_for("image")).digest(12 * len(band)), dtype=np.uint8
    )
    order = np.argsort(noise[: 8 * len(band)].view("<u8"), kind="stable")
    phases = noise[8 * len(band) :].view("<u4") * (2.0 * np.pi / 2.0**32)
    pilots = _pilots(band, order)
    rest = order[~np.isin(order, pilots)]
    return Layout(band[np.concatenate([pilots, rest])], phases)


def tile_of(key: Key, payload: int) -> Floats:
    """The tile of a payload under a key.

    Returns:
        (TILE, TILE) float64, mean 0, root mean square 1.

    Raises:
        ValueError: the payload is not in [0, 2**48).
    """
    layout = layout_of(key)
    values = np.exp(1j * layout.phases)
    values[:PILOTS] *= PILOT_GAIN
    signs = 1.0 - 2.0 * encode(payload, layout.places).astype(np.float64)
    values[layout.known :] *= (signs[0::2] + 1j * signs[1::2]) / np.sqrt(2.0)
    spectrum = np.zeros((TILE, TILE), dtype=np.complex128)
    u, v = layout.frequencies.T
    spectrum[v % TILE, u % TILE] = values
    tile = np.fft.ifft2(spectrum).real
    scaled: Floats = tile / np.sqrt(np.mean(tile**2))
    return scaled


@lru_cache(maxsize=1)
def _band() -> npt.NDArray[np.int64]:
    """(n, 2) every frequency of the ring, one of each pair of opposite ones."""
    reach = int(RADIUS_HIGH) + 1
    v, u = np.mgrid[0 : reach + 1, -reach : reach + 1]
    radius = np.hypot(u, v)
    ring = (radius >= RADIUS_LOW) & (radius <= RADIUS_HIGH) & ((v > 0) | (u > 0))
    return np.stack([u[ring], v[ring]], axis=1).astype(np.int64)


def _pilots(band: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indices of the first frequencies in keyed order that are apart from each other and not at the ring's edges.

    Some orders crowd out the last pilots; those may stand a little closer.
    """
    radius = np.hypot(*band.T)
    inner = order[(radius[order] >= PILOT_LOW) & (radius[order] <= PILOT_HIGH)]
    chosen: list[int] = []
    for distance in _PILOT_DISTANCES:
        for index in inner.tolist():
            if len(chosen) < PILOTS and _gap(band[chosen], band[index]) >= distance:
                chosen.append(index)
    return np.array(chosen, dtype=np.int64)


def _gap(others: npt.NDArray[np.int64], one: npt.NDArray[np.int64]) -> float:
    """The distance from a frequency, or from its opposite, to the nearest of others."""
    both = np.concatenate([others - one, others + one])
    return float(np.hypot(*both.T).min(initial=np.inf))
