"""Disguises that the AI-written lane is measured under: those of the fraud lane, and slips that any writer makes."""

import random
from collections.abc import Callable

from fraud.attacks import ATTACKS, CHINESE, ENGLISH

Attack = Callable[[str, random.Random], str]
TYPED_APART = 10  # one word in so many has a space inside
MISTYPED = 20  # one word in so many lacks a letter


def attacks(language: str) -> dict[str, Attack]:
    """Name to attack, `none` first."""
    found: dict[str, Attack] = {"none": lambda text, _: text}
    found |= {name: ATTACKS[name] for name in (ENGLISH if language == "en" else CHINESE)}
    found |= {
        "capitals": lambda text, _: text.upper(),
        "line breaks": line_breaks,
        "mixed scripts": mixed_scripts,
    }
    return found | (
        {"a space inside words": typed_apart, "typing errors": mistyped} if language == "en" else {}
    )


def line_breaks(text: str, _: random.Random) -> str:
    """Every sentence on a line of its own."""
    return text.replace(". ", ".\n\n").replace("。", "。\n")


def mixed_scripts(text: str, chooser: random.Random) -> str:
    """Some letters of another script or width, some characters in the traditional form."""
    ways = [ATTACKS[name] for name in ("homoglyphs", "fullwidth", "traditional")]
    return "".join(
        chooser.choice(ways)(letter, chooser) if chooser.random() < 0.5 else letter for letter in text
    )


def typed_apart(text: str, _: random.Random) -> str:
    """A space inside each tenth word."""
    words = text.split()
    return " ".join(w[:3] + " " + w[3:] if place % TYPED_APART == 0 else w for place, w in enumerate(words))


def mistyped(text: str, _: random.Random) -> str:
    """The second letter of each twentieth word is missing."""
    return " ".join(w[:1] + w[2:] if place % MISTYPED == 0 else w for place, w in enumerate(text.split()))
