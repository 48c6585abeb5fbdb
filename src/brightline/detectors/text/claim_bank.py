"""Banks of fact-checks: a folder with the checks, the index of their words and, where the models are, of their sense.

`brightline bank claims` writes it; workers map it. Adding to a bank embeds only what is new. No pickles: JSON lines
and .npy arrays, with the SHA-256 of each in `bank.json`.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core import wire
from brightline.core.errors import BankError
from brightline.detectors.text import claim_index
from brightline.detectors.text.claim_index import ClaimIndex
from brightline.detectors.text.claim_sense import DIMENSIONS, Sense
from brightline.detectors.text.claim_words import plain
from brightline.detectors.text.fact_checks import FactCheck

FORMAT = 1  # raise it when wordings, arrays or models change: older banks must then be written anew
CHECKS_LIMIT = 200_000  # 0.8 kB of vectors and 5 kB of index each: a gigabyte on disk
CHECKS_FILE = "claims.jsonl"

Vectors = npt.NDArray[np.float16]  # (checks, DIMENSIONS), each of length 1


class ClaimBank(msgspec.Struct, frozen=True):
    """A bank in use.

    Attributes:
        name: as the operator calls it.
        digest: SHA-256 over `bank.json`, which names the digests of all files.
        checks: JSON lines, and `starts` (checks + 1,) where each begins: decoded one by one when they match.
        index: words and letters of the claims.
        senses: by lane, the vectors of the claims.
    """

    name: str
    digest: str
    checks: bytes
    starts: npt.NDArray[np.int64]
    index: ClaimIndex
    senses: dict[str, Vectors]

    def __len__(self) -> int:
        return self.index.count

    def check(self, number: int) -> FactCheck:
        """The fact-check of that number."""
        line = self.checks[int(self.starts[number]) : int(self.starts[number + 1])]
        return msgspec.json.decode(line, type=FactCheck)


class _Contents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    checks: int
    files: dict[str, str]  # name: SHA-256


def write_bank(folder: Path, checks: Iterable[FactCheck], senses: Sequence[Sense]) -> int:
    """Write a bank, or add to the one that is there, and give the number of fact-checks it has now.

    The same claim of the same publisher and address is kept once. The folder is replaced as a whole: readers see
    the old bank or the new one.

    Raises:
        BankError: the folder is something else, the bank there is damaged, or there are too many checks.
    """
    old = open_bank("old", folder) if folder.exists() else None
    kept = [] if old is None else [old.check(number) for number in range(len(old))]
    known = {_key(check) for check in kept}
    for check in checks:
        if (key := _key(check)) not in known:
            known.add(key)
            kept.append(msgspec.structs.replace(check, id=check.id or f"claim-{key[:12]}"))
        if len(kept) > CHECKS_LIMIT:
            raise BankError(f"more than {CHECKS_LIMIT} fact-checks in one bank; make two")
    if not kept:
        raise BankError("no fact-check was found: a bank of none would match nothing")
    _publish(folder, kept, {sense.name: _vectors(sense, kept, old) for sense in senses})
    return len(kept)


def open_bank(name: str, folder: Path) -> ClaimBank:
    """Map a bank.

    Raises:
        BankError: there is none, it is of another format, or a file is not what `bank.json` says.
    """
    try:
        said = (folder / "bank.json").read_bytes()
        contents = wire.read(said, _Contents)
        if contents.format != FORMAT:
            raise BankError(f"`{folder}` has format {contents.format}, expected {FORMAT}; write it anew")
        checks = (folder / CHECKS_FILE).read_bytes()
        starts = _starts(checks)
        if len(starts) - 1 != contents.checks or hashlib.sha256(checks).hexdigest() != contents.files.get(
            CHECKS_FILE
        ):
            raise BankError(f"`{folder / CHECKS_FILE}` is not what `bank.json` says; write the bank anew")
        senses = {
            file.stem.removeprefix("sense_"): _mapped(file, contents.checks)
            for file in sorted(folder.glob("sense_*.npy"))
        }
        index = claim_index.load(folder, contents.checks)
    except (OSError, ValueError, EOFError, msgspec.MsgspecError) as error:
        raise BankError(f"`{folder}` is no bank of fact-checks: {str(error)[:200]}") from error
    return ClaimBank(name, hashlib.sha256(said).hexdigest(), checks, starts, index, senses)


def verify_bank(folder: Path) -> int:
    """Check every file of a bank against `bank.json` and give the number of fact-checks.

    Raises:
        BankError: a file is missing, added, damaged or malformed.
    """
    bank = open_bank("checked", folder)
    contents = wire.read((folder / "bank.json").read_bytes(), _Contents)
    there = {file.name for file in folder.iterdir()} - {"bank.json"}
    if there != set(contents.files):
        raise BankError(
            f"`{folder}` holds {sorted(there ^ set(contents.files))} more or less than `bank.json` says"
        )
    for name, digest in sorted(contents.files.items()):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise BankError(f"`{folder / name}` is not what `bank.json` says; write the bank anew")
    for number in range(len(bank)):
        try:
            bank.check(number)
        except msgspec.MsgspecError as error:
            raise BankError(f"`{folder / CHECKS_FILE}:{number + 1}`: {str(error)[:200]}") from error
    return len(bank)


def wording_of(check: FactCheck) -> str:
    """What of a fact-check is compared: its claim, and its headline where that is another sentence."""
    claim, title = plain(check.claim), plain(check.title)
    return claim if not title or title in claim else f"{claim} {title}"


def _key(check: FactCheck) -> str:
    said = "\x1f".join((plain(check.claim), check.publisher.lower(), check.url))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _vectors(sense: Sense, checks: Sequence[FactCheck], old: ClaimBank | None) -> Vectors:
    before = old.senses.get(sense.name) if old is not None else None
    reused = 0 if before is None else len(before)
    new = [sense.of_claim(wording_of(check)) for check in checks[reused:]]
    fresh = np.array(new, np.float16).reshape(-1, DIMENSIONS)
    return fresh if before is None else np.concatenate((np.asarray(before), fresh))


def _publish(folder: Path, checks: Sequence[FactCheck], senses: dict[str, Vectors]) -> None:
    """Write beside the old folder, then change places."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".claims-", dir=folder.parent) as name:
            new, aside = Path(name) / "new", Path(name) / "old"
            new.mkdir()
            (new / CHECKS_FILE).write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in checks))
            claim_index.save(claim_index.build([wording_of(check) for check in checks]), new)
            for sense, vectors in senses.items():
                np.save(new / f"sense_{sense}.npy", vectors, allow_pickle=False)
            digests = {
                file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(new.iterdir())
            }
            contents = _Contents(format=FORMAT, checks=len(checks), files=digests)
            (new / "bank.json").write_bytes(wire.canonical(contents))
            if folder.exists():
                folder.rename(aside)
            new.rename(folder)
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise BankError(f"cannot write `{folder}`: {error.strerror}") from error


def _starts(lines: bytes) -> npt.NDArray[np.int64]:
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n")) + 1
    return np.concatenate(([0], ends)).astype(np.int64)


def _mapped(file: Path, count: int) -> Vectors:
    vectors: Vectors = np.load(file, mmap_mode="r", allow_pickle=False)
    if vectors.shape != (count, DIMENSIONS) or vectors.dtype != np.float16:
        raise ValueError(f"{file.name} has shape {vectors.shape} and type {vectors.dtype}")
    return vectors
