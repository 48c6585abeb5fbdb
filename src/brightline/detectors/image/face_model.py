"""The network that tells manipulated faces: upright faces in, calibrated log odds out.

How a face is cut out, which faces are too small or too hard compressed to say anything, and how scores become odds is
the trainer's and stands in `weights/image_swap.toml`.
"""

from functools import cache
from importlib.resources.abc import Traversable
from math import isfinite

import msgspec
import numpy as np

from brightline.core.errors import DetectorError
from brightline.detectors.image.faces import Face
from brightline.detectors.image.upright import align
from brightline.media.image import Pixels
from brightline.media.jpeg_tables import Coding, Compression
from brightline.weights.network import Network
from brightline.weights.opened import opened

MODEL = "image_swap"
ODDS_MOST = 4.6  # log odds: no estimate is surer than 99 %


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """From logit to log odds, for faces of some size in pictures of some quality.

    Attributes:
        quality: JPEG quality, from and to, both included; 100 for what was stored without loss.
        face: longer side of the face in pixels, from and to, both included.
        slope: log odds for one unit of the logit.
        offset: log odds at logit 0.
        name: for people, in English.
        zh: for people, in Chinese.
    """

    quality: tuple[int, int]
    face: tuple[int, int]
    slope: float
    offset: float
    name: str = ""
    zh: str = ""

    def fits(self, quality: int, side: int) -> bool:
        """Whether a face of that side in a picture of that quality is judged by it."""
        return self.quality[0] <= quality <= self.quality[1] and self.face[0] <= side <= self.face[1]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What the trainer measured, `image_swap.toml`; keys that are not named here are for people.

    Attributes:
        size: pixels of a side of the network's input.
        margin: what it sees around the face, as a share of the face's side.
        least_face: longer side of a face, in pixels, under which nothing is said.
        least_quality: JPEG quality under which nothing is said.
        unlikely: probability under which a manipulation is unlikely.
        likely: probability from which on it is likely; between the two nothing is said.
        calibration: tried in this order.
    """

    size: int
    margin: float
    least_face: int
    least_quality: int
    unlikely: float
    likely: float
    calibration: tuple[Scale, ...]

    def __post_init__(self) -> None:
        """Refuse a table by which some face would have no scale, or with sizes out of bounds."""
        if not (16 <= self.size <= 512 and 0 <= self.margin <= 2 and self.least_face >= 16):
            raise ValueError("`size` must be 16 to 512, `margin` 0 to 2, `least_face` at least 16")
        if not 0 < self.unlikely <= self.likely <= 1:
            raise ValueError("`unlikely` and `likely` must be rising probabilities")
        if any(one.slope <= 0 or not isfinite(one.slope + one.offset) for one in self.calibration):
            raise ValueError("a `calibration` does not rise with the logit")
        last = self.calibration[-1] if self.calibration else None
        if last is None or not (last.fits(self.least_quality, self.least_face) and last.fits(100, 100_000)):
            raise ValueError("the last `calibration` must fit every face")

    def scale(self, quality: int, side: int) -> Scale:
        """The first scale that fits."""
        return next((one for one in self.calibration if one.fits(quality, side)), self.calibration[-1])


class FaceJudge:
    """A network with its table.

    Args:
        network: input (n, 3, size, size) float32 in [0, 1], output `logit` (n,).
        said: its table.

    Raises:
        DetectorError: the network has other ports.
    """

    def __init__(self, network: Network, said: Table) -> None:
        if "logit" not in [port.name for port in network.outputs] or len(network.inputs) != 1:
            raise DetectorError(f"`{MODEL}` has other ports than one input and the output `logit`")
        self.said = said
        self._network = network

    def read(self, pixels: Pixels, faces: tuple[Face, ...], compression: Compression) -> tuple[float, ...]:
        """Calibrated log odds of each face at equal priors, within `ODDS_MOST`.

        Args:
            pixels: (height, width, 3) uint8 sRGB, upright.
            faces: at least one.
            compression: how the picture was last stored.

        Raises:
            DetectorError: the network cannot run, or gives no numbers.
        """
        crops = np.stack([align(pixels, face, self.said.size, self.said.margin) for face in faces])
        batch = np.ascontiguousarray(crops.transpose(0, 3, 1, 2).astype(np.float32) / 255.0)
        logits = self._network.run(batch, ("logit",))[0].reshape(-1)
        if len(logits) != len(faces) or not np.isfinite(logits).all():
            raise DetectorError(f"`{MODEL}` gave {len(logits)} scores for {len(faces)} faces, or no numbers")
        quality = quality_of(compression)
        return tuple(
            _odds(self.said.scale(quality, face.side), float(logit))
            for face, logit in zip(faces, logits, strict=True)
        )


def quality_of(compression: Compression) -> int:
    """The quality that a table means: a JPEG's own, and 100 for what was stored without loss."""
    return 100 if compression.coding is Coding.LOSSLESS else compression.quality


def _odds(scale: Scale, logit: float) -> float:
    return max(-ODDS_MOST, min(ODDS_MOST, scale.slope * logit + scale.offset))


def open_judge(folder: Traversable | None = None) -> FaceJudge:
    """The network and table of a folder, those that ship by default.

    Raises:
        DetectorError: they are missing, damaged, or not those that the manifest names.
    """
    return FaceJudge(*opened(MODEL, Table, folder))


@cache
def shipped() -> FaceJudge:
    """The network that ships, opened once a process."""
    return open_judge()
