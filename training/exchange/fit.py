"""The exchange model: held-out scores, calibration, and the weights that ship.

    fit.py --data DIR --work DIR --out DIR

DIR of `--data` holds `exchange/` and `text/`. What takes long is kept in `--work`: vectors, n-grams, held-out scores.
"""

import argparse
import hashlib
import re
from pathlib import Path

import corpus
import linear
import network
import numpy as np
from folds import TASKS, folds_of, known, weights
from safetensors.numpy import save
from sklearn.linear_model import LogisticRegression
from vectors import Vectors

from brightline.detectors.exchange.model import LANGUAGES
from brightline.detectors.message.fraud_grams import BITS

HERE = Path(__file__).parent
SEED = 7
PASSES, DRAWN = 6, 9_000  # of the network that ships: it learns from a fifth more texts than each fold's
SHORTEST = 20  # characters: the logarithm of the length is held there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights that ship")
    told = parser.parse_args()
    told.work.mkdir(parents=True, exist_ok=True)
    rows = corpus.prepared(told.data, HERE / "written")
    held = Vectors(told.work, rows)
    table = linear.matrix(told.work, rows)
    voices = held_out(told.work, rows, held, table)
    arrays = shipped(told.work, rows, held, table) | lines(rows, voices)
    write(told.out, arrays)


def held_out(folder: Path, rows: list[corpus.Row], held: Vectors, table) -> np.ndarray:
    """(texts, 2 voices, 2 heads) scores by models that saw nothing of a text's fold."""
    folds, found = folds_of(rows), []
    for name, made in (
        ("linear", lambda: linear.held_out(table, rows, folds)),
        ("network", lambda: network.held_out(rows, held, folds)),
    ):
        path = folder / f"held_{name}.npy"
        if not path.exists():
            np.save(path, made())
        found.append(np.load(path))
    return np.stack(found, axis=1)


def shipped(folder: Path, rows: list[corpus.Row], held: Vectors, table) -> dict[str, np.ndarray]:
    """Both voices, of all texts."""
    all_rows = np.ones(len(rows), bool)
    path = folder / "network.npz"
    if not path.exists():
        model = network.fit(rows, held, all_rows, seed=SEED, passes=PASSES, drawn=DRAWN)
        np.savez(path, **network.export(model, held.directions))
    found = dict(np.load(path))
    models = [linear.fitted(table, rows, all_rows, task) for task in TASKS]
    for lane, first in (("en", 0), ("zh", 1 << BITS)):
        whole = np.stack([model.coef_[0, first : first + (1 << BITS)] for model in models])
        scale = np.abs(whole).max(axis=1) / 127
        found[f"{lane}.grams"] = np.round(whole / scale[:, None]).astype(np.int8)
        found[f"{lane}.scale"] = scale.astype(np.float32)
        found[f"{lane}.bias"] = np.array([model.intercept_[0] for model in models], np.float32)
    return found


def lines(rows: list[corpus.Row], voices: np.ndarray) -> dict[str, np.ndarray]:
    """Calibrations at equal priors: (languages, heads, voices + length + 1) for both voices, and for the linear alone."""
    both = np.zeros((len(LANGUAGES), 2, 4), np.float32)
    alone = np.zeros((len(LANGUAGES), 2, 3), np.float32)
    for number, language in enumerate(LANGUAGES):
        for head in range(2):
            both[number, head] = _line(rows, voices[:, :, head], language, head)
            alone[number, head] = _line(rows, voices[:, :1, head], language, head)
    return {"line": both, "line_linear": alone}


def probabilities(rows: list[corpus.Row], voices: np.ndarray, line: np.ndarray) -> np.ndarray:
    """(texts, 2) calibrated probabilities of held-out scores."""
    odds = np.zeros((len(rows), 2))
    tongues = np.array([LANGUAGES.index(row.lang) for row in rows])
    for head in range(2):
        shown = np.c_[voices[:, : line.shape[2] - 2, head], lengths(rows), np.ones(len(rows))]
        odds[:, head] = (shown * line[tongues, head]).sum(axis=1)
    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))


def lengths(rows: list[corpus.Row]) -> np.ndarray:
    return np.log([max(SHORTEST, len(row.text)) for row in rows])


def _line(rows: list[corpus.Row], voices: np.ndarray, language: str, head: int) -> np.ndarray:
    places, truth = known(rows, TASKS[head])
    mine = np.array([rows[number].lang == language for number in places])
    if (
        language == "other" and head == 1
    ):  # 50 harmful texts in other languages: too few for a line of their own
        mine = np.array([rows[number].lang != "zh" for number in places])
    places, truth = places[mine], truth[mine]
    weight = weights([rows[number] for number in places], truth)
    for label in (0, 1):
        weight[truth == label] /= weight[truth == label].sum()
    shown = voices[places]
    weight *= len(truth)
    slopes = np.zeros(shown.shape[1])
    model = LogisticRegression(C=100, max_iter=1000).fit(shown, truth, sample_weight=weight)
    # A voice that is wrong on one language's left-out sources is left out there, and never counts against itself.
    use = model.coef_[0] > 0
    if not use.all() and use.any():
        model = LogisticRegression(C=100, max_iter=1000).fit(shown[:, use], truth, sample_weight=weight)
        slopes[use] = model.coef_[0]
    else:
        slopes[:] = model.coef_[0]
    # Length has a place in the line and no weight: given one, it learns that attacks of S-Eval are long and questions short.
    return np.r_[slopes, 0.0, model.intercept_[0]]


def write(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    data = save({name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())})
    (folder / "exchange.safetensors").write_bytes(data)
    manifest = folder / "manifest.toml"
    digest = hashlib.sha256(data).hexdigest()
    told, count = re.subn(
        r'(?m)(^\[exchange\]\nsha256 = ")[0-9a-f]*', rf"\g<1>{digest}", manifest.read_text("utf-8")
    )
    if not count:
        raise SystemExit("the manifest has no table [exchange]")
    manifest.write_text(told, "utf-8")
    print(len(data), digest)


if __name__ == "__main__":
    main()
