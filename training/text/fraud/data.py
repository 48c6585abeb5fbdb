"""Rows to train and measure the fraud models on: public corpora, normalised alike, and the texts written for Brightline.

Leaks taken out here, in both classes: placeholders of FBS (numbers become numbers, addresses addresses, names nothing),
`phishing@pot`, mailing-list tags and footers, mail that is not English. What `fraud_normal` does besides (quotes, `Re:`,
markup, punctuation in Chinese, numbers) is done at run time too.
"""

import hashlib
import json
import lzma
import random
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

WRITTEN = Path(__file__).parents[1] / "written"
HAN = re.compile(r"[\u3400-\u9fff]")
ENGLISH = frozenset(
    "the to of and in is you your for this that with on are be have it we our a not will as if or by from".split()  # noqa: SIM905 - a word list reads better as text
)
LIST_FOOTER = re.compile(
    r"_{20,}.{0,600}$|-- ?\n.{0,400}$|-{20,}.{0,400}?(?:unsubscribe|sourceforge|mailing list).{0,400}$",
    re.DOTALL | re.IGNORECASE,
)
LIST_TAG = re.compile(r"\[[A-Za-z][\w .:-]{1,24}\]\s?")
FBS_FILLERS = (
    ("CELLPHONE", "13800000000"),
    ("PHONE", "05710000000"),
    ("DIGIT", "58"),
    ("URL", " http://t.test/x "),
)
# FBS calls these fraud, and they are none that a reader loses money by, or are unreadable.
TRAINED_TO = 70  # number of the last written file that is trained on; later ones say what a new set would (`forecast.py`)
NEGATIVE_LIMIT = 2_500  # texts of each corpus that only stands for ordinary writing


class Row(msgspec.Struct):
    """One text: `kind` is the fraud type or the sort of honest text, `part` is what must stay in one fold."""

    text: str
    label: int
    source: str
    kind: str = ""
    part: str = ""


def rows(shared: Path, language: str) -> list[Row]:
    ours = (row for row in written(language) if part_number(row.part) <= TRAINED_TO)
    found = [*_scam(shared, language), *_ordinary(shared, language), *ours]
    seen: set[str] = set()
    kept = []
    for row in found:
        key = hashlib.sha256(re.sub(r"[\W\d]+", "", row.text)[:300].encode()).hexdigest()
        if key not in seen and len(row.text.strip()) > 1:
            seen.add(key)
            kept.append(row)
    return kept


def part_number(part: str) -> int:
    """47 of `fraud-en/part-47`."""
    return int(part.rpartition("-")[2])


def written(language: str) -> Iterator[Row]:
    for folder in sorted(WRITTEN.glob(f"fraud-{language}*")):
        for file in sorted(folder.glob("*.jsonl")):
            for line in file.read_text("utf-8").splitlines():
                told = json.loads(line)
                yield Row(told["text"], told["label"], "written", told["kind"], f"{folder.name}/{file.stem}")


def _scam(shared: Path, language: str) -> Iterator[Row]:
    for told in _read(shared / "text" / f"scam_{language}_train.jsonl.xz"):
        text, source = told["text"], told["src"]
        if source == "fbs":
            if told["gen"].startswith("FR:Other") and len(HAN.findall(text)) < 12:
                continue
            text = _fbs(text)
        if source in {"phishing_pot", "spamassassin"}:
            text = _mail(text, source)
            if not _is_english(text):
                continue
        yield Row(text, told["label"], source, told["gen"], source)


def _fbs(text: str) -> str:
    for filler, value in FBS_FILLERS:
        text = text.replace(filler, value)
    return re.sub(r"NAME|PLACE|BANK", "", text)


def _mail(text: str, source: str) -> str:
    text = re.sub(r"(?i)phishing@pot|\bphishing pot\b", "", text).replace("�", "")
    if source == "spamassassin":
        text = text[:-1200] + LIST_FOOTER.sub("", text[-1200:])  # the end alone: the pattern backtracks
        text = LIST_TAG.sub("", text)
        text = re.sub(r"URL: http\S+ Date: .{0,40}", "", text)
    return text


def _is_english(text: str) -> bool:
    words = re.findall(r"[a-z']+", text.lower()[:3000])
    return len(words) >= 5 and sum(word in ENGLISH for word in words) >= 0.12 * len(words)


def _ordinary(shared: Path, language: str) -> Iterator[Row]:
    """Ordinary texts of other genres, so that `modern` or `long` is no sign of fraud."""
    chooser = random.Random(4)
    files = [f"ai_{language}_train"] + (["rumor_zh_train_weibo21"] if language == "zh" else [])
    for name in files:
        told = list(_read(shared / "text" / f"{name}.jsonl.xz"))
        for one in chooser.sample(told, min(NEGATIVE_LIMIT, len(told))):
            yield Row(one["text"][:3000], 0, name.split("_train")[0], one.get("domain", ""), name)


def _read(file: Path) -> Iterator[dict]:
    with lzma.open(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)
