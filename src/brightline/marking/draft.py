"""A marked file grows in a draft folder beside its target, and takes the target's place in one step, or not at all.

1. A folder `.brightline-*` is made in the target's folder, so that the last step stays on one file system; a lock in it
   tells the next run whether its owner still lives.
2. Every step writes one file in it. Nothing outside is touched.
3. The last file gets the source's mode and attributes, is synced, and is linked or renamed to the target; the folder
   is synced.

A kill at any moment leaves the old file whole, and at worst a draft folder that the next run clears away.
"""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from brightline.core.errors import MarkingError

PREFIX = ".brightline-"
ABANDONED_S = 10.0  # since a draft folder was last written in; its owner takes its lock within milliseconds
_LOCK = "lock"
_CHANGED = "the file was changed by somebody else meanwhile; nothing was written, run again"

Progress = Callable[[int, int], None]
"""Bytes written so far, and bytes expected."""


class Stamp(msgspec.Struct, frozen=True):
    """What shows that a file is still the one that was read: where it lies, its size, when it was last written."""

    device: int
    inode: int
    size: int
    changed_ns: int


class Draft:
    """One draft folder: gives fresh paths, and puts the last file into place."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder = folder
        self._suffix = suffix
        self._count = 0

    def fresh(self) -> Path:
        """A path in the draft folder that does not exist yet, with the target's suffix."""
        self._count += 1
        return self._folder / f"{self._count}{self._suffix}"


@contextmanager
def draft_beside(target: Path) -> Iterator[Draft]:
    """A draft folder beside the target, cleared away at the end.

    Raises:
        MarkingError: the target's folder cannot be written.
    """
    _clear_abandoned(target.parent)
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=target.parent))
    except OSError as error:
        raise MarkingError(f"cannot write in `{target.parent}`: {error.strerror}") from error
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Draft(folder, target.suffix)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def is_draft(path: Path) -> bool:
    """Whether a path lies in a draft folder."""
    return any(part.startswith(PREFIX) for part in path.parts)


def write_pieces(
    target: Path, pieces: Iterable[bytes | memoryview], expected: int, progress: Progress | None
) -> None:
    """Write pieces to a new file, telling how far it is.

    Raises:
        OSError: the disk is full, or a limit on file sizes is hit.
        CarrierError: the carrier refuses.
    """
    done = 0
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        for piece in pieces:
            out.write(piece)
            done += len(piece)
            if progress is not None:
                progress(done, max(done, expected))


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file as it is now.

    Raises:
        OSError: it cannot be looked at.
    """
    facts = path.stat()
    return Stamp(facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)


def check_in_place(path: Path) -> None:
    """Refuse to replace what a replacement would break or what its owner has closed.

    Raises:
        MarkingError: the file has several names, or may not be written.
    """
    facts = path.stat()
    if facts.st_nlink > 1:
        raise MarkingError(
            f"`{path}` has {facts.st_nlink} names (hard links); replacing one would leave the others without the mark:"
            " write to another place with -o"
        )
    if not facts.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise MarkingError(f"`{path}` is read-only; write to another place with -o, or make it writable")


def replace(draft: Path, target: Path, source: Stamp) -> None:
    """Put a draft in the place of the file that it was made from, durably.

    Raises:
        MarkingError: the file was changed since it was read, or cannot be replaced; it is whole in any case.
    """
    try:
        _dress(draft, target, owner=True)
        if stamp_of(target) != source:
            raise MarkingError(_CHANGED)
        draft.replace(target)  # one step for everybody who looks
        _sync(target.parent)
    except OSError as error:
        raise MarkingError(f"cannot replace `{target}`: {error.strerror}; it is as it was") from error


def place(draft: Path, target: Path, source: Path) -> None:
    """Give a draft its name where there is no file of that name, durably.

    Raises:
        MarkingError: there is one, or the folder cannot be written.
    """
    try:
        _dress(draft, source, owner=False)
        _name(draft, target)
        _sync(target.parent)
    except FileExistsError as error:
        raise MarkingError(f"`{target}` exists already and is not overwritten") from error
    except OSError as error:
        raise MarkingError(f"cannot write `{target}`: {error.strerror}") from error


def _name(draft: Path, target: Path) -> None:
    """Link, which fails where a file is; where a file system has no links, rename into a name that we made."""
    try:
        os.link(draft, target)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        draft.replace(target)


def _dress(draft: Path, model: Path, *, owner: bool) -> None:
    """Give a draft the mode, extended attributes and (in place) owner of its model, and sync it."""
    facts = model.stat()
    if owner and (facts.st_uid, facts.st_gid) != (draft.stat().st_uid, draft.stat().st_gid):
        os.chown(draft, facts.st_uid, facts.st_gid)
    for name in os.listxattr(model):
        with suppress(OSError):  # some belong to the kernel, some file systems have none
            os.setxattr(draft, name, os.getxattr(model, name))
    draft.chmod(stat.S_IMODE(facts.st_mode) & ~0o7000)
    descriptor = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_abandoned(folder: Path) -> None:
    """Remove draft folders whose owner is gone: some time has passed, and their lock can be had."""
    for old in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if old.is_symlink() or not old.is_dir() or time.time() - old.stat().st_mtime < ABANDONED_S:
                continue
            if not (old / _LOCK).exists():  # killed between its first two calls
                old.rmdir()
                continue
            descriptor = os.open(old / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old, ignore_errors=True)
            finally:
                os.close(descriptor)
