"""Measures the rumour model on domains that it never saw, and claim matching, and writes the tables of the page.

    measure.py --data DIR --vectors FOLDER --cache FOLDER --out measured.json

Minutes on one core once the vectors are there (`embed.py`, and `--cache` for claims).
"""

import argparse
import random
from pathlib import Path

import fuse
import numpy as np
from corpora import held_out
from fraud.attacks import ATTACKS, CHINESE
from measures import SEED, Results, columns, line, share
from train import Unseen, both, domains_left_out, table

from brightline.detectors.text.rumour import LIKELY

LENGTHS = ((0, 50), (50, 100), (100, 150), (150, 10**6))  # characters
ATTACKED = 60  # rumours of each domain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "vectors", "cache", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    results, unseen = Results(), domains_left_out(asked.data, asked.vectors)
    domains(results, unseen, "words")
    domains(results, unseen, "both")
    lengths(results, unseen)
    honest(results, unseen, asked.data)
    attacked(results, unseen)
    claims(results, asked.data, asked.cache)
    results.write(asked.out)


def probable(score: np.ndarray, straight: tuple[float, float]) -> np.ndarray:
    return 1 / (1 + np.exp(-(straight[0] * score + straight[1])))


def domains(results: Results, unseen: Unseen, which: str) -> None:
    """One domain left out."""
    score = unseen.words if which == "words" else unseen.both
    probability = probable(score, unseen.line if which == "words" else unseen.line_both)
    rows = []
    for name in [*sorted(set(unseen.domain)), "all"]:
        of = (unseen.domain == name) | (name == "all")
        rows.append(line(str(name), unseen.truth[of], score[of], probability[of], LIKELY))
    what = "words alone" if which == "words" else "with the optional model of sense"
    results.add(
        f"rumour-zh-{which}", f"Chinese, Weibo21: one domain left out, {what}",
        columns("left out", "true posts", "rumours", LIKELY), rows,
        "The only source that is at hand: posts of Sina Weibo of 2014-2021. Calibration is fitted to these scores.",
    )  # fmt: skip


def lengths(results: Results, unseen: Unseen) -> None:
    length, rows = np.array([len(text) for text in unseen.texts]), []
    probability = probable(unseen.words, unseen.line)
    for low, high in LENGTHS:
        of = (length >= low) & (length < high)
        name = f"{low}-{high - 1}" if high < 10**6 else f"{low} and more"
        rows.append(line(name, unseen.truth[of], unseen.words[of], probability[of], LIKELY))
    results.add(
        "rumour-zh-lengths", "Chinese: lengths, words alone", columns("characters", "true posts", "rumours", LIKELY), rows,
        "Domain left out.",
    )  # fmt: skip


def honest(results: Results, unseen: Unseen, folder: Path) -> None:
    """Honest texts of other kinds that were not trained on."""
    rows = []
    for name, texts in held_out(folder).items():
        probability = probable(both(unseen.whole[0], *table(texts)) @ unseen.scale, unseen.line)
        rows.append([name, len(texts), share(probability >= LIKELY)])
    results.add(
        "rumour-zh-honest", "Chinese: honest texts of other kinds, held out",
        [["source", "text"], ["texts", "count"], [f"called likely at {LIKELY}", "share"]], rows, "Words alone.",
    )  # fmt: skip


def attacked(results: Results, unseen: Unseen) -> None:
    """What attacks cost on rumours of domains that the model never saw."""
    chooser, places = random.Random(SEED), []
    for name in sorted(set(unseen.domain)):
        own = np.flatnonzero((unseen.domain == name) & (unseen.truth == 1)).tolist()
        places += chooser.sample(own, min(ATTACKED, len(own)))
    places = np.array(places)
    ways = {"none": lambda text, _: text} | {name: ATTACKS[name] for name in CHINESE}
    ways |= {"mixed scripts": mixed_scripts, "second half cut": lambda text, _: text[: len(text) // 2]}
    rows, first = [], None
    for name, change in ways.items():
        luck = random.Random(SEED)
        counts, signs = table([change(unseen.texts[place], luck) for place in places])
        score = np.zeros(len(places))
        for domain, model in unseen.models.items():
            of = unseen.domain[places] == domain
            score[of] = both(model, counts[of], signs[of]) @ unseen.scale
        flagged = probable(score, unseen.line) >= LIKELY
        first = flagged.mean() if first is None else first
        rows.append([name, share(flagged), round(float(first - flagged.mean()), 4)])
    results.add(
        "rumour-zh-attacks", f"Chinese: attacks on {len(places)} rumours, words alone",
        [["attack", "text"], [f"caught at {LIKELY}", "share"], ["cost", "points"]], rows, "Domain left out.",
    )  # fmt: skip


def mixed_scripts(text: str, chooser: random.Random) -> str:
    """Half of the characters in the traditional form or full width."""
    ways = [ATTACKS[name] for name in ("traditional", "fullwidth")]
    return "".join(
        chooser.choice(ways)(letter, chooser) if chooser.random() < 0.5 else letter for letter in text
    )


def claims(results: Results, folder: Path, cache: Path) -> None:
    """Claim matching, folds holding all posts of a claim together."""
    for language, name in (("en", "English"), ("zh", "Chinese")):
        found = fuse.measure(folder, language, cache)
        results.add(
            f"claims-{language}-ranks", f"{name}: posts against {found.bank} claims",
            [["ranked by", "text"], ["posts", "count"], ["R@1", "share"], ["MAP@5", "number"], ["R@5", "share"]], found.ranks,
            "Posts and their claims were written for this project; the rest of the bank are sentences of the corpora. Folds hold claims apart.",
        )  # fmt: skip
        results.add(
            f"claims-{language}-calibration", f"{name}: the best candidate's probability",
            [["ranked by", "text"], ["right and at least 0.5", "share"], ["posts that fit none, matched at 0.5", "share"],
             ["ECE", "number"]], found.calibration,
        )  # fmt: skip


if __name__ == "__main__":
    main()
