"""What writing down speech costs, and how many words are wrong.

    python benchmarks/bench_transcript.py [--data DIR] [--minutes 60]

Without data the two invented calls of the tests are measured, and a long recording made of them. DIR holds
`speech/cc0_manifest.tsv` with real sentences and their words.
"""

import argparse
import csv
import re
import resource
import sys
import time
import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from brightline.core.errors import DetectorError
from brightline.core.subject import Context
from brightline.detectors.audio import transcript
from brightline.intake.open import open_file
from brightline.media import recogniser
from brightline.media.audio import RATE_HZ, decode_audio
from brightline.settings import Limits, Settings

CALLS = Path(__file__).parents[1] / "tests/detectors/audio/calls"
PATIENT = Limits(detector_seconds=3600.0, subject_seconds=3600.0)


def opened(path):
    return open_file(path, context=Context(time="2026-11-23T00:00:00Z"), limits=PATIENT)


def wrong(said, meant):
    """Words to change, add or leave out (Levenshtein)."""
    row = list(range(len(meant) + 1))
    for number, one in enumerate(said, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(meant, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (one != other))
    return row[-1]


def words(text):
    return re.sub(r"[^\w\s']", " ", text.lower()).split()


def sentences(folder):
    with (folder / "cc0_manifest.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["transcript"].strip()][:80]
    faults = total = 0
    seconds, began = 0.0, time.process_time()
    for row in rows:
        sound = decode_audio(opened(folder / row["path"]), wall_s=60.0)
        meant = words(row["transcript"])
        faults += wrong(words(recogniser.read_speech(sound).text), meant)
        total += len(meant)
        seconds += len(sound) / RATE_HZ
    cost = (time.process_time() - began) / seconds
    print(
        f"{len(rows)} sentences alone: {100 * faults / total:.1f} % of {total} words wrong, {cost:.3f} CPU s a second"
    )


def calls(detect):
    for path in sorted(CALLS.glob("*.ogg")):
        subject = opened(path)
        seconds = len(decode_audio(subject, wall_s=60.0)) / RATE_HZ
        began = time.process_time()
        found = list(detect(subject))
        cost = (time.process_time() - began) / seconds
        scam = max((one.probability for one in found if one.claim == "text.scam"), default=0.0)
        print(
            f"{path.name}: {cost:.3f} CPU s a second, {found[0].detail('speakers')} speakers, scam {scam:.2f}"
        )


def long(detect, minutes):
    """A recording of so many minutes: the calls again and again, with pauses."""
    parts = [decode_audio(opened(path), wall_s=60.0) for path in sorted(CALLS.glob("*.ogg"))]
    parts.append(np.zeros(3 * RATE_HZ, dtype=np.float32))
    once = (np.concatenate(parts) * 32767).astype("<i2").tobytes()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            for _ in range(round(minutes * 60 * RATE_HZ * 2 / len(once))):
                file.writeframesraw(once)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, wall = time.process_time(), time.monotonic()
        try:
            found = list(detect(opened(path)))
        except DetectorError as error:
            sys.exit(f"not whole: {error}")
        cost = (time.process_time() - began) / (minutes * 60)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{minutes:g} minutes: {cost:.3f} CPU s a second, {time.monotonic() - wall:.0f} s of wall clock,"
        f" {grown:.0f} MB more at the peak, {found[0].detail('turns')} turns, {len(found)} findings"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--minutes", type=float, default=0.0)
    asked = parser.parse_args()
    detect = transcript.prepare(Settings(transcribe_speech=True, limits=PATIENT))
    calls(detect)
    if asked.minutes:
        long(detect, asked.minutes)
    if asked.data:
        sentences(asked.data / "speech")


if __name__ == "__main__":
    main()
