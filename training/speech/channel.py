"""What happens to speech between mouth and file: the same random chain for both classes and for a clip and its copies.

Rate, codec, noise, room, gain and band limit give synthesis away in collections, never in the field: each chain is drawn
from a seed that a real clip shares with every copy made of it.
"""

import io
import random

import av
import numpy as np
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from brightline.detectors.audio.spoof_features import RATE_HZ

RATES_HZ = (8_000, 11_025, 12_000, 16_000, 16_000, 22_050, 24_000)
CODECS = ("mp3", "mp3", "mp3", "opus", "opus", "aac", "g722", "alaw", "mulaw", "amr", "none", "none", "none")
KBITS = {"mp3": (32, 48, 64, 64, 96, 128), "opus": (12, 16, 24, 32, 48), "aac": (32, 48, 64, 96)}
_FORM = {  # container, encoder, rate or None: as it is
    "mp3": ("mp3", "libmp3lame", None), "opus": ("ogg", "libopus", 48_000), "aac": ("adts", "aac", None),
    "g722": ("g722", "g722", 16_000), "alaw": ("wav", "pcm_alaw", 8_000),
    "mulaw": ("wav", "pcm_mulaw", 8_000), "amr": ("amr", "libopencore_amrnb", 8_000),
}  # fmt: skip
TELEPHONE = ("alaw", "mulaw", "amr")


def same_mp3(sound: np.ndarray) -> np.ndarray:
    """Everything through one MP3: 16 kHz mono, 48 kbit/s."""
    return coded(sound, "mp3", 48)


def telephone(sound: np.ndarray, seed: str) -> np.ndarray:
    """300-3,400 Hz, 8 kHz, one of three telephone codecs."""
    chance = random.Random(seed)
    narrow = sosfilt(butter(4, (300, 3400), "bandpass", fs=RATE_HZ, output="sos"), sound).astype(np.float32)
    return coded(narrow, chance.choice(TELEPHONE), 12)


def chained(sound: np.ndarray, seed: str) -> np.ndarray:
    """One random chain: room, noise, rate, band, codec (at times two), gain."""
    chance = random.Random(seed)
    numbers = np.random.default_rng(chance.randrange(1 << 30))
    made = sound.astype(np.float32)
    if chance.random() < 0.25:
        made = _room(made, chance, numbers)
    if chance.random() < 0.5:
        made = _noise(made, chance, numbers)
    if chance.random() < 0.5:
        made = _through_rate(made, chance.choice(RATES_HZ))
    if chance.random() < 0.3:
        made = _band(made, chance)
    made = _gain(made, chance)
    for _ in range(1 + (chance.random() < 0.2)):
        codec = chance.choice(CODECS)
        if codec != "none":
            made = coded(made, codec, chance.choice(KBITS.get(codec, (12,))))
    return made


def coded(sound: np.ndarray, codec: str, kbits: int) -> np.ndarray:
    """The sound after a codec, at 16 kHz again and in step with what went in."""
    container, encoder, rate = _FORM[codec]
    held = io.BytesIO()
    with av.open(held, "w", format=container) as out:
        stream = out.add_stream(encoder, rate=rate or RATE_HZ)
        stream.layout = "mono"
        stream.bit_rate = 12_200 if codec == "amr" else kbits * 1000
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=stream.rate,
                                      frame_size=stream.codec_context.frame_size or 1024)  # fmt: skip
        whole = av.AudioFrame.from_ndarray(
            (np.clip(sound, -1, 1) * 32767).astype(np.int16)[None], "s16", "mono"
        )
        whole.sample_rate = RATE_HZ
        for frame in [*resampler.resample(whole), *resampler.resample(None), None]:
            if frame is not None:
                frame.pts = None
            for packet in stream.encode(frame):
                out.mux(packet)
    held.seek(0)
    return _decoded(held, {"g722": "g722"}.get(codec))


def _decoded(held: io.BytesIO, demuxer: str | None) -> np.ndarray:
    with av.open(held, format=demuxer) as back:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        parts = [
            piece.to_ndarray()[0] for frame in back.decode(audio=0) for piece in resampler.resample(frame)
        ]
        parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return np.concatenate(parts)


def _through_rate(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    if rate_hz >= RATE_HZ:
        return sound
    common = np.gcd(rate_hz, RATE_HZ)
    down, up = RATE_HZ // common, rate_hz // common
    return resample_poly(resample_poly(sound, up, down), down, up)[: len(sound)].astype(np.float32)


def _room(sound: np.ndarray, chance: random.Random, numbers: np.random.Generator) -> np.ndarray:
    decay_s = chance.uniform(0.08, 0.6)
    times = np.arange(int(decay_s * RATE_HZ)) / RATE_HZ
    tail = numbers.normal(0, 1, len(times)) * np.exp(-6.9 * times / decay_s)
    tail *= chance.uniform(0.02, 0.12)
    tail[0] = 1.0
    return fftconvolve(sound, tail)[: len(sound)].astype(np.float32)


def _noise(sound: np.ndarray, chance: random.Random, numbers: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(numbers.normal(0, 1, len(sound)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** chance.choice(
        [0.0, 0.25, 0.5, 0.75]
    )  # white to brown
    noise = np.fft.irfft(spectrum, len(sound))
    ratio = 10 ** (-chance.uniform(10, 45) / 20)
    return (sound + noise / noise.std() * sound.std() * ratio).astype(np.float32)


def _band(sound: np.ndarray, chance: random.Random) -> np.ndarray:
    if chance.random() < 0.5:
        sections = butter(
            chance.choice([2, 4, 8]), chance.choice([3400, 4500, 5500, 6500, 7200]), fs=RATE_HZ, output="sos"
        )
    else:
        sections = butter(2, chance.uniform(60, 300), "highpass", fs=RATE_HZ, output="sos")
    return sosfilt(sections, sound).astype(np.float32)


def _gain(sound: np.ndarray, chance: random.Random) -> np.ndarray:
    loud = sound / max(float(np.abs(sound).max()), 1e-6) * 10 ** (chance.uniform(-20, 0) / 20)
    if chance.random() < 0.1:
        loud = np.clip(loud * chance.uniform(1.5, 4), -0.95, 0.95)
    return loud.astype(np.float32)
