"""Cosignatures of witnesses on our checkpoints: others' word that we showed everybody the same log."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert

from brightline.core.errors import LedgerError, VerificationError
from brightline.ledger.engine import lock_log
from brightline.ledger.note import (
    DASH,
    Algorithm,
    Note,
    Signature,
    VerifierKey,
    holds,
    parse_note,
    parse_signatures,
    parse_vkey,
)
from brightline.ledger.store import Cosignature, read_cosignatures
from brightline.ledger.tables import cosignatures


def is_bare(text: str) -> bool:
    """Whether a text is only signature lines, as a witness answers, and no whole note."""
    return text.startswith(DASH)


def good_cosignatures(text: str, note: str, size: int, witnesses: Sequence[str]) -> list[Cosignature]:
    """Cosignatures of known witnesses on our checkpoint, each verified.

    Args:
        text: a cosigned checkpoint, or only signature lines.
        note: our checkpoint that they are on.
        size: its size.
        witnesses: vkeys of type 0x04.

    Raises:
        LedgerError: no known witness signed, or a key is not a witness's.
        VerificationError: a known witness's signature does not hold, or the note says something else than ours.
    """
    body = parse_note(note).text
    theirs = Note(body, parse_signatures(text)) if is_bare(text) else parse_note(text)
    if theirs.text != body:
        raise VerificationError(f"the cosigned note is not our checkpoint of size {size}")
    keys = [_witness_key(witness) for witness in witnesses]
    good = [
        Cosignature(size, str(key), str(line))
        for key in keys
        for line in theirs.signatures
        if (line.name, line.key_id) == (key.name, key.id) and _must_hold(body, line, key)
    ]
    if not good:
        raise LedgerError("none of the witnesses given has signed: check their names and keys")
    return good


def save_cosignatures(connection: Connection, lines: Sequence[Cosignature]) -> int:
    """Insert cosignatures, in a transaction that writes; gives how many were new."""
    lock_log(connection)
    known = {
        (line.size, line.vkey)
        for at in {one.size for one in lines}
        for line in read_cosignatures(connection, at)
    }
    new = {(line.size, line.vkey): line for line in lines if (line.size, line.vkey) not in known}
    if new:
        connection.execute(insert(cosignatures), [msgspec.structs.asdict(line) for line in new.values()])
    return len(new)


def _witness_key(text: str) -> VerifierKey:
    key = parse_vkey(text)
    if key.algorithm is not Algorithm.COSIGNATURE:
        raise LedgerError(f"key of `{key.name}` is no witness key: expected type 0x04")
    return key


def _must_hold(body: str, line: Signature, key: VerifierKey) -> bool:
    if not holds(body, line, key):
        raise VerificationError(f"cosignature of `{key.name}` does not hold")
    return True
