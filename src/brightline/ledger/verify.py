"""Verify an exported ledger without the rest of Brightline: needs Python 3.11 and `cryptography`, nothing else.

    python verify.py FOLDER --key VKEY [--witness VKEY]... [--old CHECKPOINT]... [--proof FILE.tlog-proof]...

FOLDER is a C2SP tlog-tiles log: `checkpoint`, `tile/<level>/<n>`, `tile/entries/<n>`. Every signature, every hash and
every entry is recomputed; one line tells of each fault. Exit: 0 verified, 1 tampered, 2 cannot tell. Written apart
from the code that writes the log, so that one error cannot hide in both.
"""

import argparse
import base64
import binascii
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256  # hashes in a full tile, C2SP tlog-tiles
HASH = 32  # bytes of SHA-256
BUNDLE_LIMIT_BYTES = WIDTH * (2 + 65_535)  # a full bundle of the longest entries
NOTE_LIMIT_BYTES = 1 << 20  # a checkpoint with a hundred cosignatures stays under 20 kB
PROOF_LIMIT_BYTES = NOTE_LIMIT_BYTES + (1 << 17)  # a note, an entry in base64, and 63 hashes
FAULTS_LIMIT = 1000  # lines; a log that is broken throughout needs no more
LOG_KEY, WITNESS_KEY = 0x01, 0x04  # signature types of C2SP signed-note
PROOF_HEADER = "c2sp.org/tlog-proof@v1"


class Fault(Exception):  # noqa: N818 - it is what we look for, not an error of ours
    """Something does not hold: somebody changed it."""


class CannotTell(Exception):  # noqa: N818 - the third answer
    """Something could not be read, so that nothing can be said about it."""


@dataclass(frozen=True)
class Key:
    """A public key in Go's `note` format: name+id+base64(type || key)."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """SHA-256(name || 0x0A || type || key)[:4]."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]


@dataclass(frozen=True)
class Head:
    """A checkpoint whose signatures hold."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Proven:
    """An entry that a proof has shown to be in the log."""

    index: int
    entry: bytes
    head: Head


@dataclass
class Report:
    """What a verification found."""

    said: list[str] = field(default_factory=list)  # what was verified
    faults: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # what could not be read

    @property
    def code(self) -> int:
        """Exit code: 0 verified, 1 tampered, 2 cannot tell."""
        return 1 if self.faults else 2 if self.unknown else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; prints one line a fault and gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Verify an exported ledger: exit 0 verified, 1 tampered, 2 cannot tell."
    )
    parser.add_argument("folder", nargs="?", type=Path, help="exported log: checkpoint and tile/")
    parser.add_argument("--key", required=True, help="the log's public key, name+id+key")
    parser.add_argument("--witness", action="append", default=[], help="a witness that must have cosigned")
    parser.add_argument(
        "--old", action="append", default=[], type=Path, help="an older checkpoint that you kept"
    )
    parser.add_argument("--proof", action="append", default=[], type=Path, help="a .tlog-proof file")
    given = parser.parse_args(arguments)
    if given.folder is None and not given.proof:
        parser.error("nothing to verify: give a folder or --proof")
    if given.folder is None and given.old:
        parser.error("--old needs the folder of tiles")
    report = verify(given.folder, given.key, given.witness, given.old, given.proof)
    for line in report.said:
        sys.stdout.write(f"verified: {line}\n")
    for line in report.faults:
        sys.stdout.write(f"tampered: {line}\n")
    for line in report.unknown:
        sys.stderr.write(f"cannot tell: {line}\n")
    return report.code


def verify(
    folder: Path | None, key: str, witnesses: Sequence[str], old: Sequence[Path], proofs: Sequence[Path]
) -> Report:
    """Verify a folder, older checkpoints against it, and proofs; never raises for what it reads."""
    report = Report()
    try:
        log, others = parse_key(key, LOG_KEY), [parse_key(text, WITNESS_KEY) for text in witnesses]
    except CannotTell as error:
        report.unknown.append(str(error))
        return report
    if folder is not None:
        _verify_folder(report, folder, log, others, old)
    for path in proofs:
        try:
            report.said.append(check_proof(path, log, others))
        except Fault as fault:
            report.faults.append(f"{path}: {fault}")
        except (CannotTell, OSError) as error:
            report.unknown.append(f"{path}: {error}")
    return report


def _verify_folder(
    report: Report, folder: Path, log: Key, witnesses: Sequence[Key], old: Sequence[Path]
) -> None:
    place = folder / "checkpoint"
    try:
        head = open_checkpoint(_text(place, NOTE_LIMIT_BYTES), log, witnesses)
        report.faults.extend(check_tiles(folder, head))
        report.faults.extend(check_other_files(folder, head.size))
        for place in old:
            older = open_checkpoint(_text(place, NOTE_LIMIT_BYTES), log, ())
            check_older(folder, head, older)
            report.said.append(f"the log of {head.size} continues that of {older.size}")
        if report.code == 0:
            report.said.append(f"{head.origin}: {head.size} entries, root {head.root.hex()}")
    except Fault as fault:
        report.faults.append(f"{place}: {fault}")
    except (CannotTell, OSError) as error:
        report.unknown.append(str(error))


# Signatures


def parse_key(text: str, kind: int) -> Key:
    """Read a public key of the expected type."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _base64(encoded)
    if not name.isprintable() or not name or data is None or len(data) != 1 + HASH or data[0] != kind:
        raise CannotTell(f"{text[:80]!r} is no public key of type {kind}: expected name+id+key")
    key = Key(name, kind, data[1:])
    if key.id.hex() != key_id:
        raise CannotTell(f"key of {name} has id {key_id}, expected {key.id.hex()}")
    return key


def open_checkpoint(text: str, log: Key, witnesses: Sequence[Key]) -> Head:
    """Check the signatures of the log and of every witness, then read origin, size and root."""
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Fault("no signed checkpoint")
    body += "\n"
    for key in (log, *witnesses):
        _check_signature(body, lines, key)
    parts = body.split("\n")
    root = _base64(parts[2]) if len(parts) == 4 else None
    if root is None or len(root) != HASH or not _is_number(parts[1]):
        raise Fault("checkpoint is not origin, size and root")
    if parts[0] != log.name:
        raise Fault(f"checkpoint is of {parts[0]!r}, expected {log.name!r}")
    return Head(parts[0], int(parts[1]), root)


def _check_signature(body: str, lines: str, key: Key) -> None:
    message, found = body.encode(), False
    for line in lines.removesuffix("\n").split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = _base64(encoded)
        if dash != "—" or data is None or len(data) < 5:
            raise Fault(f"malformed signature line {line[:40]!r}")
        if (name, data[:4]) != (key.name, key.id):
            continue
        found, value = True, data[4:]
        if key.kind == WITNESS_KEY:
            message = f"cosignature/v1\ntime {int.from_bytes(value[:8], 'big')}\n{body}".encode()
            value = value[8:]
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
        except (InvalidSignature, ValueError):
            raise Fault(f"signature of {key.name} does not hold") from None
    if not found:
        raise Fault(f"not signed by {key.name}")


# The tree


class Walk:
    """One pass over the tiles, from the entries up, that keeps one open tile of each level and the faults found."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self.faults: list[str] = []
        self.edge: list[list[bytes]] = []  # the open tile of each level, computed from the level below
        self.filled: list[int] = []  # full tiles of each level so far

    def run(self) -> bytes:
        """Check every bundle and tile; gives the root that they lead to."""
        for number in range(-(-self.size // WIDTH)):
            width = min(WIDTH, self.size - number * WIDTH)
            self._add(0, self._leaves(number, width))
        for level, hashes in enumerate(self.edge):
            if hashes:
                self.edge[level] = self._compare(level, self.filled[level], hashes)
        return _root(self.edge)

    def _add(self, level: int, hashes: list[bytes]) -> None:
        while True:
            if level == len(self.edge):
                self.edge.append([])
                self.filled.append(0)
            self.edge[level].extend(hashes)
            if len(self.edge[level]) < WIDTH:
                return
            hashes = [_fold(self._compare(level, self.filled[level], self.edge[level]))]
            self.edge[level], self.filled[level], level = [], self.filled[level] + 1, level + 1

    def _leaves(self, number: int, width: int) -> list[bytes]:
        """Leaf hashes of a bundle; of the tile above it when the bundle is broken."""
        path = tile_path("entries", number, width)
        try:
            entries = _unbundle(_bytes(self.folder / path, BUNDLE_LIMIT_BYTES))
            if len(entries) == width:
                return [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
            self._fault(f"{path}: {len(entries)} entries, expected {width}")
        except Fault as fault:
            self._fault(f"{path}: {fault}")
        path = tile_path("0", number, width)
        try:
            return _split(_bytes(self.folder / path, WIDTH * HASH), width)
        except Fault as fault:
            raise Fault(f"{path}: {fault}; nothing after it can be checked") from None

    def _compare(self, level: int, number: int, computed: list[bytes]) -> list[bytes]:
        """The stored tile, compared with what lies below it; the walk goes on with what is stored."""
        path = tile_path(str(level), number, len(computed))
        try:
            stored = _split(_bytes(self.folder / path, WIDTH * HASH), len(computed))
        except Fault as fault:
            self._fault(f"{path}: {fault}")
            return computed
        for at, (one, two) in enumerate(zip(stored, computed, strict=True), number * WIDTH):
            if one != two:
                below = f"entry {at}" if level == 0 else tile_path(str(level - 1), at)
                self._fault(f"{path}: its hash of {below} does not fit")
        return stored

    def _fault(self, line: str) -> None:
        self.faults.append(line)
        if len(self.faults) > FAULTS_LIMIT:
            raise Fault(f"more than {FAULTS_LIMIT} faults, the last: {line}")


def check_tiles(folder: Path, head: Head) -> list[str]:
    """Recompute the whole tree; gives one line a fault."""
    walk = Walk(folder, head.size)
    try:
        root = walk.run()
    except Fault as fault:
        return [*walk.faults[:FAULTS_LIMIT], str(fault)]
    if root != head.root:
        walk.faults.append(f"the tiles lead to root {root.hex()}, the checkpoint signed {head.root.hex()}")
    return walk.faults


def check_older(folder: Path, head: Head, older: Head) -> None:
    """See that the tree, cut to an older checkpoint's size, has the root that was signed then."""
    if older.size > head.size:
        raise Fault(f"it covers {older.size} entries, the log now only {head.size}: entries were taken away")
    edge: list[list[bytes]] = []
    for level in range(-(-older.size.bit_length() // 8)):
        count, number = (older.size >> (8 * level)) % WIDTH, older.size >> (8 * level + 8)
        width = min(WIDTH, (head.size >> (8 * level)) - number * WIDTH)
        tile = tile_path(str(level), number, width)
        edge.append(_split(_bytes(folder / tile, WIDTH * HASH), width)[:count] if count else [])
    if _root(edge) != older.root:
        raise Fault(f"the log is not the one that was signed at size {older.size}: history was rewritten")


def check_other_files(folder: Path, size: int) -> Iterator[str]:
    """Look at files that the checkpoint does not ask for: older partial tiles must be true prefixes."""
    for parent, _, names in os.walk(folder / "tile"):
        for name in names:
            path = (Path(parent) / name).relative_to(folder).as_posix()
            if name.startswith("."):
                continue  # left by an export that was cut short; no client reads it
            place = _parse_path(path)
            if place is None:
                yield f"{path}: not a file of a log"
                continue
            level, number, width = place
            shift = 0 if level == "entries" else 8 * int(level)
            full = min(WIDTH, (size >> shift) - number * WIDTH)
            if width > full:
                yield f"{path}: beyond the checkpoint of size {size}"
            elif width < full and not _is_prefix(folder, path, tile_path(level, number, full), width):
                yield f"{path}: differs from the wider tile that followed it"


def check_proof(path: Path, log: Key, witnesses: Sequence[Key]) -> str:
    """Check a C2SP tlog-proof that carries its entry in the `extra` line; says what it proves."""
    proven = open_proof(_text(path, PROOF_LIMIT_BYTES), log, witnesses)
    return f"{path}: entry {proven.index} is in {proven.head.origin} of size {proven.head.size}"


def open_proof(text: str, log: Key, witnesses: Sequence[Key]) -> Proven:
    """Check the text of a tlog-proof: signatures, and the way from the entry to the signed root."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 3 or lines[0] != PROOF_HEADER:
        raise Fault(f"no proof: expected {PROOF_HEADER}, extra, index, hashes and a checkpoint")
    entry, index = _base64(lines[1].removeprefix("extra ")), lines[2].removeprefix("index ")
    hashes = [_base64(line) or b"" for line in lines[3:]]
    if not (lines[1].startswith("extra ") and entry and lines[2].startswith("index ") and _is_number(index)):
        raise Fault("proof has no extra and index lines")
    checkpoint = open_checkpoint(note, log, witnesses)
    if (
        _climb(int(index), checkpoint.size, hashlib.sha256(b"\x00" + entry).digest(), hashes)
        != checkpoint.root
    ):
        raise Fault(f"entry {index} is not in the log of size {checkpoint.size}")
    return Proven(int(index), entry, checkpoint)


def tile_path(level: str, number: int, width: int = WIDTH) -> str:
    """C2SP tlog-tiles path."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{name}" + ("" if width == WIDTH else f".p/{width}")


def _parse_path(path: str) -> tuple[str, int, int] | None:
    bare, _, wide = path.partition(".p/")
    parts = bare.split("/")
    digits = "".join(parts[2:]).replace("x", "")
    level, width = (parts[1] if len(parts) > 2 else ""), wide or str(WIDTH)
    if not (digits.isdecimal() and _is_number(width) and (level == "entries" or _is_number(level))):
        return None
    place = (level, int(digits), int(width))
    return place if tile_path(*place) == path and 0 < place[2] <= WIDTH else None


def _is_prefix(folder: Path, path: str, wider: str, width: int) -> bool:
    try:
        narrow = _bytes(folder / path, BUNDLE_LIMIT_BYTES)
        wide = _bytes(folder / wider, BUNDLE_LIMIT_BYTES)
        many = len(_unbundle(narrow)) if path.startswith("tile/entries/") else len(narrow) / HASH
    except Fault:
        return False
    return wide.startswith(narrow) and many == width


def _climb(index: int, size: int, value: bytes, hashes: list[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 6962 2.1.1), or None when it has the wrong shape."""
    low, high, sides = 0, size, list[bool]()
    if not 0 <= index < size:
        return None
    while high - low > 1:
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        sides.append(index < middle)
        low, high = (low, middle) if index < middle else (middle, high)
    if len(sides) != len(hashes) or any(len(one) != HASH for one in hashes):
        return None
    for is_left, sibling in zip(reversed(sides), hashes, strict=True):
        value = _node(value, sibling) if is_left else _node(sibling, value)
    return value


def _root(edge: list[list[bytes]]) -> bytes:
    """Root of the tree whose right edge is these open tiles, lowest level first."""
    value: bytes | None = None
    for hashes in edge:
        rest = hashes
        while rest:  # perfect subtrees of a tile, smallest first
            many = len(rest) & -len(rest)
            peak, rest = _fold(rest[-many:]), rest[:-many]
            value = peak if value is None else _node(peak, value)
    return value if value is not None else hashlib.sha256(b"").digest()


def _fold(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [_node(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


# Bytes


def _split(data: bytes, width: int) -> list[bytes]:
    if len(data) != width * HASH:
        raise Fault(f"{len(data)} bytes, expected {width * HASH}")
    return [data[at : at + HASH] for at in range(0, len(data), HASH)]


def _unbundle(data: bytes) -> list[bytes]:
    entries, at = list[bytes](), 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data) or at + 2 > len(data):
            raise Fault(f"ends inside entry {len(entries)} of the bundle")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def _bytes(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise Fault("missing") from None
    if len(data) > limit_bytes:
        raise Fault(f"larger than {limit_bytes} bytes")
    return data


def _text(path: Path, limit_bytes: int) -> str:
    if not path.is_file():
        raise CannotTell(f"{path}: no such file")
    try:
        text = _bytes(path, limit_bytes).decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("not UTF-8") from None
    if any(char < " " and char != "\n" for char in text):
        raise Fault("control characters")
    return text


def _base64(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None  # no spare bits that could be changed


def _is_number(text: str) -> bool:
    return len(text) <= 18 and text.isascii() and text.isdecimal() and str(int(text)) == text


if __name__ == "__main__":
    sys.exit(main())
