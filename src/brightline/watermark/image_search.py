"""Where the pattern lies in a picture: its scale, rotation and slant, found from the key's pilot frequencies.

Nothing here looks at a phase: candidates are chosen by the strength of frequencies alone, so the test of the phases
that follows is as sharp as if the candidates had been given.
"""

from collections.abc import Iterator
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from brightline.watermark.image_tile import PILOT_LOW, TILE, Layout

Floats = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]
Geometry = npt.NDArray[np.float64]  # (2, 2), from frequencies of the pattern to those of the picture

SCALE_LOW, SCALE_HIGH = 0.42, 2.4  # pixels of the working picture for one of the pattern
COARSE = 10  # of each handedness that are looked at more closely
FOLLOWED = 5  # geometries whose phases are tested
ANGLES = 900  # over half a turn: 0.2 degrees
STEP = 0.005  # between neighbouring scales, natural logarithm
SPECTRUM_SIDE = 1024  # transforms are padded to this at least: peaks fall closer to a bin
_LOWEST = PILOT_LOW / TILE / SCALE_HIGH  # cycles a pixel of the slowest pilot in the most enlarged picture
# Radians; the ring of frequencies repeats at quarter turns, so none of these is near one, or near another's mirror.
_ELSEWHERE = (0.0, *(0.05 + 0.095 * np.arange(16)))
_PEAK = 3.0  # times the level around it that counts as a peak
_BRIGHTEST = 40.0  # times the level that a peak counts at most
_CEILING = 6.0  # log power over the noise: a picture's own grid of lines shall not outvote all pilots


class Spectrum(msgspec.Struct, frozen=True, eq=False):
    """Power over the noise around it.

    Attributes:
        power: (rows, columns) half plane of a real transform, 1 where there is only noise.
        height: rows of the padded picture.
        width: columns of the padded picture.
    """

    power: Plane
    height: int
    width: int


def spectrum_of(whitened: Plane) -> Spectrum:
    """The power spectrum of a picture, divided by the level of its neighbourhood."""
    height, width = (fft.next_fast_len(max(side, SPECTRUM_SIDE), real=True) for side in whitened.shape)
    transform = fft.rfft2(whitened, s=(height, width))
    power = transform.real**2 + transform.imag**2
    # The level is that of the neighbourhood, frequencies of a repeating texture included: rings would miss directions.
    level = ndimage.uniform_filter(power, (41, 41), mode="wrap") + 1e-9
    return Spectrum((power / level).astype(np.float32), height, width)


def candidates(spectrum: Spectrum, layout: Layout) -> Iterator[Geometry]:
    """The likeliest geometries, best first, `FOLLOWED` of them at most.

    Yields:
        (2, 2) matrices that take frequencies of the pattern (cycles a pixel, x then y) to those of the picture, right
        but for quarter turns and mirroring.
    """
    chart = _chart(spectrum)
    guesses = [found for mirrored in (False, True) for found in _peaks(chart, layout, mirrored=mirrored)]
    refined = [refine(spectrum, layout, guess) for guess in guesses]
    ranked = sorted(
        ((_power(spectrum, layout, one[None])[0], one) for one in refined), key=lambda pair: -pair[0]
    )
    kept: list[Geometry] = []
    for _, geometry in ranked:
        if len(kept) < FOLLOWED and not any(_same(geometry, other) for other in kept):
            kept.append(geometry)
    yield from kept


def refine(spectrum: Spectrum, layout: Layout, guess: Geometry) -> Geometry:
    """The geometry near a guess at which all frequencies together have the most power.

    A grid around the guess is made finer three times; then the peaks themselves, to fractions of a bin, say what
    slant or unequal scale is left, if that raises the power.
    """
    for around in _grids():
        grid = guess @ around
        guess = grid[int(_power(spectrum, layout, grid).argmax())]
    for reach in (2, 1):
        fitted = _fitted(spectrum, layout, guess, reach)
        both = np.stack([guess, fitted])
        if np.diff(_power(spectrum, layout, both))[0] > 0:
            guess = fitted
    return guess


@cache
def _grids() -> tuple[Floats, ...]:
    """(49, 2, 2) small changes of scale and angle, ever finer."""
    steps = [np.linspace(-spread, spread, 7) for spread in (0.012, 0.004, 0.0015)]
    return tuple(np.array([_matrix(np.exp(log), turn) for log in step for turn in step]) for step in steps)


def _standing(spectrum: Spectrum, layout: Layout, geometry: Geometry) -> float:
    """How far the power of a geometry stands out among those of the same scale at other angles, in their deviations."""
    turned = np.array([geometry @ _matrix(1.0, angle) for angle in _ELSEWHERE])
    here, *others = _power(spectrum, layout, turned)
    return float((here - np.mean(others)) / (np.std(others) + 1e-9))


def _power(spectrum: Spectrum, layout: Layout, geometries: Floats) -> Floats:
    """(n,) mean log power on the layout's frequencies under each of (n, 2, 2) geometries; pilots count as they are strong."""
    places = (layout.frequencies / TILE) @ geometries.transpose(0, 2, 1)
    u = np.rint(places[:, :, 0] * spectrum.width).astype(np.int64)
    v = np.rint(places[:, :, 1] * spectrum.height).astype(np.int64)
    rows = np.where(u < 0, -v, v) % spectrum.height
    columns = np.minimum(np.abs(u), spectrum.power.shape[1] - 1)
    values = np.log1p(np.minimum(spectrum.power[rows, columns], _BRIGHTEST))
    values[:, : len(layout.pilots)] *= 2.0
    means: Floats = values.mean(axis=1).astype(np.float64)
    return means


def _fitted(spectrum: Spectrum, layout: Layout, guess: Geometry, reach: int) -> Geometry:
    """Least squares through the peaks within some bins of where a guess expects them."""
    canonical = layout.frequencies / TILE
    found, strength = _nearest_peaks(spectrum, canonical @ guess.T, reach)
    weight = np.sqrt(np.minimum(strength, _BRIGHTEST)) * (strength > _PEAK)
    if np.count_nonzero(weight) < len(layout.pilots) // 4:
        return guess
    fitted, *_ = np.linalg.lstsq(canonical * weight[:, None], found * weight[:, None], rcond=None)
    return np.asarray(fitted.T)


def _same(one: Geometry, other: Geometry) -> bool:
    """Whether two geometries differ by less than a peak's width, but for quarter turns and mirroring.

    The ring of frequencies as a whole looks the same turned and mirrored; the phases tell which it was.
    """
    between = np.linalg.solve(one, other)
    return bool(np.abs(between - np.rint(between)).max() < 0.0015)


def _chart(spectrum: Spectrum) -> Plane:
    """(radii, ANGLES) log power, the strongest of each neighbourhood, over logarithm of frequency and angle."""
    peaks = ndimage.maximum_filter(spectrum.power, 3, mode="wrap")
    radii = np.exp(np.arange(np.log(_LOWEST), np.log(0.5), STEP))
    angles = np.arange(ANGLES) * (np.pi / ANGLES)
    u = np.rint(radii[:, None] * np.cos(angles) * spectrum.width).astype(np.int64)
    v = np.rint(radii[:, None] * np.sin(angles) * spectrum.height).astype(np.int64)
    rows = np.where(u >= 0, v, -v) % spectrum.height
    inside = (np.abs(u) < spectrum.power.shape[1]) & (np.abs(v) <= spectrum.height // 2)
    values = np.where(inside, peaks[rows, np.minimum(np.abs(u), spectrum.power.shape[1] - 1)], 1.0)
    return np.clip(np.log(values + 1e-6), 0.0, _CEILING).astype(np.float32)


def _peaks(chart: Plane, layout: Layout, *, mirrored: bool) -> list[Geometry]:
    """The scales and turns at which the pilots lie on the most power."""
    u, v = layout.pilots.T / TILE
    radii, angles = np.hypot(u, v), np.arctan2(-v if mirrored else v, u)
    steps = int(np.log(SCALE_HIGH / SCALE_LOW) / STEP)
    total = np.zeros((steps, ANGLES), dtype=np.float32)
    for radius, angle in zip(radii, angles, strict=True):
        start = round(np.log(radius / SCALE_HIGH / _LOWEST) / STEP)
        rows = chart[start : start + steps]
        shift = -round(angle / np.pi * ANGLES) % ANGLES
        total[: len(rows), : ANGLES - shift] += rows[:, shift:]
        total[: len(rows), ANGLES - shift :] += rows[:, :shift]
    # Slow frequencies have few independent neighbours and vary more: each scale is judged by its own angles.
    total = (total - total.mean(axis=1, keepdims=True)) / (total.std(axis=1, keepdims=True) + 1e-6)
    found = []
    for _ in range(COARSE):
        step, turn = np.unravel_index(int(total.argmax()), total.shape)
        found.append(_matrix(SCALE_HIGH / np.exp(step * STEP), turn * np.pi / ANGLES, mirrored=mirrored))
        total[max(0, step - 3) : step + 4, np.arange(turn - 5, turn + 6) % ANGLES] = -np.inf
    return found


def _matrix(scale: float, angle: float, *, mirrored: bool = False) -> Geometry:
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    return turned @ np.diag([1.0, -1.0]) if mirrored else turned


def _nearest_peaks(spectrum: Spectrum, expected: Floats, reach: int) -> tuple[Floats, Floats]:
    """The strongest place within some bins of each expected frequency, to a fraction of a bin, and its power."""
    flip = np.where(expected[:, :1] < 0, -1.0, 1.0)
    place = expected * flip * [spectrum.width, spectrum.height]
    middle = np.rint(place).astype(np.int64)
    span = np.arange(-reach - 1, reach + 2)
    rows = (middle[:, 1, None, None] + span[None, :, None]) % spectrum.height
    columns = middle[:, 0, None, None] + span[None, None, :]
    # A real picture's spectrum is even: columns left of zero are those of the opposite frequency.
    opposite = columns < 0
    rows = np.where(opposite, -rows % spectrum.height, rows)
    columns = np.minimum(np.abs(columns), spectrum.power.shape[1] - 1)
    around = spectrum.power[rows, columns].astype(np.float64)
    inner = around[:, 1:-1, 1:-1]
    best = inner.reshape(len(inner), -1).argmax(axis=1)
    y, x = np.divmod(best, inner.shape[2])
    each = np.arange(len(inner))
    offset_x = _vertex(around[each, y + 1, x], around[each, y + 1, x + 1], around[each, y + 1, x + 2])
    offset_y = _vertex(around[each, y, x + 1], around[each, y + 1, x + 1], around[each, y + 2, x + 1])
    found = np.stack([middle[:, 0] + x - reach + offset_x, middle[:, 1] + y - reach + offset_y], axis=1)
    return found * flip / [spectrum.width, spectrum.height], inner[each, y, x]


def _vertex(before: Floats, here: Floats, after: Floats) -> Floats:
    """Where a parabola through three neighbours has its top, in [-0.5, 0.5] bins."""
    bend = before - 2.0 * here + after
    safe = np.where(bend < -1e-12, bend, -1.0)
    return np.where(bend < -1e-12, np.clip(0.5 * (before - after) / safe, -0.5, 0.5), 0.0)
