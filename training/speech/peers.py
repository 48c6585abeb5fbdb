"""What the network is compared with, on the same folds: LFCC statistics with boosting, LFCC with Gaussian mixtures.

Usage: python peers.py --work FOLDER --way boosting|mixtures [--shared-only] --out NAME

Writes `out/NAME.foldN.npz` as `score.py` does, and the trees as `out/NAME.foldN.txt` and `out/NAME.all.txt`.
"""

import argparse
from pathlib import Path

import lightgbm
import numpy as np
from bank import LOW, STEP, VERSIONS, Bank, loaded
from fit import HEARD
from folds import FOLDS, trained_on
from scipy.fft import dct
from score import TESTED, sampled
from sklearn.mixture import GaussianMixture

from brightline.detectors.audio.spoof_features import WINDOW_FRAMES

COEFFICIENTS = 30


def main() -> None:
    """Fits and scores every fold; boosting is kept, and with --whole fitted once more to all clips."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--way", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--shared-only", action="store_true")
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    tables = sorted(file.stem for file in (asked.work / "bank").glob("*.npy") if "lengths" not in file.name)
    clips, bank, lengths = loaded(asked.work, tables)
    versions = HEARD[:1] if asked.shared_only else HEARD
    rows: dict[tuple[int, int], np.ndarray] = {}
    for fold in [*range(FOLDS), *([None] if asked.whole else [])]:
        numbers = trained_on(clips, fold)
        if asked.shared_only:
            numbers = [
                number
                for number in numbers
                if clips[number].kind == "shared" and clips[number].system != "cc0"
            ]
        truths = np.array([clips[number].truth for number in numbers])
        made = asked.work / "out" / f"{asked.out}.{'all' if fold is None else f'fold{fold}'}"
        if asked.way == "boosting":
            score = boosting(bank, lengths, numbers, truths, versions, rows, Path(f"{made}.txt"))
        else:
            score = mixtures(bank, lengths, numbers, truths, versions)
        if fold is not None:
            held = sampled(clips, fold)
            scores = np.full((len(clips), len(TESTED)), np.nan, np.float32)
            for column, name in enumerate(TESTED):
                scores[held, column] = [score(bank, lengths, number, VERSIONS.index(name)) for number in held]
            np.savez(f"{made}.npz", scores=scores, names=np.array([clip.name for clip in clips]))
        print(made.name, flush=True)


def lfcc(bank: Bank, lengths: np.ndarray, number: int, version: int) -> list[np.ndarray]:
    """(WINDOW_FRAMES, COEFFICIENTS) cepstral coefficients of linear bands, of the first window and of the last."""
    last = int(lengths[number, version]) - WINDOW_FRAMES
    parts = [bank[number, version, :, start : start + WINDOW_FRAMES] for start in sorted({0, last})]
    return [
        dct(part.T * np.float32(STEP) + np.float32(LOW), norm="ortho", axis=1)[:, :COEFFICIENTS]
        for part in parts
    ]


def statistics(cepstra: np.ndarray) -> np.ndarray:
    """Mean, spread, skew of each coefficient and spread of its first two differences."""
    one, two = np.diff(cepstra, axis=0), np.diff(cepstra, 2, axis=0)
    middle, spread = cepstra.mean(0), cepstra.std(0) + 1e-6
    skew = (((cepstra - middle) / spread) ** 3).mean(0)
    return np.concatenate(
        [middle, spread, skew, one.std(0) / spread, two.std(0) / spread, np.abs(one).mean(0) / spread]
    )


def boosting(bank: Bank, lengths: np.ndarray, numbers: list[int], truths: np.ndarray, versions: list[int],
             rows: dict[tuple[int, int], np.ndarray], kept: Path):  # fmt: skip
    """A scorer of a clip's version; the trees are written to `kept`."""
    for version in versions:
        for number in numbers:
            if (number, version) not in rows:
                rows[number, version] = statistics(lfcc(bank, lengths, number, version)[0])
    table = np.stack([rows[number, version] for version in versions for number in numbers])
    model = lightgbm.LGBMClassifier(n_estimators=300, num_leaves=15, learning_rate=0.05, subsample=0.8, subsample_freq=1,
                                    colsample_bytree=0.4, n_jobs=1, verbose=-1, class_weight="balanced", random_state=6)  # fmt: skip
    model.fit(table, np.tile(truths, len(versions)))
    model.booster_.save_model(str(kept))

    def score(bank: Bank, lengths: np.ndarray, number: int, version: int) -> float:
        windows = np.stack([statistics(cepstra) for cepstra in lfcc(bank, lengths, number, version)])
        return float(model.booster_.predict(windows, raw_score=True).mean())

    return score


def mixtures(bank: Bank, lengths: np.ndarray, numbers: list[int], truths: np.ndarray, versions: list[int]):
    """A scorer of cepstra: difference of the mean log-likelihoods of 64 Gaussians a class."""
    chance = np.random.default_rng(6)
    models = []
    for truth in (1, 0):
        frames = []
        for number in np.array(numbers)[truths == truth]:
            seen = _with_differences(lfcc(bank, lengths, number, int(chance.choice(versions)))[0])
            frames.append(seen[chance.permutation(len(seen))[:30]])
        models.append(GaussianMixture(64, covariance_type="diag", max_iter=15, n_init=1, random_state=6, init_params="random_from_data",
                                      reg_covar=1e-3).fit(np.concatenate(frames)))  # fmt: skip

    def score(bank: Bank, lengths: np.ndarray, number: int, version: int) -> float:
        seen = _with_differences(lfcc(bank, lengths, number, version)[0])
        return float(models[0].score(seen) - models[1].score(seen))

    return score


def _with_differences(cepstra: np.ndarray) -> np.ndarray:
    one = np.gradient(cepstra[:, :20], axis=0)
    return np.concatenate([cepstra[:, :20], one, np.gradient(one, axis=0)], axis=1)


if __name__ == "__main__":
    main()
