"""Reads the held-out scores of every model that was fitted in folds, writes `report.json` and the reference page.

Usage: python evaluate.py --work FOLDER [--page FILE]; without --work it renders the page from `report.json` alone.

A score is a logit by a model that never saw the clip's page, its system or its speaker (`folds.py`).
"""

import argparse
import json
from pathlib import Path

import numpy as np
from clips import Clip, listed_in
from folds import FOLDS, TRACED, fold_of
from page import rendered

HERE = Path(__file__).parent
TESTED = ("as_is", "same_mp3", "telephone")  # as score.py, which needs torch

ROUNDS = 1000
MODELS = {
    "shipped": "**what ships**: network and boosting, mean",
    "network": "the network alone",
    "boosting": "LFCC statistics and boosting alone",
    "boosting_no_copies": "boosting without copy-synthesis",
    "boosting_shared": "LFCC statistics and boosting, data folder only, no augmentation",
    "mixtures_shared": "LFCC and Gaussian mixtures, data folder only, no augmentation",
    "light_shared": "LCNN of 92,000 parameters, data folder only",
}
FALSE_SHARE = 0.05


def main() -> None:
    """Measures, if a work folder is given, and renders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--page", type=Path, default=HERE.parents[1] / "docs" / "reference" / "speech.md")
    asked = parser.parse_args()
    if asked.work:
        report = measured(asked.work)
        (HERE / "report.json").write_text(
            json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    asked.page.write_text(rendered(json.loads((HERE / "report.json").read_text("utf-8"))), encoding="utf-8")


def measured(work: Path) -> dict:
    """Everything that the page shows."""
    clips = [clip for table in sorted(work.glob("*.tsv")) for clip in listed_in(table)]
    place = {clip.name: number for number, clip in enumerate(clips)}
    scores = {name: held_scores(work, name, clips, place) for name in MODELS if _has(work, name)}
    scale = {name: spread(clips, scores[name]) for name in ("network", "boosting")}
    scores = {"shipped": joined(scores["network"], scores["boosting"], scale), **scores}
    report = {
        "clips": _counts(clips),
        "scale": scale,
        "models": {name: {"what": MODELS[name], **_headline(clips, held)} for name, held in scores.items()},
    }
    own = scores["shipped"]
    report["systems"] = _systems(clips, own)
    report["pages"] = _pages(clips, own)
    report["real"] = _real(clips, own)
    report["languages"] = _languages(clips, own)
    report["made"] = _made(clips, own)
    report["calibration"] = calibrated(clips, own)
    for extra in ("bands", "processed", "odd", "speed", "behaviour"):
        file = work / "out" / f"{extra}.json"
        if file.exists():
            report[extra] = json.loads(file.read_text("utf-8"))
    return report


def _has(work: Path, name: str) -> bool:
    return bool(list((work / "out").glob(f"{name}.npz")) or list((work / "out").glob(f"{name}.fold*.npz")))


def held_scores(work: Path, name: str, clips: list[Clip], place: dict[str, int]) -> np.ndarray:
    """(clips, TESTED) held-out logits; the mean over seeds where a fold was fitted more than once."""
    total, count = np.zeros((len(clips), len(TESTED))), np.zeros((len(clips), len(TESTED)))
    for file in [*(work / "out").glob(f"{name}.npz"), *(work / "out").glob(f"{name}.fold*.npz")]:
        with np.load(file) as held:
            for row, clip in zip(held["scores"], held["names"], strict=True):
                if clip in place and not np.isnan(row).any():
                    total[place[clip]] += row
                    count[place[clip]] += 1
    with np.errstate(invalid="ignore"):
        return total / count


def near(clip: Clip) -> bool:
    """Clips of the data folder's web pages and corpora: the test that resembles the field most."""
    return clip.kind == "shared" and clip.system != "cc0"


def spread(clips: list[Clip], held: np.ndarray) -> float:
    """Spread of a model's held-out logits on the web pages' clips as they come: what brings two models to one scale."""
    return float(np.nanstd([held[number, 0] for number, clip in enumerate(clips) if near(clip)]))


def joined(network: np.ndarray, boosting: np.ndarray, scale: dict[str, float]) -> np.ndarray:
    """The score that ships: half of the sum of both logits, each over its spread."""
    return network / scale["network"] / 2 + boosting / scale["boosting"] / 2


def _headline(clips: list[Clip], held: np.ndarray) -> dict:
    chosen = np.array([near(clip) for clip in clips])
    truths = np.array([clip.truth for clip in clips])
    systems = np.array([clip.system if clip.truth else clip.source for clip in clips])
    found = {}
    for column, version in enumerate(TESTED):
        use = chosen & ~np.isnan(held[:, column])
        found[version] = {
            name: _interval(value, systems[use], truths[use], held[use, column])
            for name, value in _RANKS.items()
        }
        fold_means = _page_values(clips, held, column)
        found[version]["page_mean"] = float(np.mean(list(fold_means.values()))) if fold_means else None
    return found


def _auroc(truths: np.ndarray, values: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    _, first, count = np.unique(values[order], return_index=True, return_counts=True)
    ranks[order] = np.repeat(first + (count + 1) / 2, count)
    made = int((truths == 1).sum())
    return float((ranks[truths == 1].sum() - made * (made + 1) / 2) / (made * (len(truths) - made)))


def _eer(truths: np.ndarray, values: np.ndarray) -> float:
    order = np.sort(values)
    missed = np.searchsorted(np.sort(values[truths == 1]), order) / (truths == 1).sum()
    flagged = 1 - np.searchsorted(np.sort(values[truths == 0]), order) / (truths == 0).sum()
    at = int(np.argmin(np.abs(missed - flagged)))
    return float((missed[at] + flagged[at]) / 2)


def _caught(truths: np.ndarray, values: np.ndarray) -> float:
    return float((values[truths == 1] > np.quantile(values[truths == 0], 1 - FALSE_SHARE)).mean())


_RANKS = {"auroc": _auroc, "eer": _eer, "caught": _caught}


def _interval(rank, groups: np.ndarray, truths: np.ndarray, values: np.ndarray) -> list[float]:
    """Value and 95 % interval: whole systems and whole real sources are drawn anew, and real clips within them."""
    chance = np.random.default_rng(6)
    members = {name: np.flatnonzero(groups == name) for name in np.unique(groups)}
    fakes = [held for held in members.values() if truths[held[0]]]
    reals = [held for held in members.values() if not truths[held[0]]]
    drawn = []
    for _ in range(ROUNDS):
        rows = [fakes[number] for number in chance.integers(0, len(fakes), len(fakes))]
        rows += [reals[number] for number in chance.integers(0, len(reals), len(reals))]
        use = np.concatenate(rows)
        drawn.append(rank(truths[use], values[use]))
    return [rank(truths, values), float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))]


def _systems(clips: list[Clip], held: np.ndarray) -> dict:
    found = {}
    names = sorted({clip.system for clip in clips if clip.truth and near(clip)})
    for name in names:
        entry: dict = {"traced": name in TRACED}
        for column, version in enumerate(TESTED[:2]):
            mine = np.array(
                [held[n, column] for n, c in enumerate(clips) if c.system == name and c.truth and near(c)]
            )
            other = np.array([held[n, column] for n, c in enumerate(clips) if near(c) and not c.truth])
            other, mine = other[~np.isnan(other)], mine[~np.isnan(mine)]
            truths = np.r_[np.ones(len(mine)), np.zeros(len(other))]
            entry[version] = _auroc(truths, np.r_[mine, other])
            entry["clips"] = len(mine)
            entry[f"caught {version}"] = float((mine > np.quantile(other, 1 - FALSE_SHARE)).mean())
        found[name] = entry
    return found


def _over(values: np.ndarray, edge: float) -> float:
    """Share above the edge of those that were scored: a clip that was not must not count as let through."""
    return float((values[~np.isnan(values)] > edge).mean())


def _page_values(clips: list[Clip], held: np.ndarray, column: int) -> dict[str, float]:
    """AUROC within each page that has at least five clips of either truth."""
    found = {}
    for name in sorted({clip.page for clip in clips if near(clip)}):
        use = [n for n, c in enumerate(clips) if c.page == name and near(c) and not np.isnan(held[n, column])]
        truths = np.array([clips[n].truth for n in use])
        if min((truths == 0).sum(), (truths == 1).sum()) >= 5:
            found[name] = _auroc(truths, held[use, column])
    return found


def _pages(clips: list[Clip], held: np.ndarray) -> dict:
    values = [_page_values(clips, held, column) for column in range(2)]
    return {name: [part.get(name) for part in values] for name in values[0]}


def _real(clips: list[Clip], held: np.ndarray) -> dict:
    """Share of each real source above the threshold that 5 % of the other real sources exceed, per version."""
    found = {}
    groups = sorted({clip.source for clip in clips if not clip.truth})
    for name in groups:
        inside = np.array([not c.truth and c.source == name for c in clips])
        outside = np.array([not c.truth and c.source != name and near(c) for c in clips])
        if inside.sum() < 8:
            continue
        edge = np.nanquantile(held[outside, 0], 1 - FALSE_SHARE)
        found[name] = {"clips": int((~np.isnan(held[inside, 0])).sum()),
                       **{version: _over(held[inside, column], edge) for column, version in enumerate(TESTED)}}  # fmt: skip
    return found


def _languages(clips: list[Clip], held: np.ndarray) -> dict:
    found = {}
    edge = np.nanquantile(
        [held[n, 0] for n, c in enumerate(clips) if near(c) and not c.truth], 1 - FALSE_SHARE
    )
    for name in sorted({clip.language for clip in clips}):
        entry: dict = {}
        for truth, word in ((0, "real flagged"), (1, "synthetic caught")):
            mine = [
                n for n, c in enumerate(clips) if c.language == name and c.truth == truth and c.kind != "copy"
            ]
            if len(mine) >= 8:
                entry[word] = [
                    int((~np.isnan(held[mine, 0])).sum()),
                    *[_over(held[mine, column], edge) for column in range(2)],
                ]
        found[name] = entry
    return found


def _made(clips: list[Clip], held: np.ndarray) -> dict:
    """Packaged synthesisers (never trained on in their fold) and copies (way trained on, page not)."""
    found = {}
    for name in sorted({clip.system for clip in clips if clip.truth and clip.kind in ("tts", "copy")}):
        entry = {}
        for column, version in enumerate(TESTED):
            mine = np.array(
                [
                    held[n, column]
                    for n, c in enumerate(clips)
                    if c.system == name and c.truth and c.kind != "shared"
                ]
            )
            other = np.array([held[n, column] for n, c in enumerate(clips) if near(c) and not c.truth])
            mine, other = mine[~np.isnan(mine)], other[~np.isnan(other)]
            entry[version] = _auroc(np.r_[np.ones(len(mine)), np.zeros(len(other))], np.r_[mine, other])
            entry["clips"] = len(mine)
        found[name] = entry
    return found


def calibrated(clips: list[Clip], held: np.ndarray) -> dict:
    """Slope and offset per bucket, at equal priors, and the calibration error of folds not calibrated on."""
    found = {}
    use = np.array([clip.kind in ("shared", "package", "telephone", "tts") for clip in clips])
    folds = np.array([fold_of(clip) for clip in clips])
    truths = np.array([clip.truth for clip in clips])
    for bucket, columns in {"wide": (0, 1), "narrow": (2,)}.items():
        rows = [
            (held[n, column], truths[n], folds[n], _weight(clips[n]))
            for column in columns
            for n in np.flatnonzero(use)
        ]
        table = np.array([row for row in rows if not np.isnan(row[0])])
        slope, offset = _logistic(table)
        outside = np.zeros(len(table))
        for fold in range(FOLDS):
            a, b = _logistic(table[table[:, 2] != fold])
            here = table[:, 2] == fold
            outside[here] = 1 / (1 + np.exp(-(a * table[here, 0] + b)))
        found[bucket] = {
            "slope": slope,
            "offset": offset,
            "ece": _ece(outside, table[:, 1], _balanced(table)),
        }
    return found


def _weight(clip: Clip) -> float:
    return 2.0 if near(clip) else 0.5


def _balanced(table: np.ndarray) -> np.ndarray:
    weights = table[:, 3].copy()
    for truth in (0, 1):
        weights[table[:, 1] == truth] /= weights[table[:, 1] == truth].sum()
    return weights


def _logistic(table: np.ndarray) -> tuple[float, float]:
    held = np.column_stack([table[:, 0], np.ones(len(table))])
    weights, line = _balanced(table), np.zeros(2)
    for _ in range(30):  # Newton's steps
        said = 1 / (1 + np.exp(-held @ line))
        pull = held.T @ (weights * (table[:, 1] - said)) - 1e-4 * line
        bend = (held * (weights * said * (1 - said))[:, None]).T @ held + 1e-4 * np.eye(2)
        line += np.linalg.solve(bend, pull)
    return float(line[0]), float(line[1])


def _ece(said: np.ndarray, truths: np.ndarray, weights: np.ndarray) -> float:
    total, error = weights.sum(), 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (said >= low) & (said < low + 0.1 + (low > 0.85))
        if weights[inside].sum() > 0:
            share = weights[inside].sum()
            error += (
                abs((said[inside] * weights[inside]).sum() - (truths[inside] * weights[inside]).sum())
                / share
                * share
            )
    return float(error / total)


def _counts(clips: list[Clip]) -> dict:
    kinds: dict[str, int] = {}
    for clip in clips:
        key = f"{'synthetic' if clip.truth else 'real'} {clip.kind}"
        kinds[key] = kinds.get(key, 0) + 1
    return {"kinds": kinds, "systems": len({clip.system for clip in clips if clip.truth and near(clip)}),
            "real sources": len({clip.source for clip in clips if not clip.truth})}  # fmt: skip


if __name__ == "__main__":
    main()
