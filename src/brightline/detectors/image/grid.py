"""Where JPEG's 8-pixel grid lies in a picture: on its borders brightness jumps a little more than elsewhere."""

import numpy as np
import numpy.typing as npt

from brightline.detectors.image.recompression import Levels

_JUMP_MOST = 30.0  # of brightness: beyond it stand edges of things, not of blocks

Floats = npt.NDArray[np.float64]


def offsets(luma: Levels, *, besides: int = -1) -> tuple[int, int]:
    """The likeliest grid, as rows and columns before its first whole block, 0 to 7 each.

    Args:
        luma: (height, width), both at least 16.
        besides: an offset that is not looked for, since it is known.
    """
    return _likeliest(luma.T, besides), _likeliest(luma, besides)


def _likeliest(luma: Levels, besides: int) -> int:
    phases = _jumps(luma)
    if besides >= 0:
        phases[besides] = -1.0
    return int(phases.argmax())


def _jumps(luma: Levels) -> Floats:
    """Mean jump between two columns beyond what their neighbours foretell, for each place in the grid, (8,)."""
    rows = luma[:: max(1, len(luma) // 512)].astype(np.float32)
    beyond = np.abs(3 * (rows[:, 1:-2] - rows[:, 2:-1]) - rows[:, :-3] + rows[:, 3:])
    profile = np.minimum(beyond, _JUMP_MOST).mean(axis=0, dtype=np.float64)
    whole = len(profile) // 8 * 8
    return np.roll(profile[:whole].reshape(-1, 8).mean(axis=0), 2)
