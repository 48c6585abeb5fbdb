"""The network that tells generated pictures: crops in, calibrated log odds and a grid of local odds out.

How many crops, how they are combined and how scores become odds is the trainer's and stands in
`weights/image_generated.toml`.
"""

from enum import StrEnum
from functools import cache
from importlib.resources.abc import Traversable
from math import ceil, isfinite
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError
from brightline.core.finding import Box
from brightline.detectors.image.crops import Cut, middle_places
from brightline.media.image import Pixels
from brightline.media.jpeg_tables import Coding, Compression
from brightline.weights.network import Network, Values
from brightline.weights.opened import opened

Odds = npt.NDArray[np.float64]

MODEL = "image_generated"
ODDS_MOST = 4.6  # log odds: no estimate is surer than 99 %


class Bucket(StrEnum):
    """Pictures that are calibrated alike, by quality and size."""

    HIGH = "high"
    LOW = "low"
    HIGH_SMALL = "high_small"
    LOW_SMALL = "low_small"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What the network takes: crops of `side` pixels."""

    side: int


class Crops(msgspec.Struct, frozen=True, kw_only=True):
    """Which pixels it sees.

    Attributes:
        most: crops of one picture.
        least_side: shorter side of a picture, in pixels, under which nothing can be said.
        combine: how the crops' logits become one.
        pixels: never resized.
        small: how a picture that is smaller than a crop is filled up.
    """

    most: int
    least_side: int
    combine: Literal["mean"]
    pixels: Literal["native"]
    small: Literal["mirror"]


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """Where the buckets of the calibration part.

    Attributes:
        quality_edge: JPEG quality under which a picture is in `low`; in `high` otherwise, and in any other format.
        size_edge: shorter side, in pixels, under which it is in `low_small` or `high_small`.
    """

    quality_edge: int
    size_edge: int


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """From logit to probability in one bucket.

    Attributes:
        slope: log odds for one unit of the logit.
        offset: log odds at logit 0.
        threshold: probability from which on a person should look.
        abstain: probabilities between which nothing is said.
    """

    slope: float
    offset: float
    threshold: float
    abstain: tuple[float, float]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What the trainer measured, `image_generated.toml`; keys that are not named here are for people."""

    input: Input
    crops: Crops
    buckets: Edges
    calibration: dict[Bucket, Calibration]

    def __post_init__(self) -> None:
        """Refuse a table with which some picture would have no calibration, or with sizes out of bounds."""
        if self.calibration.keys() != set(Bucket):
            raise ValueError(f"calibration of {sorted(self.calibration)}, expected {sorted(Bucket)}")
        if not (16 <= self.input.side <= 1024 and 1 <= self.crops.most <= 5 and self.crops.least_side >= 1):
            raise ValueError("`side` must be 16 to 1024, `most` 1 to 5, `least_side` at least 1")
        for name, one in self.calibration.items():
            if not (
                isfinite(one.slope + one.offset) and one.slope > 0 and 0 < one.abstain[0] <= one.threshold
            ):
                raise ValueError(
                    f"calibration of `{name}` is no rising curve with a threshold above its band"
                )

    def bucket(self, compression: Compression, side: int) -> Bucket:
        """Where a picture with that shorter side, in pixels, belongs."""
        low = compression.coding is Coding.JPEG and compression.quality < self.buckets.quality_edge
        if side < self.buckets.size_edge:
            return Bucket.LOW_SMALL if low else Bucket.HIGH_SMALL
        return Bucket.LOW if low else Bucket.HIGH


class Reading(msgspec.Struct, frozen=True):
    """What the network says of one picture.

    Attributes:
        log_odds: calibrated, at equal priors, within `ODDS_MOST`.
        bucket: whose calibration was used.
        calibration: the same.
        places: where it looked.
        local: for each place the calibrated log odds of its cells, (rows, columns).
    """

    log_odds: float
    bucket: Bucket
    calibration: Calibration
    places: tuple[Box, ...]
    local: tuple[Odds, ...]


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

    def places(self, width: int, height: int) -> tuple[Box, ...]:
        """Where to look in an upright picture of that size."""
        return middle_places(width, height, self.said.input.side, self.said.crops.most)

    def read(self, chosen: Cut, shorter: int, compression: Compression) -> Reading:
        """Judge an upright picture by its crops.

        Args:
            chosen: crops at `places`.
            shorter: side of the picture, in pixels.
            compression: how it was stored.

        Raises:
            DetectorError: the network cannot run, or gives no numbers.
        """
        bucket = self.said.bucket(compression, shorter)
        scale = self.said.calibration[bucket]
        scores, maps = self._run(chosen.crops)
        odds = scale.slope * float(scores.mean()) + scale.offset
        return Reading(
            log_odds=max(-ODDS_MOST, min(ODDS_MOST, odds)),
            bucket=bucket,
            calibration=scale,
            places=chosen.places,
            local=tuple(
                _seen(scale.slope * one.astype(np.float64) + scale.offset, place, self.said.input.side)
                for one, place in zip(maps, chosen.places, strict=True)
            ),
        )

    def scores(self, crops: Pixels) -> Values:
        """The logits (n,) of crops, (n, side, side, 3) uint8 sRGB, before any calibration.

        Raises:
            DetectorError: the network cannot run, or gives no numbers.
        """
        return self._run(crops)[0]

    def _run(self, crops: Pixels) -> tuple[Values, list[Values]]:
        """Scores (n,), and a grid of local scores for each crop.

        One crop at a time: five together are no faster on one core and take 280 MB more.
        """
        scores, maps = [], []
        for crop in crops:
            values = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], dtype=np.float32) / 255.0
            score, *local = self._network.run(values, self._outputs)
            if score.size != 1:
                raise DetectorError(f"`{MODEL}` gave {score.size} scores for one crop")
            if not all(np.isfinite(one).all() for one in (score, *local)):
                raise DetectorError(f"`{MODEL}` gave something that is no number")
            scores.append(score.reshape(1))
            maps.append(local[0].reshape(local[0].shape[-2:]) if local else score.reshape(1, 1))
        return np.concatenate(scores), maps


def _seen(local: Odds, place: Box, side: int) -> Odds:
    """The cells that lie on the picture, without those on what was mirrored to fill the crop."""
    rows, columns = (
        ceil(count * length / side)
        for count, length in zip(local.shape, (place.height, place.width), strict=True)
    )
    return local[:rows, :columns]


def open_judge(folder: Traversable | None = None) -> Judge:
    """The network and table of a folder, those that ship by default.

    Raises:
        DetectorError: they are missing, damaged, or not those that the manifest names.
    """
    return Judge(*opened(MODEL, Table, folder))


@cache
def shipped() -> Judge:
    """The network that ships, opened once a process."""
    return open_judge()
