"""Verify an evidence bundle without the rest of Brightline: needs Python 3.11, `cryptography` and `verify.py` beside it.

    python evidence.py BUNDLE.zip [--key VKEY]

Every byte is checked: the container has one form only, each file's SHA-256 stands in the manifest, the manifest's in an
entry of the ledger, and each entry leads to the root that the log has signed. Without --key the key in the bundle is
taken, which shows that the bundle is whole and not that it is ours. Exit: 0 verified, 1 tampered, 2 cannot tell.
"""

import argparse
import hashlib
import json
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from brightline.ledger.verify import (
        LOG_KEY,
        CannotTell,
        Fault,
        Key,
        Report,
        open_checkpoint,
        open_proof,
        parse_key,
    )
else:
    try:
        from brightline.ledger.verify import (
            LOG_KEY,
            CannotTell,
            Fault,
            Key,
            Report,
            open_checkpoint,
            open_proof,
            parse_key,
        )
    except ImportError:  # alone
        from verify import LOG_KEY, CannotTell, Fault, Key, Report, open_checkpoint, open_proof, parse_key

FORMAT = "brightline-evidence/1"
MEMBERS_LIMIT = 200  # files of one bundle
MEMBER_LIMIT_BYTES = 512 * 1024 * 1024  # of one that is read at once; content is read in pieces
NAME_LIMIT = 200  # bytes of a member's name
MANIFEST, SEAL = "MANIFEST.json", ("seal/examination.json", "seal/proof.tlog-proof")
CONTENT = "content/subject.bin"
_PIECE = 1 << 20
_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END = struct.Struct("<IHHHHIIH")


@dataclass(frozen=True)
class Member:
    """A file in the bundle: where its bytes are, how many, and their SHA-256."""

    name: str
    at: int
    size: int
    digest: str


class Container:
    """The members of a bundle whose form is the only one there is."""

    def __init__(self, file: BinaryIO) -> None:
        """Walk over all members, then see that the directory is what they give."""
        self._file = file
        self.members: dict[str, Member] = {}
        directory = b""
        while (head := file.read(_LOCAL.size))[:4] == b"PK\x03\x04":
            if len(self.members) >= MEMBERS_LIMIT:
                raise Fault(f"more than {MEMBERS_LIMIT} files")
            directory += self._member(head)
        start = file.tell() - len(head)
        count = len(self.members)
        end = _END.pack(0x06054B50, 0, 0, count, count, len(directory), start, 0)
        if head + file.read(len(directory) + _END.size + 1) != directory + end:
            raise Fault("the directory at the end does not fit the files")

    def read(self, name: str) -> bytes:
        """The bytes of a member."""
        member = self.members.get(name)
        if member is None:
            raise Fault(f"{name}: missing")
        if member.size > MEMBER_LIMIT_BYTES:
            raise CannotTell(f"{name}: larger than {MEMBER_LIMIT_BYTES} bytes")
        self._file.seek(member.at)
        return self._file.read(member.size)

    def text(self, name: str) -> str:
        """A member that is text, without control characters."""
        try:
            text = self.read(name).decode("utf-8")
        except UnicodeDecodeError:
            raise Fault(f"{name}: not UTF-8") from None
        if any(char < " " and char != "\n" for char in text):
            raise Fault(f"{name}: control characters")
        return text

    def json(self, name: str) -> Any:
        """A member that is JSON."""
        return _json(self.read(name), name)

    def _member(self, head: bytes) -> bytes:
        """Read one member, and give the line that the directory must have of it."""
        at = self._file.tell() - len(head)
        if len(head) != _LOCAL.size:
            raise Fault(f"byte {at}: cut off")
        crc, size, length = (_LOCAL.unpack(head)[place] for place in (6, 8, 9))
        if length > NAME_LIMIT:
            raise Fault(f"byte {at}: a name of {length} bytes")
        encoded = self._file.read(length)
        want = _LOCAL.pack(0x04034B50, 20, 0x0800, 0, 0, 0x21, crc, size, size, length, 0)
        name = encoded.decode("utf-8", "replace")
        parts = name.split("/")
        if head != want or name.encode() != encoded or not name.isprintable() or {"", ".", ".."} & {*parts}:
            raise Fault(f"byte {at}: not a file of a bundle")
        if name in self.members:
            raise Fault(f"{name}: there twice")
        start, digest, found, left = self._file.tell(), hashlib.sha256(), 0, size
        while left and (piece := self._file.read(min(left, _PIECE))):
            digest.update(piece)
            found, left = zlib.crc32(piece, found), left - len(piece)
        if left or found != crc:
            raise Fault(f"{name}: its bytes do not fit its checksum")
        self.members[name] = Member(name, start, size, digest.hexdigest())
        return _CENTRAL.pack(
            0x02014B50, 20, 20, 0x0800, 0, 0, 0x21, crc, size, size, length, 0, 0, 0, 0, 0, at
        ) + encoded  # fmt: skip


def verify_evidence(path: Path, key: str = "") -> Report:
    """Verify a bundle; never raises for what it reads.

    Args:
        path: the `.zip`.
        key: the log's public key that you have from elsewhere; empty takes the bundle's own.
    """
    report = Report()
    try:
        with path.open("rb") as file:
            container = Container(file)
            _verify(report, container, key)
    except Fault as fault:
        report.faults.append(str(fault))
    except (KeyError, IndexError, TypeError, AttributeError):
        report.faults.append("a file of the bundle has not the form that it should have")
    except (CannotTell, OSError) as error:
        report.unknown.append(str(error))
    return report


def _verify(report: Report, container: Container, key: str) -> None:
    log = parse_key(key or container.text("log.vkey"), LOG_KEY)
    _check_manifest(report, container)
    _check_seal(report, container, log)
    head = open_checkpoint(container.text("checkpoint"), log, ())
    report.said.append(f"{head.origin}: the log has signed {head.size} entries")
    indices = sorted({name.split("/")[1] for name in container.members if name.startswith("entries/")})
    if not indices:
        raise Fault("the bundle has no entry")
    for index in indices:
        _check_entry(report, container, log, index)
    if container.text("log.vkey").strip() != (key or container.text("log.vkey")).strip():
        raise Fault("log.vkey: another key than the one given")
    if not key:
        report.said.append(
            "by the key in the bundle: compare it with the log's key that you have from elsewhere"
        )


def _check_manifest(report: Report, container: Container) -> None:
    """Every file is in the manifest with its SHA-256, but for the manifest and what vouches for it."""
    manifest = container.json(MANIFEST)
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict) or manifest.get("format") != FORMAT:
        raise Fault(f"{MANIFEST}: no manifest of format {FORMAT}")
    there = {name: one.digest for name, one in container.members.items() if name not in {MANIFEST, *SEAL}}
    for name in sorted(files.keys() | there.keys()):
        if files.get(name) != there.get(name):
            problem = (
                "missing" if name not in there else "not in the manifest" if name not in files else "changed"
            )
            raise Fault(f"{name}: {problem}")
    report.said.append(f"{len(files)} files are as the manifest has them")


def _check_seal(report: Report, container: Container, log: Key) -> None:
    """An entry of the ledger says that a bundle with this manifest was made."""
    proven = open_proof(container.text(SEAL[1]), log, ())
    data = container.read(SEAL[0])
    entry = _json(proven.entry, SEAL[1])
    if hashlib.sha256(data).hexdigest() != entry["decision"]["examination"]:
        raise Fault(f"{SEAL[0]}: not what entry {proven.index} rests on")
    finding = _json(data, SEAL[0])["findings"][0]
    told = {one["name"]: one["value"] for one in finding["details"]}
    digest = container.members[MANIFEST].digest
    if (finding["claim"], told.get("deed"), told.get("manifest")) != (
        "review.done",
        "evidence.export",
        digest,
    ):
        raise Fault(f"{MANIFEST}: entry {proven.index} of the ledger vouches for another manifest")
    report.said.append(
        f"entry {proven.index} of {proven.head.origin} vouches for the manifest, at {entry['time']}"
    )


def _check_entry(report: Report, container: Container, log: Key, index: str) -> None:
    """The entry is in the log; decision, examination, policy and content are those that it names."""
    folder = f"entries/{index}"
    proven = open_proof(container.text(f"{folder}/proof.tlog-proof"), log, ())
    if str(proven.index) != index:
        raise Fault(f"{folder}: its proof is of entry {proven.index}")
    entry, data = _json(proven.entry, folder), container.read(f"{folder}/decision.json")
    decision = _json(data, f"{folder}/decision.json")
    whole = entry.get("whole", "")
    if (whole and hashlib.sha256(data).hexdigest() != whole) or (not whole and decision != entry["decision"]):
        raise Fault(f"{folder}/decision.json: not the decision of the entry")
    for name, file in (("examination", "examination.json"), ("policy", "policy.json")):
        if container.members.get(f"{folder}/{file}") is None:
            raise Fault(f"{folder}/{file}: missing")
        if container.members[f"{folder}/{file}"].digest != decision[name]:
            raise Fault(f"{folder}/{file}: not the {name} of the decision")
    content = container.members.get(CONTENT)
    if content is not None and content.digest != decision["subject"]:
        raise Fault(f"{CONTENT}: not the subject of entry {index}")
    report.said.append(
        f"entry {index}: `{decision['action']}` on {decision['subject']}, recorded {entry['time']}"
        + (", its content is here" if content is not None else "")
    )


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Fault(f"{name}: no JSON") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; prints what holds and what does not, and gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="evidence.py",
        description="Verify an evidence bundle: exit 0 verified, 1 tampered, 2 cannot tell.",
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", default="", help="the log's public key that you have from elsewhere")
    given = parser.parse_args(arguments)
    report = verify_evidence(given.bundle, given.key)
    for line in report.said:
        sys.stdout.write(f"verified: {line}\n")
    for line in report.faults:
        sys.stdout.write(f"tampered: {line}\n")
    for line in report.unknown:
        sys.stderr.write(f"cannot tell: {line}\n")
    return report.code


if __name__ == "__main__":
    sys.exit(main())
