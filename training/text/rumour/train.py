"""Trains the rumour model on Weibo21, measures it with each domain left out, and writes the weights.

    python training/text/rumour/embed.py --data DIR --out FOLDER      (ten minutes, once)
    python training/text/rumour/train.py --data DIR --vectors FOLDER --out FOLDER

One core, under a minute. DIR holds `text/rumor_zh_train_weibo21.jsonl.xz`. `measure.py` has the tables.
"""

import argparse
import hashlib
import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from corpora import SEED, honest, read
from embed import kept
from sklearn.linear_model import LogisticRegression

from brightline.detectors.message import fraud_normal
from brightline.detectors.text.rumour_signals import features
from brightline.detectors.text.rumour_words import BUCKETS, Characters, counted, one_form

# The tables of the fraud lane, each line two or three characters: one table, one recipe.
TWINS, SPLITS = (
    "".join(Path(fraud_normal.__file__).with_name(name).read_text("utf-8").split())
    for name in ("fraud_traditional.txt", "fraud_split.txt")
)
CHARACTERS = Characters.of(TWINS, SPLITS)
C_COSINE, C_RATIO, SIGN_SHARE = 20.0, 0.02, 0.05
BLEND = 0.5  # of the second model, both in standard deviations
C_SENSE, BLEND_SENSE = 0.03, 0.5
HONEST_WEIGHT = 0.5  # of one honest text of another kind, beside a post


def table(texts):
    """Counts of buckets as a sparse matrix, and the signs."""
    forms = [one_form(text, CHARACTERS) for text in texts]
    found = [counted(form) for form in forms]
    ends = np.cumsum([0] + [len(buckets) for buckets, _ in found])
    counts = sp.csr_matrix(
        (np.concatenate([one for _, one in found]), np.concatenate([one for one, _ in found]), ends),
        shape=(len(texts), BUCKETS),
    )
    return counts, np.array([features(form) for form in forms])


def fit(counts, signs, truth, weight=None):
    """Both linear models: cosine-normed logarithmic counts with signs, and log ratios of presence [wang2012]."""
    documents = np.asarray((counts > 0).sum(0)).ravel()
    idf = np.where(documents >= 2, np.log((1 + len(truth)) / (1 + documents)) + 1, 0).astype(np.float32)
    mean, spread = signs.mean(0), signs.std(0) + 1e-3
    left = sp.hstack([cosine(counts, idf), sp.csr_matrix((signs - mean) / spread * SIGN_SHARE)]).tocsr()
    first = LogisticRegression(
        C=C_COSINE, solver="liblinear", dual=True, max_iter=300, tol=1e-2, random_state=SEED
    ).fit(left, truth, sample_weight=weight)
    present = (counts > 0).astype(np.float32)
    yes, no = (1 + np.asarray(present[truth == label].sum(0)).ravel() for label in (1, 0))
    ratio = np.where(documents >= 2, np.log(yes / yes.sum() / (no / no.sum())), 0).astype(np.float32)
    second = LogisticRegression(
        C=C_RATIO, solver="liblinear", dual=True, max_iter=300, tol=1e-2, random_state=SEED
    ).fit(present @ sp.diags(ratio), truth, sample_weight=weight)
    one = {
        "idf": idf,
        "cosine": first.coef_[0][:BUCKETS],
        "signs": first.coef_[0][BUCKETS:] * SIGN_SHARE / spread,
        "ratio": second.coef_[0] * ratio,
    }
    one["bias"] = np.array([first.intercept_[0] - float(mean @ one["signs"]), second.intercept_[0]])
    return one


def cosine(counts, idf):
    weighed = counts.copy()
    weighed.data = 1 + np.log(weighed.data)
    weighed = (weighed @ sp.diags(idf)).tocsr()
    norms = np.sqrt(np.asarray(weighed.multiply(weighed).sum(1)).ravel())
    return sp.diags(1 / np.maximum(norms, 1e-6)) @ weighed


def both(model, counts, signs):
    first = cosine(counts, model["idf"]) @ model["cosine"] + signs @ model["signs"] + model["bias"][0]
    return np.stack([first, (counts > 0).astype(np.float32) @ model["ratio"] + model["bias"][1]], 1)


def fit_sense(vectors, truth, weight=None):
    """A linear model over vectors of sense: weights and bias."""
    mean, spread = vectors.mean(0), vectors.std(0)
    model = LogisticRegression(C=C_SENSE, max_iter=500).fit(
        (vectors - mean) / spread, truth, sample_weight=weight
    )
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - mean @ weights)


def calibrated(scores, truth):
    """Platt's line at equal priors."""
    line = LogisticRegression(C=1e6, class_weight="balanced").fit(scores[:, None], truth)
    return float(line.coef_[0][0]), float(line.intercept_[0])


def pack(model, scale, line):
    """Eight bits a weight: a third of a percent of the largest is lost."""
    arrays = {}
    for name in ("cosine", "ratio"):
        most = np.abs(model[name]).max()
        arrays[name] = np.round(model[name] / most * 127).astype(np.int8)
        arrays[f"{name}_most"] = np.array([most / 127], np.float32)
    arrays["idf"] = np.round(model["idf"] / model["idf"].max() * 255).astype(np.uint8)
    arrays["idf_most"] = np.array([model["idf"].max() / 255], np.float32)
    arrays["signs"] = model["signs"].astype(np.float32)
    arrays["bias"] = model["bias"].astype(np.float32)
    arrays["scale"] = np.array(scale, np.float32)
    arrays["line"] = np.array(line, np.float32)
    return arrays


def write(arrays, file):
    names = {np.dtype(np.int8): "I8", np.dtype(np.uint8): "U8", np.dtype(np.float32): "F32"}
    header, at = {}, 0
    for name, array in sorted(arrays.items(), key=lambda one: -one[1].itemsize):
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
    said = json.dumps(header).encode()
    said += b" " * (-len(said) % 8)
    data = struct.pack("<Q", len(said)) + said + b"".join(arrays[name].tobytes() for name in header)
    file.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@dataclass
class Unseen:
    """Posts of Weibo21, each with what a model says that saw nothing of its domain.

    Attributes:
        words: the score by words, in standard deviations.
        both: the same with the optional model's.
        models: for each domain the model by words that did not see it.
        scale: weights of the two models by words.
        sense_scale: weight of the optional model.
        line: of the calibration of `words`, slope and offset; line_both that of `both`.
        whole: models by words and by sense that saw all.
    """

    texts: list[str]
    truth: np.ndarray
    domain: np.ndarray
    words: np.ndarray
    both: np.ndarray
    models: dict[str, dict[str, np.ndarray]]
    scale: np.ndarray
    sense_scale: float
    line: tuple[float, float]
    line_both: tuple[float, float]
    whole: tuple


def domains_left_out(folder: Path, vectors: Path) -> Unseen:
    """Fit with each domain left out, honest texts of other kinds beside it; then with all."""
    texts, truth, domain = read(folder)
    counts, signs = table(texts)
    others = honest(folder)
    other_counts, other_signs = table(others)
    sense_of, other_sense = kept(vectors, texts), kept(vectors, others)

    def learn(own: np.ndarray):
        weight = np.r_[np.ones(own.sum()), np.full(len(others), HONEST_WEIGHT)]
        labels = np.r_[truth[own], np.zeros(len(others), int)]
        words = fit(
            sp.vstack([counts[own], other_counts]).tocsr(), np.r_[signs[own], other_signs], labels, weight
        )
        return words, fit_sense(np.r_[sense_of[own], other_sense], labels, weight)

    held, sense, models = np.zeros((len(truth), 2)), np.zeros(len(truth)), {}
    for name in sorted(set(domain)):
        out = domain == name
        models[str(name)], (weights, bias) = learn(~out)
        held[out] = both(models[str(name)], counts[out], signs[out])
        sense[out] = sense_of[out] @ weights + bias
    scale = np.array([1, BLEND]) / held.std(0)
    scale /= (held @ scale).std()
    words, sense_scale = held @ scale, BLEND_SENSE / sense.std()
    mixed = words + sense * sense_scale
    lines = calibrated(words, truth), calibrated(mixed, truth)
    everything = learn(np.ones(len(truth), bool))
    return Unseen(texts, truth, domain, words, mixed, models, scale, sense_scale, *lines, everything)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True, help="folder that `embed.py` filled")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights")
    asked = parser.parse_args()
    unseen = domains_left_out(asked.data, asked.vectors)
    words, (weights, bias) = unseen.whole
    arrays = pack(words, unseen.scale, unseen.line)
    arrays["sense"] = (weights * unseen.sense_scale).astype(np.float32)
    arrays["sense_bias"] = np.array([bias * unseen.sense_scale], np.float32)
    arrays["line_sense"] = np.array(unseen.line_both, np.float32)
    arrays["twins"] = np.frombuffer(TWINS.encode(), np.uint8)
    arrays["splits"] = np.frombuffer(SPLITS.encode(), np.uint8)
    print("zh rumour", len(unseen.texts), write(arrays, asked.out / "rumour_zh.safetensors"))


if __name__ == "__main__":
    main()
