"""Spectrograms of every clip as it is, through the same MP3, through a telephone and through random chains; cached.

Usage: python bank.py --work FOLDER TABLE...

Eight-bit log power (0.075 a step): a table of 1,000 clips takes 300 MB in memory and on disk.
"""

import argparse
from pathlib import Path

import channel
import numpy as np
from clips import Clip, listed_in, sound_of

from brightline.detectors.audio.spoof_features import BANDS, WINDOW_FRAMES, spectrogram, trim

FRAMES = 400  # 4 s, the longest clip
CHAINS = 3  # random chains a clip
VERSIONS = ("as_is", "same_mp3", "telephone", *[f"chain{number}" for number in range(CHAINS)])
LOW, STEP = -11.6, 0.075


def main() -> None:
    """Caches the tables named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("tables", nargs="+")
    asked = parser.parse_args()
    (asked.work / "bank").mkdir(exist_ok=True)
    for table in asked.tables:
        clips = listed_in(asked.work / f"{table}.tsv")
        held = np.zeros((len(clips), len(VERSIONS), BANDS, FRAMES), np.uint8)
        lengths = np.zeros((len(clips), len(VERSIONS)), np.int16)
        for number, clip in enumerate(clips):
            for version, sound in enumerate(_versions(clip, sound_of(asked.work, clip))):
                log_power = _filled(spectrogram(trim(sound)))
                lengths[number, version] = log_power.shape[1]
                held[number, version, :, : log_power.shape[1]] = np.clip(
                    (log_power - LOW) / STEP + 0.5, 0, 255
                )
        np.save(asked.work / "bank" / f"{table}.npy", held)
        np.save(asked.work / "bank" / f"{table}.lengths.npy", lengths)
        print(table, held.shape, flush=True)


def _versions(clip: Clip, sound: np.ndarray) -> list[np.ndarray]:
    chains = [channel.chained(sound, f"{clip.parent} {number}") for number in range(CHAINS)]
    return [sound, channel.same_mp3(sound), channel.telephone(sound, clip.parent), *chains]


def _filled(log_power: np.ndarray) -> np.ndarray:
    # Short clips are repeated until they fill a window, as `windows` does.
    repeats = max(1, -(-WINDOW_FRAMES // log_power.shape[1]))
    least = WINDOW_FRAMES if repeats > 1 else log_power.shape[1]
    return np.tile(log_power, repeats)[:, : min(FRAMES, least)]


class Bank:
    """The tables' caches as one, left on disk: `bank[number, version, :, start:end]`, so that folds share its pages."""

    def __init__(self, parts: list[np.ndarray]) -> None:
        self.parts = parts
        self.ends = np.cumsum([len(part) for part in parts])

    def __getitem__(self, place: tuple) -> np.ndarray:
        part = int(np.searchsorted(self.ends, place[0], side="right"))
        return self.parts[part][(place[0] - (self.ends[part] - len(self.parts[part])), *place[1:])]


def loaded(work: Path, tables: list[str]) -> tuple[list[Clip], Bank, np.ndarray]:
    """Clips of the tables, their (clips, versions, BANDS, FRAMES) uint8 bank and (clips, versions) frame counts."""
    clips = [clip for table in tables for clip in listed_in(work / f"{table}.tsv")]
    parts = [np.load(work / "bank" / f"{table}.npy", mmap_mode="r") for table in tables]
    lengths = np.concatenate([np.load(work / "bank" / f"{table}.lengths.npy") for table in tables])
    return clips, Bank(parts), lengths


if __name__ == "__main__":
    main()
