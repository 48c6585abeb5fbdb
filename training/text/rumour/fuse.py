"""Weighs words, letters and sense for claim matching, and measures it.

    python training/text/rumour/fuse.py --data DIR [--cache FILE]

Posts are those written for this project, copies with
words lost and words of another post around them, and posts that speak of no claim in the bank. Folds keep all posts of
a claim together. Prints the constants for `claim_match.FUSIONS`; `measure.py` keeps the tables.
"""

import argparse
import hashlib
import json
import lzma
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measures import rounded, share

from brightline.detectors.text import claim_index
from brightline.detectors.text.claim_sense import senses
from brightline.detectors.text.claim_words import plain

WRITTEN = Path(__file__).parents[1] / "written/claims"
BANK = 3_000  # claim-like sentences of the corpora beside the written claims
CANDIDATES = 20  # of each lane, a post
LANE = {"en": "minilm", "zh": "e5"}
SEED = 20261123


def lines(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def corpus(folder, name):
    with lzma.open(folder / f"text/{name}.jsonl.xz", "rt") as stream:
        return [json.loads(line) for line in stream]


def strangers(folder, language):
    """Claim-like sentences, and posts of which none has its claim in the bank."""
    draw = np.random.default_rng(0)
    if language == "en":
        rows = corpus(folder, "ai_en_train")
        found = [
            re.split(r"(?<=[.!?]) ", row["text"].strip())[0]
            for row in rows
            if row["src"] == "hc3plus_si" and row["label"] == 0
        ]
        found = sorted({one for one in found if 25 < len(one) < 200})
        posts = [
            row["text"]
            for row in corpus(folder, "scam_en_train")
            if row["label"] == 0 and 30 < len(row["text"]) < 300
        ]
    else:
        found = []
        for row in corpus(folder, "rumor_zh_train_weibo21"):
            headline = re.match(r"【(.{8,60}?)】(.{20,})", row["text"], re.DOTALL)
            if headline:
                found.append(headline[1])
            elif len(row["text"]) > 30:
                found.append(re.split(r"[。！？!?\n]", row["text"])[0][:60])
        found = sorted({one for one in found if len(one) >= 10})
        # Posts of Weibo21 share their events with its headlines; answers to questions do not.
        posts = [
            row["text"][:200]
            for row in corpus(folder, "ai_zh_train")
            if row["label"] == 0 and len(row["text"]) > 30
        ]
    found = [found[at] for at in draw.permutation(len(found))[:BANK]]
    return found, [posts[at] for at in draw.permutation(len(posts))[:200]]


def copies(bank, around, language, count):
    """Claims as people copy them: a third of the words lost, words of a post that fits none before and behind."""
    draw = np.random.default_rng(1)
    made = []
    for at in draw.choice(len(bank), count, replace=False):
        tokens = list(bank[at]) if language == "zh" else bank[at].split()
        other = around[int(draw.integers(len(around)))]
        other = list(other) if language == "zh" else other.split()
        kept = [token for token in tokens if draw.random() > 0.33]
        joint = "" if language == "zh" else " "
        made.append(
            (
                joint.join([*other[: len(kept) // 3], *kept, *other[len(kept) // 3 : 2 * len(kept) // 3]]),
                int(at),
            )
        )
    return made


def kept(cache, name, texts, embed):
    """Vectors of texts, computed once: the file's name is a digest of what went in."""
    file = cache / f"{hashlib.sha256(json.dumps([name, texts]).encode()).hexdigest()[:24]}.npy"
    if not file.exists():
        np.save(file, np.array([embed(text) for text in texts]))
    return np.load(file)


def scores(bank, posts, language, cache):
    index = claim_index.build([plain(one) for one in bank])
    forms = [plain(post) for post in posts]
    found = {
        "words": np.array([index.by_words(form) for form in forms]),
        "letters": np.array([index.by_letters(form) for form in forms]),
    }
    sense = next(one for one in senses() if one.name == LANE[language])
    claims = kept(cache, sense.name + " claims", [plain(one) for one in bank], sense.of_claim)
    asked = kept(cache, sense.name + " posts", forms, sense.of_post)
    found["sense"] = asked @ claims.astype(np.float16).astype(np.float32).T
    return found


def logistic(features, truth, penalty=1.0, rounds=60):
    """Newton's method; a few hundred rows, four columns."""
    wide = np.c_[features, np.ones(len(features))]
    weights = np.zeros(wide.shape[1])
    ridge = penalty * np.r_[np.ones(features.shape[1]), 0] * 0.01
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(wide @ weights, -30, 30)))
        gradient = wide.T @ (p - truth) + ridge * weights
        weights -= np.linalg.solve((wide * (p * (1 - p))[:, None]).T @ wide + np.diag(ridge + 1e-6), gradient)
    return weights


def rank_of(odds, truth):
    return (odds > odds[np.arange(len(truth)), truth][:, None]).sum(1)


@dataclass
class Matching:
    """Rows of the two tables of one language, and the fitted weights."""

    bank: int
    ranks: list
    calibration: list
    weights: dict


def rank_row(name, rank):
    gain = np.where(rank < 5, 1 / (rank + 1), 0)
    draw = np.random.default_rng(SEED)
    low, high = np.percentile(
        [gain[draw.integers(0, len(gain), len(gain))].mean() for _ in range(500)], [2.5, 97.5]
    )
    return [name, len(rank), share(rank == 0), rounded(gain.mean(), low, high), share(rank < 5)]


def measure(folder, language, cache):
    checks = lines(WRITTEN / f"claims-{language}.jsonl")
    posts = lines(WRITTEN / f"posts-{language}.jsonl")
    others, none = strangers(folder, language)
    bank = [check["claim"] for check in checks] + others
    number = {check["id"]: at for at, check in enumerate(checks)}
    made = copies(bank, none[:100], language, 150)
    wanted = np.array([number[post["claim"]] for post in posts] + [at for _, at in made] + [-1] * len(none))
    kind = np.array(["written"] * len(posts) + ["copied"] * len(made) + ["none"] * len(none))
    found = scores(
        bank, [post["post"] for post in posts] + [text for text, _ in made] + none, language, cache
    )
    written, told = kind == "written", Matching(len(bank), [], [], {})
    for lane in ("words", "letters", "sense"):
        told.ranks.append(
            rank_row(f"{lane} alone, written posts", rank_of(found[lane][written], wanted[written]))
        )
    for lanes in (("words", "letters"), ("words", "letters", "sense")):
        fuse(told, lanes, found, wanted, kind)
    return told


def fuse(told, lanes, found, wanted, kind):
    pairs = [
        (post, int(claim))
        for post in range(len(wanted))
        for claim in np.unique(
            np.concatenate([np.argsort(-found[lane][post])[:CANDIDATES] for lane in lanes])
        )
    ]
    rows, columns = np.array(pairs).T
    features = np.stack([found[lane][rows, columns] for lane in lanes], 1)
    truth = (columns == wanted[rows]).astype(float)
    fold = np.where(wanted >= 0, wanted, np.arange(len(wanted))) % 5
    whole = np.stack([found[lane] for lane in lanes], 2)
    odds = np.zeros(whole.shape[:2])
    for one in range(5):
        weights = fitted(features, truth, rows, whole, wanted, fold != one)
        odds[fold == one] = whole[fold == one] @ weights[:-1] + weights[-1]
    name = " + ".join(lanes)
    for group, said in (("written", "written posts"), ("copied", "claims with a third of the words lost")):
        told.ranks.append(rank_row(f"{name}, {said}", rank_of(odds[kind == group], wanted[kind == group])))
    best, top = odds.argmax(1), 1 / (1 + np.exp(-odds.max(1)))
    right = best == wanted
    place = np.minimum((top * 10).astype(int), 9)
    ece = sum(abs((right - top)[place == at].sum()) for at in range(10)) / len(top)
    told.calibration.append(
        [
            name,
            share((right & (top >= 0.5))[wanted >= 0]),
            share(top[kind == "none"] >= 0.5),
            round(float(ece), 4),
        ]
    )
    final = fitted(features, truth, rows, whole, wanted, fold >= 0)
    told.weights[name] = {
        lane: round(float(weight), 2) for lane, weight in zip((*lanes, "bias"), final, strict=True)
    }


def fitted(features, truth, rows, whole, wanted, kept):
    """Weights that rank the candidates of the posts kept, then stretched so that the best one's odds are true."""
    weights = logistic(features[kept[rows]], truth[kept[rows]])
    odds = whole[kept] @ weights[:-1] + weights[-1]
    right = (odds.argmax(1) == wanted[kept]).astype(float)
    slope, level = logistic(odds.max(1)[:, None], right)
    return np.r_[weights[:-1] * slope, weights[-1] * slope + level]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--cache", type=Path, default=Path("build/claims"), help="where vectors are kept between runs"
    )
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    for language in ("en", "zh"):
        print(language, measure(asked.data, language, asked.cache).weights)


if __name__ == "__main__":
    main()
