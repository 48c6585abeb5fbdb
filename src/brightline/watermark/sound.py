"""A keyed watermark in sound: time-frequency cells turned up or down by about a decibel in a secret pattern.

Patchwork in the log-spectrum (after Yeo and Kim, "Modified patchwork algorithm", IEEE TSAP 2003, and Kirovski and
Malvar, "Spread-spectrum watermarking of audio signals", IEEE TSP 2003). Time is cut into units of 32 ms, 300 to 7,000 Hz
into 80 bands; a pattern of 96 units (3.07 s) repeats through the whole sound, so that any few seconds hold it. Half of
the cells are the same for every payload and find the phase; the others spell 20 bits (16 of payload, 4 of checksum),
four bits a symbol, each symbol one of 16 patterns. A telephone band (300 to 3,400 Hz) keeps 37 of the 80 bands.

The detector whitens the log-spectrum against its neighbours, folds it over the period, and correlates; the scale of
chance is measured on the same sound with 16 patterns of nobody's, so that hum, music or silence widen it by themselves.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import signal, special

from brightline.core.errors import MarkingError
from brightline.watermark.keyring import Key

RATE_HZ = 16_000  # the detector listens at this rate; what is above 8 kHz carries nothing
PAYLOAD_BITS = 16
STRENGTH_DB = 1.2  # about 21 dB under the sound; listeners notice some 1 dB in a band of steady sound
MINIMUM_SECONDS = 3.0  # one period
THRESHOLD = 1e-6  # a sound without our mark passes as marked once in a million
_LOW_HZ, _HIGH_HZ, _BANDS = 300.0, 7_000.0, 80
_HOP_SECONDS = 0.008
_WINDOW_HOPS = 4
_UNIT_HOPS = 4
_PERIOD_UNITS = 96
_PERIOD_HOPS = _PERIOD_UNITS * _UNIT_HOPS
_BLOCK_HOPS = 10 * _PERIOD_HOPS  # sound is worked through in blocks of 31 s
_MARGIN_HOPS = 6 * _UNIT_HOPS  # what a block sees of its neighbours
_SYMBOLS, _SYMBOL_BITS = 5, 4
_DECOYS = 16
_QUIET_DB = 45.0  # cells this far below the loudest say nothing
_POLYNOMIAL = 0b10011  # CRC-4-ITU, x^4 + x + 1

Samples = NDArray[np.float32]
_Grid = NDArray[np.float64]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A watermark that was found.

    Attributes:
        key: id of the key.
        payload: the 16 bits, or None where the pattern is there but its bits cannot be read for certain.
        p_value: probability that a sound without the mark gives this score, all phases and keys tried together.
        score: standard deviations above chance.
    """

    key: str
    payload: int | None
    p_value: float
    score: float


def embed(
    samples: Samples, rate: int, key: Key, payload: int, *, strength_db: float = STRENGTH_DB
) -> Samples:
    """The same sound with a watermark; float32 [n] or [n, channels], in [-1, 1], every channel marked alike.

    Args:
        samples: the sound.
        rate: samples a second, 8,000 or more.
        key: whose pattern.
        payload: in [0, 65535].
        strength_db: how far a cell is turned up or down, in (0, 3].

    Raises:
        MarkingError: the sound is shorter than 3 s, holds this key's watermark already, or an argument is out of range.
    """
    if not 0 <= payload < 1 << PAYLOAD_BITS:
        raise MarkingError(f"payload is {payload}, expected 0 to {(1 << PAYLOAD_BITS) - 1}")
    if rate < 8_000 or not 0 < strength_db <= 3:
        raise MarkingError(f"rate {rate} Hz at {strength_db} dB, expected 8,000 Hz or more and up to 3 dB")
    if len(samples) < MINIMUM_SECONDS * rate:
        raise MarkingError(
            f"the sound has {len(samples) / rate:.1f} s, a watermark needs {MINIMUM_SECONDS:.0f} s"
        )
    if detect(samples, rate, [key]) is not None:
        raise MarkingError(f"the sound already holds a watermark of key `{key.id}`")
    pattern = _pattern(key, payload)
    channels = samples[:, None] if samples.ndim == 1 else samples
    marked = np.empty_like(channels)
    for start, stop, block in _blocks(channels, rate):
        hop = _hop(rate)
        first = max(0, start - _MARGIN_HOPS * hop)
        for channel in range(channels.shape[1]):
            changed = _turned(block[:, channel], rate, pattern, first // hop, strength_db)
            marked[start:stop, channel] = changed[start - first : stop - first]
    return marked.reshape(samples.shape)


def detect(samples: Samples, rate: int, keys: Iterable[Key], *, threshold: float = THRESHOLD) -> Found | None:
    """The most certain watermark of any of the keys, or None; float32 [n] or [n, channels] at any rate from 6 kHz."""
    tried = [*keys]
    if not tried or len(samples) < MINIMUM_SECONDS * rate or rate < 6_000:
        return None
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    sums, squares = _folded(mono, rate)
    scale = _scale_of_chance(sums, squares)
    if not scale > 0:  # silence
        return None
    best: Found | None = None
    for key in tried:
        scores = _scores(sums, squares, _sync(key)) / scale
        phase = int(scores.argmax())
        score = float(scores[phase])
        p_value = float(-np.expm1(len(scores) * len(tried) * np.log1p(-special.ndtr(-score))))
        if p_value < threshold and (best is None or score > best.score):
            found = _payload(np.roll(sums, -phase, axis=0), key)
            best = Found(key=key.id, payload=found, p_value=p_value, score=score)
    return best


def _hop(rate: int) -> int:
    return round(_HOP_SECONDS * rate)


def _blocks(channels: Samples, rate: int) -> Iterator[tuple[int, int, Samples]]:
    """(start, stop, samples of that block with its margins), in samples."""
    hop = _hop(rate)
    for start in range(0, len(channels), _BLOCK_HOPS * hop):
        stop = min(start + _BLOCK_HOPS * hop, len(channels))
        yield start, stop, channels[max(0, start - _MARGIN_HOPS * hop) : stop + _MARGIN_HOPS * hop]


def _turned(sound: Samples, rate: int, pattern: _Grid, first_hop: int, strength_db: float) -> Samples:
    """One channel's block with its cells turned up and down; `first_hop` is where it begins in the whole sound."""
    hop = _hop(rate)
    window = hop * _WINDOW_HOPS
    frequencies, _, spectrum = signal.stft(sound, rate, nperseg=window, noverlap=window - hop)
    bands = _band_of(frequencies)
    inside = bands >= 0
    units = (np.arange(spectrum.shape[1]) + first_hop) // _UNIT_HOPS % _PERIOD_UNITS
    spectrum[inside] *= 10 ** (pattern[units][:, bands[inside]].T * strength_db / 20)
    _, turned = signal.istft(spectrum, rate, nperseg=window, noverlap=window - hop)
    return np.asarray(turned[: len(sound)], np.float32)  # the transform pads, so nothing is missing


def _band_of(frequencies: NDArray[np.float64]) -> NDArray[np.int64]:
    bands = np.floor((frequencies - _LOW_HZ) / (_HIGH_HZ - _LOW_HZ) * _BANDS).astype(np.int64)
    bands[(frequencies < _LOW_HZ) | (frequencies >= _HIGH_HZ)] = -1
    return bands


def _folded(mono: Samples, rate: int) -> tuple[_Grid, _Grid]:
    """Sum and sum of squares of the whitened log-spectrum, [hops of a period, bands], over all periods."""
    sums, squares = np.zeros((2, _PERIOD_HOPS, _BANDS))
    for start, stop, block in _blocks(mono[:, None], rate):
        hop = _hop(rate)
        before = (start - max(0, start - _MARGIN_HOPS * hop)) // hop
        heard = signal.resample_poly(block[:, 0], RATE_HZ, rate) if rate != RATE_HZ else block[:, 0]
        cells = _whitened(heard)[before : before + -(-(stop - start) // hop)]
        for at in range(0, len(cells), _PERIOD_HOPS):
            period = cells[at : at + _PERIOD_HOPS]
            sums[: len(period)] += period
            squares[: len(period)] += period**2
    return sums, squares


def _whitened(sound: Samples) -> _Grid:
    """Each cell's level against its neighbours in time and pitch, robustly scaled; 0 where it is quiet."""
    hop = _hop(RATE_HZ)
    window = hop * _WINDOW_HOPS
    frequencies, _, spectrum = signal.stft(sound, RATE_HZ, nperseg=window, noverlap=window - hop)
    power = np.abs(spectrum.T) ** 2
    bands = _band_of(frequencies)
    inside = bands >= 0
    sizes = np.bincount(bands[inside], minlength=_BANDS)
    edges = np.searchsorted(bands[inside], np.arange(_BANDS))
    level = 10 * np.log10(np.add.reduceat(power[:, inside], edges, axis=1) / sizes + 1e-12)
    level = _ahead(level)
    cells = _against_neighbours(_against_neighbours(level, _UNIT_HOPS, 0), 1, 1)
    spread = 1.5 * float(np.sqrt(np.median(cells**2))) or 1.0
    loud = level > np.percentile(level, 99) - _QUIET_DB
    return np.where(loud, np.clip(cells, -2 * spread, 2 * spread) / spread, 0.0)


def _ahead(level: _Grid) -> _Grid:
    """Mean over the unit that begins at each hop."""
    padded = np.concatenate([level, np.repeat(level[-1:], _UNIT_HOPS, axis=0)])
    total = np.cumsum(padded, axis=0)
    before = np.concatenate([np.zeros((1, level.shape[1])), total])
    means = (before[_UNIT_HOPS : _UNIT_HOPS + len(level)] - before[: len(level)]) / _UNIT_HOPS
    return np.asarray(means, np.float64)


def _against_neighbours(cells: _Grid, step: int, axis: int) -> _Grid:
    around: _Grid = np.zeros_like(cells)
    for shift in (-2, -1, 1, 2):
        around += np.roll(cells, shift * step, axis)
    return np.asarray(cells - around / 4)


def _matched(pattern: _Grid) -> _Grid:
    """A pattern as it looks after whitening, laid out in hops."""
    seen = _against_neighbours(_against_neighbours(pattern, 1, 0), 1, 1)
    laid = np.zeros((_PERIOD_HOPS, _BANDS))
    laid[::_UNIT_HOPS] = seen
    return laid


def _scores(sums: _Grid, squares: _Grid, pattern: _Grid) -> NDArray[np.float64]:
    """Correlation with a pattern at every phase, each over the root of its energy."""
    laid = _matched(pattern)
    return _correlated(sums, laid) / np.sqrt(np.maximum(_correlated(squares, laid**2), 1e-9))


def _correlated(folded: _Grid, laid: _Grid) -> NDArray[np.float64]:
    product = np.fft.rfft(folded, axis=0) * np.conj(np.fft.rfft(laid, axis=0))
    return np.asarray(np.fft.irfft(product.sum(axis=1), _PERIOD_HOPS), np.float64)


def _scale_of_chance(sums: _Grid, squares: _Grid) -> float:
    """Standard deviation of scores of patterns that nobody embeds, on this very sound."""
    drawn = hashlib.shake_256(b"brightline decoys").digest(_DECOYS * _PERIOD_UNITS * _BANDS // 8)
    decoys = _laid_out(drawn, _DECOYS) * _cells_of_sync()
    return float(np.std(np.concatenate([_scores(sums, squares, decoy) for decoy in decoys])))


def _cells_of_sync() -> _Grid:
    """1 where a cell belongs to the synchronisation: every second one, as on a chessboard."""
    odd = (np.arange(_PERIOD_UNITS)[:, None] + np.arange(_BANDS)) % 2
    return 1.0 - odd.astype(np.float64)


def _sync(key: Key) -> _Grid:
    return np.asarray(_signs(key, "sync", 1)[0] * _cells_of_sync())


def _symbol_cells(key: Key) -> NDArray[np.int64]:
    """Which symbol each cell spells, -1 for the synchronisation's."""
    owner = np.frombuffer(_stream(key, "owner", _PERIOD_UNITS * _BANDS), np.uint8) % _SYMBOLS
    return np.where(_cells_of_sync() > 0, -1, owner.reshape(_PERIOD_UNITS, _BANDS).astype(np.int64))


def _symbol_patterns(key: Key, symbol: int) -> NDArray[np.float64]:
    """The 16 patterns of one symbol, [16, units, bands], 0 in the cells of others."""
    patterns: NDArray[np.float64] = _signs(key, f"symbol {symbol}", 1 << _SYMBOL_BITS)
    return np.where(_symbol_cells(key) == symbol, patterns, 0.0)


def _signs(key: Key, use: str, count: int) -> NDArray[np.float64]:
    """Patterns of -1 and 1 that only the key gives, [count, units, bands]."""
    return _laid_out(_stream(key, use, count * _PERIOD_UNITS * _BANDS // 8), count)


def _laid_out(drawn: bytes, count: int) -> NDArray[np.float64]:
    signs = np.unpackbits(np.frombuffer(drawn, np.uint8)).astype(np.float64) * 2 - 1
    return signs.reshape(count, _PERIOD_UNITS, _BANDS)


def _stream(key: Key, use: str, size: int) -> bytes:
    """Bytes of SHAKE-256 (FIPS 202): the same for ever, which generators of random numbers do not promise."""
    return hashlib.shake_256(key.secret_for("sound") + use.encode()).digest(size)


def _pattern(key: Key, payload: int) -> _Grid:
    bits = payload << _SYMBOL_BITS | _checksum(payload)
    pattern = _sync(key)
    for symbol in range(_SYMBOLS):
        pattern += _symbol_patterns(key, symbol)[bits >> _SYMBOL_BITS * symbol & 15]
    return pattern


def _payload(sums: _Grid, key: Key) -> int | None:
    """The payload in a folded spectrum that begins with the period, or None where its checksum does not hold."""
    bits = 0
    for symbol in range(_SYMBOLS):
        patterns = _symbol_patterns(key, symbol)
        scores = [float((sums * _matched(pattern)).sum()) for pattern in patterns]
        bits |= int(np.argmax(scores)) << _SYMBOL_BITS * symbol
    payload, checksum = bits >> _SYMBOL_BITS, bits & 15
    return payload if _checksum(payload) == checksum else None


def _checksum(payload: int) -> int:
    """CRC-4 of the payload's 16 bits."""
    rest = payload << _SYMBOL_BITS
    for bit in range(PAYLOAD_BITS + _SYMBOL_BITS - 1, _SYMBOL_BITS - 1, -1):
        if rest >> bit & 1:
            rest ^= _POLYNOMIAL << bit - _SYMBOL_BITS
    return rest
