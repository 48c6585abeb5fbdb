"""Calibrates `video.generated`: clips made of still pictures, scored by networks that never saw their source.

    python fit.py --data DATA --each 16 --out video_generated.toml

A clip is a camera moving over one picture (240 x 240 px, 2.5 s, twelve frames a second, half of them zooming), encoded
as H.264 or HEVC. Scores are brought together by the run time's own code. Both voices of fold K score only what fold K left out
(`training/image/folds.py`; the frozen features come from the file that ships). The same pictures as JPEG q90 give the scale of the network, so that the calibration of a
video is told in log odds of a picture and stays true when the network is trained anew.

No video of a generator of videos is among the clips. The slope is therefore halved before it is written: a score
that means 90 % on these clips is said as 75 %.
"""

import argparse
import csv
import io
import json
import random
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "benchmarks"), str(HERE.parent / "image")]

from folds import FOLDS  # noqa: E402 - beside the other recipes
from scores import SHARES  # noqa: E402
from video_clips import camera, encoded  # noqa: E402

from brightline.core.subject import Blob, Context, Kind, Subject  # noqa: E402
from brightline.detectors.image.crops import middles  # noqa: E402
from brightline.detectors.image.scope import out_of_scope  # noqa: E402
from brightline.detectors.video.course import Moment, Scale, judge, probability  # noqa: E402
from brightline.media.video_samples import SampleRule, shots, stills  # noqa: E402
from brightline.weights.network import Network  # noqa: E402
from brightline.weights.store import network_bytes  # noqa: E402

SIDE = 240  # px of a clip: the pictures have 256 to 320
NETWORK_SIDE = 256
SECONDS = 2.5
CODINGS = (
    ("H.264 CRF 20", "libx264", 20),
    ("H.264 CRF 28", "libx264", 28),
    ("H.264 CRF 35", "libx264", 35),
    ("HEVC CRF 28", "libx265", 28),
)
HALVED = 0.5  # of the slope: no real generated video was at hand
MOST = 3.0  # log odds: 95 %
FALSE_ALARMS = (
    0.02  # of real clips, sources weighing alike, that the threshold lets through; pictures are allowed 0.03
)


def main() -> None:
    options = arguments()
    rows = scored(options) if not options.scores.exists() else json.loads(options.scores.read_text("utf-8"))
    options.scores.write_text(json.dumps(rows), "utf-8")
    stills_slope, stills_offset = logistic([(row["still"], row["truth"], row["source"]) for row in rows])
    told = [
        {**row, "odds": stills_slope * row["video"] + stills_offset}
        for row in rows
        if row["video"] is not None
    ]
    slope, offset = logistic([(row["odds"], row["truth"], row["source"]) for row in told])
    scale = Scale(slope=HALVED * slope, offset=HALVED * offset, most=MOST)
    report(rows, told, scale, (stills_slope, stills_offset))
    threshold = max(0.6, alarm(told, scale))
    options.out.write_text(written(scale, threshold, len(told)), "utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--each", type=int, default=40, help="clips of a source; real sources have three times as many"
    )
    parser.add_argument(
        "--scores", type=Path, default=Path("video_scores.json"), help="kept, and read if it exists"
    )
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def scored(options: argparse.Namespace) -> list[dict]:
    networks = [Voices(number) for number in range(len(FOLDS))]
    fold = {source: number for number, both in enumerate(FOLDS) for part in both for source in part}
    with (options.data / "images" / "manifest.tsv").open(encoding="utf-8") as manifest:
        listed = list(csv.DictReader(manifest, delimiter="\t"))
    chosen = defaultdict(list)
    random.Random(3).shuffle(listed)
    for row in listed:
        most = options.each * (1 if int(row["truth"]) else 3)
        if row["source"] in fold and len(chosen[row["source"]]) < most:
            chosen[row["source"]].append(row)
    found = []
    for number, row in enumerate(row for group in chosen.values() for row in group):
        with Image.open(options.data / "images" / row["path"]) as opened:
            picture = opened.convert("RGB")
        found.append(one(picture, row, number, networks[fold[row["source"]]]))
        if number % 50 == 49:
            print(number + 1, flush=True)
    return found


def one(picture: Image.Image, row: dict[str, str], number: int, network: "Voices") -> dict:
    """Scores of one picture as a JPEG and as a clip."""
    middle = picture.crop(
        (
            (picture.width - 256) // 2,
            (picture.height - 256) // 2,
            (picture.width + 256) // 2,
            (picture.height + 256) // 2,
        )
    )
    stream = io.BytesIO()
    middle.save(stream, "JPEG", quality=90)
    still = np.asarray(Image.open(stream).convert("RGB"))
    name, codec, crf = CODINGS[number % len(CODINGS)]
    rng = np.random.default_rng(number)
    frames = (frame for frame in camera(middle, (SIDE, SIDE), rng, SECONDS, float(rng.choice([0.0, 0.1]))))
    score, outside = video(encoded(frames, crf, codec, rate=12), network)
    return {
        "source": row["source"], "truth": int(row["truth"]), "coding": name,
        "still": logit(still, network), "video": score, "outside": outside,
    }  # fmt: skip


def video(data: bytes, network: "Voices") -> tuple[float | None, int]:
    """Score of a clip by the run time's code, and how many stills were out of scope."""
    subject = Subject(
        digest="0" * 64,
        size_bytes=len(data),
        kind=Kind.MP4,
        context=Context(time="2026-11-23T00:00:00Z"),
        blob=Blob(data),
    )
    seen = sorted(stills(subject, SampleRule(frames=48, cuts=16)), key=lambda still: still.second)
    numbers = shots(seen)
    outside = [out_of_scope(still.pixels) is not None for still in seen]
    moments = [
        Moment(still.second, logit(still.pixels, network), number)
        for still, number, out in zip(seen, numbers, outside, strict=True)
        if not out
    ]
    if len(moments) < 3:
        return None, sum(outside)
    raw = Scale(slope=1.0, offset=0.0, most=1e9)
    return judge(moments, SECONDS, raw).log_odds, sum(outside)


class Voices:
    """What ships, with the places and the regression of one fold."""

    def __init__(self, fold: int) -> None:
        folder = HERE.parent / "image" / "folds"
        heads = np.load(folder / "heads.npz")
        self._coef, self._offset = heads["coef"][fold], float(heads["offset"][fold])
        self._places = Network((folder / f"fold{fold}.onnx").read_bytes(), f"fold{fold}")
        self._frozen = shipped_network()

    def logit(self, crops: np.ndarray) -> float:
        """Of (N, 3, side, side) crops, their mean."""
        places = self._places.run(crops, ["logit"])[0].mean()
        frozen = (self._frozen.run(crops, ["seen"])[0] @ self._coef).mean() + self._offset
        return float(SHARES[0] * places + SHARES[1] * frozen)


@cache
def shipped_network() -> Network:
    return Network(network_bytes("image_generated"), "image_generated")


def logit(pixels: np.ndarray, network: Voices) -> float:
    crops = middles(pixels, NETWORK_SIDE, 1).crops.astype(np.float32).transpose(0, 3, 1, 2) / 255.0
    return network.logit(np.ascontiguousarray(crops))


def logistic(rows: list[tuple[float, int, str]]) -> tuple[float, float]:
    """Slope and offset by Newton's method; classes weigh alike, and within a class sources do."""
    x, y = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float)
    sources = [row[2] for row in rows]
    weight = np.array(
        [
            1.0 / (sources.count(source) * len({s for s, t in zip(sources, y, strict=True) if t == truth}))
            for source, truth in zip(sources, y, strict=True)
        ]
    )
    slope, offset = 0.5, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(slope * x + offset, -30, 30)))
        gradient = np.array([(weight * (p - y) * x).sum() + 1e-3 * slope, (weight * (p - y)).sum()])
        curve = weight * p * (1 - p)
        hessian = np.array(
            [[(curve * x * x).sum() + 1e-3, (curve * x).sum()], [(curve * x).sum(), curve.sum() + 1e-6]]
        )
        slope, offset = np.array([slope, offset]) - np.linalg.solve(hessian, gradient)
    return float(slope), float(offset)


def auroc(real: list[float], made: list[float]) -> float:
    """Share of pairs in the right order."""
    return float(np.mean([(b > a) + 0.5 * (b == a) for a in real for b in made]))


def alarm(told: list[dict], scale: Scale) -> float:
    """The probability that `FALSE_ALARMS` of real clips exceed, sources weighing alike."""
    by_source = defaultdict(list)
    for row in told:
        if not row["truth"]:
            by_source[row["source"]].append(probability(scale.log_odds(row["odds"])))
    levels = sorted({value for values in by_source.values() for value in values})
    for level in levels:
        if (
            np.mean([np.mean([value > level for value in values]) for values in by_source.values()])
            <= FALSE_ALARMS
        ):
            return min(0.94, round(level + 0.005, 2))
    return 0.94


def report(rows: list[dict], told: list[dict], scale: Scale, stills_scale: tuple[float, float]) -> None:
    real, made = ([row for row in told if row["truth"] == truth] for truth in (0, 1))
    print(f"{len(rows)} clips, {len(told)} judged; picture scale {stills_scale}, video scale {scale}")
    threshold = max(0.6, alarm(told, scale))
    print(f"threshold {threshold}")
    judged = {id(row): row for row in rows}
    print(
        "stills AUROC",
        round(
            auroc([r["still"] for r in rows if not r["truth"]], [r["still"] for r in rows if r["truth"]]), 3
        ),
        len(judged),
    )
    print("video AUROC", round(auroc([r["odds"] for r in real], [r["odds"] for r in made]), 3))
    for coding, *_ in CODINGS:
        print(
            coding,
            round(
                auroc(
                    [r["odds"] for r in real if r["coding"] == coding],
                    [r["odds"] for r in made if r["coding"] == coding],
                ),
                3,
            ),
        )
    for source in sorted({row["source"] for row in told}):
        own = [row for row in told if row["source"] == source]
        above = np.mean([probability(scale.log_odds(row["odds"])) >= threshold for row in own])
        area = auroc([r["odds"] for r in real], [r["odds"] for r in own]) if own[0]["truth"] else float("nan")
        print(
            f"{source}: {len(own)} clips, truth {own[0]['truth']}, AUROC {area:.3f}, at the threshold {100 * above:.0f} %"
        )
    print(f"calibration error {error(told, scale):.3f}")


def error(told: list[dict], scale: Scale) -> float:
    """Expected calibration error in ten bins, classes weighing alike."""
    share = np.mean([row["truth"] for row in told])
    chance = np.array([probability(scale.log_odds(row["odds"])) for row in told])
    truth = np.array([row["truth"] for row in told], dtype=float)
    weight = np.where(truth == 1, 0.5 / share, 0.5 / (1 - share)) / len(told)
    bins = np.minimum((chance * 10).astype(int), 9)
    return float(sum(abs((weight * (chance - truth))[bins == one].sum()) for one in range(10)))


def written(scale: Scale, threshold: float, count: int) -> str:
    return f"""# Written by training/video/fit.py from {count} clips made of still pictures; explained in training/video/NOTES.md.

crops = 2                # of a still: its middle, and the middles of its quarters by turns
least_stills = 3         # that can be judged, under which nothing is said, unless the video has no more
threshold = {threshold:.2f}         # probability from which on a person should look
abstain = [0.3, {threshold:.2f}]    # between them nothing is said: wide, for no real generated video was measured

[scale]                  # from log odds of a picture of high quality to those of a video, at equal priors
slope = {scale.slope:.3f}
offset = {scale.offset:.3f}
most = {scale.most}
"""


if __name__ == "__main__":
    main()
