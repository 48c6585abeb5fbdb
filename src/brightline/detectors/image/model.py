"""The network that tells generated pictures: crops in, calibrated log odds and a grid of local odds out.

How many crops, how they are combined and how scores become odds is the trainer's and stands in
`weights/image_generated.toml`.
"""

from functools import cache
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError
from brightline.core.finding import Box
from brightline.detectors.image.crops import CropRule, cut
from brightline.media.image import Pixels
from brightline.weights.network import Network, Values
from brightline.weights.store import network_bytes, table

MODEL = "image_generated"
ODDS_MOST = 4.6  # log odds: no estimate is surer than 99 %
BATCH = 4  # crops that run together: more need more memory and are no faster on one core
_TOP = 2  # crops that `top2` looks at


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Calibration for pictures of one sort.

    Attributes:
        name: in English.
        zh: in 中文.
        quality: lowest and highest JPEG quality, both included; lossless pictures have 100.
        side: lowest and highest shorter side in pixels, both included.
        slope: log odds for one unit of the combined score.
        offset: log odds at score 0.
    """

    name: str
    zh: str
    quality: tuple[int, int] = (0, 100)
    side: tuple[int, int] = (0, 10**9)
    slope: float
    offset: float

    def holds(self, quality: int, side: int) -> bool:
        """Whether a picture belongs here."""
        return self.quality[0] <= quality <= self.quality[1] and self.side[0] <= side <= self.side[1]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What the trainer measured.

    Attributes:
        crops: which pixels the network sees.
        combine: how the crops' scores become one.
        unlikely: probability below which a picture is called unlikely to be generated.
        likely: probability from which on it is called likely; between the two nothing is claimed.
        least_side: shorter side, in pixels, under which nothing can be said.
        calibration: buckets in order; the first that holds counts.
    """

    crops: CropRule
    combine: Literal["mean", "max", "top2"] = "mean"
    unlikely: float
    likely: float
    least_side: int
    calibration: tuple[Bucket, ...]

    def __post_init__(self) -> None:
        """Refuse a table with which some picture would have no calibration, or the bands would cross."""
        if not self.calibration or not 0.0 < self.unlikely <= self.likely < 1.0 or self.least_side < 1:
            raise ValueError("calibration is missing, or 0 < unlikely <= likely < 1 does not hold")

    def bucket(self, quality: int, side: int) -> Bucket:
        """The calibration for a picture.

        Raises:
            DetectorError: none holds; the number that other pictures get would not be this one's.
        """
        found = next((one for one in self.calibration if one.holds(quality, side)), None)
        if found is None:
            raise DetectorError(f"no calibration for JPEG quality {quality} and a side of {side} px")
        return found


class Reading(msgspec.Struct, frozen=True):
    """What the network says of one picture.

    Attributes:
        log_odds: calibrated, at equal priors, within `ODDS_MOST`.
        bucket: the calibration that was used.
        places: where it looked.
        local: for each place the calibrated log odds of its cells, (rows, columns).
    """

    log_odds: float
    bucket: Bucket
    places: tuple[Box, ...]
    local: tuple[npt.NDArray[np.float64], ...]


class Judge:
    """A network with its table.

    Args:
        network: input (n, 3, side, side) float32 in [0, 1], outputs `logit` (n,) and perhaps `map` (n, rows, columns).
        said: its table.

    Raises:
        DetectorError: the network has other ports.
    """

    def __init__(self, network: Network, said: Table) -> None:
        names = [port.name for port in network.outputs]
        if "logit" not in names or len(network.inputs) != 1:
            raise DetectorError(
                f"`{MODEL}` has the outputs {', '.join(names)}, expected one input and `logit`"
            )
        self.said = said
        self._network = network
        self._outputs = ("logit", "map") if "map" in names else ("logit",)

    def read(self, pixels: Pixels, quality: int) -> Reading:
        """Judge an upright picture.

        Args:
            pixels: (height, width, 3) uint8 sRGB.
            quality: of its last compression, 1 to 100.

        Raises:
            DetectorError: the network cannot run, gives no numbers, or no calibration fits.
        """
        bucket = self.said.bucket(quality, min(pixels.shape[:2]))
        chosen = cut(pixels, self.said.crops)
        scores, maps = self._run(chosen.crops)
        if not (np.isfinite(scores).all() and all(np.isfinite(one).all() for one in maps)):
            raise DetectorError(f"`{MODEL}` gave something that is no number")
        local = tuple(np.asarray(bucket.slope * one + bucket.offset, dtype=np.float64) for one in maps)
        odds = bucket.slope * combined(scores, self.said.combine) + bucket.offset
        return Reading(max(-ODDS_MOST, min(ODDS_MOST, odds)), bucket, chosen.places, local)

    def _run(self, crops: Pixels) -> tuple[Values, list[Values]]:
        """Scores (n,), and a grid of local scores for each crop."""
        scores, maps = [], []
        for start in range(0, len(crops), BATCH):
            batch = crops[start : start + BATCH].astype(np.float32).transpose(0, 3, 1, 2) / 255.0
            found = self._network.run(np.ascontiguousarray(batch), self._outputs)
            score = found[0].reshape(-1)
            if len(score) != len(batch):
                raise DetectorError(f"`{MODEL}` gave {len(score)} scores for {len(batch)} crops")
            scores.append(score)
            maps += list(found[1]) if len(found) > 1 else [one.reshape(1, 1) for one in score]
        return np.concatenate(scores), maps


def combined(scores: Values, how: Literal["mean", "max", "top2"]) -> float:
    """One score of several.

    >>> combined(np.array([1.0, 2.0, 6.0], dtype=np.float32), "top2")
    4.0
    """
    match how:
        case "mean":
            return float(scores.mean())
        case "max":
            return float(scores.max())
        case "top2":
            return float(np.sort(scores)[-_TOP:].mean())


def open_judge(folder: Traversable | None = None) -> Judge:
    """The network and table of a folder, those that ship by default.

    Raises:
        DetectorError: they are missing, damaged, or not those that the manifest names.
    """
    said = table(MODEL, Table, folder)
    return Judge(Network(network_bytes(MODEL, folder), MODEL), said)


@cache
def shipped() -> Judge:
    """The network that ships, opened once a process."""
    return open_judge()
