"""What the network is compared with, on the same folds: LFCC statistics with boosting, LFCC with Gaussian mixtures.

Usage: python peers.py --work FOLDER --way boosting|mixtures [--shared-only] --out NAME

Writes `out/NAME.npz` as `fit.py` does.
"""

import argparse
from pathlib import Path

import lightgbm
import numpy as np
from bank import LOW, STEP, VERSIONS, Bank, loaded
from fit import HEARD
from folds import FOLDS, fold_of, trained_on
from scipy.fft import dct
from score import TESTED
from sklearn.mixture import GaussianMixture

COEFFICIENTS = 30


def main() -> None:
    """Fits and scores every fold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--way", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--shared-only", action="store_true")
    asked = parser.parse_args()
    tables = sorted(file.stem for file in (asked.work / "bank").glob("*.npy") if "lengths" not in file.name)
    clips, bank, lengths = loaded(asked.work, tables)
    scores = np.full((len(clips), len(TESTED)), np.nan, np.float32)
    for fold in range(FOLDS):
        numbers = trained_on(clips, fold)
        if asked.shared_only:
            numbers = [
                number
                for number in numbers
                if clips[number].kind == "shared" and clips[number].system != "cc0"
            ]
        held = [number for number, clip in enumerate(clips) if fold_of(clip) == fold]
        truths = np.array([clips[number].truth for number in numbers])
        versions = HEARD[:1] if asked.shared_only else HEARD
        score = (boosting if asked.way == "boosting" else mixtures)(bank, lengths, numbers, truths, versions)
        for column, name in enumerate(TESTED):
            scores[held, column] = [
                score(lfcc(bank, lengths, number, VERSIONS.index(name))) for number in held
            ]
        print(asked.out, fold, flush=True)
    np.savez(
        asked.work / "out" / f"{asked.out}.npz", scores=scores, names=np.array([clip.name for clip in clips])
    )


def lfcc(bank: Bank, lengths: np.ndarray, number: int, version: int) -> np.ndarray:
    """(frames, COEFFICIENTS) cepstral coefficients of linear bands."""
    log_power = bank[number, version, :, : lengths[number, version]].T * np.float32(STEP) + np.float32(LOW)
    return dct(log_power, norm="ortho", axis=1)[:, :COEFFICIENTS]


def statistics(cepstra: np.ndarray) -> np.ndarray:
    """Mean, spread, skew of each coefficient and spread of its first two differences."""
    one, two = np.diff(cepstra, axis=0), np.diff(cepstra, 2, axis=0)
    middle, spread = cepstra.mean(0), cepstra.std(0) + 1e-6
    skew = (((cepstra - middle) / spread) ** 3).mean(0)
    return np.concatenate(
        [middle, spread, skew, one.std(0) / spread, two.std(0) / spread, np.abs(one).mean(0) / spread]
    )


def boosting(bank: Bank, lengths: np.ndarray, numbers: list[int], truths: np.ndarray, versions: list[int]):
    """A scorer of cepstra."""
    rows = np.stack(
        [statistics(lfcc(bank, lengths, number, version)) for version in versions for number in numbers]
    )
    model = lightgbm.LGBMClassifier(n_estimators=300, num_leaves=15, learning_rate=0.05, subsample=0.8, subsample_freq=1,
                                    colsample_bytree=0.4, n_jobs=1, verbose=-1, class_weight="balanced")  # fmt: skip
    model.fit(rows, np.tile(truths, len(versions)))
    return lambda cepstra: model.booster_.predict(statistics(cepstra)[None], raw_score=True)[0]


def mixtures(bank: Bank, lengths: np.ndarray, numbers: list[int], truths: np.ndarray, versions: list[int]):
    """A scorer of cepstra: difference of the mean log-likelihoods of 64 Gaussians a class."""
    chance = np.random.default_rng(6)
    models = []
    for truth in (1, 0):
        frames = []
        for number in np.array(numbers)[truths == truth]:
            seen = _with_differences(lfcc(bank, lengths, number, int(chance.choice(versions))))
            frames.append(seen[chance.permutation(len(seen))[:30]])
        models.append(GaussianMixture(64, covariance_type="diag", max_iter=15, n_init=1, random_state=6, init_params="random_from_data",
                                      reg_covar=1e-3).fit(np.concatenate(frames)))  # fmt: skip
    return lambda cepstra: (
        models[0].score(_with_differences(cepstra)) - models[1].score(_with_differences(cepstra))
    )


def _with_differences(cepstra: np.ndarray) -> np.ndarray:
    one = np.gradient(cepstra[:, :20], axis=0)
    return np.concatenate([cepstra[:, :20], one, np.gradient(one, axis=0)], axis=1)


if __name__ == "__main__":
    main()
