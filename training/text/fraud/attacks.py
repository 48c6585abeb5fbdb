"""Ways to hide words from a filter, as they are done to lures; used to measure what each costs.

Every attack takes a text and a seeded `random.Random` and gives the changed text; a reader still understands it.
"""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

from brightline.detectors.message import fraud_normal

_HERE = Path(fraud_normal.__file__).parent
_LOOKALIKE = str.maketrans("aeopcxyisAEOPCXTHKMB", "аеорсхуіѕАЕОРСХТНКМВ")
_LEET = str.maketrans("aeiost", "431057")
_EMOJI = "😀🔥💰⭐✨👍❤🎉"
_WEDGES = "*_~·|"


def homoglyphs(text: str, chooser: random.Random) -> str:
    return "".join(c.translate(_LOOKALIKE) if chooser.random() < 0.5 else c for c in text)


def zero_width(text: str, chooser: random.Random) -> str:
    return "".join(
        c + chooser.choice("\u200b\u200c\u2060\u00ad") if chooser.random() < 0.4 else c for c in text
    )


def fullwidth(text: str, chooser: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and chooser.random() < 0.5 else c for c in text)


def leetspeak(text: str, chooser: random.Random) -> str:
    words = text.split(" ")
    return " ".join(
        w.translate(_LEET) if len(w) > 3 and w.isalpha() and chooser.random() < 0.5 else w for w in words
    )


def spacing(text: str, chooser: random.Random) -> str:
    """English words spelled out, or spaces between Chinese characters."""
    if fraud_normal.plain(text).is_chinese:
        return "".join(c + " " if chooser.random() < 0.5 else c for c in text)
    sign = chooser.choice([" ", ".", "-"])
    return " ".join(
        sign.join(w) if len(w) > 3 and w.isalpha() and chooser.random() < 0.3 else w for w in text.split(" ")
    )


def wedges(text: str, chooser: random.Random) -> str:
    sign = chooser.choice(_WEDGES)
    return "".join(
        c + sign if c.isalpha() and text[place + 1 : place + 2].isalpha() and chooser.random() < 0.2 else c
        for place, c in enumerate(text)
    )


def emoji(text: str, chooser: random.Random) -> str:
    return "".join(c + chooser.choice(_EMOJI) if chooser.random() < 0.12 else c for c in text)


def html_tricks(text: str, chooser: random.Random) -> str:
    """Empty tags within words, hidden words between them, letters as entities."""
    out = []
    for c in text:
        luck = chooser.random()
        if luck < 0.08 and c.isalpha():
            out.append(f"{c}<b></b>")
        elif luck < 0.12 and c == " ":
            out.append(' <span style="display:none">meeting agenda lunch</span>')
        elif luck < 0.3 and c.isalpha():
            out.append(f"&#{ord(c)};")
        else:
            out.append("<br>" if c == "\n" else c)
    return "".join(out)


def traditional(text: str, _: random.Random) -> str:
    return "".join(_traditional().get(c, c) for c in text)


def split_characters(text: str, chooser: random.Random) -> str:
    return "".join(_splits().get(c, c) if chooser.random() < 0.5 else c for c in text)


def pinyin(text: str, chooser: random.Random) -> str:
    """Lure words in pinyin, whole or a character of each."""
    for word, syllables in _pinyin().items():
        if word in text and chooser.random() < 0.5:
            parts = [s if chooser.random() < 0.6 else c for c, s in zip(word, syllables, strict=True)]
            text = text.replace(word, "".join(parts))
    return text


def homophones(text: str, chooser: random.Random) -> str:
    for right, wrong in _homophones().items():
        text = text.replace(right, chooser.choice(wrong))
    return text


def mixed(text: str, chooser: random.Random) -> str:
    """Three of the others, one after the other."""
    names = list(CHINESE if fraud_normal.plain(text).is_chinese else ENGLISH)
    names.remove("mixed")
    for name in chooser.sample(names, 3):
        text = ATTACKS[name](text, chooser)
    return text


def _lines(name: str) -> list[str]:
    return (_HERE / name).read_text("utf-8").split()


@cache
def _traditional() -> dict[str, str]:
    return {line[1]: line[0] for line in reversed(_lines("fraud_traditional.txt"))}


@cache
def _splits() -> dict[str, str]:
    return {line[2]: line[:2] for line in _lines("fraud_split.txt")}


@cache
def _pinyin() -> dict[str, list[str]]:
    lines = (_HERE / "fraud_pinyin.txt").read_text("utf-8").splitlines()
    return {line.split(" ")[0]: line.split(" ")[1:] for line in lines}


@cache
def _homophones() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (_HERE / "fraud_homophones.txt").read_text("utf-8").splitlines():
        wrong, right = line.split(" ")
        found.setdefault(right, []).append(wrong)
    return found


ATTACKS: dict[str, Callable[[str, random.Random], str]] = {
    "homoglyphs": homoglyphs,
    "zero-width": zero_width,
    "fullwidth": fullwidth,
    "leetspeak": leetspeak,
    "spacing": spacing,
    "wedges": wedges,
    "emoji": emoji,
    "html": html_tricks,
    "traditional": traditional,
    "split characters": split_characters,
    "pinyin": pinyin,
    "homophones": homophones,
    "mixed": mixed,
}
ENGLISH = (
    "homoglyphs",
    "zero-width",
    "fullwidth",
    "leetspeak",
    "spacing",
    "wedges",
    "emoji",
    "html",
    "mixed",
)
CHINESE = (
    "zero-width", "fullwidth", "spacing", "wedges", "emoji", "html", "traditional", "split characters", "pinyin",
    "homophones", "mixed",
)  # fmt: skip
