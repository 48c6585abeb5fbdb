"""How many documents of 500 words a second `text.ai_written` judges and explains on one core.

python benchmarks/bench_ai.py --data DIR    (the folder that holds text/ai_en_train.jsonl.xz)
"""

import argparse
import itertools
import json
import lzma
import time
from collections.abc import Iterator
from pathlib import Path

from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.text.ai_written import detect

LONG = {"en": 500, "zh": 700}  # words, or characters, which say about as much
DOCUMENTS = 1_000
WARM_UP = 20


def documents(path: Path, language: str) -> Iterator[str]:
    """Texts of the file one after the other, cut into documents of equal length."""
    held: list[str] = []
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            text = json.loads(line)["text"]
            held += text.split() if language == "en" else text
            while len(held) >= LONG[language]:
                yield (" " if language == "en" else "").join(held[: LONG[language]])
                del held[: LONG[language]]


def subject_of(text: str) -> Subject:
    context = Context(time="2026-01-01T00:00:00Z")
    return Subject(digest="0" * 64, size_bytes=len(text), kind=Kind.TEXT, text=text, context=context)


def rate(texts: list[str]) -> float:
    subjects = [subject_of(text) for text in texts]
    for subject in subjects[:WARM_UP]:
        list(detect(subject))
    began = time.process_time()
    found = sum(1 for subject in subjects for _ in detect(subject))
    if found < len(subjects):
        raise SystemExit(f"only {found} of {len(subjects)} documents were judged")
    return len(subjects) / (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    told = parser.parse_args()
    for language in LONG:
        source = documents(told.data / "text" / f"ai_{language}_train.jsonl.xz", language)
        texts = list(itertools.islice(source, DOCUMENTS))
        began = time.perf_counter()
        list(detect(subject_of(texts[0])))
        ready = 1000 * (time.perf_counter() - began)
        print(
            f"{language}: {rate(texts):,.0f} documents of {LONG[language]} a second, the first in {ready:.0f} ms"
        )


if __name__ == "__main__":
    main()
