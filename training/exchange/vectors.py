"""What the encoder gives for every text, kept on the disk: states of pieces in 320 principal directions, and vectors.

    states.npy (pieces of all texts, 320) float16, places.npy (texts + 1,), vectors.npy (texts, 512), directions.npy

The directions hold 86 % of the states' power; the network's first layer is multiplied with them before it ships.
"""

from pathlib import Path

import numpy as np
from corpus import Row

from brightline.detectors.exchange.encoder import PIECES, STATE, VECTOR, encode
from brightline.detectors.exchange.model import READ_CHARACTERS
from brightline.detectors.exchange.readings import plainly

DIRECTIONS = 320
SAMPLE = 2_500  # texts that the directions are found in


class Vectors:
    """The four arrays, from the disk or made anew."""

    def __init__(self, folder: Path, rows: list[Row]) -> None:
        if not (folder / "vectors.npy").exists():
            _make(folder, rows)
        self.states = np.load(folder / "states.npy", mmap_mode="r")
        self.places = np.load(folder / "places.npy")
        self.vectors = np.load(folder / "vectors.npy")
        self.directions = np.load(folder / "directions.npy")
        if len(self.vectors) != len(rows):
            raise SystemExit(
                f"`{folder}` holds vectors of {len(self.vectors)} texts, not of {len(rows)}; delete it"
            )


def _make(folder: Path, rows: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    directions = _directions([_read(row.text) for row in rows[:: max(1, len(rows) // SAMPLE)]])
    parts, vectors = [], np.empty((len(rows), VECTOR), np.float32)
    for number, row in enumerate(rows):
        read = encode(_read(row.text))
        vectors[number] = read.vector
        parts.append((read.states @ directions).astype(np.float16))
    np.save(folder / "places.npy", np.r_[0, np.cumsum([len(part) for part in parts])])
    np.save(folder / "states.npy", np.concatenate(parts))
    np.save(folder / "directions.npy", directions)
    np.save(folder / "vectors.npy", vectors)


def _read(text: str) -> str:
    return plainly(text[: 4 * READ_CHARACTERS])[:READ_CHARACTERS]


def _directions(texts: list[str]) -> np.ndarray:
    power, count = np.zeros((STATE, STATE)), 0
    for text in texts:
        states = encode(text).states[:PIECES]
        power += states.T.astype(np.float64) @ states
        count += len(states)
    _, found = np.linalg.eigh(power / count)
    return np.asarray(found[:, ::-1][:, :DIRECTIONS], np.float32)
