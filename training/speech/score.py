"""Scores held-out clips with the network that never heard their fold.

Usage: python score.py --work FOLDER --name NAME [--network ear|light]

Reads `out/NAME.foldN.pt`, writes `out/NAME.foldN.npz`: logits as they come, through the same MP3 and through a telephone;
nan for clips that were not scored. All clips of the web pages and corpora; up to `SAMPLE` of each packaged source.
"""

import argparse
import collections
from pathlib import Path

import numpy as np
import torch
from bank import LOW, STEP, VERSIONS, Bank, loaded
from clips import Clip
from folds import FOLDS, fold_of
from network import Ear, Light

from brightline.detectors.audio.spoof_features import WINDOW_FRAMES

TESTED = ("as_is", "same_mp3", "telephone")
SAMPLE = 25


def main() -> None:
    """Scores every fold that has been fitted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--network", default="ear")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    tables = [file.stem for file in (asked.work / "bank").glob("*.npy") if "lengths" not in file.name]
    clips, bank, lengths = loaded(asked.work, sorted(tables))
    names = np.array([clip.name for clip in clips])
    for fold in range(FOLDS):
        made = asked.work / "out" / f"{asked.name}.fold{fold}"
        if not made.with_suffix(f".fold{fold}.pt").exists():
            continue
        network = Light() if asked.network == "light" else Ear()
        network.load_state_dict(torch.load(made.with_suffix(f".fold{fold}.pt")))
        held = sampled(clips, fold)
        scores = np.full((len(clips), len(TESTED)), np.nan, np.float32)
        for column, name in enumerate(TESTED):
            scores[held, column] = logits(network, bank, lengths, held, VERSIONS.index(name))
        np.savez(made.with_suffix(f".fold{fold}.npz"), scores=scores, names=names)
        print(asked.name, fold, len(held), flush=True)


def sampled(clips: list[Clip], fold: int) -> list[int]:
    """Numbers of the fold's clips that are scored."""
    seen: collections.Counter[str] = collections.Counter()
    held = []
    for number in np.random.default_rng(6).permutation(len(clips)).tolist():
        clip = clips[number]
        if fold_of(clip) != fold:
            continue
        group = clip.system if clip.truth else clip.source
        seen[group] += 1
        if (clip.kind == "shared" and clip.system != "cc0") or seen[group] <= SAMPLE:
            held.append(number)
    return sorted(held)


def logits(
    network: torch.nn.Module, bank: Bank, lengths: np.ndarray, numbers: list[int], version: int
) -> np.ndarray:
    """Mean logit over each clip's windows."""
    network.eval()
    rows, owner = [], []
    for row, number in enumerate(numbers):
        last = int(lengths[number, version]) - WINDOW_FRAMES
        for start in sorted({0, last}):
            rows.append(bank[number, version, :, start : start + WINDOW_FRAMES])
            owner.append(row)
    said = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for place in range(0, len(rows), 64):
            heard = np.stack(rows[place : place + 64]).astype(np.float32) * STEP + LOW
            said.append(network(torch.from_numpy(heard)).float().numpy())
    values = np.concatenate(said)
    return np.bincount(owner, values) / np.bincount(owner)


if __name__ == "__main__":
    main()
