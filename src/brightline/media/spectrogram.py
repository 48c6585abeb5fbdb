"""Sound as a picture: a log-mel spectrogram drawn with numpy's FFT and a colour scale of even brightness steps."""

import io
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from brightline.media.audio import Samples

WINDOW = 512  # 32 ms at 16 kHz: resolves pitch and syllables
BANDS = 64  # mel bands, one row of pixels each
COLUMNS = 400  # one for each peak of the waveform
RANGE_DB = 70.0  # below the loudest: quieter is black
COLOURS = 64  # steps of the scale: six bits a pixel keep the PNG under 26 kB

# Our own scale, from night blue over violet and orange to pale yellow; CIE lightness rises at every step, 1 to 97.
_ANCHORS = (
    (4, 4, 20),
    (52, 12, 94),
    (128, 24, 108),
    (199, 52, 78),
    (241, 114, 42),
    (247, 186, 64),
    (252, 250, 208),
)


def spectrogram_png(samples: Samples, rate_hz: int) -> bytes:
    """Draw (n,) float32 mono samples as a PNG of at most 400 x 64 pixels, low pitches at the bottom.

    Returns:
        PNG bytes, at most 26 kB; empty for less than one window of sound.
    """
    if len(samples) < WINDOW:
        return b""
    levels = log_mel(samples, rate_hz)
    steps = np.clip((levels + RANGE_DB) / RANGE_DB * (COLOURS - 1), 0, COLOURS - 1).round().astype(np.uint8)
    drawn = Image.frombytes(
        "P", (steps.shape[0], steps.shape[1]), np.ascontiguousarray(steps.T[::-1]).tobytes()
    )
    drawn.putpalette(colour_scale().tobytes())
    stream = io.BytesIO()
    drawn.save(stream, "PNG", bits=8)
    return stream.getvalue()


def log_mel(samples: Samples, rate_hz: int) -> npt.NDArray[np.float32]:
    """Give mel-band power in dB below the loudest value.

    Returns:
        (columns, 64) float32, at most 0; columns are at most 400, evenly spaced.
    """
    count = min(COLUMNS, 1 + (len(samples) - WINDOW) // (WINDOW // 4))
    starts = np.linspace(0, len(samples) - WINDOW, count).astype(np.int64)
    frames = samples[starts[:, None] + np.arange(WINDOW)] * np.hanning(WINDOW).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    bands = power @ _mel_filters(rate_hz).T
    decibels = 10.0 * np.log10(np.maximum(bands, 1e-10))
    return np.asarray(decibels - max(float(decibels.max()), -40.0), dtype=np.float32)


@cache
def colour_scale() -> npt.NDArray[np.uint8]:
    """Give the (64, 3) uint8 sRGB colour scale, dark to light."""
    anchors = np.array(_ANCHORS, dtype=np.float64)
    at = np.linspace(0, len(anchors) - 1, COLOURS)
    channels = [np.interp(at, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


@cache
def _mel_filters(rate_hz: int) -> npt.NDArray[np.float64]:
    """Triangles evenly spaced in mel between 50 Hz and half the rate: (64, 257).

    Source: [oshaughnessy1987] mel = 2595 log10(1 + f / 700).
    """
    low, high = (2595.0 * np.log10(1.0 + f / 700.0) for f in (50.0, rate_hz / 2))
    edges = 700.0 * (10.0 ** (np.linspace(low, high, BANDS + 2) / 2595.0) - 1.0)
    tones = np.fft.rfftfreq(WINDOW, 1.0 / rate_hz)
    rising = (tones - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - tones) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    narrow = filters.sum(axis=1) == 0.0  # a low band between two tones: take the nearest tone
    filters[narrow, np.abs(tones[None, :] - edges[1:-1][narrow, None]).argmin(axis=1)] = 1.0
    return np.asarray(filters)
