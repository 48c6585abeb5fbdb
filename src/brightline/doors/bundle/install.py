"""A bundle becomes an installation: a folder of releases, of which one is current.

    FOLDER/trust/        what is trusted: root, and the last metadata
    FOLDER/store/        targets by SHA-256, shared by releases
    FOLDER/releases/7/   one release: its virtual environment, its bill, the operator's files
    FOLDER/current       a link to the release in force, changed in one step when everything else is done

Whatever fails leaves `current` and `trust` as they were.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tuf.api.metadata import TargetFile

from brightline.core.errors import BundleError
from brightline.doors.bundle.archive import Archive
from brightline.doors.bundle.create import REQUIREMENTS, Index
from brightline.doors.bundle.trust import Trusted, checked, copy_of, trust
from brightline.doors.bundle.wheels import run_pip

START_SECONDS = 120  # for the new release to say its version


def install(file: Path, folder: Path, root: bytes | None = None) -> Trusted:
    """Install a bundle, or bring an installation forward.

    Args:
        file: the bundle.
        folder: the installation.
        root: the root of trust, at the first time.

    Raises:
        BundleError: the bundle is not to be believed, does not fit this machine, or something fails; nothing has changed then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder), Archive(file) as archive, tempfile.TemporaryDirectory(dir=folder) as scratch:
        state = copy_of(folder / "trust", Path(scratch))
        found = trust(archive, root, state)
        _check_fits(found.index)
        _fill_store(archive, found, folder / "store")
        release = folder / "releases" / str(found.version)
        draft = folder / "releases" / f".{found.version}.part"
        try:
            if not release.exists():
                _make(found, folder / "store", draft, release)
            _start(release, found.index)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        _replace_folder(state, folder / "trust")
        _point(folder / "current", release)
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BundleError(f"another installation into `{folder}` is running") from error
        yield


def _check_fits(index: Index) -> None:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    if index.python != ours:
        raise BundleError(
            f"the bundle is for Python {index.python}, and this is {ours}: run it with that one"
        )
    machine = os.uname().machine
    if index.platform and not index.platform.endswith(machine):
        raise BundleError(f"the bundle is for {index.platform}, and this machine is {machine}")


def _fill_store(archive: Archive, found: Trusted, store: Path) -> None:
    store.mkdir(parents=True, exist_ok=True)
    for target in found.targets.values():
        place = _stored(store, target)
        if place.exists() and place.stat().st_size == target.length and _digest(place) == place.name:
            continue
        draft = place.with_suffix(".part")
        with draft.open("wb") as sink:
            for piece in checked(archive, target):
                sink.write(piece)
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(place)


def _stored(store: Path, target: TargetFile) -> Path:
    return store / target.hashes["sha256"]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _make(found: Trusted, store: Path, draft: Path, release: Path) -> None:
    """The release in a draft, and its environment in place: environments hold their own path."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for target in found.targets.values():
        place = draft / _inside(target.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_stored(store, target), place)
    shutil.rmtree(release, ignore_errors=True)
    draft.replace(release)
    try:
        venv.EnvBuilder(symlinks=True, with_pip=False).create(release / "venv")
        run_pip(
            ["--python", str(release / "venv" / "bin" / "python"), "install", "--no-index", "--no-deps", "--require-hashes",
             "--find-links", str(release / "wheels"), "--requirement", str(release / REQUIREMENTS)],
            offline=True,
        )  # fmt: skip
    except BaseException:
        shutil.rmtree(release, ignore_errors=True)
        raise
    shutil.rmtree(release / "wheels")


def _inside(name: str) -> PurePosixPath:
    """A target's place below its release.

    Raises:
        BundleError: it would lie elsewhere. (A signed bundle has no such name; who signs may still err.)
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or path.parts[0] == "venv":
        raise BundleError(f"the bundle would write to `{name[:100]}`, outside its release")
    return path


def _start(release: Path, index: Index) -> None:
    """See that the new release runs at all before it becomes the current one."""
    program = release / "venv" / "bin" / "brightline"
    try:
        ran = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"the new release does not start: {type(error).__name__}") from error
    if ran.returncode or index.brightline not in ran.stdout:
        raise BundleError(f"the new release does not start: {(ran.stderr or ran.stdout).strip()[:200]}")


def _replace_folder(new: Path, place: Path) -> None:
    old = place.with_name(".trust.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    new.replace(place)
    shutil.rmtree(old, ignore_errors=True)


def _point(link: Path, release: Path) -> None:
    draft = link.with_name(".current.part")
    draft.unlink(missing_ok=True)
    draft.symlink_to(release.relative_to(link.parent))
    draft.replace(link)
