"""Scores of texts whose source the model never saw: leave one source out, leave one generator out."""

import numpy as np
from fitting import Fit, Table, fit

# Sources that are held out together, to save fits: they share no setting in which one could help the other.
FOLDS = {
    "en": (
        ("detectrl",), ("hc3plus_si",), ("hppt_val",), ("mixset",), ("raidar",), ("rex",),
        ("mail", "written-0", "written-1"), ("written-2", "written-3"),
    ),
    "zh": (
        ("cudrt/hc3",), ("hc3zh_val",), ("hc3plus_si", "lohelp", "debref"), ("pku98", "msr", "written-0", "written-1"),
        ("weibo21", "written-2", "written-3"), ("reviews",),
    ),
}  # fmt: skip
GENERATORS = {
    "en": ("written-0", "written-1", "written-2", "written-3", "mail"),
    "zh": ("written-0", "written-1", "written-2", "written-3"),
}


def fold_fits(table: Table, language: str) -> dict[str, Fit]:
    """For each source a model that saw nothing of it, nor of those it is held out with (see `FOLDS`)."""
    found = {}
    for names in FOLDS[language]:
        model = fit(table, ~np.isin(table.source, names))
        found |= dict.fromkeys(names, model)
    return found


def held_out_scores(table: Table, fits: dict[str, Fit]) -> tuple[np.ndarray, np.ndarray]:
    """Scores of whole texts and of pieces, each by the model that saw nothing of their source."""
    whole, pieces = np.zeros(len(table.truth)), np.zeros(len(table.owner))
    for source in sorted(set(table.source)):
        test = table.source == source
        whole[test] = fits[source].scores(table.whole[test])
        inside = test[table.owner]
        pieces[inside] = fits[source].scores(table.pieces[inside])
    return whole, pieces


def without_writer(table: Table, language: str) -> np.ndarray:
    """Scores of all texts by a model that saw no text of the machine that wrote for us."""
    return fit(table, ~np.isin(table.source, GENERATORS[language])).scores(table.whole)
