"""Evidence bundles: a `.zip` in one fixed form, so that every byte of it means something and none can be changed unseen.

Members are stored, not compressed, in the order given, dated 1980-01-01, with UTF-8 names; any program opens it.
`evidence.py` verifies it, alone and offline. Source: PKWARE APPNOTE 6.3.10, 4.3.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable
from typing import IO

import msgspec

from brightline.core.errors import LedgerError
from brightline.core.wire import canonical

FORMAT = "brightline-evidence/1"
BUNDLE_LIMIT_BYTES = 2**32 - 2**20  # of the whole: the plain format counts in 32 bits
MANIFEST = "MANIFEST.json"
SEAL = "seal/"  # what stands there is not in the manifest: it vouches for it

_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END = struct.Struct("<IHHHHIIH")
_VERSION, _UTF8, _DATE = 20, 0x0800, 0x21


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """SHA-256 of every file of a bundle, by name; without its own and the seal's."""

    format: str
    files: dict[str, str]


class _Member(msgspec.Struct, frozen=True):
    name: bytes
    crc: int
    size: int
    at: int


class Bundle:
    """Writes members one after the other into a seekable file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._members: list[_Member] = []
        self._files: dict[str, str] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> str:
        """Add a member; gives SHA-256 of its bytes, 64 hex digits.

        Raises:
            LedgerError: the bundle would become too large.
        """
        at, digest, crc, size = self._file.tell(), hashlib.sha256(), 0, 0
        encoded = name.encode()
        self._file.write(_local(_Member(encoded, 0, 0, at)))
        for piece in pieces:
            size += len(piece)
            if at + size > BUNDLE_LIMIT_BYTES:
                raise LedgerError(f"an evidence bundle has at most {BUNDLE_LIMIT_BYTES} bytes")
            self._file.write(piece)
            digest.update(piece)
            crc = zlib.crc32(piece, crc)
        end = self._file.tell()
        member = _Member(encoded, crc, size, at)
        self._file.seek(at)
        self._file.write(_local(member))
        self._file.seek(end)
        self._members.append(member)
        self._files[name] = digest.hexdigest()
        return digest.hexdigest()

    def add_manifest(self) -> str:
        """Add the manifest of all that was added before; gives its digest, which the ledger then holds."""
        return self.add(
            MANIFEST, [canonical(Manifest(format=FORMAT, files=dict(sorted(self._files.items())))) + b"\n"]
        )

    def close(self) -> None:
        """Write the directory of members."""
        at = self._file.tell()
        directory = b"".join(_central(member) for member in self._members)
        count = len(self._members)
        self._file.write(directory + _END.pack(0x06054B50, 0, 0, count, count, len(directory), at, 0))


def _local(member: _Member) -> bytes:
    return _LOCAL.pack(
        0x04034B50, _VERSION, _UTF8, 0, 0, _DATE, member.crc, member.size, member.size, len(member.name), 0
    ) + member.name  # fmt: skip


def _central(member: _Member) -> bytes:
    return _CENTRAL.pack(
        0x02014B50, _VERSION, _VERSION, _UTF8, 0, 0, _DATE, member.crc, member.size, member.size, len(member.name),
        0, 0, 0, 0, 0, member.at,
    ) + member.name  # fmt: skip
