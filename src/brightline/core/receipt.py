"""The Receipt: proof that a decision is in the ledger."""

import msgspec


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that one decision is in the ledger; `ledger prove` turns it into a C2SP `.tlog-proof`.

    Attributes:
        origin: the log's name, first line of its checkpoints.
        index: the entry's position, from 0.
        leaf: RFC 6962 leaf hash of the entry, 64 hex digits.
        size: tree size of the checkpoint that first covered the entry.
        root: root hash of that tree, 64 hex digits.
    """

    origin: str
    index: int
    leaf: str
    size: int
    root: str
