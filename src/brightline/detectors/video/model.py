"""The network of `image.generated`, asked about frames of a video, with a calibration of its own.

A codec for video leaves other traces than JPEG, and fewer: what a score means was measured anew, and stands in
`weights/video_generated.toml`. Scores are the network's log odds for a picture of high quality, so that they keep
their scale when the network is trained anew and calibrated.
"""

from functools import cache
from importlib.resources.abc import Traversable
from math import isfinite

import msgspec
import numpy as np

from brightline.detectors.image.crops import middles
from brightline.detectors.image.model import Bucket, Judge, open_judge
from brightline.detectors.image.model import shipped as shipped_judge
from brightline.detectors.video.course import Scale
from brightline.media.image import Pixels
from brightline.weights.store import table

MODEL = "video_generated"
CROPS = 5  # places of a frame among which those that are looked at change


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, `video_generated.toml`; keys that are not named here are for people.

    Attributes:
        crops: crops of one frame: its middle, and others by turns.
        least_stills: in scope, under which nothing can be said.
        scale: from score to log odds.
        threshold: probability from which on a person should look.
        abstain: probabilities between which nothing is said.
    """

    crops: int
    least_stills: int
    scale: Scale
    threshold: float
    abstain: tuple[float, float]

    def __post_init__(self) -> None:
        """Refuse a curve that does not rise, a threshold inside the band, or counts out of bounds."""
        scale, (low, high) = self.scale, self.abstain
        if not (
            isfinite(scale.offset + scale.most) and scale.slope > 0 and 0 < low <= high <= self.threshold < 1
        ):
            raise ValueError("the calibration is no rising curve with a threshold above its band")
        if not (1 <= self.crops <= CROPS and self.least_stills >= 1):
            raise ValueError(f"`crops` must be 1 to {CROPS}, `least_stills` at least 1")


class FrameJudge:
    """A network, and what its scores mean for a video.

    Args:
        judge: of pictures.
        said: what was measured.
    """

    def __init__(self, judge: Judge, said: Table) -> None:
        self.said = said
        self.least_side = judge.said.crops.least_side
        self._judge = judge
        self._scale = judge.said.calibration[Bucket.HIGH]

    def score(self, pixels: Pixels, number: int) -> float:
        """Score one upright frame, in log odds of a picture: over its middle and other crops, which change with its number.

        Args:
            pixels: (height, width, 3) uint8 sRGB.
            number: of the still.

        Raises:
            DetectorError: the network cannot run, or gives no numbers.
        """
        crops = middles(pixels, self._judge.said.input.side, CROPS).crops
        others = (
            [1 + (number + turn) % (len(crops) - 1) for turn in range(self.said.crops - 1)]
            if len(crops) > 1
            else []
        )
        scores = self._judge.scores(np.ascontiguousarray(crops[sorted({0, *others})]))
        return self._scale.slope * float(scores.mean()) + self._scale.offset


def open_frame_judge(folder: Traversable | None = None) -> FrameJudge:
    """The network and calibration of a folder, those that ship by default.

    Raises:
        DetectorError: they are missing or damaged.
    """
    judge = open_judge(folder) if folder is not None else shipped_judge()
    return FrameJudge(judge, table(MODEL, Table, folder))


@cache
def shipped() -> FrameJudge:
    """What ships, opened once a process."""
    return open_frame_judge()
