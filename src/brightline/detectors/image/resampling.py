"""Whether a picture was enlarged: pixels that were computed from their neighbours differ from those that were not.

The mean second difference then rises and falls with the step of the enlargement, which shows as a peak in its
spectrum, at the same frequency in both directions.

Source: [gallagher2005] A. Gallagher, Detection of linear and cubic interpolation in JPEG compressed images.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.image.recompression import Levels

_BINS = 1024  # of the spectrum
_LOWEST = 0.1  # cycles per pixel under which the picture's own shapes lie
_HIGHEST = 0.497
_GRID_WIDTH = 0.012  # around multiples of an eighth, where JPEG's grid shows
_SAME = 0.006  # cycles per pixel by which the two directions may differ
_JUMP_MOST = 40.0


class Peak(msgspec.Struct, frozen=True):
    """The highest peak that both directions share.

    Attributes:
        frequency: cycles per pixel.
        height: of the lower of the two, relative to the median of its spectrum; 0.0 when they do not agree.
    """

    frequency: float
    height: float

    @property
    def scales(self) -> tuple[float, float]:
        """The two factors between 1 and 4 that make such a peak: the frequency does not tell them apart."""
        return 1.0 / (1.0 - self.frequency), 1.0 / self.frequency


def shared_peak(luma: Levels) -> Peak:
    """Look for traces of enlarging in brightness, (height, width)."""
    across, down = _highest(luma), _highest(luma.T)
    if abs(across[0] - down[0]) > _SAME:
        return Peak(0.0, 0.0)
    return Peak((across[0] + down[0]) / 2, min(across[1], down[1]))


def _highest(luma: Levels) -> tuple[float, float]:
    """Frequency and relative height of the highest peak along rows."""
    rows = luma.astype(np.float32)
    second = np.abs(rows[:, 2:] - 2 * rows[:, 1:-1] + rows[:, :-2])
    profile = np.minimum(second, _JUMP_MOST).mean(axis=0, dtype=np.float64)
    profile = (profile - profile.mean()) * np.hanning(len(profile))
    spectrum = np.abs(np.fft.rfft(profile, max(_BINS, len(profile))))
    frequency: npt.NDArray[np.float64] = np.linspace(0, 0.5, len(spectrum))
    looked = (frequency > _LOWEST) & (frequency < _HIGHEST)
    for eighth in range(1, 4):
        looked &= np.abs(frequency - eighth / 8) > _GRID_WIDTH
    best = int(spectrum[looked].argmax())
    return float(frequency[looked][best]), float(
        spectrum[looked][best] / (np.median(spectrum[looked]) + 1e-9)
    )
