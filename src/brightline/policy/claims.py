"""Claims that detectors make, from their cards; a rule that asks for another may be misspelt."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from brightline.policy.language.suggest import nearest
from brightline.policy.language.syntax import Binary, Expression, Items, Literal, Select, children


class UnknownClaim(msgspec.Struct, frozen=True):
    """A claim in a condition that no card lists, at characters [start, end) of the condition."""

    message: str
    start: int
    end: int


@cache
def known_claims() -> frozenset[str]:
    """All claims on the cards that come with Brightline."""
    folder = Path(str(files("brightline")))
    cards = (tomllib.loads(path.read_text("utf-8")) for path in folder.rglob("*.card.toml"))
    return frozenset(str(claim) for card in cards for claim in card.get("claims", []))


def unknown_claims(tree: Expression, known: frozenset[str]) -> Iterator[UnknownClaim]:
    """Every claim that the condition compares with and that is not known."""
    if isinstance(tree, Binary) and isinstance(tree.left, Select) and tree.left.field == "claim":
        words = tree.right.items if isinstance(tree.right, Items) else (tree.right,)
        for word in words:
            if isinstance(word, Literal) and word.value not in known:
                near = nearest(str(word.value), sorted(known))
                advice = f"; did you mean `{near}`?" if near else ""
                message = f"no shipped detector claims `{word.value}`{advice}"
                yield UnknownClaim(message, word.start, word.end)
    for part in children(tree):
        yield from unknown_claims(part, known)
