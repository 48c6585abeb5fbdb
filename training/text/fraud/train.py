"""Train the fraud models, measure them on what they did not see, and write `weights/fraud.safetensors`.

    OMP_NUM_THREADS=1 python training/text/fraud/train.py --shared DIR --out src/brightline/weights [--without phishing_pot]

Needs scikit-learn, scipy and safetensors besides the runtime. One core, about three minutes.
Tables go to `--report` (JSON): leave-one-part-out on written lures, leave-one-kind-out, leave-one-source-out, attacks.
"""

import argparse
import bisect
import collections
import hashlib
import json
import random
import re
from pathlib import Path

import data
import numpy as np
import scipy.sparse as sp
from attacks import ATTACKS, CHINESE, ENGLISH
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from brightline.detectors.message.fraud_grams import BITS, grams
from brightline.detectors.message.fraud_model import TYPE_BITS, TYPES
from brightline.detectors.message.fraud_normal import Plain, plain
from brightline.detectors.message.fraud_tactics import matched, rules

# At most so many texts of each source and class: more of the same teaches the source.
CAPS = {
    ("smsspam", 0): 1500, ("nus_en", 0): 800, ("ai_en", 0): 1500, ("spamassassin", 0): 1800, ("fbs", 0): 3500,
    ("teleaf", 1): 2500, ("teleaf", 0): 2000, ("nus_zh", 0): 1000, ("ai_zh", 0): 1200, ("rumor_zh", 0): 1200,
}  # fmt: skip
# Spam of 2002 and 2006 is mostly advertising, which is no fraud: it counts little. Honest mail of then counts fully.
# Texts of today weigh most: public ones are easily told apart, and teach their source.
WEIGHTS = {
    ("written", 0): 36.0, ("written", 1): 45.0, ("spamassassin", 1): 0.2, ("smsspam", 1): 0.15, ("phishing_pot", 1): 0.6,
    ("teleaf", 1): 0.2, ("fbs", 1): 0.2, ("ai_en", 0): 0.14, ("ai_zh", 0): 0.14, ("rumor_zh", 0): 0.14,
}  # fmt: skip
ELSE_WEIGHT = 0.2
# Written texts are many by now; in English they count half, or public ones fall behind: those are real mail.
WRITTEN_SHARE = {False: 0.5, True: 1.0}  # Chinese
HONEST_SHARE = 2 / 3  # of all weight: false alarms cost more, and are the rarer text here
GRAM_SCALE, TACTIC_SCALE, PENALTY = 4.0, 0.5, 0.3
# Numbers of the written files that one sitting wrote. A sitting has its own themes and turns of phrase, so files of one
# stay in one fold: folds by file alone said AUROC 0.94 where new sittings gave 0.83.
SITTINGS = {
    False: (9, 14, 19, 29, 39, 49, 57, 99),
    True: (9, 13, 17, 29, 37, 99),
}  # the last file of each; Chinese
FOLDS = 8
WRITTEN_POOL = 8.0  # what the unseen written texts weigh in the calibration, a public source left out being 1
KIND_TO_TYPE = {"bec": "business_payment", "phishing": "account_takeover"}
KIND_TO_TYPE |= dict.fromkeys(("elderly", "elder_marketing"), "elderly_marketing")
FBS_TO_TYPE = {
    "FR:Financial": "investment",
    "FR:Phishing(Bank)": "account_takeover",
    "FR:Phishing(Other)": "account_takeover",
}
HARD_MAIL = frozenset(
    {
        "newsletter",
        "event",
        "receipt",
        "account_mail",
        "shipping",
        "marketing_sms",
        "promo",
        "membership",
        "otp",
        "bank_notice",
    }
)


class Texts:
    """Rows of one language with their features."""

    def __init__(self, rows: list[data.Row], language: str) -> None:
        self.is_chinese = language == "zh"
        spelled = [plain(row.text) for row in rows]
        kept = [i for i, one in enumerate(spelled) if one.is_chinese == self.is_chinese and one.text]
        self.rows = [rows[i] for i in kept]
        self.plain = [spelled[i] for i in kept]
        self.y = np.array([row.label for row in self.rows])
        self.source = np.array([row.source for row in self.rows])
        self.kind = np.array([row.kind for row in self.rows])
        self.part = np.array([row.part for row in self.rows])
        self.x = features(self.plain, is_chinese=self.is_chinese)
        self.is_written = self.source == "written"

    @property
    def weights(self) -> np.ndarray:
        """Each row's weight by its source, `HONEST_SHARE` of all for honest ones, 1 on average."""
        weights = np.array([WEIGHTS.get((row.source, row.label), ELSE_WEIGHT) for row in self.rows])
        weights[self.is_written] *= WRITTEN_SHARE[self.is_chinese]
        for label in (0, 1):
            share = HONEST_SHARE if label == 0 else 1 - HONEST_SHARE
            weights[self.y == label] *= share * len(weights) / weights[self.y == label].sum()
        return weights / weights.mean()


def features(texts: list[Plain], *, is_chinese: bool) -> sp.csr_matrix:
    patterns = len(rules(is_chinese=is_chinese).owners)
    words = [grams(one.text, is_chinese=is_chinese).astype(np.int64) for one in texts]
    tactics = [np.array(matched(one), np.int64) for one in texts]
    first = _rows(words, 1 << BITS, lambda count: GRAM_SCALE / np.sqrt(max(count, 1)))
    return sp.hstack([first, _rows(tactics, patterns, lambda _: TACTIC_SCALE)]).tocsr()


def _rows(lists: list[np.ndarray], width: int, value) -> sp.csr_matrix:
    counts = np.array([len(one) for one in lists])
    values = np.repeat([value(count) for count in counts], counts).astype(np.float32)
    return sp.csr_matrix(
        (values, np.concatenate(lists), np.r_[0, np.cumsum(counts)]), shape=(len(lists), width)
    )


def capped(rows: list[data.Row]) -> list[data.Row]:
    rows = rows[:]
    random.Random(7).shuffle(rows)
    seen: collections.Counter = collections.Counter()
    kept = []
    for row in rows:
        seen[row.source, row.label] += 1
        if seen[row.source, row.label] <= CAPS.get((row.source, row.label), 10**9):
            kept.append(row)
    return kept


def fit(texts: Texts, chosen: np.ndarray) -> tuple[np.ndarray, float]:
    model = LogisticRegression(C=PENALTY, max_iter=80, tol=1e-3)
    model.fit(texts.x[chosen], texts.y[chosen], sample_weight=texts.weights[chosen])
    return model.coef_[0], float(model.intercept_[0])


def folds(texts: Texts) -> np.ndarray:
    """A fold for each row; texts that one sitting wrote stay together."""
    found = np.random.RandomState(0).randint(0, FOLDS, len(texts.rows))
    lasts = SITTINGS[texts.is_chinese]
    for part in sorted(set(texts.part[texts.is_written])):
        found[texts.part == part] = bisect.bisect_left(lasts, data.part_number(part))
    return found


def unseen(texts: Texts) -> np.ndarray:
    """The score of every row by a model that saw neither it nor its sitting."""
    fold, scores = folds(texts), np.zeros(len(texts.rows))
    for number in range(FOLDS):
        held = fold == number
        weights, bias = fit(texts, ~held)
        scores[held] = texts.x[held] @ weights + bias
    return scores


def attacked(texts: Texts) -> dict[str, np.ndarray]:
    """Scores of the written lures under each attack, by a model that saw neither the lure nor its sitting."""
    fold, lures = folds(texts), np.flatnonzero(texts.is_written & (texts.y == 1))
    found = {name: np.zeros(len(lures)) for name in ["none", *(CHINESE if texts.is_chinese else ENGLISH)]}
    for number in range(FOLDS):
        held = fold[lures] == number
        if not held.any():  # Chinese has fewer sittings
            continue
        weights, bias = fit(texts, fold != number)
        for name, scores in found.items():
            chooser = random.Random(number)
            changed = [
                plain(
                    ATTACKS[name](texts.rows[row].text, chooser) if name != "none" else texts.rows[row].text
                )
                for row in lures[held]
            ]
            scores[held] = features(changed, is_chinese=texts.is_chinese) @ weights + bias
    return found


def operating_points(texts: Texts, probability: np.ndarray) -> dict[str, dict[str, float]]:
    """At each threshold: lures caught, the worst kind, hard honest mail flagged, all honest texts flagged."""
    lures, honest = texts.is_written & (texts.y == 1), texts.is_written & (texts.y == 0)
    newer = np.array(
        [
            ours and data.part_number(part) >= 30
            for part, ours in zip(texts.part, texts.is_written, strict=True)
        ]
    )
    hard = honest & np.isin(texts.kind, list(HARD_MAIL))
    found = {}
    for threshold in (0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8):
        flagged = probability >= threshold
        kinds = {
            str(kind): round(float(flagged[lures & (texts.kind == kind)].mean()), 3)
            for kind in sorted(set(texts.kind[lures]))
        }
        found[str(threshold)] = {
            "lures": round(float(flagged[lures].mean()), 3),
            "lures, files 30 on": round(float(flagged[lures & newer].mean()), 3),
            "hard mail": round(float(flagged[hard].mean()), 3),
            "hard mail, files 30 on": round(float(flagged[hard & newer].mean()), 3),
            "honest": round(float(flagged[honest].mean()), 3),
            "honest, files 30 on": round(float(flagged[honest & newer].mean()), 3),
            "public honest": round(float(flagged[~texts.is_written & (texts.y == 0)].mean()), 4),
            **kinds,
        }
    return found


def unseen_sources(texts: Texts) -> dict[str, np.ndarray]:
    """Scores of every source of fraud by a model that saw none of it; English mail is left out as a whole."""
    groups = {"phishing_pot": ["phishing_pot", "spamassassin"], "smsspam": ["smsspam", "nus_en"]}
    groups |= {"teleaf": ["teleaf"], "fbs": ["fbs"], "written": ["written"]}
    found = {}
    for name, sources in groups.items():
        held = np.isin(texts.source, sources)
        if (held & (texts.y == 1)).any():
            weights, bias = fit(texts, ~held)
            found[name] = np.where(held, texts.x @ weights + bias, np.nan)
    return found


def caught(y: np.ndarray, scores: np.ndarray, false_positives: float) -> float:
    honest = np.sort(scores[y == 0])
    threshold = honest[int(np.ceil(len(honest) * (1 - false_positives))) - 1]
    return float((scores[y == 1] > threshold).mean())


def calibrate(y: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    for label in (0, 1):
        weights[y == label] *= 0.5 / weights[y == label].sum()
    model = LogisticRegression(C=1e6).fit(scores[:, None], y, sample_weight=weights * len(y))
    return float(model.coef_[0][0]), float(model.intercept_[0])


def expected_error(y: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error at equal priors, over ten bins."""
    weights = np.where(y == 1, 0.5 / max((y == 1).sum(), 1), 0.5 / max((y == 0).sum(), 1))
    place = np.minimum((probability * bins).astype(int), bins - 1)
    return float(sum(abs((weights * (y - probability))[place == one].sum()) for one in range(bins)))


def share(texts: Texts, flagged: np.ndarray, name: str, label: int) -> dict[str, str]:
    """Flagged of how many, by kind (written) or by source."""
    keys = texts.kind if name == "kind" else texts.source
    chosen = (texts.y == label) & (texts.is_written if name == "kind" else True)
    return {
        str(key): f"{int(flagged[chosen & (keys == key)].sum())}/{int((chosen & (keys == key)).sum())}"
        for key in sorted(set(keys[chosen]))
    }


def train_types(texts: Texts) -> tuple[np.ndarray, float, np.ndarray, np.ndarray, float]:
    """Type tables from the lures whose type is known; and how often the type was right on unseen sittings."""
    named = [
        KIND_TO_TYPE.get(row.kind, row.kind) if row.source == "written" else FBS_TO_TYPE.get(row.kind, "")
        for row in texts.rows
    ]
    chosen = np.array([row.label == 1 and name in TYPES for row, name in zip(texts.rows, named, strict=True)])
    y = np.array([TYPES.index(name) if ok else -1 for name, ok in zip(named, chosen, strict=True)])
    folded = [
        np.unique(grams(one.text, is_chinese=texts.is_chinese) & np.uint32((1 << TYPE_BITS) - 1))
        for one in texts.plain
    ]
    first = _rows(
        [one.astype(np.int64) for one in folded],
        1 << TYPE_BITS,
        lambda count: GRAM_SCALE / np.sqrt(max(count, 1)),
    )
    x = sp.hstack([first, texts.x[:, 1 << BITS :]]).tocsr()
    weights = np.where(texts.is_written, 1.0, 0.02)

    def learn(rows: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=2.0, max_iter=80, tol=1e-3).fit(
            x[rows], y[rows], sample_weight=weights[rows]
        )

    fold, right = folds(texts), []
    for number in range(FOLDS):
        held = chosen & (fold == number) & texts.is_written
        if not held.any():
            continue
        model = learn(chosen & (fold != number))
        right.extend(model.predict(x[held]) == y[held])
    model = learn(chosen)
    table = np.zeros((len(TYPES), x.shape[1]))
    bias = np.full(len(TYPES), -20.0)  # a type without lures in this language is hardly ever named
    table[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    steps, scale = quantised(table[:, : 1 << TYPE_BITS] * GRAM_SCALE)
    return (
        steps,
        scale,
        (table[:, 1 << TYPE_BITS :] * TACTIC_SCALE).astype(np.float32),
        bias.astype(np.float32),
        float(np.mean(right)),
    )


def quantised(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """int8 steps and the weight of one; the largest 0.05 % are cut, which costs less than coarse steps."""
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9995)) / 127
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8), scale


def build(shared: Path, language: str, without: set[str]) -> tuple[dict[str, np.ndarray], dict]:
    texts = Texts([row for row in capped(data.rows(shared, language)) if row.source not in without], language)
    scores = unseen(texts)
    lane_report: dict = {
        "texts": {
            f"{s}:{y}": int(((texts.source == s) & (texts.y == y)).sum())
            for s in sorted(set(texts.source))
            for y in (0, 1)
        }
    }
    loso = unseen_sources(texts)
    # Calibration: unseen sittings of written texts and of each source, all sources alike.
    pools = [(texts.y[texts.is_written], scores[texts.is_written])]
    pools += [
        (texts.y[~np.isnan(one)], one[~np.isnan(one)]) for name, one in loso.items() if name != "written"
    ]
    y = np.concatenate([one for one, _ in pools])
    weight = np.concatenate(
        [
            np.full(len(one), (WRITTEN_POOL if number == 0 else 1.0) / len(one))
            for number, (one, _) in enumerate(pools)
        ]
    )
    slope, offset = calibrate(y, np.concatenate([one for _, one in pools]), weight)
    probability = 1 / (1 + np.exp(-(slope * scores + offset)))
    written = texts.is_written
    lane_report |= {
        "written, unseen sittings": {
            "auroc": round(float(roc_auc_score(texts.y[written], scores[written])), 3),
            "ece": round(expected_error(texts.y[written], probability[written]), 3),
            "caught at 0.5": share(texts, probability >= 0.5, "kind", 1),
            "flagged at 0.5": share(texts, probability >= 0.5, "kind", 0),
            "sources caught at 0.5": share(texts, probability >= 0.5, "source", 1),
            "sources flagged at 0.5": share(texts, probability >= 0.5, "source", 0),
        },
        "leave one source out": {
            name: {
                "auroc": round(float(roc_auc_score(texts.y[~np.isnan(one)], one[~np.isnan(one)])), 3),
                "caught at 1 %": round(caught(texts.y[~np.isnan(one)], one[~np.isnan(one)], 0.01), 3),
                "ece": round(
                    expected_error(
                        texts.y[~np.isnan(one)], 1 / (1 + np.exp(-(slope * one[~np.isnan(one)] + offset)))
                    ),
                    3,
                ),
            }
            for name, one in loso.items()
        },
        "leave one kind out": leave_kinds_out(texts, slope, offset),
    }
    lane_report["operating points, unseen sittings"] = operating_points(texts, probability)
    lane_report["attacks, unseen sittings, caught at 0.5"] = {
        name: round(float((slope * one + offset >= 0).mean()), 3) for name, one in attacked(texts).items()
    }
    weights, bias = fit(texts, np.ones(len(texts.rows), bool))
    steps, scale = quantised(weights[: 1 << BITS] * GRAM_SCALE)
    types, type_scale, type_tactics, type_bias, right = train_types(texts)
    lane_report["type right on unseen sittings"] = round(right, 3)
    arrays = {
        "grams": steps,
        "tactics": (weights[1 << BITS :] * TACTIC_SCALE).astype(np.float32),
        "numbers": np.array([scale, bias, slope, offset, type_scale], np.float64),
        "types": types,
        "type_tactics": type_tactics,
        "type_bias": type_bias,
    }
    return {f"{language}.{name}": array for name, array in arrays.items()}, lane_report


def leave_kinds_out(texts: Texts, slope: float, offset: float) -> dict[str, str]:
    """Lures caught at 0.5 by a model that saw no lure of their kind."""
    found = {}
    for kind in sorted(set(texts.kind[texts.is_written & (texts.y == 1)])):
        held = texts.is_written & (texts.kind == kind) & (texts.y == 1)
        weights, bias = fit(texts, ~held)
        flagged = slope * (texts.x[held] @ weights + bias) + offset >= 0
        found[str(kind)] = f"{int(flagged.sum())}/{int(held.sum())}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--without", nargs="*", default=[])
    told = parser.parse_args()
    arrays: dict[str, np.ndarray] = {}
    report = {}
    for language in ("en", "zh"):
        made, report[language] = build(told.shared, language, set(told.without))
        arrays |= made
        print(json.dumps({language: report[language]}, indent=1, ensure_ascii=False), flush=True)
    file = told.out / "fraud.safetensors"
    save_file(arrays, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if told.report:
        told.report.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    pin(told.out / "manifest.toml", digest)


def pin(manifest: Path, digest: str) -> None:
    """Put the digest into the manifest, whose other entries stay as they are."""
    text = manifest.read_text("utf-8")
    entry = f'[fraud]\nsha256 = "{digest}"\n'
    if re.search(r"(?m)^\[fraud\]$", text):
        text = re.sub(r'(?m)^\[fraud\]\nsha256 = "[0-9a-f]*"\n', entry, text)
    else:
        text = text.rstrip("\n") + "\n\n" + entry + 'rests_on = "training/text/fraud/NOTES.md"\n'
    manifest.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
