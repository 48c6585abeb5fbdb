"""Work that failed rests for a while, longer each time, so that the rest of the queue goes on and no log overflows."""

import time
from collections import OrderedDict

FIRST_S, LONGEST_S = 1.0, 300.0  # pause after the first failure, doubled up to the longest
RESTING_MOST = 1_000  # that are remembered; a forgotten one is tried again at the next turn


class Resting:
    """What failed, by its id, and until when it is left alone."""

    def __init__(self) -> None:
        self._rests: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def failed(self, one: str) -> int:
        """Let it rest; says how often in a row it has failed."""
        times = self._rests.pop(one, (0, 0.0))[0] + 1
        pause_s = min(LONGEST_S, FIRST_S * 2 ** min(times - 1, 30))
        self._rests[one] = (times, time.monotonic() + pause_s)
        if len(self._rests) > RESTING_MOST:
            self._rests.popitem(last=False)
        return times

    def worked(self, one: str) -> None:
        """Forget its failures."""
        self._rests.pop(one, None)

    def now(self) -> list[str]:
        """Whatever rests at this moment."""
        moment = time.monotonic()
        return [one for one, (_, until) in self._rests.items() if until > moment]
