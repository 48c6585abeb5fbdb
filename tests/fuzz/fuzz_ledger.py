"""Coverage-guided fuzzing of the ledger's parsers: keys, notes, proofs, tiles, entries, cosignatures.

`fuzzing.py` has the command line. The log's own reader and `verify.py`, written apart from it, read the same bytes: it
is a crash when either raises an error that it does not document, or when they agree that something holds and read it
differently.
"""

import contextlib
import tempfile
from functools import cache
from pathlib import Path

import atheris
import fuzzing

with atheris.instrument_imports(include=["brightline.ledger"]):
    from brightline.core.errors import LedgerError, VerificationError
    from brightline.ledger import verify
    from brightline.ledger.entry import read_entry
    from brightline.ledger.export import export
    from brightline.ledger.merkle import bundle, split_hashes, unbundle
    from brightline.ledger.note import (
        Algorithm,
        SignerKey,
        cosign,
        open_checkpoint,
        parse_checkpoint,
        parse_note,
        parse_skey,
        parse_vkey,
    )
    from brightline.ledger.proof import format_proof, parse_proof, verify_proof
    from brightline.ledger.witness import good_cosignatures

from ledger_parts import make_items, open_ledger

WITNESS = SignerKey(name="witness.example.com", seed=bytes(range(1, 33)), algorithm=Algorithm.COSIGNATURE)
SCRATCH = Path(tempfile.mkdtemp(prefix="fuzz-ledger-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
SPOILED = (
    "checkpoint",
    "tile/0/000.p/7",
    "tile/entries/000.p/7",
    "tile/0/000.p/3",
    "tile/0/x001/000",
    "tile/1/odd",
)


class Sample:
    """A small log: its exported files, its newest checkpoint and a proof."""

    def __init__(self) -> None:
        home = SCRATCH / "home"
        home.mkdir()
        self.folder = SCRATCH / "log"
        with open_ledger(home) as ledger:
            for size in (3, 7):
                ledger.record(make_items(ledger.size, size))
                export(ledger, self.folder)
            self.old = ledger.checkpoint(3)
            self.checkpoint = ledger.checkpoint()
            self.proof = ledger.prove(5)
            self.vkey = ledger.vkey
        self.files = {path: (self.folder / path).read_bytes() for path in SPOILED[:4]}


@cache
def sample() -> Sample:
    """The one log that all targets read."""
    return Sample()


def keys(data: bytes) -> None:
    """Public and secret keys come back as they were written; both readers agree."""
    text = data.decode("utf-8", "surrogateescape")
    ours = theirs = None
    with contextlib.suppress(LedgerError):
        ours = parse_vkey(text)
        assert parse_vkey(str(ours)) == ours
    with contextlib.suppress(LedgerError):
        secret = parse_skey(text)
        assert parse_skey(secret.skey) == secret
    for kind in (verify.LOG_KEY, verify.WITNESS_KEY):
        with contextlib.suppress(verify.CannotTell):
            theirs = verify.parse_key(text, kind)
    if ours is not None:
        assert theirs is not None
        assert (theirs.name, theirs.public, theirs.id) == (ours.name, ours.public, ours.id)


def note(data: bytes) -> None:
    """A checkpoint as a witness or a server gives it: what one reader verifies, the other verifies too."""
    text = data.decode("utf-8", "replace")
    log = parse_vkey(sample().vkey)
    ours = theirs = None
    with contextlib.suppress(VerificationError):
        assert str(parse_note(text)) == text
    with contextlib.suppress(VerificationError):
        parse_checkpoint(text)
    with contextlib.suppress(VerificationError):
        ours = open_checkpoint(text, log)
    with contextlib.suppress(verify.Fault):
        theirs = verify.open_checkpoint(text, verify.parse_key(sample().vkey, verify.LOG_KEY), [])
    if ours is not None and theirs is not None:
        assert (ours.origin, ours.size, ours.root) == (theirs.origin, theirs.size, theirs.root)
    assert (
        theirs is not None or ours is None
    )  # the stand-alone verifier is the looser one: it has fewer limits


def cosignatures(data: bytes) -> None:
    """What a witness answers: only good lines of known witnesses are kept."""
    with contextlib.suppress(LedgerError):
        good = good_cosignatures(
            data.decode("utf-8", "replace"), sample().checkpoint, 7, [str(WITNESS.verifier)]
        )
        assert all(line.vkey == str(WITNESS.verifier) for line in good)


def proof(data: bytes) -> None:
    """A proof: what one reader verifies, the other verifies too."""
    text = data.decode("utf-8", "replace")
    ours = theirs = ""
    with contextlib.suppress(VerificationError):
        taken = parse_proof(text)
        assert format_proof(taken) == text
        ours = verify_proof(taken, parse_vkey(sample().vkey)).root.hex()
    path = SCRATCH / "entry.tlog-proof"
    path.write_text(text, newline="")
    with contextlib.suppress(verify.Fault, verify.CannotTell):
        theirs = verify.check_proof(path, verify.parse_key(sample().vkey, verify.LOG_KEY), [])
    assert bool(ours) == bool(theirs)


def tile(data: bytes) -> None:
    """Bundles and tiles: read whole or refused, by both readers alike."""
    ours = theirs = None
    with contextlib.suppress(VerificationError):
        ours = unbundle(data)
        assert bundle(ours) == data
    with contextlib.suppress(verify.Fault):
        theirs = verify._unbundle(data)
    assert ours == theirs
    with contextlib.suppress(VerificationError):
        assert b"".join(split_hashes(data)) == data
    verify._parse_path(data.decode("utf-8", "surrogateescape"))


def folder(data: bytes) -> None:
    """An exported log with one file replaced: verified only when nothing was changed."""
    if not data:
        return
    path = SPOILED[data[0] % len(SPOILED)]
    spoiled = sample().folder / path
    spoiled.parent.mkdir(parents=True, exist_ok=True)
    spoiled.write_bytes(data[1:])
    try:
        report = verify.verify(sample().folder, sample().vkey, [], [], [])
        assert report.code in {0, 1, 2}
        if path != "checkpoint":
            assert (report.code == 0) == (data[1:] == sample().files.get(path))
    finally:
        if path in sample().files:
            spoiled.write_bytes(sample().files[path])
        else:
            spoiled.unlink()


def entry(data: bytes) -> None:
    """The bytes of an entry."""
    with contextlib.suppress(VerificationError):
        read_entry(data)


TARGETS: dict[str, fuzzing.Target] = {
    "keys": keys,
    "note": note,
    "cosignatures": cosignatures,
    "proof": proof,
    "tile": tile,
    "folder": folder,
    "entry": entry,
}


def seeds(name: str) -> list[bytes]:
    """Parts of one small log."""
    line = str(cosign(parse_note(sample().checkpoint).text, WITNESS, 1_700_000_000))
    match name:
        case "keys":
            return [sample().vkey.encode(), str(WITNESS.verifier).encode(), WITNESS.skey.encode()]
        case "note" | "cosignatures":
            texts = [sample().checkpoint, sample().checkpoint + line, sample().old, line]
            return [text.encode() for text in texts]
        case "proof":
            return [sample().proof.encode()]
        case "tile":
            return [*sample().files.values(), *(path.encode() for path in SPOILED)]
        case "folder":
            return [bytes([SPOILED.index(path)]) + data for path, data in sample().files.items()]
        case _:
            return verify._unbundle(sample().files["tile/entries/000.p/7"])


if __name__ == "__main__":
    fuzzing.main(TARGETS, seeds)
