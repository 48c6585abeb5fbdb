"""What the whole detector says of recordings: held-out folds, splices, long recordings, and what is no plain speech.

Usage: python behave.py --work FOLDER --folds FOLDER --packages FOLDER [--count N]

`--folds` holds `f0` to `f4`, each written by `export.py` with the network and trees of one fold, so that a recording is
judged by what never heard its page or speaker. Writes `out/behaviour.json`.
"""

import argparse
import collections
import io
import json
import random
from pathlib import Path

import numpy as np
from clips import Clip, decoded, listed_in, sound_of
from evaluate import near
from folds import FOLDS, fold_of
from scipy.io import wavfile
from scipy.signal import butter, lfilter, resample_poly, sosfilt

from brightline.core.errors import DetectorError
from brightline.core.finding import Finding, Seconds
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.audio.spoof import judged
from brightline.detectors.audio.spoof_hearing import Hearing
from brightline.detectors.audio.spoof_model import SpoofJudge, open_judge
from brightline.settings import Limits

RATE_HZ = 16_000
PAUSE = np.zeros(round(0.35 * RATE_HZ), np.float32)
LIMITS = Limits(detector_seconds=60.0)
VERDICTS = ("synthetic", "abstain", "processed", "real", "not_applicable")


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--work", "--folds", "--packages"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    asked = parser.parse_args()
    judges = [open_judge(asked.folds / f"f{fold}") for fold in range(FOLDS)]
    clips = [clip for clip in listed_in(asked.work / "shared.tsv") if near(clip)]
    shelf = _Shelf(asked.work, clips, judges, asked.count)
    found = {"noise": shelf.noise(), "splices": shelf.splices(), "sounds": {}}
    for name, (makes, truth) in TREATMENTS.items():
        found["sounds"][name] = shelf.treated(makes, truth)
        print(name, found["sounds"][name], flush=True)
    for name, sounds in _others(asked.packages, asked.count).items():
        found["sounds"][name] = _verdicts([_said(sound, judges[n % FOLDS]) for n, sound in enumerate(sounds)])
        print(name, found["sounds"][name], flush=True)
    (asked.work / "out" / "behaviour.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


class _Shelf:
    """The web pages' clips, each with the judge that never heard it."""

    def __init__(self, work: Path, clips: list[Clip], judges: list[SpoofJudge], count: int) -> None:
        self.work, self.judges, self.count = work, judges, count
        self.clips = clips
        random.Random(6).shuffle(self.clips)

    def sound(self, clip: Clip) -> np.ndarray:
        return sound_of(self.work, clip)

    def of(self, truth: int) -> list[Clip]:
        return [clip for clip in self.clips if clip.truth == truth]

    def noise(self) -> float:
        """Spread of windows' logits about the mean of a recording of one source's clips: the noise of a course."""
        spreads = []
        for clips in self._gatherings(0, 8):
            hearing = Hearing(self.judges[fold_of(clips[0])])
            sound = _one_after_another([self.sound(clip) for clip in clips])
            logits = [window.logit for window in [*hearing.hear(sound), *hearing.end()]]
            spreads.append(np.std(logits))
        return float(np.sqrt(np.mean(np.square(spreads))))

    def treated(self, makes, truth: int) -> dict:
        """Verdicts on clips of one truth after a treatment."""
        chosen = self.of(truth)[: self.count]
        return _verdicts([_said(makes(self.sound(clip)), self.judges[fold_of(clip)]) for clip in chosen])

    def splices(self) -> dict:
        """Recordings of about 30 s of one page's real clips, alone and with 8 s of one synthesiser's in their middle."""
        made = self.of(1)
        counts: dict[str, list[float]] = collections.defaultdict(list)
        for clips in self._gatherings(0, 10):
            judge = self.judges[fold_of(clips[0])]
            real = [self.sound(clip) for clip in clips]
            alone = _said(_one_after_another(real), judge)
            counts["flagged, real alone"].append(_is(alone, "synthetic"))
            counts["cut, real alone"].append(float(int(alone.detail("stretches") or 1) > 1))
            systems = {clip.system for clip in made if clip.page == clips[0].page} or {
                clip.system for clip in made if fold_of(clip) == fold_of(clips[0])
            }
            for system in sorted(systems)[:6]:
                fakes = [
                    self.sound(clip)
                    for clip in made
                    if clip.system == system and fold_of(clip) == fold_of(clips[0])
                ][:3]
                if len(fakes) == 3:
                    self._splice(real, fakes, judge, counts)
        return {"recordings": [len(counts["flagged, real alone"]), len(counts["flagged, spliced"])],
                **{name: float(np.mean(values)) for name, values in counts.items()}}  # fmt: skip

    def _splice(
        self, real: list[np.ndarray], fakes: list[np.ndarray], judge: SpoofJudge, counts: dict
    ) -> None:
        before, middle, after = (_one_after_another(part) for part in (real[:5], fakes, real[5:]))
        said = _said(np.concatenate([before, PAUSE, middle, PAUSE, after]), judge)
        begin, end = len(before) / RATE_HZ, (len(before) + len(middle)) / RATE_HZ
        counts["flagged, spliced"].append(_is(said, "synthetic"))
        counts["cut, spliced"].append(float(int(said.detail("stretches") or 1) > 1))
        shown = [place for place in said.where if isinstance(place, Seconds)]
        if _is(said, "synthetic"):
            inside = sum(max(0.0, min(end, one.end) - max(begin, one.start)) for one in shown)
            counts["of the seconds shown, spliced in"].append(
                inside / max(sum(one.end - one.start for one in shown), 0.1)
            )
            counts["of the seconds spliced in, shown"].append(inside / (end - begin))

    def _gatherings(self, truth: int, size: int) -> list[list[Clip]]:
        """Clips of one source at a time, `size` together."""
        sources = collections.defaultdict(list)
        for clip in self.of(truth):
            sources[clip.source].append(clip)
        return [
            held[at : at + size] for held in sources.values() for at in range(0, len(held) - size + 1, size)
        ][: self.count]


def _one_after_another(sounds: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([part for sound in sounds for part in (sound, PAUSE)][:-1])


def _said(sound: np.ndarray, judge: SpoofJudge) -> Finding:
    held = io.BytesIO()
    wavfile.write(held, RATE_HZ, (np.clip(sound, -1, 1) * 32767).astype(np.int16))
    blob = Blob(held.getvalue())
    context = Context(time="2026-11-23T12:00:00Z")
    subject = Subject(digest="0" * 64, size_bytes=blob.size, kind=Kind.WAV, context=context, blob=blob)
    found = []
    try:
        found.extend(judged(subject, judge, LIMITS))
    except DetectorError:
        assert found
    return found[0]


def _is(finding: Finding, verdict: str) -> float:
    return float(finding.detail("verdict") == verdict)


def _verdicts(findings: list[Finding]) -> dict:
    counts = collections.Counter(finding.detail("verdict") for finding in findings)
    return {"clips": len(findings), **{name: counts[name] / max(len(findings), 1) for name in VERDICTS}}


def _noisy(decibels: float):
    def make(sound: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(6).normal(0, 1, len(sound))
        return (sound + noise * sound.std() * 10 ** (-decibels / 20)).astype(np.float32) * 0.5

    return make


def _four_kilohertz(sound: np.ndarray) -> np.ndarray:
    return resample_poly(resample_poly(sound, 1, 2), 2, 1).astype(np.float32)


def _two_kilohertz(sound: np.ndarray) -> np.ndarray:
    return resample_poly(resample_poly(sound, 1, 4), 4, 1).astype(np.float32)


def _smaller(sound: np.ndarray) -> np.ndarray:
    return resample_poly(sound, 4, 5).astype(np.float32)  # pitch and formants up by a quarter


def _whispered(sound: np.ndarray) -> np.ndarray:
    """The voice's source replaced by noise: 18 predictor coefficients for each 20 ms."""
    chance, frame = np.random.default_rng(6), 320
    made = np.zeros(len(sound), np.float32)
    state = np.zeros(18)
    for at in range(0, len(sound) - frame, frame):
        piece = sound[max(at - 160, 0) : at + frame + 160] * np.hamming(
            len(sound[max(at - 160, 0) : at + frame + 160])
        )
        ways = np.correlate(piece, piece, "full")[len(piece) - 1 : len(piece) + 18]
        table = np.array([[ways[abs(a - b)] for a in range(18)] for b in range(18)]) + np.eye(18) * (
            ways[0] * 1e-3 + 1e-9
        )
        line = np.linalg.solve(table, ways[1:19])
        rest = np.sqrt(max(float(ways[0] - line @ ways[1:19]), 0.0) / len(piece))
        made[at : at + frame], state = lfilter(
            [1.0], np.r_[1.0, -line], chance.normal(0, rest, frame), zi=state
        )
    high = sosfilt(butter(2, 300, "highpass", fs=RATE_HZ, output="sos"), np.clip(made, -1, 1))
    return (high / max(float(np.abs(high).max()), 1e-6) * 0.3).astype(np.float32)


TREATMENTS = {
    "real speech, as it is": (lambda sound: sound, 0),
    "synthetic speech, as it is": (lambda sound: sound, 1),
    "real speech in white noise, 20 dB under it": (_noisy(20), 0),
    "real speech in white noise, 5 dB under it": (_noisy(5), 0),
    "real speech, 4 kHz band": (_four_kilohertz, 0),
    "synthetic speech, 4 kHz band": (_four_kilohertz, 1),
    "real speech, 2 kHz band": (_two_kilohertz, 0),
    "real speech with smaller vocal tracts, as of children (pitch and formants up by a quarter)": (
        _smaller,
        0,
    ),
    "real speech whispered (its voicing replaced by noise)": (_whispered, 0),
}


def _others(packages: Path, count: int) -> dict[str, list[np.ndarray]]:
    """What no clip of the training resembles."""
    chance, times = np.random.default_rng(6), np.arange(5 * RATE_HZ) / RATE_HZ
    voices = packages / "x_hedgewars-data/usr/share/games/hedgewars/Data/Sounds/voices"
    music = sorted((packages / "x_hedgewars-data").rglob("Music/*.ogg")) + sorted(
        (packages / "x_unknown-horizons").rglob("music/**/*.ogg")
    )
    acted = [
        file
        for name in (
            "British",
            "Classic",
            "Default_es",
            "Default_ru",
            "Default_uk",
            "Mobster",
            "Pirate",
            "Russian_pl",
            "Surfer",
        )
        for file in sorted((voices / name).glob("*.ogg"))
    ]
    return {
        "silence": [np.zeros(5 * RATE_HZ, np.float32)],
        "white noise": [chance.normal(0, 0.1, len(times)).astype(np.float32) for _ in range(10)],
        "tones": [(0.3 * np.sin(2 * np.pi * base * times)).astype(np.float32) for base in chance.uniform(200, 3000, 10)],
        "music without words (games)": [_middle(decoded(file, None, 60)) for file in music[:count]],
        "an actor singing single words (a game's)": _words(sorted((voices / "Singer").glob("*.ogg"))),
        "actors' cries and words (a game's, nine voices, never heard in training)": _words(acted),
        "a robot's voice (a game's)": _words(sorted((voices / "Robot").glob("*.ogg"))),
    }  # fmt: skip


def _middle(sound: np.ndarray) -> np.ndarray:
    begin = max(0, len(sound) // 2 - 5 * RATE_HZ)
    return sound[begin : begin + 10 * RATE_HZ]


def _words(files: list[Path]) -> list[np.ndarray]:
    sounds = [decoded(file) for file in files]
    return [_one_after_another(sounds[at : at + 4]) for at in range(0, len(sounds) - 3, 4)]


if __name__ == "__main__":
    main()
