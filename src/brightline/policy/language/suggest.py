"""`did you mean`: the nearest known word to a misspelt one."""

import difflib
from collections.abc import Iterable

SHOWN = 8  # known words that a message lists when none is near


def nearest(found: str, known: Iterable[str]) -> str:
    """The known word that is most like `found`, or the empty string.

    >>> nearest("prof", ["estimate", "proof"])
    'proof'
    """
    return next(iter(difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)), "")


def hint(found: str, known: Iterable[str]) -> str:
    """The end of a message: the nearest known word, or the known words.

    >>> hint("prof", ["estimate", "proof"])
    '; did you mean `proof`?'
    >>> hint("x", ["estimate", "proof"])
    '; known: estimate, proof'
    """
    words = [word for word in known if word]
    near = nearest(found, words)
    if near:
        return f"; did you mean `{near}`?"
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return f"; known: {', '.join(words[:SHOWN])}{more}"
