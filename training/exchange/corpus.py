"""What the exchange models learn from and are measured on: rows with two truths, each None where nobody knows it.

    prepared(DATA, written) -> list[Row]

Rows come from `DATA/exchange/train.jsonl.xz`, from the texts written for this project, and from planting: attacks that
stand alone elsewhere are put into honest mails and documents of `DATA/text`, which stay in the corpus without them too.
A planted text belongs to its attack's source, so that leaving a source out leaves out its planted texts.
"""

import json
import lzma
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brightline.detectors.exchange.language import language_of

SEED = 20261123
KEY_CHARACTERS = 200  # of the normalised text: templates repeat across sources
PLANTED = {"zh": 1400, "en": 2600}  # rows
CARRIERS = {"zh": 1500, "en": 3000}
CARRIER_CHARACTERS = (120, 900)
ATTACK_CHARACTERS = (15, 320)  # of what is planted: injections in mails are a few sentences
# Requests that are no attacks by any reading stand among these; their truth is too loose to learn much from.
LOOSE = {
    "jade2_easy": 0.4,
    "jade2_medium": 0.25,
    "purplellama_pi": 0.7,
    "purplellama_pi_ml": 0.6,
    "seval_attack_en": 0.6,
}


@dataclass
class Row:
    """One text.

    attack, harm: 1, 0, or None where it is not known. source: of the text, or of the attack planted in it. kind: what the
    written texts say of themselves; `planted`, `carrier`, else empty. sitting: file of a written text, for folds.
    """

    text: str
    attack: int | None
    harm: int | None
    source: str
    lang: str
    kind: str = ""
    weight: float = 1.0


def key(text: str) -> str:
    """The normalised beginning by which texts count as one."""
    bare = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text[:2000]).lower())
    return bare[:KEY_CHARACTERS]


def prepared(data: Path, written: Path) -> list[Row]:
    """All rows, each text once, in a fixed order."""
    rows = merged([*public(data / "exchange/train.jsonl.xz"), *own(written)])
    clean = carriers(data / "text", {key(row.text) for row in rows})
    return rows + clean + planted(rows, clean)


def lines(path: Path) -> Iterator[dict]:
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def public(path: Path) -> list[Row]:
    found = []
    for one in lines(path):
        truth = {"attack": None, "harm": None, one["task"]: int(one["label"])}
        weight = LOOSE.get(one["source"], 1.0)
        found.append(
            Row(
                one["text"],
                truth["attack"],
                truth["harm"],
                one["source"],
                language_of(one["text"]),
                "",
                weight,
            )
        )
    return found


def own(folder: Path) -> list[Row]:
    """Written texts; an ordinary text of one task is an ordinary text of the other, unless it says otherwise."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            one = json.loads(line)
            label = int(one["label"])
            attack, harm = (label, None) if one["task"] == "attack" else (0, label)
            if one["task"] == "attack" and label == 0:
                harm = 0
            if one["task"] == "harm" and label == 1:
                attack = None
            lang = one["lang"] if one["lang"] in {"en", "zh"} else "other"
            found.append(Row(one["text"], attack, harm, f"written/{path.stem}", lang, one["kind"], 2.0))
    return found


def merged(rows: list[Row]) -> list[Row]:
    """Each text once; a truth of 1 wins, since benign sets are drawn by chance and attacks by hand."""
    held: dict[str, Row] = {}
    for row in rows:
        name = key(row.text)
        if not name:
            continue
        if name not in held:
            held[name] = row
            continue
        old = held[name]
        for task in ("attack", "harm"):
            values = [value for value in (getattr(old, task), getattr(row, task)) if value is not None]
            setattr(old, task, max(values) if values else None)
    return list(held.values())


def carriers(folder: Path, taken: set[str]) -> list[Row]:
    """Honest mails, posts and documents that no attack stands in."""
    draw = np.random.default_rng(SEED)
    found = []
    plan = {
        "en": (("scam_en_train.jsonl.xz", 0.5), ("ai_en_train.jsonl.xz", 0.5)),
        "zh": (
            ("scam_zh_train.jsonl.xz", 0.3),
            ("ai_zh_train.jsonl.xz", 0.4),
            ("rumor_zh_train_weibo21.jsonl.xz", 0.3),
        ),
    }
    for lang, parts in plan.items():
        for name, part in parts:
            pool = []
            for one in lines(folder / name):
                text = trimmed(one["text"])
                if (
                    int(one["label"]) == 0
                    and len(text) >= (40 if lang == "zh" else CARRIER_CHARACTERS[0])
                    and key(text) not in taken
                ):
                    pool.append((text, one["src"]))
            wanted = min(len(pool), int(CARRIERS[lang] * part))
            for place in sorted(draw.choice(len(pool), wanted, replace=False)):
                text, source = pool[place]
                taken.add(key(text))
                found.append(Row(text, 0, 0, f"carrier/{source}", lang, "carrier", 0.5))
    return found


def trimmed(text: str) -> str:
    """At most 900 characters, ending with a sentence where one ends."""
    text = text.strip()
    if len(text) <= CARRIER_CHARACTERS[1]:
        return text
    cut = text[: CARRIER_CHARACTERS[1]]
    end = max(cut.rfind(sign) for sign in (". ", "\n", "。", "！", "? "))
    return cut[: end + 1] if end > 200 else cut


def planted(rows: list[Row], clean: list[Row]) -> list[Row]:
    """Attacks put at the start, between two sentences or at the end of carriers; also carriers in carriers, honest."""
    draw = np.random.default_rng(SEED + 1)
    found = []
    low, high = ATTACK_CHARACTERS
    for lang, wanted in PLANTED.items():
        attacks = [
            row
            for row in rows
            if row.attack == 1
            and row.lang == lang
            and low // (2 if lang == "zh" else 1) <= len(row.text) <= high
            and row.source
            not in {"bipia_email_inj", "seval_attack_en", "seval_attack_zh", "purplellama_pi_ml"}
            and not row.kind.startswith("indirect")
        ]
        mails = [row for row in clean if row.lang == lang]
        # Sources share alike: otherwise two templated ones would fill it.
        names = sorted({row.source.split("/")[0] for row in attacks})
        by_name = {name: [row for row in attacks if row.source.split("/")[0] == name] for name in names}
        for number in range(wanted):
            pool = by_name[names[number % len(names)]]
            attack = pool[int(draw.integers(len(pool)))]
            mail = mails[int(draw.integers(len(mails)))]
            found.append(Row(put(mail.text, attack.text, draw), 1, None, attack.source, lang, "planted", 0.5))
        for _ in range(wanted // 4):
            one, two = (mails[int(draw.integers(len(mails)))] for _ in range(2))
            text = put(one.text, two.text[:high], draw)
            found.append(Row(text, 0, 0, one.source, lang, "carrier", 0.5))
    return found


def put(mail: str, words: str, draw: np.random.Generator) -> str:
    ends = [match.end() for match in re.finditer(r"[.!?]\s|\n|[。！？]", mail)] or [len(mail)]
    place = (0, len(mail), ends[int(draw.integers(len(ends)))], ends[int(draw.integers(len(ends)))])[
        int(draw.integers(4))
    ]
    gap = ("\n", "\n\n", " ")[int(draw.integers(3))]
    return f"{mail[:place].rstrip()}{gap}{words.strip()}{gap}{mail[place:].lstrip()}".strip()
