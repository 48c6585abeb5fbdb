"""The root of trust: which keys sign bundles, and how many of the root's keys must agree to change that.

The root's keys stay in a safe, each with one person; the release key signs each bundle. Whoever steals the release key can sign
bundles until the root replaces it; whoever steals fewer root keys than the threshold can do nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from brightline.core.errors import BundleError
from brightline.governance.keys import PublicKey, Signer, load_public

RELEASE_ROLES = ("targets", "snapshot", "timestamp")
ROOT_LIMIT_BYTES = 512_000  # of a root, as the `tuf` library bounds it


def make_root(
    keys: Sequence[Path],
    threshold: int,
    release: Sequence[Path],
    expires: datetime,
    before: Path | None = None,
) -> Metadata[Root]:
    """A root, not yet signed; with `before`, the one that follows it.

    Args:
        keys: public keys of the root.
        threshold: how many of them must sign.
        release: public keys that each may sign bundles.
        expires: when it ends, UTC.
        before: the root in force.

    Raises:
        BundleError: too few keys for the threshold, or a key stands twice.
    """
    if not 1 <= threshold <= len(keys) or not release:
        raise BundleError(
            f"{len(keys)} root keys cannot give {threshold} signatures; and a release key is needed"
        )
    public = [_key(load_public(file)) for file in keys]
    if len({one.keyid for one in public}) != len(public):
        raise BundleError("a root key is named twice; each person has one of their own")
    version = read_root(before).signed.version + 1 if before is not None else 1
    root = Root(version=version, expires=expires, consistent_snapshot=False)
    for one in public:
        root.add_key(one, "root")
    for file in release:
        for role in RELEASE_ROLES:
            root.add_key(_key(load_public(file)), role)
    root.roles["root"].threshold = threshold
    return Metadata(root)


def sign_root(root: Metadata[Root], signer: Signer) -> None:
    """Add one signature; those of others stay.

    Raises:
        BundleError: the key is not of this root. (A key that only the root before it knows signs too: it hands over.)
    """
    root.sign(signer_of(signer), append=True)


def signatures_missing(root: Metadata[Root], before: Metadata[Root] | None = None) -> int:
    """How many signatures are wanting until a root holds, by its own threshold and that of the root before it."""
    missing = 0
    for judge in (root, before):
        if judge is not None:
            result = judge.signed.get_verification_result("root", root.signed_bytes, root.signatures)
            missing = max(missing, result.threshold - len(result.signed))
    return missing


def read_root(file: Path) -> Metadata[Root]:
    """A root from its file; whether its signatures hold is another question.

    Raises:
        BundleError: it cannot be read, or is none.
    """
    try:
        if file.stat().st_size > ROOT_LIMIT_BYTES:
            raise BundleError(f"`{file}` is larger than {ROOT_LIMIT_BYTES} bytes and no root of trust")
        found = Metadata[Root].from_file(str(file))
    except (OSError, StorageError, DeserializationError, RepositoryError, ValueError) as error:
        raise BundleError(f"`{file}` is no root of trust: make one by `brightline bundle root`") from error
    if not isinstance(found.signed, Root):
        raise BundleError(f"`{file}` is no root of trust: it is a `{found.signed.type}`")
    return found


def write_root(root: Metadata[Root], file: Path) -> None:
    """Write a root as readable JSON.

    Raises:
        BundleError: it cannot be written.
    """
    try:
        root.to_file(str(file), JSONSerializer(compact=False))
    except (OSError, StorageError, RepositoryError) as error:
        raise BundleError(f"cannot write `{file}`") from error


def signer_of(signer: Signer) -> CryptoSigner:
    """A key of ours as the `tuf` library signs with it."""
    return CryptoSigner(signer.private, _key(signer.public))


def _key(public: PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(public)
