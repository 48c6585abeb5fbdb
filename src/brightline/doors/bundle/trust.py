"""Whether a bundle is to be believed: the whole client workflow of TUF, with the bundle in place of a server.

An installation keeps the metadata that it trusted last, so that an older bundle is known as such (roll-back), an expired one is not
installed (freeze), and a changed root is followed only by enough of the old root's keys.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    EqualVersionNumberError,
    ExpiredMetadataError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, TargetFile, Targets
from tuf.ngclient import FetcherInterface, Updater

from brightline.core.errors import BundleError
from brightline.doors.bundle.archive import METADATA, TARGETS, Archive
from brightline.doors.bundle.create import INDEX, Index

NOWHERE = "bundle:///"  # what the library puts before the names that it asks for


class Trusted(msgspec.Struct, frozen=True):
    """A bundle that was found genuine.

    Attributes:
        index: what it says of itself.
        targets: what it holds, by name, with size and SHA-256.
        version: of its metadata.
        expires: when it ends, RFC 3339.
    """

    index: Index
    targets: Mapping[str, TargetFile]
    version: int
    expires: str


class _Members(FetcherInterface):
    """Gives the library members of the bundle in place of a server's files."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = METADATA + url.removeprefix(NOWHERE)
        if name not in self._archive.names:
            raise DownloadHTTPError(f"no `{name}` in the bundle", 404)
        return self._archive.pieces(name)


def trust(archive: Archive, root: bytes | None, state: Path) -> Trusted:
    """Check a bundle's metadata against what is trusted, and its index against the metadata.

    Args:
        archive: the bundle.
        root: the root that is believed at the first time; None where `state` has one.
        state: folder of what was trusted last; brought forward, as far as the bundle holds.

    Raises:
        BundleError: it was changed, is expired, is older than what was trusted, or is signed by somebody else.
    """
    state.mkdir(parents=True, exist_ok=True)
    if root is None and not (state / "root.json").exists():
        raise BundleError(
            "nothing is trusted yet: give the root of trust by `--root FILE`, got by another way than the bundle"
        )
    try:
        updater = Updater(str(state), NOWHERE, fetcher=_Members(archive), bootstrap=root)
        updater.refresh()
        found = Metadata[Targets].from_file(str(state / "targets.json")).signed
    except ExpiredMetadataError as error:
        raise BundleError(
            f"the bundle `{archive.file}` is expired, and would hold you back: get a newer one ({error})"
        ) from error
    except (BadVersionNumberError, EqualVersionNumberError) as error:
        raise BundleError(
            f"the bundle `{archive.file}` is older than what was installed before, and is refused ({error})"
        ) from error
    except UnsignedMetadataError as error:
        raise BundleError(
            f"the bundle `{archive.file}` is not signed by the keys that this root of trust names ({error})"
        ) from error
    except (RepositoryError, DownloadError, OSError, ValueError) as error:
        raise BundleError(
            f"the bundle `{archive.file}` was changed, or is only a part of one ({str(error)[:200]})"
        ) from error
    return Trusted(
        _index(archive, found), found.targets, found.version, found.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def _index(archive: Archive, targets: Targets) -> Index:
    if INDEX not in targets.targets:
        raise BundleError(f"the bundle `{archive.file}` has no `{INDEX}`")
    try:
        return msgspec.json.decode(b"".join(checked(archive, targets.targets[INDEX])), type=Index)
    except msgspec.DecodeError as error:
        raise BundleError(
            f"the bundle `{archive.file}` has an index that this version does not read"
        ) from error


def checked(archive: Archive, target: TargetFile) -> Iterator[bytes]:
    """The bytes of a target; the last piece comes only when all are as the metadata says.

    Raises:
        BundleError: they are not, or the bundle is a delta without them.
    """
    name = TARGETS + target.path
    if name not in archive.names:
        raise BundleError(
            f"`{target.path[:100]}` is not in this bundle, which holds only what changed: install the one before it first"
        )
    digest, length, held = hashlib.sha256(), 0, b""
    for piece in archive.pieces(name):
        digest.update(piece)
        length += len(piece)
        if length > target.length:
            break
        if held:
            yield held
        held = piece
    if length != target.length or digest.hexdigest() != target.hashes.get("sha256"):
        raise BundleError(
            f"`{target.path[:100]}` in the bundle was changed: its bytes are not those that were signed"
        )
    yield held


def check_all(archive: Archive, trusted: Trusted) -> int:
    """Read every target that the bundle holds and compare it; gives how many it leaves out (a delta).

    Raises:
        BundleError: one was changed, or the bundle has members that nobody signed.
    """
    left_out = 0
    for target in trusted.targets.values():
        if TARGETS + target.path in archive.names:
            for _ in checked(archive, target):
                pass
        else:
            left_out += 1
    unsigned = {
        name.removeprefix(TARGETS) for name in archive.names if name.startswith(TARGETS)
    } - trusted.targets.keys()
    if unsigned:
        raise BundleError(f"the bundle holds `{min(unsigned)[:100]}`, which nobody signed")
    return left_out


def copy_of(state: Path, place: Path) -> Path:
    """What is trusted, copied, so that looking at a bundle changes nothing."""
    copied = place / "trust"
    if state.exists():
        shutil.copytree(state, copied)
    return copied
