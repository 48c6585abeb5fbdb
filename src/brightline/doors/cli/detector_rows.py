"""Detectors as rows, from the catalogue and the cards; imports no detector."""

import tomllib

import msgspec

from brightline.examine.catalogue import Entry, card_path


class Row(msgspec.Struct, frozen=True):
    """One detector as the list shows it."""

    name: str
    looks_at: tuple[str, ...]
    harms: tuple[str, ...]
    basis: tuple[str, ...]
    purpose: str
    card: str


def row_of(entry: Entry, language: str) -> Row:
    """One detector as a row, its purpose in `en` or `zh`."""
    card = tomllib.loads(card_path(entry).read_text("utf-8"))
    basis = card.get("basis", [])
    return Row(
        name=entry.name,
        looks_at=("any file",)
        if entry.whole
        else (*(("text",) if entry.text else ()), *entry.media, *entry.kinds),
        harms=tuple(entry.harms),
        basis=tuple(basis) if isinstance(basis, list) else (str(basis),),
        purpose=str(card["purpose"][language]),
        card=str(card_path(entry)),
    )
