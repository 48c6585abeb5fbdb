"""A process's own folder for files that pass, gone with the process; what a killed process left, the next one clears.

Python's fork server keeps its socket in a folder of its own, which stays behind when the process is killed. Here it lies
inside ours, so that it is cleared with it. A lock tells whether the owner still lives.
"""

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from itertools import islice
from multiprocessing import util
from pathlib import Path

PREFIX = "brightline-"
ABANDONED_S = 10.0  # since a folder was made; its owner takes its lock within milliseconds
OLD_FORM_S = 3600.0  # empty folders without a lock are what former versions left; none of their runs was idle for longer
CLEARED = 10_000  # folders looked at in one start, so that a full temporary folder delays nobody
_SOCKET_BYTES = 60  # of our path: a socket's may have 107 (unix(7)), and Python adds up to 36
_LOCK = "lock"
_LAST = -200  # priority at the end of the process


@cache
def scratch_folder() -> Path:
    """This process's folder, mode 0700, made at the first call.

    Raises:
        OSError: the temporary folder cannot be written.
    """
    _clear_abandoned(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # After Python's own clearing of its sockets (-100), which would complain of finding nothing.
    util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=_LAST)
    return folder


def keep_sockets_in_scratch() -> None:
    """Have `multiprocessing` keep its sockets in this process's folder; call it before the first pool."""
    folder = scratch_folder()
    if len(os.fsencode(folder)) > _SOCKET_BYTES:
        return
    usual = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        util.get_temp_dir()  # makes it now, if there is none yet, and remembers it
    finally:
        tempfile.tempdir = usual


def _clear_abandoned(place: Path) -> None:
    """Remove folders of ours whose owner is gone; nothing of other users, no links, nothing that is locked."""
    now = time.time()
    for old in islice(place.glob(f"{PREFIX}*"), CLEARED):
        with suppress(OSError):
            facts = old.lstat()
            if old.is_symlink() or not old.is_dir() or facts.st_uid != os.getuid():
                continue
            if (old / _LOCK).exists():
                if now - facts.st_mtime > ABANDONED_S:
                    _clear(old)
            elif now - facts.st_mtime > OLD_FORM_S:
                old.rmdir()  # fails unless it is empty


def _clear(old: Path) -> None:
    descriptor = os.open(old / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        os.close(descriptor)
