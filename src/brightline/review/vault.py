"""The master key, and what lies under it: keys of contents and secrets of accounts and hooks.

AES-256-GCM (NIST SP 800-38D) with a fresh random nonce of 96 bits; whose it is, is authenticated with it, so that no row can
be passed off as another's. Erasing the wrapped key of a content erases the content.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from brightline.core.errors import LedgerError, SettingsError

MASTER_FILE = "service.key"
KEY_BYTES = 32
NONCE_BYTES = 12


class Vault:
    """Encrypts small secrets under the master key."""

    def __init__(self, master: bytes) -> None:
        self._cipher = AESGCM(master)

    def seal(self, secret: bytes, whose: str) -> bytes:
        """The secret, encrypted; opens only for the same `whose`."""
        return sealed(self._cipher, secret, whose)

    def open(self, data: bytes, whose: str) -> bytes:
        """What was sealed for `whose`.

        Raises:
            LedgerError: the row was changed, or belongs to another master key.
        """
        return opened(self._cipher, data, whose)


def sealed(cipher: AESGCM, secret: bytes, whose: str) -> bytes:
    """Nonce and ciphertext."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, secret, whose.encode())


def opened(cipher: AESGCM, data: bytes, whose: str) -> bytes:
    """The plain bytes.

    Raises:
        LedgerError: they were changed, or the key is another.
    """
    try:
        return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], whose.encode())
    except (InvalidTag, ValueError) as error:
        raise LedgerError(
            "a stored secret does not open: it was changed, or `service.key` is another's"
        ) from error


def load_master(home: Path) -> bytes:
    """The master key of 32 bytes in `service.key`, made with mode 0600 when there is none.

    Raises:
        SettingsError: the file cannot be made or read, or is no key.
    """
    path = home / MASTER_FILE
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsError(f"cannot make `{path}`: {error.strerror}") from error
    try:
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read `{path}`: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"`{path}` has {len(key)} bytes, expected {KEY_BYTES}: put it back from your backup"
        )
    return key
