"""The shelf of clips: 16 kHz mono sound files in a work folder and one table that says where each is from."""

import csv
import hashlib
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from brightline.detectors.audio.spoof_features import RATE_HZ, trim

LONGEST_S = 4.0
COLUMNS = ("name", "truth", "source", "system", "page", "language", "parent", "kind")


class Clip(NamedTuple):
    """One clip: `page` is what may not stand on both sides of a split, `parent` the real clip it was re-made from."""

    name: str
    truth: int  # 1: synthetic
    source: str  # corpus, package or web page
    system: str  # synthesiser, or the real source again
    page: str
    language: str
    parent: str  # name of the real clip that was copied, else the clip's own name
    kind: str  # shared, package, copy, tts, telephone, processed


class Shelf:
    """Appends clips to one table; sounds lie beside it as int16 .npy."""

    def __init__(self, folder: Path, table: str) -> None:
        self.folder = folder
        (folder / "sounds").mkdir(parents=True, exist_ok=True)
        self.table = folder / f"{table}.tsv"
        self.table.write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")

    def put(self, sound: np.ndarray, **about: str | int) -> bool:
        """Keeps the sound unless, once trimmed, it is shorter than one second; says whether it did."""
        kept = trim(sound.astype(np.float32))[: int(LONGEST_S * RATE_HZ)]
        if len(kept) < RATE_HZ:
            return False
        kept = kept / max(float(np.abs(kept).max()), 1e-6) * 0.7
        about.setdefault("parent", about["name"])
        row = Clip(**about)  # type: ignore[arg-type]  # the caller names every column
        np.save(self.folder / "sounds" / f"{_digest(row.name)}.npy", (kept * 32767).astype(np.int16))
        with self.table.open("a", encoding="utf-8") as out:
            out.write("\t".join(str(value) for value in row) + "\n")
        return True


def listed(folder: Path) -> list[Clip]:
    """Every clip of every table in the folder, in a fixed order."""
    return [clip for table in sorted(folder.glob("*.tsv")) for clip in listed_in(table)]


def listed_in(table: Path) -> list[Clip]:
    """Every clip of one table."""
    with table.open(encoding="utf-8") as rows:
        return [Clip(**{**row, "truth": int(row["truth"])}) for row in csv.DictReader(rows, delimiter="\t")]


def sound_of(folder: Path, clip: Clip) -> np.ndarray:
    """(samples,) float32 in -1..1 at 16 kHz."""
    return np.load(folder / "sounds" / f"{_digest(clip.name)}.npy").astype(np.float32) / 32768


def decoded(path: Path, demuxer: str | None = None, longest_s: float = 30) -> np.ndarray:
    """The start of a sound file as 16 kHz mono float32; empty when it cannot be read."""
    try:
        with av.open(str(path), format=demuxer, metadata_errors="ignore") as held:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
            parts, samples = [], 0
            for frame in held.decode(audio=0):
                parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
                samples += frame.samples
                if samples > longest_s * frame.sample_rate:
                    break
            parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except av.error.FFmpegError:
        return np.zeros(0, np.float32)
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:20]
