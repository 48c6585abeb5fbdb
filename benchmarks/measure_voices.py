"""How well voices are told apart: pairs of real clips of known speakers, as they come and through a telephone.

    python benchmarks/measure_voices.py --data DIR

DIR holds `speech/manifest.tsv`; speakers are read from the names of LibriSpeech and VCTK files. Clips last up to 3.6 s.
"""

import argparse
import csv
import random
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from scipy.signal import butter, sosfilt

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.audio import turns
from brightline.detectors.audio.activity import RATE_HZ, speech_spans
from brightline.detectors.audio.pieces import Piece, Stretch
from brightline.detectors.audio.turns import speakers_of, windows_of
from brightline.detectors.audio.voices import mean_voice, voices_of
from brightline.media.audio import decode_audio

VCTK = re.compile(r"/(p\d{3})[_/]")
LIBRI = re.compile(r"/(\d+)-\d+-\d+")


def speaker_of(row):
    one_voice = row["truth"] == "0" and "to" not in re.split(r"[-_/.]", row["original"])
    found = VCTK.search(row["original"]) if one_voice else None
    if found and row["system"] != "src":
        return "vctk-" + found[1]
    found = LIBRI.search(row["original"])
    return "libri-" + found[1] if found and row["system"].startswith("LibriSpeech") else ""


def sound_of(path):
    subject = Subject(
        digest="0" * 64,
        size_bytes=path.stat().st_size,
        kind=Kind.FLAC,
        context=Context(time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        blob=Blob(path=path),
    )
    return decode_audio(subject)


def telephone(sound):
    """300 to 3,400 Hz, 8 bits of mu-law."""
    band = sosfilt(butter(4, (300, 3400), "bandpass", fs=RATE_HZ, output="sos"), sound)
    band = band / max(1e-6, np.abs(band).max())
    pressed = np.sign(band) * np.log1p(255 * np.abs(band)) / np.log(256)
    steps = np.round(pressed * 127) / 127
    return (np.sign(steps) * (256 ** np.abs(steps) - 1) / 255).astype(np.float32)


def speech_of(sound):
    spans = speech_spans(sound)
    parts = [sound[round(a * RATE_HZ) : round(b * RATE_HZ)] for a, b in spans]
    return np.concatenate(parts) if parts else sound[:0]


def report(name, voices, speakers):
    known = np.array(voices)
    likenesses = known @ known.T
    one, other = np.triu_indices(len(known), 1)
    same = np.array([speakers[a] == speakers[b] for a, b in zip(one, other, strict=True)])
    scores = likenesses[one, other]
    ours, theirs = np.sort(scores[same]), np.sort(scores[~same])
    bars = np.linspace(0.3, 1.0, 1401)
    missed = np.searchsorted(ours, bars) / len(ours)
    confused = 1 - np.searchsorted(theirs, bars) / len(theirs)
    at = int(np.argmin(np.abs(missed - confused)))
    print(f"{name}: {len(set(speakers))} speakers, {len(ours)} pairs of one, {len(theirs)} of two")
    print(f"  EER {100 * (missed[at] + confused[at]) / 2:.1f} % at {bars[at]:.3f}")
    print(f"  one: quartiles {np.quantile(ours, [0.05, 0.25, 0.5, 0.75]).round(3)}")
    for bar in (0.70, 0.75, 0.80, 0.85, 0.90):
        print(
            f"  from {bar:.2f}: told {100 * (ours >= bar).mean():.1f} %, strangers {(theirs >= bar).sum()}"
            f" ({100 * (theirs >= bar).mean():.3f} %)"
        )


HEARD = {}


def moved(sound, at):
    """The windows of a clip as they would be at that time; each clip is heard once."""
    key = (len(sound), sound[:2000].tobytes())
    if key not in HEARD:
        HEARD[key] = windows_of(Piece(sound, (Stretch(0.0, len(sound) / RATE_HZ),)))
    return [
        msgspec.structs.replace(one, start_s=at + one.start_s, end_s=at + one.end_s) for one in HEARD[key]
    ]


def conversations(speech, speakers, name):
    """Calls of two strangers, three clips each in turn: how many speakers are heard, and how much time is theirs."""
    rng = random.Random(6)
    clips = {}
    for sound, speaker in zip(speech, speakers, strict=True):
        clips.setdefault(speaker, []).append(sound)
    names = sorted(clips)
    pairs = [rng.sample(names, 2) for _ in range(100)]
    alone = [(one, one) for one in rng.sample(names, 50)]
    for bar in (0.28, 0.30, 0.33, 0.36, 0.40):
        turns.APART = bar
        right, counted = [], []
        for pair in [*pairs, *alone]:
            windows, truth, at = [], [], 0.0
            for number in range(6):
                own = clips[pair[number % 2]]
                sound = own[(number // 2) % len(own)]
                whole = np.tile(sound, 2)[: max(len(sound), 3 * RATE_HZ)]
                found = moved(whole, at)
                windows += found
                truth += [number % 2] * len(found)
                at += len(whole) / RATE_HZ + 0.5
            heard = [one.speaker for one in speakers_of(windows)]
            counted.append(len(set(heard)))
            same = np.mean([a == b for a, b in zip(heard, truth, strict=True)])
            right.append(max(same, 1 - same) if len(set(heard)) == 2 else same)
        two, one = counted[: len(pairs)], counted[len(pairs) :]
        print(
            f"{name}, apart from {bar:.2f}: two strangers heard as two in {two.count(2)} of {len(pairs)}, as one in"
            f" {two.count(1)}; windows right {100 * np.mean(right[: len(pairs)]):.1f} %; one speaker heard as one in"
            f" {one.count(1)} of {len(alone)}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data / "speech"
    with (folder / "manifest.tsv").open(encoding="utf-8") as file:
        rows = [(row, speaker_of(row)) for row in csv.DictReader(file, delimiter="\t")]
    made, sounds = {}, {}
    for row, speaker in rows:
        if not speaker:
            continue
        speech = speech_of(sound_of(folder / row["path"]))
        if len(speech) < RATE_HZ:
            continue
        for name, changed in (("as it comes", speech), ("telephone", telephone(speech))):
            found = made.setdefault(name, ([], []))
            found[0].append(mean_voice(voices_of(changed)))
            found[1].append(speaker)
            sounds.setdefault(name, []).append(changed)
    for name, (voices, speakers) in made.items():
        report(name, voices, speakers)
        conversations(sounds[name], speakers, name)
    kept = [(v, s) for v, s in zip(*made["as it comes"], strict=True) if s.startswith("vctk")]
    report("VCTK alone, as it comes", [v for v, _ in kept], [s for _, s in kept])
    crossed = [np.array(made[name][0]) for name in ("as it comes", "telephone")]
    speakers = made["telephone"][1]
    pairs = crossed[0] @ crossed[1].T
    same = np.array([[a == b for b in speakers] for a in speakers])
    other = ~np.eye(len(speakers), dtype=bool)
    ours, theirs = np.sort(pairs[same & other]), np.sort(pairs[~same])
    print(f"one by a telephone, one not: {len(ours)} pairs of one, {len(theirs)} of two")
    for bar in (0.60, 0.65, 0.70, 0.75, 0.80):
        print(
            f"  from {bar:.2f}: told {100 * (ours >= bar).mean():.1f} %, strangers {(theirs >= bar).sum()}"
            f" ({100 * (theirs >= bar).mean():.3f} %)"
        )


if __name__ == "__main__":
    sys.exit(main())
