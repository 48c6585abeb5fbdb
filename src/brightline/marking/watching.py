"""Which files of a watched folder are whole: not written to for a while, and open for writing nowhere.

A file that is still being copied must not be marked: its mark would be on half of it.
"""

import fcntl
import os
from pathlib import Path

from brightline.marking.draft import Stamp, is_draft, stamp_of


class Arrivals:
    """Files that were seen, until they are whole; what is given once is given again only when it has changed."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._waiting: dict[Path, tuple[Stamp, float]] = {}
        self._given: dict[Path, Stamp] = {}

    def see(self, path: Path, now: float) -> None:
        """A file is there, or has changed."""
        if is_draft(path) or path.is_symlink() or not path.is_file():
            self._waiting.pop(path, None)
            return
        stamp = stamp_of(path)
        if self._given.get(path) == stamp:
            return
        known = self._waiting.get(path)
        if known is None or known[0] != stamp:
            self._waiting[path] = (stamp, now)

    def whole(self, now: float) -> list[Path]:
        """Files that have settled by now, in name order; each is given once."""
        for path in [*self._waiting]:
            try:
                self.see(path, now)  # it may have grown since, without a notice
            except OSError:
                del self._waiting[path]
        ready = [
            path
            for path, (_, since) in sorted(self._waiting.items())
            if now - since >= self._settle_s and not is_being_written(path)
        ]
        for path in ready:
            self._given[path] = self._waiting.pop(path)[0]
        return ready

    @property
    def count(self) -> int:
        """How many are waited for."""
        return len(self._waiting)


def is_being_written(path: Path) -> bool:
    """Whether some process has the file open for writing; False where the system does not tell.

    A read lease is granted only on a file that nobody has open for writing (Linux fcntl(2), F_SETLEASE); it needs the
    file's owner or CAP_LEASE. Who calls this ignores SIGIO, which a writer that comes meanwhile would cause.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return True  # gone, or not ours to read: not yet
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # no leases here: the time that it has settled has to do
    finally:
        os.close(descriptor)
    return False
