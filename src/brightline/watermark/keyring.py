"""The keyring: secrets that watermarks are made and found with, in one file that only its owner may read.

Keys are rotated, not deleted: a retired key marks nothing new, and still finds what it marked. Secrets are never
shown; each use (pictures, sound, words) has its own secret, derived by HKDF.
"""

import fcntl
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from brightline.core.errors import KeyringError

FILE_NAME = "watermark-keys.json"  # in the operator's home folder
SECRET_BYTES = 32
FILE_LIMIT_BYTES = 256 * 1024  # about a thousand keys; a keyring holds a few
KEY_LIMIT = 64  # each key costs a search on each picture
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key.

    Attributes:
        id: its public name, that findings tell.
        secret: 32 random bytes; never printed, logged or put into a message.
        created: RFC 3339 UTC time.
        retired: RFC 3339 UTC time since when it marks nothing new; empty while it is in use.
    """

    id: str
    secret: bytes
    created: str
    retired: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no key."""
        if not _ID.fullmatch(self.id):
            raise KeyringError(f"key id `{self.id[:64]}`: expected at most 64 of a-z, 0-9, `.`, `_`, `-`")
        if len(self.secret) != SECRET_BYTES:
            raise KeyringError(
                f"key `{self.id}` has {len(self.secret)} secret bytes, expected {SECRET_BYTES}"
            )
        if not _TIME.fullmatch(self.created) or (self.retired and not _TIME.fullmatch(self.retired)):
            raise KeyringError(f"key `{self.id}` has a time that is not like 2026-11-23T12:00:00Z")

    def __repr__(self) -> str:
        """Everything but the secret, since tracebacks and logs print values."""
        return f"Key(id={self.id!r}, created={self.created!r}, retired={self.retired!r})"

    def secret_for(self, use: str) -> bytes:
        """32 bytes for one use (`image`, `sound`, `text`), HKDF-SHA-256 (RFC 5869); uses tell nothing of each other."""
        info = b"brightline watermark 1 " + use.encode()
        return HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=None, info=info).derive(self.secret)

    def __rich_repr__(self) -> "list[tuple[str, str]]":
        """What rich tracebacks may show."""
        return [("id", self.id), ("created", self.created), ("retired", self.retired)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    keys: tuple[Key, ...]


class Keyring(msgspec.Struct, frozen=True):
    """Keys, oldest first."""

    keys: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        """Refuse two keys of one name, and more keys than can be searched for."""
        names = [key.id for key in self.keys]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise KeyringError(f"two keys are called `{twice}`")
        if len(names) > KEY_LIMIT:
            raise KeyringError(f"{len(names)} keys, at most {KEY_LIMIT} can be searched for")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a keyring.

        Raises:
            KeyringError: the file is missing, malformed, or open to others than its owner.
        """
        try:
            return cls(msgspec.json.decode(_read(path), type=_File).keys)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # The decoder's own words may quote the file, and the file holds secrets.
            raise KeyringError(f"`{path}` is no keyring that we wrote") from None

    def save(self, path: Path) -> None:
        """Write the keyring, readable by its owner alone, all of it or nothing.

        Raises:
            KeyringError: the file cannot be written.
        """
        data = msgspec.json.format(msgspec.json.encode(_File(1, self.keys)), indent=2) + b"\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, data)
        except OSError as error:
            raise KeyringError(f"cannot write `{path}`: {error.strerror}") from error

    @property
    def active(self) -> Key:
        """The newest key that is not retired.

        Raises:
            KeyringError: there is none.
        """
        for key in reversed(self.keys):
            if not key.retired:
                return key
        raise KeyringError("no watermark key is in use; make one with `brightline keys new`")

    def all(self) -> tuple[Key, ...]:
        """Every key, newest first: retired ones still detect."""
        return self.keys[::-1]

    def with_new(self, name: str = "", now: datetime | None = None) -> Self:
        """This keyring and a fresh random key, which is now the active one.

        Args:
            name: its id; empty gives one from the date and four random hex digits.
            now: the time, for tests.

        Raises:
            KeyringError: the id is taken or malformed.
        """
        time = _stamp(now)
        name = name or f"{time[:10]}-{secrets.token_hex(2)}"
        key = Key(id=name, secret=secrets.token_bytes(SECRET_BYTES), created=time)
        return type(self)((*self.keys, key))

    def with_retired(self, name: str, now: datetime | None = None) -> Self:
        """This keyring with one key retired; retiring again changes nothing.

        Raises:
            KeyringError: there is no such key.
        """
        if name not in {key.id for key in self.keys}:
            known = ", ".join(key.id for key in self.keys) or "none"
            raise KeyringError(f"no key `{name}`; known: {known}")
        return type(self)(
            tuple(
                msgspec.structs.replace(key, retired=_stamp(now))
                if key.id == name and not key.retired
                else key
                for key in self.keys
            )
        )


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a keyring for reading, changing and writing: two commands at once would lose a key, and its marks with it.

    Raises:
        KeyringError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise KeyringError(f"cannot write beside `{path}`: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _stamp(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise KeyringError(f"`{path}` is no regular file")
            if facts.st_mode & 0o077:
                mode = stat.S_IMODE(facts.st_mode)
                raise KeyringError(f"`{path}` is open to others (mode {mode:04o}); run `chmod 600` on it")
            data = file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise KeyringError(f"cannot read `{path}`: {error.strerror}") from error
    if len(data) > FILE_LIMIT_BYTES:
        raise KeyringError(f"`{path}` is larger than {FILE_LIMIT_BYTES // 1024} KiB, which no keyring is")
    return data


def _replace(path: Path, data: bytes) -> None:
    """A new file beside, made durable, then put in place; `mkstemp` makes it 0600 from its first moment."""
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
