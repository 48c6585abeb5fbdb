"""Writes what the run time needs beside the weights: calibration by bucket, thresholds, abstain band, crop rule.

    python fit.py --scores SCORES.json --out image_generated.toml

All is fitted on scores of sources and generators that the scoring model never saw. The threshold is the score that at most
5.5 % of the worst real source exceed, so that of a stranger's photographs fewer do; the same rule, set on three folds and
measured on the fourth, gives the table on the page.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scores import SIDE, VARIANTS, joined
from tables import BAR_RATE, BUCKETS, Rows, Scores, bar, shipped_calibration

QUALITY_EDGE = (
    83  # estimated JPEG quality: below it a picture is in a `low` bucket; other formats count as `high`
)
SIZE_EDGE = 224  # px, shorter side: below it a picture is in a `small` bucket
LEAST_SIDE = 96  # px, shorter side below which the model was measured on nothing
HEAD = """# Written by training/image/fit.py; measured and explained in training/image/NOTES.md and docs/reference/images.md.

[input]
name = "pixels"          # float32 (N, 3, side, side), RGB, 0..1; normalisation is inside the graph
side = {side}
outputs = ["logit", "map"]  # (N,): positive = generated; (N, side/16, side/16): local logits, their mean is the logit

[crops]
pixels = "native"        # never resized; upright; alpha laid on white; first frame
most = 5                 # the middle first, then the middles of the four quarters; only crops that differ by 32 px or more
small = "mirror"         # a shorter side is mirrored (numpy pad, mode "symmetric") at its right and lower edge
least_side = {least}     # px: with a shorter side below this the finding is not_applicable
combine = "mean"         # of the crops' logits, before calibration

[buckets]
quality_edge = {quality} # estimated JPEG quality below this: `low`; at or above it, and all other formats: `high`
size_edge = {size}       # px, shorter side below this: `_small`
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, required=True, help="of `scores.py`")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = joined(json.loads(options.scores.read_text("utf-8")))
    parts = [HEAD.format(side=SIDE, least=LEAST_SIDE, quality=QUALITY_EDGE, size=SIZE_EDGE)]
    parts += [bucket(name, rows) for name in BUCKETS]
    options.out.write_text("\n".join(parts), encoding="utf-8")


def bucket(name: str, rows: Rows) -> str:
    """One table of the file; probability = 1 / (1 + exp(-(slope * logit + offset)))."""
    scores = Scores(rows)
    columns = [list(VARIANTS).index(variant) for variant in BUCKETS[name]]
    groups: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for source, values in scores.values.items():
        if source != "drawn":
            groups[scores.truth[source]].append(values[:, columns].ravel())
    slope, offset = shipped_calibration(*groups)
    edge = bar(groups[0], BAR_RATE)
    probability = 1 / (1 + np.exp(-slope * edge - offset))
    return (
        f"[calibration.{name}]\nslope = {slope:.4f}\noffset = {offset:.4f}\n"
        f"threshold = {probability:.4f}  # probability at or above which a person should look\n"
        f"abstain = [0.4, {probability:.4f}]  # between these nothing is said\n"
    )


if __name__ == "__main__":
    main()
