"""Which sources are left out together, and how much each text weighs.

Most public sources hold only attacks, or only honest texts: six folds each leave out some of both, so that a fold's
scores can be ranked. Texts written for this project are a fold of their own, and so are never tested by a model that
read others of the same hand.
"""

import numpy as np
from corpus import Row

FOLDS = (
    "deepset_train tensortrust alpaca_eval alignbench_a carrier/hc3 carrier/smsspam jade2_easy jade2_medium catqa_en",
    "neuralchemy erasecheck_safe carrier/weibo21 seval_base_en seval_base_zh",
    "s-labs mitre_frr_a purplellama_pi purplellama_pi_ml harmfulqa chisafety openai_mod",
    "seval_attack_en seval_attack_zh inthewild gptfuzzer belle_eval safebench catqa_zh",
    "yanismiraoui bipia_email_inj bipia_email_clean seed_tasks aig_wildguardmix",
    "written",
)
TASKS = ("attack", "harm")
_FOLD = {name: number for number, names in enumerate(FOLDS) for name in names.split()}
DAMPED = -0.4  # power of a source's size that its texts weigh: large ones count more, but not in proportion
MOST_POSITIVE = 3.0  # times the honest weight of a language: without it, foreign means attack


def fold_of(source: str) -> int:
    if source.startswith("carrier/"):
        return _FOLD.get(source, 4 if sum(map(ord, source)) % 2 else 1)
    return _FOLD[source.split("/")[0]]


def folds_of(rows: list[Row]) -> np.ndarray:
    return np.array([fold_of(row.source) for row in rows])


def known(rows: list[Row], task: str) -> tuple[np.ndarray, np.ndarray]:
    """Places of rows whose truth is known, and the truths."""
    places = np.array([number for number, row in enumerate(rows) if getattr(row, task) is not None])
    return places, np.array([getattr(rows[number], task) for number in places])


def weights(rows: list[Row], truth: np.ndarray) -> np.ndarray:
    """Weights of mean 1: sources damped, positives of a language held to three times its honest texts."""
    found = np.array([row.weight for row in rows])
    groups = np.array(
        [f"{row.source.split('/')[0]} {row.lang} {label}" for row, label in zip(rows, truth, strict=True)]
    )
    for group in np.unique(groups):
        found[groups == group] *= found[groups == group].sum() ** DAMPED
    languages = np.array([row.lang for row in rows])
    for lang in np.unique(languages):
        positive, honest = (languages == lang) & (truth == 1), (languages == lang) & (truth == 0)
        if positive.any() and honest.any():
            found[positive] *= min(1.0, MOST_POSITIVE * found[honest].sum() / found[positive].sum())
    return found / found.mean()
