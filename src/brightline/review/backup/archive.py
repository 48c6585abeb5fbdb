"""The file of a backup: a tar archive in gzip, in age where it is encrypted, so that it opens without Brightline too.

    age --decrypt --identity identity.txt house.backup | tar tz

Source: age-encryption.org/v1 (X25519 and ChaCha20-Poly1305 in pieces of 64 KiB, each authenticated).
"""

import gzip
import hashlib
import io
import os
import secrets
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from brightline.core.errors import LedgerError, VerificationError
from brightline.ledger.keys import sync_folder
from brightline.review.backup.rows import BATCH_LIMIT_BYTES

if TYPE_CHECKING:
    from pyrage import x25519

AGE = b"age-encryption.org/v1\n"
GZIP = b"\x1f\x8b"
HEAD_SLACK_BYTES = 64 * 1024  # of tar's own blocks between two members
IDENTITY_LIMIT_BYTES = 64 * 1024  # a file of identities has a line for each
NAME_LIMIT = 200  # characters of a member's name
LEVEL = 1  # of gzip: contents are encrypted and do not shrink, what does shrinks as well at 1


class Writer:
    """Writes members; `digest` is of all that was written so far."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._digest = Running()

    def add(self, name: str, data: bytes) -> None:
        """Write one member."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o600
        self._tar.addfile(member, io.BytesIO(data))
        self._tar.members = []  # type: ignore[attr-defined]  # it would remember them all
        self._digest.add(name, data)

    @property
    def digest(self) -> str:
        """SHA-256 of the members so far, 64 hex digits."""
        return self._digest.hex


class Running:
    """SHA-256 over the members of an archive: each's name and size in a line of its own, then its bytes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, name: str, data: bytes) -> None:
        """Go on with one member."""
        self._hash.update(f"{name}\n{len(data)}\n".encode())
        self._hash.update(data)

    @property
    def hex(self) -> str:
        """Of the members so far, 64 hex digits."""
        return self._hash.hexdigest()


@contextmanager
def written(path: Path, recipients: Sequence[str]) -> Iterator[Writer]:
    """Write an archive beside `path`, mode 0600; it takes its name when it is whole and on disk, and replaces nothing.

    Args:
        path: of the archive.
        recipients: age public keys, `age1...`; none writes it readable.

    Raises:
        LedgerError: there is such a file, it cannot be written, or a recipient is malformed.
    """
    keys = [_recipient(one) for one in recipients]
    if path.exists():
        raise LedgerError(f"`{path}` is there already: name another file")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with (
                _sealed(file, keys) as sink,
                gzip.GzipFile("", "wb", LEVEL, sink, mtime=0) as packed,
                tarfile.open(mode="w|", fileobj=packed, format=tarfile.PAX_FORMAT) as tar,
            ):
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, it replaces nothing
        sync_folder(path.parent)
    except OSError as error:
        raise LedgerError(f"cannot write `{path}`: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(path: Path, identities: Path | None) -> Iterator[Iterator[tuple[str, bytes]]]:
    """The members of an archive, streamed: names and bytes, one held at a time.

    Args:
        path: of the archive.
        identities: file with the age identities that may open it; None for one that is not encrypted.

    Raises:
        LedgerError: it cannot be read or opened.
        VerificationError: it is cut off, was changed, or is no archive.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(AGE))
            file.seek(0)
            if head == AGE:
                with _unsealed(file, path, identities) as source:
                    yield _members(source)
            elif head.startswith(GZIP):
                yield _members(file)
            else:
                raise VerificationError(f"`{path}` is no backup: expected age or gzip")
    except OSError as error:
        raise LedgerError(f"cannot read `{path}`: {error.strerror or error}") from error


def new_identity() -> tuple[str, str]:
    """A fresh age identity: its secret line, and the public key to encrypt to."""
    from pyrage import x25519  # late: few commands encrypt

    made = x25519.Identity.generate()
    return str(made), str(made.to_public())


def _members(source: BinaryIO) -> Iterator[tuple[str, bytes]]:
    bounded = _Bounded(gzip.GzipFile("", "rb", fileobj=source))
    try:
        with tarfile.open(mode="r|", fileobj=bounded) as tar:
            for member in tar:
                tar.members = []  # type: ignore[attr-defined]  # it would remember them all
                if not member.isreg() or member.size > BATCH_LIMIT_BYTES or len(member.name) > NAME_LIMIT:
                    raise VerificationError(f"the backup's member `{member.name[:80]}` is none that we write")
                file = tar.extractfile(member)
                assert file is not None
                yield member.name, file.read()
                bounded.begin()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise VerificationError(f"the backup is cut off or was changed: {error}") from error


class _Bounded(io.RawIOBase):
    """What is unpacked, as long as no member costs more than the largest that we write: a head may lie of its size."""

    def __init__(self, source: gzip.GzipFile) -> None:
        self._source, self._read = source, 0

    def begin(self) -> None:
        self._read = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._read += len(data)
        if self._read > BATCH_LIMIT_BYTES + HEAD_SLACK_BYTES:
            raise VerificationError("the backup holds more in one member than we write")
        return data


@contextmanager
def _sealed(file: BinaryIO, recipients: Sequence["x25519.Recipient"]) -> Iterator[BinaryIO]:
    if not recipients:
        yield file
        return
    import pyrage

    with _piped(lambda end: pyrage.encrypt_io(end, file, recipients), reads=True) as sink:
        yield sink


@contextmanager
def _unsealed(file: BinaryIO, path: Path, identities: Path | None) -> Iterator[BinaryIO]:
    import pyrage

    if identities is None:
        raise LedgerError(f"`{path}` is encrypted: name the identity that opens it with --identity")
    keys = _identities(identities)
    try:
        with _piped(lambda end: pyrage.decrypt_io(file, end, keys), reads=False) as source:
            yield source
    except (pyrage.DecryptError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the file; age's own have no number
            raise
        raise VerificationError(
            f"`{path}` does not open with `{identities}`, or was changed: {error}"
        ) from error


@contextmanager
def _piped(work: Callable[[BinaryIO], None], *, reads: bool) -> Iterator[BinaryIO]:
    """Our end of a pipe, while `work` runs over the other one beside us; its failure is raised in place of ours."""
    source, sink = os.pipe()
    theirs, ours = (source, sink) if reads else (sink, source)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(theirs, "rb" if reads else "wb") as end:
                work(end)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    stopped: BaseException | None = None
    end = os.fdopen(ours, "wb" if reads else "rb")
    try:
        yield end
    except BaseException as error:
        stopped = error
        raise
    finally:
        with suppress(BrokenPipeError):
            end.close()
        thread.join()
        if failed and not (stopped is not None and isinstance(failed[0], BrokenPipeError)):
            raise failed[0] from stopped


def _recipient(text: str) -> "x25519.Recipient":
    import pyrage

    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise LedgerError(f"`{text[:80]}` is no age recipient: expected `age1...`") from error


def _identities(path: Path) -> list["x25519.Identity"]:
    import pyrage

    with path.open("rb") as file:
        data = file.read(IDENTITY_LIMIT_BYTES + 1)
    if len(data) > IDENTITY_LIMIT_BYTES:
        raise LedgerError(
            f"`{path}` is larger than {IDENTITY_LIMIT_BYTES // 1024} KiB, which no file of identities is"
        )
    try:
        lines = [line.strip() for line in data.decode("ascii").splitlines()]
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (ValueError, pyrage.IdentityError) as error:
        raise LedgerError(
            f"`{path}` is no file of age identities: expected lines `AGE-SECRET-KEY-1...`"
        ) from error
