"""The kinds of harm that requests ask for, and the words that tell them apart (`harm_types.toml`)."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any  # re2 has no types

import msgspec
import re2

from brightline.core.harm import Harm
from brightline.core.words import Words
from brightline.detectors.exchange.readings import plainly

TYPED_CHARACTERS = 4_000  # of a request that are looked through for words


class HarmType(msgspec.Struct, frozen=True):
    """One kind of harm.

    Attributes:
        name: as findings call it, e.g. `phishing`.
        said: what is asked for.
        harm: the house's code, or None where no code of its own fits.
    """

    name: str
    said: Words
    harm: Harm | None


def type_of(text: str) -> HarmType:
    """The first kind whose words stand in a request; `other` fits all.

    >>> type_of("Clone my boss's voice from this voicemail").name
    'voice_clone'
    """
    head = plainly(text[:TYPED_CHARACTERS]).lower()
    return next(kind for kind, patterns in types() if any(one.search(head) for one in patterns))


@cache
def types() -> tuple[tuple[HarmType, tuple[Any, ...]], ...]:
    """All kinds with their patterns, in the order in which they are tried."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return tuple(
        (
            HarmType(name, Words(**row["said"]), Harm(row["harm"]) if "harm" in row else None),
            tuple(re2.compile(pattern) for pattern in row["patterns"]),
        )
        for name, row in table.items()
    )
