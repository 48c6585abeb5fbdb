"""Measures the fraud models on texts that they did not see, and writes the tables of the page.

    measure.py --data DIR --out measured.json --texts FOLDER

Folds, features and fits are those of `train.py`. `--texts` gets mail and messages with our probabilities, for the peers.
"""

import argparse
import ast
import json
import random
from pathlib import Path

import data
import numpy as np
import train
from attacks import ATTACKS, CHINESE, ENGLISH
from measures import SEED, Results, columns, line, share

from brightline.detectors.message import fraud_normal
from brightline.detectors.message.fraud_normal import plain


def shipped(name: str) -> float:
    """A constant of the detector, read from its source: importing it would want all of Brightline's packages."""
    tree = ast.parse(Path(fraud_normal.__file__).with_name("fraud.py").read_text("utf-8"))
    values = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == name]
    return float(ast.literal_eval(values[0]))


SUSPECTED = shipped("SUSPECTED")
NAMES = {"en": "English", "zh": "Chinese"}
LENGTHS = ((0, 80), (80, 200), (200, 500), (500, 1500), (1500, 10**6))  # characters of the plain spelling
FOR_PEERS = 200  # texts of each class and source
# The honest texts that stand beside each source of fraud, all held out with it.
BESIDE = {
    "phishing_pot": {"phishing_pot", "spamassassin"}, "smsspam": {"smsspam", "nus_en"}, "teleaf": {"teleaf"},
    "fbs": {"fbs"}, "written": {"written"},
}  # fmt: skip


class Unseen:
    """The texts of one language, scored by models that saw neither them nor their sitting."""

    def __init__(self, shared: Path, language: str) -> None:
        self.language = language
        self.texts = train.Texts(train.capped(data.rows(shared, language)), language)
        self.folds = train.folds(self.texts)
        self.models = [train.fit(self.texts, self.folds != fold) for fold in range(train.FOLDS)]
        self.score = np.zeros(len(self.texts.rows))
        for fold, (weights, bias) in enumerate(self.models):
            held = self.folds == fold
            self.score[held] = self.texts.x[held] @ weights + bias
        self.by_source = train.unseen_sources(self.texts)
        self.line = self._calibrate()
        self.probability = self.probable(self.score)

    def _calibrate(self) -> tuple[float, float]:
        """As `train.build` does it: unseen sittings of written texts, and sources left out, the written ones most."""
        texts, pools = self.texts, []
        pools.append((texts.y[texts.is_written], self.score[texts.is_written]))
        pools += [
            (texts.y[~np.isnan(one)], one[~np.isnan(one)])
            for name, one in self.by_source.items()
            if name != "written"
        ]
        sizes = [
            np.full(len(y), (train.WRITTEN_POOL if number == 0 else 1.0) / len(y))
            for number, (y, _) in enumerate(pools)
        ]
        truth, score = (np.concatenate([pool[at] for pool in pools]) for at in (0, 1))
        return train.calibrate(truth, score, np.concatenate(sizes))

    def probable(self, score: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of scores."""
        return 1 / (1 + np.exp(-(self.line[0] * score + self.line[1])))

    def judge(self, places: np.ndarray, texts: list[str]) -> np.ndarray:
        """Probabilities of changed texts, each by the model that did not see the row that it was."""
        wide = train.features([plain(text) for text in texts], is_chinese=self.texts.is_chinese)
        score = np.zeros(len(texts))
        for fold, (weights, bias) in enumerate(self.models):
            held = self.folds[places] == fold
            score[held] = wide[held] @ weights + bias
        return self.probable(score)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--texts", type=Path)
    told = parser.parse_args()
    results = Results()
    for language in ("en", "zh"):
        unseen = Unseen(told.data, language)
        for table in (sources, folded, kinds, honest, kinds_left_out, lengths, attacked):
            table(results, unseen)
        if told.texts:
            for_peers(unseen, told.texts / f"fraud_{language}.jsonl")
    results.write(told.out)


def sources(results: Results, unseen: Unseen) -> None:
    """One source left out as a whole."""
    rows = []
    for name, score in unseen.by_source.items():
        of = ~np.isnan(score)
        label = f"{name} ({', '.join(sorted(set(unseen.texts.source[of])))})"
        rows.append(line(label, unseen.texts.y[of], score[of], unseen.probable(score[of]), SUSPECTED))
    results.add(
        f"fraud-{unseen.language}-sources", f"{NAMES[unseen.language]}: one source left out",
        columns("left out, with its honest texts", "honest", "fraud", SUSPECTED), rows,
        "`written` is the only machine's writing, so its row is also the generator left out.",
    )  # fmt: skip


def folded(results: Results, unseen: Unseen) -> None:
    """Sources in folds: other texts of the same source were trained on; sittings were not."""
    texts, rows = unseen.texts, []
    for name in sorted(set(texts.source)):
        of = texts.source == name
        rows.append(line(str(name), texts.y[of], unseen.score[of], unseen.probability[of], SUSPECTED))
    rows.append(line("all", texts.y, unseen.score, unseen.probability, SUSPECTED))
    results.add(
        f"fraud-{unseen.language}-folds", f"{NAMES[unseen.language]}: unseen texts of known sources, unseen sittings of written ones",
        columns("source", "honest", "fraud", SUSPECTED), rows,
    )  # fmt: skip


def kinds(results: Results, unseen: Unseen) -> None:
    """Written lures by kind, unseen sittings."""
    texts = unseen.texts
    lures = texts.is_written & (texts.y == 1)
    flagged = unseen.probability >= SUSPECTED
    names = sorted(set(texts.kind[lures]))
    rows = [
        [str(name), int((lures & (texts.kind == name)).sum()), share(flagged[lures & (texts.kind == name)])]
        for name in names
    ]
    rows.append(["all", int(lures.sum()), share(flagged[lures])])
    results.add(
        f"fraud-{unseen.language}-kinds", f"{NAMES[unseen.language]}: lures by kind, unseen sittings",
        [["kind", "text"], ["lures", "count"], [f"caught at {SUSPECTED}", "share"]], rows,
    )  # fmt: skip


def honest(results: Results, unseen: Unseen) -> None:
    """Honest texts that are flagged: hard mail, all written ones, public ones."""
    texts = unseen.texts
    own, public = texts.is_written & (texts.y == 0), ~texts.is_written & (texts.y == 0)
    groups = {
        "hard legitimate mail (newsletters, receipts, notices)": own
        & np.isin(texts.kind, sorted(train.HARD_MAIL))
    }
    groups |= {f"written: {name}": own & (texts.kind == name) for name in sorted(set(texts.kind[own]))}
    groups |= {"written: all": own, "public: all": public}
    flagged = unseen.probability >= SUSPECTED
    rows = [[name, int(of.sum()), share(flagged[of])] for name, of in groups.items()]
    results.add(
        f"fraud-{unseen.language}-honest", f"{NAMES[unseen.language]}: honest texts that are flagged",
        [["honest", "text"], ["texts", "count"], [f"flagged at {SUSPECTED}", "share"]], rows,
        "The written ones were made to resemble lures; the public ones were not.",
    )  # fmt: skip


def kinds_left_out(results: Results, unseen: Unseen) -> None:
    """Lures of a kind of which the model saw none, in no file."""
    texts, rows = unseen.texts, []
    lures = texts.is_written & (texts.y == 1)
    for name in sorted(set(texts.kind[lures])):
        held = lures & (texts.kind == name)
        weights, bias = train.fit(texts, ~held)
        rows.append(
            [str(name), int(held.sum()), share(unseen.probable(texts.x[held] @ weights + bias) >= SUSPECTED)]
        )
    results.add(
        f"fraud-{unseen.language}-new-kinds", f"{NAMES[unseen.language]}: one kind of lure left out",
        [["left out", "text"], ["lures", "count"], [f"caught at {SUSPECTED}", "share"]], rows,
    )  # fmt: skip


def lengths(results: Results, unseen: Unseen) -> None:
    length = np.array([len(one.text) for one in unseen.texts.plain])
    rows = []
    for low, high in LENGTHS:
        of = (length >= low) & (length < high)
        name = f"{low}-{high - 1}" if high < 10**6 else f"{low} and more"
        rows.append(line(name, unseen.texts.y[of], unseen.score[of], unseen.probability[of], SUSPECTED))
    results.add(
        f"fraud-{unseen.language}-lengths", f"{NAMES[unseen.language]}: lengths in characters",
        columns("characters", "honest", "fraud", SUSPECTED), rows, "Unseen texts of known sources, unseen sittings of written ones.",
    )  # fmt: skip


def attacked(results: Results, unseen: Unseen) -> None:
    """What each attack costs on written lures of unseen sittings."""
    places = np.flatnonzero(unseen.texts.is_written & (unseen.texts.y == 1))
    texts = [unseen.texts.rows[place].text for place in places]
    rows, first = [], None
    for name in ("none", *(CHINESE if unseen.texts.is_chinese else ENGLISH)):
        luck = random.Random(SEED)
        changed = texts if name == "none" else [ATTACKS[name](text, luck) for text in texts]
        flagged = unseen.judge(places, changed) >= SUSPECTED
        first = flagged.mean() if first is None else first
        rows.append([name, share(flagged), round(float(first - flagged.mean()), 4)])
    results.add(
        f"fraud-{unseen.language}-attacks", f"{NAMES[unseen.language]}: attacks on {len(places)} lures of unseen sittings",
        [["attack", "text"], [f"caught at {SUSPECTED}", "share"], ["cost", "points"]], rows,
        "Homoglyphs are mixed scripts: half of the letters are Cyrillic. `mixed` is three of the others at once.",
    )  # fmt: skip


def for_peers(unseen: Unseen, file: Path) -> None:
    """Mail of a source left out with honest mail of another, messages left out, and written texts of unseen sittings."""
    chooser, texts = random.Random(SEED), unseen.texts
    with file.open("w", encoding="utf-8") as stream:
        for group in sorted(set(unseen.by_source)):
            inside = np.isin(texts.source, sorted(BESIDE[group]))
            if group == "phishing_pot":  # spam of 2002 is mostly advertising
                inside &= ~((texts.source == "spamassassin") & (texts.y == 1))
            score = unseen.score if group == "written" else unseen.by_source[group]
            for label in (0, 1):
                own = np.flatnonzero(inside & (texts.y == label)).tolist()
                for place in chooser.sample(own, min(FOR_PEERS, len(own))):
                    stream.write(
                        json.dumps(told(unseen, place, group, float(score[place])), ensure_ascii=False) + "\n"
                    )


def told(unseen: Unseen, place: int, group: str, score: float) -> dict[str, object]:
    row = unseen.texts.rows[place]
    return {
        "text": row.text, "truth": row.label, "source": group, "score": score,
        "probability": float(unseen.probable(np.array([score]))[0]), "threshold": SUSPECTED,
    }  # fmt: skip


if __name__ == "__main__":
    main()
