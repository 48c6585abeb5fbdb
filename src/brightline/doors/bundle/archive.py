"""The file itself: a ZIP without compression whose members are the metadata and the targets, and which Python can run.

The same members give the same bytes: sorted, without times, owners or modes. Reading trusts nothing: names are checked, nothing is
inflated, and what a member holds is believed only when the metadata's digest says so (`trust.py`).
"""

import io
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from brightline.core.errors import BundleError

METADATA, TARGETS, BOOT = "metadata/", "targets/", "__main__.py"
MEMBERS_LIMIT = 4096  # of one bundle; an installation with every extra has about 200
BUNDLE_LIMIT_BYTES = 16 * 1024**3  # of one bundle; with every extra it has about 2 GB
PIECE_BYTES = 1024 * 1024  # copied at a time
_STILL = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP can tell


def write_archive(file: Path, members: Mapping[str, Path | bytes]) -> None:
    """Write a bundle beside `file` and put it into place when it is whole.

    Raises:
        BundleError: something cannot be read or written.
    """
    draft = file.with_name(f".{file.name}.part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as made:
            for name in sorted(members, key=lambda one: (one != BOOT, one)):
                entry = zipfile.ZipInfo(name, _STILL)
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                with _opened(members[name]) as source, made.open(entry, "w", force_zip64=True) as sink:
                    shutil.copyfileobj(source, sink, PIECE_BYTES)
        draft.replace(file)
    except OSError as error:
        raise BundleError(f"cannot write the bundle `{file}`: {(error.strerror or '').lower()}") from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _opened(content: Path | bytes) -> Iterator[IO[bytes]]:
    if isinstance(content, bytes):
        yield io.BytesIO(content)
        return
    with content.open("rb") as stream:
        yield stream


class Archive:
    """A bundle that is open for reading."""

    def __init__(self, file: Path) -> None:
        """Open a bundle.

        Raises:
            BundleError: it is none, or too large.
        """
        self.file = file
        try:
            if file.stat().st_size > BUNDLE_LIMIT_BYTES:
                raise BundleError(f"`{file}` is larger than {BUNDLE_LIMIT_BYTES // 1024**3} GiB")
            self._zip = zipfile.ZipFile(file)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise BundleError(f"`{file}` is no bundle, or only a part of one") from error
        entries = self._zip.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        if len(entries) > MEMBERS_LIMIT or len(self._entries) != len(entries):
            self._zip.close()
            raise BundleError(f"`{file}` is no bundle: it has too many members, or two of one name")

    @property
    def names(self) -> tuple[str, ...]:
        """All members."""
        return tuple(self._entries)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a member.

        Raises:
            KeyError: it has no such member.
            BundleError: the member is compressed, or damaged.
        """
        entry = self._entries[name]
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise BundleError(
                f"`{name[:100]}` in the bundle is compressed or encrypted, which bundles are not"
            )
        try:
            with self._zip.open(entry) as stream:
                while piece := stream.read(PIECE_BYTES):
                    yield piece
        except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise BundleError(f"`{name[:100]}` in the bundle is damaged") from error

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def __enter__(self) -> Self:
        """The archive."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
