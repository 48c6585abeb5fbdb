"""Reads what the rumour model is trained and measured on."""

import json
import lzma

import numpy as np

SEED = 20261123
HONEST = {
    "nus_zh": 700,
    "hc3": 500,
    "fbs": 300,
}  # texts of other kinds, taken for no rumours; the rest measures


def lines(folder, name):
    with lzma.open(folder / f"text/{name}.jsonl.xz", "rt") as stream:
        return [json.loads(line) for line in stream]


def read(folder):
    """Texts, truth and domain of Weibo21."""
    rows = lines(folder, "rumor_zh_train_weibo21")
    return (
        [row["text"] for row in rows],
        np.array([row["label"] for row in rows]),
        np.array([row["gen"] for row in rows]),
    )


def groups(folder):
    """Honest texts in 中文 by kind, each in a fixed order of its own."""
    scam = lines(folder, "scam_zh_train")
    found = {
        "nus_zh": [row["text"] for row in scam if row["src"] == "nus_zh"],
        "hc3": [row["text"] for row in lines(folder, "ai_zh_train") if row["label"] == 0],
        "fbs": [row["text"] for row in scam if row["src"] == "fbs" and row["label"] == 0],
    }
    draw = np.random.default_rng(SEED)
    kept = {}
    for name, texts in found.items():
        texts = sorted(
            {
                text
                for text in texts
                if sum("\u3400" <= letter <= "\u9fff" for letter in text) >= 15 and len(text) <= 600
            }
        )
        kept[name] = [texts[at] for at in draw.permutation(len(texts))]
    return kept


def honest(folder):
    """Those that are trained on."""
    return [text for name, texts in groups(folder).items() for text in texts[: HONEST[name]]]


def held_out(folder):
    """Those that are not, up to 2,000 of each kind."""
    return {name: texts[HONEST[name] :][:2000] for name, texts in groups(folder).items()}
