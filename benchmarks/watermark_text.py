"""Survival of the watermark in words, and its false alarms: the section of docs/reference/watermarks.md.

`watermark_text.json.xz` holds what SmolLM2-135M-Instruct (Apache-2.0) offered: for five topics, nine words by nine words, eight
samples of how to go on after the one that the key `bench` chose. Choosing again with that key walks the same road, so that
the table needs no model.
"""

import json
import lzma
import random
import re
from collections.abc import Callable
from pathlib import Path

from brightline.watermark.keyring import Key
from brightline.watermark.words import THRESHOLD, choose, detect

SAMPLES = Path(__file__).with_suffix(".json.xz")
LENGTHS = (75, 150, 225, 260)
CHANCE_KEYS = 20
CORPORA = ("ai_en_train", "ai_zh_train", "scam_en_train", "scam_zh_train", "rumor_zh_train_weibo21")


def key(name: str) -> Key:
    """A key that is the same in each run."""
    return Key(id=name, secret=name.encode().ljust(32, b"."), created="2026-11-23T12:00:00Z")


def section(data: Path) -> str:
    """The Markdown section."""
    articles = json.loads(lzma.decompress(SAMPLES.read_bytes()))
    texts = [road(one["steps"]) for one in articles]
    plain = [road(one["steps"], marked=False) for one in articles]
    head = " | ".join(f"{length} words" for length in LENGTHS)
    lines = [
        "## Text",
        "",
        (
            f"{len(texts)} articles by a small open model, each stretch of some nine words chosen among up to eight samples; threshold p < {THRESHOLD:g}. "
            "Found, in per cent of stretches of that length."
        ),
        "",
        f"| what happens to it | {head} |",
        "|---|" + "---|" * len(LENGTHS),
    ]
    for name, happen in ATTACKS.items():
        cells = []
        for length in LENGTHS:
            cut = [piece for text in texts for piece in stretches(text, length)]
            found = sum(detect(happen(text), [key("bench")]) is not None for text in cut)
            cells.append(f"{100 * found / len(cut):.0f} (of {len(cut)})" if cut else "-")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    unmarked = sum(detect(text, [key("bench")]) is not None for text in plain)
    tried, alarms = false_alarms(data)
    lines += [
        "",
        (
            f"The same articles from the first sample of each stretch, which no key chose: {unmarked} of {len(plain)} found. False alarms on other texts, by people and by models, "
            f"English and Chinese: {alarms} of {tried:,} (text, key) pairs; {tried * THRESHOLD:.1f} would be due to chance at the most."
        ),
        "",
    ]
    return "\n".join(lines)


def road(steps: list[list[str]], *, marked: bool = True) -> str:
    """The text that the key chose, or the first samples."""
    text = ""
    for candidates in steps:
        text += candidates[choose(candidates, text, key("bench")) if marked else 0]
    return text


def stretches(text: str, length: int) -> list[str]:
    """Stretches of so many words, one begun every 15 words."""
    words = text.split()
    return [" ".join(words[at : at + length]) for at in range(0, len(words) - length + 1, 15)]


def exchanged(share: float) -> Callable[[str], str]:
    """Every word becomes another one of the same text with this probability: what a thesaurus does to pairs."""

    def happen(text: str) -> str:
        rng, words = random.Random(1), text.split()
        return " ".join(rng.choice(words) if rng.random() < share else word for word in words)

    return happen


def dropped(text: str) -> str:
    """Every fifth word left out."""
    return " ".join(word for number, word in enumerate(text.split()) if number % 5)


def shuffled(text: str) -> str:
    """Sentences in another order."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    random.Random(2).shuffle(sentences)
    return " ".join(sentences)


def among_others(text: str) -> str:
    """Inside as much again of the text's own sentences turned back to front, which no key chose."""
    other = " ".join(reversed(text.split()))
    return f"{other[: len(other) // 2]} {text} {other[len(other) // 2 :]}"


def false_alarms(data: Path) -> tuple[int, int]:
    """(pairs tried, alarms) over the data folder's texts of 40 word pairs and more, twenty keys one at a time."""
    keys = [key(f"chance-{number}") for number in range(CHANCE_KEYS)]
    tried = alarms = 0
    for corpus in CORPORA:
        with lzma.open(data / "text" / f"{corpus}.jsonl.xz", "rt") as rows:
            texts = [json.loads(row)["text"] for row in rows]
        for text in texts[::5]:
            tried += CHANCE_KEYS
            alarms += detect(text, keys, threshold=THRESHOLD * CHANCE_KEYS) is not None
    return tried, alarms


ATTACKS: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "upper case, other line breaks": lambda text: text.upper().replace(" ", "\n"),
    "sentences in another order": shuffled,
    "5 % of words exchanged": exchanged(0.05),
    "10 % of words exchanged": exchanged(0.1),
    "30 % of words exchanged": exchanged(0.3),
    "every fifth word left out": dropped,
    "inside as much other text": among_others,
}
