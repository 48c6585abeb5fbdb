"""The network that tells made voices: windows of three seconds in, one logit each; and what logits mean.

How logits become probabilities, per bandwidth of the speech, is the trainer's and stands in `weights/speech_spoof.toml`.
"""

from enum import StrEnum
from functools import cache
from importlib.resources.abc import Traversable
from math import exp, isfinite

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError
from brightline.detectors.audio.spoof_features import BANDS, WINDOW_FRAMES, WINDOW_STEP, Features
from brightline.weights.network import Network
from brightline.weights.store import network_bytes, table

MODEL = "speech_spoof"
ODDS_MOST = 3.9  # log odds: no estimate from sound alone is surer than 98 %
AT_ONCE = 16  # windows given to the network together: 2.4 MB
Logits = npt.NDArray[np.float32]


class Band(StrEnum):
    """How far up the speech reaches."""

    WIDE = "wide"
    NARROW = "narrow"  # telephone, old codecs: less is left to tell by


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """From logit to verdict, for speech of one band.

    Attributes:
        slope: log odds for one unit of the logit.
        offset: log odds at logit 0, at equal priors.
        abstain: probabilities between which nothing is said.
        threshold: probability from which on a person should look.
    """

    slope: float
    offset: float
    abstain: tuple[float, float]
    threshold: float

    def __post_init__(self) -> None:
        """Refuse a line that does not rise, or a threshold inside the band."""
        low, high = self.abstain
        if not (isfinite(self.offset) and self.slope > 0 and 0 < low <= high <= self.threshold < 1):
            raise ValueError("the calibration is no rising line with a threshold above its band")

    def log_odds(self, logit: float) -> float:
        """Log odds at equal priors, within `ODDS_MOST`."""
        return max(-ODDS_MOST, min(ODDS_MOST, self.slope * logit + self.offset))


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What the trainer measured, `speech_spoof.toml`; keys that are not named here are for people.

    Attributes:
        window_frames: frames of 10 ms in one window.
        step_frames: frames from one window to the next.
        narrow_below_hz: speech that reaches less far up is narrow.
        wide: scale of wide speech.
        narrow: scale of narrow speech.
    """

    window_frames: int
    step_frames: int
    narrow_below_hz: float
    wide: Scale
    narrow: Scale

    def __post_init__(self) -> None:
        """Refuse windows other than those that the front end makes."""
        if (self.window_frames, self.step_frames) != (WINDOW_FRAMES, WINDOW_STEP):
            raise ValueError(f"windows of {self.window_frames} frames, expected {WINDOW_FRAMES}")

    def band(self, bandwidth_hz: float) -> Band:
        """The band that speech of that bandwidth is in."""
        return Band.NARROW if bandwidth_hz < self.narrow_below_hz else Band.WIDE

    def scale(self, band: Band) -> Scale:
        """The scale of a band."""
        return self.narrow if band is Band.NARROW else self.wide


class SpoofJudge:
    """A network with its table.

    Args:
        network: input `features` (n, BANDS, WINDOW_FRAMES) float32, output `logit` (n,).
        said: its table.

    Raises:
        DetectorError: the network has other ports.
    """

    def __init__(self, network: Network, said: Table) -> None:
        shapes = [port.shape for port in network.inputs]
        if shapes != [(-1, BANDS, WINDOW_FRAMES)] or "logit" not in [port.name for port in network.outputs]:
            raise DetectorError(
                f"`{MODEL}` has other ports than (n, {BANDS}, {WINDOW_FRAMES}) and the output `logit`"
            )
        self.said = said
        self._network = network

    def logits(self, features: Features) -> Logits:
        """One logit a window, positive speaks for a machine.

        Args:
            features: (windows, BANDS, WINDOW_FRAMES) float32 of `spoof_features.windows`, at least one window.

        Raises:
            DetectorError: the network cannot run, or gives no numbers.
        """
        batches = [
            np.ascontiguousarray(features[at : at + AT_ONCE]) for at in range(0, len(features), AT_ONCE)
        ]
        found = np.concatenate([self._network.run(batch, ("logit",))[0].reshape(-1) for batch in batches])
        if len(found) != len(features) or not np.isfinite(found).all():
            raise DetectorError(
                f"`{MODEL}` gave {len(found)} logits for {len(features)} windows, or no numbers"
            )
        return found


def probability(log_odds: float) -> float:
    """Give the probability of log odds.

    >>> probability(0.0)
    0.5
    """
    return 1.0 / (1.0 + exp(-log_odds))


def open_judge(folder: Traversable | None = None) -> SpoofJudge:
    """The network and table of a folder, those that ship by default.

    Raises:
        DetectorError: they are missing, damaged, or not those that the manifest names.
    """
    said = table(MODEL, Table, folder)
    return SpoofJudge(Network(network_bytes(MODEL, folder), MODEL), said)


@cache
def shipped() -> SpoofJudge:
    """What ships, opened once a process."""
    return open_judge()
