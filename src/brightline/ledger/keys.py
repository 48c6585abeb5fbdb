"""The log's private key: one line in a file that only its owner may read, made on first use."""

import contextlib
import os
import secrets
from pathlib import Path

from brightline.core.errors import LedgerError
from brightline.ledger.note import KEY_BYTES, Algorithm, SignerKey, check_name, parse_skey

KEY_FILE_LIMIT_BYTES = 4096  # a key is one line of about 150 characters


def load_or_create_key(path: Path, origin: str) -> SignerKey:
    """The signing key of the log `origin`, from `path`; a new one is written there, mode 0600, if there is none.

    Raises:
        LedgerError: the file cannot be read or written, others may read it, or it is another log's key.
    """
    try:
        if not path.exists():
            _create(path, check_name(origin))
        key = parse_skey(_read(path))
    except OSError as error:
        raise LedgerError(f"cannot use key file `{path}`: {error.strerror}") from error
    except (UnicodeDecodeError, LedgerError) as error:
        raise LedgerError(f"key file `{path}`: {error}") from error
    if key.name != origin or key.algorithm is not Algorithm.ED25519:
        raise LedgerError(f"key file `{path}` holds the key of `{key.name}`, expected one of `{origin}`")
    return key


def new_key(name: str, algorithm: Algorithm = Algorithm.ED25519) -> SignerKey:
    """A fresh random key.

    Raises:
        LedgerError: the name cannot stand in a key.
    """
    return SignerKey(name=check_name(name), seed=secrets.token_bytes(KEY_BYTES), algorithm=algorithm)


def vkey(key: SignerKey) -> str:
    """The public text that verifiers need, in the format of Go's `note` package."""
    return str(key.verifier)


def _create(path: Path, origin: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, f"{new_key(origin).skey}\n".encode())
        os.fsync(descriptor)
        # A link, unlike a rename, never replaces the key of another process that came first.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.close(descriptor)
        draft.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new and renamed names in a folder durable.

    Raises:
        OSError: the folder cannot be opened or synced.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise LedgerError(
                f"mode {mode:04o} lets others read it, expected 0600: run `chmod 600` and rotate it"
            )
        return file.read(KEY_FILE_LIMIT_BYTES).decode("utf-8")
