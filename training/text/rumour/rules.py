"""Measures the rules beside the models: stance, sentences worth checking, impossible sources, and honest texts.

python training/text/rumour/rules.py --data DIR
"""

import argparse
import json
import lzma
from collections import Counter
from pathlib import Path

from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.text import rumour, sources
from brightline.detectors.text.checkworthy import WORTH, sentences, worth
from brightline.detectors.text.rumour_model import likelihood
from brightline.detectors.text.stance import stance_of

WRITTEN = Path(__file__).parents[1] / "written/claims"
CONTEXT = Context(time="2026-11-23T00:00:00Z")


def corpus(folder, name):
    with lzma.open(folder / f"text/{name}.jsonl.xz", "rt") as stream:
        return [json.loads(line) for line in stream]


def written(name):
    return [json.loads(line) for line in (WRITTEN / name).read_text("utf-8").splitlines()]


def stance():
    for name in ("posts-en.jsonl", "posts-zh.jsonl", "stance-held-out.jsonl", "stance-blind.jsonl"):
        rows = written(name)
        for language in sorted({row["lang"] for row in rows}):
            seen = Counter(
                (row["stance"], stance_of(row["post"]).stance.value)
                for row in rows
                if row["lang"] == language
            )
            print(f"stance {name} {language}: {dict(seen)}")


def best(text):
    return max((worth(text[span.start : span.end])[0] for span in sentences(text)), default=0.0)


def checkworthy(folder):
    sms = {
        "en": [
            row["text"]
            for row in corpus(folder, "scam_en_train")
            if row["label"] == 0 and row["src"].startswith(("nus", "sms"))
        ][:1500],
        "zh": [row["text"] for row in corpus(folder, "scam_zh_train") if row["src"] == "nus_zh"][:1500],
    }
    for language, talk in sms.items():
        posts = [best(row["post"]) for row in written(f"posts-{language}.jsonl")]
        claims = [best(row["claim"]) for row in written(f"claims-{language}.jsonl")]
        idle = [best(text) for text in talk]
        for name, values in (("posts", posts), ("claims", claims)):
            won = (
                sum((one > other) + 0.5 * (one == other) for one in values for other in idle)
                / len(values)
                / len(idle)
            )
            print(
                f"worth checking {language} {name} against {len(idle)} private messages: AUROC {won:.3f}, at {WORTH}: "
                f"{sum(one >= WORTH for one in values) / len(values):.2f} against {sum(one >= WORTH for one in idle) / len(idle):.3f}"
            )


def impossible(folder):
    seen, total = Counter(), 0
    for name in ("ai_en_train", "ai_zh_train", "scam_en_train", "scam_zh_train", "rumor_zh_train_weibo21"):
        for row in corpus(folder, name):
            total += 1
            subject = Subject(digest="", size_bytes=0, kind=Kind.TEXT, context=CONTEXT, text=row["text"])
            for finding in sources.detect(subject):
                seen[finding.detail("kind")] += 1
    print(f"impossible sources in {total} texts: {dict(seen)}")


def honest(folder):
    groups = {
        "answers and summaries by people (HC3, CUDRT)": [
            row["text"] for row in corpus(folder, "ai_zh_train") if row["label"] == 0
        ],
        "private messages (NUS SMS)": [
            row["text"] for row in corpus(folder, "scam_zh_train") if row["src"] == "nus_zh"
        ],
        "advertisements (FBS)": [
            row["text"]
            for row in corpus(folder, "scam_zh_train")
            if row["src"] == "fbs" and row["label"] == 0
        ],
    }
    for name, texts in groups.items():
        judged = [text for text in texts if rumour.is_judged(text)][:2000]
        values = [likelihood(text) for text in judged]
        print(
            f"{name}: {len(judged)} judged, likely {sum(value >= rumour.LIKELY for value in values) / max(1, len(values)):.3f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    stance()
    checkworthy(folder)
    impossible(folder)
    honest(folder)


if __name__ == "__main__":
    main()
