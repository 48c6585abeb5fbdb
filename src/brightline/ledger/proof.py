"""C2SP tlog-proof: one self-contained text that shows an entry to be in a log.

The entry's own bytes travel in the `extra` line, so that a proof needs nothing beside the log's public key. Source:
c2sp.org/tlog-proof@v1.
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from brightline.core.errors import VerificationError
from brightline.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from brightline.ledger.note import Checkpoint, VerifierKey, is_number, open_checkpoint

HEADER = "c2sp.org/tlog-proof@v1"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A proof taken apart; nothing in it is verified yet."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str  # signed note
    entry: bytes = b""  # from the `extra` line


def format_proof(proof: Proof) -> str:
    """The text of a `.tlog-proof` file."""
    lines = [HEADER]
    if proof.entry:
        lines.append(f"extra {base64.b64encode(proof.entry).decode()}")
    lines.append(f"index {proof.index}")
    lines.extend(base64.b64encode(value).decode() for value in proof.hashes)
    return "\n".join(lines) + "\n\n" + proof.checkpoint


def parse_proof(text: str) -> Proof:
    """Read a `.tlog-proof` file, strictly.

    Raises:
        VerificationError: it does not follow the format.
    """
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise VerificationError(
            f"no proof: expected a first line `{HEADER}` and an empty line before the checkpoint"
        )
    entry = _decode(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else b""
    name, _, digits = (lines.pop(0) if lines else "").partition(" ")
    if name != "index" or not is_number(digits):
        raise VerificationError("proof has no `index` line")
    hashes = tuple(_decode(line) for line in lines)
    if any(len(value) != HASH_BYTES for value in hashes):
        raise VerificationError("proof holds a hash that is not 32 bytes")
    return Proof(index=int(digits), hashes=hashes, checkpoint=checkpoint, entry=entry)


def verify_proof(proof: Proof, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Checkpoint:
    """Check that the entry inside the proof is in the log; gives the checkpoint that says so.

    Raises:
        VerificationError: a signature is missing or bad, or the hashes do not lead to the signed root.
    """
    checkpoint = open_checkpoint(proof.checkpoint, log, witnesses)
    if not proof.entry:
        raise VerificationError("proof carries no entry in its `extra` line")
    verify_inclusion(leaf_hash(proof.entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint


def _decode(line: str) -> bytes:
    try:
        data = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode() != line:
        raise VerificationError(f"proof holds a line that is no base64: {line[:40]!r}")
    return data
