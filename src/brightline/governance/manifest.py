"""What a model or data set consists of: every file below a folder with its digest, and one digest over them all.

Links are not followed, so nothing outside is read. The digest over all is SHA-256 over the files' digests in the order
of their paths, as OpenSSF Model Signing v1.0 computes it: what is signed, waived, attested and recorded is one number.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import msgspec

from brightline.core.errors import GovernanceError

FILES_LIMIT = 200_000  # of one target; image sets beyond are packed into archives
CHUNK_BYTES = 1024 * 1024  # read at once
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")  # Model Signing leaves them out by default


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its path in the target with `/`, SHA-256 in hex, and size."""

    path: str
    digest: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Every file of a target.

    Attributes:
        name: of the folder or file.
        files: in the order of their paths.
        links: symbolic links, which were not followed.
        others: what is neither file nor folder nor link.
        left_out: files below paths that were to be left out.
    """

    name: str
    files: tuple[File, ...]
    links: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over the files' digests in order, 64 hex digits."""
        return root_digest(file.digest for file in self.files)

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.files)


class Found(msgspec.Struct, frozen=True):
    """What is below a folder, by path: files, links, and what is neither."""

    files: tuple[str, ...]
    links: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def read_manifest(target: Path, *, leave_out: Iterable[str] = ()) -> Manifest:
    """Digest every file of a target.

    Args:
        target: a folder, or one file, whose path is then `.` as Model Signing has it.
        leave_out: paths in the target, folders with all below them.

    Raises:
        GovernanceError: the target is not there, cannot be read, or has too many files.
    """
    skipped = tuple(leave_out)
    found = walk(target)
    kept = [path for path in found.files if not is_below(path, skipped)]
    try:
        files = tuple(_digested(target, path) for path in kept)
    except OSError as error:
        raise GovernanceError(f"cannot read `{error.filename}`: {(error.strerror or '').lower()}") from error
    return Manifest(
        name=target.resolve().name,
        files=files,
        links=found.links,
        others=found.others,
        left_out=tuple(path for path in found.files if is_below(path, skipped)),
    )


def walk(target: Path) -> Found:
    """Paths of all that is below a target, in order.

    Raises:
        GovernanceError: it is not there, cannot be listed, or has too many files.
    """
    if target.is_file():
        return Found((".",))
    if not target.is_dir():
        raise GovernanceError(f"`{target}` is neither a file nor a folder")
    found: dict[str, list[str]] = {"file": [], "link": [], "other": []}
    for path, kind in _entries(target):
        found[kind].append(_spelt(path))
        if len(found["file"]) > FILES_LIMIT:
            raise GovernanceError(
                f"`{target}` has more than {FILES_LIMIT} files; pack them, or gate its parts"
            )
    ordered = {kind: tuple(sorted(paths, key=in_order)) for kind, paths in found.items()}
    return Found(ordered["file"], ordered["link"], ordered["other"])


def root_digest(digests: Iterable[str]) -> str:
    """SHA-256 over digests given in hex."""
    whole = hashlib.sha256()
    for one in digests:
        whole.update(bytes.fromhex(one))
    return whole.hexdigest()


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of these, or below one.

    >>> is_below("a/b.txt", ["a"]), is_below("ab.txt", ["a"])
    (True, False)
    """
    parts = PurePosixPath(path).parts
    return any(
        parts[: len(other)] == other for other in (PurePosixPath(one).parts for one in folders) if other
    )


def in_order(path: str) -> tuple[str, ...]:
    """The key by which Model Signing orders paths: part by part."""
    return PurePosixPath(path).parts


def _entries(target: Path) -> Iterator[tuple[str, str]]:
    def fail(error: OSError) -> None:
        raise GovernanceError(f"cannot read `{error.filename}`: {(error.strerror or '').lower()}") from error

    for folder, folders, names in os.walk(target, onerror=fail):
        below = Path(folder).relative_to(target)
        for name in [*names, *folders]:
            path = Path(folder, name)
            if path.is_symlink():
                yield (below / name).as_posix(), "link"
            elif name in names:
                yield (below / name).as_posix(), "file" if path.is_file() else "other"


def _spelt(path: str) -> str:
    """The path, which every document that we write must be able to spell."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        shown = path.encode("utf-8", "replace").decode()
        raise GovernanceError(f"the name `{shown}` is not UTF-8; rename it") from error
    return path


def _digested(target: Path, path: str) -> File:
    place = target if path == "." else target / path
    whole, size = hashlib.sha256(), 0
    with place.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            whole.update(chunk)
            size += len(chunk)
    return File(path=path, digest=whole.hexdigest(), size_bytes=size)
