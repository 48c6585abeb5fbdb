"""Trains the rumour model on Weibo21, measures it with each domain left out, and writes the weights.

    python training/text/rumour/embed.py --data DIR --out vectors.npy      (in Brightline's environment, ten minutes)
    python training/text/rumour/train.py --data DIR --vectors vectors.npy --honest honest.npy [--write]

Needs scikit-learn and scipy besides Brightline. One core, under a minute. DIR holds `text/rumor_zh_train_weibo21.jsonl.xz`.
"""

import argparse
import hashlib
import json
import struct
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from corpora import SEED, held_out, honest, read
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from brightline.detectors.text.rumour_signals import features
from brightline.detectors.text.rumour_words import BUCKETS, counted, one_form

WEIGHTS = Path(__file__).parents[3] / "src/brightline/weights"
C_COSINE, C_RATIO, SIGN_SHARE = 20.0, 0.02, 0.05
BLEND = 0.5  # of the second model, both in standard deviations
C_SENSE, BLEND_SENSE = 0.03, 0.5
HONEST_WEIGHT = 0.5  # of one honest text of another kind, beside a post


def table(texts):
    """Counts of buckets as a sparse matrix, and the signs."""
    forms = [one_form(text) for text in texts]
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


def caught(truth, scores, share=0.01):
    honest = np.sort(scores[truth == 0])
    return float((scores[truth == 1] > honest[int(np.ceil(len(honest) * (1 - share))) - 1]).mean())


def interval(truth, scores, measure, rounds=200):
    draw = np.random.default_rng(SEED)
    values = []
    for _ in range(rounds):
        chosen = draw.integers(0, len(truth), len(truth))
        values.append(measure(truth[chosen], scores[chosen]))
    return np.percentile(values, [2.5, 97.5])


def ece(truth, probabilities, bins=10):
    weight = np.where(truth == 1, 0.5 / max(1, (truth == 1).sum()), 0.5 / max(1, (truth == 0).sum()))
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    return sum(
        abs((weight[place == at] * (truth[place == at] - probabilities[place == at])).sum())
        for at in range(bins)
    )


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


def report(scores, truth, domain):
    line = calibrated(scores, truth)
    probabilities = 1 / (1 + np.exp(-(line[0] * scores + line[1])))
    print(
        "| domain left out | posts | AUROC | 95 % | caught at 1 % | ECE | at 0.75 or more: true posts, rumours |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in [*sorted(set(domain)), "all"]:
        here = (domain == name) | (name == "all")
        y, s, p = truth[here], scores[here], probabilities[here]
        low, high = interval(y, s, roc_auc_score)
        print(
            f"| {name} | {here.sum()} | {roc_auc_score(y, s):.3f} | {low:.3f}-{high:.3f} | {100 * caught(y, s):.0f} % | {ece(y, p):.3f} |"
            f" {100 * (p[y == 0] >= 0.75).mean():.1f} %, {100 * (p[y == 1] >= 0.75).mean():.1f} % |"
        )
    for wanted in (0.1, 0.05, 0.01):
        honest = np.sort(probabilities[truth == 0])
        print(
            f"probability that {wanted:.0%} of true posts exceed: {honest[int(len(honest) * (1 - wanted))]:.3f}"
        )
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument(
        "--honest", type=Path, required=True, help="vectors of honest texts, from `embed.py --honest`"
    )
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    began = time.time()
    texts, truth, domain = read(asked.data)
    counts, signs = table(texts)
    vectors = np.load(asked.vectors)
    others = honest(asked.data)
    other_counts, other_signs = table(others)
    other_vectors = np.load(asked.honest)

    def learn(kept):
        weight = np.r_[np.ones(kept.sum()), np.full(len(others), HONEST_WEIGHT)]
        labels = np.r_[truth[kept], np.zeros(len(others), int)]
        words = fit(
            sp.vstack([counts[kept], other_counts]).tocsr(), np.r_[signs[kept], other_signs], labels, weight
        )
        return words, fit_sense(np.r_[vectors[kept], other_vectors], labels, weight)

    held, sense = np.zeros((len(truth), 2)), np.zeros(len(truth))
    for name in sorted(set(domain)):
        out = domain == name
        words, (weights, bias) = learn(~out)
        held[out] = both(words, counts[out], signs[out])
        sense[out] = vectors[out] @ weights + bias
    scale = np.array([1, BLEND]) / held.std(0)
    scores = held @ scale
    scale /= scores.std()
    scores /= scores.std()
    sense_scale = BLEND_SENSE / sense.std()
    for at, name in enumerate(("cosine + signs", "log ratios")):
        print(
            f"{name} alone: AUROC {roc_auc_score(truth, held[:, at]):.3f}, caught at 1 % {100 * caught(truth, held[:, at]):.0f} %"
        )
    print(
        f"sense alone: AUROC {roc_auc_score(truth, sense):.3f}, caught at 1 % {100 * caught(truth, sense):.0f} %"
    )
    print("\n#### words\n")
    line = report(scores, truth, domain)
    print("\n#### words and sense\n")
    line_sense = report(scores + sense * sense_scale, truth, domain)
    words, (weights, bias) = learn(np.ones(len(truth), bool))
    for name, texts in held_out(asked.data).items():
        odds = line[0] * (both(words, *table(texts)) @ scale) + line[1]
        print(
            f"{name}, held out: {len(texts)} honest texts, at 0.75 or more {(odds >= np.log(3)).mean():.3f}, words alone"
        )
    if asked.write:
        arrays = pack(words, scale, line)
        arrays["sense"] = (weights * sense_scale).astype(np.float32)
        arrays["sense_bias"] = np.array([bias * sense_scale], np.float32)
        arrays["line_sense"] = np.array(line_sense, np.float32)
        print("sha256", write(arrays, WEIGHTS / "rumour_zh.safetensors"))
    print(f"{time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
